/*
 * The agent and its platform's repository (SPEC 10.6): each poll is followed by the director's
 * signed answer, and before a byte of an image is asked for, the walk to the role that lists
 * it.  A device without a trusted root does nothing of this.
 */
#include "agent.h"

#include <string.h>

enum {
    STATUS_OK = 200,
    STATUS_NOT_FOUND = 404,
    REFUSALS_MAX = 3, /* of the director's answers in a row, before an update is given up */
    ABSENCES_MAX = 2, /* walks in a row that may end with a file that is not there */
    REFRESH_MS = 6 * 3600 * 1000,
    REFRESH_FAILED_MS = 3600 * 1000,
    EXPIRES_SOON_S = 7 * 86400
};

static struct trust_self self_of(const struct ota_agent *a)
{
    struct slot_state state = {.security_floor = 0};

    if (slot_state_get(a->config.map, &state)) {
        state.security_floor = 0; /* the image itself is held against it again */
    }
    return (struct trust_self){
        .platform = a->config.settings->platform,
        .device_id = a->config.settings->device_id,
        .hardware_class = a->running.has_hardware_class ? a->running.hardware_class : NULL,
        .security_floor = state.security_floor};
}

static bool given_up(const struct ota_agent *a)
{
    return a->trust.mode == TRUST_LOST || a->director_refusals >= REFUSALS_MAX;
}

static bool to_vouch(const struct ota_agent *a)
{
    return a->has_job && !a->vouched && a->job.may_download;
}

/* Vouched for before, too: what the server no longer signs for is not waited for. */
static bool to_give_up(const struct ota_agent *a)
{
    return a->has_job && a->job.may_download && given_up(a);
}

bool agent_vouched(const struct ota_agent *a)
{
    return a->trust.mode == TRUST_NONE || a->vouched;
}

bool agent_may_install(const struct ota_agent *a)
{
    return a->trust.mode == TRUST_NONE ||
           (a->vouched && a->director_good &&
            trust_assigns(&a->trust, a->job.size_bytes, a->job.sha256));
}

bool agent_walk_due(const struct ota_agent *a, uint64_t now)
{
    const struct trust *t = &a->trust;

    if (t->mode == TRUST_NONE) {
        return false;
    }
    if (to_give_up(a) || (to_vouch(a) && a->director_good)) {
        return true;
    }
    return t->mode == TRUST_ON &&
           (a->rewalk || (a->director_good && now >= a->refresh_at_ms &&
                          (trust_is_new(t) || trust_expires_within(t, now, EXPIRES_SOON_S))));
}

static void keep(struct ota_agent *a)
{
    if (trust_keep(&a->trust, agent_now(a))) {
        agent_log(a, OTA_WARN, "what is trusted cannot be written", NULL);
    }
}

void agent_keep_now(struct ota_agent *a)
{
    if (trust_keep_now(&a->trust, agent_now(a))) {
        agent_log(a, OTA_WARN, "what is trusted cannot be written", NULL);
    }
}

void agent_watch_stale(struct ota_agent *a)
{
    bool stale = trust_expires_within(&a->trust, agent_now(a), 0);

    if (stale != a->stale) {
        agent_log(a, stale ? OTA_WARN : OTA_INFO,
                  stale ? "stale: what vouches for updates has expired" : "no longer stale",
                  NULL);
        a->beat_at_ms = 0; /* told at once */
    }
    a->stale = stale;
    keep(a); /* own time goes on, and outlives a reset, whatever the server says or does not */
}

/* --- the director ----------------------------------------------------------------------- */

/* It may be due to new keys: at the first refusal for a reason, and then hourly, the roots are
 * walked and the server asked again. */
static void director_refused(struct ota_agent *a, uint16_t reason)
{
    if (!given_up(a) || reason != a->refusal) { /* not at every poll for ever */
        agent_log(a, OTA_WARN, "signed answer refused:", ota_reason_name(reason));
    }
    if (reason != a->refusal) {
        a->director_refusals = 0; /* no longer what it was: perhaps new keys, in a new root */
    }
    a->director_good = false;
    a->refusal = reason;
    if (a->director_refusals < REFUSALS_MAX) {
        a->director_refusals++;
    }
    a->rewalk = a->director_refusals == 1 || agent_now(a) >= a->refresh_at_ms;
}

void agent_polled(struct ota_agent *a)
{
    a->director_good = false;
    a->director_due = a->trust.mode == TRUST_ON && a->poll.director_path[0] != '\0';
    if (a->trust.mode == TRUST_ON && !a->director_due) {
        if (a->refusal != OTA_REASON_TUF_UNSIGNED) {
            agent_log(a, OTA_WARN, "refused:", ota_reason_name(OTA_REASON_TUF_UNSIGNED));
        }
        a->refusal = OTA_REASON_TUF_UNSIGNED;
        a->director_refusals = REFUSALS_MAX;
    }
}

static void answered(struct ota_agent *a, const struct trust_self *self,
                     const uint8_t nonce[TUF_NONCE_BYTES], size_t len)
{
    enum tuf_verdict v = trust_director(&a->trust, self, nonce, len, agent_now(a));

    if (v != TUF_GOOD) {
        director_refused(a, (uint16_t)(OTA_REASON_TUF + v));
    } else if (a->has_job && a->vouched &&
               !trust_assigns(&a->trust, a->job.size_bytes, a->job.sha256)) {
        director_refused(a, OTA_REASON_TUF_NOT_ASSIGNED);
    } else {
        a->director_good = true;
        a->director_refusals = 0;
        a->refusal = OTA_REASON_NONE;
        keep(a);
    }
}

void agent_director(struct ota_agent *a)
{
    const struct trust_self self = self_of(a);
    struct http1_answer answer;
    uint8_t nonce[TUF_NONCE_BYTES];
    struct text t = text_over(a->line, sizeof a->line);
    size_t len = 0;
    ota_err e;

    for (size_t i = 0; i < sizeof nonce; i += sizeof(uint32_t)) {
        uint32_t word = a->config.random(a->config.port);

        memcpy(nonce + i, &word, sizeof word);
    }
    a->director_due = false;
    text_str(&t, a->poll.director_path);
    text_str(&t, "?nonce=");
    text_hex(&t, nonce, sizeof nonce);
    e = t.cut ? OTA_E_LIMIT : agent_fetch(a, a->line, TUF_DIRECTOR_BYTES_MAX, &answer, &len);
    if (e == OTA_OK && answer.status == STATUS_OK) {
        agent_succeeded(a);
        answered(a, &self, nonce, len);
    } else if (e == OTA_E_LIMIT) {
        director_refused(a, OTA_REASON_TUF + TUF_LENGTH);
    } else {
        agent_failed(a, "signed answer", e, &answer);
        a->director_due = true;
    }
}

/* --- the walk --------------------------------------------------------------------------- */

static void walk_over(struct ota_agent *a, uint32_t refresh_ms)
{
    agent_succeeded(a);
    a->walking = false;
    a->refresh_at_ms = agent_now(a) + refresh_ms;
    a->absences = 0;
    if (a->rewalk) { /* were it the keys? */
        a->rewalk = false;
        a->refresh_at_ms = agent_now(a) + REFRESH_FAILED_MS;
        a->poll_at_ms = 0;
    }
    keep(a);
}

static void walk_refused(struct ota_agent *a, enum tuf_verdict v)
{
    uint16_t reason = v == TUF_STORE ? OTA_REASON_FLASH : (uint16_t)(OTA_REASON_TUF + v);

    if (v == TUF_ABSENT && a->absences < ABSENCES_MAX) {
        a->absences++; /* something newer may have been published under the walk */
        a->walking = false;
        agent_failed(a, "repository", OTA_E_NOT_FOUND, NULL);
        return;
    }
    walk_over(a, REFRESH_FAILED_MS);
    if (to_vouch(a) && a->director_good) {
        agent_finish(a, false, reason);
    } else {
        agent_log(a, OTA_WARN, "repository refused:", ota_reason_name(reason));
    }
}

static void walk_good(struct ota_agent *a, const struct trust_self *self)
{
    uint16_t reason;

    if (to_vouch(a) && a->director_good) {
        reason = trust_fits(&a->trust, self, a->job.size_bytes, a->job.sha256);
        a->vouched = reason == OTA_REASON_NONE;
        walk_over(a, REFRESH_MS);
        if (a->vouched) {
            agent_log(a, OTA_INFO, "vouched for by its platform's role", NULL);
        } else {
            agent_finish(a, false, reason);
        }
        return;
    }
    walk_over(a, REFRESH_MS);
    agent_log(a, OTA_INFO, "repository looked through", NULL);
}

/* False if the update that is offered is over before a file of it was asked for. */
static bool walk_begin(struct ota_agent *a, const struct trust_self *self)
{
    enum tuf_verdict v;

    if (to_give_up(a)) {
        agent_finish(a, false, a->trust.mode == TRUST_LOST ? OTA_REASON_TUF_LOST : a->refusal);
        return false;
    }
    if (to_vouch(a) && a->director_good &&
        !trust_assigns(&a->trust, a->job.size_bytes, a->job.sha256)) {
        agent_finish(a, false, OTA_REASON_TUF_NOT_ASSIGNED);
        return false;
    }
    v = trust_walk(&a->trust, self, agent_now(a));
    a->walking = v == TUF_GOOD;
    if (v != TUF_GOOD) {
        walk_refused(a, v);
    }
    return a->walking;
}

static void walk_step(struct ota_agent *a, const struct trust_self *self)
{
    char name[TRUST_NAME_MAX];
    struct http1_answer answer;
    struct text t = text_over(a->line, sizeof a->line);
    size_t len = 0, max;
    enum tuf_verdict v = TUF_ABSENT;
    ota_err e;

    if (!trust_wants(&a->trust, name, &max)) {
        walk_good(a, self);
        return;
    }
    text_str(&t, "/tuf/");
    text_str(&t, a->config.settings->tenant);
    text_str(&t, "/");
    text_str(&t, a->config.settings->platform);
    text_str(&t, "/metadata/");
    text_str(&t, name);
    e = agent_fetch(a, a->line, max, &answer, &len);
    if (e == OTA_E_LIMIT) {
        v = TUF_LENGTH;
    } else if (e || (answer.status != STATUS_OK && answer.status != STATUS_NOT_FOUND)) {
        a->walking = false;
        agent_failed(a, "repository", e, &answer);
        return;
    } else {
        v = answer.status == STATUS_OK ? trust_got(&a->trust, self, len)
                                       : trust_absent(&a->trust, self);
    }
    if (v != TUF_STORE && a->trust.client.roots_taken >= tuf_device_limits.roots) {
        a->walking = false; /* there may be more roots, and an old one vouches for nothing */
    } else if (v != TUF_GOOD) {
        walk_refused(a, v);
    } else if (!trust_wants(&a->trust, name, &max)) {
        walk_good(a, self); /* while the last file is in the buffer */
    }
}

void agent_walk(struct ota_agent *a)
{
    const struct trust_self self = self_of(a);

    if (a->walking || walk_begin(a, &self)) {
        walk_step(a, &self);
    }
}
