/*
 * hawkBit DDI answers to structs.  jsmn splits the text into values; everything here works on
 * the token array with bounded, iterative walks.  Text from outside reaches a struct only as a
 * number, a digest or a path of plain characters.
 */
#include "ddi.h"

#include <string.h>

#define JSMN_STATIC
#define JSMN_STRICT
#include <jsmn.h>

_Static_assert(sizeof(jsmntok_t) == DDI_TOKEN_BYTES, "DDI_TOKEN_BYTES must hold a token");

struct json {
    const char *text;
    const jsmntok_t *tok;
    int count;
};

enum { NONE = -1 };

static size_t length_of(const struct json *j, int i)
{
    return (size_t)(j->tok[i].end - j->tok[i].start);
}

static const char *start_of(const struct json *j, int i)
{
    return j->text + j->tok[i].start;
}

static bool is(const struct json *j, int i, const char *word)
{
    return length_of(j, i) == strlen(word) && memcmp(start_of(j, i), word, strlen(word)) == 0;
}

/* Index behind value i and all that is in it. */
static int behind(const struct json *j, int i)
{
    int end = j->tok[i].end;
    int next = i + 1;

    while (next < j->count && j->tok[next].start < end) {
        next++;
    }
    return next;
}

/* jsmn takes {"a"} and {1:2}: is every member of value i a string with a value? */
static bool members_complete(const struct json *j, int i)
{
    int end = j->tok[i].end;
    int k = i + 1;

    if (j->tok[i].type != JSMN_OBJECT) {
        return true;
    }
    for (int n = j->tok[i].size; n > 0; n--) {
        if (k + 1 >= j->count || j->tok[k].type != JSMN_STRING || j->tok[k].size != 1 ||
            j->tok[k + 1].start > end) {
            return false;
        }
        k = behind(j, k + 1);
    }
    return true;
}

static ota_err json_open(struct json *j, const char *text, size_t len,
                         struct ddi_scratch *scratch)
{
    jsmntok_t *tok = (jsmntok_t *)(void *)scratch->tokens;
    jsmn_parser p;

    jsmn_init(&p);
    j->text = text;
    j->tok = tok;
    j->count = jsmn_parse(&p, text, len, tok, DDI_TOKENS_MAX);
    if (j->count == JSMN_ERROR_NOMEM) {
        return OTA_E_LIMIT;
    }
    if (j->count < 1 || tok[0].type != JSMN_OBJECT) {
        return OTA_E_FORMAT;
    }
    for (int i = 0; i < j->count; i++) {
        if (!members_complete(j, i)) {
            return OTA_E_FORMAT;
        }
    }
    return OTA_OK;
}

/* Value of the first member with this name, or NONE (also when object is NONE or no object). */
static int member(const struct json *j, int object, const char *name)
{
    int i = object + 1;

    if (object == NONE || j->tok[object].type != JSMN_OBJECT) {
        return NONE;
    }
    for (int n = j->tok[object].size; n > 0 && i + 1 < j->count; n--) {
        if (is(j, i, name)) {
            return i + 1;
        }
        i = behind(j, i + 1);
    }
    return NONE;
}

static int number_of(const struct json *j, int array)
{
    return array != NONE && j->tok[array].type == JSMN_ARRAY ? j->tok[array].size : 0;
}

/* Decimal digits, as a JSON number or in a string; at most max. */
static ota_err take_u32(const struct json *j, int i, uint32_t max, uint32_t *out)
{
    uint64_t v = 0;

    if (i == NONE || (j->tok[i].type != JSMN_PRIMITIVE && j->tok[i].type != JSMN_STRING) ||
        length_of(j, i) == 0 || length_of(j, i) > 10) {
        return OTA_E_FORMAT;
    }
    for (size_t k = 0; k < length_of(j, i); k++) {
        char c = start_of(j, i)[k];

        if (c < '0' || c > '9') {
            return OTA_E_FORMAT;
        }
        v = v * 10 + (uint64_t)(c - '0');
    }
    if (v > max) {
        return OTA_E_LIMIT;
    }
    *out = (uint32_t)v;
    return OTA_OK;
}

/* "HH:MM:SS" */
static ota_err take_sleep(const struct json *j, int i, uint32_t *out_ms)
{
    static const uint32_t weight[8] = {36000, 3600, 0, 600, 60, 0, 10, 1};
    uint32_t s = 0;

    if (j->tok[i].type != JSMN_STRING || length_of(j, i) != 8) {
        return OTA_E_FORMAT;
    }
    for (size_t k = 0; k < 8; k++) {
        char c = start_of(j, i)[k];

        if (weight[k] == 0 ? c != ':' : c < '0' || c > '9') {
            return OTA_E_FORMAT;
        }
        s += weight[k] * (uint32_t)(c - '0');
    }
    *out_ms = s * 1000;
    return OTA_OK;
}

static bool path_char(char c)
{
    return c > ' ' && c < 127 && c != '"' && c != '\\' && c != '#';
}

/* Where the path begins in an absolute URL, or 0 in a path; len if there is none. */
static size_t path_start(const char *s, size_t len)
{
    size_t slashes = 0;

    if (len > 0 && s[0] == '/') {
        return 0;
    }
    for (size_t k = 0; k < len; k++) {
        if (s[k] == '/' && ++slashes == 3) {
            return k;
        }
    }
    return len;
}

/* The path of link value i ({"href": ...}).  Escaped slashes are the only escapes known. */
static ota_err take_path(const struct json *j, int i, char out[DDI_PATH_MAX])
{
    int href = member(j, i, "href");
    char url[DDI_PATH_MAX + 64]; /* scheme and authority before the path */
    size_t n = 0, from;

    if (href == NONE || j->tok[href].type != JSMN_STRING) {
        return OTA_E_FORMAT;
    }
    for (size_t k = 0; k < length_of(j, href); k++) {
        const char *s = start_of(j, href) + k;

        if (s[0] == '\\' && k + 1 < length_of(j, href) && s[1] == '/') {
            continue;
        }
        if (!path_char(s[0])) {
            return OTA_E_FORMAT;
        }
        if (n == sizeof url) {
            return OTA_E_LIMIT;
        }
        url[n++] = s[0];
    }
    from = path_start(url, n);
    if (from == n) {
        return OTA_E_FORMAT;
    }
    if (n - from >= DDI_PATH_MAX) {
        return OTA_E_LIMIT;
    }
    memcpy(out, url + from, n - from);
    out[n - from] = '\0';
    return OTA_OK;
}

static ota_err take_link(const struct json *j, int links, const char *name,
                         char out[DDI_PATH_MAX])
{
    int i = member(j, links, name);

    return i == NONE ? OTA_OK : take_path(j, i, out);
}

ota_err ddi_poll_parse(const char *json, size_t len, struct ddi_scratch *scratch,
                       struct ddi_poll *out)
{
    struct ddi_poll p = {0};
    struct json j;
    ota_err e = json_open(&j, json, len, scratch);
    int sleep, links;

    if (e) {
        return e;
    }
    sleep = member(&j, member(&j, member(&j, 0, "config"), "polling"), "sleep");
    links = member(&j, 0, "_links");
    if (sleep != NONE) {
        e = take_sleep(&j, sleep, &p.sleep_ms);
    }
    if (e == OTA_OK) {
        e = take_link(&j, links, "configData", p.config_path);
    }
    if (e == OTA_OK) {
        e = take_link(&j, links, "deploymentBase", p.deployment_path);
    }
    if (e == OTA_OK) {
        e = take_link(&j, links, "cancelAction", p.cancel_path);
    }
    if (e == OTA_OK) {
        e = take_link(&j, links, "keyManifest", p.keys_path);
    }
    if (e == OTA_OK) {
        e = take_link(&j, links, "director", p.director_path);
    }
    if (e == OTA_OK) {
        *out = p;
    }
    return e;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : NONE;
}

static ota_err take_sha256(const struct json *j, int i, uint8_t out[32])
{
    if (i == NONE || j->tok[i].type != JSMN_STRING || length_of(j, i) != 64) {
        return OTA_E_FORMAT;
    }
    for (size_t k = 0; k < 32; k++) {
        int high = hex_digit(start_of(j, i)[2 * k]);
        int low = hex_digit(start_of(j, i)[2 * k + 1]);

        if (high == NONE || low == NONE) {
            return OTA_E_FORMAT;
        }
        out[k] = (uint8_t)(high * 16 + low);
    }
    return OTA_OK;
}

static bool named_bin(const struct json *j, int artifact)
{
    int name = member(j, artifact, "filename");

    return name != NONE && j->tok[name].type == JSMN_STRING && length_of(j, name) > 4 &&
           memcmp(start_of(j, name) + length_of(j, name) - 4, ".bin", 4) == 0;
}

static int choose_artifact(const struct json *j, int chunks)
{
    int chosen = NONE;
    int chunk = chunks + 1;

    for (int n = number_of(j, chunks); n > 0 && chunk < j->count; n--) {
        int artifacts = member(j, chunk, "artifacts");
        int artifact = artifacts + 1;

        for (int k = number_of(j, artifacts); k > 0 && artifact < j->count; k--) {
            if (named_bin(j, artifact)) {
                return artifact;
            }
            chosen = chosen == NONE ? artifact : chosen;
            artifact = behind(j, artifact);
        }
        chunk = behind(j, chunk);
    }
    return chosen;
}

static ota_err take_artifact(const struct json *j, int i, struct ddi_deployment *d)
{
    int links = member(j, i, "_links");
    int link = member(j, links, "download");
    ota_err e = take_u32(j, member(j, i, "size"), UINT32_MAX, &d->size_bytes);

    if (link == NONE) {
        link = member(j, links, "download-http");
    }
    if (e == OTA_OK) {
        e = take_sha256(j, member(j, member(j, i, "hashes"), "sha256"), d->sha256);
    }
    if (e == OTA_OK) {
        e = take_path(j, link, d->path);
    }
    return e;
}

static bool skipped(const struct json *j, int deployment, const char *what)
{
    int i = member(j, deployment, what);

    return i != NONE && is(j, i, "skip");
}

ota_err ddi_deployment_parse(const char *json, size_t len, struct ddi_scratch *scratch,
                             struct ddi_deployment *out)
{
    struct ddi_deployment d = {0};
    struct json j;
    int deployment, artifact;
    ota_err e = json_open(&j, json, len, scratch);

    if (e) {
        return e;
    }
    e = take_u32(&j, member(&j, 0, "id"), INT32_MAX, &d.action);
    if (e || d.action == 0) {
        return OTA_E_FORMAT;
    }
    deployment = member(&j, 0, "deployment");
    artifact = choose_artifact(&j, member(&j, deployment, "chunks"));
    d.may_download = !skipped(&j, deployment, "download");
    d.may_install = !skipped(&j, deployment, "update");
    if (artifact == NONE) {
        return OTA_E_FORMAT;
    }
    e = take_artifact(&j, artifact, &d);
    if (e == OTA_OK) {
        *out = d;
    }
    return e;
}

ota_err ddi_cancel_parse(const char *json, size_t len, struct ddi_scratch *scratch,
                         struct ddi_cancel *out)
{
    struct ddi_cancel c;
    struct json j;
    ota_err e = json_open(&j, json, len, scratch);

    if (e) {
        return e;
    }
    if (take_u32(&j, member(&j, 0, "id"), INT32_MAX, &c.id) ||
        take_u32(&j, member(&j, member(&j, 0, "cancelAction"), "stopId"), INT32_MAX, &c.stop)) {
        return OTA_E_FORMAT;
    }
    *out = c;
    return OTA_OK;
}
