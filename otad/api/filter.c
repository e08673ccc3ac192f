/* Filters that several lists have. */
#include "filter.h"

#include "when.h"

static ota_err time_query(struct http_request *rq, struct http_response *rs, const char *name,
                          enum when which, int64_t *out)
{
    const char *text = api_query(rq, name);
    *out = 0;
    if (text == NULL || when_parse(text, which, out))
        return OTA_OK;
    return http_problem(rq, rs, OTA_E_FORMAT, "bad-query",
                        "The parameter '%s' must be a day (2026-11-20) or a time "
                        "(2026-11-20T09:30:53Z).",
                        name);
}

ota_err api_when(struct http_request *rq, struct http_response *rs, struct when_range *out)
{
    const ota_err err = time_query(rq, rs, "from", WHEN_FROM, &out->from_unix_s);
    return err == OTA_OK ? time_query(rq, rs, "to", WHEN_TO, &out->to_unix_s) : err;
}

ota_err api_number(struct http_request *rq, struct http_response *rs, const char *name,
                   int64_t *out)
{
    if (http_query_int(rq, name, 0, 1, INT64_MAX, out) == OTA_OK)
        return OTA_OK;
    return http_problem(rq, rs, OTA_E_FORMAT, "bad-query",
                        "The parameter '%s' must be a positive number.", name);
}
