/* RFC 7512, from its text into one struct.  Strict: what the grammar does not allow is refused.
 */
#include "token_uri.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

static const char scheme[] = "pkcs11:";

enum value_kind {
    VALUE_TEXT,
    VALUE_ID,
    VALUE_SLOT,
    VALUE_TYPE,
    VALUE_FILE,
    VALUE_PATH,
    VALUE_PIN
};

static const struct attribute {
    const char *name;
    bool query;
    enum value_kind kind;
    size_t offset, room; /* of texts */
} attributes[] = {
#define TEXT(name, query, kind, member)                                                        \
    {                                                                                          \
        name, query, kind, offsetof(struct token_uri, member),                                 \
            sizeof(((struct token_uri *)0)->member)                                            \
    }
    TEXT("token", false, VALUE_TEXT, token),
    TEXT("manufacturer", false, VALUE_TEXT, manufacturer),
    TEXT("model", false, VALUE_TEXT, model),
    TEXT("serial", false, VALUE_TEXT, serial),
    TEXT("object", false, VALUE_TEXT, object),
    {"id", false, VALUE_ID, 0, 0},
    {"slot-id", false, VALUE_SLOT, 0, 0},
    {"type", false, VALUE_TYPE, 0, 0},
    TEXT("module-path", true, VALUE_PATH, module_path),
    TEXT("pin-source", true, VALUE_FILE, pin_source),
    {"pin-value", true, VALUE_PIN, 0, 0},
#undef TEXT
};

enum { ATTRIBUTES = sizeof attributes / sizeof attributes[0], VALUE_BYTES_MAX = 512 };

struct parser {
    struct token_uri *out;
    char *why;
    size_t why_bytes;
    bool seen[ATTRIBUTES];
};

__attribute__((format(printf, 2, 3))) static void tell(const struct parser *p,
                                                       const char *format, ...)
{
    va_list list;

    va_start(list, format);
    (void)vsnprintf(p->why, p->why_bytes, format, list);
    va_end(list);
}

/* Tell why, and e as the result.  A macro, so that compilers and analysers see the value. */
#define refuse(p, e, ...) (tell(p, __VA_ARGS__), (e))

bool token_uri_is(const char *name)
{
    return strncmp(name, scheme, sizeof scheme - 1) == 0;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* What may stand for itself in a value. */
static bool plain(char c, bool query)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c != '\0' && strchr("-._~:[]@!$'()*+,=", c) != NULL) ||
           (c != '\0' && strchr(query ? "/?|" : "&", c) != NULL);
}

/* Undo percent encoding of text, len bytes. */
static ota_err decode(struct parser *p, const struct attribute *a, const char *text, size_t len,
                      uint8_t out[VALUE_BYTES_MAX], size_t *out_len)
{
    size_t n = 0;

    for (size_t i = 0; i < len; n++) {
        if (n == VALUE_BYTES_MAX)
            return refuse(p, OTA_E_LIMIT, "%s is too long", a->name);
        if (text[i] == '%') {
            int high = i + 2 < len ? hex_digit(text[i + 1]) : -1;
            int low = i + 2 < len ? hex_digit(text[i + 2]) : -1;

            if (high < 0 || low < 0)
                return refuse(p, OTA_E_FORMAT, "%s: %% stands before two hex digits", a->name);
            out[n] = (uint8_t)(high << 4 | low);
            i += 3;
        } else if (plain(text[i], a->query)) {
            out[n] = (uint8_t)text[i++];
        } else {
            return refuse(p, OTA_E_FORMAT, "%s: spaces and the like are written as %%20",
                          a->name);
        }
    }
    if (n == 0)
        return refuse(p, OTA_E_FORMAT, "%s has no value", a->name);
    *out_len = n;
    return OTA_OK;
}

static ota_err put_text(struct parser *p, const struct attribute *a, const uint8_t *value,
                        size_t len)
{
    if (memchr(value, 0, len) != NULL)
        return refuse(p, OTA_E_FORMAT, "%s holds a zero byte", a->name);
    if (len >= a->room)
        return refuse(p, OTA_E_LIMIT, "%s is longer than %zu bytes", a->name, a->room - 1);
    memcpy((char *)p->out + a->offset, value, len);
    return OTA_OK;
}

static ota_err put_slot(struct parser *p, const uint8_t *value, size_t len)
{
    unsigned long v = 0;

    for (size_t i = 0; i < len; i++) {
        if (value[i] < '0' || value[i] > '9')
            return refuse(p, OTA_E_FORMAT, "slot-id is a decimal number");
        if (v > (UINT32_MAX - (value[i] - (unsigned long)'0')) / 10)
            return refuse(p, OTA_E_LIMIT, "slot-id is too large");
        v = v * 10 + (value[i] - (unsigned long)'0');
    }
    p->out->slot_id = v;
    p->out->has_slot_id = true;
    return OTA_OK;
}

/* A path, or file: and a path of this machine. */
static ota_err put_file(struct parser *p, const struct attribute *a, const uint8_t *value,
                        size_t len)
{
    if (len >= 5 && memcmp(value, "file:", 5) == 0) {
        value += 5;
        len -= 5;
        if (len >= 2 && value[0] == '/' && value[1] == '/') {
            value += 2;
            len -= 2;
        }
    }
    if (len > 0 && value[0] == '|')
        return refuse(p, OTA_E_DENIED, "pin-source is a file; no program is run for a PIN");
    if (len == 0 || value[0] != '/')
        return refuse(p, OTA_E_FORMAT, "pin-source is a file's absolute path");
    return put_text(p, a, value, len);
}

static ota_err put(struct parser *p, const struct attribute *a, const uint8_t *value,
                   size_t len)
{
    switch (a->kind) {
    case VALUE_TEXT:
        return put_text(p, a, value, len);
    case VALUE_ID:
        if (len > sizeof p->out->id)
            return refuse(p, OTA_E_LIMIT, "id is longer than %zu bytes", sizeof p->out->id);
        memcpy(p->out->id, value, len);
        p->out->id_bytes = len;
        return OTA_OK;
    case VALUE_SLOT:
        return put_slot(p, value, len);
    case VALUE_TYPE:
        if ((len == 7 && memcmp(value, "private", 7) == 0) ||
            (len == 6 && memcmp(value, "public", 6) == 0))
            return OTA_OK; /* which half is needed, the verb knows */
        return refuse(p, OTA_E_FORMAT, "type is private or public: nothing else signs");
    case VALUE_PATH:
        if (value[0] != '/')
            return refuse(p, OTA_E_FORMAT, "module-path is a file's absolute path");
        return put_text(p, a, value, len);
    case VALUE_FILE:
        return put_file(p, a, value, len);
    case VALUE_PIN:
        break;
    }
    return refuse(p, OTA_E_DENIED,
                  "a PIN does not belong into a URI: others see command lines");
}

/* One NAME=VALUE of len bytes. */
static ota_err attribute(struct parser *p, const char *text, size_t len, bool query)
{
    const char *equals = memchr(text, '=', len);
    size_t name_len = equals == NULL ? 0 : (size_t)(equals - text), value_len = 0;
    uint8_t value[VALUE_BYTES_MAX];
    ota_err e;

    for (size_t i = 0; i < ATTRIBUTES && equals != NULL; i++) {
        const struct attribute *a = &attributes[i];

        if (a->query != query || strlen(a->name) != name_len ||
            memcmp(a->name, text, name_len) != 0)
            continue;
        if (p->seen[i])
            return refuse(p, OTA_E_FORMAT, "%s stands twice", a->name);
        p->seen[i] = true;
        if (a->kind == VALUE_PIN) /* not even looked at */
            return put(p, a, NULL, 0);
        e = decode(p, a, equals + 1, len - name_len - 1, value, &value_len);
        return e == OTA_OK ? put(p, a, value, value_len) : e;
    }
    return refuse(p, OTA_E_FORMAT, "'%.*s' is no attribute that is understood %s",
                  (int)(len < 40 ? len : 40), text, query ? "behind the ?" : "before the ?");
}

/* Attributes up to stop, each parted from the next by separator. */
static ota_err part(struct parser *p, const char *text, const char *stop, char separator)
{
    while (text < stop) {
        const char *next = memchr(text, separator, (size_t)(stop - text));
        const char *end = next == NULL ? stop : next;
        ota_err e = attribute(p, text, (size_t)(end - text), separator == '&');

        if (e != OTA_OK)
            return e;
        text = end + 1;
        if (next != NULL && text == stop)
            return refuse(p, OTA_E_FORMAT, "an attribute is missing at the end");
    }
    return OTA_OK;
}

ota_err token_uri_parse(const char *text, struct token_uri *out, char *why, size_t why_bytes)
{
    struct parser p = {.out = out, .why_bytes = why_bytes};
    const char *path, *question, *end;
    ota_err e;

    p.why = why;
    memset(out, 0, sizeof *out);
    if (!token_uri_is(text))
        return refuse(&p, OTA_E_FORMAT, "it does not begin with pkcs11:");
    path = text + sizeof scheme - 1;
    end = text + strlen(text);
    question = strchr(path, '?');
    e = part(&p, path, question == NULL ? end : question, ';');
    if (e == OTA_OK && question != NULL)
        e = part(&p, question + 1, end, '&');
    return e;
}
