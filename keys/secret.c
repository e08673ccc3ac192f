/* Secrets in memory that is locked, guarded and wiped when it is freed; files read into it. */
#include "secret.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

ota_err secret_new(struct secret *out, struct why *why)
{
    *out = (struct secret){.text = sodium_malloc(SECRET_BYTES_MAX + 2)};
    return out->text == NULL ? why_fail(why, OTA_E_NO_MEMORY, "no locked memory (ulimit -l)")
                             : OTA_OK;
}

void secret_free(struct secret *s)
{
    sodium_free(s->text);
    *s = (struct secret){NULL, 0};
}

ota_err secret_first_line(struct secret *s, const char *from, struct why *why)
{
    char *end = memchr(s->text, '\n', s->len);

    if (end != NULL)
        s->len = (size_t)(end - s->text);
    if (s->len > 0 && s->text[s->len - 1] == '\r')
        s->len--;
    s->text[s->len] = '\0';
    if (s->len == 0)
        return why_fail(why, OTA_E_FORMAT, "%s: nothing in its first line", from);
    if (s->len > SECRET_BYTES_MAX || strlen(s->text) != s->len)
        return why_fail(why, OTA_E_LIMIT, "%s: no text of at most %d bytes", from,
                        SECRET_BYTES_MAX);
    return OTA_OK;
}

static ota_err file_open(const char *path, int *out, bool *out_exposed, struct why *why)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat st;

    if (fd < 0)
        return why_fail(why, errno == ENOENT ? OTA_E_NOT_FOUND : OTA_E_IO, "cannot open %s: %s",
                        path, strerror(errno));
    if (fstat(fd, &st) != 0 || S_ISDIR(st.st_mode)) {
        why_tell(why, "cannot read %s: %s", path,
                 S_ISDIR(st.st_mode) ? "it is a folder" : strerror(errno));
        (void)close(fd);
        return OTA_E_IO;
    }
    *out_exposed = S_ISREG(st.st_mode) && (st.st_mode & (S_IRWXG | S_IRWXO)) != 0;
    *out = fd;
    return OTA_OK;
}

ota_err secret_file_read(const char *path, void *out, size_t room, size_t *out_len,
                         bool *out_exposed, struct why *why)
{
    size_t have = 0;
    int fd = -1;
    ota_err e = file_open(path, &fd, out_exposed, why);

    if (e != OTA_OK)
        return e;
    while (have < room) {
        ssize_t n = read(fd, (char *)out + have, room - have);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            e = why_fail(why, OTA_E_IO, "cannot read %s: %s", path, strerror(errno));
        if (n <= 0)
            break;
        have += (size_t)n;
    }
    (void)close(fd);
    if (e == OTA_OK && have == room)
        e = why_fail(why, OTA_E_LIMIT, "%s is too large to be a secret of ours", path);
    if (e == OTA_OK)
        *out_len = have;
    return e;
}

ota_err secret_line_read(const char *path, struct secret *out, bool *out_exposed,
                         struct why *why)
{
    struct secret s;
    ota_err e = secret_new(&s, why);

    if (e == OTA_OK)
        e = secret_file_read(path, s.text, SECRET_BYTES_MAX + 1, &s.len, out_exposed, why);
    if (e == OTA_OK)
        e = secret_first_line(&s, path, why);
    if (e != OTA_OK)
        secret_free(&s);
    else
        *out = s;
    return e;
}
