/*
 * Bringing a database to this binary's schema.  Each migration is one transaction that also
 * writes its row of schema_version, under an advisory lock held for the session, so that
 * several otad may start at once.  Its queries are not prepared: in an empty database nothing
 * fits yet.
 */
#include "migrations.h"
#include "otad/log.h"
#include "tx.h"

#include <inttypes.h>
#include <stdio.h>

/* A number of our own, the same in every otad. */
#define MIGRATION_LOCK "SELECT pg_advisory_lock(7309453201)"

static ota_err version_now(struct pg *pg, int *out)
{
    int64_t n = 0;
    ota_err err =
        pg_number(pg, "SELECT (to_regclass('otad.schema_version') IS NOT NULL)::int", &n);
    if (err == OTA_OK && n == 1)
        err = pg_number(pg, "SELECT coalesce(max(version), 0) FROM otad.schema_version", &n);
    if (err == OTA_OK)
        *out = (int)n;
    return err;
}

static ota_err apply(struct pg *pg, int index)
{
    char record[160];
    (void)snprintf(record, sizeof record,
                   "INSERT INTO otad.schema_version (version, name) VALUES (%d, '%s')",
                   migration_table[index].number, migration_table[index].name);
    ota_err err = pg_simple(pg, "BEGIN");
    if (err == OTA_OK)
        err = pg_simple(pg, migration_table[index].text);
    if (err == OTA_OK)
        err = pg_simple(pg, record);
    if (err == OTA_OK)
        err = pg_simple(pg, "COMMIT");
    if (err != OTA_OK) {
        log_error("migration-failed", LOG_STR("name", migration_table[index].name),
                  LOG_STR("message", pg_message(pg)));
        return OTA_E_IO;
    }
    log_info("migrated", LOG_STR("name", migration_table[index].name));
    return OTA_OK;
}

static ota_err migrate(struct pg *pg, int *out_from, int *out_to)
{
    int from = 0;
    ota_err err = pg_simple(pg, MIGRATION_LOCK);
    if (err == OTA_OK)
        err = version_now(pg, &from);
    if (err != OTA_OK) {
        log_error("schema-version-unreadable", LOG_STR("message", pg_message(pg)));
        return OTA_E_IO;
    }
    if (from > MIGRATION_COUNT) {
        log_error("database-is-newer-than-this-otad", LOG_INT("database", from),
                  LOG_INT("otad", MIGRATION_COUNT));
        return OTA_E_CONFLICT;
    }
    for (int i = from; i < MIGRATION_COUNT; i++) {
        err = apply(pg, i);
        if (err != OTA_OK)
            return err;
    }
    *out_from = from;
    *out_to = MIGRATION_COUNT;
    return OTA_OK;
}

ota_err db_migrate(const char *owner_conninfo, int *out_from, int *out_to)
{
    const struct pg_config config = {.conninfo = owner_conninfo, .prepare = false};
    struct pg *pg = NULL;
    ota_err err = pg_connect(&config, &pg);
    if (err != OTA_OK)
        return err;
    err = migrate(pg, out_from, out_to);
    pg_close(pg);
    return err;
}
