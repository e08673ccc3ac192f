/* How updates went, by platform, release and day (SPEC 8.15). */
#include "filter.h"
#include "write_record.h"

ota_err api_statistics_get(struct http_request *rq, struct http_response *rs)
{
    struct db_scope scope = api_scope(rq);
    struct statistics_filter filter = {.platform = api_query(rq, "platform"),
                                       .version = api_query(rq, "version")};
    struct when_range range;
    struct statistics s;
    ota_err err = api_when(rq, rs, &range);
    if (err != OTA_OK)
        return err;
    filter.from_unix_s = range.from_unix_s;
    filter.to_unix_s = range.to_unix_s;
    err = db_statistics_get(&scope, &filter, &s);
    if (err != OTA_OK)
        return api_db_problem(rq, rs, err, &scope, "platform");
    struct json_out o;
    json_out_begin(&o, rq->arena);
    write_statistics(&o, NULL, &s);
    return http_json(rq, rs, 200, &o);
}
