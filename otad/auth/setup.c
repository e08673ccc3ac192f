/* The one-time link.  The token is in the file and nowhere else. */
#include "setup.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static ota_err write_link(const char *path, const char *public_url, const char *token)
{
    char link[1024];
    const int n = snprintf(link, sizeof link, "%s/setup#%s\n", public_url, token);
    if (n < 0 || (size_t)n >= sizeof link)
        return OTA_E_LIMIT;
    (void)unlink(path);
    const int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        return OTA_E_IO;
    const bool good = write(fd, link, (size_t)n) == n && fsync(fd) == 0;
    token_wipe(link, sizeof link);
    return close(fd) == 0 && good ? OTA_OK : OTA_E_IO;
}

ota_err setup_open(struct setup *s, const struct token_pepper *pepper, const char *state_dir,
                   const char *public_url)
{
    const int n = snprintf(s->path, sizeof s->path, "%s/setup-link", state_dir);
    if (n < 0 || (size_t)n >= sizeof s->path)
        return OTA_E_LIMIT;
    char token[TOKEN_TEXT_BYTES];
    token_new(token);
    s->hash = token_hash(pepper, token, strlen(token));
    const ota_err err = write_link(s->path, public_url, token);
    token_wipe(token, sizeof token);
    s->open = err == OTA_OK;
    return err;
}

bool setup_matches(const struct setup *s, const struct token_pepper *pepper, const char *token)
{
    const size_t len = strnlen(token, TOKEN_PRESENTED_MAX);
    const struct token_hash h = token_hash(pepper, token, len);
    return s->open && token_hash_equal(&h, &s->hash);
}

void setup_close(struct setup *s)
{
    s->open = false;
    if (s->path[0] != '\0')
        (void)unlink(s->path);
}
