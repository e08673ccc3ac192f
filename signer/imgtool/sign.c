/* imgtool sign: input, key, image, output. */
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "../say.h"
#include "sign_options.h"

enum { BASE64_BYTES_MAX = 4 * ((IMGKEY_SIG_BYTES_MAX + 2) / 3) + 1 };

/* Base64 in a file, blanks and newlines aside.  Errors, said: file_read's, OTA_E_FORMAT. */
static ota_err base64_read(const char *path, struct file_bytes *out)
{
    struct file_bytes f = {NULL, 0};
    size_t n = 0, pad = 0;
    int len;
    ota_err e = file_read(path, 2 * (size_t)BASE64_BYTES_MAX, &f);

    if (e != OTA_OK)
        return e;
    for (size_t i = 0; i < f.len; i++) {
        if (strchr(" \r\n\t", f.data[i]) == NULL)
            f.data[n++] = f.data[i];
    }
    while (pad < 2 && pad < n && f.data[n - 1 - pad] == '=')
        pad++;
    out->data = malloc(n + 1);
    len = out->data == NULL || n == 0 ? -1 : EVP_DecodeBlock(out->data, f.data, (int)n);
    file_free(&f);
    if (len < (int)pad) {
        file_free(out);
        return say_fail(OTA_E_FORMAT, "%s holds no base64", path);
    }
    out->len = (size_t)len - pad;
    return OTA_OK;
}

static ota_err signature_write(const struct sign_request *q, const struct build_result *r)
{
    unsigned char text[BASE64_BYTES_MAX];
    int n = EVP_EncodeBlock(text, r->signature, (int)r->signature_bytes);

    return file_write_made(q->sig_out, text, (size_t)n);
}

static ota_err image_write(const struct sign_request *q, struct file_bytes *image,
                           const uint32_t *address)
{
    struct file_bytes hex = {NULL, 0};
    ota_err e = OTA_OK;

    if (imgtool_is_hex(q->out)) {
        e = build_hex(&q->spec, image, *address, &hex);
        if (e == OTA_OK)
            e = file_write_made(q->out, hex.data, hex.len);
        file_free(&hex);
        return e;
    }
    if (q->spec.pad)
        e = build_pad(&q->spec, image);
    return e == OTA_OK ? file_write_made(q->out, image->data, image->len) : e;
}

/* The address of the output's first byte; NULL: none is known. */
static const uint32_t *address_of(const struct sign_request *q, bool from_hex, uint32_t *base)
{
    if (q->has_hex_address)
        return &q->hex_address;
    if (from_hex && q->spec.pad_header && *base >= q->spec.header_bytes)
        *base -= q->spec.header_bytes;
    return from_hex ? base : NULL;
}

static ota_err keys_read(const struct sign_request *q, struct imgkey **key,
                         struct file_bytes *signature)
{
    const char *name = q->key != NULL ? q->key : q->fix_sig_pubkey;
    ota_err e = OTA_OK;

    if (q->key != NULL && q->fix_sig_pubkey != NULL)
        return say_fail(OTA_E_FORMAT, "--key and --fix-sig-pubkey exclude each other");
    if (name != NULL)
        e = imgkey_read(name, key);
    if (e != OTA_OK || q->fix_sig == NULL || q->spec.vector != BUILD_IMAGE)
        return e;
    if (q->key != NULL && imgkey_is_private(*key))
        return say_fail(OTA_E_FORMAT, "a private key and a given signature exclude each other");
    return base64_read(q->fix_sig, signature);
}

static ota_err run(const struct sign_request *q)
{
    struct file_bytes input = {NULL, 0}, signature = {NULL, 0};
    struct build_signer signer = {.key = NULL};
    struct build_result r = {.signature_bytes = 0};
    struct imgkey *key = NULL;
    const uint32_t *address = NULL;
    uint32_t base = 0;
    bool from_hex = false;
    ota_err e = imgtool_read(q->in, &input, &from_hex, &base);

    if (e == OTA_OK)
        address = address_of(q, from_hex, &base);
    if (e == OTA_OK && address == NULL && imgtool_is_hex(q->out))
        e = say_fail(OTA_E_FORMAT, "no address for %s: the input has none, give --hex-addr",
                     q->out);
    if (e == OTA_OK)
        e = keys_read(q, &key, &signature);
    signer.key = key;
    signer.signature = signature.data == NULL ? NULL : &signature;
    if (e == OTA_OK)
        e = build_image(&q->spec, &signer, &input, &r);
    if (e == OTA_OK)
        e = image_write(q, &r.image, address);
    if (e == OTA_OK && q->sig_out != NULL)
        e = signature_write(q, &r);
    imgkey_free(key);
    file_free(&input);
    file_free(&signature);
    file_free(&r.image);
    return e;
}

enum exit_status imgtool_sign(int argc, char **argv)
{
    struct sign_request q;
    enum exit_status s;

    if (sign_options(argc, argv, &q, &s))
        s = imgtool_exit(run(&q));
    sign_options_free(&q);
    return s;
}
