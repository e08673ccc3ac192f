/*
 * One lock over everything that is here; it is never held while a process is asked.  A place of
 * a signer is in one state, and whoever takes it out of FREE or AWAY puts it back.
 *
 * Invariant: a PIN that was refused is not tried again, by any key, until token_signers_retry:
 * tokens lock after a few wrong ones.
 */
#include "token_signer.h"

#include <pthread.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "keys/token_uri.h"
#include "otad/log.h"
#include "token_child.h"

_Static_assert((int)TOKEN_SIGNATURE_BYTES == (int)crypto_sign_BYTES, "Ed25519");

enum {
    OPEN_MS = 10000, /* some modules search a network for their HSM */
    TICK_MS = 200,
    RETRY_MIN_MS = 250,
    RETRY_MAX_MS = 30000,
    STOP_MS = 3000,
    LABEL_BYTES = 128,
};

enum place_state {
    AWAY,   /* no process; one is started when its time has come */
    FREE,   /* waits for work */
    TAKEN,  /* somebody asks it, or it is being opened */
    LEAVING /* told to end */
};

struct place {
    enum place_state state;
    struct token_child child;
    int64_t at_ms; /* AWAY: try then.  FREE: when it was last used */
};

struct token_signer {
    struct token_signers *all;
    struct token_signer *next;
    struct token_signer_setup setup;
    char label[LABEL_BYTES];           /* its URI without the query, for logs */
    char pin_source[TOKEN_PATH_BYTES]; /* of the URI, or the one for all */
    unsigned holders;
    pthread_cond_t freed;
    struct place place[TOKEN_SESSIONS_MAX];
    int retry_ms;
    bool pin_refused, has_public;
    uint8_t public[TOKEN_PUBLIC_BYTES];
    char said[sizeof((struct why *)0)->text]; /* the failure that the log has; "" = none */
    struct token_signer_stats stats;
};

struct token_signers {
    pthread_mutex_t lock;
    pthread_cond_t work;
    pthread_t thread;
    struct token_signer *first; /* all of this, and what it leads to, under lock */
    bool stopping;
    int stop_fd; /* readable when it is time to go */
    uint64_t news;
};

/* ---- state, under the lock ----------------------------------------------------------------
 */

static unsigned count_of(const struct token_signer *s, enum place_state state)
{
    unsigned n = 0;
    for (unsigned i = 0; i < s->setup.sessions; i++)
        n += s->place[i].state == state;
    return n;
}

/* Does any process have the key open? */
static bool is_ready(const struct token_signer *s)
{
    for (unsigned i = 0; i < s->setup.sessions; i++)
        if (s->place[i].state == FREE || (s->place[i].state == TAKEN && s->place[i].at_ms != 0))
            return true;
    return false;
}

static void say_failed(struct token_signer *s, const struct why *why)
{
    if (strcmp(s->said, why->text) == 0)
        return;
    memcpy(s->said, why->text, sizeof s->said);
    log_error("token-key-failed", LOG_STR("key", s->label), LOG_STR("why", why->text),
              LOG_STR("hint", why->hint));
}

static void say_ready(struct token_signer *s)
{
    s->said[0] = '\0';
    if (is_ready(s))
        return;
    s->all->news++;
    log_info("token-key-ready", LOG_STR("key", s->label));
}

static void put_free(struct token_signer *s, struct place *p)
{
    p->state = FREE;
    p->at_ms = token_child_now_ms();
    (void)pthread_cond_signal(&s->freed);
}

/* Its process is of no use any more; another one is tried after a while, ever longer. */
static void put_broken(struct token_signer *s, struct place *p, const struct why *why)
{
    token_child_end(&p->child);
    p->state = LEAVING;
    p->at_ms = token_child_now_ms() + s->retry_ms;
    s->retry_ms = s->retry_ms * 2 > RETRY_MAX_MS ? RETRY_MAX_MS : s->retry_ms * 2;
    s->stats.failures++;
    say_failed(s, why);
    (void)pthread_cond_broadcast(&s->freed); /* perhaps there is nobody left to wait for */
    (void)pthread_cond_signal(&s->all->work);
}

/* Has another key with the same PIN found it wrong? */
static const struct token_signer *pin_refused(const struct token_signer *s)
{
    for (const struct token_signer *t = s->all->first; t != NULL; t = t->next)
        if (t->pin_refused && strcmp(t->pin_source, s->pin_source) == 0)
            return t;
    return NULL;
}

/* ---- opening and looking after, by the thread ---------------------------------------------
 */

/* What the process told when it opened the key. */
static ota_err opened(struct token_signer *s, struct token_answer *a)
{
    if (s->has_public && memcmp(s->public, a->public, sizeof s->public) != 0)
        return why_fail(&a->why, OTA_E_CONFLICT,
                        "the URI means another key than before; SIGHUP takes it over");
    if (!s->has_public)
        memcpy(s->public, a->public, sizeof s->public);
    s->has_public = true;
    return OTA_OK;
}

static void open_place(struct token_signer *s, struct place *p)
{
    struct token_answer a = {0};
    p->state = TAKEN;
    p->at_ms = 0;
    (void)pthread_mutex_unlock(&s->all->lock);
    ota_err err = token_child_start(&s->setup.key, &p->child, &a.why);
    if (err == OTA_OK)
        err = token_child_hear(&p->child, OPEN_MS, s->all->stop_fd, &a);
    (void)pthread_mutex_lock(&s->all->lock);
    if (err == OTA_OK)
        err = opened(s, &a);
    if (err != OTA_OK) {
        s->pin_refused = s->pin_refused || err == OTA_E_AUTH || err == OTA_E_DENIED;
        put_broken(s, p, &a.why);
        return;
    }
    say_ready(s);
    s->retry_ms = RETRY_MIN_MS;
    put_free(s, p);
}

static void look_after(struct token_signer *s, struct place *p)
{
    struct token_answer a;
    p->state = TAKEN;
    (void)pthread_mutex_unlock(&s->all->lock);
    const ota_err err =
        token_child_ask(&p->child, TOKEN_CHECK, NULL, 0, s->setup.timeout_ms, &a);
    (void)pthread_mutex_lock(&s->all->lock);
    if (err == OTA_OK)
        put_free(s, p);
    else
        put_broken(s, p, &a.why);
}

/* One thing that is due.  true: done; the lock was given up meanwhile. */
static bool tend_place(struct token_signer *s, struct place *p)
{
    const int64_t now = token_child_now_ms();
    const struct token_signer *refused;
    if (p->state == LEAVING && token_child_gone(&p->child))
        p->state = AWAY;
    if (s->holders == 0 && p->state == FREE) {
        token_child_end(&p->child);
        p->state = LEAVING;
    }
    if (s->holders == 0)
        return false;
    if (p->state == FREE && now - p->at_ms >= s->setup.look_ms) {
        look_after(s, p);
        return true;
    }
    if (p->state != AWAY || now < p->at_ms)
        return false;
    refused = pin_refused(s);
    if (refused == NULL) {
        open_place(s, p);
        return true;
    }
    if (refused != s) {
        struct why why = {0};
        why_tell(&why, "not tried: the PIN of %s was refused", refused->label);
        say_failed(s, &why);
    }
    return false;
}

static bool tend(struct token_signers *all)
{
    for (struct token_signer *s = all->first; s != NULL; s = s->next)
        for (unsigned i = 0; i < s->setup.sessions; i++)
            if (tend_place(s, &s->place[i]))
                return true;
    return false;
}

static void signer_free(struct token_signer *s)
{
    (void)pthread_cond_destroy(&s->freed);
    free(s);
}

/* Those that nobody holds and that have no process left. */
static void sweep(struct token_signers *all)
{
    struct token_signer **at = &all->first;
    while (*at != NULL) {
        struct token_signer *s = *at;
        if (s->holders > 0 || count_of(s, AWAY) < s->setup.sessions) {
            at = &s->next;
            continue;
        }
        *at = s->next;
        signer_free(s);
    }
}

static void wait_until(pthread_cond_t *what, pthread_mutex_t *lock, int64_t until_ms)
{
    const struct timespec until = {.tv_sec = (time_t)(until_ms / 1000),
                                   .tv_nsec = (long)(until_ms % 1000) * 1000000};
    (void)pthread_cond_timedwait(what, lock, &until);
}

/* All processes, told to end; those that do not go in time are left to their death signal. */
static void end_all(struct token_signers *all)
{
    const int64_t until = token_child_now_ms() + STOP_MS;
    for (struct token_signer *s = all->first; s != NULL; s = s->next)
        s->holders = 0;
    while (all->first != NULL && token_child_now_ms() < until) {
        (void)tend(all);
        sweep(all);
        if (all->first != NULL)
            wait_until(&all->work, &all->lock, token_child_now_ms() + TICK_MS / 10);
    }
}

static void *keeper(void *arg)
{
    struct token_signers *all = arg;
    (void)pthread_mutex_lock(&all->lock);
    while (!all->stopping) {
        if (tend(all))
            continue;
        sweep(all);
        if (all->first == NULL)
            (void)pthread_cond_wait(&all->work, &all->lock);
        else
            wait_until(&all->work, &all->lock, token_child_now_ms() + TICK_MS);
    }
    end_all(all);
    (void)pthread_mutex_unlock(&all->lock);
    return NULL;
}

static void cond_init(pthread_cond_t *c)
{
    pthread_condattr_t a;
    (void)pthread_condattr_init(&a);
    (void)pthread_condattr_setclock(&a, CLOCK_MONOTONIC);
    (void)pthread_cond_init(c, &a);
    (void)pthread_condattr_destroy(&a);
}

ota_err token_signers_new(struct token_signers **out)
{
    struct token_signers *all = calloc(1, sizeof *all);
    if (all == NULL)
        return OTA_E_NO_MEMORY;
    all->stop_fd = eventfd(0, EFD_CLOEXEC);
    (void)pthread_mutex_init(&all->lock, NULL);
    cond_init(&all->work);
    if (all->stop_fd < 0 || pthread_create(&all->thread, NULL, keeper, all) != 0) {
        if (all->stop_fd >= 0)
            (void)close(all->stop_fd);
        free(all);
        return OTA_E_NO_MEMORY;
    }
    *out = all;
    return OTA_OK;
}

void token_signers_free(struct token_signers *all)
{
    if (all == NULL)
        return;
    (void)pthread_mutex_lock(&all->lock);
    all->stopping = true;
    (void)eventfd_write(all->stop_fd, 1);
    (void)pthread_cond_signal(&all->work);
    (void)pthread_mutex_unlock(&all->lock);
    (void)pthread_join(all->thread, NULL);
    while (all->first != NULL) {
        struct token_signer *s = all->first;
        all->first = s->next;
        signer_free(s);
    }
    (void)close(all->stop_fd);
    (void)pthread_cond_destroy(&all->work);
    (void)pthread_mutex_destroy(&all->lock);
    free(all);
}

/* ---- signers ------------------------------------------------------------------------------
 */

static bool is_same(const struct token_signer_setup *a, const struct token_signer_setup *b)
{
    return a->sessions == b->sessions && a->timeout_ms == b->timeout_ms &&
           a->look_ms == b->look_ms && a->key.pin_is_credential == b->key.pin_is_credential &&
           strcmp(a->key.uri, b->key.uri) == 0 && strcmp(a->key.pin_file, b->key.pin_file) == 0;
}

static ota_err signer_new(struct token_signers *all, const struct token_signer_setup *setup,
                          struct token_signer **out, struct why *why)
{
    struct token_uri uri;
    char wrong[160] = "";
    ota_err err = token_uri_parse(setup->key.uri, &uri, wrong, sizeof wrong);
    if (err != OTA_OK)
        return why_fail(why, OTA_E_FORMAT, "this pkcs11: URI cannot be used: %s", wrong);
    struct token_signer *s = calloc(1, sizeof *s);
    if (s == NULL)
        return OTA_E_NO_MEMORY;
    s->all = all;
    s->setup = *setup;
    s->retry_ms = RETRY_MIN_MS;
    size_t shown = strcspn(setup->key.uri, "?");
    if (shown > sizeof s->label - 1)
        shown = sizeof s->label - 1;
    memcpy(s->label, setup->key.uri, shown);
    memcpy(s->pin_source, uri.pin_source[0] != '\0' ? uri.pin_source : setup->key.pin_file,
           sizeof s->pin_source);
    cond_init(&s->freed);
    *out = s;
    return OTA_OK;
}

_Static_assert(sizeof((struct token_uri *)0)->pin_source == TOKEN_PATH_BYTES, "one size");

ota_err token_signer_get(struct token_signers *all, const struct token_signer_setup *setup,
                         struct token_signer **out, struct why *why)
{
    ota_err err = OTA_OK;
    (void)pthread_mutex_lock(&all->lock);
    struct token_signer *s = all->first;
    while (s != NULL && (s->holders == 0 || !is_same(&s->setup, setup)))
        s = s->next;
    if (s == NULL) {
        err = signer_new(all, setup, &s, why);
        if (err == OTA_OK) {
            s->next = all->first;
            all->first = s;
            (void)pthread_cond_signal(&all->work);
        }
    }
    if (err == OTA_OK) {
        s->holders++;
        *out = s;
    }
    (void)pthread_mutex_unlock(&all->lock);
    return err;
}

void token_signer_hold(struct token_signer *s)
{
    (void)pthread_mutex_lock(&s->all->lock);
    s->holders++;
    (void)pthread_mutex_unlock(&s->all->lock);
}

void token_signer_release(struct token_signer *s)
{
    if (s == NULL)
        return;
    struct token_signers *all = s->all;
    (void)pthread_mutex_lock(&all->lock);
    s->holders--;
    (void)pthread_cond_signal(&all->work);
    (void)pthread_mutex_unlock(&all->lock);
}

void token_signers_retry(struct token_signers *all)
{
    (void)pthread_mutex_lock(&all->lock);
    for (struct token_signer *s = all->first; s != NULL; s = s->next) {
        s->pin_refused = false;
        s->retry_ms = RETRY_MIN_MS;
        s->said[0] = '\0';
        if (!is_ready(s))
            s->has_public = false; /* another key behind the same URI is the answer now */
        for (unsigned i = 0; i < s->setup.sessions; i++)
            if (s->place[i].state == AWAY || s->place[i].state == LEAVING)
                s->place[i].at_ms = 0;
    }
    (void)pthread_cond_signal(&all->work);
    (void)pthread_mutex_unlock(&all->lock);
}

uint64_t token_signers_news(struct token_signers *all)
{
    (void)pthread_mutex_lock(&all->lock);
    const uint64_t news = all->news;
    (void)pthread_mutex_unlock(&all->lock);
    return news;
}

bool token_signer_public(struct token_signer *s, uint8_t out[TOKEN_PUBLIC_BYTES])
{
    (void)pthread_mutex_lock(&s->all->lock);
    const bool has = s->has_public;
    if (has)
        memcpy(out, s->public, sizeof s->public);
    (void)pthread_mutex_unlock(&s->all->lock);
    return has;
}

/* A place that is free now or soon; NULL: none.  Under the lock. */
static struct place *take(struct token_signer *s)
{
    const int64_t until = token_child_now_ms() + s->setup.timeout_ms;
    struct place *found = NULL;
    if (s->stats.waiting >= TOKEN_WAITING_MAX)
        return NULL;
    s->stats.waiting++;
    while (found == NULL && is_ready(s) && token_child_now_ms() < until) {
        for (unsigned i = 0; found == NULL && i < s->setup.sessions; i++)
            if (s->place[i].state == FREE)
                found = &s->place[i];
        if (found == NULL)
            wait_until(&s->freed, &s->all->lock, until);
    }
    s->stats.waiting--;
    if (found != NULL)
        found->state = TAKEN;
    return found;
}

/* Ask, and believe nothing.  Without the lock. */
static ota_err ask(const struct token_signer *s, const struct place *p,
                   const uint8_t public[TOKEN_PUBLIC_BYTES], const void *message, size_t len,
                   struct token_answer *a)
{
    const ota_err err =
        token_child_ask(&p->child, TOKEN_SIGN, message, len, s->setup.timeout_ms, a);
    if (err == OTA_OK && crypto_sign_verify_detached(a->signature, message, len, public) != 0)
        return why_fail(&a->why, OTA_E_IO, "the token's signature is not good");
    return err;
}

static uint64_t now_us(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

ota_err token_signer_sign(struct token_signer *s, const void *message, size_t len,
                          uint8_t out[TOKEN_SIGNATURE_BYTES])
{
    struct token_answer a;
    uint8_t public[TOKEN_PUBLIC_BYTES];
    if (len > TOKEN_MESSAGE_BYTES_MAX)
        return OTA_E_LIMIT;
    (void)pthread_mutex_lock(&s->all->lock);
    struct place *p = take(s);
    memcpy(public, s->public, sizeof public);
    if (p == NULL)
        s->stats.refused++;
    (void)pthread_mutex_unlock(&s->all->lock);
    if (p == NULL)
        return OTA_E_BUSY;
    const uint64_t from = now_us();
    const ota_err err = ask(s, p, public, message, len, &a);
    (void)pthread_mutex_lock(&s->all->lock);
    if (err == OTA_OK) {
        memcpy(out, a.signature, sizeof a.signature);
        s->stats.signatures++;
        s->stats.sign_us += now_us() - from;
        put_free(s, p);
    } else {
        put_broken(s, p, &a.why);
    }
    (void)pthread_mutex_unlock(&s->all->lock);
    return err == OTA_OK ? OTA_OK : OTA_E_BUSY;
}

void token_signer_stats(struct token_signer *s, struct token_signer_stats *out)
{
    (void)pthread_mutex_lock(&s->all->lock);
    *out = s->stats;
    out->is_ready = is_ready(s);
    out->sessions = s->setup.sessions;
    (void)pthread_mutex_unlock(&s->all->lock);
}
