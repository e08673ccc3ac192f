/*
 * The audit log (SPEC 8.16): lists, exports, its head; and how often a refused sign-in is told
 * to it, so that guessing cannot fill it.
 */
#include "audit.h"

#include <pthread.h>

#include "export.h"
#include "filter.h"
#include "otad/log.h"
#include "write_record.h"

ota_err api_audit_list(struct http_request *rq, struct http_response *rs)
{
    struct db_scope scope = api_scope(rq);
    struct audit_filter filter = {.actor = api_query(rq, "actor"),
                                  .action = api_query(rq, "action"),
                                  .platform = api_query(rq, "platform"),
                                  .object = api_query(rq, "object")};
    struct when_range range;
    struct db_page page;
    struct audit_entry *e = NULL;
    size_t count = 0;
    ota_err err = api_page(rq, rs, API_BY_ID, &page);
    if (err == OTA_OK)
        err = api_when(rq, rs, &range);
    if (err != OTA_OK)
        return err;
    filter.from_unix_s = range.from_unix_s;
    filter.to_unix_s = range.to_unix_s;
    err = db_audit_list(&scope, &filter, &page, &e, &count);
    if (err != OTA_OK)
        return api_db_problem(rq, rs, err, &scope, "entry");
    struct json_out o;
    api_list_begin(rq, &o);
    for (size_t i = 0; i < count; i++)
        if (api_may(rq, PERM_AUDIT_READ, e[i].platform))
            write_audit_entry(&o, NULL, &e[i]);
    return api_list_end(rq, rs, &o, count == page.limit, count > 0 ? e[count - 1].seq : 0,
                        NULL);
}

static ota_err export_page(struct export_page *page, void *arg)
{
    const struct audit_filter *filter = arg;
    const struct db_page want = {.limit = page->limit, .after_id = page->after_id};
    struct audit_entry *e = NULL;
    size_t count = 0;
    ota_err err = db_audit_list(&page->scope, filter, &want, &e, &count);
    for (size_t i = 0; i < count && err == OTA_OK; i++) {
        write_audit_entry(export_row(page), NULL, &e[i]);
        err = export_row_end(page);
    }
    if (err == OTA_OK && count == page->limit)
        export_next(page, e[count - 1].seq);
    return err;
}

ota_err api_audit_export(struct http_request *rq, struct http_response *rs)
{
    static const char *const columns[] = {"seq",    "at",        "actor",    "address",
                                          "action", "object",    "platform", "before",
                                          "after",  "prev_hash", "hash"};
    enum export_kind kind = EXPORT_NONE;
    if (!api_may(rq, PERM_AUDIT_READ, NULL))
        return api_forbidden(rq, rs, PERM_AUDIT_READ, NULL);
    struct audit_filter *filter = ARENA_NEW(rq->arena, struct audit_filter);
    if (filter == NULL)
        return OTA_E_LIMIT;
    filter->oldest_first = true;
    ota_err err = export_format(rq, rs, &kind);
    if (err == OTA_OK)
        err = api_number(rq, rs, "from_seq", &filter->from_seq);
    if (err == OTA_OK)
        err = api_number(rq, rs, "to_seq", &filter->to_seq);
    if (err != OTA_OK)
        return err;
    return export_send(rq, rs, kind == EXPORT_NONE ? EXPORT_JSONL : kind,
                       &(struct export_list){.name = "audit",
                                             .column = columns,
                                             .column_count = sizeof columns / sizeof columns[0],
                                             .page = export_page,
                                             .arg = filter});
}

ota_err api_audit_head(struct http_request *rq, struct http_response *rs)
{
    struct db_scope scope = api_scope(rq);
    struct audit_entry head;
    if (!api_may(rq, PERM_AUDIT_READ, NULL))
        return api_forbidden(rq, rs, PERM_AUDIT_READ, NULL);
    const ota_err err = db_audit_head(&scope, &head);
    if (err != OTA_OK)
        return api_db_problem(rq, rs, err, &scope, "entry");
    struct json_out o;
    json_out_begin(&o, rq->arena);
    write_audit_head(&o, NULL, &head);
    return http_json(rq, rs, 200, &o);
}

/* ---- refused sign-ins ------------------------------------------------------------------ */

enum { REFUSED_PER_MINUTE = 20, MINUTE_S = 60 };

/* Of this process. */
static struct {
    pthread_mutex_t lock;
    int64_t minute; /* that is counted */
    int64_t told;   /* in it */
    int64_t untold; /* since the last entry */
} refused = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* May one be told now?  *out_untold: how many were not, before it. */
static bool refused_take(int64_t now_unix_s, int64_t *out_untold)
{
    (void)pthread_mutex_lock(&refused.lock);
    if (refused.minute != now_unix_s / MINUTE_S) {
        refused.minute = now_unix_s / MINUTE_S;
        refused.told = 0;
    }
    const bool may = refused.told < REFUSED_PER_MINUTE;
    *out_untold = refused.untold;
    refused.told += may;
    refused.untold = may ? 0 : refused.untold + 1;
    (void)pthread_mutex_unlock(&refused.lock);
    return may;
}

void api_audit_refused(const struct http_request *rq, const char *name)
{
    int64_t untold = 0;
    if (!refused_take(api_now(), &untold))
        return;
    struct db_scope scope = api_scope(rq);
    scope.actor = "nobody";
    scope.address = rq->client;
    scope.rights = NULL;
    const char *after =
        untold == 0 ? NULL : arena_printf(rq->arena, "{\"untold\":%lld}", (long long)untold);
    const ota_err err =
        db_audit_put(&scope, &(struct audit){.action = "session.refused",
                                             .object = name == NULL ? "unknown" : name,
                                             .after = after});
    if (err != OTA_OK)
        log_warn("audit-not-told", LOG_STR("action", "session.refused"), LOG_ERR(err));
}
