/* Each event is a transaction of its own: they are rare, and one that fails spoils no other. */
#include "feed_plain.h"

#include "otad/log.h"
#include "plain.h"
#include "queries.h"
#include "tx.h"

enum { BATCH_MAX = 200, BATCH_BYTES_MAX = 1024 * 1024, TX_BYTES_MAX = 1024 * 1024 };

static ota_err write_one(struct db *db, const struct fleet_plain *p)
{
    struct arena arena;
    arena_init(&arena, TX_BYTES_MAX);
    struct db_scope scope = {.db = db,
                             .tenant_id = p->tenant_id,
                             .arena = &arena,
                             .actor = p->actor,
                             .address = p->address};
    const struct plain_report report = {.device = p->device,
                                        .platform = p->platform,
                                        .state = p->kind == PLAIN_BEGINS ? PLAIN_STARTED
                                                                         : PLAIN_SUCCEEDED,
                                        .progress_percent = -1,
                                        .from_version = p->from_version,
                                        .version = p->version,
                                        .devices_max = db_plain_devices_max(db)};
    int32_t id = 0;
    const ota_err err = db_plain_report(&scope, &report, &id);
    if (err != OTA_OK && err != OTA_E_BUSY)
        log_warn("session-not-kept", LOG_STR("device", p->device), LOG_ERR(err),
                 LOG_STR("why", db_why_name(scope.why)));
    arena_done(&arena);
    return err;
}

ota_err feed_plain_write(struct db *db, struct fleet *fleet)
{
    ota_err busy = OTA_OK;
    for (size_t count = BATCH_MAX; busy == OTA_OK && count == BATCH_MAX;) {
        struct fleet_plain batch[BATCH_MAX];
        struct arena arena;
        arena_init(&arena, BATCH_BYTES_MAX);
        const ota_err err = fleet_take_plain(fleet, BATCH_MAX, &arena, batch, &count);
        for (size_t i = 0; err == OTA_OK && i < count; i++) {
            if (busy == OTA_OK && write_one(db, &batch[i]) == OTA_E_BUSY)
                busy = OTA_E_BUSY;
            if (busy != OTA_OK)
                fleet_return_plain(fleet, &batch[i]);
        }
        arena_done(&arena);
        if (err != OTA_OK)
            return err;
    }
    return busy;
}

static ota_err silence_one(struct db *db, int64_t tenant_id, int32_t id)
{
    struct arena arena;
    arena_init(&arena, TX_BYTES_MAX);
    struct db_scope scope = {.db = db, .tenant_id = tenant_id, .arena = &arena};
    const ota_err err = db_plain_silence(&scope, id, db_silence_s(db));
    arena_done(&arena);
    return err;
}

ota_err feed_plain_silence(struct db *db, struct pg *pg)
{
    struct arena arena;
    struct pg_args a = {0};
    struct pg_rows rows;
    if (db_silence_s(db) == 0)
        return OTA_OK;
    arena_init(&arena, BATCH_BYTES_MAX);
    arg_int(&a, db_silence_s(db));
    arg_int(&a, BATCH_MAX);
    ota_err err = pg_query(pg, Q_UPDATE_PLAIN_SILENT, &a, &rows);
    for (int i = 0; err == OTA_OK && i < rows.count; i++) {
        struct pg_row row = pg_row(&rows, i, &arena);
        const int64_t tenant_id = row_int(&row);
        const int32_t id = (int32_t)row_int(&row);
        err = row.err == OTA_OK ? silence_one(db, tenant_id, id) : row.err;
    }
    arena_done(&arena);
    return err;
}
