/*
 * minisign's text files (SPEC 5.2): comment lines and base64.  Strict: canonical base64, four
 * (or two) lines, each ended by a newline, nothing behind.
 */
#include "minisig.h"

#include <stdbool.h>
#include <string.h>

static const char untrusted_prefix[] = "untrusted comment: ";
static const char trusted_prefix[] = "trusted comment: ";
static const char base64_digits[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

enum {
    ALG_BYTES = 2,
    BODY_BYTES = ALG_BYTES + MINISIG_KEY_NUMBER_BYTES + MINISIG_SIGNATURE_BYTES,
    PUBKEY_BYTES = ALG_BYTES + MINISIG_KEY_NUMBER_BYTES + 32,
};

/* --- base64 ------------------------------------------------------------------------------- */

static size_t base64_length(size_t bytes)
{
    return (bytes + 2) / 3 * 4;
}

static int base64_value(char c)
{
    const char *p = c == '\0' ? NULL : strchr(base64_digits, c);

    return p == NULL ? -1 : (int)(p - base64_digits);
}

/* Decode exactly out_bytes from exactly as many digits as they need, padding included. */
static bool base64_read(const char *text, size_t len, uint8_t *out, size_t out_bytes)
{
    uint32_t bits = 0;
    unsigned have = 0;
    size_t done = 0, pad = (3 - out_bytes % 3) % 3;

    if (len != base64_length(out_bytes))
        return false;
    for (size_t i = 0; i < len - pad; i++) {
        int v = base64_value(text[i]);

        if (v < 0)
            return false;
        bits = bits << 6 | (uint32_t)v;
        have += 6;
        if (have >= 8) {
            have -= 8;
            out[done++] = (uint8_t)(bits >> have);
        }
    }
    if ((bits & ((1u << have) - 1)) != 0) /* bits that no encoder sets */
        return false;
    for (size_t i = len - pad; i < len; i++) {
        if (text[i] != '=')
            return false;
    }
    return true;
}

size_t minisig_base64(const uint8_t *data, size_t len, char *out)
{
    for (size_t i = 0; i < len; i += 3) {
        uint32_t v = (uint32_t)data[i] << 16;

        if (i + 1 < len)
            v |= (uint32_t)data[i + 1] << 8;
        if (i + 2 < len)
            v |= data[i + 2];
        *out++ = base64_digits[v >> 18];
        *out++ = base64_digits[v >> 12 & 63];
        *out++ = (char)(i + 1 < len ? base64_digits[v >> 6 & 63] : '=');
        *out++ = (char)(i + 2 < len ? base64_digits[v & 63] : '=');
    }
    return base64_length(len);
}

/* --- lines -------------------------------------------------------------------------------- */

struct text {
    const char *at;
    size_t left;
};

/* The next line without its newline; control characters are refused. */
static bool line_read(struct text *t, const char **out, size_t *out_bytes)
{
    const char *newline = t->left == 0 ? NULL : memchr(t->at, '\n', t->left);
    size_t bytes;

    if (newline == NULL)
        return false;
    bytes = (size_t)(newline - t->at);
    for (size_t i = 0; i < bytes; i++) {
        unsigned char c = (unsigned char)t->at[i];

        if (c < 0x20 || c == 0x7f)
            return false;
    }
    *out = t->at;
    *out_bytes = bytes;
    t->at = newline + 1;
    t->left -= bytes + 1;
    return true;
}

/* A line that starts with prefix; the outputs are what follows it. */
static bool comment_read(struct text *t, const char *prefix, const char **out,
                         size_t *out_bytes)
{
    size_t n = strlen(prefix);

    if (!line_read(t, out, out_bytes) || *out_bytes < n || memcmp(*out, prefix, n) != 0)
        return false;
    *out += n;
    *out_bytes -= n;
    return true;
}

static bool data_read(struct text *t, uint8_t *out, size_t out_bytes)
{
    const char *line;
    size_t bytes;

    return line_read(t, &line, &bytes) && base64_read(line, bytes, out, out_bytes);
}

ota_err minisig_parse(const char *text, size_t len, struct minisig *out)
{
    struct text t = {text, len};
    uint8_t body[BODY_BYTES], global[MINISIG_SIGNATURE_BYTES];
    const char *untrusted, *comment;
    size_t untrusted_bytes, comment_bytes;

    if (len > MINISIG_BYTES_MAX)
        return OTA_E_LIMIT;
    if (!comment_read(&t, untrusted_prefix, &untrusted, &untrusted_bytes) ||
        !data_read(&t, body, sizeof body) ||
        !comment_read(&t, trusted_prefix, &comment, &comment_bytes) ||
        !data_read(&t, global, sizeof global) || t.left != 0)
        return OTA_E_FORMAT;
    if (body[0] != 'E' || body[1] != 'D')
        return OTA_E_FORMAT;
    if (comment_bytes > MINISIG_COMMENT_BYTES_MAX)
        return OTA_E_LIMIT;
    memset(out, 0, sizeof *out);
    memcpy(out->key_number, body + ALG_BYTES, sizeof out->key_number);
    memcpy(out->signature, body + ALG_BYTES + MINISIG_KEY_NUMBER_BYTES, sizeof out->signature);
    memcpy(out->global_signature, global, sizeof global);
    memcpy(out->comment, comment, comment_bytes);
    out->comment_bytes = comment_bytes;
    return OTA_OK;
}

ota_err minisig_pubkey_parse(const char *text, size_t len,
                             uint8_t out_number[MINISIG_KEY_NUMBER_BYTES], uint8_t out_key[32])
{
    struct text t = {text, len};
    uint8_t body[PUBKEY_BYTES];
    const char *comment;
    size_t comment_bytes;

    if (len > MINISIG_PUBKEY_BYTES_MAX ||
        !comment_read(&t, untrusted_prefix, &comment, &comment_bytes) ||
        !data_read(&t, body, sizeof body) || t.left != 0)
        return OTA_E_FORMAT;
    if (body[0] != 'E' || body[1] != 'd')
        return OTA_E_FORMAT;
    memcpy(out_number, body + ALG_BYTES, MINISIG_KEY_NUMBER_BYTES);
    memcpy(out_key, body + ALG_BYTES + MINISIG_KEY_NUMBER_BYTES, 32);
    return OTA_OK;
}

/* --- writing ------------------------------------------------------------------------------ */

/* Bounded output that remembers whether everything fitted. */
struct out {
    char *at;
    size_t room, used;
    bool full;
};

/* NOLINTNEXTLINE(readability-non-const-parameter): put() writes through it */
static void out_init(struct out *o, char *at, size_t room)
{
    *o = (struct out){.at = at, .room = room};
}

static void put(struct out *o, const char *text, size_t len)
{
    if (o->full || len > o->room - o->used) {
        o->full = true;
        return;
    }
    memcpy(o->at + o->used, text, len);
    o->used += len;
}

static void put_text(struct out *o, const char *text)
{
    put(o, text, strlen(text));
}

static void put_data(struct out *o, const uint8_t *data, size_t len)
{
    char line[(BODY_BYTES + 2) / 3 * 4 + 1];

    (void)minisig_base64(data, len, line);
    line[base64_length(len)] = '\n';
    put(o, line, base64_length(len) + 1);
}

static bool one_line(const char *text, size_t len)
{
    return memchr(text, '\n', len) == NULL;
}

ota_err minisig_write(const struct minisig *sig, const char *untrusted, char *out, size_t room,
                      size_t *out_bytes)
{
    struct out o;
    uint8_t body[BODY_BYTES] = {'E', 'D'};

    out_init(&o, out, room);
    if (!one_line(untrusted, strlen(untrusted)) || !one_line(sig->comment, sig->comment_bytes))
        return OTA_E_FORMAT;
    memcpy(body + ALG_BYTES, sig->key_number, sizeof sig->key_number);
    memcpy(body + ALG_BYTES + MINISIG_KEY_NUMBER_BYTES, sig->signature, sizeof sig->signature);
    put_text(&o, untrusted_prefix);
    put_text(&o, untrusted);
    put_text(&o, "\n");
    put_data(&o, body, sizeof body);
    put_text(&o, trusted_prefix);
    put(&o, sig->comment, sig->comment_bytes);
    put_text(&o, "\n");
    put_data(&o, sig->global_signature, sizeof sig->global_signature);
    if (o.full)
        return OTA_E_LIMIT;
    *out_bytes = o.used;
    return OTA_OK;
}

void minisig_number_text(const uint8_t number[MINISIG_KEY_NUMBER_BYTES],
                         char out[MINISIG_NUMBER_TEXT_BYTES])
{
    static const char digits[] = "0123456789ABCDEF";

    for (size_t i = 0; i < MINISIG_KEY_NUMBER_BYTES; i++) {
        uint8_t b = number[MINISIG_KEY_NUMBER_BYTES - 1 - i];

        out[2 * i] = digits[b >> 4];
        out[2 * i + 1] = digits[b & 15];
    }
    out[MINISIG_NUMBER_TEXT_BYTES - 1] = '\0';
}

ota_err minisig_pubkey_write(const uint8_t number[MINISIG_KEY_NUMBER_BYTES],
                             const uint8_t key[32], char *out, size_t room, size_t *out_bytes)
{
    struct out o;
    uint8_t body[PUBKEY_BYTES] = {'E', 'd'};
    char name[MINISIG_NUMBER_TEXT_BYTES];

    out_init(&o, out, room);
    minisig_number_text(number, name);
    memcpy(body + ALG_BYTES, number, MINISIG_KEY_NUMBER_BYTES);
    memcpy(body + ALG_BYTES + MINISIG_KEY_NUMBER_BYTES, key, 32);
    put_text(&o, untrusted_prefix);
    put_text(&o, "minisign public key ");
    put_text(&o, name);
    put_text(&o, "\n");
    put_data(&o, body, sizeof body);
    if (o.full)
        return OTA_E_LIMIT;
    *out_bytes = o.used;
    return OTA_OK;
}

/* --- what a release's trusted comment says --------------------------------------------------
 */

static bool platform_char(char c, bool first)
{
    if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'))
        return true;
    return !first && (c == '.' || c == '_' || c == '-');
}

static bool version_char(char c, bool first)
{
    if (c >= '0' && c <= '9')
        return true;
    return !first && ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '.' ||
                      c == '-' || c == '+');
}

static bool literal_read(struct text *t, const char *literal)
{
    size_t n = strlen(literal);

    if (t->left < n || memcmp(t->at, literal, n) != 0)
        return false;
    t->at += n;
    t->left -= n;
    return true;
}

/* As many characters as fit the rule, at least one, into a buffer of MINISIG_NAME_BYTES_MAX. */
static bool word_read(struct text *t, bool (*fits)(char c, bool first), char *out)
{
    size_t n = 0;

    while (n < t->left && fits(t->at[n], n == 0))
        n++;
    if (n == 0 || n > MINISIG_NAME_BYTES_MAX)
        return false;
    memset(out, 0, MINISIG_NAME_BYTES_MAX + 1);
    memcpy(out, t->at, n);
    t->at += n;
    t->left -= n;
    return true;
}

/* All of what is left, as a decimal number without needless zeros. */
static bool number_read(struct text *t, uint32_t *out)
{
    uint64_t v = 0;

    if (t->left == 0 || t->left > 10 || (t->at[0] == '0' && t->left > 1))
        return false;
    for (size_t i = 0; i < t->left; i++) {
        if (t->at[i] < '0' || t->at[i] > '9')
            return false;
        v = v * 10 + (uint64_t)(t->at[i] - '0');
    }
    *out = (uint32_t)v;
    return v <= UINT32_MAX;
}

ota_err minisig_release_parse(const char *comment, size_t len, struct minisig_release *out)
{
    struct text t = {comment, len};
    struct minisig_release r;

    if (!literal_read(&t, "otad platform=") || !word_read(&t, platform_char, r.platform) ||
        !literal_read(&t, " version=") || !word_read(&t, version_char, r.version) ||
        !literal_read(&t, " counter=") || !number_read(&t, &r.counter))
        return OTA_E_FORMAT;
    *out = r;
    return OTA_OK;
}

static void put_number(struct out *o, uint32_t v)
{
    char digits[10];
    size_t n = sizeof digits;

    do {
        digits[--n] = (char)('0' + v % 10);
        v /= 10;
    } while (v != 0);
    put(o, digits + n, sizeof digits - n);
}

ota_err minisig_release_write(const struct minisig_release *release, char *out, size_t room,
                              size_t *out_bytes)
{
    struct minisig_release again;
    struct out o;

    out_init(&o, out, room);
    put_text(&o, "otad platform=");
    put_text(&o, release->platform);
    put_text(&o, " version=");
    put_text(&o, release->version);
    put_text(&o, " counter=");
    put_number(&o, release->counter);
    put(&o, "", 1);
    if (o.full)
        return OTA_E_LIMIT;
    if (minisig_release_parse(out, o.used - 1, &again) != OTA_OK)
        return OTA_E_FORMAT;
    *out_bytes = o.used - 1;
    return OTA_OK;
}
