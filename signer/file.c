/*
 * Reading and writing of whole files.  Nothing that exists is ever half overwritten: new
 * contents go to a file beside it, reach the disk, and then take the name.
 */
#include "file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../keys/secret.h"
#include "say.h"

static ota_err open_said(const char *path, int *out, struct stat *st)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd < 0)
        return say_fail(errno == ENOENT ? OTA_E_NOT_FOUND : OTA_E_IO, "cannot open %s: %s",
                        path, strerror(errno));
    if (fstat(fd, st) != 0 || S_ISDIR(st->st_mode)) {
        (void)close(fd);
        return say_fail(OTA_E_IO, "cannot read %s: %s", path,
                        S_ISDIR(st->st_mode) ? "it is a folder" : strerror(errno));
    }
    *out = fd;
    return OTA_OK;
}

/* Until the end of the file or of the room. */
static ota_err read_all(int fd, const char *path, uint8_t *out, size_t room, size_t *out_len)
{
    size_t have = 0;

    while (have < room) {
        ssize_t n = read(fd, out + have, room - have);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return say_fail(OTA_E_IO, "cannot read %s: %s", path, strerror(errno));
        if (n == 0)
            break;
        have += (size_t)n;
    }
    *out_len = have;
    return OTA_OK;
}

ota_err file_read(const char *path, size_t max, struct file_bytes *out)
{
    struct file_bytes f = {NULL, 0};
    struct stat st;
    size_t room;
    int fd = -1;
    ota_err e = open_said(path, &fd, &st);

    if (e != OTA_OK)
        return e;
    /* Pipes have no size: give them all the room there may be. */
    room = S_ISREG(st.st_mode) && (uint64_t)st.st_size < max ? (size_t)st.st_size + 1 : max + 1;
    f.data = malloc(room + 1);
    if (f.data == NULL)
        e = say_fail(OTA_E_NO_MEMORY, "%s: no memory", path);
    else
        e = read_all(fd, path, f.data, room, &f.len);
    if (e == OTA_OK && f.len > max)
        e = say_fail(OTA_E_LIMIT, "%s is larger than %zu bytes", path, max);
    (void)close(fd);
    if (e != OTA_OK) {
        free(f.data);
        return e;
    }
    f.data[f.len] = 0;
    *out = f;
    return OTA_OK;
}

void file_free(struct file_bytes *f)
{
    free(f->data);
    *f = (struct file_bytes){NULL, 0};
}

ota_err file_read_secret(const char *path, void *out, size_t room, size_t *out_len)
{
    struct why why = {0};
    bool exposed = false;
    ota_err e = secret_file_read(path, out, room, out_len, &exposed, &why);

    if (exposed)
        say_exposed(path);
    return say_why(e, &why);
}

/* durable: the bytes are on the disk before anything relies on them. */
static ota_err write_all(int fd, const char *path, const uint8_t *data, size_t len,
                         bool durable)
{
    while (len > 0) {
        ssize_t n = write(fd, data, len);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return say_fail(OTA_E_IO, "cannot write %s: %s", path, strerror(errno));
        data += n;
        len -= (size_t)n;
    }
    if (durable && fsync(fd) != 0 && errno != EINVAL && errno != EROFS)
        return say_fail(OTA_E_IO, "cannot write %s: %s", path, strerror(errno));
    return OTA_OK;
}

/* A rename is durable once its folder is. */
static void folder_sync(const char *path)
{
    const char *slash = strrchr(path, '/');
    char folder[4096];
    int fd;

    (void)snprintf(folder, sizeof folder, "%.*s", slash == NULL ? 1 : (int)(slash - path + 1),
                   slash == NULL ? "." : path);
    fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0) {
        (void)fsync(fd);
        (void)close(fd);
    }
}

/* A new file beside path with a name of its own.  File systems without modes keep theirs. */
static ota_err beside(const char *path, unsigned mode, char *name, size_t room, int *out)
{
    int n = snprintf(name, room, "%s.XXXXXX", path);

    if (n < 0 || (size_t)n >= room)
        return say_fail(OTA_E_LIMIT, "%s: the name is too long", path);
    *out = mkstemp(name);
    if (*out < 0)
        return say_fail(OTA_E_IO, "cannot write %s: %s", path, strerror(errno));
    (void)fchmod(*out, (mode_t)mode);
    return OTA_OK;
}

/* The contents are whole before the file takes the name. */
static ota_err replace(const char *path, const void *data, size_t len, unsigned mode,
                       bool durable)
{
    char name[4096];
    int fd = -1;
    ota_err e = beside(path, mode, name, sizeof name, &fd);

    if (e != OTA_OK)
        return e;
    e = write_all(fd, path, data, len, durable);
    if (close(fd) != 0 && e == OTA_OK)
        e = say_fail(OTA_E_IO, "cannot write %s: %s", path, strerror(errno));
    if (e == OTA_OK && rename(name, path) != 0)
        e = say_fail(OTA_E_IO, "cannot make %s: %s", path, strerror(errno));
    if (e != OTA_OK)
        (void)unlink(name);
    if (durable)
        folder_sync(path);
    return e;
}

ota_err file_write_new(const char *path, const void *data, size_t len, unsigned mode,
                       bool force)
{
    ota_err e;
    int fd;

    if (force)
        return replace(path, data, len, mode, true);
    e = file_absent(path);
    if (e != OTA_OK)
        return e;
    fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, (mode_t)mode);
    if (fd < 0)
        return say_fail(errno == EEXIST ? OTA_E_CONFLICT : OTA_E_IO, "cannot make %s: %s", path,
                        strerror(errno));
    e = write_all(fd, path, data, len, true);
    if (close(fd) != 0 && e == OTA_OK)
        e = say_fail(OTA_E_IO, "cannot write %s: %s", path, strerror(errno));
    if (e != OTA_OK)
        (void)unlink(path);
    folder_sync(path);
    return e;
}

/* Not everything can be renamed over: /dev/stdout and pipes are written as they are. */
static bool special(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 && !S_ISREG(st.st_mode);
}

static ota_err write_whole(const char *path, const void *data, size_t len, bool durable)
{
    mode_t mask = umask(0);
    ota_err e;
    int fd;

    (void)umask(mask);
    if (!special(path))
        return replace(path, data, len, 0666 & ~(unsigned)mask, durable);
    fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0)
        return say_fail(OTA_E_IO, "cannot write %s: %s", path, strerror(errno));
    e = write_all(fd, path, data, len, durable);
    (void)close(fd);
    return e;
}

ota_err file_write(const char *path, const void *data, size_t len)
{
    return write_whole(path, data, len, true);
}

ota_err file_write_made(const char *path, const void *data, size_t len)
{
    return write_whole(path, data, len, false);
}

ota_err file_absent(const char *path)
{
    struct stat st;

    if (lstat(path, &st) != 0)
        return OTA_OK;
    say_error("%s exists", path);
    say_hint("choose another name, or give --force to replace it");
    return OTA_E_CONFLICT;
}
