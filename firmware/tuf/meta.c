/* Metadata files as views.  Everything an attacker may leave out or put in twice is looked at
 * here, before anybody acts on it. */
#include "meta.h"

#include <string.h>

enum { DELEGATIONS_MAX = 1024 }; /* of one role: names are compared pairwise */

enum tuf_verdict tuf_file_open(struct canonical text, struct tuf_file *out)
{
    out->signatures = canonical_member(text, "signatures");
    out->body = canonical_member(text, "signed");
    return canonical_is_array(out->signatures) && canonical_is_object(out->body) ? TUF_GOOD
                                                                                 : TUF_MEMBER;
}

/* Days from 1970-01-01 to a date of the Gregorian calendar. */
static uint64_t days_until(unsigned year, unsigned month, unsigned day)
{
    static const unsigned before[12] = {0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334};
    unsigned leap_years = (year - (month <= 2 ? 1 : 0));

    leap_years = leap_years / 4 - leap_years / 100 + leap_years / 400 - 477;
    return (uint64_t)(year - 1970) * 365 + leap_years + before[month - 1] + day - 1;
}

static unsigned days_in(unsigned year, unsigned month)
{
    static const unsigned days[12] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);

    return days[month - 1] + (month == 2 && leap ? 1 : 0);
}

ota_err tuf_time(struct canonical v, uint64_t *out_unix_s)
{
    static const char form[] = "0000-00-00T00:00:00Z";
    static const uint8_t at[6] = {0, 5, 8, 11, 14, 17};
    unsigned n[6] = {0};
    struct canonical t;

    if (!canonical_string(v, &t) || t.len != sizeof form - 1)
        return OTA_E_FORMAT;
    for (size_t i = 0; i < t.len; i++)
        if (form[i] == '0' ? t.at[i] < '0' || t.at[i] > '9' : t.at[i] != (uint8_t)form[i])
            return OTA_E_FORMAT;
    for (size_t k = 0; k < 6; k++)
        for (size_t i = at[k]; i < t.len && t.at[i] >= '0' && t.at[i] <= '9'; i++)
            n[k] = n[k] * 10 + (unsigned)(t.at[i] - '0');
    if (n[0] < 1970 || n[1] < 1 || n[1] > 12 || n[2] < 1 || n[2] > days_in(n[0], n[1]) ||
        n[3] > 23 || n[4] > 59 || n[5] > 59)
        return OTA_E_FORMAT;
    *out_unix_s = ((days_until(n[0], n[1], n[2]) * 24 + n[3]) * 60 + n[4]) * 60 + n[5];
    return OTA_OK;
}

/* "1.x" or "1.x.y" */
static bool spec_version_ours(struct canonical v)
{
    struct canonical t;

    return canonical_string(v, &t) && t.len >= 3 && t.at[0] == '0' + TUF_SPEC_MAJOR &&
           t.at[1] == '.';
}

enum tuf_verdict tuf_head_read(struct canonical body, enum tuf_type type, struct tuf_head *out)
{
    static const char *const names[] = {"root", "timestamp", "snapshot", "targets"};
    struct canonical made = canonical_member(body, "x-otad-signed");

    if (!canonical_is(canonical_member(body, "_type"), names[type]))
        return TUF_TYPE;
    if (!spec_version_ours(canonical_member(body, "spec_version")))
        return TUF_SPEC_VERSION;
    if (canonical_uint(canonical_member(body, "version"), CANONICAL_UINT_MAX, &out->version) !=
            OTA_OK ||
        out->version == 0 ||
        tuf_time(canonical_member(body, "expires"), &out->expires_unix_s) != OTA_OK)
        return TUF_MEMBER;
    out->signed_unix_s = 0;
    return made.len == 0 || tuf_time(made, &out->signed_unix_s) == OTA_OK ? TUF_GOOD
                                                                          : TUF_MEMBER;
}

/* Digests we know; others are passed over, but one that we know there must be. */
static bool hashes_read(struct canonical v, struct tuf_hashes *out)
{
    struct canonical sha256 = canonical_member(v, "sha256");
    struct canonical sha512 = canonical_member(v, "sha512");

    *out = (struct tuf_hashes){0};
    if (sha256.len != 0) {
        out->has_sha256 = true;
        if (canonical_hex(sha256, out->sha256, sizeof out->sha256) != OTA_OK)
            return false;
    }
    if (sha512.len != 0) {
        out->has_sha512 = true;
        if (canonical_hex(sha512, out->sha512, sizeof out->sha512) != OTA_OK)
            return false;
    }
    return out->has_sha256 || (out->has_sha512 && crypto_has_sha512);
}

enum tuf_verdict tuf_listed_read(struct canonical v, struct tuf_listed *out)
{
    struct canonical length = canonical_member(v, "length");
    struct canonical hashes = canonical_member(v, "hashes");

    *out = (struct tuf_listed){0};
    if (canonical_uint(canonical_member(v, "version"), CANONICAL_UINT_MAX, &out->version) !=
            OTA_OK ||
        out->version == 0)
        return TUF_MEMBER;
    out->has_length = length.len != 0;
    if (out->has_length && canonical_uint(length, CANONICAL_UINT_MAX, &out->length) != OTA_OK)
        return TUF_MEMBER;
    out->has_hashes = hashes.len != 0;
    if (out->has_hashes && !hashes_read(hashes, &out->hashes))
        return TUF_MEMBER;
    return TUF_GOOD;
}

enum tuf_verdict tuf_timestamp_read(struct canonical body, struct tuf_listed *out_snapshot)
{
    struct canonical meta = canonical_member(body, "meta");

    if (!canonical_is_object(meta) || canonical_count(meta) != 1)
        return TUF_MEMBER;
    return tuf_listed_read(canonical_member(meta, "snapshot.json"), out_snapshot);
}

enum tuf_verdict tuf_snapshot_read(struct canonical body, struct canonical *out_meta)
{
    struct canonical meta = canonical_member(body, "meta"), name, value;
    struct canonical_walk w = canonical_walk(meta);
    struct tuf_listed listed;

    if (!canonical_is_object(meta))
        return TUF_MEMBER;
    while (canonical_next_member(&w, &name, &value))
        if (tuf_listed_read(value, &listed) != TUF_GOOD)
            return TUF_MEMBER;
    if (canonical_member(meta, "targets.json").len == 0)
        return TUF_UNLISTED;
    *out_meta = meta;
    return TUF_GOOD;
}

/* Both ascend by name, so one pass over both is enough. */
enum tuf_verdict tuf_snapshot_follows(struct canonical old_meta, struct canonical new_meta)
{
    struct canonical_walk o = canonical_walk(old_meta), n = canonical_walk(new_meta);
    struct canonical name, value, new_name = {NULL, 0}, new_value = {NULL, 0};
    struct tuf_listed was, is;

    while (canonical_next_member(&o, &name, &value)) {
        int order = 1;

        while (order > 0 && canonical_next_member(&n, &new_name, &new_value))
            order = canonical_compare(name, new_name);
        if (order != 0)
            return TUF_VANISHED;
        if (tuf_listed_read(value, &was) != TUF_GOOD ||
            tuf_listed_read(new_value, &is) != TUF_GOOD)
            return TUF_MEMBER;
        if (is.version < was.version)
            return TUF_ROLLBACK;
    }
    return TUF_GOOD;
}

/* Is name the text ROLE.json? */
static bool names_role(struct canonical name, const char *role)
{
    static const char end[] = ".json";
    struct canonical tail = name, want = {(const uint8_t *)role, strlen(role)};

    if (name.len < sizeof end - 1)
        return false;
    tail.at += name.len - (sizeof end - 1);
    tail.len = sizeof end - 1;
    name.len -= tail.len;
    return memcmp(tail.at, end, tail.len) == 0 && canonical_same(name, want);
}

enum tuf_verdict tuf_snapshot_find(struct canonical meta, const char *role,
                                   struct tuf_listed *out)
{
    struct canonical_walk w = canonical_walk(meta);
    struct canonical name, value;

    while (canonical_next_member(&w, &name, &value))
        if (names_role(name, role))
            return tuf_listed_read(value, out);
    return TUF_UNLISTED;
}

static enum tuf_verdict target_read(struct canonical v, struct tuf_target *out)
{
    out->custom = canonical_member(v, "custom");
    if (canonical_uint(canonical_member(v, "length"), CANONICAL_UINT_MAX, &out->length) !=
            OTA_OK ||
        !hashes_read(canonical_member(v, "hashes"), &out->hashes))
        return TUF_MEMBER;
    return TUF_GOOD;
}

static bool all_strings(struct canonical list)
{
    struct canonical_walk w = canonical_walk(list);
    struct canonical item, inside;

    while (canonical_next_item(&w, &item))
        if (!canonical_string(item, &inside))
            return false;
    return canonical_is_array(list);
}

static bool reserved(struct canonical name)
{
    return canonical_is(name, "root") || canonical_is(name, "timestamp") ||
           canonical_is(name, "snapshot") || canonical_is(name, "targets");
}

static enum tuf_verdict delegation_check(const struct tuf_delegation *d)
{
    struct canonical paths = canonical_member(d->entry, "paths");
    struct canonical prefixes = canonical_member(d->entry, "path_hash_prefixes");
    struct canonical inside;
    uint64_t threshold;
    bool terminating;

    if (!canonical_string(d->name, &inside) || (paths.len == 0) == (prefixes.len == 0) ||
        !all_strings(paths.len != 0 ? paths : prefixes) ||
        canonical_bool(canonical_member(d->entry, "terminating"), &terminating) != OTA_OK)
        return TUF_MEMBER;
    if (inside.len == 0 || inside.len >= TUF_NAME_MAX || reserved(d->name) ||
        memchr(inside.at, '\\', inside.len) != NULL) /* `"` and `\`: no file is named so */
        return TUF_ROLE_NAME;
    return tuf_role_check(d->entry, &threshold);
}

static enum tuf_verdict delegations_check(struct canonical body)
{
    struct canonical all = canonical_member(body, "delegations");
    struct canonical roles = canonical_member(all, "roles");
    struct canonical_walk w = tuf_delegations(body), rest;
    struct tuf_delegation d, other;

    if (all.len == 0)
        return TUF_GOOD;
    if (!canonical_is_array(roles) || !canonical_is_object(canonical_member(all, "keys")))
        return TUF_MEMBER;
    if (canonical_count(roles) > DELEGATIONS_MAX)
        return TUF_LIMIT;
    while (tuf_delegation_next(&w, body, &d)) {
        enum tuf_verdict v = delegation_check(&d);

        if (v != TUF_GOOD)
            return v;
        rest = w;
        while (tuf_delegation_next(&rest, body, &other))
            if (canonical_same(d.name, other.name))
                return TUF_TWICE;
    }
    return TUF_GOOD;
}

enum tuf_verdict tuf_targets_check(struct canonical body)
{
    struct canonical targets = canonical_member(body, "targets"), name, value;
    struct canonical_walk w = canonical_walk(targets);
    struct tuf_target target;

    if (!canonical_is_object(targets))
        return TUF_MEMBER;
    while (canonical_next_member(&w, &name, &value))
        if (target_read(value, &target) != TUF_GOOD)
            return TUF_MEMBER;
    return delegations_check(body);
}

enum tuf_verdict tuf_target_find(struct canonical body, const char *path,
                                 struct tuf_target *out)
{
    struct canonical v = canonical_member(canonical_member(body, "targets"), path);

    return v.len == 0 ? TUF_NO_TARGET : target_read(v, out);
}

struct canonical_walk tuf_delegations(struct canonical body)
{
    struct canonical roles = canonical_member(canonical_member(body, "delegations"), "roles");

    return canonical_walk(canonical_is_array(roles) ? roles : (struct canonical){NULL, 0});
}

bool tuf_delegation_next(struct canonical_walk *w, struct canonical body,
                         struct tuf_delegation *out)
{
    if (!canonical_next_item(w, &out->entry))
        return false;
    out->name = canonical_member(out->entry, "name");
    out->keys = canonical_member(canonical_member(body, "delegations"), "keys");
    if (canonical_bool(canonical_member(out->entry, "terminating"), &out->terminating) !=
        OTA_OK)
        out->terminating = true;
    return true;
}

bool tuf_path_matches(struct canonical pattern, const char *path)
{
    size_t p = 0, star = SIZE_MAX;
    const char *resume = path;

    if (!canonical_string(pattern, &pattern))
        return false;
    while (*path != '\0') {
        uint8_t c = p < pattern.len ? pattern.at[p] : 0;

        if (c == '*') {
            star = ++p;
            resume = path;
        } else if (c == (uint8_t)*path || (c == '?' && *path != '/')) {
            p++;
            path++;
        } else if (star != SIZE_MAX && *resume != '/') {
            p = star;
            path = ++resume;
        } else {
            return false;
        }
    }
    while (p < pattern.len && pattern.at[p] == '*')
        p++;
    return p == pattern.len;
}

/* Does the hexadecimal SHA-256 of path begin with one of these? */
static bool prefixed(struct canonical prefixes, const char *path)
{
    static const char digits[] = "0123456789abcdef";
    struct canonical_walk w = canonical_walk(prefixes);
    struct canonical item, prefix;
    struct crypto_sha256 h;
    uint8_t digest[CRYPTO_DIGEST_BYTES];
    char hex[2 * CRYPTO_DIGEST_BYTES];

    crypto_sha256_init(&h);
    crypto_sha256_update(&h, path, strlen(path));
    crypto_sha256_final(&h, digest);
    for (size_t i = 0; i < sizeof digest; i++) {
        hex[2 * i] = digits[digest[i] >> 4];
        hex[2 * i + 1] = digits[digest[i] & 15];
    }
    while (canonical_next_item(&w, &item))
        if (canonical_string(item, &prefix) && prefix.len <= sizeof hex &&
            memcmp(hex, prefix.at, prefix.len) == 0)
            return true;
    return false;
}

bool tuf_delegation_covers(const struct tuf_delegation *d, const char *path)
{
    struct canonical paths = canonical_member(d->entry, "paths"), pattern;
    struct canonical_walk w = canonical_walk(paths);

    if (!canonical_is_array(paths))
        return prefixed(canonical_member(d->entry, "path_hash_prefixes"), path);
    while (canonical_next_item(&w, &pattern))
        if (tuf_path_matches(pattern, path))
            return true;
    return false;
}

bool tuf_target_same(const struct tuf_target *a, const struct tuf_target *b)
{
    const struct tuf_hashes *x = &a->hashes, *y = &b->hashes;
    bool both256 = x->has_sha256 && y->has_sha256, both512 = x->has_sha512 && y->has_sha512;

    if (a->length != b->length || (!both256 && !both512) ||
        !canonical_same(a->custom, b->custom))
        return false;
    return (!both256 || memcmp(x->sha256, y->sha256, sizeof x->sha256) == 0) &&
           (!both512 || memcmp(x->sha512, y->sha512, sizeof x->sha512) == 0);
}

static bool sha512_is(const uint8_t *bytes, size_t len, const uint8_t want[CRYPTO_SHA512_BYTES])
{
    struct crypto_sha512 h;
    uint8_t digest[CRYPTO_SHA512_BYTES];

    crypto_sha512_init(&h);
    crypto_sha512_update(&h, bytes, len);
    crypto_sha512_final(&h, digest);
    return memcmp(digest, want, sizeof digest) == 0;
}

enum tuf_verdict tuf_hashes_check(const struct tuf_hashes *h, const uint8_t *bytes, size_t len)
{
    struct crypto_sha256 s;
    uint8_t digest[CRYPTO_DIGEST_BYTES];

    if (h->has_sha512 && crypto_has_sha512 && !sha512_is(bytes, len, h->sha512))
        return TUF_HASH;
    if (!h->has_sha256)
        return h->has_sha512 && crypto_has_sha512 ? TUF_GOOD : TUF_HASH;
    crypto_sha256_init(&s);
    crypto_sha256_update(&s, bytes, len);
    crypto_sha256_final(&s, digest);
    return memcmp(digest, h->sha256, sizeof digest) == 0 ? TUF_GOOD : TUF_HASH;
}
