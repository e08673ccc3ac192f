/* File names of roles: percent-encoded, so that no role's name leaves its folder. */
#include "client.h"

#include <string.h>

struct name {
    char *out;
    size_t size, len;
};

static void add(struct name *n, char c)
{
    if (n->len < n->size)
        n->out[n->len] = c;
    n->len++;
}

static void add_encoded(struct name *n, char c)
{
    static const char digits[] = "0123456789ABCDEF";

    if ((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
        c == '-' || c == '_' || c == '.' || c == '~') {
        add(n, c);
        return;
    }
    add(n, '%');
    add(n, digits[(uint8_t)c >> 4]);
    add(n, digits[(uint8_t)c & 15]);
}

ota_err tuf_file_name(const char *role, uint64_t version, char *out, size_t size)
{
    struct name n = {out, size, 0};
    uint64_t unit = 1;

    while (version / unit >= 10)
        unit *= 10;
    if (version > 0) {
        for (; unit > 0; unit /= 10)
            add(&n, (char)('0' + version / unit % 10));
        add(&n, '.');
    }
    for (; *role != '\0'; role++)
        add_encoded(&n, *role);
    for (const char *p = ".json"; *p != '\0'; p++)
        add(&n, *p);
    add(&n, '\0');
    return n.len <= size ? OTA_OK : OTA_E_LIMIT;
}
