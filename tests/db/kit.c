/* A database of its own for each test. */
#include "kit.h"

#include <libpq-fe.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

extern char **environ;

static const char *socket_dir(void)
{
    const char *dir = getenv("OTAD_TEST_PG");
    if (dir == NULL) {
        fprintf(stderr, "OTAD_TEST_PG must name the folder of a cluster's socket\n");
        exit(1);
    }
    return dir;
}

static void conninfo(char out[256], const char *user, const char *database)
{
    const int n = snprintf(out, 256, "host=%s user=%s dbname=%s options='-c search_path=otad'",
                           socket_dir(), user, database);
    assert(n > 0 && n < 256);
}

void kit_sql_state(const char *info, const char *sql, char state[6])
{
    PGconn *conn = PQconnectdb(info);
    assert(PQstatus(conn) == CONNECTION_OK);
    PGresult *result = PQexec(conn, sql);
    const char *found = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    (void)snprintf(state, 6, "%s", found == NULL ? "00000" : found);
    PQclear(result);
    PQfinish(conn);
}

const char *kit_text(const struct kit *k, const char *sql)
{
    static char text[4096];
    PGconn *conn = PQconnectdb(k->super);
    PGresult *result = PQexec(conn, sql);
    const ExecStatusType status = PQresultStatus(result);
    if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK) {
        fprintf(stderr, "%s\n%s\n", sql, PQerrorMessage(conn));
        abort();
    }
    (void)snprintf(text, sizeof text, "%s",
                   PQntuples(result) > 0 ? PQgetvalue(result, 0, 0) : "");
    PQclear(result);
    PQfinish(conn);
    return text;
}

int64_t kit_sql(const struct kit *k, const char *sql)
{
    return strtoll(kit_text(k, sql), NULL, 10);
}

void kit_create(struct kit *k, const char *name)
{
    memset(k, 0, sizeof *k);
    (void)snprintf(k->name, sizeof k->name, "test_%s", name);
    conninfo(k->app, "otad_app", k->name);
    conninfo(k->jobs, "otad_jobs", k->name);
    conninfo(k->owner, "otad_owner", k->name);
    conninfo(k->super, "postgres", "postgres");
    char sql[160];
    (void)snprintf(sql, sizeof sql, "DROP DATABASE IF EXISTS %s WITH (FORCE)", k->name);
    (void)kit_sql(k, sql);
    (void)snprintf(sql, sizeof sql, "CREATE DATABASE %s OWNER otad_owner", k->name);
    (void)kit_sql(k, sql);
    conninfo(k->super, "postgres", k->name);
}

void kit_open_db(struct kit *k, uint32_t connections, uint32_t wait_ms)
{
    const struct db_config config = {.conninfo = k->app,
                                     .jobs_conninfo = k->jobs,
                                     .connections_max = connections,
                                     .wait_ms = wait_ms,
                                     .statement_ms = 20000,
                                     .silence_s = 60,
                                     .plain_devices_max = 1000};
    OK(db_open(&config, &k->db));
    arena_init(&k->arena, (size_t)64 << 20);
    k->scope =
        (struct db_scope){.db = k->db, .tenant_id = 1, .arena = &k->arena, .actor = "tester"};
}

void kit_open(struct kit *k, const char *name)
{
    int from = -1, to = -1;
    kit_create(k, name);
    OK(db_migrate(k->owner, &from, &to));
    assert(from == 0 && to >= 2);
    kit_open_db(k, 4, 20000);
}

void kit_close(struct kit *k)
{
    db_close(k->db);
    arena_done(&k->arena);
}

void kit_forget(struct kit *k)
{
    arena_done(&k->arena);
    arena_init(&k->arena, (size_t)64 << 20);
}

void kit_cluster(const char *verb)
{
    char command[] = "tests/db/pg_cluster", word[16], dir[512];
    char *argv[] = {command, word, dir, NULL};
    pid_t pid = 0;
    int status = -1;
    (void)snprintf(word, sizeof word, "%s", verb);
    (void)snprintf(dir, sizeof dir, "%s", socket_dir());
    assert(posix_spawn(&pid, command, NULL, NULL, argv, environ) == 0);
    assert(waitpid(pid, &status, 0) == pid && status == 0);
}
