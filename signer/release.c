/* The lists of a release: made from the files, signed once, the same bytes every time. */
#include "release.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../firmware/image/le.h"
#include "make.h"
#include "say.h"

enum { BLOCK_BYTES = 65536 };

static ota_err fd_read(const struct image_source *src, uint32_t at, void *buf, size_t len)
{
    const int *fd = src->port;
    uint8_t *out = buf;

    while (len > 0) {
        ssize_t n = pread(*fd, out, len, (off_t)at);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return OTA_E_IO;
        out += n;
        at += (uint32_t)n;
        len -= (size_t)n;
    }
    return OTA_OK;
}

static ota_err hash(int fd, struct release_file *f)
{
    uint8_t block[BLOCK_BYTES];
    struct crypto_sha256 h;
    ssize_t n;

    crypto_sha256_init(&h);
    f->size = 0;
    while ((n = read(fd, block, sizeof block)) > 0) {
        if (f->size == 0 && n >= 4)
            f->is_image = le32_load(block) == 0x96f3b83d;
        crypto_sha256_update(&h, block, (size_t)n);
        f->size += (uint64_t)n;
    }
    crypto_sha256_final(&h, f->entry.sha256);
    if (n < 0)
        return say_fail(OTA_E_IO, "cannot read %s: %s", f->path, strerror(errno));
    return f->size == 0 ? say_fail(OTA_E_FORMAT, "%s is empty", f->path) : OTA_OK;
}

/* What otad would refuse is refused here, before anything is sent. */
static ota_err look_into(int fd, struct release_file *f)
{
    struct image_source src = {.port = &fd, .read = fd_read};
    enum image_verdict why;

    if (f->size > UINT32_MAX)
        return say_fail(OTA_E_LIMIT, "%s is too large for an image", f->path);
    src.size_bytes = (uint32_t)f->size;
    if (image_parse(&src, &f->info, &why) != OTA_OK)
        return say_fail(OTA_E_FORMAT, "%s: %s", f->path, image_verdict_text(why));
    if (!f->info.has_security_counter || !f->info.has_hardware_class) {
        say_error("%s: %s", f->path, image_verdict_text(IMAGE_NO_POLICY_TLV));
        say_hint("`signer sign` writes both unless it was told --bare");
        return OTA_E_FORMAT;
    }
    why = image_contents(&src, &f->info, NULL, NULL);
    if (why != IMAGE_GOOD)
        return say_fail(why == IMAGE_UNREADABLE ? OTA_E_IO : OTA_E_SIGNATURE, "%s: %s", f->path,
                        image_verdict_text(why));
    return OTA_OK;
}

static ota_err scan_one(const char *path, struct release_file *f)
{
    const char *slash = strrchr(path, '/'), *name = slash == NULL ? path : slash + 1;
    struct stat st;
    ota_err e;
    int fd;

    memset(f, 0, sizeof *f);
    f->path = path;
    if (!sums_name_valid(name, strlen(name))) {
        say_error("'%s' is no name for an artifact", name);
        say_hint("letters, digits, '.', '_' and '-', at most %d, not SHA256SUMS...",
                 SUMS_NAME_BYTES_MAX);
        return OTA_E_FORMAT;
    }
    memcpy(f->entry.name, name, strlen(name));
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return say_fail(OTA_E_NOT_FOUND, "cannot open %s: %s", path, strerror(errno));
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
        e = say_fail(OTA_E_IO, "%s is no ordinary file", path);
    else
        e = hash(fd, f);
    if (e == OTA_OK && f->is_image)
        e = look_into(fd, f);
    (void)close(fd);
    return e;
}

static int by_name(const void *a, const void *b)
{
    const struct release_file *fa = a, *fb = b;

    return strcmp(fa->entry.name, fb->entry.name);
}

ota_err release_scan(const char *const *paths, size_t count, struct release_file *out)
{
    for (size_t i = 0; i < count; i++) {
        ota_err e = scan_one(paths[i], &out[i]);

        if (e != OTA_OK)
            return e;
    }
    qsort(out, count, sizeof *out, by_name);
    for (size_t i = 1; i < count; i++) {
        if (strcmp(out[i - 1].entry.name, out[i].entry.name) == 0)
            return say_fail(OTA_E_FORMAT, "two files are called %s", out[i].entry.name);
    }
    return OTA_OK;
}

ota_err release_check(const struct release_file *files, size_t count, const char *version,
                      bool counter_given, uint32_t *counter)
{
    char has[MAKE_VERSION_TEXT_BYTES];
    const char *first = NULL;

    for (size_t i = 0; i < count; i++) {
        const struct release_file *f = &files[i];

        if (!f->is_image)
            continue;
        make_version_text(f->info.version, has);
        if (strcmp(has, version) != 0) {
            say_error("%s is version %s, the release %s", f->path, has, version);
            say_hint("sign it with -v %s, or publish --version %s", version, has);
            return OTA_E_CONFLICT;
        }
        if ((first != NULL || counter_given) && f->info.security_counter != *counter)
            return say_fail(OTA_E_CONFLICT, "%s has security counter %lu, %s %lu", f->path,
                            (unsigned long)f->info.security_counter,
                            first == NULL ? "--counter is" : first, (unsigned long)*counter);
        first = f->path;
        *counter = f->info.security_counter;
    }
    return OTA_OK;
}

/* --- the lists ------------------------------------------------------------------------------
 */

static ota_err allocate(size_t room, struct file_bytes *out)
{
    out->data = calloc(1, room + 1);
    out->len = 0;
    return out->data == NULL ? say_fail(OTA_E_NO_MEMORY, "no memory") : OTA_OK;
}

static ota_err sums_make(const struct release_file *files, size_t count, struct file_bytes *out)
{
    size_t room = count * (SUMS_BYTES_MAX / SUMS_ENTRIES_MAX);
    ota_err e = allocate(room, out);

    for (size_t i = 0; e == OTA_OK && i < count; i++) {
        size_t n = 0;

        e = sums_line_write(&files[i].entry, (char *)out->data + out->len, room - out->len, &n);
        out->len += n;
    }
    return e;
}

static ota_err minisig_make(const struct file_bytes *sums, const struct minisig_release *what,
                            const struct key *key, struct release_lists *out)
{
    char comment[MINISIG_COMMENT_BYTES_MAX + 1];
    struct minisig sig;
    size_t len = 0;
    ota_err e = minisig_release_write(what, comment, sizeof comment, &len);

    if (e != OTA_OK) {
        say_error("'%s' version '%s' cannot be released", what->platform, what->version);
        say_hint("platforms are lower-case letters, digits, '.', '_', '-'; versions start with "
                 "a digit");
        return e;
    }
    e = key_minisign(key, sums->data, sums->len, comment, &sig);
    if (e == OTA_OK)
        e = allocate(MINISIG_BYTES_MAX, &out->minisig);
    if (e != OTA_OK)
        return e;
    memcpy(out->key_number, sig.key_number, sizeof out->key_number);
    return minisig_write(&sig, "signature by signer, minisign -V verifies it",
                         (char *)out->minisig.data, MINISIG_BYTES_MAX, &out->minisig.len);
}

/*
 * signify's file is the first two lines of a minisign one with plain Ed25519 ("Ed") over the
 * message, and then the message.  No minisign signature and no image is ever such a message:
 * those are 64 and 32 bytes, a list is longer.
 */
static ota_err signify_make(const struct file_bytes *sums, const struct key *key,
                            struct release_lists *out)
{
    static const char head[] =
        "untrusted comment: verify with the release key's .minisign.pub\n";
    uint8_t body[2 + MINISIG_KEY_NUMBER_BYTES + MINISIG_SIGNATURE_BYTES] = {'E', 'd'};
    ota_err e = key_sign_message(key, sums->data, sums->len,
                                 body + sizeof body - MINISIG_SIGNATURE_BYTES);
    size_t room = sizeof head + MINISIG_BYTES_MAX + sums->len;
    char *p;

    memcpy(body + 2, out->key_number, MINISIG_KEY_NUMBER_BYTES);
    if (e == OTA_OK)
        e = allocate(room, &out->signify);
    if (e != OTA_OK)
        return e;
    p = (char *)out->signify.data;
    memcpy(p, head, sizeof head - 1);
    p += sizeof head - 1;
    p += minisig_base64(body, sizeof body, p);
    *p++ = '\n';
    memcpy(p, sums->data, sums->len);
    out->signify.len = (size_t)(p - (char *)out->signify.data) + sums->len;
    return OTA_OK;
}

ota_err release_sign(const struct release_file *files, size_t count,
                     const struct minisig_release *what, const struct key *key,
                     struct release_lists *out)
{
    struct release_lists l;
    ota_err e;

    memset(&l, 0, sizeof l);
    e = sums_make(files, count, &l.sums);
    if (e == OTA_OK)
        e = minisig_make(&l.sums, what, key, &l);
    if (e == OTA_OK)
        e = signify_make(&l.sums, key, &l);
    if (e == OTA_OK)
        *out = l;
    else
        release_lists_free(&l);
    return e;
}

void release_lists_free(struct release_lists *l)
{
    file_free(&l->sums);
    file_free(&l->minisig);
    file_free(&l->signify);
}

ota_err release_write(const struct release_lists *l, const char *folder)
{
    const struct {
        const char *name;
        const struct file_bytes *bytes;
    } files[] = {{"SHA256SUMS", &l->sums},
                 {"SHA256SUMS.minisig", &l->minisig},
                 {"SHA256SUMS.sig", &l->signify}};

    if (mkdir(folder, 0777) != 0 && errno != EEXIST)
        return say_fail(OTA_E_IO, "cannot make the folder %s: %s", folder, strerror(errno));
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        char path[4096];
        int n = snprintf(path, sizeof path, "%s/%s", folder, files[i].name);
        ota_err e = n > 0 && (size_t)n < sizeof path
                        ? file_write(path, files[i].bytes->data, files[i].bytes->len)
                        : OTA_E_LIMIT;

        if (e != OTA_OK)
            return e;
    }
    return OTA_OK;
}
