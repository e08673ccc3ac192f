/* What tokens answer, in words. */
#include "token_errors.h"

#include <p11-kit/pkcs11.h>
#include <stdarg.h>
#include <stdio.h>

static const struct answer {
    CK_RV rv;
    ota_err e;
    const char *text, *hint;
} answers[] = {
    {CKR_PIN_INCORRECT, OTA_E_AUTH, "the PIN is wrong",
     "after a few wrong ones the token locks itself"},
    {CKR_PIN_LEN_RANGE, OTA_E_AUTH, "the PIN is wrong: too short or too long", NULL},
    {CKR_PIN_INVALID, OTA_E_AUTH, "the PIN is wrong: characters that it cannot have", NULL},
    {CKR_PIN_LOCKED, OTA_E_DENIED, "the PIN is locked after too many wrong ones",
     "the token's security officer can set a new one"},
    {CKR_PIN_EXPIRED, OTA_E_DENIED, "the PIN has expired",
     "set a new one with the token's tools"},
    {CKR_USER_PIN_NOT_INITIALIZED, OTA_E_DENIED, "it has no user PIN yet", NULL},
    {CKR_USER_NOT_LOGGED_IN, OTA_E_AUTH, "it wants a PIN", NULL},
    {CKR_USER_ANOTHER_ALREADY_LOGGED_IN, OTA_E_BUSY, "somebody else is logged in to it", NULL},
    {CKR_USER_TOO_MANY_TYPES, OTA_E_BUSY, "somebody else is logged in to it", NULL},
    {CKR_TOKEN_NOT_PRESENT, OTA_E_NOT_FOUND, "it is not plugged in", NULL},
    {CKR_TOKEN_NOT_RECOGNIZED, OTA_E_NOT_FOUND, "the module does not know this token", NULL},
    {CKR_OBJECT_HANDLE_INVALID, OTA_E_NOT_FOUND, "the key is not in it any more", NULL},
    {CKR_KEY_HANDLE_INVALID, OTA_E_NOT_FOUND, "the key is not in it any more", NULL},
    {CKR_SESSION_HANDLE_INVALID, OTA_E_IO, "it ended the session", NULL},
    {CKR_SESSION_CLOSED, OTA_E_IO, "it ended the session", NULL},
    {CKR_DEVICE_REMOVED, OTA_E_IO, "it was pulled out", NULL},
    {CKR_DEVICE_ERROR, OTA_E_IO, "the device failed", NULL},
    {CKR_DEVICE_MEMORY, OTA_E_NO_MEMORY, "it is full", NULL},
    {CKR_TOKEN_WRITE_PROTECTED, OTA_E_DENIED, "it is write-protected", NULL},
    {CKR_SESSION_COUNT, OTA_E_BUSY, "it has no session left", NULL},
    {CKR_MECHANISM_INVALID, OTA_E_LIMIT, "it does not know this algorithm",
     "P-256 is what most tokens can"},
    {CKR_MECHANISM_PARAM_INVALID, OTA_E_LIMIT, "it does not know this algorithm", NULL},
    {CKR_CURVE_NOT_SUPPORTED, OTA_E_LIMIT, "it does not know this curve",
     "P-256 is what most tokens can"},
    {CKR_DOMAIN_PARAMS_INVALID, OTA_E_LIMIT, "it does not know this curve",
     "P-256 is what most tokens can"},
    {CKR_KEY_FUNCTION_NOT_PERMITTED, OTA_E_DENIED, "this key may not sign", NULL},
    {CKR_KEY_TYPE_INCONSISTENT, OTA_E_LIMIT, "this key is of another kind", NULL},
    {CKR_DATA_LEN_RANGE, OTA_E_LIMIT, "it does not take messages of this length", NULL},
    {CKR_SIGNATURE_LEN_RANGE, OTA_E_INTERNAL, "its signature has a wrong length", NULL},
    {CKR_FUNCTION_REJECTED, OTA_E_DENIED, "it was refused on the token", NULL},
    {CKR_FUNCTION_CANCELED, OTA_E_DENIED, "it was refused on the token", NULL},
    {CKR_HOST_MEMORY, OTA_E_NO_MEMORY, "no memory", NULL},
    {CKR_GENERAL_ERROR, OTA_E_IO, "the module gives no reason",
     "its configuration is where to look first (SoftHSM: SOFTHSM2_CONF)"},
};

ota_err token_fail(struct why *why, unsigned long rv, const char *format, ...)
{
    const struct answer *a = NULL;
    char what[200];
    va_list list;

    va_start(list, format);
    (void)vsnprintf(what, sizeof what, format, list);
    va_end(list);
    for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++) {
        if (answers[i].rv == rv)
            a = &answers[i];
    }
    if (a == NULL)
        return why_fail(why, OTA_E_IO, "%s: PKCS#11 error 0x%lx", what, rv);
    why_tell(why, "%s: %s", what, a->text);
    if (a->hint != NULL)
        why_hint(why, "%s", a->hint);
    return a->e;
}
