/*
 * The only file that sees libpq.  A connection holds at most one result, cleared by its next
 * query, so that nobody above has anything to release.  Every failure is mapped once, here,
 * from SQLSTATE to what the caller can do about it.
 */
#include "pg.h"

#include <errno.h>
#include <inttypes.h>
#include <libpq-fe.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "otad/log.h"
#include "queries.h"

struct pg {
    PGconn *conn;
    PGresult *result;
    enum pg_trouble trouble;
    char message[512];
};

static void forget_result(struct pg *pg)
{
    PQclear(pg->result);
    pg->result = NULL;
}

/* libpq's message without its line ends, kept because the connection's own is overwritten. */
static void keep_message(struct pg *pg, const char *text)
{
    size_t n = 0;
    for (; text[n] != '\0' && n < sizeof pg->message - 1; n++)
        pg->message[n] = (char)((unsigned char)text[n] < 0x20 ? ' ' : text[n]);
    while (n > 0 && pg->message[n - 1] == ' ')
        n--;
    pg->message[n] = '\0';
}

const char *pg_message(const struct pg *pg)
{
    return pg->message;
}

enum pg_trouble pg_trouble(const struct pg *pg)
{
    return pg->trouble;
}

/* SQLSTATE, or the first characters of it, and what it means. */
static const struct {
    const char *state;
    ota_err err;
    enum pg_trouble trouble;
} meaning[] = {
    {"40001", OTA_E_BUSY, PG_RETRY},    /* serialization failure                    */
    {"40P01", OTA_E_BUSY, PG_RETRY},    /* deadlock                                 */
    {"0A000", OTA_E_BUSY, PG_LOST},     /* cached plan of an older schema           */
    {"08", OTA_E_BUSY, PG_LOST},        /* connection                               */
    {"57P", OTA_E_BUSY, PG_LOST},       /* shutdown, crash, not yet started         */
    {"25P03", OTA_E_BUSY, PG_LOST},     /* idle in transaction for too long         */
    {"25006", OTA_E_BUSY, PG_LOST},     /* read only: a standby                     */
    {"57014", OTA_E_BUSY, PG_NONE},     /* statement timeout                        */
    {"55P03", OTA_E_BUSY, PG_NONE},     /* lock timeout                             */
    {"53", OTA_E_BUSY, PG_NONE},        /* disk full, out of memory, ...            */
    {"23505", OTA_E_CONFLICT, PG_NONE}, /* unique                                   */
    {"23503", OTA_E_CONFLICT, PG_NONE}, /* foreign key                              */
    {"23514", OTA_E_FORMAT, PG_NONE},   /* check                                    */
    {"42501", OTA_E_DENIED, PG_NONE},   /* row-level security, or a missing grant   */
    {"22001", OTA_E_LIMIT, PG_NONE},    /* too long                                 */
    {"22021", OTA_E_FORMAT, PG_NONE},   /* not UTF-8                                */
};

static ota_err failed(struct pg *pg, const PGresult *result)
{
    const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    keep_message(pg, result == NULL ? PQerrorMessage(pg->conn) : PQresultErrorMessage(result));
    if (PQstatus(pg->conn) != CONNECTION_OK || state == NULL) {
        pg->trouble = PG_LOST;
        return OTA_E_BUSY;
    }
    for (size_t i = 0; i < sizeof meaning / sizeof meaning[0]; i++) {
        if (strncmp(state, meaning[i].state, strlen(meaning[i].state)) == 0) {
            pg->trouble = meaning[i].trouble;
            if (meaning[i].err == OTA_E_DENIED) /* what otad should have refused itself */
                log_warn("sql-denied", LOG_STR("message", pg->message));
            return meaning[i].err;
        }
    }
    log_bug("sql", LOG_STR("state", state), LOG_STR("message", pg->message));
    return OTA_E_INTERNAL;
}

/* Takes over result. */
static ota_err accept_result(struct pg *pg, PGresult *result)
{
    forget_result(pg);
    pg->trouble = PG_NONE;
    pg->result = result;
    const ExecStatusType status = result == NULL ? PGRES_FATAL_ERROR : PQresultStatus(result);
    if (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK || status == PGRES_SINGLE_TUPLE)
        return OTA_OK;
    return failed(pg, result);
}

/* ---- connecting ----------------------------------------------------------------------------
 */

static ota_err prepare_all(struct pg *pg)
{
    for (int q = 0; q < Q_COUNT; q++) {
        const ota_err err = accept_result(
            pg, PQprepare(pg->conn, query_table[q].name, query_table[q].text, 0, NULL));
        if (err == OTA_E_BUSY)
            return OTA_E_IO;
        if (err != OTA_OK) {
            log_error("query-does-not-fit-schema", LOG_STR("query", query_table[q].name),
                      LOG_STR("message", pg->message));
            return OTA_E_CONFLICT;
        }
    }
    forget_result(pg);
    return OTA_OK;
}

static void ignore_notice(void *arg, const char *message)
{
    (void)arg;
    (void)message;
}

static PGconn *connect_with(const struct pg_config *config)
{
    char options[256];
    (void)snprintf(
        options, sizeof options,
        "-c search_path=otad -c bytea_output=hex -c TimeZone=UTC -c DateStyle=ISO "
        "-c client_min_messages=warning -c idle_in_transaction_session_timeout=60000 "
        "-c statement_timeout=%" PRIu32,
        config->statement_ms);
    const char *name = config->name == NULL ? "otad" : config->name;
    /* Later ones win: what stands behind dbname cannot be changed by the conninfo. */
    const char *const key[] = {"connect_timeout",
                               "tcp_user_timeout",
                               "application_name",
                               "dbname",
                               "options",
                               "client_encoding",
                               NULL};
    const char *const value[] = {"5", "10000", name, config->conninfo, options, "UTF8", NULL};
    return PQconnectdbParams(key, value, 1);
}

/* Many threads try again and again: one of them says so, once a second. */
static void tell_unreachable(const char *message)
{
    static atomic_llong told_s;
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    if (atomic_exchange(&told_s, (long long)now.tv_sec) != (long long)now.tv_sec)
        log_warn("database-unreachable", LOG_STR("message", message));
}

ota_err pg_connect(const struct pg_config *config, struct pg **out)
{
    struct pg *pg = calloc(1, sizeof *pg);
    if (pg == NULL)
        return OTA_E_NO_MEMORY;
    pg->conn = connect_with(config);
    ota_err err = OTA_OK;
    if (PQstatus(pg->conn) != CONNECTION_OK) {
        keep_message(pg, PQerrorMessage(pg->conn));
        tell_unreachable(pg->message);
        err = OTA_E_IO;
    } else {
        (void)PQsetNoticeProcessor(pg->conn, ignore_notice, NULL);
        if (config->prepare)
            err = prepare_all(pg);
    }
    if (err != OTA_OK) {
        pg_close(pg);
        return err;
    }
    *out = pg;
    return OTA_OK;
}

void pg_close(struct pg *pg)
{
    if (pg == NULL)
        return;
    forget_result(pg);
    PQfinish(pg->conn);
    free(pg);
}

/* ---- arguments ----------------------------------------------------------------------- */

static int arg_next(struct pg_args *a)
{
    if (a->count >= PG_ARGS_MAX)
        abort(); /* more arguments than any query has: ours */
    return a->count++;
}

void arg_text(struct pg_args *a, const char *text)
{
    const int i = arg_next(a);
    a->value[i] = text;
    a->is_binary[i] = 0;
}

void arg_bytes(struct pg_args *a, const void *bytes, size_t len)
{
    const int i = arg_next(a);
    a->value[i] = bytes;
    a->bytes[i] = (int)len;
    a->is_binary[i] = 1;
}

void arg_int(struct pg_args *a, int64_t n)
{
    const int i = arg_next(a);
    (void)snprintf(a->number[i], sizeof a->number[i], "%" PRId64, n);
    a->value[i] = a->number[i];
    a->is_binary[i] = 0;
}

void arg_bool(struct pg_args *a, bool b)
{
    arg_text(a, b ? "t" : "f");
}

/* ---- queries ------------------------------------------------------------------------- */

ota_err pg_query(struct pg *pg, int number, const struct pg_args *args, struct pg_rows *out)
{
    static const struct pg_args none = {0};
    const struct pg_args *a = args == NULL ? &none : args;
    const ota_err err =
        accept_result(pg, PQexecPrepared(pg->conn, query_table[number].name, a->count, a->value,
                                         a->bytes, a->is_binary, 0));
    if (err == OTA_OK && out != NULL) {
        *out = (struct pg_rows){
            .result = pg->result,
            .count = PQntuples(pg->result),
            .affected = strtoll(PQcmdTuples(pg->result), NULL, 10),
        };
    }
    return err;
}

ota_err pg_simple(struct pg *pg, const char *sql)
{
    const ota_err err = accept_result(pg, PQexec(pg->conn, sql));
    forget_result(pg);
    return err;
}

ota_err pg_number(struct pg *pg, const char *sql, int64_t *out)
{
    const ota_err err = accept_result(pg, PQexec(pg->conn, sql));
    if (err != OTA_OK)
        return err;
    const struct pg_rows rows = {.result = pg->result, .count = PQntuples(pg->result)};
    struct pg_row row = pg_row(&rows, 0, NULL);
    const int64_t n = rows.count == 1 ? row_int(&row) : 0;
    forget_result(pg);
    if (rows.count != 1 || row.err != OTA_OK)
        return OTA_E_INTERNAL;
    *out = n;
    return OTA_OK;
}

/* ---- rows ---------------------------------------------------------------------------- */

struct pg_row pg_row(const struct pg_rows *rows, int row, struct arena *arena)
{
    return (struct pg_row){.rows = rows, .row = row, .arena = arena};
}

bool row_is_null(const struct pg_row *r)
{
    return PQgetisnull(r->rows->result, r->row, r->column) != 0;
}

void row_skip(struct pg_row *r, int columns)
{
    r->column += columns;
}

/* The next column as libpq's text, or NULL. */
static const char *row_next(struct pg_row *r)
{
    const int column = r->column++;
    if (column >= PQnfields(r->rows->result)) {
        r->err = OTA_E_INTERNAL;
        return NULL;
    }
    if (PQgetisnull(r->rows->result, r->row, column) != 0)
        return NULL;
    return PQgetvalue(r->rows->result, r->row, column);
}

const char *row_text(struct pg_row *r)
{
    const char *text = row_next(r);
    if (text == NULL)
        return NULL;
    const char *copy = arena_strdup(r->arena, text);
    if (copy == NULL)
        r->err = OTA_E_LIMIT;
    return copy;
}

int64_t row_int(struct pg_row *r)
{
    const char *text = row_next(r);
    if (text == NULL)
        return 0;
    char *end = NULL;
    errno = 0;
    const long long n = strtoll(text, &end, 10);
    if (errno != 0 || end == text || *end != '\0')
        r->err = OTA_E_INTERNAL;
    return n;
}

bool row_bool(struct pg_row *r)
{
    const char *text = row_next(r);
    return text != NULL && text[0] == 't';
}

static int nibble(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* "\x0123": bytea as text.  False if it is not n bytes of it. */
static bool unhex(const char *text, uint8_t *out, size_t n)
{
    if (text[0] != '\\' || text[1] != 'x' || strlen(text) != 2 + 2 * n)
        return false;
    for (size_t i = 0; i < n; i++) {
        const int high = nibble(text[2 + 2 * i]), low = nibble(text[3 + 2 * i]);
        if (high < 0 || low < 0)
            return false;
        out[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

void row_bytes(struct pg_row *r, void *out, size_t len)
{
    const char *text = row_next(r);
    if (text != NULL && !unhex(text, out, len))
        r->err = OTA_E_INTERNAL;
}

const uint8_t *row_blob(struct pg_row *r, size_t *out_len)
{
    *out_len = 0;
    const char *text = row_next(r);
    if (text == NULL)
        return NULL;
    const size_t chars = strlen(text);
    const size_t n = chars < 2 ? 0 : (chars - 2) / 2;
    uint8_t *copy = arena_alloc(r->arena, n);
    if (copy == NULL) {
        r->err = OTA_E_LIMIT;
        return NULL;
    }
    if (!unhex(text, copy, n))
        r->err = OTA_E_INTERNAL;
    *out_len = n;
    return copy;
}

/* ---- streaming and notifications ----------------------------------------------------- */

/* One row of the stream into fn; *out_more false at its end. */
static ota_err stream_one(struct pg *pg, struct arena *arena, pg_each_fn *fn, void *arg,
                          bool *out_more)
{
    PGresult *result = PQgetResult(pg->conn);
    *out_more = result != NULL;
    if (result == NULL)
        return OTA_OK;
    ota_err err = accept_result(pg, result);
    if (err != OTA_OK || PQresultStatus(result) != PGRES_SINGLE_TUPLE)
        return err;
    const struct pg_rows rows = {.result = result, .count = 1};
    struct pg_row row = pg_row(&rows, 0, arena);
    err = fn(&row, arg);
    return err != OTA_OK ? err : row.err;
}

ota_err pg_stream(struct pg *pg, int number, const struct pg_args *args, struct arena *arena,
                  pg_each_fn *fn, void *arg)
{
    static const struct pg_args none = {0};
    const struct pg_args *a = args == NULL ? &none : args;
    forget_result(pg);
    if (PQsendQueryPrepared(pg->conn, query_table[number].name, a->count, a->value, a->bytes,
                            a->is_binary, 0) != 1)
        return failed(pg, NULL);
    (void)PQsetSingleRowMode(pg->conn);
    ota_err err = OTA_OK;
    for (bool more = true; more && err == OTA_OK;)
        err = stream_one(pg, arena, fn, arg, &more);
    /* What is left is read and dropped, so that the connection stays usable. */
    for (PGresult *rest = NULL; err != OTA_OK && (rest = PQgetResult(pg->conn)) != NULL;)
        PQclear(rest);
    return err;
}

ota_err pg_wait(struct pg *pg, int wake_fd, int timeout_ms)
{
    struct pollfd fd[2] = {{.fd = PQsocket(pg->conn), .events = POLLIN},
                           {.fd = wake_fd, .events = POLLIN}};
    (void)poll(fd, 2, timeout_ms);
    if (PQconsumeInput(pg->conn) != 1)
        return failed(pg, NULL);
    for (PGnotify *n = PQnotifies(pg->conn); n != NULL; n = PQnotifies(pg->conn))
        PQfreemem(n);
    return OTA_OK;
}
