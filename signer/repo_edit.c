/* New versions of metadata: copies of what is newest, changed, without signatures. */
#include "repo_edit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../firmware/tuf/device.h"
#include "say.h"

static const char *const online_roles[] = {"snapshot", "timestamp", "x-otad-director"};
static const char *const root_roles[] = {"root", "targets", "snapshot", "timestamp",
                                         "x-otad-director"};

enum { ONLINE_ROLES = sizeof online_roles / sizeof online_roles[0] };

ota_err repo_expiry(const char *text, int64_t now_unix_s, char out[REPO_DATE_TEXT_BYTES])
{
    enum { DAY_S = 86400 };
    char *end = NULL;
    unsigned long days = strtoul(text, &end, 10);
    int64_t t;

    if (strlen(text) == REPO_DATE_TEXT_BYTES - 1 && repo_date_parse(text, &t) == OTA_OK) {
        repo_date_text(t, out);
    } else if (text[0] >= '0' && text[0] <= '9' && *end == '\0' && days > 0 &&
               days <= REPO_DAYS_MAX) {
        repo_date_text(now_unix_s + (int64_t)days * DAY_S, out);
    } else {
        say_error("'%s' is no expiry", text);
        say_hint("days from now (1 to %d), or a date: 2027-01-31T00:00:00Z", REPO_DAYS_MAX);
        return OTA_E_FORMAT;
    }
    if (repo_date_parse(out, &t) == OTA_OK && t > now_unix_s)
        return OTA_OK;
    return say_fail(OTA_E_FORMAT, "%s has passed: nothing is made that is expired", out);
}

void repo_date(json_t *doc, int64_t now_unix_s)
{
    char text[REPO_DATE_TEXT_BYTES];

    repo_date_text(now_unix_s, text);
    (void)json_object_set_new(repo_doc_signed(doc), "x-otad-signed", json_string(text));
}

json_t *repo_root_first(const char *platform, const char *expires)
{
    json_t *roles = json_object();

    for (size_t i = 0; i < sizeof root_roles / sizeof root_roles[0] - 1; i++)
        (void)json_object_set_new(roles, root_roles[i],
                                  json_pack("{s:[], s:i}", "keyids", "threshold", 1));
    return repo_doc_new(json_pack("{s:s, s:b, s:s, s:{}, s:o, s:s, s:i, s:{s:[], s:i}, s:s}",
                                  "_type", "root", "consistent_snapshot", 1, "expires", expires,
                                  "keys", "roles", roles, "spec_version", "1.0.34", "version",
                                  1, "x-otad-director", "keyids", "threshold", 1,
                                  "x-otad-platform", platform));
}

json_t *repo_targets_first(const char *platform, const char *class_text, const char *expires)
{
    json_t *role = json_pack("{s:[], s:s, s:[s], s:b, s:i}", "keyids", "name", platform,
                             "paths", "*/*", "terminating", 1, "threshold", 1);

    return repo_doc_new(json_pack("{s:s, s:{s:{}, s:[o]}, s:s, s:s, s:{}, s:i, s:s}", "_type",
                                  "targets", "delegations", "keys", "roles", role, "expires",
                                  expires, "spec_version", "1.0.34", "targets", "version", 1,
                                  "x-otad-class", class_text));
}

json_t *repo_platform_first(const char *expires)
{
    return repo_doc_new(json_pack("{s:s, s:s, s:s, s:{}, s:i}", "_type", "targets", "expires",
                                  expires, "spec_version", "1.0.34", "targets", "version", 1));
}

json_t *repo_next(const struct repo *r, enum repo_role role, const char *expires)
{
    json_t *part = json_deep_copy(repo_doc_signed(repo_newest(r, role)));
    uint64_t after = r->stands[role] == NULL ? 0 : repo_doc_version(r->stands[role]);

    if (part == NULL)
        return NULL;
    (void)json_object_set_new(part, "version", json_integer((json_int_t)after + 1));
    if (expires != NULL)
        (void)json_object_set_new(part, "expires", json_string(expires));
    if (role == REPO_ROOT) /* those of earlier versions of ours don't say */
        (void)json_object_set_new(part, "x-otad-platform", json_string(r->platform));
    part = repo_doc_new(part);
    if (part != NULL)
        repo_date(part, r->now_unix_s);
    return part;
}

/* --- keys of roles --------------------------------------------------------------------------
 */

static json_t *entry_of(const json_t *doc, const char *role)
{
    const json_t *part = repo_doc_signed(doc);
    json_t *roles = json_object_get(part, "roles"), *entry = json_object_get(roles, role);

    if (strcmp(role, "x-otad-director") == 0)
        return json_object_get(part, role);
    if (roles != NULL)
        return entry;
    return json_array_get(json_object_get(json_object_get(part, "delegations"), "roles"), 0);
}

static json_t *keys_of(const json_t *doc)
{
    const json_t *part = repo_doc_signed(doc);
    json_t *keys = json_object_get(part, "keys");

    return keys != NULL ? keys : json_object_get(json_object_get(part, "delegations"), "keys");
}

/* Where id is, or would be, among sorted keyids. */
static size_t place(const json_t *ids, const char *id, bool *there)
{
    size_t at = 0;

    while (at < json_array_size(ids) &&
           strcmp(json_string_value(json_array_get(ids, at)), id) < 0)
        at++;
    *there = at < json_array_size(ids) &&
             strcmp(json_string_value(json_array_get(ids, at)), id) == 0;
    return at;
}

ota_err repo_key_add(json_t *doc, const char *role, json_t *key)
{
    json_t *ids = json_object_get(entry_of(doc, role), "keyids");
    char id[REPO_KEYID_TEXT_BYTES];
    ota_err e = repo_key_id(key, id);
    bool there;
    size_t at;

    if (e != OTA_OK)
        return e;
    at = place(ids, id, &there);
    if (there)
        return say_fail(OTA_E_CONFLICT, "%s has key %.16s already", role, id);
    if (json_array_size(ids) == REPO_KEYS_MAX)
        return say_fail(OTA_E_LIMIT, "%s: a device counts %d keys of a role", role,
                        REPO_KEYS_MAX);
    if (json_array_insert_new(ids, at, json_string(id)) != 0 ||
        json_object_set(keys_of(doc), id, key) != 0)
        return say_fail(OTA_E_NO_MEMORY, "no memory");
    return OTA_OK;
}

ota_err repo_key_add_file(json_t *doc, const char *role, const char *path)
{
    struct key_public key;
    json_t *object = NULL;
    ota_err e = key_public_read(path, &key);

    if (e == OTA_OK)
        e = key_sample_check(&key, path);
    if (e == OTA_OK)
        e = repo_key_object(&key, &object);
    if (e == OTA_OK)
        e = repo_key_add(doc, role, object);
    json_decref(object);
    return e;
}

static ota_err id_of_file(const char *path, char out[REPO_KEYID_TEXT_BYTES])
{
    struct key_public key;
    json_t *object = NULL;
    ota_err e = key_public_read(path, &key);

    if (e == OTA_OK)
        e = repo_key_object(&key, &object);
    if (e == OTA_OK)
        e = repo_key_id(object, out);
    json_decref(object);
    return e;
}

/* How many of a role's keys name means; out is one of them. */
static ota_err matches(const json_t *doc, const char *role, const char *name, unsigned *found,
                       char out[REPO_KEYID_TEXT_BYTES])
{
    enum { SHORTEST = 8 };
    const json_t *ids = json_object_get(entry_of(doc, role), "keyids"), *item;
    const size_t len = strlen(name);
    char id[REPO_KEYID_TEXT_BYTES] = "";
    size_t i;

    *found = 0;
    if (len < SHORTEST || len >= sizeof id || strspn(name, "0123456789abcdef") != len) {
        ota_err e = id_of_file(name, id);

        if (e != OTA_OK)
            return e;
    } else {
        (void)snprintf(id, sizeof id, "%s", name);
    }
    json_array_foreach (ids, i, item) {
        if (strncmp(json_string_value(item), id, strlen(id)) == 0) {
            (void)snprintf(out, REPO_KEYID_TEXT_BYTES, "%s", json_string_value(item));
            ++*found;
        }
    }
    return OTA_OK;
}

bool repo_keyid_has(const json_t *doc, const char *role, const char *name,
                    char out[REPO_KEYID_TEXT_BYTES])
{
    unsigned found = 0;

    return matches(doc, role, name, &found, out) == OTA_OK && found == 1;
}

static ota_err keyid_find(const json_t *doc, const char *role, const char *name,
                          char out[REPO_KEYID_TEXT_BYTES])
{
    unsigned found = 0;
    ota_err e = matches(doc, role, name, &found, out);

    if (e != OTA_OK || found == 1)
        return e;
    return say_fail(OTA_E_NOT_FOUND, "%s: %s is %s of its keys", role, name,
                    found == 0 ? "none" : "more than one");
}

ota_err repo_key_remove(json_t *doc, const char *role, const char *name)
{
    json_t *ids = json_object_get(entry_of(doc, role), "keyids");
    char id[REPO_KEYID_TEXT_BYTES];
    ota_err e = keyid_find(doc, role, name, id);
    bool there;

    if (e == OTA_OK)
        (void)json_array_remove(ids, place(ids, id, &there));
    return e;
}

void repo_keys_clear(json_t *doc, const char *role)
{
    (void)json_array_clear(json_object_get(entry_of(doc, role), "keyids"));
}

ota_err repo_threshold_set(json_t *doc, const char *role, uint64_t threshold)
{
    json_t *value = json_integer((json_int_t)threshold);

    return json_object_set_new(entry_of(doc, role), "threshold", value) == 0
               ? OTA_OK
               : say_fail(OTA_E_NO_MEMORY, "no memory");
}

/* The n-th role that a document speaks of, or NULL. */
static const char *role_at(const json_t *doc, size_t n)
{
    if (repo_doc_is(doc, "root"))
        return n < sizeof root_roles / sizeof root_roles[0] ? root_roles[n] : NULL;
    return n == 0 ? json_string_value(json_object_get(entry_of(doc, ""), "name")) : NULL;
}

static bool role_has(const json_t *doc, const char *role, const char *id)
{
    bool there;

    (void)place(json_object_get(entry_of(doc, role), "keyids"), id, &there);
    return there;
}

static bool online_has(const json_t *doc, const char *id)
{
    for (size_t i = 0; i < ONLINE_ROLES; i++) {
        if (role_has(doc, online_roles[i], id))
            return true;
    }
    return false;
}

static ota_err role_check(const json_t *doc, const char *role)
{
    const json_t *ids = json_object_get(entry_of(doc, role), "keyids");
    const json_int_t threshold =
        json_integer_value(json_object_get(entry_of(doc, role), "threshold"));
    const size_t count = json_array_size(ids);

    if (threshold < 1 || threshold > REPO_THRESHOLD_MAX || (size_t)threshold > count) {
        say_error("%s: %lld of %zu keys cannot sign", role, (long long)threshold, count);
        say_hint("a threshold is 1 to %d and not more than there are keys", REPO_THRESHOLD_MAX);
        return OTA_E_CONFLICT;
    }
    return OTA_OK;
}

ota_err repo_keys_check(json_t *doc)
{
    json_t *keys = keys_of(doc), *key;
    const char *id, *role;
    void *next;

    for (size_t n = 0; (role = role_at(doc, n)) != NULL; n++) {
        ota_err e = role_check(doc, role);

        if (e != OTA_OK)
            return e;
    }
    json_object_foreach_safe(keys, next, id, key)
    {
        bool used = false;

        for (size_t n = 0; (role = role_at(doc, n)) != NULL; n++)
            used = used || role_has(doc, role, id);
        if (!used)
            (void)json_object_del(keys, id);
        else if (repo_doc_is(doc, "root") && online_has(doc, id) &&
                 (role_has(doc, "root", id) || role_has(doc, "targets", id)))
            return say_fail(OTA_E_CONFLICT,
                            "key %.16s is the server's: it may not sign root or targets", id);
    }
    if (json_object_size(keys) <= TUF_DEVICE_KEYS)
        return OTA_OK;
    say_error("%zu different keys: a device knows %d at once", json_object_size(keys),
              TUF_DEVICE_KEYS);
    say_hint("of all roles of root together; let officers sign targets too, or take fewer");
    return OTA_E_LIMIT;
}
