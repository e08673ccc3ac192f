/* Updates of the whole fleet (SPEC 8.7). */
#include "otad/db/update.h"

#include <string.h>

#include "export.h"
#include "filter.h"

static ota_err bad_query(struct http_request *rq, struct http_response *rs, const char *name,
                         const char *what)
{
    return http_problem(rq, rs, OTA_E_FORMAT, "bad-query", "The parameter '%s' must be %s.",
                        name, what);
}

static ota_err filter_read(struct http_request *rq, struct http_response *rs,
                           struct update_filter *out)
{
    const char *open = api_query(rq, "open"), *state = api_query(rq, "state");
    struct when_range range;
    const ota_err err = api_when(rq, rs, &range);
    if (err != OTA_OK)
        return err;
    *out = (struct update_filter){.open_only = open != NULL && strcmp(open, "true") == 0,
                                  .platform = api_query(rq, "platform"),
                                  .state = state == NULL ? 0 : update_state_parse(state),
                                  .version = api_query(rq, "version"),
                                  .device = api_query(rq, "device"),
                                  .from_unix_s = range.from_unix_s,
                                  .to_unix_s = range.to_unix_s};
    if (open != NULL && !out->open_only && strcmp(open, "false") != 0)
        return bad_query(rq, rs, "open", "true or false");
    return state != NULL && out->state == 0 ? bad_query(rq, rs, "state", "a state of updates")
                                            : OTA_OK;
}

struct update_export {
    const struct http_request *rq;
    struct update_filter filter;
};

static ota_err export_page(struct export_page *page, void *arg)
{
    const struct update_export *x = arg;
    const struct db_page want = {.limit = page->limit, .after_id = page->after_id};
    struct update *u = NULL;
    size_t count = 0;
    ota_err err = db_update_list(&page->scope, &x->filter, &want, &u, &count);
    for (size_t i = 0; i < count && err == OTA_OK; i++) {
        if (!api_may(x->rq, PERM_DEVICE_READ, u[i].platform))
            continue;
        write_update(export_row(page), NULL, &u[i], WRITE_BRIEF);
        err = export_row_end(page);
    }
    if (err == OTA_OK && count == page->limit)
        export_next(page, u[count - 1].id);
    return err;
}

static ota_err list(struct http_request *rq, struct http_response *rs,
                    const struct update_filter *filter)
{
    struct db_scope scope = api_scope(rq);
    struct db_page page;
    struct update *u = NULL;
    size_t count = 0;
    ota_err err = api_page(rq, rs, API_BY_ID, &page);
    if (err != OTA_OK)
        return err;
    err = db_update_list(&scope, filter, &page, &u, &count);
    if (err != OTA_OK)
        return api_db_problem(rq, rs, err, &scope, "platform");
    struct json_out o;
    api_list_begin(rq, &o);
    for (size_t i = 0; i < count; i++)
        if (api_may(rq, PERM_DEVICE_READ, u[i].platform))
            write_update(&o, NULL, &u[i], WRITE_BRIEF);
    return api_list_end(rq, rs, &o, count == page.limit, count > 0 ? u[count - 1].id : 0, NULL);
}

ota_err api_update_list(struct http_request *rq, struct http_response *rs)
{
    static const char *const columns[] = {
        "id",         "device",           "platform", "from_version", "version",
        "state",      "progress_percent", "reason",   "created_at",   "created_by",
        "updated_at", "closed_at",        "source",   "started_at",   "duration_s"};
    struct update_export *x = ARENA_NEW(rq->arena, struct update_export);
    enum export_kind kind = EXPORT_NONE;
    if (x == NULL)
        return OTA_E_LIMIT;
    x->rq = rq;
    ota_err err = filter_read(rq, rs, &x->filter);
    if (err == OTA_OK)
        err = export_format(rq, rs, &kind);
    if (err != OTA_OK)
        return err;
    if (kind == EXPORT_NONE)
        return list(rq, rs, &x->filter);
    return export_send(rq, rs, kind,
                       &(struct export_list){.name = "updates",
                                             .column = columns,
                                             .column_count = sizeof columns / sizeof columns[0],
                                             .page = export_page,
                                             .arg = x});
}

/* The update in the path, if the caller has the route's right there. */
static ota_err find(struct http_request *rq, struct http_response *rs, struct update *out)
{
    struct db_scope scope = api_scope(rq);
    int64_t id = 0;
    ota_err err = api_id(rq, rs, 0, INT32_MAX, &id);
    if (err != OTA_OK)
        return err;
    err = db_update_get(&scope, (int32_t)id, out);
    if (err != OTA_OK)
        return api_db_problem(rq, rs, err, &scope, "update");
    return api_check(rq, rs, (enum permission)rq->route->permission, PERM_DEVICE_READ,
                     out->platform, "update");
}

static ota_err answer(struct http_request *rq, struct http_response *rs, const struct update *u,
                      enum write_detail detail)
{
    struct json_out o;
    json_out_begin(&o, rq->arena);
    write_update(&o, NULL, u, detail);
    return http_json(rq, rs, 200, &o);
}

ota_err api_update_get(struct http_request *rq, struct http_response *rs)
{
    struct update u;
    const ota_err err = find(rq, rs, &u);
    return err == OTA_OK ? answer(rq, rs, &u, WRITE_FULL) : err;
}

ota_err api_update_cancel(struct http_request *rq, struct http_response *rs)
{
    struct db_scope scope = api_scope(rq);
    struct update u;
    ota_err err = find(rq, rs, &u);
    if (err != OTA_OK)
        return err;
    err = db_update_cancel(&scope, u.id, &u);
    if (err != OTA_OK)
        return api_db_problem(rq, rs, err, &scope, "update");
    api_catch_up(rq, &scope);
    return answer(rq, rs, &u, WRITE_BRIEF);
}
