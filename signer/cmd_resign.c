/* signer resign: the signature of a signed image is replaced by another key's, after a build.
 */
#include <stdlib.h>
#include <string.h>

#include "args.h"
#include "cmd.h"
#include "file.h"
#include "imgtool/area.h"
#include "imgtool/build.h"
#include "imgtool/check.h"
#include "imgtool/imgtool.h"
#include "report.h"
#include "say.h"

enum { OPT_KEY, OPT_WAS };

static const struct arg_spec options[] = {
    [OPT_KEY] = {'k', "key", "KEY", "key that signs from now on"},
    [OPT_WAS] = {0, "was", "PUB", "public key that must have signed it until now"},
    {0, NULL, NULL, NULL},
};

static const struct verb_spec verb = {
    "resign [OPTION]... -k KEY IN OUT",
    "Replace the signature of an MCUboot image by another key's.  Header, payload and "
    "protected\n"
    "TLVs stay as they are; a trailer stays where it is.",
    options,
    "The image must be whole and, with --was, signed by that key: what is signed anew is what\n"
    "was built.  Images of either byte order, RSA, P-256, P-384 and Ed25519; SHA-256 or "
    "SHA-512\n"
    "as it was, but by P-384 as that key demands.",
};

struct request {
    const char *key, *was, *in, *out;
};

static bool take(struct args *a, void *request, int option, const char *value)
{
    struct request *q = request;

    if (option == OPT_KEY)
        q->key = value;
    else if (option == OPT_WAS)
        q->was = value;
    else if (q->in == NULL)
        q->in = value;
    else if (q->out == NULL)
        q->out = value;
    else
        args_complain(a, "one file too many: '%s'", value);
    return q->key == value || q->was == value || q->in == value || q->out == value;
}

static bool complete(const struct args *a, void *request)
{
    const struct request *q = request;

    if (q->key == NULL)
        args_complain(a, "-k KEY is missing");
    else if (q->out == NULL)
        args_complain(a, "which two files?");
    return q->key != NULL && q->out != NULL;
}

static const struct args_reader reader = {take, complete};

/* Is the image whole and signed as it must be?  Errors, said: OTA_E_FORMAT, OTA_E_SIGNATURE. */
static ota_err judge(const struct request *q, const struct file_bytes *f,
                     struct check_found *found)
{
    struct imgkey *was = NULL;
    enum check_verdict v;
    ota_err e = q->was == NULL ? OTA_OK : imgkey_read(q->was, &was);

    if (e != OTA_OK)
        return e;
    v = check_image(f->data, f->len, was, found);
    imgkey_free(was);
    if (v == CHECK_NO_MAGIC || v == CHECK_BAD_TLVS || v == CHECK_NO_DIGEST)
        return say_fail(OTA_E_FORMAT, "%s is no MCUboot image, or a broken one", q->in);
    if (v == CHECK_BAD_DIGEST)
        return say_fail(OTA_E_SIGNATURE, "%s: its contents are not what its digest says",
                        q->in);
    if (v != CHECK_GOOD)
        return say_fail(OTA_E_SIGNATURE, "%s is not signed by %s", q->in, q->was);
    if ((found->layout.flags & LAYOUT_ENCRYPTED) != 0)
        return say_fail(OTA_E_FORMAT, "%s is encrypted: its digest is of what it was before",
                        q->in);
    return OTA_OK;
}

static bool is_key_or_signature(uint16_t type)
{
    return type == LAYOUT_KEYHASH || type == LAYOUT_PUBKEY || type == LAYOUT_RSA2048 ||
           type == LAYOUT_RSA3072 || type == LAYOUT_ECDSA || type == LAYOUT_ED25519;
}

static uint16_t hash_type(unsigned bits)
{
    return bits == 256 ? LAYOUT_SHA256 : bits == 384 ? LAYOUT_SHA384 : LAYOUT_SHA512;
}

/* The new plain area: digest as the key wants it, what else was there, key and signature. */
static ota_err area_make(const struct file_bytes *f, const struct check_found *was,
                         const struct imgkey *key, struct area *out)
{
    const struct imgkey_traits *t = imgkey_traits(imgkey_kind(key));
    bool ed25519 = imgkey_kind(key) == IMGKEY_ED25519;
    const struct layout *l = &was->layout;
    uint8_t digest[IMGKEY_HASH_BYTES_MAX], der[IMGKEY_DER_BYTES_MAX],
        hash[IMGKEY_HASH_BYTES_MAX], sig[IMGKEY_SIG_BYTES_MAX];
    size_t der_bytes = 0, sig_bytes = 0;
    struct layout_entry e;
    bool pure = layout_find(f->data, l, &l->plain, LAYOUT_SIG_PURE, &e);
    bool full = layout_find(f->data, l, &l->plain, LAYOUT_PUBKEY, &e);
    unsigned bits = ed25519 && was->digest_bytes == 64 ? 512 : t->hash_bits;
    ota_err err;

    if (pure && !ed25519)
        return say_fail(OTA_E_FORMAT, "a pure signature is Ed25519's alone");
    err = imgkey_digest(bits, f->data, l->plain.at, digest);
    if (err == OTA_OK)
        err = imgkey_public_der(key, der, &der_bytes);
    if (err == OTA_OK)
        err = imgkey_digest(bits, der, der_bytes, hash);
    if (err == OTA_OK)
        err = imgkey_sign(key, pure ? f->data : digest, pure ? l->plain.at : bits / 8, sig,
                          &sig_bytes);
    if (err == OTA_OK)
        err = area_put(out, hash_type(bits), digest, bits / 8);
    for (size_t at = 0; err == OTA_OK && layout_next(f->data, l, &l->plain, &at, &e);) {
        if (!is_key_or_signature(e.type) && (e.type < LAYOUT_SHA256 || e.type > LAYOUT_SHA512))
            err = area_put(out, e.type, e.value, e.len);
    }
    if (err == OTA_OK)
        err = full ? area_put(out, LAYOUT_PUBKEY, der, der_bytes)
                   : area_put(out, LAYOUT_KEYHASH, hash, bits / 8);
    if (err == OTA_OK)
        err = area_put(out, t->tlv, sig, sig_bytes);
    return err == OTA_E_LIMIT
               ? say_fail(err, "no room for the new signature beside the other TLVs")
               : err;
}

/* A padded image keeps its length: the new area may use erased bytes only. */
static ota_err splice(const struct file_bytes *f, const struct layout *l,
                      const struct area *area, struct file_bytes *out)
{
    size_t bytes = area_bytes(area), end = l->plain.at + bytes;
    uint8_t erased = f->len > l->end ? f->data[l->end] : 0xff;
    size_t len = f->len > l->end ? f->len : end;
    uint8_t *p;

    for (size_t i = l->end; i < end && i < f->len; i++) {
        if (f->data[i] != erased)
            return say_fail(OTA_E_LIMIT, "no room for the new signature before what follows");
    }
    if (end > len)
        return say_fail(OTA_E_LIMIT, "no room for the new signature before what follows");
    p = malloc(len);
    if (p == NULL)
        return say_fail(OTA_E_NO_MEMORY, "no memory");
    memset(p, erased, len);
    memcpy(p, f->data, l->plain.at);
    memcpy(p + l->plain.at, area->at, bytes);
    if (f->len > l->end && f->len > end) {
        size_t from = end > l->end ? end : l->end;

        memcpy(p + from, f->data + from, f->len - from);
    }
    *out = (struct file_bytes){p, len};
    return OTA_OK;
}

static ota_err write_as(const struct request *q, const struct file_bytes *made, bool hex,
                        uint32_t address)
{
    const struct build_spec plain = {.max_align = 8};
    struct file_bytes text = {NULL, 0};
    ota_err e;

    if (!imgtool_is_hex(q->out))
        return file_write(q->out, made->data, made->len);
    if (!hex)
        return say_fail(OTA_E_FORMAT, "%s: the input has no address for Intel HEX", q->out);
    e = build_hex(&plain, made, address, &text);
    if (e == OTA_OK)
        e = file_write(q->out, text.data, text.len);
    file_free(&text);
    return e;
}

static ota_err report(const struct request *q, const struct file_bytes *made,
                      const struct imgkey *key)
{
    struct check_found found;
    struct report r;

    if (check_image(made->data, made->len, key, &found) != CHECK_GOOD)
        return say_fail(OTA_E_INTERNAL, "the image just made does not verify");
    report_init(&r);
    report_text(&r, "file", "%s", q->out);
    report_text(&r, "alg", "%s", imgkey_traits(imgkey_kind(key))->type);
    report_hex(&r, "digest", found.digest, found.digest_bytes);
    report_number(&r, "size", made->len);
    return report_print(&r) ? OTA_OK : OTA_E_IO;
}

static ota_err run(const struct request *q)
{
    struct file_bytes f = {NULL, 0}, made = {NULL, 0};
    struct area area = {.at = NULL};
    struct imgkey *key = NULL;
    struct check_found found;
    uint32_t address = 0;
    bool hex = false;
    ota_err e = imgtool_read(q->in, &f, &hex, &address);

    if (e == OTA_OK)
        e = judge(q, &f, &found);
    if (e == OTA_OK)
        e = imgkey_read(q->key, &key);
    if (e == OTA_OK)
        e = area_init(&area, LAYOUT_AREA_PLAIN, found.layout.big);
    if (e == OTA_OK)
        e = area_make(&f, &found, key, &area);
    if (e == OTA_OK)
        e = splice(&f, &found.layout, &area, &made);
    if (e == OTA_OK)
        e = write_as(q, &made, hex, address);
    if (e == OTA_OK)
        e = report(q, &made, key);
    area_free(&area);
    imgkey_free(key);
    file_free(&f);
    file_free(&made);
    return e;
}

enum exit_status cmd_resign(int argc, char **argv)
{
    struct request q = {.key = NULL};
    enum exit_status s;
    struct args a;

    args_init(&a, &verb, argc, argv);
    return args_read(&a, &reader, &q, &s) ? exit_of(run(&q)) : s;
}
