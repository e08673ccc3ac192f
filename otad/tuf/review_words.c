/* What each verdict of the queue is called. */
#include "review.h"

static const struct {
    const char *code, *text;
    ota_err err;
} rows[REVIEW_VERDICTS] = {
    [REVIEW_GOOD] = {"good", "Good.", OTA_OK},
    [REVIEW_NOT_CANONICAL] = {"not-canonical",
                              "This is no JSON that can be written canonically (SPEC 10.1).",
                              OTA_E_FORMAT},
    [REVIEW_TOO_LONG] = {"too-long", "A device takes metadata files of 4096 bytes at most.",
                         OTA_E_FORMAT},
    [REVIEW_BAD_METADATA] = {"bad-metadata", "This is not TUF metadata of this role.",
                             OTA_E_FORMAT},
    [REVIEW_RESERVED_NAME] = {"reserved-name",
                              "A platform with the name of a TUF role has no repository.",
                              OTA_E_CONFLICT},
    [REVIEW_OTHER_VERSION] = {"other-version",
                              "The version in the file's name is not the file's.",
                              OTA_E_FORMAT},
    [REVIEW_EXPIRED] = {"expired", "The metadata have expired.", OTA_E_SIGNATURE},
    [REVIEW_AHEAD] =
        {"made-ahead",
         "It says that it was made a day or more from now, which devices would take "
         "for the time: a clock is wrong, this server's or that of who made it.",
         OTA_E_CONFLICT},
    [REVIEW_LOWER_VERSION] = {"lower-version",
                              "Another file of this version, or a higher one, is published.",
                              OTA_E_CONFLICT},
    [REVIEW_VERSION_GAP] = {"version-gap", "The version must be one above the published one.",
                            OTA_E_CONFLICT},
    [REVIEW_NO_DELEGATION] = {"no-delegation",
                              "Nothing says yet who signs this: send root.json first, then "
                              "targets.json.",
                              OTA_E_CONFLICT},
    [REVIEW_BAD_SIGNATURE] = {"bad-signature",
                              "None of those who may sign this role has signed.",
                              OTA_E_SIGNATURE},
    [REVIEW_ONLINE_KEYS] = {"online-keys",
                            "Root must name this server's keys for snapshot, timestamp and "
                            "x-otad-director, with threshold 1.",
                            OTA_E_CONFLICT},
    [REVIEW_KEY_AWAY] = {"key-away",
                         "A token with one of this server's keys does not answer; its log says "
                         "why.",
                         OTA_E_BUSY},
    [REVIEW_OWN_KEY] =
        {"own-key", "A key of this server never signs root, targets or the platform's role.",
         OTA_E_CONFLICT},
    [REVIEW_TOO_MANY_KEYS] = {"too-many-keys",
                              "A device has room for 10 different keys of a root, those of "
                              "this server among them.",
                              OTA_E_CONFLICT},
    [REVIEW_CONSISTENT] = {"not-consistent", "Root must say consistent_snapshot: true.",
                           OTA_E_CONFLICT},
    [REVIEW_BAD_DELEGATION] = {"bad-delegation",
                               "targets.json must list nothing and delegate */* to the role "
                               "named like the platform, terminating.",
                               OTA_E_CONFLICT},
    [REVIEW_BAD_PATH] = {"bad-path", "A target's path must be {version}/{file name}.",
                         OTA_E_CONFLICT},
    [REVIEW_BAD_CUSTOM] = {"bad-custom",
                           "A target's custom must have channel, counter, hwClass, platform "
                           "and version.",
                           OTA_E_CONFLICT},
    [REVIEW_NOT_STORED] = {"not-stored",
                           "A target is no file of a complete release of this platform.",
                           OTA_E_CONFLICT},
    [REVIEW_WITHDRAWN] = {"withdrawn", "A target is of a withdrawn release.", OTA_E_CONFLICT},
    [REVIEW_WRONG_LENGTH] = {"wrong-length", "A target has another length than the file.",
                             OTA_E_CONFLICT},
    [REVIEW_WRONG_HASH] = {"wrong-hash", "A target has another SHA-256 than the file.",
                           OTA_E_CONFLICT},
    [REVIEW_WRONG_PLATFORM] =
        {"wrong-platform",
         "The root, or a target, is of another platform, or the root no more of any.",
         OTA_E_CONFLICT},
    [REVIEW_WRONG_VERSION] = {"wrong-version",
                              "A target's custom says another version than its path.",
                              OTA_E_CONFLICT},
    [REVIEW_WRONG_COUNTER] = {"wrong-counter",
                              "A target's security counter is not its release's.",
                              OTA_E_CONFLICT},
    [REVIEW_WRONG_CLASS] = {"wrong-class", "A target is for other hardware.", OTA_E_CONFLICT},
    [REVIEW_TOO_MANY] = {"too-many", "A role lists at most four releases and sixteen files.",
                         OTA_E_CONFLICT},
    [REVIEW_VERSION_TOO_LOW] = {"version-too-low",
                                "A channel's highest version is below one that was listed.",
                                OTA_E_CONFLICT},
    [REVIEW_COUNTER_TOO_LOW] = {"counter-too-low",
                                "A channel's security counter is below one that was listed.",
                                OTA_E_CONFLICT},
    [REVIEW_BUSY] = {"busy", "The database is away.", OTA_E_BUSY},
    [REVIEW_NO_MEMORY] = {"limit", "That is too much.", OTA_E_LIMIT},
};

const char *review_code(enum review_verdict v)
{
    return rows[v].code;
}

const char *review_text(enum review_verdict v)
{
    return rows[v].text;
}

ota_err review_err(enum review_verdict v)
{
    return rows[v].err;
}
