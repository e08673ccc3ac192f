/*
 * Lines of an exported audit log, and the chain they make.  Strict on purpose: what a tolerant
 * reader would forgive is what somebody who altered the file would use.
 */
#include "audit.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "../firmware/image/crypto.h"

enum { SEQ_DIGITS_MAX = 18, DEPTH_MAX = 32 };

struct cursor {
    const char *p, *end;
};

/* ---- pieces of a line ------------------------------------------------------------------ */

static bool literal(struct cursor *c, const char *text)
{
    const size_t len = strlen(text);

    if ((size_t)(c->end - c->p) < len || memcmp(c->p, text, len) != 0)
        return false;
    c->p += len;
    return true;
}

static bool number(struct cursor *c, uint64_t *out)
{
    const char *start = c->p;
    uint64_t n = 0;

    for (; c->p < c->end && *c->p >= '0' && *c->p <= '9'; c->p++) {
        if (c->p - start >= SEQ_DIGITS_MAX)
            return false;
        n = n * 10 + (uint64_t)(*c->p - '0');
    }
    *out = n;
    return c->p > start && *start != '0';
}

/* Lower case, as otad writes them. */
static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Four hexadecimal digits. */
static bool unit(struct cursor *c, uint32_t *out)
{
    uint32_t n = 0;

    if (c->end - c->p < 4)
        return false;
    for (int i = 0; i < 4; i++) {
        const int digit = hex_digit(c->p[i]);
        if (digit < 0)
            return false;
        n = n * 16 + (uint32_t)digit;
    }
    c->p += 4;
    *out = n;
    return true;
}

static size_t utf8_put(uint32_t code, char *out)
{
    if (code < 0x80) {
        out[0] = (char)code;
        return 1;
    }
    if (code < 0x800) {
        out[0] = (char)(0xc0 | code >> 6);
        out[1] = (char)(0x80 | (code & 0x3f));
        return 2;
    }
    if (code < 0x10000) {
        out[0] = (char)(0xe0 | code >> 12);
        out[1] = (char)(0x80 | (code >> 6 & 0x3f));
        out[2] = (char)(0x80 | (code & 0x3f));
        return 3;
    }
    out[0] = (char)(0xf0 | code >> 18);
    out[1] = (char)(0x80 | (code >> 12 & 0x3f));
    out[2] = (char)(0x80 | (code >> 6 & 0x3f));
    out[3] = (char)(0x80 | (code & 0x3f));
    return 4;
}

/* Behind \u: one code point, in one unit or a pair.  No escape is shorter than what it means.
 */
static bool code_point(struct cursor *c, uint32_t *out)
{
    uint32_t high, low;

    if (!unit(c, &high) || (high >= 0xdc00 && high < 0xe000) || high == 0)
        return false;
    *out = high;
    if (high < 0xd800 || high >= 0xdc00)
        return true;
    if (!literal(c, "\\u") || !unit(c, &low) || low < 0xdc00 || low >= 0xe000)
        return false;
    *out = 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
    return true;
}

static bool escape(struct cursor *c, char *out, size_t *len)
{
    static const char plain[] = "\"\\/bfnrt", means[] = "\"\\/\b\f\n\r\t";
    const char *at = c->p == c->end || *c->p == '\0' ? NULL : strchr(plain, *c->p);
    uint32_t code;

    if (at != NULL) {
        c->p++;
        out[(*len)++] = means[at - plain];
        return true;
    }
    if (!literal(c, "u") || !code_point(c, &code))
        return false;
    *len += utf8_put(code, out + *len);
    return true;
}

/* A string, decoded to out. */
static bool string(struct cursor *c, char *out, size_t *out_len)
{
    size_t len = 0;

    if (!literal(c, "\""))
        return false;
    while (c->p < c->end && *c->p != '"') {
        const unsigned char byte = (unsigned char)*c->p++;
        if (byte < 0x20)
            return false;
        if (byte != '\\')
            out[len++] = (char)byte;
        else if (!escape(c, out, &len))
            return false;
    }
    *out_len = len;
    return literal(c, "\"");
}

/* Over an object, byte by byte as it stands: only strings and brackets matter. */
static bool object(struct cursor *c)
{
    char open[DEPTH_MAX];
    size_t depth = 0;
    bool in_string = false;

    for (; c->p < c->end; c->p++) {
        const char b = *c->p;
        if (in_string) {
            if (b == '\\')
                c->p++;
            else
                in_string = b != '"';
        } else if (b == '"') {
            in_string = true;
        } else if (b == '{' || b == '[') {
            if (depth == DEPTH_MAX)
                return false;
            open[depth++] = b;
        } else if (b == '}' || b == ']') {
            if (depth == 0 || open[--depth] != (b == '}' ? '{' : '['))
                return false;
        }
        if (depth == 0)
            break;
    }
    if (c->p >= c->end || *c->p != '}')
        return false;
    c->p++;
    return true;
}

/* ---- the hash -------------------------------------------------------------------------- */

/* LENGTH:BYTES, */
static void hash_part(struct crypto_sha256 *h, const char *bytes, size_t len)
{
    char head[24];
    const int n = snprintf(head, sizeof head, "%zu:", len);

    crypto_sha256_update(h, head, (size_t)n);
    crypto_sha256_update(h, bytes, len);
    crypto_sha256_update(h, ",", 1);
}

static void hash_null(struct crypto_sha256 *h)
{
    crypto_sha256_update(h, "-,", 2);
}

/* "name": and a string, or null where that is allowed; into the hash. */
static bool text_member(struct cursor *c, const char *name, bool may_be_null, char *scratch,
                        struct crypto_sha256 *h)
{
    size_t len = 0;

    if (!literal(c, name))
        return false;
    if (may_be_null && literal(c, "null")) {
        hash_null(h);
        return true;
    }
    if (!string(c, scratch, &len))
        return false;
    hash_part(h, scratch, len);
    return true;
}

static bool object_member(struct cursor *c, const char *name, struct crypto_sha256 *h)
{
    const char *start;

    if (!literal(c, name))
        return false;
    if (literal(c, "null")) {
        hash_null(h);
        return true;
    }
    start = c->p;
    if (start == c->end || *start != '{' || !object(c))
        return false;
    hash_part(h, start, (size_t)(c->p - start));
    return true;
}

bool audit_hash_parse(const char *text, size_t len, uint8_t out[AUDIT_HASH_BYTES])
{
    if (len != AUDIT_HEX_BYTES)
        return false;
    for (size_t i = 0; i < AUDIT_HASH_BYTES; i++) {
        const int high = hex_digit(text[2 * i]), low = hex_digit(text[2 * i + 1]);
        if (high < 0 || low < 0)
            return false;
        out[i] = (uint8_t)(high * 16 + low);
    }
    return true;
}

static bool hash_member(struct cursor *c, const char *name, uint8_t out[AUDIT_HASH_BYTES])
{
    if (!literal(c, name) || (size_t)(c->end - c->p) < AUDIT_HEX_BYTES ||
        !audit_hash_parse(c->p, AUDIT_HEX_BYTES, out))
        return false;
    c->p += AUDIT_HEX_BYTES;
    return literal(c, "\"");
}

/* ---- a line ---------------------------------------------------------------------------- */

/* prev_hash comes behind what is hashed after it, so it is looked for first: it and the hash
 * have a fixed length at the line's end. */
static bool tail(const char *line, size_t len, struct audit_line *out, size_t *out_body_len)
{
    static const char prev[] = ",\"prev_hash\":\"", own[] = ",\"hash\":\"";
    const size_t tail_len = sizeof prev - 1 + sizeof own - 1 + (size_t)2 * AUDIT_HEX_BYTES + 3;
    struct cursor c = {line + (len < tail_len ? 0 : len - tail_len), line + len};

    if (len < tail_len || !hash_member(&c, prev, out->prev_hash) ||
        !hash_member(&c, own, out->hash) || !literal(&c, "}"))
        return false;
    *out_body_len = len - tail_len;
    return true;
}

static bool seq_and_time(struct cursor *c, char *scratch, struct crypto_sha256 *h,
                         struct audit_line *out)
{
    const char *digits;
    size_t len = 0;

    if (!literal(c, "{\"seq\":"))
        return false;
    digits = c->p;
    if (!number(c, &out->seq))
        return false;
    hash_part(h, digits, (size_t)(c->p - digits));
    if (!literal(c, ",\"at\":") || !string(c, scratch, &len) || len >= sizeof out->at)
        return false;
    memcpy(out->at, scratch, len);
    out->at[len] = '\0';
    hash_part(h, scratch, len);
    return true;
}

static bool body(struct cursor *c, char *scratch, struct crypto_sha256 *h,
                 struct audit_line *out)
{
    return seq_and_time(c, scratch, h, out) &&
           text_member(c, ",\"actor\":", false, scratch, h) &&
           text_member(c, ",\"address\":", true, scratch, h) &&
           text_member(c, ",\"action\":", false, scratch, h) &&
           text_member(c, ",\"object\":", false, scratch, h) &&
           text_member(c, ",\"platform\":", true, scratch, h) &&
           object_member(c, ",\"before\":", h) && object_member(c, ",\"after\":", h) &&
           c->p == c->end;
}

bool audit_line_read(const char *line, size_t len, char *scratch, struct audit_line *out,
                     size_t *out_at)
{
    struct crypto_sha256 h;
    size_t body_len = 0;

    memset(out, 0, sizeof *out);
    *out_at = len;
    if (!tail(line, len, out, &body_len))
        return false;
    struct cursor c = {line, line + body_len};
    crypto_sha256_init(&h);
    crypto_sha256_update(&h, out->prev_hash, sizeof out->prev_hash);
    if (!body(&c, scratch, &h, out)) {
        *out_at = (size_t)(c.p - line);
        return false;
    }
    crypto_sha256_final(&h, out->computed);
    return true;
}

/* ---- the chain ------------------------------------------------------------------------- */

const char *audit_verdict_name(enum audit_verdict v)
{
    static const char *const name[AUDIT_VERDICT_COUNT] = {
        [AUDIT_GOOD] = "complete",
        [AUDIT_TWICE] = "entry-twice",
        [AUDIT_OUT_OF_ORDER] = "out-of-order",
        [AUDIT_MISSING] = "missing-entries",
        [AUDIT_ALTERED] = "altered",
        [AUDIT_BROKEN] = "broken-chain",
        [AUDIT_WRONG_START] = "wrong-start",
        [AUDIT_NOT_THE_HEAD] = "not-the-head",
    };

    return v < AUDIT_VERDICT_COUNT ? name[v] : "?";
}

static bool same(const uint8_t a[AUDIT_HASH_BYTES], const uint8_t b[AUDIT_HASH_BYTES])
{
    return memcmp(a, b, AUDIT_HASH_BYTES) == 0;
}

/* The first entry follows what was given; the first of all follows zeros. */
static enum audit_verdict starts(struct audit_chain *c, const struct audit_line *line)
{
    static const uint8_t zeros[AUDIT_HASH_BYTES];

    c->first_seq = line->seq;
    if (!same(line->hash, line->computed))
        return AUDIT_ALTERED;
    if (line->seq == 1 && !same(line->prev_hash, zeros))
        return AUDIT_BROKEN;
    if (c->has_from && !same(line->prev_hash, c->from))
        return AUDIT_WRONG_START;
    return AUDIT_GOOD;
}

static enum audit_verdict follows(const struct audit_chain *c, const struct audit_line *line)
{
    if (line->seq == c->seq)
        return AUDIT_TWICE;
    if (line->seq < c->seq)
        return AUDIT_OUT_OF_ORDER;
    if (line->seq != c->seq + 1)
        return AUDIT_MISSING;
    if (!same(line->hash, line->computed))
        return AUDIT_ALTERED;
    return same(line->prev_hash, c->hash) ? AUDIT_GOOD : AUDIT_BROKEN;
}

enum audit_verdict audit_chain_add(struct audit_chain *c, const struct audit_line *line)
{
    const enum audit_verdict v = c->count == 0 ? starts(c, line) : follows(c, line);

    if (v != AUDIT_GOOD)
        return v;
    if (c->has_head && line->seq == c->head_seq) {
        if (!same(line->hash, c->head))
            return AUDIT_NOT_THE_HEAD;
        c->head_seen = true;
    }
    c->seq = line->seq;
    memcpy(c->hash, line->hash, sizeof c->hash);
    c->count++;
    return AUDIT_GOOD;
}
