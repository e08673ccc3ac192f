#ifndef OTAD_DB_TX_H
#define OTAD_DB_TX_H

#include "db.h"
#include "pg.h"

/*
 * Transactions, for the files of db/ only.  db_run takes a connection, begins, names the tenant
 * to row-level security, calls fn, records the changes fn told of, commits.  fn may run several
 * times: it writes nothing but its output, and that anew each time.
 */
struct db_tx {
    struct pg *pg;
    struct db_scope *scope;
    struct arena *arena;
    struct tx_changes *changes; /* to be recorded at the end; in the arena, NULL = none */
    struct tx_audits *audits;   /* likewise: see audit.h                                */
};

typedef ota_err db_fn(struct db_tx *tx, void *arg);

OTA_MUST_CHECK ota_err db_run(struct db_scope *scope, db_fn *fn, void *arg);

/* One query in it.  Errors: as pg_query; a unique violation also sets why to already-exists. */
OTA_MUST_CHECK ota_err tx_query(struct db_tx *tx, int number, const struct pg_args *args,
                                struct pg_rows *out);

/* As tx_query, but exactly one row is wanted.  Errors: also OTA_E_NOT_FOUND. */
OTA_MUST_CHECK ota_err tx_one(struct db_tx *tx, int number, const struct pg_args *args,
                              struct pg_row *out);

/* As tx_query, but something must have been touched.  Errors: also OTA_E_NOT_FOUND. */
OTA_MUST_CHECK ota_err tx_touch(struct db_tx *tx, int number, const struct pg_args *args);

/* Lists with filters that may be absent: what follows is planned for the arguments it has, so
 * that an index serves them.  Errors: as pg_query. */
OTA_MUST_CHECK ota_err tx_plan_anew(struct db_tx *tx);

/* The kinds of the change table. */
enum change_kind {
    CHANGE_DEVICE = 1,
    CHANGE_UPDATE,
    CHANGE_RELEASE,
    CHANGE_PLATFORM,
    CHANGE_API_KEY,
    CHANGE_GATEWAY,
    CHANGE_ACCOUNT, /* its roles, too */
    CHANGE_ROLE,
    CHANGE_LINK
};

/* Tell every otad's memory model of it with this commit.  Errors: OTA_E_LIMIT. */
OTA_MUST_CHECK ota_err tx_change(struct db_tx *tx, enum change_kind kind, int64_t key);

/* The id of a platform by name or alias.  Errors: OTA_E_NOT_FOUND. */
OTA_MUST_CHECK ota_err tx_platform(struct db_tx *tx, const char *name, int64_t *out);
/* The same, and its row is ours until commit. */
OTA_MUST_CHECK ota_err tx_platform_lock(struct db_tx *tx, const char *name, int64_t *out);

/* scope->actor, or "otad". */
const char *tx_actor(const struct db_tx *tx);

/* An id as argument; 0 is SQL's NULL. */
void arg_id(struct pg_args *a, int64_t id);

/* OTA_E_CONFLICT for this reason. */
ota_err tx_refuse(struct db_tx *tx, enum db_why why);

/* "{"a","b"}", an array literal for a text[] argument.  NULL if the arena is full. */
const char *tx_array(struct arena *arena, const char *const *text, size_t count);

/* Split at single spaces; the texts stay in place.  Errors: OTA_E_LIMIT. */
OTA_MUST_CHECK ota_err tx_split(struct arena *arena, const char *text, struct db_names *out);

/*
 * A list as an array in the arena: read fills one element of size bytes.
 * Errors: OTA_E_LIMIT, and what read left in row->err.
 */
typedef void row_read_fn(struct pg_row *row, void *element);
OTA_MUST_CHECK ota_err tx_list(struct db_tx *tx, const struct pg_rows *rows, size_t size,
                               row_read_fn *read, void **out, size_t *out_count);

/* Clamped to 1..200. */
int64_t page_limit(const struct db_page *page);

/* The jobs connection settings of db, for feed.c. */
struct pg_config db_jobs_config(const struct db *db);
/* As configured; 0 = for ever. */
uint32_t db_download_log_days(const struct db *db);
uint32_t db_silence_s(const struct db *db);
uint32_t db_plain_devices_max(const struct db *db);

#endif
