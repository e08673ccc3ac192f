#ifndef OTAD_DB_PG_H
#define OTAD_DB_PG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "firmware/image/err.h"
#include "otad/arena.h"

/*
 * One connection to PostgreSQL, for the files of db/ only.  pg.c alone sees libpq.  A
 * connection belongs to one thread at a time.
 */
struct pg;

struct pg_config {
    const char *conninfo;
    const char *name;      /* application_name, for who looks at the server; NULL = otad */
    uint32_t statement_ms; /* 0 = no limit */
    bool prepare;          /* every query of sql/queries, so that a stale one fails here */
};

/* Errors: OTA_E_IO (cannot connect), OTA_E_CONFLICT (a query does not fit the schema), both
 * logged; OTA_E_NO_MEMORY. */
OTA_MUST_CHECK ota_err pg_connect(const struct pg_config *config, struct pg **out);
void pg_close(struct pg *pg); /* NULL is allowed */

/* What the last failed call means for the transaction. */
enum pg_trouble {
    PG_NONE = 0,
    PG_RETRY, /* serialization failure or deadlock: the same transaction may succeed */
    PG_LOST   /* the connection is of no use any more */
};
enum pg_trouble pg_trouble(const struct pg *pg);

/* ---- arguments ----------------------------------------------------------------------------
 */

enum { PG_ARGS_MAX = 24 };

struct pg_args {
    int count;
    const char *value[PG_ARGS_MAX];
    int bytes[PG_ARGS_MAX];
    int is_binary[PG_ARGS_MAX];
    char number[PG_ARGS_MAX][24];
};

/* Strings and bytes are borrowed until the query has run; NULL is SQL's NULL. */
void arg_text(struct pg_args *a, const char *text);
void arg_bytes(struct pg_args *a, const void *bytes, size_t len);
void arg_int(struct pg_args *a, int64_t n);
void arg_bool(struct pg_args *a, bool b);

/* ---- queries ------------------------------------------------------------------------------
 */

/* Rows of the newest query; gone with the next query on the same connection. */
struct pg_rows {
    const void *result;
    int count;
    int64_t affected; /* rows that INSERT, UPDATE or DELETE touched, or SELECT returned */
};

/*
 * Run one prepared query; number is an enum query.  args may be NULL, out too.
 * Errors: OTA_E_CONFLICT (unique, foreign key or exclusion violated), OTA_E_FORMAT (check
 * violated), OTA_E_LIMIT (value too long), OTA_E_BUSY (timeout, resources, connection or
 * serialization: see pg_trouble), OTA_E_INTERNAL (anything else; logged).
 */
OTA_MUST_CHECK ota_err pg_query(struct pg *pg, int number, const struct pg_args *args,
                                struct pg_rows *out);

/* Fixed SQL without parameters: BEGIN, COMMIT, migrations.  Errors: as pg_query. */
OTA_MUST_CHECK ota_err pg_simple(struct pg *pg, const char *sql);

/* Fixed SQL that gives one number.  Errors: as pg_query. */
OTA_MUST_CHECK ota_err pg_number(struct pg *pg, const char *sql, int64_t *out);

/* Message of the last failure, for the log; never NULL. */
const char *pg_message(const struct pg *pg);

/* ---- reading a row, column by column ------------------------------------------------------
 */

/* The first trouble stays in err: OTA_E_LIMIT (arena full), OTA_E_INTERNAL (not what we
 * expect). */
struct pg_row {
    const struct pg_rows *rows;
    int row, column;
    struct arena *arena;
    ota_err err;
};

struct pg_row pg_row(const struct pg_rows *rows, int row, struct arena *arena);
const char *row_text(struct pg_row *r); /* NULL for SQL's NULL */
int64_t row_int(struct pg_row *r);      /* 0 for SQL's NULL */
bool row_bool(struct pg_row *r);
bool row_is_null(const struct pg_row *r); /* the next column; does not move on */
void row_skip(struct pg_row *r, int columns);
/* Exactly len bytes; SQL's NULL leaves out as it is. */
void row_bytes(struct pg_row *r, void *out, size_t len);
const uint8_t *row_blob(struct pg_row *r, size_t *out_len); /* NULL for SQL's NULL */

/* ---- rows one by one, and notifications ---------------------------------------------------
 */

typedef ota_err pg_each_fn(struct pg_row *row, void *arg);

/* As pg_query, each row handed to fn as it arrives; the row's arena is the caller's.  What fn
 * returns beyond OTA_OK ends the reading and is returned. */
OTA_MUST_CHECK ota_err pg_stream(struct pg *pg, int number, const struct pg_args *args,
                                 struct arena *arena, pg_each_fn *fn, void *arg);

/*
 * Wait until a notification arrives, wake_fd becomes readable, or time is up.
 * Errors: OTA_E_BUSY (connection lost).
 */
OTA_MUST_CHECK ota_err pg_wait(struct pg *pg, int wake_fd, int timeout_ms);

#endif
