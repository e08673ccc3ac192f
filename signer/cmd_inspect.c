/* signer inspect: what is this file?  Shows, never judges. */
#include <stdio.h>
#include <string.h>

#include "../firmware/image/le.h"
#include "../firmware/image/manifest_parts.h"
#include "../firmware/image/sums.h"
#include "args.h"
#include "cmd.h"
#include "cmd_repo.h"
#include "file.h"
#include "judge.h"
#include "key.h"
#include "report.h"
#include "say.h"

static const struct arg_spec options[] = {{0, NULL, NULL, NULL}};

static const struct verb_spec verb = {
    "inspect [OPTION]... FILE",
    "Show what an image, key manifest, key, SHA256SUMS, minisign file or file of a repository\n"
    "(1.root.json) says about itself.\n"
    "Nothing is verified: that is what `signer verify` is for.",
    options,
    NULL,
};

struct kind {
    bool (*is)(const struct file_bytes *f);
    ota_err (*show)(const struct file_bytes *f, const char *path, struct report *r);
};

static bool starts(const struct file_bytes *f, const char *with)
{
    size_t n = strlen(with);

    return f->len >= n && memcmp(f->data, with, n) == 0;
}

static bool is_image(const struct file_bytes *f)
{
    return f->len >= 4 && le32_load(f->data) == 0x96f3b83d;
}

static ota_err show_image(const struct file_bytes *f, const char *path, struct report *r)
{
    struct image_source src = image_source_memory(f->data, (uint32_t)f->len);
    struct image_info info;
    enum image_verdict why;
    ota_err e = image_parse(&src, &info, &why);

    if (e != OTA_OK)
        return say_fail(e, "%s: %s", path, image_verdict_text(why));
    judge_report_image(r, &info);
    report_flag(r, "digest_matches", image_contents(&src, &info, NULL, NULL) == IMAGE_GOOD);
    report_number(r, "bytes_behind", f->len - info.total_bytes);
    return e;
}

static bool is_manifest(const struct file_bytes *f)
{
    return starts(f, "OTADKEYS");
}

static ota_err show_manifest(const struct file_bytes *f, const char *path, struct report *r)
{
    struct manifest_parts parts;
    struct manifest m;
    ota_err e = manifest_split(f->data, f->len, &parts);

    if (e == OTA_OK && parts.total_bytes != f->len)
        e = OTA_E_FORMAT;
    if (e == OTA_OK)
        e = manifest_body_read(parts.body, parts.body_bytes, &m);
    if (e != OTA_OK)
        return say_fail(e, "%s is a broken key manifest", path);
    judge_report_manifest(r, &m);
    report_list(r, "signed_by");
    for (uint8_t i = 0; i < parts.signature_count; i++) {
        report_object(r, NULL);
        report_number(r, "root", parts.signature[i].root + 1u);
        report_text(r, "alg", "%s", key_alg_name((enum crypto_alg)parts.signature[i].alg));
        report_end(r);
    }
    report_end(r);
    report_flag(r, "complete", parts.signature_count >= MANIFEST_THRESHOLD);
    return OTA_OK;
}

static bool is_pem(const struct file_bytes *f)
{
    return strstr((const char *)f->data, "-----BEGIN ") != NULL;
}

static ota_err show_pem(const struct file_bytes *f, const char *path, struct report *r)
{
    struct key_public key;
    bool boxed = keybox_is((const char *)f->data);
    bool private = boxed || strstr((const char *)f->data, "PRIVATE KEY-----") != NULL;
    ota_err e = key_public_read(path, &key);

    if (e != OTA_OK)
        return e;
    report_text(r, "kind", "%s", private ? "private-key" : "public-key");
    if (boxed)
        report_flag(r, "encrypted", true);
    judge_report_key(r, &key, true);
    report_hex(r, "public_key", key.key, key.bytes);
    return repo_report_keyid(r, &key);
}

static bool is_minisign(const struct file_bytes *f)
{
    return starts(f, "untrusted comment: ");
}

static ota_err show_minisign(const struct file_bytes *f, const char *path, struct report *r)
{
    uint8_t number[MINISIG_KEY_NUMBER_BYTES], key[32];
    char text[MINISIG_NUMBER_TEXT_BYTES];
    struct minisig sig;
    const char *data = (const char *)f->data;

    if (minisig_pubkey_parse(data, f->len, number, key) == OTA_OK) {
        minisig_number_text(number, text);
        report_text(r, "kind", "minisign-public-key");
        report_text(r, "minisign_number", "%s", text);
        report_hex(r, "public_key", key, sizeof key);
        return OTA_OK;
    }
    if (minisig_parse(data, f->len, &sig) != OTA_OK)
        return say_fail(OTA_E_FORMAT, "%s is no minisign key or (prehashed) signature", path);
    minisig_number_text(sig.key_number, text);
    report_text(r, "kind", "minisign-signature");
    report_text(r, "minisign_number", "%s", text);
    report_text(r, "trusted_comment", "%s", sig.comment);
    return OTA_OK;
}

static bool is_sums(const struct file_bytes *f)
{
    return starts(f, "SHA256 (");
}

static ota_err show_sums(const struct file_bytes *f, const char *path, struct report *r)
{
    const char *text = (const char *)f->data;
    size_t left = f->len;

    report_text(r, "kind", "sums");
    report_list(r, "artifacts");
    while (left > 0) {
        struct sums_entry entry;
        size_t used;

        if (sums_line(text, left, &entry, &used) != OTA_OK)
            return say_fail(OTA_E_FORMAT, "%s: line %zu is not `SHA256 (name) = hex`", path,
                            r->count / 4 + 1);
        report_object(r, NULL);
        report_text(r, "name", "%s", entry.name);
        report_hex(r, "sha256", entry.sha256, sizeof entry.sha256);
        report_end(r);
        text += used;
        left -= used;
    }
    report_end(r);
    return OTA_OK;
}

static bool is_metadata(const struct file_bytes *f)
{
    return starts(f, "{");
}

/* In the words in which it is shown before it is signed. */
static ota_err show_metadata(const struct file_bytes *f, const char *path, struct report *r)
{
    const json_t *item;
    json_t *doc = NULL;
    ota_err e = repo_doc_parse(path, f->data, f->len, &doc);
    size_t i;

    if (e != OTA_OK)
        return e;
    report_text(r, "kind", "repository-metadata");
    report_text(r, "type", "%s",
                json_string_value(json_object_get(repo_doc_signed(doc), "_type")));
    report_number(r, "version", repo_doc_version(doc));
    report_text(r, "expires", "%s", repo_doc_expires(doc));
    report_list(r, "signatures_of");
    json_array_foreach (json_object_get(doc, "signatures"), i, item)
        report_text(r, NULL, "%s", json_string_value(json_object_get(item, "keyid")));
    report_end(r);
    repo_report_changes(r, NULL, doc);
    json_decref(doc);
    return OTA_OK;
}

static ota_err nothing_known(const char *path)
{
    say_error("%s is nothing that signer knows", path);
    say_hint(
        "images, key manifests, PEM keys, SHA256SUMS, minisign's files, N.root.json and its "
        "like");
    return OTA_E_FORMAT;
}

static ota_err run(const char *path)
{
    static const struct kind kinds[] = {
        {is_image, show_image}, {is_manifest, show_manifest},
        {is_pem, show_pem},     {is_minisign, show_minisign},
        {is_sums, show_sums},   {is_metadata, show_metadata},
    };
    struct file_bytes f;
    struct report r;
    ota_err e = file_read(path, 2 * (size_t)IMAGE_BYTES_MAX, &f);
    size_t i = 0;

    if (e != OTA_OK)
        return e;
    while (i < sizeof kinds / sizeof kinds[0] && !kinds[i].is(&f))
        i++;
    report_init(&r);
    report_text(&r, "file", "%s", path);
    if (i == sizeof kinds / sizeof kinds[0])
        e = nothing_known(path);
    else
        e = kinds[i].show(&f, path, &r);
    if (e == OTA_OK && !report_print(&r))
        e = OTA_E_IO;
    report_free(&r);
    key_wipe(f.data, f.len);
    file_free(&f);
    return e;
}

static bool take(struct args *a, void *request, int option, const char *value)
{
    const char **path = request;

    (void)option; /* there are none */
    if (*path != NULL)
        args_complain(a, "one file at a time: '%s'", value);
    else
        *path = value;
    return *path == value;
}

static bool complete(const struct args *a, void *request)
{
    const char *const *path = request;

    if (*path == NULL)
        args_complain(a, "which file?");
    return *path != NULL;
}

enum exit_status cmd_inspect(int argc, char **argv)
{
    static const struct args_reader reader = {take, complete};
    const char *path = NULL;
    enum exit_status s;
    struct args a;

    args_init(&a, &verb, argc, argv);
    if (!args_read(&a, &reader, (void *)&path, &s))
        return s;
    return exit_of(run(path));
}
