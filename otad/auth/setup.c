/* The one-time link.  The token is in the file and nowhere else. */
#include "setup.h"

#include <fcntl.h>
#include <stdbool.h>
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

static bool link_path(const char *state_dir, char out[SETUP_PATH_BYTES])
{
    const int n = snprintf(out, SETUP_PATH_BYTES, "%s/setup-link", state_dir);
    return n >= 0 && n < SETUP_PATH_BYTES;
}

ota_err setup_link_make(const struct token_pepper *pepper, const char *state_dir,
                        const char *public_url, char out_path[SETUP_PATH_BYTES],
                        struct token_hash *out)
{
    if (!link_path(state_dir, out_path))
        return OTA_E_LIMIT;
    char token[TOKEN_TEXT_BYTES];
    token_new(token);
    const ota_err err = write_link(out_path, public_url, token);
    if (err == OTA_OK)
        *out = token_hash(pepper, token, strlen(token));
    token_wipe(token, sizeof token);
    return err;
}

void setup_link_remove(const char *state_dir)
{
    char path[SETUP_PATH_BYTES];
    if (link_path(state_dir, path))
        (void)unlink(path);
}
