#ifndef OTAD_AUTH_RATE_LIMIT_H
#define OTAD_AUTH_RATE_LIMIT_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

/*
 * Failures counted per subject (a name, an address) in a table of fixed size: a subject may
 * fail `burst` times, then once per `refill_s`.  When the table is full the entry closest to
 * being forgiven makes room, so memory is bounded and a flood of names cannot clear a real one
 * early.
 */
enum { RATE_LIMIT_ENTRIES = 2048, RATE_LIMIT_WAYS = 8 };

struct rate_limit_entry {
    uint64_t subject;  /* keyed hash of the subject, 0 = free                        */
    int64_t free_at_s; /* when all failures are forgiven (virtual scheduling, GCRA) */
};

struct rate_limit {
    pthread_mutex_t lock;
    uint8_t key[16];
    int64_t refill_s;
    int64_t burst;
    struct rate_limit_entry entry[RATE_LIMIT_ENTRIES];
};

/* burst failures at once, then one per refill_s seconds. */
void rate_limit_init(struct rate_limit *r, int64_t burst, int64_t refill_s);

/* Seconds until subject may try again, 0 = now.  Counts nothing. */
int64_t rate_limit_wait(struct rate_limit *r, const char *subject, int64_t now_s);

/* Take one from subject's allowance: 0 = granted, else the seconds to wait (nothing taken). */
int64_t rate_limit_take(struct rate_limit *r, const char *subject, int64_t now_s);

/* Give one back that was taken: it was no failure. */
void rate_limit_return(struct rate_limit *r, const char *subject);

/*
 * Whom an address stands for: an IPv4 address itself, of an IPv6 one the /64 that a single
 * customer commands.
 */
enum { RATE_LIMIT_SUBJECT_BYTES = 64 };
void rate_limit_subject(const char *address, char out[RATE_LIMIT_SUBJECT_BYTES]);

/* Subject proved itself: forget its failures. */
void rate_limit_forgive(struct rate_limit *r, const char *subject);

#endif
