#ifndef OTAD_DB_AUDIT_H
#define OTAD_DB_AUDIT_H

#include "audit_log.h"
#include "tx.h"

/*
 * The audit log (SPEC 8.16), for the files of db/: one entry per change, appended by the
 * database itself in the transaction of the change, chained by hashes and numbered without
 * gaps.  Who and from where come from the scope (actor, address).
 *
 *     ota_err err = tx_query(tx, Q_ROLE_PUT, &a, NULL);
 *     if (err == OTA_OK)
 *         err = tx_audit(tx, &(struct audit){.action = "role.change", .object = role->name,
 *                                            .before = before, .after = after});
 *
 * before and after are JSON objects, small and without any secret (no token, hash, password,
 * key): made by AUDIT_OBJECT or read by a query (jsonb_build_object(...)::text).  Members that
 * are equal in both are left out by the database, and when both are given and nothing differs
 * no entry is made: a write that is repeated and changes nothing is no change.  One of them
 * alone: the thing was made (after) or is gone (before).  Neither: the action says it all.
 */

/*
 * Append *entry with the commit of this transaction.  The strings must live until then:
 * constants or tx->arena; strings from a row do. Errors: OTA_E_LIMIT (arena full, or more than
 * AUDIT_TX_MAX entries in one transaction).
 */
OTA_MUST_CHECK ota_err tx_audit(struct db_tx *tx, const struct audit *entry);

enum { AUDIT_TX_MAX = 16, AUDIT_OBJECT_BYTES_MAX = 8192 };

/* What waits for the commit of one transaction (tx.c). */
struct tx_audits {
    int count;
    struct audit entry[AUDIT_TX_MAX];
};

/* Append them now (tx.c, last of all).  Errors: as tx_query. */
OTA_MUST_CHECK ota_err audit_flush(struct db_tx *tx);

/* ---- what something is like -----------------------------------------------------------------
 */

/* As a query of sql/queries/audit.sql tells it; all NULL when there is no such row. */
struct audit_look {
    const char *object, *platform, *json;
};

/* query: Q_AUDIT_RELEASE, ...: object, platform, JSON by an id. */
OTA_MUST_CHECK ota_err tx_audit_look(struct db_tx *tx, int query, int64_t id,
                                     struct audit_look *out);

/* The entry of a change to what that query shows: before is how it looked, NULL when it did not
 * exist; after is how it looks now. */
OTA_MUST_CHECK ota_err tx_audit_since(struct db_tx *tx, const char *action,
                                      const struct audit_look *before, int query, int64_t id);

/* ---- small objects -------------------------------------------------------------------------
 */

enum audit_kind {
    AUDIT_KIND_END = 0,
    AUDIT_KIND_TEXT, /* NULL = null                            */
    AUDIT_KIND_INT,
    AUDIT_KIND_BOOL,
    AUDIT_KIND_TIME, /* unix seconds, 0 = null                 */
    AUDIT_KIND_LIST, /* of texts                               */
    AUDIT_KIND_HEX,  /* text points to number bytes            */
    AUDIT_KIND_RAW   /* JSON already (a jsonb column), NULL = null */
};

struct audit_field {
    const char *name;
    enum audit_kind kind;
    const char *text;
    int64_t number;
    const struct db_names *list;
};

#define AUDIT_TEXT(n, v) ((struct audit_field){(n), AUDIT_KIND_TEXT, (v), 0, NULL})
#define AUDIT_INT(n, v)  ((struct audit_field){(n), AUDIT_KIND_INT, NULL, (int64_t)(v), NULL})
#define AUDIT_BOOL(n, v) ((struct audit_field){(n), AUDIT_KIND_BOOL, NULL, (v), NULL})
#define AUDIT_TIME(n, v) ((struct audit_field){(n), AUDIT_KIND_TIME, NULL, (int64_t)(v), NULL})
#define AUDIT_LIST(n, v) ((struct audit_field){(n), AUDIT_KIND_LIST, NULL, 0, (v)})
#define AUDIT_HEX(n, v, len)                                                                   \
    ((struct audit_field){(n), AUDIT_KIND_HEX, (const char *)(v), (int64_t)(len), NULL})
#define AUDIT_RAW(n, v) ((struct audit_field){(n), AUDIT_KIND_RAW, (v), 0, NULL})

/* A JSON object in the arena; NULL if that is full, which tx_audit takes for OTA_E_LIMIT when
 * tx->arena->full is set. */
const char *audit_object(struct arena *arena, const struct audit_field *field);
#define AUDIT_OBJECT(tx, ...)                                                                  \
    audit_object((tx)->arena, (const struct audit_field[]){__VA_ARGS__, {0}})

#endif
