#ifndef OTAD_FLEET_INSIDE_H
#define OTAD_FLEET_INSIDE_H

#include <pthread.h>
#include <stdatomic.h>

#include "apply.h"
#include "metadata.h"
#include "offer.h"
#include "otad/arena.h"
#include "people.h"
#include "table.h"

/*
 * What the memory model is made of, for the files of fleet/ only.
 *
 * Locks, in the order in which they are taken: `lock` (shared to read, exclusive to put or
 * remove), then one of `seen_lock`, then `queue_lock`.  Under the shared lock everything is
 * constant but what struct seen holds, which its seen_lock guards.
 */
enum { SEEN_LOCKS = 64, ADDRESS_BYTES = 46, EVENTS_AT_ONCE_MAX = 1000 };

struct fleet_platform {
    int64_t id;
    bool follow_channel;
    uint32_t key_manifest_sequence;
    /* Newest release that a device on this channel sees, NULL = none. */
    const struct fleet_release *newest[CHANNEL_BETA + 1];
    const char *name, *aliases;
    struct metadata *metadata; /* of its repository (SPEC 10); NULL = it has none */
};

struct fleet_release {
    struct release release; /* strings and artifacts in the same allocation */
    int64_t platform_id;
    struct offer_release offer;
};

struct fleet_gateway {
    int64_t id; /* 0 = none */
    uint32_t generation;
    uint8_t hash[FLEET_HASH_BYTES];
};

struct fleet_tenant {
    int64_t id;
    bool behind; /* something was committed that is not here yet: polls must wait */
    char *name;
    struct fleet_platform **platform;
    size_t platform_count;
    struct fleet_release **release;
    size_t release_count;
    struct fleet_gateway *gateway;
    size_t gateway_count;
};

struct fleet_api_key_entry {
    int64_t tenant_id, id, expires_at_unix_s;
    uint32_t generation;
    uint8_t hash[FLEET_HASH_BYTES];
    const char *name, *scopes, *platforms;
    /* under queue_lock: */
    int64_t used_at_unix_s; /* 0 = not since it was taken */
};

/* What polls change. */
struct seen {
    int64_t last_seen_at_unix_s;
    struct heartbeat *heartbeat; /* strings in the same allocation; NULL = none */
    bool queued;                 /* waits in the queue                                  */
    bool heartbeat_new;          /* since it was last taken                             */
    uint8_t told_state;          /* enum device_state that the event callback knows     */
    char address[ADDRESS_BYTES];
};

struct fleet_device {
    int64_t tenant_id, no, platform_id, skip_release_id, registered_at_unix_s;
    uint32_t generation, security_counter;
    uint8_t channel;
    bool has_token, config_wanted, plain;
    uint8_t token_hash[FLEET_HASH_BYTES];
    struct version version_key;
    struct update *update;          /* open one, strings in the same allocation; NULL = none */
    struct update_end *last_update; /* likewise; NULL = none, or one is open */
    int32_t installed_update_id;    /* 0 = none */
    struct seen seen;
    const char *version; /* NULL = unknown */
    const char *name;
    char id[]; /* behind it name and version */
};

struct queue_item {
    int64_t tenant_id, device_no;
};

struct links;     /* link.c */
struct downloads; /* download.c */
struct plains;    /* plain.c */

OTA_MUST_CHECK ota_err links_new(struct links **out);
void links_free(struct links *l); /* NULL is allowed */
OTA_MUST_CHECK ota_err downloads_new(struct downloads **out);
void downloads_free(struct downloads *q); /* NULL is allowed */
OTA_MUST_CHECK ota_err plains_new(struct plains **out);
void plains_free(struct plains *q); /* NULL is allowed */

struct fleet {
    struct fleet_config config;
    struct links *links; /* with locks of their own, taken after `lock` */
    struct downloads *downloads;
    struct plains *plains;
    uint64_t seed;
    pthread_rwlock_t lock;
    bool loaded;
    uint32_t generation;
    struct fleet_tenant *tenant;
    size_t tenant_count;
    struct table device_by_id, device_by_no, key_by_id, account_by_id;
    struct role *role; /* of all tenants (people.c) */
    _Atomic uint64_t rights_version;
    pthread_mutex_t seen_lock[SEEN_LOCKS];
    pthread_mutex_t queue_lock;
    struct queue_item *queue;
    size_t queue_count, queue_capacity;
};

struct fleet_tenant *tenant_by_id(const struct fleet *f, int64_t id);
const struct fleet_tenant *tenant_by_name(const struct fleet *f, const char *name);
struct fleet_platform *platform_by_id(const struct fleet_tenant *t, int64_t id);
const struct fleet_platform *platform_by_name(const struct fleet_tenant *t, const char *name);
struct fleet_release *release_by_id(const struct fleet_tenant *t, int64_t id);

/* fleet_newest_seen over the releases of a platform; NULL = none. */
const struct fleet_release *release_newest_seen(const struct fleet_tenant *t,
                                                int64_t platform_id,
                                                const struct offer_device *d);

/* What its platform's repository says of a release: barred and beta_alone of *out. */
void release_is_listed(const struct fleet_platform *p, int64_t release_id,
                       struct offer_release *out);
/* What expires first of what clients of p trust for long; name: p's, for the answer to keep.
 * p NULL = nothing. */
struct metadata_end metadata_end_of(const struct fleet_platform *p, const char *name);
/* The newest of each channel anew, after what its releases or its repository are has changed.
 */
void platform_find_newest(const struct fleet_tenant *t, struct fleet_platform *p);

struct caller_found {
    const struct fleet_tenant *tenant;
    struct fleet_device *device;
    int64_t gateway_id;
};

/* Under the shared lock.  OTA_E_NOT_FOUND: let in by a gateway token, but there is no device.
 * Errors: as fleet_poll. */
OTA_MUST_CHECK ota_err caller_find(const struct fleet *f, const struct fleet_caller *who,
                                   struct caller_found *out);
struct fleet_device *device_by_id(const struct fleet *f, int64_t tenant_id, const char *id);
struct fleet_device *device_by_no(const struct fleet *f, int64_t tenant_id, int64_t no);
struct fleet_api_key_entry *key_by_id(const struct fleet *f, int64_t id);

uint32_t hash_device_id(const struct fleet *f, int64_t tenant_id, const char *id);
uint32_t hash_number(const struct fleet *f, int64_t tenant_id, int64_t no);
pthread_mutex_t *seen_lock_of(struct fleet *f, const struct fleet_device *d);

/* Is word one of the words of list, which are separated by one space?  NULL is the empty list.
 */
bool list_has(const char *list, const char *word);

/* Deep copies into an arena.  Errors: OTA_E_LIMIT. */
OTA_MUST_CHECK ota_err copy_update(struct arena *a, const struct update *in,
                                   struct update *out);
OTA_MUST_CHECK ota_err copy_update_end(struct arena *a, const struct update_end *in,
                                       struct update_end *out);
OTA_MUST_CHECK ota_err copy_release(struct arena *a, const struct release *in,
                                    struct release *out);
OTA_MUST_CHECK ota_err copy_key(struct arena *a, const struct fleet_api_key_entry *in,
                                struct fleet_key *out);
OTA_MUST_CHECK ota_err copy_heartbeat(struct arena *a, const struct heartbeat *in,
                                      struct heartbeat *out);

/* Deep copies into one allocation of their own; NULL if there is no memory. */
struct update *clone_update(const struct update *in);
struct update_end *clone_update_end(const struct update_end *in);
struct heartbeat *clone_heartbeat(const struct heartbeat *in);
struct fleet_release *clone_release(const struct fleet_release_row *row);

/* Mark seen and queue for write-behind; h NULL = no heartbeat.  Under the shared lock. */
void seen_mark(struct fleet *f, struct fleet_device *d, const struct fleet_caller *who,
               struct heartbeat *h);

/* Call the event callback with this device as memory knows it.  Without locks. */
void tell_device(struct fleet *f, int64_t tenant_id, const char *id);

#endif
