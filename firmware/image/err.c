/* Names of the error codes, for logs and replies. */
#include "err.h"

const char *ota_err_name(ota_err e)
{
    switch (e) {
    case OTA_OK:
        return "ok";
    case OTA_E_FORMAT:
        return "format";
    case OTA_E_LIMIT:
        return "limit";
    case OTA_E_SIGNATURE:
        return "signature";
    case OTA_E_ROLLBACK:
        return "rollback";
    case OTA_E_AUTH:
        return "auth";
    case OTA_E_DENIED:
        return "denied";
    case OTA_E_NOT_FOUND:
        return "not-found";
    case OTA_E_CONFLICT:
        return "conflict";
    case OTA_E_BUSY:
        return "busy";
    case OTA_E_IO:
        return "io";
    case OTA_E_NO_MEMORY:
        return "no-memory";
    case OTA_E_INTERNAL:
        return "internal";
    }
    return "unknown";
}
