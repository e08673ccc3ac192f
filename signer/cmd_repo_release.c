/* signer repo add-release: a release's folder becomes the newest head of a channel. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "../firmware/boards/host/minisign.h"
#include "cmd_repo.h"
#include "judge.h"
#include "make.h"
#include "repo_edit.h"
#include "repo_rules.h"
#include "say.h"

enum { FILES_MAX = REPO_LIST_MAX, PATH_BYTES = 4096 };

/* The files of a release and, in a folder, where its SHA256SUMS is. */
struct found {
    char *path[FILES_MAX];
    size_t count;
    char sums[PATH_BYTES], minisig[PATH_BYTES]; /* "" = none */
    struct release_file file[FILES_MAX];
};

static ota_err found_add(struct found *f, const char *path)
{
    if (f->count == FILES_MAX)
        return say_fail(OTA_E_LIMIT, "more than %d files", FILES_MAX);
    f->path[f->count] = strdup(path);
    return f->path[f->count++] == NULL ? say_fail(OTA_E_NO_MEMORY, "no memory") : OTA_OK;
}

static bool is_file(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 && S_ISREG(st.st_mode);
}

/* One entry of a release's folder. */
static ota_err entry_add(struct found *f, const char *folder, const char *name)
{
    char path[PATH_BYTES];
    int n = snprintf(path, sizeof path, "%s/%s", folder, name);

    if (name[0] == '.' || n < 0 || n >= (int)sizeof path || !is_file(path))
        return OTA_OK;
    if (strcmp(name, "SHA256SUMS") == 0)
        (void)snprintf(f->sums, sizeof f->sums, "%s", path);
    else if (strcmp(name, "SHA256SUMS.minisig") == 0)
        (void)snprintf(f->minisig, sizeof f->minisig, "%s", path);
    else if (sums_name_valid(name, strlen(name)))
        return found_add(f, path);
    return OTA_OK;
}

static ota_err find(const struct repo_list *operands, struct found *f)
{
    ota_err e = OTA_OK;

    for (size_t i = 0; e == OTA_OK && i < operands->count; i++) {
        DIR *d = is_file(operands->at[i]) ? NULL : opendir(operands->at[i]);

        if (d == NULL)
            e = found_add(f, operands->at[i]);
        for (const struct dirent *entry;
             e == OTA_OK && d != NULL && (entry = readdir(d)) != NULL;)
            e = entry_add(f, operands->at[i], entry->d_name);
        if (d != NULL)
            (void)closedir(d);
    }
    return e == OTA_OK ? release_scan((const char *const *)f->path, f->count, f->file) : e;
}

/* --- is it the release that was meant? ------------------------------------------------------
 */

static const struct release_file *file_of(const struct found *f, const char *name)
{
    for (size_t i = 0; i < f->count; i++) {
        if (strcmp(f->file[i].entry.name, name) == 0)
            return &f->file[i];
    }
    return NULL;
}

static ota_err sums_check(const struct found *f)
{
    struct sums_entry listed[SUMS_ENTRIES_MAX];
    struct file_bytes text;
    size_t count = 0;
    ota_err e;

    if (f->sums[0] == '\0')
        return OTA_OK;
    e = file_read(f->sums, SUMS_BYTES_MAX, &text);
    if (e != OTA_OK)
        return e;
    e = sums_parse((char *)text.data, text.len, listed, SUMS_ENTRIES_MAX, &count);
    file_free(&text);
    if (e != OTA_OK)
        return say_fail(e, "%s is no list of digests", f->sums);
    for (size_t i = 0; i < f->count; i++) {
        bool good = false;

        for (size_t n = 0; n < count; n++)
            good = good || (strcmp(listed[n].name, f->file[i].entry.name) == 0 &&
                            memcmp(listed[n].sha256, f->file[i].entry.sha256,
                                   CRYPTO_DIGEST_BYTES) == 0);
        if (f->file[i].is_image && !good)
            return say_fail(OTA_E_SIGNATURE, "%s is not as %s says", f->file[i].path, f->sums);
    }
    for (size_t n = 0; n < count; n++) {
        if (file_of(f, listed[n].name) == NULL)
            return say_fail(OTA_E_NOT_FOUND, "%s lists %s, which is not there", f->sums,
                            listed[n].name);
    }
    return OTA_OK;
}

static ota_err release_key_check(const struct repo_request *q, const struct repo *r,
                                 const char *version, const struct found *f)
{
    uint8_t number[MINISIG_KEY_NUMBER_BYTES];
    struct minisig_release what;
    struct file_bytes sums, text;
    struct key_public key;
    struct minisig sig;
    ota_err e = key_public_read(q->release_key, &key);

    if (e != OTA_OK)
        return e;
    if (key.alg != CRYPTO_ED25519 || f->sums[0] == '\0' || f->minisig[0] == '\0')
        return say_fail(OTA_E_NOT_FOUND,
                        "--release-key: no SHA256SUMS with a minisign signature");
    e = file_read(f->sums, SUMS_BYTES_MAX, &sums);
    if (e != OTA_OK)
        return e;
    e = file_read(f->minisig, MINISIG_BYTES_MAX, &text);
    if (e == OTA_OK) {
        minisign_key_number(key.key, number);
        e = minisig_parse((char *)text.data, text.len, &sig);
        if (e == OTA_OK)
            e = minisign_verify(key.key, number, sums.data, sums.len, &sig);
        if (e == OTA_OK)
            e = minisig_release_parse(sig.comment, sig.comment_bytes, &what);
        if (e != OTA_OK)
            say_error("%s is not signed by %s", f->sums, q->release_key);
        else if (strcmp(what.platform, r->platform) != 0 || strcmp(what.version, version) != 0)
            e = say_fail(OTA_E_CONFLICT, "%s is of %s %s, not of %s %s", f->minisig,
                         what.platform, what.version, r->platform, version);
        file_free(&text);
    }
    file_free(&sums);
    return e;
}

/* Would devices of this key manifest boot the images? */
static ota_err manifest_check(const struct repo_request *q, const struct found *f)
{
    struct manifest_root roots[MANIFEST_ROOTS];
    struct image_policy policy = {0};
    struct file_bytes image;
    struct image_info info;
    struct manifest m;
    ota_err e = judge_roots_read(q->boot_root.at, roots);

    if (e == OTA_OK)
        e = judge_manifest_read(q->manifest, roots, &m);
    policy.manifest = &m;
    for (size_t i = 0; e == OTA_OK && i < f->count; i++) {
        enum image_verdict v;

        if (!f->file[i].is_image)
            continue;
        e = file_read(f->file[i].path, IMAGE_BYTES_MAX, &image);
        if (e != OTA_OK)
            return e;
        struct image_source src = image_source_memory(image.data, (uint32_t)image.len);

        v = image_verify(&src, &policy, NULL, NULL, &info);
        file_free(&image);
        if (v != IMAGE_GOOD)
            e = say_fail(OTA_E_SIGNATURE, "%s: %s", f->file[i].path, image_verdict_text(v));
    }
    return e;
}

/* --- the head -------------------------------------------------------------------------------
 */

/* The version of the first image, or what was given. */
static ota_err version_of(const struct repo_request *q, const struct found *f,
                          char out[MAKE_VERSION_TEXT_BYTES])
{
    uint32_t counter = 0;

    out[0] = '\0';
    for (size_t i = 0; i < f->count && out[0] == '\0'; i++) {
        if (f->file[i].is_image)
            make_version_text(f->file[i].info.version, out);
    }
    if (out[0] == '\0') {
        say_error("there is no signed image among these files");
        say_hint("`signer sign` makes one");
        return OTA_E_FORMAT;
    }
    if (q->version != NULL)
        (void)snprintf(out, MAKE_VERSION_TEXT_BYTES, "%s", q->version);
    return release_check(f->file, f->count, out, false, &counter);
}

/* A head is higher than the one before, or the same version come from another channel. */
static ota_err head_check(const struct repo *r, const char *version, const char *channel,
                          const struct found *f)
{
    const json_t *was =
        json_object_get(repo_doc_signed(repo_newest(r, REPO_PLATFORM)), "targets");
    const struct release_file *image = NULL;
    struct repo_image other;
    const json_t *entry;
    const char *path;

    for (size_t i = 0; i < f->count && image == NULL; i++)
        image = f->file[i].is_image ? &f->file[i] : NULL;
    json_object_foreach ((json_t *)(uintptr_t)was, path, entry) {
        if (image == NULL || !repo_image_read(path, entry, &other) ||
            strcmp(other.channel, channel) != 0)
            continue;
        if (image_version_compare(image->info.version, other.version) < 0) {
            say_error("%s has %.*s already: %s is lower", channel, (int)strcspn(path, "/"),
                      path, version);
            say_hint("a lower version is never released: sign the old code as a new version");
            return OTA_E_ROLLBACK;
        }
        if (image->info.security_counter < other.counter)
            return say_fail(OTA_E_ROLLBACK, "%s has security counter %lu, %s %lu", image->path,
                            (unsigned long)image->info.security_counter, path,
                            (unsigned long)other.counter);
    }
    return OTA_OK;
}

static ota_err add(const struct repo_request *q, struct repo *r, const struct found *f,
                   const char *version)
{
    const char *channel = q->channel == NULL ? "stable" : q->channel;
    char expires[REPO_DATE_TEXT_BYTES];
    struct repo trial = *r;
    json_t *doc;
    ota_err e = repo_expiry(q->expires == NULL ? "30" : q->expires, q->now_unix_s, expires);

    if (e == OTA_OK && strcmp(channel, "stable") != 0 && strcmp(channel, "beta") != 0)
        e = say_fail(OTA_E_FORMAT, "--channel is stable or beta");
    if (e == OTA_OK)
        e = head_check(r, version, channel, f);
    if (e != OTA_OK)
        return e;
    doc = repo_next(r, REPO_PLATFORM, expires);
    if (doc == NULL)
        return say_fail(OTA_E_NO_MEMORY, "no memory");
    trial.pending[REPO_PLATFORM] = doc;
    e = repo_release_add(r, doc, f->file, f->count, version, channel);
    if (e == OTA_OK)
        e = repo_rules(&trial, REPO_PLATFORM);
    if (e == OTA_OK)
        return repo_propose(r, REPO_PLATFORM, doc);
    json_decref(doc);
    return e;
}

ota_err repo_run_add_release(const struct repo_request *q)
{
    struct found *f = calloc(1, sizeof *f);
    char version[MAKE_VERSION_TEXT_BYTES];
    struct report out;
    struct repo r;
    ota_err e;

    if (f == NULL)
        return say_fail(OTA_E_NO_MEMORY, "no memory");
    e = repo_open(q->dir, q->now_unix_s, &r);
    if (e != OTA_OK) {
        free(f);
        return e;
    }
    e = find(&q->operand, f);
    if (e == OTA_OK)
        e = sums_check(f);
    if (e == OTA_OK)
        e = version_of(q, f, version);
    if (e == OTA_OK && q->release_key != NULL)
        e = release_key_check(q, &r, version, f);
    if (e == OTA_OK && q->manifest != NULL)
        e = manifest_check(q, f);
    if (e == OTA_OK)
        e = add(q, &r, f, version);
    if (e == OTA_OK) {
        report_init(&out);
        repo_report_all(&out, &r);
        e = report_print(&out) ? OTA_OK : OTA_E_IO;
    }
    repo_close(&r);
    for (size_t i = 0; i < f->count; i++)
        free(f->path[i]);
    free(f);
    return e;
}
