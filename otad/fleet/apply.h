#ifndef OTAD_FLEET_APPLY_H
#define OTAD_FLEET_APPLY_H

#include "fleet.h"
#include "version.h"

/*
 * How the memory model is filled: rows as the database has them, put in (replacing what has
 * their key) or removed.  For db/feed.c and tests.  Strings are copied.  Putting a row tells
 * the event callback, except while the fleet is not loaded yet.
 */
struct fleet_platform_row {
    int64_t id;
    const char *name;
    const char *aliases; /* separated by one space; NULL = none */
    bool follow_channel;
    uint32_t key_manifest_sequence; /* of the newest; 0 = none */
};

struct fleet_release_row {
    struct release release; /* with artifacts */
    int64_t platform_id;
    struct version version;
};

struct fleet_device_row {
    struct device device; /* without attributes */
    int64_t platform_id;  /* 0 = not known */
    bool has_token;
    uint8_t token_hash[FLEET_HASH_BYTES];
    bool config_wanted;
    uint32_t security_counter;
    int64_t skip_release_id;     /* 0 = none */
    int32_t installed_update_id; /* 0 = none */
};

struct fleet_key_row {
    int64_t id, expires_at_unix_s;
    const char *name, *scopes, *platforms; /* lists separated by one space */
    uint8_t hash[FLEET_HASH_BYTES];
};

struct fleet_gateway_row {
    int64_t id;
    uint8_t hash[FLEET_HASH_BYTES];
};

/* Errors of all of them: OTA_E_NO_MEMORY, and OTA_E_NOT_FOUND for an unknown tenant. */
OTA_MUST_CHECK ota_err fleet_put_tenant(struct fleet *f, int64_t id, const char *name);
OTA_MUST_CHECK ota_err fleet_put_platform(struct fleet *f, int64_t tenant_id,
                                          const struct fleet_platform_row *row);
OTA_MUST_CHECK ota_err fleet_put_release(struct fleet *f, int64_t tenant_id,
                                         const struct fleet_release_row *row);
OTA_MUST_CHECK ota_err fleet_put_device(struct fleet *f, int64_t tenant_id,
                                        const struct fleet_device_row *row);
OTA_MUST_CHECK ota_err fleet_put_key(struct fleet *f, int64_t tenant_id,
                                     const struct fleet_key_row *row);
OTA_MUST_CHECK ota_err fleet_put_gateway(struct fleet *f, int64_t tenant_id,
                                         const struct fleet_gateway_row *row);

/* Nothing there is no error. */
void fleet_remove_device(struct fleet *f, int64_t tenant_id, int64_t device_no);
void fleet_remove_key(struct fleet *f, int64_t tenant_id, int64_t id);
void fleet_remove_gateway(struct fleet *f, int64_t tenant_id, int64_t id);

/* While behind, the tenant's devices are told to come later: what this process has committed is
 * not in memory yet, and an answer could contradict what a device was told. */
void fleet_set_behind(struct fleet *f, int64_t tenant_id, bool behind);

/* Around reading everything anew: what was not put in between is removed by the second call,
 * which also sets loaded and, if it was loaded before, tells RESYNC. */
void fleet_reload_begin(struct fleet *f);
void fleet_reload_end(struct fleet *f);

/* Tell the event callback of an update that has changed, or of a release that is a draft. */
void fleet_tell_update(struct fleet *f, int64_t tenant_id, const struct update *update);
void fleet_tell_release(struct fleet *f, int64_t tenant_id, const struct release *release);

/* ---- write-behind -------------------------------------------------------------------------
 */

struct fleet_seen {
    int64_t tenant_id, device_no, last_seen_at_unix_s;
    char address[65];
    bool has_heartbeat; /* a new one, strings in the arena */
    struct heartbeat heartbeat;
};

/*
 * Take up to max devices that were seen since they were last taken, and tell the event callback
 * of those whose state or heartbeat changed.  Errors: OTA_E_LIMIT (arena), nothing taken.
 */
OTA_MUST_CHECK ota_err fleet_take_seen(struct fleet *f, size_t max, struct arena *a,
                                       struct fleet_seen **out, size_t *out_count);

/* Writing them failed: they are to be taken again. */
void fleet_return_seen(struct fleet *f, const struct fleet_seen *seen, size_t count);

struct fleet_used {
    int64_t tenant_id, key_id, at_unix_s;
};

/* API keys used since they were last taken; at most max, returned by the count. */
size_t fleet_take_used(struct fleet *f, struct fleet_used *out, size_t max);

/* Tell the event callback of devices that became late or offline since the last call. */
void fleet_tell_overdue(struct fleet *f, int64_t now_unix_s);

#endif
