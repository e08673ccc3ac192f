/* What may be signed: the rules of SPEC 10, asked before a key is used. */
#include "repo_rules.h"

#include <string.h>

#include "make.h"
#include "repo_edit.h"
#include "say.h"

enum { AHEAD_MAX_S = 86400 }; /* that another manager's clock may be before ours */

static const char *text_of(const json_t *o, const char *name)
{
    return json_string_value(json_object_get(o, name));
}

bool repo_image_read(const char *path, const json_t *entry, struct repo_image *out)
{
    const json_t *custom = json_object_get(entry, "custom");
    const char *slash = strchr(path, '/'), *version = text_of(custom, "version");
    const json_int_t counter = json_integer_value(json_object_get(custom, "counter"));
    const json_int_t length = json_integer_value(json_object_get(entry, "length"));
    const char *hash = text_of(json_object_get(entry, "hashes"), "sha256");
    uint8_t digest[CRYPTO_DIGEST_BYTES];

    out->channel = text_of(custom, "channel");
    out->platform = text_of(custom, "platform");
    out->class_text = text_of(custom, "hwClass");
    out->counter = (uint32_t)counter;
    out->length = (uint64_t)length;
    return json_object_size(entry) == 3 && json_object_size(custom) == 5 &&
           json_object_size(json_object_get(entry, "hashes")) == 1 && slash != NULL &&
           version != NULL && strlen(version) == (size_t)(slash - path) &&
           strncmp(path, version, strlen(version)) == 0 &&
           sums_name_valid(slash + 1, strlen(slash + 1)) && out->channel != NULL &&
           out->platform != NULL && out->class_text != NULL && counter >= 0 &&
           counter <= UINT32_MAX && length > 0 && repo_hex_read(hash, digest, sizeof digest) &&
           make_version_parse(version, &out->version) == OTA_OK;
}

/* --- contents -------------------------------------------------------------------------------
 */

static ota_err image_check(const struct repo *r, const char *path, const json_t *entry)
{
    const char *class_text = repo_class(r);
    struct repo_image image;

    if (!repo_image_read(path, entry, &image)) {
        say_error("'%s' is outside the delegation, or not described as it must be", path);
        say_hint("paths are VERSION/NAME; custom has channel, counter, hwClass, platform, "
                 "version");
        return OTA_E_CONFLICT;
    }
    if (strcmp(image.platform, r->platform) != 0)
        return say_fail(OTA_E_CONFLICT, "%s is for platform %s, this repository for %s", path,
                        image.platform, r->platform);
    if (class_text == NULL || strcmp(image.class_text, class_text) != 0)
        return say_fail(OTA_E_CONFLICT, "%s is for hardware class %s, this repository for %s",
                        path, image.class_text, class_text == NULL ? "none" : class_text);
    if (strcmp(image.channel, "stable") != 0 && strcmp(image.channel, "beta") != 0)
        return say_fail(OTA_E_CONFLICT, "%s: there is no channel '%s'", path, image.channel);
    return OTA_OK;
}

/* A higher version never has a lower counter. */
static ota_err counters_check(const json_t *targets)
{
    struct repo_image a, b;
    const json_t *x, *y;
    const char *p, *q;

    json_object_foreach ((json_t *)(uintptr_t)targets, p, x) {
        json_object_foreach ((json_t *)(uintptr_t)targets, q, y) {
            if (repo_image_read(p, x, &a) && repo_image_read(q, y, &b) &&
                strcmp(a.channel, b.channel) == 0 &&
                image_version_compare(a.version, b.version) > 0 && a.counter < b.counter)
                return say_fail(OTA_E_ROLLBACK, "%s has security counter %lu, the older %s %lu",
                                p, (unsigned long)a.counter, q, (unsigned long)b.counter);
        }
    }
    return OTA_OK;
}

static ota_err platform_check(const struct repo *r, const json_t *doc)
{
    const json_t *targets = json_object_get(repo_doc_signed(doc), "targets");
    const json_t *entry;
    const char *path;

    if (!json_is_object(targets) ||
        json_object_get(repo_doc_signed(doc), "delegations") != NULL)
        return say_fail(OTA_E_CONFLICT,
                        "%s: a platform's role lists images and delegates nothing",
                        r->platform);
    json_object_foreach ((json_t *)(uintptr_t)targets, path, entry) {
        ota_err e = image_check(r, path, entry);

        if (e != OTA_OK)
            return e;
    }
    return counters_check(targets);
}

static ota_err targets_check(const struct repo *r, const json_t *doc)
{
    const json_t *part = repo_doc_signed(doc);
    const json_t *roles = json_object_get(json_object_get(part, "delegations"), "roles");
    const json_t *role = json_array_get(roles, 0), *paths = json_object_get(role, "paths");
    const char *name = text_of(role, "name"),
               *path = json_string_value(json_array_get(paths, 0));

    if (json_object_size(json_object_get(part, "targets")) != 0)
        return say_fail(OTA_E_CONFLICT, "targets lists images: those belong to the platform's "
                                        "role");
    if (json_array_size(roles) != 1 || name == NULL || strcmp(name, r->platform) != 0 ||
        json_array_size(paths) != 1 || path == NULL || strcmp(path, "*/*") != 0 ||
        !json_is_true(json_object_get(role, "terminating")) || json_object_size(role) != 5 ||
        json_object_size(json_object_get(part, "delegations")) != 2)
        return say_fail(OTA_E_CONFLICT,
                        "targets must delegate */* to %s, terminating, and nothing else",
                        r->platform);
    return OTA_OK;
}

static ota_err keys_check(json_t *doc)
{
    const json_t *part = repo_doc_signed(doc), *key;
    json_t *keys = json_object_get(part, "keys");
    struct key_public public;
    char id[REPO_KEYID_TEXT_BYTES];
    const char *name;

    if (keys == NULL)
        keys = json_object_get(json_object_get(part, "delegations"), "keys");
    json_object_foreach (keys, name, key) {
        ota_err e = repo_key_parse(key, &public);

        if (e == OTA_OK)
            e = key_sample_check(&public, name);
        if (e == OTA_OK)
            e = repo_key_id(key, id);
        if (e != OTA_OK)
            return e;
        if (strcmp(id, name) != 0)
            return say_fail(OTA_E_CONFLICT, "keyid %.16s is not the digest of its key", name);
    }
    return repo_keys_check(doc);
}

/* The server's online keys may not release. */
static ota_err online_check(const struct repo *r, const json_t *targets)
{
    static const char *const online[] = {"snapshot", "timestamp", "x-otad-director"};
    struct repo_signers mine, server;
    const json_t *id;
    size_t i;

    if (!repo_signers(targets, r->platform, &mine))
        return OTA_OK;
    for (size_t n = 0; n < sizeof online / sizeof online[0]; n++) {
        if (!repo_signers(repo_newest(r, REPO_ROOT), online[n], &server))
            continue;
        json_array_foreach (mine.keyids, i, id) {
            if (repo_signers_have(&server, json_string_value(id)))
                return say_fail(OTA_E_CONFLICT, "key %.16s is the server's: it may not release",
                                json_string_value(id));
        }
    }
    return OTA_OK;
}

/* Nothing is signed that this program has no words for. */
static ota_err members_check(const struct repo *r, enum repo_role role, const json_t *doc)
{
    static const char *const known[REPO_ROLES][10] = {
        {"_type", "consistent_snapshot", "expires", "keys", "roles", "spec_version", "version",
         "x-otad-director"},
        {"_type", "delegations", "expires", "spec_version", "targets", "version",
         "x-otad-class"},
        {"_type", "expires", "spec_version", "targets", "version"},
    };
    const json_t *part = repo_doc_signed(doc), *value;
    const char *name;
    size_t count = 0;

    json_object_foreach ((json_t *)(uintptr_t)part, name, value) {
        size_t i = 0;

        while (known[role][i] != NULL && strcmp(known[role][i], name) != 0)
            i++;
        if (strcmp(name, "x-otad-signed") == 0 ||
            (role == REPO_ROOT && strcmp(name, "x-otad-platform") == 0))
            continue;
        if (known[role][i] == NULL)
            return say_fail(OTA_E_CONFLICT, "%s has a member '%s' that we do not know",
                            repo_role_name(r, role), name);
        count++;
    }
    if (count > 0 && known[role][count - 1] != NULL && known[role][count] == NULL &&
        json_is_string(json_object_get(part, "spec_version")) &&
        strcmp(text_of(part, "spec_version"), "1.0.34") == 0)
        return OTA_OK;
    return say_fail(OTA_E_CONFLICT, "%s lacks a member, or follows another specification",
                    repo_role_name(r, role));
}

/* Of two platforms with the same officers, neither's root may follow the other's. */
static ota_err root_platform_check(const struct repo *r, const json_t *doc)
{
    const json_t *name = json_object_get(repo_doc_signed(doc), "x-otad-platform");

    if (name == NULL ||
        (json_is_string(name) && strcmp(json_string_value(name), r->platform) == 0))
        return OTA_OK;
    return say_fail(OTA_E_CONFLICT, "the root is of another platform than %s", r->platform);
}

/* A root has the four roles, and no role more is hidden in it. */
static ota_err root_check(const struct repo *r, const json_t *doc)
{
    const json_t *part = repo_doc_signed(doc), *roles = json_object_get(part, "roles"), *role;
    const char *name;
    bool good = json_object_size(roles) == 4 &&
                json_object_size(json_object_get(part, "x-otad-director")) == 2 &&
                json_is_true(json_object_get(part, "consistent_snapshot"));

    json_object_foreach ((json_t *)(uintptr_t)roles, name, role)
        good = good && json_object_size(role) == 2;
    if (!good)
        return say_fail(OTA_E_CONFLICT, "root must have the roles root, snapshot, targets and "
                                        "timestamp, and nothing else");
    return root_platform_check(r, doc);
}

ota_err repo_contents(const struct repo *r, enum repo_role role, const json_t *doc)
{
    ota_err e = members_check(r, role, doc);
    json_t *copy;

    if (e != OTA_OK || role == REPO_PLATFORM)
        return e != OTA_OK ? e : platform_check(r, doc);
    copy = json_deep_copy(doc); /* the check forgets unused keys */
    if (copy == NULL)
        return say_fail(OTA_E_NO_MEMORY, "no memory");
    e = role == REPO_TARGETS ? targets_check(r, doc) : root_check(r, doc);
    if (e == OTA_OK)
        e = keys_check(copy);
    if (e == OTA_OK && role == REPO_TARGETS)
        e = online_check(r, doc);
    if (e == OTA_OK && !repo_doc_same(copy, doc))
        e = say_fail(OTA_E_CONFLICT, "%s lists keys that no role has", repo_role_name(r, role));
    json_decref(copy);
    return e;
}

/* --- after what stands ----------------------------------------------------------------------
 */

ota_err repo_fresh(const struct repo *r, enum repo_role role, const json_t *doc)
{
    int64_t t;

    if (repo_date_parse(repo_doc_expires(doc), &t) == OTA_OK && t > r->now_unix_s)
        return OTA_OK;
    say_error("%s %llu expired at %s", repo_role_name(r, role),
              (unsigned long long)repo_doc_version(doc), repo_doc_expires(doc));
    say_hint("`signer repo renew` makes the next version");
    return OTA_E_ROLLBACK;
}

/* The highest image of a channel; false: it has none. */
static bool head_of(const json_t *targets, const char *channel, struct repo_image *out)
{
    struct repo_image image;
    const json_t *entry;
    const char *path;
    bool found = false;

    json_object_foreach ((json_t *)(uintptr_t)targets, path, entry) {
        if (repo_image_read(path, entry, &image) && strcmp(image.channel, channel) == 0 &&
            (!found || image_version_compare(image.version, out->version) > 0)) {
            *out = image;
            found = true;
        }
    }
    return found;
}

static ota_err follows(const json_t *old, const json_t *new, const char *channel)
{
    struct repo_image was, is;
    char was_text[MAKE_VERSION_TEXT_BYTES], is_text[MAKE_VERSION_TEXT_BYTES];

    if (!head_of(old, channel, &was) || !head_of(new, channel, &is))
        return OTA_OK;
    make_version_text(was.version, was_text);
    make_version_text(is.version, is_text);
    if (image_version_compare(is.version, was.version) < 0) {
        say_error("%s would go back from version %s to %s", channel, was_text, is_text);
        say_hint("a lower version is never released: sign the old code as a new version");
        return OTA_E_ROLLBACK;
    }
    if (is.counter < was.counter)
        return say_fail(
            OTA_E_ROLLBACK, "%s would go back from security counter %lu (%s) to %lu (%s)",
            channel, (unsigned long)was.counter, was_text, (unsigned long)is.counter, is_text);
    return OTA_OK;
}

static ota_err platform_follows(const json_t *old, const json_t *new)
{
    const json_t *was = json_object_get(repo_doc_signed(old), "targets");
    const json_t *is = json_object_get(repo_doc_signed(new), "targets"), *entry;
    const char *path;
    ota_err e = follows(was, is, "stable");

    if (e == OTA_OK)
        e = follows(was, is, "beta");
    json_object_foreach ((json_t *)(uintptr_t)is, path, entry) {
        const json_t *before = json_object_get(was, path);

        if (e == OTA_OK && before != NULL &&
            (json_equal(json_object_get(before, "hashes"), json_object_get(entry, "hashes")) ==
                 0 ||
             json_equal(json_object_get(before, "length"), json_object_get(entry, "length")) ==
                 0))
            e = say_fail(OTA_E_CONFLICT,
                         "%s has other contents than before: a version is never "
                         "changed",
                         path);
    }
    return e;
}

/* A head that was given up is no way back to what was before it. */
static ota_err history_follows(const struct repo *r, const json_t *new)
{
    const json_t *is = json_object_get(repo_doc_signed(new), "targets");
    ota_err e = OTA_OK;

    for (uint64_t v = repo_doc_version(r->stands[REPO_PLATFORM]) - 1; e == OTA_OK && v > 0;
         v--) {
        const json_t *was;
        json_t *old = NULL;

        e = repo_older(r, REPO_PLATFORM, v, &old);
        was = json_object_get(repo_doc_signed(old), "targets");
        if (e == OTA_OK)
            e = follows(was, is, "stable");
        if (e == OTA_OK)
            e = follows(was, is, "beta");
        json_decref(old);
    }
    return e;
}

static ota_err root_follows(const json_t *old, const json_t *doc)
{
    if (json_object_get(repo_doc_signed(old), "x-otad-platform") == NULL ||
        json_object_get(repo_doc_signed(doc), "x-otad-platform") != NULL)
        return OTA_OK;
    return say_fail(OTA_E_CONFLICT, "the root no longer says of which platform it is");
}

ota_err repo_follows(const struct repo *r, enum repo_role role, const json_t *doc)
{
    const json_t *old = r->stands[role];
    ota_err e = repo_contents(r, role, doc);

    if (e == OTA_OK && role == REPO_ROOT && old != NULL)
        e = root_follows(old, doc);
    if (e == OTA_OK && role == REPO_PLATFORM && old != NULL)
        e = platform_follows(old, doc);
    if (e == OTA_OK && role == REPO_PLATFORM && old != NULL)
        e = history_follows(r, doc);
    return e;
}

/* Devices would set their clocks by it. */
static ota_err not_ahead(const struct repo *r, enum repo_role role, const json_t *doc)
{
    const json_t *made = json_object_get(repo_doc_signed(doc), "x-otad-signed");
    int64_t t;

    if (made == NULL)
        return OTA_OK;
    if (json_is_string(made) && repo_date_parse(json_string_value(made), &t) == OTA_OK &&
        t <= r->now_unix_s + AHEAD_MAX_S)
        return OTA_OK;
    say_error("%s %llu says that it was made in the future", repo_role_name(r, role),
              (unsigned long long)repo_doc_version(doc));
    say_hint("one of two clocks is wrong: this machine's, or that of who made it");
    return OTA_E_CONFLICT;
}

ota_err repo_rules(const struct repo *r, enum repo_role role)
{
    ota_err e = repo_fresh(r, role, r->pending[role]);

    if (e == OTA_OK)
        e = not_ahead(r, role, r->pending[role]);
    return e == OTA_OK ? repo_follows(r, role, r->pending[role]) : e;
}
