/* Names of verdicts, and the project's error for each. */
#include "verdict.h"

static const struct {
    const char *name;
    ota_err err;
} table[TUF_VERDICTS] = {
    [TUF_GOOD] = {"good", OTA_OK},
    [TUF_NOT_CANONICAL] = {"not-canonical", OTA_E_FORMAT},
    [TUF_MEMBER] = {"member", OTA_E_FORMAT},
    [TUF_TYPE] = {"type", OTA_E_FORMAT},
    [TUF_SPEC_VERSION] = {"spec-version", OTA_E_FORMAT},
    [TUF_KEY] = {"key", OTA_E_FORMAT},
    [TUF_KEYID] = {"keyid", OTA_E_FORMAT},
    [TUF_TWICE] = {"twice", OTA_E_FORMAT},
    [TUF_THRESHOLD] = {"threshold", OTA_E_SIGNATURE},
    [TUF_OLD_THRESHOLD] = {"old-threshold", OTA_E_SIGNATURE},
    [TUF_VERSION] = {"version", OTA_E_CONFLICT},
    [TUF_ROLLBACK] = {"rollback", OTA_E_ROLLBACK},
    [TUF_VANISHED] = {"vanished", OTA_E_ROLLBACK},
    [TUF_EXPIRED] = {"expired", OTA_E_ROLLBACK},
    [TUF_LENGTH] = {"length", OTA_E_LIMIT},
    [TUF_HASH] = {"hash", OTA_E_SIGNATURE},
    [TUF_UNLISTED] = {"unlisted", OTA_E_NOT_FOUND},
    [TUF_ABSENT] = {"absent", OTA_E_NOT_FOUND},
    [TUF_LIMIT] = {"limit", OTA_E_LIMIT},
    [TUF_ROLE_NAME] = {"role-name", OTA_E_FORMAT},
    [TUF_NO_TARGET] = {"no-target", OTA_E_NOT_FOUND},
    [TUF_OTHER_TARGET] = {"other-target", OTA_E_CONFLICT},
    [TUF_PLATFORM] = {"platform", OTA_E_CONFLICT},
    [TUF_DEVICE] = {"device", OTA_E_DENIED},
    [TUF_NONCE] = {"nonce", OTA_E_ROLLBACK},
    [TUF_STORE] = {"store", OTA_E_IO},
    [TUF_FETCH] = {"fetch", OTA_E_BUSY},
};

const char *tuf_verdict_name(enum tuf_verdict v)
{
    return (unsigned)v < TUF_VERDICTS ? table[v].name : "unknown";
}

ota_err tuf_verdict_err(enum tuf_verdict v)
{
    return (unsigned)v < TUF_VERDICTS ? table[v].err : OTA_E_INTERNAL;
}
