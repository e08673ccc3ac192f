/* Is the process alive, and is what it needs there (SPEC 8.10)?  Neither asks who. */
#include "otad/http/route.h"
#include "otad/otad.h"

static ota_err health_get(struct http_request *rq, struct http_response *rs)
{
    rq->quiet = true;
    http_bytes(rs, 200, "text/plain", "ok\n", 3);
    http_header_add(rs, "Cache-Control", "no-store");
    return OTA_OK;
}

static ota_err ready_get(struct http_request *rq, struct http_response *rs)
{
    const char *what = "server";
    ota_err e = OTA_OK;

    rq->quiet = true;
    if (rq->otad != NULL && rq->otad->ready != NULL)
        e = rq->otad->ready(rq->otad, &what);
    if (e != OTA_OK)
        return http_problem_status(rq, rs, 503, e, "not-ready", "The %s does not answer.",
                                   what);
    http_bytes(rs, 200, "text/plain", "ready\n", 6);
    http_header_add(rs, "Cache-Control", "no-store");
    return OTA_OK;
}

const struct http_route http_health_routes[] = {
    {.method = HTTP_GET, .pattern = "/healthz", .handler = health_get},
    {.method = HTTP_GET, .pattern = "/readyz", .handler = ready_get},
};
const size_t http_health_route_count = 2;
