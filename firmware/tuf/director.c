/* The director's answer: signed by the online key that root names, and an answer to this very
 * question. */
#include "director.h"

#include <string.h>

static enum tuf_verdict read_targets(struct canonical targets, struct tuf_answer *out)
{
    struct canonical_walk w = canonical_walk(targets);
    struct canonical value, text;

    out->path = (struct canonical){NULL, 0};
    out->target = (struct tuf_target){0};
    if (!canonical_is_object(targets) || canonical_count(targets) > 1)
        return TUF_MEMBER;
    if (!canonical_next_member(&w, &out->path, &value))
        return TUF_GOOD;
    out->target.custom = canonical_member(value, "custom");
    text = canonical_member(value, "hashes");
    if (out->path.len == 0 ||
        canonical_hex(canonical_member(text, "sha256"), out->target.hashes.sha256,
                      CRYPTO_DIGEST_BYTES) != OTA_OK)
        return TUF_MEMBER;
    out->target.hashes.has_sha256 = true;
    return canonical_uint(canonical_member(value, "length"), CANONICAL_UINT_MAX,
                          &out->target.length) == OTA_OK
               ? TUF_GOOD
               : TUF_MEMBER;
}

static enum tuf_verdict read_body(struct canonical body, const struct tuf_question *q,
                                  struct tuf_answer *out)
{
    uint8_t nonce[TUF_NONCE_BYTES];
    struct tuf_head head;
    uint64_t time = 0;
    enum tuf_verdict v = tuf_head_read(body, TUF_TARGETS, &head);

    if (v != TUF_GOOD)
        return v;
    if (canonical_hex(canonical_member(body, "nonce"), nonce, sizeof nonce) != OTA_OK ||
        tuf_time(canonical_member(body, "time"), &time) != OTA_OK)
        return TUF_MEMBER;
    if (!canonical_is(canonical_member(body, "device"), q->device))
        return TUF_DEVICE;
    if (memcmp(nonce, q->nonce, sizeof nonce) != 0)
        return TUF_NONCE;
    if (head.version != time)
        return TUF_VERSION;
    if (head.version < q->version_min)
        return TUF_ROLLBACK;
    if (head.expires_unix_s < time)
        return TUF_EXPIRED;
    out->version = head.version;
    return read_targets(canonical_member(body, "targets"), out);
}

enum tuf_verdict tuf_director_check(struct canonical text, const struct tuf_keys *ring,
                                    const struct tuf_role *role,
                                    const struct tuf_key_rules *rules,
                                    const struct tuf_question *question, struct tuf_answer *out)
{
    struct tuf_answer answer;
    struct tuf_file f;
    enum tuf_verdict v = TUF_LIMIT;

    if (text.len <= TUF_DIRECTOR_BYTES_MAX)
        v = canonical_check(text.at, text.len) == OTA_OK ? tuf_file_open(text, &f)
                                                         : TUF_NOT_CANONICAL;
    if (v == TUF_GOOD)
        v = tuf_signed_by(ring, role, rules, f.signatures, f.body);
    if (v == TUF_GOOD)
        v = read_body(f.body, question, &answer);
    if (v == TUF_GOOD)
        *out = answer;
    return v;
}

static void digest_of(struct canonical bytes, uint8_t out[CRYPTO_DIGEST_BYTES])
{
    struct crypto_sha256 h;

    crypto_sha256_init(&h);
    if (bytes.len > 0)
        crypto_sha256_update(&h, bytes.at, bytes.len);
    crypto_sha256_final(&h, out);
}

enum tuf_verdict tuf_assigned_keep(const struct tuf_answer *answer, struct tuf_assigned *out)
{
    if (answer->path.len == 0)
        return TUF_NO_TARGET;
    if (answer->path.len >= sizeof out->path ||
        memchr(answer->path.at, '\\', answer->path.len) != NULL)
        return TUF_LIMIT;
    memcpy(out->path, answer->path.at, answer->path.len);
    out->path[answer->path.len] = '\0';
    out->length = answer->target.length;
    out->hashes = answer->target.hashes;
    digest_of(answer->target.custom, out->custom);
    return TUF_GOOD;
}

enum tuf_verdict tuf_assigned_is(const struct tuf_assigned *a, const struct tuf_target *target)
{
    struct tuf_target bare = *target, mine = {.length = a->length, .hashes = a->hashes};
    uint8_t custom[CRYPTO_DIGEST_BYTES];

    digest_of(target->custom, custom);
    bare.custom = (struct canonical){NULL, 0};
    return tuf_target_same(&mine, &bare) && memcmp(custom, a->custom, sizeof custom) == 0
               ? TUF_GOOD
               : TUF_OTHER_TARGET;
}
