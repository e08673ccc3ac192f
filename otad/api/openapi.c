/* What the API is, told by itself: docs/openapi.json as it was at build time (SPEC 8.12). */
#include "otad/openapi.h"

#include "handler.h"

#define CSP                                                                                    \
    "default-src 'none'; style-src '" OPENAPI_STYLE "'; base-uri 'none'; form-action 'none'; " \
    "frame-ancestors 'none'"

/* Both are public: they say what may be asked, and nothing of who is here. */
ota_err api_openapi_get(struct http_request *rq, struct http_response *rs)
{
    (void)rq;
    http_bytes(rs, 200, "application/json", openapi_json, sizeof openapi_json);
    http_header_add(rs, "Cache-Control", "no-cache");
    return OTA_OK;
}

ota_err api_docs_get(struct http_request *rq, struct http_response *rs)
{
    (void)rq;
    http_bytes(rs, 200, "text/html; charset=utf-8", openapi_page, sizeof openapi_page);
    http_header_add(rs, "Cache-Control", "no-cache");
    http_header_add(rs, "Content-Security-Policy", CSP);
    http_header_add(rs, "Referrer-Policy", "no-referrer");
    return OTA_OK;
}
