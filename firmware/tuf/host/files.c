/* A new file beside the old, then one rename. */
#include "files.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

enum { PATH_BYTES = 4096 };

ota_err files_path(const char *folder, const char *name, char *out, size_t size)
{
    int n = snprintf(out, size, "%s/%s", folder, name);

    return n > 0 && (size_t)n < size ? OTA_OK : OTA_E_LIMIT;
}

ota_err files_read(const char *path, uint8_t *buf, size_t max, size_t *out_len)
{
    FILE *f = fopen(path, "rb");
    ota_err e = OTA_OK;
    size_t n;

    if (f == NULL)
        return errno == ENOENT ? OTA_E_NOT_FOUND : OTA_E_IO;
    n = fread(buf, 1, max, f);
    if (fgetc(f) != EOF)
        e = OTA_E_LIMIT;
    else if (ferror(f))
        e = OTA_E_IO;
    (void)fclose(f);
    if (e == OTA_OK)
        *out_len = n;
    return e;
}

static ota_err load(void *arg, const char *name, uint8_t *buf, size_t max, size_t *out_len)
{
    const struct files *f = arg;
    char path[PATH_BYTES];
    ota_err e = files_path(f->folder, name, path, sizeof path);

    return e == OTA_OK ? files_read(path, buf, max, out_len) : e;
}

static ota_err save(void *arg, const char *name, const uint8_t *bytes, size_t len)
{
    const struct files *f = arg;
    char path[PATH_BYTES], fresh[PATH_BYTES + 8];
    FILE *out;
    bool good;

    if (files_path(f->folder, name, path, sizeof path) != OTA_OK)
        return OTA_E_LIMIT;
    (void)snprintf(fresh, sizeof fresh, "%s.new", path);
    out = fopen(fresh, "wb");
    if (out == NULL)
        return OTA_E_IO;
    good = fwrite(bytes, 1, len, out) == len && fflush(out) == 0 && fsync(fileno(out)) == 0;
    good = fclose(out) == 0 && good;
    return good && rename(fresh, path) == 0 ? OTA_OK : OTA_E_IO;
}

static ota_err forget(void *arg, const char *name)
{
    const struct files *f = arg;
    char path[PATH_BYTES];

    if (files_path(f->folder, name, path, sizeof path) != OTA_OK)
        return OTA_E_LIMIT;
    return unlink(path) == 0 || errno == ENOENT ? OTA_OK : OTA_E_IO;
}

void files_store(struct files *f, struct tuf_store *out)
{
    *out = (struct tuf_store){.arg = f, .load = load, .save = save, .forget = forget};
}
