/*
 * A readable difference between two versions of metadata.  Members that have no words of their
 * own here are shown as JSON: what is signed is what was shown.
 */
#include "repo_diff.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct out {
    json_t *lines;
    bool failed;
};

static void line(struct out *o, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void line(struct out *o, const char *format, ...)
{
    char text[1024];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (json_array_append_new(o->lines, json_string(text)) != 0)
        o->failed = true;
}

static const char *text_of(const json_t *o, const char *name)
{
    const char *text = json_string_value(json_object_get(o, name));

    return text == NULL ? "?" : text;
}

static json_int_t number_of(const json_t *o, const char *name)
{
    return json_integer_value(json_object_get(o, name));
}

/* Any value in few words. */
static void other(struct out *o, const char *name, const json_t *old, const json_t *new)
{
    char *was =
        old == NULL ? NULL : json_dumps(old, JSON_COMPACT | JSON_SORT_KEYS | JSON_ENCODE_ANY);
    char *is =
        new == NULL ? NULL : json_dumps(new, JSON_COMPACT | JSON_SORT_KEYS | JSON_ENCODE_ANY);

    if (was == NULL)
        line(o, "+ %s: %s", name, is == NULL ? "?" : is);
    else if (is == NULL)
        line(o, "- %s: %s", name, was);
    else
        line(o, "~ %s: %s -> %s", name, was, is);
    free(was);
    free(is);
}

/* --- images ---------------------------------------------------------------------------------
 */

static void image(struct out *o, char sign, const char *path, const json_t *entry)
{
    const json_t *custom = json_object_get(entry, "custom");

    line(o, "%c image %s: %s, counter %lld, %lld bytes, sha256 %s", sign, path,
         text_of(custom, "channel"), (long long)number_of(custom, "counter"),
         (long long)number_of(entry, "length"),
         text_of(json_object_get(entry, "hashes"), "sha256"));
}

static void images(struct out *o, const json_t *old, const json_t *new)
{
    const json_t *entry;
    const char *path;

    json_object_foreach ((json_t *)(uintptr_t) new, path, entry) {
        const json_t *before = json_object_get(old, path);

        if (before == NULL) {
            image(o, '+', path, entry);
        } else if (json_equal(before, entry) == 0) {
            image(o, '-', path, before);
            image(o, '+', path, entry);
        }
    }
    json_object_foreach ((json_t *)(uintptr_t)old, path, entry) {
        if (json_object_get(new, path) == NULL)
            image(o, '-', path, entry);
    }
}

/* --- keys -----------------------------------------------------------------------------------
 */

static bool has(const json_t *list, const json_t *value)
{
    const json_t *item;
    size_t i;

    json_array_foreach (list, i, item) {
        if (json_equal(item, value) != 0)
            return true;
    }
    return false;
}

static void one_sided(struct out *o, char sign, const char *role, const json_t *list,
                      const json_t *without, const json_t *keys)
{
    const json_t *id;
    size_t i;

    json_array_foreach (list, i, id) {
        if (!has(without, id))
            line(o, "%c key of %s: %s %s", sign, role, json_string_value(id),
                 text_of(json_object_get(keys, json_string_value(id)), "keytype"));
    }
}

static void signers(struct out *o, const char *role, const json_t *old, const json_t *new,
                    const json_t *old_keys, const json_t *new_keys)
{
    const json_t *was = json_object_get(old, "keyids"), *is = json_object_get(new, "keyids");
    const json_int_t before = number_of(old, "threshold"), after = number_of(new, "threshold");

    one_sided(o, '+', role, is, was, new_keys);
    one_sided(o, '-', role, was, is, old_keys);
    if (before != after && old == NULL)
        line(o, "+ threshold of %s: %lld of %zu", role, (long long)after, json_array_size(is));
    else if (before != after)
        line(o, "~ threshold of %s: %lld -> %lld", role, (long long)before, (long long)after);
}

static void root_roles(struct out *o, const json_t *old, const json_t *new)
{
    const json_t *was = json_object_get(old, "roles"), *is = json_object_get(new, "roles");
    const json_t *entry;
    const char *role;

    json_object_foreach ((json_t *)(uintptr_t)is, role, entry)
        signers(o, role, json_object_get(was, role), entry, json_object_get(old, "keys"),
                json_object_get(new, "keys"));
    json_object_foreach ((json_t *)(uintptr_t)was, role, entry) {
        if (json_object_get(is, role) == NULL)
            line(o, "- role %s", role);
    }
}

/* A delegation aside from its signers. */
static json_t *bare(const json_t *role)
{
    json_t *copy = json_copy((json_t *)(uintptr_t)role);

    (void)json_object_del(copy, "keyids");
    (void)json_object_del(copy, "threshold");
    return copy;
}

static void delegations(struct out *o, const json_t *old, const json_t *new)
{
    const json_t *was = json_array_get(json_object_get(old, "roles"), 0);
    const json_t *is = json_array_get(json_object_get(new, "roles"), 0);
    json_t *a = bare(was), *b = bare(is);

    if (was == NULL || json_equal(a, b) == 0)
        other(o, "delegation", was == NULL ? NULL : a, b);
    signers(o, text_of(is, "name"), was, is, json_object_get(old, "keys"),
            json_object_get(new, "keys"));
    if (json_array_size(json_object_get(new, "roles")) > 1)
        other(o, "delegations", json_object_get(old, "roles"), json_object_get(new, "roles"));
    json_decref(a);
    json_decref(b);
}

/* --- all of it ------------------------------------------------------------------------------
 */

static bool told_apart(const char *name)
{
    static const char *const names[] = {"targets", "delegations", "roles",   "x-otad-director",
                                        "keys",    "expires",     "version", "x-otad-signed"};

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strcmp(name, names[i]) == 0)
            return true;
    }
    return false;
}

static void others(struct out *o, const json_t *old, const json_t *new)
{
    const json_t *value;
    const char *name;

    json_object_foreach ((json_t *)(uintptr_t) new, name, value) {
        if (!told_apart(name) &&
            (old == NULL || json_equal(value, json_object_get(old, name)) == 0))
            other(o, name, json_object_get(old, name), value);
    }
    json_object_foreach ((json_t *)(uintptr_t)old, name, value) {
        if (json_object_get(new, name) == NULL)
            other(o, name, value, NULL);
    }
}

json_t *repo_diff(const json_t *old, const json_t *doc)
{
    const json_t *was = repo_doc_signed(old), *is = repo_doc_signed(doc);
    struct out o = {.lines = json_array()};

    if (o.lines == NULL)
        return NULL;
    others(&o, was, is);
    if (json_object_get(is, "roles") != NULL)
        root_roles(&o, was, is);
    if (json_object_get(is, "x-otad-director") != NULL)
        signers(&o, "director", json_object_get(was, "x-otad-director"),
                json_object_get(is, "x-otad-director"), json_object_get(was, "keys"),
                json_object_get(is, "keys"));
    if (json_object_get(is, "delegations") != NULL)
        delegations(&o, json_object_get(was, "delegations"),
                    json_object_get(is, "delegations"));
    images(&o, json_object_get(was, "targets"), json_object_get(is, "targets"));
    if (was == NULL)
        line(&o, "+ expires %s", text_of(is, "expires"));
    else if (strcmp(text_of(was, "expires"), text_of(is, "expires")) != 0)
        line(&o, "~ expires %s -> %s", text_of(was, "expires"), text_of(is, "expires"));
    if (!o.failed)
        return o.lines;
    json_decref(o.lines);
    return NULL;
}
