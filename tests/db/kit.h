#ifndef TESTS_DB_KIT_H
#define TESTS_DB_KIT_H

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "otad/db/db.h"

/*
 * What every database test starts from: an empty database of its own in the cluster whose
 * socket is in OTAD_TEST_PG, migrated by otad, and a superuser to look behind the scenes.
 */
struct kit {
    char name[64];
    char app[256], jobs[256], owner[256], super[256]; /* conninfos */
    struct db *db;
    struct arena arena;
    struct db_scope scope; /* tenant DEFAULT, actor "tester" */
};

/* Creates the database test_<name>, migrates and opens it. */
void kit_open(struct kit *k, const char *name);
void kit_close(struct kit *k);

/* Only creates the database. */
void kit_create(struct kit *k, const char *name);
/* Opens it with these settings instead of the usual ones. */
void kit_open_db(struct kit *k, uint32_t connections, uint32_t wait_ms);

/* Memory of the calls until now is given back. */
void kit_forget(struct kit *k);

/* SQL by a role's conninfo; SQLSTATE into state ("00000" if it went well). */
void kit_sql_state(const char *conninfo, const char *sql, char state[6]);
/* It must go well; the first column of the first row as a number, 0 without one. */
int64_t kit_sql(const struct kit *k, const char *sql);
/* The first column of the first row as text, in a static buffer. */
const char *kit_text(const struct kit *k, const char *sql);

/* pg_cluster verb on the cluster of OTAD_TEST_PG. */
void kit_cluster(const char *verb);

#define OK(call)                                                                               \
    do {                                                                                       \
        const ota_err kit_err = (call);                                                        \
        if (kit_err != OTA_OK) {                                                               \
            fprintf(stderr, "%s:%d: %s: %s\n", __FILE__, __LINE__, #call,                      \
                    ota_err_name(kit_err));                                                    \
            abort();                                                                           \
        }                                                                                      \
    } while (0)

#define IS(call, wanted)                                                                       \
    do {                                                                                       \
        const ota_err kit_err = (call);                                                        \
        if (kit_err != (wanted)) {                                                             \
            fprintf(stderr, "%s:%d: %s: %s\n", __FILE__, __LINE__, #call,                      \
                    ota_err_name(kit_err));                                                    \
            abort();                                                                           \
        }                                                                                      \
    } while (0)

#endif
