#ifndef OTA_TRUST_H
#define OTA_TRUST_H

#include "../tuf/client.h"
#include "../tuf/director.h"
#include "trust_store.h"

/*
 * The platform's repository as a device sees it (SPEC 10.4 to 10.7): what firmware/tuf decides,
 * in a device's memory, over a store that keeps one root and the versions, on own time.  No
 * network: the caller fetches files into the one buffer that it gave to trust_init.
 *
 * A director's answer says what is assigned; a walk (root, timestamp, snapshot, targets, the
 * platform's role) finds whether those who may have said the same.
 */
enum {
    TRUST_FILE_BYTES = 4096,
    TRUST_META_BYTES = 480, /* a snapshot's list: two files, with the longest name 360 */
    TRUST_KEYS_MAX = 10,    /* different ones in a root, and in a delegation */
    TRUST_RAM_MAX = 8192,   /* struct trust and the buffer of a file */
    TRUST_NAME_MAX = 96,    /* "N.{platform}.json", with the NUL */
    /* What a server can make it write (SPEC 10.10): time alone as often as it has doubled since
     * the start, between these; versions so many times at once, and then one in an interval;
     * updates begun likewise. */
    TRUST_SAVE_FIRST_S = 120,
    TRUST_SAVE_S = 3600,
    TRUST_WRITES_AT_ONCE = 16,
    TRUST_WRITE_S = 600,
    TRUST_UPDATES_AT_ONCE = 24,
    TRUST_UPDATE_S = 7200,
    TRUST_NEW_S = 7 * 86400 /* to find out what its platform's role says, before it is stale */
};

enum trust_mode {
    TRUST_NONE, /* no root was ever provisioned: nothing is asked, all is as without */
    TRUST_ON,
    TRUST_LOST /* there was one: nothing is installed any more */
};

/* What the device is. */
struct trust_self {
    const char *platform, *device_id;
    const uint8_t *hardware_class; /* 16 bytes, or NULL if the running image has none */
    uint32_t security_floor;
};

/* Private to trust.c, but for mode, state, assigned. */
struct trust {
    enum trust_mode mode;
    struct trust_region region;
    struct trust_state state;
    struct tuf_store store;
    bool unsaved;          /* state is not all in flash                                       */
    uint64_t base_ms;      /* state.time_s was true then                                      */
    uint64_t walk_ms;      /* when the walk began                                             */
    uint64_t saved_time_s; /* as it stands in flash                                           */
    uint64_t started_ms, saved_ms; /* when it began, and when time was last written           */
    uint64_t writes_s; /* when all writes are paid for                                    */
    uint8_t director_keys[CRYPTO_DIGEST_BYTES]; /* whose answers state.director is of         */
    bool has_assigned;                          /* the last answer names an image             */
    struct tuf_assigned assigned;
    uint8_t *file;
    uint8_t meta[TRUST_META_BYTES];
    struct tuf_key key[TRUST_KEYS_MAX], role_key[TRUST_KEYS_MAX];
    struct tuf_visit visit;
    struct tuf_client client;
};

_Static_assert(sizeof(struct trust) + TRUST_FILE_BYTES <= TRUST_RAM_MAX,
               "metadata takes more memory than a device has for it");

/*
 * Read what flash holds.  file: TRUST_FILE_BYTES that outlive t; its contents are lost in every
 * call below.  Never fails: a state that cannot be read is TRUST_LOST.  region NULL:
 * TRUST_NONE.
 */
void trust_init(struct trust *t, const struct trust_region *region, uint8_t *file,
                uint64_t now_ms);

/* Seconds since 1970 by own reckoning: at least these. */
uint64_t trust_time_s(const struct trust *t, uint64_t now_ms);
/* Will something that is trusted be expired by own time, in so many seconds? */
bool trust_expires_within(const struct trust *t, uint64_t now_ms, uint64_t seconds);
/* Is there nothing yet but the root?  It has TRUST_NEW_S to change that. */
bool trust_is_new(const struct trust *t);

/* Write the state if versions changed, or time went on for long enough; a server that changes
 * them all the time has to wait.  Errors: OTA_E_IO. */
OTA_MUST_CHECK ota_err trust_keep(struct trust *t, uint64_t now_ms);
/* Write it now: a reset is near.  Errors: OTA_E_IO. */
OTA_MUST_CHECK ota_err trust_keep_now(struct trust *t, uint64_t now_ms);

/* May an update that was never heard of be begun?  If so it counts; also without a root. */
bool trust_may_begin(struct trust *t, uint64_t now_ms);

/*
 * A director's answer, len bytes in file.  TUF_GOOD: assigned is what it assigns, if anything;
 * the time is at least its.  On refusal nothing changes, and nothing is assigned.
 */
enum tuf_verdict trust_director(struct trust *t, const struct trust_self *self,
                                const uint8_t nonce[TUF_NONCE_BYTES], size_t len,
                                uint64_t now_ms);

/* Begin a walk: to what is assigned, or only to be up to date. */
enum tuf_verdict trust_walk(struct trust *t, const struct trust_self *self, uint64_t now_ms);
/* The file to fetch, below the repository's metadata; false when the walk is over, with the
 * verdict of the last call. */
bool trust_wants(struct trust *t, char name[TRUST_NAME_MAX], size_t *out_bytes_max);
/* len bytes of it are in file, or the server has none. */
enum tuf_verdict trust_got(struct trust *t, const struct trust_self *self, size_t len);
enum tuf_verdict trust_absent(struct trust *t, const struct trust_self *self);

/*
 * After a walk that ended well: is the image that was assigned the one that is offered, listed
 * by the platform's role, for this device?  An enum ota_reason, OTA_REASON_NONE if so.  Uses
 * what is still in file.
 */
uint16_t trust_fits(const struct trust *t, const struct trust_self *self, uint64_t length,
                    const uint8_t sha256[CRYPTO_DIGEST_BYTES]);

/* Does the last answer assign this file? */
bool trust_assigns(const struct trust *t, uint64_t length,
                   const uint8_t sha256[CRYPTO_DIGEST_BYTES]);

/* "tuf-..." for feedback and logs, never NULL. */
const char *trust_verdict_name(enum tuf_verdict v);

#endif
