/* The download log (SPEC 8.14), as a list and as a file. */
#include "export.h"
#include "filter.h"
#include "write_link.h"

static ota_err filter_read(struct http_request *rq, struct http_response *rs,
                           struct download_filter *out)
{
    const char *via = api_query(rq, "via");
    struct when_range range;
    const ota_err err = api_when(rq, rs, &range);
    if (err != OTA_OK)
        return err;
    *out = (struct download_filter){.platform = api_query(rq, "platform"),
                                    .who = api_query(rq, "user"),
                                    .version = api_query(rq, "version"),
                                    .via = via == NULL ? 0 : download_via_parse(via),
                                    .from_unix_s = range.from_unix_s,
                                    .to_unix_s = range.to_unix_s};
    if (via != NULL && out->via == 0)
        return http_problem(rq, rs, OTA_E_FORMAT, "bad-query",
                            "The parameter 'via' must be one of link, session, key, plain, "
                            "esp, github.");
    return OTA_OK;
}

static ota_err export_page(struct export_page *page, void *arg)
{
    const struct db_page want = {.limit = page->limit, .after_id = page->after_id};
    struct download_row *r = NULL;
    size_t count = 0;
    ota_err err = db_download_list(&page->scope, arg, &want, &r, &count);
    for (size_t i = 0; i < count && err == OTA_OK; i++) {
        write_download(export_row(page), NULL, &r[i]);
        err = export_row_end(page);
    }
    if (err == OTA_OK && count == page->limit)
        export_next(page, r[count - 1].id);
    return err;
}

static ota_err list(struct http_request *rq, struct http_response *rs,
                    const struct download_filter *filter)
{
    struct db_scope scope = api_scope(rq);
    struct db_page page;
    struct download_row *r = NULL;
    size_t count = 0;
    ota_err err = api_page(rq, rs, API_BY_ID, &page);
    if (err != OTA_OK)
        return err;
    err = db_download_list(&scope, filter, &page, &r, &count);
    if (err != OTA_OK)
        return api_db_problem(rq, rs, err, &scope, "platform");
    struct json_out o;
    api_list_begin(rq, &o);
    for (size_t i = 0; i < count; i++)
        if (api_may(rq, PERM_AUDIT_READ, r[i].download.platform))
            write_download(&o, NULL, &r[i]);
    return api_list_end(rq, rs, &o, count == page.limit, count > 0 ? r[count - 1].id : 0, NULL);
}

ota_err api_download_list(struct http_request *rq, struct http_response *rs)
{
    static const char *const columns[] = {"id",      "at",       "via",     "who",
                                          "link_id", "platform", "version", "artifact",
                                          "address", "bytes",    "status",  "duration_ms"};
    struct download_filter *filter = ARENA_NEW(rq->arena, struct download_filter);
    enum export_kind kind = EXPORT_NONE;
    if (filter == NULL)
        return OTA_E_LIMIT;
    ota_err err = filter_read(rq, rs, filter);
    if (err == OTA_OK)
        err = export_format(rq, rs, &kind);
    if (err != OTA_OK)
        return err;
    if (kind == EXPORT_NONE)
        return list(rq, rs, filter);
    return export_send(rq, rs, kind,
                       &(struct export_list){.name = "downloads",
                                             .column = columns,
                                             .column_count = sizeof columns / sizeof columns[0],
                                             .page = export_page,
                                             .arg = filter});
}
