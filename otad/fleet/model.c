/* The words of the API and of the database for the model's enums: one table each. */
#include "model.h"

#include <string.h>

static const char *const channel_word[] = {
    [CHANNEL_NONE] = NULL, [CHANNEL_STABLE] = "stable", [CHANNEL_BETA] = "beta"};
static const char *const device_word[] = {[DEVICE_NEVER] = "never",
                                          [DEVICE_ONLINE] = "online",
                                          [DEVICE_LATE] = "late",
                                          [DEVICE_OFFLINE] = "offline"};
static const char *const release_word[] = {[0] = NULL,
                                           [RELEASE_DRAFT] = "draft",
                                           [RELEASE_COMPLETE] = "complete",
                                           [RELEASE_RELEASED] = "released",
                                           [RELEASE_WITHDRAWN] = "withdrawn"};
static const char *const update_word[] = {[0] = NULL,
                                          [UPDATE_PENDING] = "pending",
                                          [UPDATE_RETRIEVED] = "retrieved",
                                          [UPDATE_DOWNLOADING] = "downloading",
                                          [UPDATE_DOWNLOADED] = "downloaded",
                                          [UPDATE_INSTALLING] = "installing",
                                          [UPDATE_CANCELLING] = "cancelling",
                                          [UPDATE_SUCCEEDED] = "succeeded",
                                          [UPDATE_FAILED] = "failed",
                                          [UPDATE_CANCELLED] = "cancelled"};
static const char *const kind_word[] = {[0] = NULL,
                                        [ARTIFACT_FILE] = "file",
                                        [ARTIFACT_MCUBOOT] = "mcuboot",
                                        [ARTIFACT_ESP] = "esp",
                                        [ARTIFACT_UF2] = "uf2",
                                        [ARTIFACT_CORTEX_M] = "cortex-m",
                                        [ARTIFACT_CYCLONEDX] = "cyclonedx",
                                        [ARTIFACT_SPDX] = "spdx"};

#define WORD_COUNT(words) (sizeof(words) / sizeof((words)[0]))

/* Index of text, or -1. */
static int find(const char *const *words, size_t count, const char *text)
{
    for (size_t i = 0; text != NULL && i < count; i++) {
        if (words[i] != NULL && strcmp(words[i], text) == 0)
            return (int)i;
    }
    return -1;
}

static const char *word(const char *const *words, size_t count, unsigned i)
{
    return i < count ? words[i] : NULL;
}

const char *channel_name(enum channel c)
{
    return word(channel_word, WORD_COUNT(channel_word), c);
}

enum channel channel_parse(const char *text)
{
    const int i = find(channel_word, WORD_COUNT(channel_word), text);
    return i < 0 ? CHANNEL_NONE : (enum channel)i;
}

const char *device_state_name(enum device_state s)
{
    return word(device_word, WORD_COUNT(device_word), s);
}

bool device_state_parse(const char *text, enum device_state *out)
{
    const int i = find(device_word, WORD_COUNT(device_word), text);
    if (i < 0)
        return false;
    *out = (enum device_state)i;
    return true;
}

const char *release_state_name(enum release_state s)
{
    return word(release_word, WORD_COUNT(release_word), s);
}

enum release_state release_state_parse(const char *text)
{
    const int i = find(release_word, WORD_COUNT(release_word), text);
    return (enum release_state)(i < 0 ? 0 : i);
}

const char *update_state_name(enum update_state s)
{
    return word(update_word, WORD_COUNT(update_word), s);
}

enum update_state update_state_parse(const char *text)
{
    const int i = find(update_word, WORD_COUNT(update_word), text);
    return (enum update_state)(i < 0 ? 0 : i);
}

const char *artifact_kind_name(enum artifact_kind k)
{
    return word(kind_word, WORD_COUNT(kind_word), k);
}

enum artifact_kind artifact_kind_parse(const char *text)
{
    const int i = find(kind_word, WORD_COUNT(kind_word), text);
    return i < 0 ? ARTIFACT_FILE : (enum artifact_kind)i;
}

bool artifact_is_for_devices(const struct artifact *a)
{
    return a->kind != ARTIFACT_CYCLONEDX && a->kind != ARTIFACT_SPDX;
}

const struct artifact *release_sbom(const struct release *r)
{
    for (size_t i = 0; i < r->artifact_count; i++)
        if (!artifact_is_for_devices(&r->artifacts[i]))
            return &r->artifacts[i];
    return NULL;
}

enum device_state device_state_at(int64_t last_seen_unix_s, int64_t now_unix_s,
                                  struct device_lateness lateness)
{
    if (last_seen_unix_s == 0)
        return DEVICE_NEVER;
    const int64_t age_s = now_unix_s - last_seen_unix_s;
    if (age_s <= (int64_t)lateness.late_s)
        return DEVICE_ONLINE;
    return age_s <= (int64_t)lateness.offline_s ? DEVICE_LATE : DEVICE_OFFLINE;
}
