/*
 * GCRA over a set-associative table: a subject may only live in one set of RATE_LIMIT_WAYS
 * entries, chosen by a keyed hash, so looking it up is bounded and nobody can aim at a set.
 */
#include "rate_limit.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

_Static_assert(crypto_shorthash_KEYBYTES == sizeof((struct rate_limit *)0)->key, "SipHash key");

void rate_limit_init(struct rate_limit *r, int64_t burst, int64_t refill_s)
{
    memset(r, 0, sizeof *r);
    (void)pthread_mutex_init(&r->lock, NULL);
    randombytes_buf(r->key, sizeof r->key);
    r->burst = burst;
    r->refill_s = refill_s;
}

static uint64_t subject_hash(const struct rate_limit *r, const char *subject)
{
    uint8_t h[crypto_shorthash_BYTES];
    uint64_t v = 0;
    (void)crypto_shorthash(h, (const unsigned char *)subject, strlen(subject), r->key);
    memcpy(&v, h, sizeof v);
    return v != 0 ? v : 1;
}

/* The subject's entry; with make, another one's place if it has none yet. */
static struct rate_limit_entry *find(struct rate_limit *r, uint64_t subject, bool make)
{
    const size_t sets = RATE_LIMIT_ENTRIES / RATE_LIMIT_WAYS;
    struct rate_limit_entry *set = &r->entry[(subject % sets) * RATE_LIMIT_WAYS];
    struct rate_limit_entry *soonest = &set[0];
    for (size_t i = 0; i < RATE_LIMIT_WAYS; i++) {
        if (set[i].subject == subject)
            return &set[i];
        if (set[i].free_at_s < soonest->free_at_s)
            soonest = &set[i];
    }
    if (!make)
        return NULL;
    *soonest = (struct rate_limit_entry){.subject = subject};
    return soonest;
}

static int64_t wait_of(const struct rate_limit *r, int64_t free_at_s, int64_t now_s)
{
    const int64_t base = free_at_s > now_s ? free_at_s : now_s;
    const int64_t over = base + r->refill_s - (now_s + r->burst * r->refill_s);
    return over > 0 ? over : 0;
}

int64_t rate_limit_wait(struct rate_limit *r, const char *subject, int64_t now_s)
{
    (void)pthread_mutex_lock(&r->lock);
    const struct rate_limit_entry *e = find(r, subject_hash(r, subject), false);
    const int64_t wait = e != NULL ? wait_of(r, e->free_at_s, now_s) : 0;
    (void)pthread_mutex_unlock(&r->lock);
    return wait;
}

int64_t rate_limit_take(struct rate_limit *r, const char *subject, int64_t now_s)
{
    (void)pthread_mutex_lock(&r->lock);
    struct rate_limit_entry *e = find(r, subject_hash(r, subject), true);
    const int64_t wait = wait_of(r, e->free_at_s, now_s);
    if (wait == 0)
        e->free_at_s = (e->free_at_s > now_s ? e->free_at_s : now_s) + r->refill_s;
    (void)pthread_mutex_unlock(&r->lock);
    return wait;
}

void rate_limit_forgive(struct rate_limit *r, const char *subject)
{
    (void)pthread_mutex_lock(&r->lock);
    struct rate_limit_entry *e = find(r, subject_hash(r, subject), false);
    if (e != NULL)
        *e = (struct rate_limit_entry){0};
    (void)pthread_mutex_unlock(&r->lock);
}

void rate_limit_return(struct rate_limit *r, const char *subject)
{
    (void)pthread_mutex_lock(&r->lock);
    struct rate_limit_entry *e = find(r, subject_hash(r, subject), false);
    if (e != NULL)
        e->free_at_s -= r->refill_s;
    (void)pthread_mutex_unlock(&r->lock);
}

void rate_limit_subject(const char *address, char out[RATE_LIMIT_SUBJECT_BYTES])
{
    enum { HOST_FROM = 8 }; /* the second half names the interface */
    struct in6_addr a;
    if (inet_pton(AF_INET6, address, &a) == 1 && !IN6_IS_ADDR_V4MAPPED(&a)) {
        memset(a.s6_addr + HOST_FROM, 0, sizeof a.s6_addr - HOST_FROM);
        if (inet_ntop(AF_INET6, &a, out, RATE_LIMIT_SUBJECT_BYTES) != NULL)
            return;
    }
    (void)snprintf(out, RATE_LIMIT_SUBJECT_BYTES, "%s", address);
}
