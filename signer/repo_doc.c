/*
 * Metadata files as trees, with jansson.  Reading lets in printable ASCII, integers and
 * booleans only: of such trees jansson's compact, sorted form is the canonical one (SPEC 10.1).
 */
#include "repo_doc.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../firmware/image/crypto_message.h"
#include "say.h"

enum { DEPTH_MAX = 16 };
static const json_int_t integer_max = ((json_int_t)1 << 53) - 1;

/* --- bytes and dates ------------------------------------------------------------------------
 */

void repo_hex_write(const void *data, size_t len, char *out)
{
    const uint8_t *p = data;

    out[0] = '\0';
    for (size_t i = 0; i < len; i++)
        (void)snprintf(out + 2 * i, 3, "%02x", p[i]);
}

static int nibble(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool repo_hex_read(const char *text, void *out, size_t len)
{
    uint8_t *to = out;

    if (text == NULL || strlen(text) != 2 * len)
        return false;
    for (size_t i = 0; i < len; i++) {
        int high = nibble(text[2 * i]), low = nibble(text[2 * i + 1]);

        if (high < 0 || low < 0)
            return false;
        to[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

void repo_date_text(int64_t unix_s, char out[REPO_DATE_TEXT_BYTES])
{
    time_t t = (time_t)unix_s;
    struct tm tm;

    out[0] = '\0';
    if (gmtime_r(&t, &tm) != NULL)
        (void)strftime(out, REPO_DATE_TEXT_BYTES, "%Y-%m-%dT%H:%M:%SZ", &tm);
}

ota_err repo_date_parse(const char *text, int64_t *out_unix_s)
{
    static const char shape[] = "0000-00-00T00:00:00Z";
    char again[REPO_DATE_TEXT_BYTES];
    struct tm tm = {0};
    time_t t;

    for (size_t i = 0; i < sizeof shape; i++) {
        bool digit = text[i] >= '0' && text[i] <= '9';

        if (shape[i] == '0' ? !digit : text[i] != shape[i])
            return OTA_E_FORMAT;
    }
    tm.tm_year = (int)strtol(text, NULL, 10) - 1900;
    tm.tm_mon = (int)strtol(text + 5, NULL, 10) - 1;
    tm.tm_mday = (int)strtol(text + 8, NULL, 10);
    tm.tm_hour = (int)strtol(text + 11, NULL, 10);
    tm.tm_min = (int)strtol(text + 14, NULL, 10);
    tm.tm_sec = (int)strtol(text + 17, NULL, 10);
    t = timegm(&tm);
    repo_date_text(t, again);
    if (strcmp(text, again) != 0) /* the 31st of February */
        return OTA_E_FORMAT;
    *out_unix_s = t;
    return OTA_OK;
}

/* --- reading --------------------------------------------------------------------------------
 */

static bool text_ok(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (text[i] < 0x20 || text[i] > 0x7e)
            return false;
    }
    return true;
}

static bool value_ok(json_t *v, int depth)
{
    const char *name;
    json_t *item;
    size_t i;

    if (depth > DEPTH_MAX)
        return false;
    json_object_foreach (v, name, item) {
        if (!text_ok(name, strlen(name)) || !value_ok(item, depth + 1))
            return false;
    }
    json_array_foreach (v, i, item) {
        if (!value_ok(item, depth + 1))
            return false;
    }
    if (json_is_string(v))
        return text_ok(json_string_value(v), json_string_length(v));
    if (json_is_integer(v))
        return json_integer_value(v) <= integer_max && json_integer_value(v) >= -integer_max;
    return !json_is_real(v) && !json_is_null(v);
}

static bool signatures_ok(const json_t *list)
{
    const json_t *item;
    size_t i;

    json_array_foreach (list, i, item) {
        const char *id = json_string_value(json_object_get(item, "keyid"));
        const char *sig = json_string_value(json_object_get(item, "sig"));

        if (id == NULL || strlen(id) != REPO_KEYID_TEXT_BYTES - 1 || sig == NULL ||
            json_object_size(item) != 2 || strspn(sig, "0123456789abcdef") != strlen(sig))
            return false;
        for (size_t j = 0; j < i; j++) {
            if (strcmp(id, json_string_value(
                               json_object_get(json_array_get(list, j), "keyid"))) == 0)
                return false;
        }
    }
    return json_is_array(list);
}

/* {"keyids": [ascending], "threshold": integer, ...} */
static bool role_ok(const json_t *role)
{
    const char *before = "";
    const json_t *item;
    size_t i;

    json_array_foreach (json_object_get(role, "keyids"), i, item) {
        const char *id = json_string_value(item);

        if (id == NULL || strlen(id) != REPO_KEYID_TEXT_BYTES - 1 || strcmp(before, id) >= 0)
            return false;
        before = id;
    }
    return json_is_array(json_object_get(role, "keyids")) &&
           json_is_integer(json_object_get(role, "threshold"));
}

/* Who may sign, wherever a root or targets file says so. */
static bool roles_ok(const json_t *part)
{
    const json_t *delegations = json_object_get(part, "delegations"), *role;
    const json_t *director = json_object_get(part, "x-otad-director");
    const char *name;
    size_t i;

    json_object_foreach ((json_t *)(uintptr_t)json_object_get(part, "roles"), name, role) {
        if (!role_ok(role))
            return false;
    }
    json_array_foreach (json_object_get(delegations, "roles"), i, role) {
        if (!role_ok(role))
            return false;
    }
    return (director == NULL || role_ok(director)) &&
           (delegations == NULL || json_array_size(json_object_get(delegations, "roles")) > 0);
}

static const char *unlike(json_t *doc)
{
    const json_t *part = json_object_get(doc, "signed");
    const char *expires = json_string_value(json_object_get(part, "expires"));
    int64_t t;

    if (!json_is_object(part) || json_object_size(doc) != 2)
        return "it is not {\"signatures\":...,\"signed\":...}";
    if (!value_ok(doc, 0))
        return "it holds more than printable ASCII, integers below 2^53 and booleans";
    if (!signatures_ok(json_object_get(doc, "signatures")))
        return "its signatures are not {\"keyid\",\"sig\"}, each key once";
    if (!json_is_string(json_object_get(part, "_type")) || repo_doc_version(doc) == 0)
        return "\"_type\" or \"version\" is missing";
    if (!roles_ok(part))
        return "its roles are not {\"keyids\",\"threshold\"}, keyids ascending";
    if (expires == NULL || repo_date_parse(expires, &t) != OTA_OK)
        return "\"expires\" is no date";
    return NULL;
}

ota_err repo_doc_parse(const char *from, const void *text, size_t len, json_t **out)
{
    json_error_t why;
    json_t *doc = json_loadb(text, len, JSON_REJECT_DUPLICATES, &why);
    const char *wrong = doc == NULL ? why.text : unlike(doc);

    if (wrong != NULL) {
        say_error("%s is no repository metadata: %s", from, wrong);
        json_decref(doc);
        return OTA_E_FORMAT;
    }
    *out = doc;
    return OTA_OK;
}

ota_err repo_doc_read(const char *path, json_t **out)
{
    enum { BYTES_MAX = 512 * 1024 };
    struct file_bytes f;
    ota_err e = file_read(path, BYTES_MAX, &f);

    if (e != OTA_OK)
        return e;
    e = repo_doc_parse(path, f.data, f.len, out);
    file_free(&f);
    return e;
}

json_t *repo_doc_new(json_t *signed_part)
{
    return json_pack("{s:[], s:o}", "signatures", "signed", signed_part);
}

json_t *repo_doc_signed(const json_t *doc)
{
    return json_object_get(doc, "signed");
}

uint64_t repo_doc_version(const json_t *doc)
{
    json_int_t v = json_integer_value(json_object_get(repo_doc_signed(doc), "version"));

    return v > 0 ? (uint64_t)v : 0;
}

const char *repo_doc_expires(const json_t *doc)
{
    return json_string_value(json_object_get(repo_doc_signed(doc), "expires"));
}

bool repo_doc_is(const json_t *doc, const char *type)
{
    const char *is = json_string_value(json_object_get(repo_doc_signed(doc), "_type"));

    return is != NULL && strcmp(is, type) == 0;
}

/* --- canonical bytes ------------------------------------------------------------------------
 */

ota_err repo_canonical(const json_t *value, struct file_bytes *out)
{
    char *text = json_dumps(value, JSON_COMPACT | JSON_SORT_KEYS | JSON_ENCODE_ANY);

    if (text == NULL)
        return say_fail(OTA_E_NO_MEMORY, "no memory");
    out->data = (uint8_t *)text;
    out->len = strlen(text);
    return OTA_OK;
}

bool repo_doc_same(const json_t *a, const json_t *b)
{
    return json_equal(repo_doc_signed(a), repo_doc_signed(b)) != 0;
}

/* --- signatures -----------------------------------------------------------------------------
 */

static json_t *entry_of(const json_t *doc, const char *keyid)
{
    json_t *item;
    size_t i;

    json_array_foreach (json_object_get(doc, "signatures"), i, item) {
        if (strcmp(json_string_value(json_object_get(item, "keyid")), keyid) == 0)
            return item;
    }
    return NULL;
}

const char *repo_signature(const json_t *doc, const char *keyid)
{
    return json_string_value(json_object_get(entry_of(doc, keyid), "sig"));
}

ota_err repo_signature_put(json_t *doc, const char *keyid, const char *sig_hex)
{
    json_t *list = json_object_get(doc, "signatures"), *old = entry_of(doc, keyid);
    size_t at = 0;

    if (old != NULL && json_object_set_new(old, "sig", json_string(sig_hex)) == 0)
        return OTA_OK;
    while (at < json_array_size(list) &&
           strcmp(json_string_value(json_object_get(json_array_get(list, at), "keyid")),
                  keyid) < 0)
        at++;
    if (old == NULL &&
        json_array_insert_new(list, at,
                              json_pack("{s:s, s:s}", "keyid", keyid, "sig", sig_hex)) == 0)
        return OTA_OK;
    return say_fail(OTA_E_NO_MEMORY, "no memory");
}

struct digest {
    uint8_t b[CRYPTO_DIGEST_BYTES];
};

static struct digest digest_of(const void *data, size_t len)
{
    struct crypto_sha256 h;
    struct digest out;

    crypto_sha256_init(&h);
    crypto_sha256_update(&h, data, len);
    crypto_sha256_final(&h, out.b);
    return out;
}

bool repo_signed_by(const json_t *doc, const char *keyid, const json_t *key)
{
    uint8_t sig[CRYPTO_SIGNATURE_BYTES_MAX];
    const char *hex = repo_signature(doc, keyid);
    size_t len = hex == NULL ? 0 : strlen(hex) / 2;
    struct key_public public;
    struct file_bytes text;
    bool good;

    if (len == 0 || len > sizeof sig || !repo_hex_read(hex, sig, len) ||
        repo_key_parse(key, &public) != OTA_OK ||
        repo_canonical(repo_doc_signed(doc), &text) != OTA_OK)
        return false;
    if (public.alg == CRYPTO_ED25519)
        good = len == MINISIG_SIGNATURE_BYTES &&
               crypto_verify_ed25519_message(public.key, text.data, text.len, sig) == OTA_OK;
    else
        good = crypto_verify(public.alg, public.key, public.bytes,
                             digest_of(text.data, text.len).b, sig, len) == OTA_OK;
    file_free(&text);
    return good;
}

ota_err repo_sign(json_t *doc, const char *keyid, const struct key *key)
{
    uint8_t sig[CRYPTO_SIGNATURE_BYTES_MAX];
    char hex[2 * CRYPTO_SIGNATURE_BYTES_MAX + 1];
    struct file_bytes text;
    size_t len = MINISIG_SIGNATURE_BYTES;
    ota_err e = repo_canonical(repo_doc_signed(doc), &text);

    if (e != OTA_OK)
        return e;
    if (key_public(key)->alg == CRYPTO_ED25519) {
        e = key_sign_message(key, text.data, text.len, sig);
    } else {
        e = key_sign(key, digest_of(text.data, text.len).b, sig, &len);
    }
    file_free(&text);
    if (e != OTA_OK)
        return e;
    repo_hex_write(sig, len, hex);
    return repo_signature_put(doc, keyid, hex);
}
