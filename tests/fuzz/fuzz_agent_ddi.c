/* link: ota slot image */
/* What a server tells a device: the first byte chooses the parser, the rest is JSON. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/ota/ddi.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A path goes into a request line as it is. */
static void check_path(const char *path)
{
    assert(memchr(path, '\0', DDI_PATH_MAX) != NULL);
    assert(path[0] == '\0' || path[0] == '/');
    for (; *path != '\0'; path++) {
        assert(*path > ' ' && *path < 127 && *path != '"' && *path != '\\');
    }
}

static void check_deployment(const struct ddi_deployment *d)
{
    assert(d->action >= 1 && d->action <= INT32_MAX && d->path[0] == '/');
    check_path(d->path);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct ddi_scratch scratch;
    struct ddi_poll p;
    struct ddi_deployment d;
    struct ddi_cancel c;
    char *json;

    if (size < 1) {
        return 0;
    }
    json = malloc(size); /* exact, so that a read behind the end is seen */
    assert(json != NULL);
    memcpy(json, data + 1, size - 1);
    switch (data[0] % 3) {
    case 0:
        if (ddi_poll_parse(json, size - 1, &scratch, &p) == OTA_OK) {
            check_path(p.config_path);
            check_path(p.deployment_path);
            check_path(p.cancel_path);
        }
        break;
    case 1:
        if (ddi_deployment_parse(json, size - 1, &scratch, &d) == OTA_OK) {
            check_deployment(&d);
        }
        break;
    default:
        if (ddi_cancel_parse(json, size - 1, &scratch, &c) == OTA_OK) {
            assert(c.id <= INT32_MAX && c.stop <= INT32_MAX);
        }
        break;
    }
    free(json);
    return 0;
}
