/*
 * A name appears in the folder only by rename, after its bytes were synced, and the folder is
 * synced before anybody is told.  Uploads live in tmp/ until then; store_open empties it.
 */
#include "otad/store/artifacts.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "otad/log.h"
#include "otad/store/digest.h"

enum {
    NAME_BYTES = STORE_NAME_BYTES, /* "ab/cd/" and 64 digits, or "tmp/..."                   */
    BUFFER_BYTES = 256 * 1024      /* what comes is gathered: few large writes, long hashing */
};

struct store {
    int folder; /* descriptor */
    _Atomic uint64_t next_upload;
};

struct store_upload {
    struct store *store;
    int fd;
    bool sealed;
    uint64_t bytes, bytes_max;
    size_t buffered;
    struct digester *digester;
    struct digests digests;
    struct store_file view; /* what the image source of store_seal reads */
    char name[NAME_BYTES];
    char buffer[BUFFER_BYTES];
};

static ota_err io_error(const char *what, const char *name)
{
    bool full = errno == ENOSPC || errno == EDQUOT || errno == EFBIG;

    log_error("store-failed", LOG_STR("what", what), LOG_STR("name", name),
              LOG_STR("why", strerror(errno)));
    return full ? OTA_E_BUSY : OTA_E_IO;
}

static void write_name(const struct sha256 *digest, char out[NAME_BYTES])
{
    static const char hex[] = "0123456789abcdef";
    char *at = out;

    for (size_t i = 0; i < 2; i++) {
        *at++ = hex[digest->b[i] >> 4];
        *at++ = hex[digest->b[i] & 15];
        *at++ = '/';
    }
    for (size_t i = 0; i < sizeof digest->b; i++) {
        *at++ = hex[digest->b[i] >> 4];
        *at++ = hex[digest->b[i] & 15];
    }
    *at = '\0';
}

static void remove_leftovers(int folder)
{
    int fd = openat(folder, "tmp", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *d = fd < 0 ? NULL : fdopendir(fd);
    const struct dirent *entry;
    int64_t removed = 0;

    if (d == NULL) {
        if (fd >= 0)
            (void)close(fd);
        return;
    }
    while ((entry = readdir(d)) != NULL) {
        if (entry->d_name[0] != '.' && unlinkat(fd, entry->d_name, 0) == 0)
            removed++;
    }
    (void)closedir(d);
    if (removed > 0)
        log_info("store-leftovers-removed", LOG_INT("files", removed));
}

ota_err store_open(const char *folder, struct store **out)
{
    struct store *s = calloc(1, sizeof *s);
    bool ok;

    if (s == NULL)
        return OTA_E_NO_MEMORY;
    s->folder = -1;
    ok = (mkdir(folder, 0750) == 0 || errno == EEXIST) &&
         (s->folder = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) >= 0 &&
         (mkdirat(s->folder, "tmp", 0750) == 0 || errno == EEXIST);
    if (!ok) {
        ota_err e = io_error("open", folder);

        if (s->folder >= 0)
            (void)close(s->folder);
        free(s);
        return e == OTA_E_BUSY ? OTA_E_IO : e;
    }
    remove_leftovers(s->folder);
    *out = s;
    return OTA_OK;
}

void store_close(struct store *s)
{
    if (s == NULL)
        return;
    (void)close(s->folder);
    free(s);
}

ota_err store_check(struct store *s)
{
    return faccessat(s->folder, "tmp", W_OK | X_OK, 0) == 0 ? OTA_OK : OTA_E_IO;
}

/* ---- writing ---- */

ota_err store_begin(struct store *s, uint64_t bytes_max, struct store_upload **out)
{
    struct store_upload *u = calloc(1, sizeof *u);
    ota_err e;

    if (u == NULL)
        return OTA_E_NO_MEMORY;
    u->store = s;
    u->bytes_max = bytes_max;
    (void)snprintf(u->name, sizeof u->name, "tmp/%ld-%llu", (long)getpid(),
                   (unsigned long long)atomic_fetch_add(&s->next_upload, 1));
    u->fd = openat(s->folder, u->name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0640);
    if (u->fd < 0) {
        e = io_error("create", u->name);
        free(u);
        return e;
    }
    e = digester_new(&u->digester);
    if (e != OTA_OK) {
        store_abort(u);
        return e;
    }
    *out = u;
    return OTA_OK;
}

static ota_err flush(struct store_upload *u)
{
    const char *at = u->buffer;
    size_t len = u->buffered;

    u->buffered = 0;
    for (size_t left = len; left > 0;) {
        ssize_t n = write(u->fd, at, left);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return io_error("write", u->name);
        at += n;
        left -= (size_t)n;
    }
    return digester_add(u->digester, u->buffer, len);
}

ota_err store_write(struct store_upload *u, const void *data, size_t len)
{
    const char *at = data;

    if (u->sealed)
        return OTA_E_INTERNAL;
    if (len > u->bytes_max - u->bytes)
        return OTA_E_LIMIT;
    u->bytes += len;
    while (len > 0) {
        size_t n = BUFFER_BYTES - u->buffered;

        if (n > len)
            n = len;
        memcpy(u->buffer + u->buffered, at, n);
        u->buffered += n;
        at += n;
        len -= n;
        if (u->buffered == BUFFER_BYTES) {
            ota_err e = flush(u);

            if (e != OTA_OK)
                return e;
        }
    }
    return OTA_OK;
}

static ota_err source_read(const struct image_source *src, uint32_t at, void *buf, size_t len)
{
    const struct store_file *f = src->port;
    char *to = buf;

    if (at > src->size_bytes || len > src->size_bytes - at)
        return OTA_E_IO;
    while (len > 0) {
        ssize_t n = pread(f->fd, to, len, (off_t)at);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return OTA_E_IO;
        to += n;
        at += (uint32_t)n;
        len -= (size_t)n;
    }
    return OTA_OK;
}

struct image_source store_image_source(const struct store_file *file)
{
    return (struct image_source){
        .size_bytes = file->size_bytes > UINT32_MAX ? UINT32_MAX : (uint32_t)file->size_bytes,
        .port = (void *)(uintptr_t)file,
        .read = source_read,
    };
}

static ota_err seal(struct store_upload *u)
{
    ota_err e;

    if (u->sealed)
        return OTA_OK;
    e = flush(u);
    if (e == OTA_OK)
        e = digester_end(u->digester, &u->digests);
    if (e != OTA_OK)
        return e;
    if (fsync(u->fd) != 0)
        return io_error("sync", u->name);
    u->sealed = true;
    return OTA_OK;
}

ota_err store_seal(struct store_upload *u, struct digests *out_digests, uint64_t *out_bytes,
                   struct image_source *out_source)
{
    ota_err e = seal(u);

    if (e != OTA_OK)
        return e;
    u->view = (struct store_file){.fd = u->fd, .size_bytes = u->bytes};
    *out_digests = u->digests;
    *out_bytes = u->bytes;
    *out_source = store_image_source(&u->view);
    return OTA_OK;
}

/* The folder called by the first len bytes of name, made if missing and synced into its parent.
 */
static ota_err make_folder(int root, const char *name, size_t len)
{
    char path[NAME_BYTES];
    int parent;
    bool ok;

    (void)snprintf(path, sizeof path, "%.*s", (int)len, name);
    if (mkdirat(root, path, 0750) != 0)
        return errno == EEXIST ? OTA_OK : io_error("mkdir", path);
    if (len == 2) /* "ab": its parent is the root */
        return fsync(root) == 0 ? OTA_OK : io_error("sync", path);
    path[2] = '\0';
    parent = openat(root, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    ok = parent >= 0 && fsync(parent) == 0;
    if (parent >= 0)
        (void)close(parent);
    return ok ? OTA_OK : io_error("sync", path);
}

/*
 * Rename also when the name is there already: the bytes are the same, readers keep their open
 * file, and the answer is durable even if the one who came first has not synced yet.
 */
static ota_err keep(struct store_upload *u)
{
    int root = u->store->folder, folder;
    char name[NAME_BYTES], parent[6];
    ota_err e;

    write_name(&u->digests.sha256, name);
    (void)snprintf(parent, sizeof parent, "%.5s", name);
    e = make_folder(root, name, 2);
    if (e == OTA_OK)
        e = make_folder(root, name, 5);
    if (e != OTA_OK)
        return e;
    folder = openat(root, parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder < 0)
        return io_error("open", parent);
    if (fchmod(u->fd, 0440) != 0 || renameat(root, u->name, root, name) != 0)
        e = io_error("rename", name);
    else if (fsync(folder) != 0)
        e = io_error("sync", parent);
    (void)close(folder);
    return e;
}

static void release(struct store_upload *u)
{
    if (u->digester != NULL)
        digester_free(u->digester);
    (void)close(u->fd);
    free(u);
}

ota_err store_finish(struct store_upload *u)
{
    ota_err e = seal(u);

    if (e == OTA_OK)
        e = keep(u);
    if (e != OTA_OK) {
        store_abort(u);
        return e;
    }
    release(u);
    return OTA_OK;
}

void store_abort(struct store_upload *u)
{
    if (u == NULL)
        return;
    (void)unlinkat(u->store->folder, u->name, 0);
    release(u);
}

/* ---- reading ---- */

ota_err store_get(struct store *s, const struct sha256 *digest, uint64_t size_bytes,
                  struct store_file *out)
{
    char name[NAME_BYTES];
    struct stat st;
    int fd;

    write_name(digest, name);
    fd = openat(s->folder, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return errno == ENOENT ? OTA_E_NOT_FOUND : io_error("open", name);
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || st.st_size < 0 ||
        (size_bytes != 0 && (uint64_t)st.st_size != size_bytes)) {
        log_error("store-damaged", LOG_STR("name", name), LOG_INT("expected", size_bytes));
        (void)close(fd);
        return OTA_E_IO;
    }
    *out = (struct store_file){.fd = fd,
                               .size_bytes = (uint64_t)st.st_size,
                               .modified_unix_s = (int64_t)st.st_mtim.tv_sec};
    memcpy(out->name, name, sizeof name);
    return OTA_OK;
}

ota_err store_remove(struct store *s, const struct sha256 *digest)
{
    char name[NAME_BYTES];

    write_name(digest, name);
    if (unlinkat(s->folder, name, 0) == 0)
        return OTA_OK;
    return errno == ENOENT ? OTA_E_NOT_FOUND : io_error("remove", name);
}
