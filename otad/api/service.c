/* What is about the server and not about a fleet. */
#include "api.h"
#include "handler.h"
#include "otad/auth/admit.h"

const struct http_route api_service_routes[] = {
    {.method = HTTP_GET,
     .pattern = "/metrics",
     .handler = api_metrics_get,
     .auth = ADMIT_METRICS,
     .permission = PERM_DEVICE_READ},
    {.method = HTTP_GET,
     .pattern = "/api/v1/openapi.json",
     .handler = api_openapi_get,
     .auth = ADMIT_ANYONE,
     .permission = PERM_NONE},
    {.method = HTTP_GET,
     .pattern = "/api/v1/docs",
     .handler = api_docs_get,
     .auth = ADMIT_ANYONE,
     .permission = PERM_NONE},
};

const size_t api_service_route_count = sizeof api_service_routes / sizeof api_service_routes[0];
