/* JSON in and out, with jansson. */
#include "json.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

enum { DEPTH_MAX = 8 };

/* Put value (owned) into the innermost container. */
static bool put(json_t *into, const char *key, json_t *value)
{
    if (value == NULL)
        return false;
    if (json_is_array(into))
        return json_array_append_new(into, value) == 0;
    return json_object_set_new(into, key == NULL ? "" : key, value) == 0;
}

static json_t *value_of(const struct report_node *n)
{
    switch (n->kind) {
    case REPORT_TEXT:
        return json_string(n->text);
    case REPORT_NUMBER:
        return json_integer((json_int_t)n->number);
    case REPORT_FLAG:
        return json_boolean(n->number != 0);
    case REPORT_OBJECT:
        return json_object();
    case REPORT_LIST:
        return json_array();
    case REPORT_END:
        break;
    }
    return NULL;
}

static bool build(const struct report *r, json_t *root)
{
    json_t *stack[DEPTH_MAX] = {root};
    size_t depth = 0;

    for (size_t i = 0; i < r->count; i++) {
        const struct report_node *n = &r->node[i];
        json_t *value;

        if (n->kind == REPORT_END) {
            depth--;
            continue;
        }
        value = value_of(n);
        if (!put(stack[depth], n->key, value))
            return false;
        if (n->kind == REPORT_OBJECT || n->kind == REPORT_LIST) {
            if (depth + 1 == DEPTH_MAX)
                return false;
            stack[++depth] = value;
        }
    }
    return true;
}

bool json_report_print(const struct report *r)
{
    json_t *root = json_object();
    bool ok = root != NULL && json_object_set_new(root, "ok", json_true()) == 0 &&
              build(r, root) && json_dumpf(root, stdout, JSON_INDENT(2)) == 0;

    putchar('\n');
    json_decref(root);
    return ok;
}

void json_error_print(const char *error, const char *hint, int status)
{
    json_t *root = json_pack("{s:b, s:s, s:i}", "ok", 0, "error", error, "exit", status);

    if (root != NULL && hint[0] != '\0')
        (void)json_object_set_new(root, "hint", json_string(hint));
    if (root != NULL)
        (void)json_dumpf(root, stdout, JSON_INDENT(2));
    putchar('\n');
    json_decref(root);
}

static char *dump_free(json_t *root)
{
    char *text = root == NULL ? NULL : json_dumps(root, JSON_COMPACT);

    json_decref(root);
    return text;
}

char *json_release_body(const char *sums, const char *minisig, const char *notes)
{
    json_t *root = json_pack("{s:s, s:s}", "sums", sums, "minisig", minisig);

    if (root != NULL && notes != NULL &&
        json_object_set_new(root, "notes", json_string(notes)) != 0) {
        json_decref(root);
        return NULL;
    }
    return dump_free(root);
}

char *json_channel_body(const char *channel)
{
    return dump_free(json_pack("{s:s}", "channel", channel));
}

/* A string member, cut to fit, without control characters: it goes to somebody's terminal. */
static void copy_text(const json_t *root, const char *key, char *out, size_t room)
{
    const char *text = json_string_value(json_object_get(root, key));
    size_t n = 0;

    for (; text != NULL && *text != '\0' && n + 1 < room; text++)
        out[n++] = (char)((unsigned char)*text < 0x20 || *text == 0x7f ? ' ' : *text);
    out[n] = '\0';
}

void json_problem_read(const char *text, size_t len, struct json_problem *out)
{
    json_t *root = json_loadb(text, len, 0, NULL);

    copy_text(root, "code", out->code, sizeof out->code);
    copy_text(root, "title", out->title, sizeof out->title);
    copy_text(root, "detail", out->detail, sizeof out->detail);
    copy_text(root, "pointer", out->pointer, sizeof out->pointer);
    json_decref(root);
}

ota_err json_release_read(const char *text, size_t len, struct json_release *out)
{
    json_t *root = json_loadb(text, len, 0, NULL);

    if (!json_is_object(root)) {
        json_decref(root);
        return OTA_E_FORMAT;
    }
    out->root = root;
    copy_text(root, "state", out->state, sizeof out->state);
    copy_text(root, "channel", out->channel, sizeof out->channel);
    return OTA_OK;
}

bool json_release_has(const struct json_release *r, const char *name, const char *sha256_hex)
{
    json_t *list = json_object_get(r->root, "artifacts"), *item;
    size_t i;

    json_array_foreach (list, i, item) {
        const char *has = json_string_value(json_object_get(item, "name"));
        const char *sha256 = json_string_value(json_object_get(item, "sha256"));

        if (has != NULL && sha256 != NULL && strcmp(has, name) == 0 &&
            strcmp(sha256, sha256_hex) == 0)
            return true;
    }
    return false;
}

void json_release_free(struct json_release *r)
{
    json_decref(r->root);
    r->root = NULL;
}
