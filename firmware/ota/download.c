/*
 * A download: pieces by Range into the staging slot, each block as it comes; then what is in
 * flash is hashed and judged, never what came over the wire.  Whatever cuts it, it goes on at
 * the last whole erase unit.
 */
#include "agent.h"

#include <string.h>

enum {
    REFUSALS_MAX = 2,
    SETBACKS_MAX = 32, /* of one download: each erases a unit once more at most */
    STATUS_OK = 200,
    STATUS_PARTIAL = 206,
    STATUS_RANGE = 416
};

static uint32_t whole_units(const struct ota_agent *a, uint32_t at)
{
    return at - at % a->config.map->flash->erase_bytes;
}

static bool same_job(const struct ota_notes *n, const struct ddi_deployment *d)
{
    return n->action == d->action && n->size_bytes == d->size_bytes &&
           memcmp(n->file_sha256, d->sha256, sizeof d->sha256) == 0;
}

/* SHA-256 over the first len bytes; uses a->block. */
static ota_err hash(struct ota_agent *a, const struct image_source *src, uint32_t len,
                    uint8_t out[32])
{
    struct crypto_sha256 h;

    crypto_sha256_init(&h);
    for (uint32_t at = 0; at < len;) {
        uint32_t n = len - at < sizeof a->block ? len - at : (uint32_t)sizeof a->block;
        ota_err e = src->read(src, at, a->block, n);

        if (e) {
            return e;
        }
        crypto_sha256_update(&h, a->block, n);
        at += n;
    }
    crypto_sha256_final(&h, out);
    return OTA_OK;
}

static bool runs_already(struct ota_agent *a)
{
    struct image_source src = slot_running(a->config.map);
    uint8_t digest[32];

    return a->job.size_bytes <= src.size_bytes &&
           hash(a, &src, a->job.size_bytes, digest) == OTA_OK &&
           memcmp(digest, a->job.sha256, sizeof digest) == 0;
}

static void begin_new(struct ota_agent *a)
{
    struct ota_notes *n = &a->notes;
    struct ota_notes fresh = {.phase = OTA_DOWNLOADING,
                              .action = a->job.action,
                              .size_bytes = a->job.size_bytes,
                              .sequence = n->sequence,
                              .next_at = n->next_at};

    memcpy(fresh.file_sha256, a->job.sha256, sizeof fresh.file_sha256);
    *n = fresh;
    if (runs_already(a)) {
        agent_finish(a, true, OTA_REASON_NONE);
    } else if (a->job.size_bytes > a->config.map->slot_bytes) {
        agent_finish(a, false, IMAGE_TOO_LARGE);
    } else {
        agent_save(a);
        agent_log(a, OTA_INFO, "update offered: downloading", NULL);
    }
}

/* Flash is written for each update that is begun: a server that offers without end has to wait.
 */
static bool too_many(struct ota_agent *a, const struct ddi_deployment *d)
{
    bool known = a->notes.phase != OTA_IDLE && same_job(&a->notes, d);
    bool flooded = !known && !trust_may_begin(&a->trust, agent_now(a));

    if (flooded && !a->flooded) {
        agent_log(a, OTA_WARN, "too many updates: the next ones have to wait", NULL);
    }
    a->flooded = flooded;
    return flooded;
}

void download_begin(struct ota_agent *a, const struct ddi_deployment *d)
{
    struct ota_notes *n = &a->notes;

    a->has_job = false;
    if (too_many(a, d)) {
        return;
    }
    if (!same_job(n, d)) {
        a->reached = 0;
        a->setbacks = 0;
    }
    a->job = *d;
    a->has_job = true;
    a->verified = a->downloaded_told = a->vouched = false;
    a->told_percent = 0;
    a->told_at_ms = 0;
    a->at = 0;
    if (n->phase == OTA_CLOSED && same_job(n, &a->job)) {
        n->phase = OTA_REPORT;
        a->repeating = true;
        a->has_job = false;
        agent_log(a, OTA_INFO, "offered again what is over: reporting again", NULL);
    } else if (n->phase == OTA_DOWNLOADING && same_job(n, &a->job)) {
        a->at = n->offset >= n->size_bytes ? n->size_bytes : whole_units(a, n->offset);
        agent_log(a, OTA_INFO, "update offered: resuming", NULL);
    } else {
        begin_new(a);
    }
}

bool download_due(const struct ota_agent *a)
{
    return a->has_job && !a->verified && a->job.may_download && agent_vouched(a);
}

static void start_over(struct ota_agent *a)
{
    a->at = 0;
    a->notes.offset = 0;
    a->notes.etag[0] = '\0';
    agent_save(a);
}

static void range_text(char *buf, size_t cap, uint32_t first, uint32_t end)
{
    struct text t = text_over(buf, cap);

    text_str(&t, "bytes=");
    text_u32(&t, first);
    text_str(&t, "-");
    text_u32(&t, end - 1);
}

/* Does the answer bring what we can use?  Sets where the piece begins and ends. */
static bool piece_fits(struct ota_agent *a, const struct http1_answer *answer, uint32_t end)
{
    if (answer->status == STATUS_OK) { /* no ranges, or the file changed: all of it */
        a->at = 0;
        a->piece_end = a->job.size_bytes;
        return answer->content_bytes == a->job.size_bytes;
    }
    a->piece_end = answer->range_last + 1;
    return answer->status == STATUS_PARTIAL && answer->has_range &&
           answer->range_first == a->at && answer->range_total == a->job.size_bytes &&
           a->piece_end <= end && answer->content_bytes == a->piece_end - a->at;
}

/* What was written is written once more; true if that was once too often, and the end. */
static bool set_back(struct ota_agent *a)
{
    a->setbacks++;
    if (a->setbacks <= SETBACKS_MAX) {
        return false;
    }
    agent_disconnect(a);
    agent_finish(a, false, OTA_REASON_DOWNLOAD);
    return true;
}

static void open_piece(struct ota_agent *a)
{
    const struct ota_timing *t = a->config.timing;
    uint32_t left = a->job.size_bytes - a->at;
    uint32_t end = a->at + (left < t->piece_bytes ? left : t->piece_bytes);
    char range[32];
    struct http1_request rq = {.method = "GET", .path = a->job.path, .range = range};
    struct http1_answer answer;
    ota_err e;

    range_text(range, sizeof range, a->at, end);
    if (a->at > 0 && a->notes.etag[0] != '\0') {
        rq.if_range = a->notes.etag;
    }
    e = agent_ask(a, &rq, agent_now(a) + t->connect_ms + t->answer_ms, &answer);
    if (e == OTA_OK && piece_fits(a, &answer, end)) {
        memcpy(a->notes.etag, answer.etag, sizeof a->notes.etag);
        if (a->at < a->reached && set_back(a)) {
            return;
        }
        a->piece_open = true;
        a->piece_deadline_ms = agent_now(a) + t->answer_ms + (a->piece_end - a->at);
        return;
    }
    agent_disconnect(a);
    a->at = whole_units(a, a->at);
    if (e == OTA_OK && answer.status == STATUS_RANGE) {
        if (set_back(a)) {
            return;
        }
        start_over(a);
    } else if (e == OTA_OK && (answer.status == STATUS_OK || answer.status == STATUS_PARTIAL)) {
        e = OTA_E_FORMAT;
    } else if (e == OTA_OK) {
        a->poll_at_ms = 0; /* is it still offered? */
    }
    agent_failed(a, "download", e, &answer);
}

static void piece_done(struct ota_agent *a)
{
    const struct ota_timing *t = a->config.timing;

    if (a->at % t->piece_bytes != 0 && a->at != a->piece_end) {
        return;
    }
    a->notes.offset = a->at == a->job.size_bytes ? a->at : whole_units(a, a->at);
    agent_save(a);
    if (a->at == a->piece_end) {
        a->piece_open = false;
        agent_succeeded(a);
        if (!a->http.keep) {
            agent_disconnect(a);
        }
    }
}

static void read_block(struct ota_agent *a)
{
    uint64_t idle_ms = agent_now(a) + a->config.timing->idle_ms;
    uint32_t left = a->piece_end - a->at;
    uint32_t n = left < sizeof a->block ? left : (uint32_t)sizeof a->block;
    ota_err e = http1_body_exact(
        &a->http, a->block, n, idle_ms < a->piece_deadline_ms ? idle_ms : a->piece_deadline_ms);

    if (e) {
        agent_disconnect(a);
        a->at = whole_units(a, a->at);
        agent_failed(a, "download", e, NULL);
        return;
    }
    if (slot_stage(a->config.map, a->at, a->block, n)) {
        agent_disconnect(a);
        agent_finish(a, false, OTA_REASON_FLASH);
        return;
    }
    a->at += n;
    if (a->at > a->reached) {
        a->reached = a->at;
        a->failures = 0; /* something new came: begin the back-off anew */
    }
    piece_done(a);
}

/* The verdict under one of the two key manifests; OTA_REASON_NO_MANIFEST if there is none. */
static uint16_t judge_under(const struct ota_agent *a, enum slot_manifest_which which,
                            uint32_t floor, struct image_info *out)
{
    const struct slot_map *m = a->config.map;
    struct image_source src = slot_staged(m);
    struct manifest manifest;
    const struct image_policy policy = {.manifest = &manifest, .security_floor = floor};
    ota_err e = which == SLOT_MANIFEST_PENDING
                    ? slot_manifest_pending(m, a->config.roots, &manifest)
                    : slot_manifest(m, a->config.roots, &manifest);
    enum image_verdict v;

    if (e) {
        return OTA_REASON_NO_MANIFEST;
    }
    v = image_verify(&src, &policy, NULL, NULL, out);
    return v == IMAGE_GOOD ? OTA_REASON_NONE : (uint16_t)v;
}

/* Everything that is checked once the file is complete; OTA_REASON_NONE if it may be installed.
 * A pending key manifest alone counts: a key that it lacks is revoked for new images at once,
 * while the bootloader still starts the old ones. */
static uint16_t judge(struct ota_agent *a, struct image_info *out)
{
    struct slot_state state;
    uint16_t reason;

    if (slot_state_get(a->config.map, &state)) {
        return OTA_REASON_FLASH;
    }
    reason = judge_under(a, SLOT_MANIFEST_PENDING, state.security_floor, out);
    if (reason == OTA_REASON_NO_MANIFEST) {
        reason = judge_under(a, SLOT_MANIFEST_IN_FORCE, state.security_floor, out);
    }
    if (reason != OTA_REASON_NONE) {
        return reason;
    }
    if (out->total_bytes != a->job.size_bytes) {
        return OTA_REASON_TRAILING_BYTES;
    }
    if (a->has_running && image_version_compare(out->version, a->running.version) < 0) {
        return OTA_REASON_VERSION_TOO_LOW;
    }
    return OTA_REASON_NONE;
}

static void verify(struct ota_agent *a)
{
    struct image_source src = slot_staged(a->config.map);
    uint8_t digest[32];
    struct image_info info;
    uint16_t reason;

    if (hash(a, &src, a->job.size_bytes, digest) != OTA_OK ||
        memcmp(digest, a->job.sha256, sizeof digest) != 0) {
        a->notes.refusals++;
        if (a->notes.refusals >= REFUSALS_MAX) {
            agent_finish(a, false, OTA_REASON_BAD_HASH);
        } else {
            agent_log(a, OTA_WARN, "file differs from its announced hash: once more", NULL);
            start_over(a);
        }
        return;
    }
    reason = judge(a, &info);
    if (reason != OTA_REASON_NONE) {
        agent_finish(a, false, reason);
        return;
    }
    memcpy(a->notes.image_digest, info.digest, sizeof a->notes.image_digest);
    a->verified = true;
    a->poll_at_ms =
        0; /* a last look whether it is still wanted: polls come before installing */
    agent_log(a, OTA_INFO, "downloaded and verified", NULL);
}

void download_step(struct ota_agent *a)
{
    if (a->piece_open) {
        read_block(a);
    } else if (a->at < a->job.size_bytes) {
        open_piece(a);
    } else {
        verify(a);
    }
}

void download_install(struct ota_agent *a)
{
    const struct feedback f = {.kind = "deploymentBase",
                               .id = a->notes.action,
                               .execution = "proceeding",
                               .finished = "none",
                               .detail = "installing"};
    struct image_source src = slot_staged(a->config.map);
    struct http1_answer answer;
    struct image_info info;
    enum image_verdict why;

    if (image_parse(&src, &info, &why)) {
        agent_finish(a, false, (uint16_t)why);
        return;
    }
    a->notes.phase = OTA_REQUESTED; /* first: a request without notes would never be reported */
    a->notes.attempts++;
    agent_save(a);
    if (slot_request(a->config.map, &info)) {
        agent_finish(a, false, OTA_REASON_FLASH);
        return;
    }
    if (agent_feedback(a, &f, &answer)) {
        agent_log(a, OTA_WARN, "could not tell that the installation begins", NULL);
    }
    agent_disconnect(a);
    agent_keep_now(a);
    agent_log(a, OTA_INFO, "requested: resetting into the bootloader", NULL);
    a->rebooting = true;
    a->config.reboot(a->config.port);
}
