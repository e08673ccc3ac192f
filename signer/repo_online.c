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

/* {"keyid","public","used"}, Ed25519. */
static ota_err stated_key_add(json_t *root, const char *role, const json_t *item)
{
    const char *hex = json_string_value(json_object_get(item, "public"));
    struct key_public key = {.alg = CRYPTO_ED25519, .bytes = 32};
    json_t *object = NULL;
    ota_err e;

    if (!repo_hex_read(hex, key.key, key.bytes))
        return say_fail(OTA_E_FORMAT, "%s: \"public\" is not 64 hexadecimal digits", role);
    e = repo_key_object(&key, &object);
    if (e == OTA_OK)
        e = repo_key_add(root, role, object);
    json_decref(object);
    return e;
}

ota_err repo_online_file(json_t *root, const char *path)
{
    struct file_bytes f;
    const json_t *keys, *item;
    json_error_t why;
    json_t *answer;
    size_t i;
    ota_err e = file_read(path, FILE_BYTES_MAX, &f);

    if (e != OTA_OK)
        return e;
    answer = json_loadb((char *)f.data, f.len, JSON_REJECT_DUPLICATES, &why);
    file_free(&f);
    keys = json_object_get(answer, "online_keys");
    if (keys == NULL)
        e = say_fail(OTA_E_FORMAT, "%s is not otad's answer: it has no \"online_keys\"", path);
    for (size_t n = 0; e == OTA_OK && n < ONLINE; n++) {
        const json_t *list = json_object_get(keys, online[n].name);

        if (json_array_size(list) == 0)
            e = say_fail(OTA_E_FORMAT, "%s: no online key for %s", path, online[n].name);
        repo_keys_clear(root, online[n].role);
        json_array_foreach (list, i, item) {
            if (e == OTA_OK)
                e = stated_key_add(root, online[n].role, item);
        }
    }
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
