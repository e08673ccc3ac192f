/* Updates of the whole fleet (SPEC 8.7). */
#include "otad/db/update.h"

#include <string.h>

#include "handler.h"

ota_err api_update_list(struct http_request *rq, struct http_response *rs)
{
    struct db_scope scope = api_scope(rq);
    const char *open = api_query(rq, "open");
    struct db_page page;
    struct update *u = NULL;
    size_t count = 0;
    ota_err err = api_page(rq, rs, API_BY_ID, &page);
    if (err != OTA_OK)
        return err;
    if (open != NULL && strcmp(open, "true") != 0 && strcmp(open, "false") != 0)
        return http_problem(rq, rs, OTA_E_FORMAT, "bad-query",
                            "The parameter 'open' must be true or false.");
    err = db_update_list(&scope, open != NULL && open[0] == 't', api_query(rq, "platform"),
                         &page, &u, &count);
    if (err != OTA_OK)
        return api_db_problem(rq, rs, err, &scope, "platform");
    struct json_out o;
    api_list_begin(rq, &o);
    for (size_t i = 0; i < count; i++)
        if (api_may(rq, PERM_DEVICE_READ, u[i].platform))
            write_update(&o, NULL, &u[i], WRITE_BRIEF);
    return api_list_end(rq, rs, &o, count == page.limit, count > 0 ? u[count - 1].id : 0, NULL);
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
