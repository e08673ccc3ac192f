#ifndef OTAD_DB_DB_H
#define OTAD_DB_DB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "firmware/image/err.h"
#include "otad/arena.h"

/*
 * PostgreSQL behind a bounded pool of connections.  Every db_<noun>_* function is exactly one
 * transaction under row-level security for one tenant; serialization failures, deadlocks and
 * connections that broke before COMMIT was sent are retried here.  Rows are copied into the
 * scope's arena; no PGresult outlives the call.
 *
 * Errors of every db_* function, beyond those it names:
 *   OTA_E_BUSY     no connection in time, the database is away, or the outcome of a COMMIT is
 *                  unknown: answer 503 with Retry-After.  Every write may be repeated: it is
 *                  keyed or changes nothing the second time.
 *   OTA_E_LIMIT    the arena is full, or a value is longer than its column
 *   OTA_E_INTERNAL our bug
 */
struct db;

struct db_config {
    const char *conninfo;       /* libpq; the role that owns nothing (otad_app)            */
    const char *jobs_conninfo;  /* libpq; the role of cross-tenant jobs (otad_jobs)        */
    uint32_t connections_max;   /* of the pool; feed.h has three of its own beside it      */
    uint32_t wait_ms;           /* how long a call waits for a free connection             */
    uint32_t statement_ms;      /* longest a statement may run                             */
    uint32_t download_log_days; /* older entries are deleted by the feed; 0 = none are     */
    uint32_t silence_s;         /* plain sessions close when so long nothing came; 0 = never */
    uint32_t plain_devices_max; /* devices known by such sessions, of one tenant           */
};

/* Why a write was refused.  The names are the stable codes of problem documents (SPEC 8). */
enum db_why {
    DB_WHY_NONE = 0,
    DB_WHY_EXISTS,             /* "already-exists": the name is taken                     */
    DB_WHY_DIFFERS,            /* "release-differs"                                       */
    DB_WHY_INCOMPLETE,         /* "incomplete"                                            */
    DB_WHY_WITHDRAWN,          /* "withdrawn"                                             */
    DB_WHY_ALREADY_RELEASED,   /* "already-released": on stable, may not move to beta     */
    DB_WHY_VERSION_TOO_LOW,    /* "version-too-low"                                       */
    DB_WHY_COUNTER_TOO_LOW,    /* "counter-too-low"                                       */
    DB_WHY_SAME_VERSION,       /* "same-version"                                          */
    DB_WHY_UPDATE_IN_PROGRESS, /* "update-in-progress"                                    */
    DB_WHY_CLOSED,             /* "closed": the update is closed (DDI: 410)               */
    DB_WHY_NO_PLATFORM,        /* "no-platform": the device's platform is not known       */
    DB_WHY_SEQUENCE_TOO_LOW,   /* "sequence-too-low"                                      */
    DB_WHY_WRONG_CLASS,        /* "wrong-class": the manifest is for other hardware       */
    DB_WHY_NOT_OFFERED,        /* "not-offered": the channel no longer offers it          */
    DB_WHY_BELOW_MINIMUM,      /* "version-below-minimum": a step between is needed       */
    DB_WHY_NOT_RELEASED,       /* "not-released": it is on no channel yet                 */
    DB_WHY_OTHER_DOOR,         /* "other-door": of DDI, or of the plain door              */
    DB_WHY_TOO_MANY,           /* "too-many": attributes, devices, ...                    */
    DB_WHY_LAST_ADMIN,         /* "last-admin": nobody would be left to manage people     */
    DB_WHY_TOTP_ON,            /* "totp-on": there is a second factor already             */
    DB_WHY_TOTP_OFF,           /* "totp-off": there is none, or none that waits           */
    DB_WHY_NO_ROLE,            /* "no-role": a role is unknown                            */
    DB_WHY_BUILT_IN,           /* "built-in": the role is otad's own                      */
    DB_WHY_IN_USE,             /* "in-use": somebody has the role                         */
    DB_WHY_TOO_MANY_PLATFORMS, /* "too-many-platforms": more than ROLE_PLATFORMS_MAX      */
    DB_WHY_NOT_IN_TARGETS,     /* "not-in-targets": the platform's signed role lists it not */
    DB_WHY_OTHER_CHANNEL,      /* "other-channel": it lists it for beta alone             */
    DB_WHY_COUNT
};
const char *db_why_name(enum db_why why); /* never NULL */

/* In whose name a call is made, where its rows go, and why it was refused. */
struct db_scope {
    struct db *db;
    int64_t tenant_id;
    struct arena *arena;
    const char *actor;   /* for created_by: user name, "key:ci", "device"; NULL = "otad"  */
    const char *rights;  /* the caller's (permission_rights), for row-level security;
                            NULL = otad itself, which may all                             */
    const char *address; /* where the caller is, for the audit log; NULL = nowhere        */
    enum db_why why;     /* written by the call when it returns OTA_E_CONFLICT or _LIMIT   */
};

struct db_names {
    size_t count;
    const char *const *v;
};

/* One page of a list, keyset by the list's own order. */
struct db_page {
    uint32_t limit;         /* 1 to 200 */
    int64_t after_id;       /* lists by id: 0 = from the start */
    const char *after_text; /* lists by name: NULL = from the start */
};

/*
 * Connect once and prepare every query, so that a schema that does not fit fails here; the
 * pool's other connections follow on demand.  Lost connections are made again by themselves.
 * Strings of config are copied.
 * Errors: OTA_E_IO (cannot connect), OTA_E_CONFLICT (the schema is not ours), OTA_E_NO_MEMORY;
 * the reason goes to the log.
 */
OTA_MUST_CHECK ota_err db_open(const struct db_config *config, struct db **out);
void db_close(struct db *db);

/* How the pool is used just now. */
struct db_stats {
    uint32_t connections_max, used, idle;
};
void db_stats(struct db *db, struct db_stats *out);

/* Does the database answer?  For /readyz.  Errors: OTA_E_BUSY. */
OTA_MUST_CHECK ota_err db_ready(struct db *db);

/*
 * Bring the database to this binary's schema, as its owner: each missing migration in one
 * transaction, under an advisory lock.  *out_from, *out_to: schema versions before and after.
 * Errors: OTA_E_IO (cannot connect, or a migration failed), OTA_E_CONFLICT (the database is
 * newer than this binary); the reason goes to the log.
 */
OTA_MUST_CHECK ota_err db_migrate(const char *owner_conninfo, int *out_from, int *out_to);

#endif
