#ifndef OTAD_FLEET_FLEET_H
#define OTAD_FLEET_FLEET_H

#include "firmware/image/err.h"
#include "model.h"

/*
 * The memory model: everything an idle poll, a download or a 304 needs, without SQL.  Filled
 * and kept right by db/feed.h; every function here may be called from any thread at any time.
 * Credentials are keyed hashes (auth/token.h), compared in constant time.
 */
struct arena;
struct fleet;

enum fleet_event_kind {
    FLEET_EVENT_DEVICE = 1,  /* device is set                                 */
    FLEET_EVENT_DEVICE_GONE, /* device has id and no only                    */
    FLEET_EVENT_UPDATE,      /* update is set, without events                 */
    FLEET_EVENT_RELEASE,     /* release is set; platform, version, state only */
    FLEET_EVENT_RESYNC       /* too much changed: fetch again                 */
};

struct fleet_event {
    enum fleet_event_kind kind;
    int64_t tenant_id;
    const struct device *device;
    const struct update *update;
    const struct release *release;
};

struct fleet_config {
    struct device_lateness lateness;
    /* Called without locks held; must not block long.  arg is handed through. */
    void (*event)(void *arg, const struct fleet_event *e);
    void *event_arg;
};

OTA_MUST_CHECK ota_err fleet_new(const struct fleet_config *config, struct fleet **out);
void fleet_free(struct fleet *f);

/* Everything of the database has been read at least once.  Before that polls answer BUSY. */
bool fleet_is_loaded(struct fleet *f);

/* OTA_E_NOT_FOUND for an unknown tenant name. */
OTA_MUST_CHECK ota_err fleet_tenant(struct fleet *f, const char *name, int64_t *out_tenant_id);

/* ---- devices ---------------------------------------------------------------------------- */

/* Who calls: the tenant's name in the path, the device's id, and which secret it showed. */
struct fleet_caller {
    const char *tenant, *device_id;
    bool is_gateway; /* GatewayToken, else TargetToken */
    uint8_t token_hash[FLEET_HASH_BYTES];
    const char *address; /* for last_seen; may be empty */
    int64_t now_unix_s;
};

enum fleet_action { FLEET_IDLE = 0, FLEET_DEPLOYMENT = 1, FLEET_CANCEL = 2 };

struct fleet_poll {
    int64_t tenant_id, device_no;
    enum fleet_action action;
    int32_t update_id; /* unless FLEET_IDLE                                            */
    int32_t installed_update_id; /* newest that succeeded, 0 = none did                   */
    uint32_t change;     /* the c= of deploymentBase: differs whenever its answer would  */
    bool update_pending; /* not retrieved yet: db_update_retrieved before answering it   */
    bool config_wanted;
    uint32_t key_manifest_sequence; /* newest of the device's platform, 0 = none             */
    bool has_director; /* its platform has a published root (metadata.h)               */
    int64_t
        offer_release_id; /* not 0: db_update_offer(device_no, this), catch up, poll again */
    int64_t gateway_id;   /* not 0: let in by this gateway token                          */
};

/*
 * Authenticate, mark seen, and say what to answer.
 * Errors: OTA_E_AUTH (unknown tenant or device, wrong token); OTA_E_NOT_FOUND (the gateway
 * token is right, the device unknown: db_device_register(tenant_id, gateway_id), both set in
 * *out, then catch up and poll again); OTA_E_BUSY (not loaded, or behind).
 */
OTA_MUST_CHECK ota_err fleet_poll(struct fleet *f, const struct fleet_caller *who,
                                  struct fleet_poll *out);

struct fleet_deployment {
    struct update update;
    struct release release; /* with artifacts, without texts */
};

/* The open update update_id of this caller.  Errors: as fleet_poll; OTA_E_CONFLICT if it is not
 * the device's open update (closed, or another's: ask the database which). */
OTA_MUST_CHECK ota_err fleet_deployment(struct fleet *f, const struct fleet_caller *who,
                                        int32_t update_id, struct arena *a,
                                        struct fleet_deployment *out);

/* An artifact of the release of the caller's open update.  Errors: as fleet_poll;
 * OTA_E_NOT_FOUND if the device may not have it or there is none of that name. */
OTA_MUST_CHECK ota_err fleet_artifact(struct fleet *f, const struct fleet_caller *who,
                                      int64_t release_id, const char *name, struct arena *a,
                                      struct artifact *out);

/* Keep and write behind.  Errors: as fleet_poll. */
OTA_MUST_CHECK ota_err fleet_heartbeat(struct fleet *f, const struct fleet_caller *who,
                                       const struct heartbeat *h);

/* One device as memory knows it, without attributes.  Errors: OTA_E_NOT_FOUND. */
OTA_MUST_CHECK ota_err fleet_device_get(struct fleet *f, int64_t tenant_id, const char *id,
                                        struct arena *a, struct device *out);

/* How much there is, over all organisations. */
struct fleet_stats {
    uint64_t devices[DEVICE_OFFLINE + 1];        /* by enum device_state */
    uint64_t open_updates[UPDATE_CANCELLED + 1]; /* by enum update_state */
    uint64_t stale;                              /* devices that said so of themselves last */
};
void fleet_stats(struct fleet *f, int64_t now_unix_s, struct fleet_stats *out);

/* ---- API keys and the plain door --------------------------------------------------------- */

struct fleet_key {
    int64_t id, tenant_id;
    const char *name;
    const char *scopes;    /* separated by one space */
    const char *platforms; /* canonical names separated by one space, or "*" */
};

/* Authenticate an API key; its use is written behind.  Errors: OTA_E_AUTH (unknown, wrong,
 * revoked, expired), OTA_E_BUSY. */
OTA_MUST_CHECK ota_err fleet_api_key(struct fleet *f, int64_t id,
                                     const uint8_t hash[FLEET_HASH_BYTES], int64_t now_unix_s,
                                     struct arena *a, struct fleet_key *out);

/* The key by its number, if it counts now: for what it once made.  Errors: OTA_E_NOT_FOUND. */
OTA_MUST_CHECK ota_err fleet_api_key_now(struct fleet *f, int64_t tenant_id, int64_t id,
                                         int64_t now_unix_s, struct arena *a,
                                         struct fleet_key *out);

/* The canonical name of a platform or alias.  Errors: OTA_E_NOT_FOUND; OTA_E_BUSY if memory has
 * not learned yet what this process committed, which may be the platform. */
OTA_MUST_CHECK ota_err fleet_platform(struct fleet *f, int64_t tenant_id, const char *name,
                                      struct arena *a, const char **out_name);

/* What somebody at the plain door asks for. */
struct fleet_wish {
    int64_t tenant_id;
    const char *platform;        /* name or alias */
    enum channel channel;        /* CHANNEL_NONE = stable */
    const char *current_version; /* NULL or not a version = unknown, takes the newest */
};

/*
 * The plain door (SPEC 7): the newest release of the wish's channel that may be installed over
 * current_version (*out_newer), or, where that has nothing to take, the newest of all.
 * Errors: OTA_E_NOT_FOUND (no such platform, or nothing released), OTA_E_BUSY.
 */
OTA_MUST_CHECK ota_err fleet_newest(struct fleet *f, const struct fleet_wish *wish,
                                    struct arena *a, struct release *out, bool *out_newer);

#endif
