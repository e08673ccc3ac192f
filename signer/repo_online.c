/* The online keys of a repository, as otad states them (SPEC 10.3, GET .../tuf). */
#include "repo_online.h"

#include <string.h>

#include "repo_edit.h"
#include "say.h"

static const struct {
    const char *name, *role;
} online[] = {
    {"snapshot", "snapshot"}, {"timestamp", "timestamp"}, {"director", "x-otad-director"}};

enum { ONLINE = sizeof online / sizeof online[0], FILE_BYTES_MAX = 1024 * 1024 };

/* One key object in place of the keys that the role had. */
static ota_err stated(json_t *root, size_t n, const char *path, json_t *object)
{
    struct key_public key;
    ota_err e;

    if (!json_is_object(object)) {
        say_error("%s: no online key for %s", path, online[n].name);
        say_hint("if otad keeps it in a token, the token has not answered yet: see otad's log");
        return OTA_E_FORMAT;
    }
    e = repo_key_parse(object, &key);
    if (e == OTA_OK)
        e = key_sample_check(&key, path);
    if (e != OTA_OK)
        return e;
    repo_keys_clear(root, online[n].role);
    return repo_key_add(root, online[n].role, object);
}

ota_err repo_online_answer(json_t *root, const json_t *answer, const char *from)
{
    const json_t *keys = json_object_get(answer, "online");
    ota_err e = OTA_OK;

    if (keys == NULL)
        return say_fail(OTA_E_FORMAT, "%s is not otad's answer: it has no \"online\"", from);
    for (size_t n = 0; e == OTA_OK && n < ONLINE; n++)
        e = stated(root, n, from, json_object_get(keys, online[n].name));
    return e;
}

ota_err repo_online_file(json_t *root, const char *path)
{
    struct file_bytes f;
    json_error_t why;
    json_t *answer;
    ota_err e = file_read(path, FILE_BYTES_MAX, &f);

    if (e != OTA_OK)
        return e;
    answer = json_loadb((char *)f.data, f.len, JSON_REJECT_DUPLICATES, &why);
    file_free(&f);
    e = repo_online_answer(root, answer, path);
    json_decref(answer);
    return e;
}

ota_err repo_online_keys(json_t *root, const char *const *paths, size_t count)
{
    ota_err e = OTA_OK;

    for (size_t n = 0; n < ONLINE; n++) {
        repo_keys_clear(root, online[n].role);
        for (size_t i = 0; e == OTA_OK && i < count; i++)
            e = repo_key_add_file(root, online[n].role, paths[i]);
    }
    return e;
}
