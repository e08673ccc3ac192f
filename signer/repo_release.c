/* Releases in a platform's role: added as heads of channels, the oldest given up. */
#include <stdlib.h>
#include <string.h>

#include "make.h"
#include "repo_edit.h"
#include "repo_rules.h"
#include "say.h"
#include "uuid.h"

const char *repo_class(const struct repo *r)
{
    return json_string_value(
        json_object_get(repo_doc_signed(repo_newest(r, REPO_TARGETS)), "x-otad-class"));
}

static ota_err class_check(const struct repo *r, const struct release_file *f)
{
    const char *must = repo_class(r);
    char has[UUID_TEXT_BYTES];

    uuid_text(f->info.hardware_class, has);
    if (must != NULL && strcmp(must, has) == 0)
        return OTA_OK;
    say_error("%s is for hardware class %s, this repository for %s", f->path, has,
              must == NULL ? "none" : must);
    return OTA_E_CONFLICT;
}

static ota_err image_add(const struct repo *r, json_t *targets, const struct release_file *f,
                         const char *version, const char *channel)
{
    char path[REPO_NAME_BYTES_MAX + SUMS_NAME_BYTES_MAX + 2], hash[65];
    char class_text[UUID_TEXT_BYTES];
    const json_t *old;
    json_t *entry;
    ota_err e = class_check(r, f);

    if (e != OTA_OK)
        return e;
    uuid_text(f->info.hardware_class, class_text);
    repo_hex_write(f->entry.sha256, sizeof f->entry.sha256, hash);
    (void)snprintf(path, sizeof path, "%s/%s", version, f->entry.name);
    old = json_object_get(targets, path);
    entry = json_pack("{s:{s:s, s:I, s:s, s:s, s:s}, s:{s:s}, s:I}", "custom", "channel",
                      channel, "counter", (json_int_t)f->info.security_counter, "hwClass",
                      class_text, "platform", r->platform, "version", version, "hashes",
                      "sha256", hash, "length", (json_int_t)f->size);
    if (entry == NULL)
        return say_fail(OTA_E_NO_MEMORY, "no memory");
    if (old != NULL &&
        (json_equal(json_object_get(old, "hashes"), json_object_get(entry, "hashes")) == 0)) {
        json_decref(entry);
        say_error("%s is in the repository with other contents", path);
        say_hint("a version is never changed: take a new one");
        return OTA_E_CONFLICT;
    }
    return json_object_set_new(targets, path, entry) == 0
               ? OTA_OK
               : say_fail(OTA_E_NO_MEMORY, "no memory");
}

/* Is the release of this path the newest of its channel? */
static bool is_head(const json_t *targets, const char *path)
{
    struct repo_image one, other;
    const json_t *entry;
    const char *name;

    if (!repo_image_read(path, json_object_get(targets, path), &one))
        return false;
    json_object_foreach ((json_t *)(uintptr_t)targets, name, entry) {
        if (repo_image_read(name, entry, &other) && strcmp(other.channel, one.channel) == 0 &&
            image_version_compare(other.version, one.version) > 0)
            return false;
    }
    return true;
}

static size_t releases(const json_t *targets)
{
    const char *a, *b;
    const json_t *x, *y;
    size_t count = 0;

    json_object_foreach ((json_t *)(uintptr_t)targets, a, x) {
        bool first = true;

        json_object_foreach ((json_t *)(uintptr_t)targets, b, y) {
            if (strcmp(b, a) < 0 && strcspn(a, "/") == strcspn(b, "/") &&
                strncmp(a, b, strcspn(a, "/")) == 0)
                first = false;
        }
        count += first;
    }
    return count;
}

/* Give up the lowest version that is no head.  false: there is none. */
static bool drop_oldest(json_t *targets)
{
    char version[REPO_NAME_BYTES_MAX + 1] = "";
    struct repo_image lowest, one;
    const json_t *entry;
    json_t *unused;
    const char *name;
    void *next;

    json_object_foreach (targets, name, entry) {
        if (repo_image_read(name, entry, &one) && !is_head(targets, name) &&
            (version[0] == '\0' || image_version_compare(one.version, lowest.version) < 0)) {
            lowest = one;
            (void)snprintf(version, sizeof version, "%.*s", (int)strcspn(name, "/"), name);
        }
    }
    if (version[0] == '\0')
        return false;
    json_object_foreach_safe(targets, next, name, unused)
    {
        if (strcspn(name, "/") == strlen(version) &&
            strncmp(name, version, strlen(version)) == 0)
            (void)json_object_del(targets, name);
    }
    return true;
}

ota_err repo_release_add(const struct repo *r, json_t *doc, const struct release_file *files,
                         size_t count, const char *version, const char *channel)
{
    json_t *targets = json_object_get(repo_doc_signed(doc), "targets");
    size_t images = 0;

    for (size_t i = 0; i < count; i++) {
        if (!files[i].is_image)
            continue;
        ota_err e = image_add(r, targets, &files[i], version, channel);

        if (e != OTA_OK)
            return e;
        images++;
    }
    if (images == 0)
        return say_fail(OTA_E_FORMAT, "there is no signed image among these files");
    while (releases(targets) > REPO_RELEASES_MAX && drop_oldest(targets))
        ;
    return OTA_OK;
}
