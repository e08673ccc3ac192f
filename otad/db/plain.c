/*
 * Sessions of the plain door are updates like others; only what moves them differs.  Each
 * function locks the device, then the update.
 */
#include "plain.h"

#include <string.h>

#include "queries.h"
#include "read.h"
#include "update_inside.h"

static const char *const state_names[] = {
    [PLAIN_STARTED] = "started",       [PLAIN_DOWNLOADING] = "downloading",
    [PLAIN_INSTALLING] = "installing", [PLAIN_SUCCEEDED] = "succeeded",
    [PLAIN_FAILED] = "failed",
};

enum plain_state plain_state_parse(const char *text)
{
    for (enum plain_state s = PLAIN_STARTED; s <= PLAIN_FAILED; s++)
        if (strcmp(state_names[s], text) == 0)
            return s;
    return 0;
}

struct plain_op {
    const struct plain_report *report;
    int32_t id;
    uint32_t silence_s;
    int32_t *out_id;
};

/* The report in DDI's words. */
static struct feedback feedback_of(const struct plain_report *r, const char *const *detail)
{
    static const enum execution execution[] = {
        [PLAIN_STARTED] = EXECUTION_PROCEEDING,    [PLAIN_DOWNLOADING] = EXECUTION_DOWNLOAD,
        [PLAIN_INSTALLING] = EXECUTION_PROCEEDING, [PLAIN_SUCCEEDED] = EXECUTION_CLOSED,
        [PLAIN_FAILED] = EXECUTION_CLOSED,
    };
    struct feedback f = {.execution = execution[r->state],
                         .result = r->state == PLAIN_SUCCEEDED ? RESULT_SUCCESS
                                   : r->state == PLAIN_FAILED  ? RESULT_FAILURE
                                                               : RESULT_NONE,
                         .details = detail,
                         .detail_count = detail[0] != NULL};
    if (r->progress_percent >= 0) {
        f.progress_cnt = r->progress_percent;
        f.progress_of = 100;
    }
    return f;
}

static ota_err fail(struct db_tx *tx, int64_t device_no, int32_t id, const char *reason)
{
    const struct feedback f = {.execution = EXECUTION_CLOSED,
                               .result = RESULT_FAILURE,
                               .details = &reason,
                               .detail_count = 1};
    struct update closed;
    return update_feedback(tx, device_no, id, &f, &closed);
}

/* The device locked, made known if there is none and make is set. */
static ota_err device_find(struct db_tx *tx, const struct plain_report *r, int64_t platform_id,
                           bool make, struct device_locked *out)
{
    ota_err err = device_lock(tx, r->device, out);
    if (err == OTA_E_NOT_FOUND && make) {
        int64_t no = 0;
        err = device_make_plain(tx, r->device, platform_id, r->devices_max, &no);
        if (err == OTA_OK)
            err = device_lock_no(tx, no, out);
    }
    if (err != OTA_OK)
        return err;
    return out->plain && out->platform_id == platform_id ? OTA_OK
                                                         : tx_refuse(tx, DB_WHY_OTHER_DOOR);
}

static ota_err release_find(struct db_tx *tx, int64_t platform_id, const char *version,
                            int64_t *out_id)
{
    struct pg_args a = {0};
    struct pg_row row;
    arg_int(&a, platform_id);
    arg_text(&a, version);
    const ota_err err = tx_one(tx, Q_RELEASE_FOR_UPDATE, &a, &row);
    if (err == OTA_OK)
        *out_id = row_int(&row);
    return err == OTA_OK ? row.err : err;
}

static ota_err start(struct db_tx *tx, const struct plain_report *r, int64_t platform_id,
                     int32_t *out_id)
{
    struct device_locked d = {0};
    struct update u = {0};
    int64_t release_id = 0;
    int32_t open = 0;
    ota_err err = release_find(tx, platform_id, r->version, &release_id);
    if (err == OTA_OK)
        err = device_find(tx, r, platform_id, true, &d);
    if (err == OTA_OK)
        err = device_open_update(tx, d.no, &open);
    if (err == OTA_OK && open != 0)
        err = update_get(tx, open, &u);
    if (err == OTA_OK && open != 0 && u.release_id == release_id) {
        *out_id = open;
        return OTA_OK;
    }
    if (err == OTA_OK && open != 0)
        err = fail(tx, d.no, open, "superseded");
    const struct update_new fresh = {.release_id = release_id,
                                     .from_version =
                                         r->from_version != NULL ? r->from_version : d.version,
                                     .plain = true};
    if (err == OTA_OK)
        err = update_insert(tx, &d, &fresh, &u);
    *out_id = u.id;
    return err;
}

/* The session that is meant: by its number, else the open one; to this version. */
static ota_err session_find(struct db_tx *tx, const struct plain_report *r, int64_t device_no,
                            struct update *out)
{
    int32_t id = r->id;
    ota_err err = id != 0 ? OTA_OK : device_open_update(tx, device_no, &id);
    if (err == OTA_OK)
        err = id == 0 ? OTA_E_NOT_FOUND : update_get(tx, id, out);
    if (err != OTA_OK)
        return err;
    return out->device_no == device_no && strcmp(out->version, r->version) == 0
               ? OTA_OK
               : OTA_E_NOT_FOUND;
}

/* Whoever installs has downloaded, whether that was told or not. */
static bool skips_downloaded(const struct plain_report *r, const struct update *u)
{
    return r->state == PLAIN_INSTALLING && update_state_is_open(u->state) &&
           u->state < UPDATE_DOWNLOADED;
}

static ota_err go_on(struct db_tx *tx, const struct plain_report *r, int64_t platform_id,
                     int32_t *out_id)
{
    const char *installing = r->state == PLAIN_INSTALLING ? "installing" : NULL;
    const char *const detail[] = {r->reason != NULL ? r->reason : installing};
    const struct feedback f = feedback_of(r, detail);
    const struct feedback downloaded = {.execution = EXECUTION_DOWNLOADED,
                                        .result = RESULT_NONE};
    struct device_locked d = {0};
    struct update u = {0};
    ota_err err = device_find(tx, r, platform_id, false, &d);
    if (err == OTA_OK)
        err = session_find(tx, r, d.no, &u);
    if (err != OTA_OK)
        return err;
    *out_id = u.id;
    if (skips_downloaded(r, &u))
        err = update_feedback(tx, d.no, u.id, &downloaded, &u);
    return err == OTA_OK ? update_feedback(tx, d.no, u.id, &f, &u) : err;
}

static ota_err report_fn(struct db_tx *tx, void *arg)
{
    const struct plain_op *op = arg;
    const struct plain_report *r = op->report;
    int64_t platform_id = 0;
    const ota_err err = tx_platform(tx, r->platform, &platform_id);
    if (err != OTA_OK)
        return err;
    return r->state == PLAIN_STARTED ? start(tx, r, platform_id, op->out_id)
                                     : go_on(tx, r, platform_id, op->out_id);
}

ota_err db_plain_report(struct db_scope *s, const struct plain_report *report, int32_t *out_id)
{
    struct plain_op op = {.report = report, .out_id = out_id};
    return db_run(s, report_fn, &op);
}

static ota_err silence_fn(struct db_tx *tx, void *arg)
{
    const struct plain_op *op = arg;
    struct device_locked d = {0};
    struct pg_args ask = {0}, again = {0};
    struct pg_row row;
    arg_int(&ask, op->id);
    arg_int(&ask, op->silence_s);
    ota_err err = tx_one(tx, Q_UPDATE_IS_SILENT, &ask, &row);
    if (err != OTA_OK)
        return err == OTA_E_NOT_FOUND ? OTA_OK : err;
    err = device_lock_no(tx, row_int(&row), &d);
    arg_int(&again, op->id);
    arg_int(&again, op->silence_s);
    if (err == OTA_OK) /* it may have spoken before the lock was ours */
        err = tx_one(tx, Q_UPDATE_IS_SILENT, &again, &row);
    if (err == OTA_OK)
        err = fail(tx, d.no, op->id, "no-answer");
    return err == OTA_E_NOT_FOUND ? OTA_OK : err;
}

ota_err db_plain_silence(struct db_scope *s, int32_t id, uint32_t silence_s)
{
    struct plain_op op = {.id = id, .silence_s = silence_s};
    return db_run(s, silence_fn, &op);
}
