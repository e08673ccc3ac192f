/* Names of roles and files. */
#include "repository.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const char *const words[REPO_ROLES] = {"root", "targets", "platform", "snapshot",
                                              "timestamp"};

const char *repo_role_word(enum repo_role role)
{
    return words[role];
}

enum repo_role repo_role_parse(const char *word)
{
    int i = 0;
    while (i < REPO_ROLES && strcmp(words[i], word) != 0)
        i++;
    return (enum repo_role)i;
}

const char *repo_role_name(enum repo_role role, const char *platform)
{
    return role == REPO_PLATFORM ? platform : words[role];
}

void repo_file_name(enum repo_role role, const char *platform, int64_t version,
                    char out[REPO_NAME_BYTES])
{
    const char *name = repo_role_name(role, platform);
    if (role == REPO_TIMESTAMP)
        (void)snprintf(out, REPO_NAME_BYTES, "%s.json", name);
    else
        (void)snprintf(out, REPO_NAME_BYTES, "%" PRId64 ".%s.json", version, name);
}

/* Digits without a leading zero, and the dot behind them; without any version stays 0. */
static const char *number(const char *text, int64_t *out)
{
    int64_t n = 0;
    const char *p = text;
    while (*p >= '0' && *p <= '9' && p - text < 16)
        n = n * 10 + (*p++ - '0');
    if (p == text || *p != '.' || *text == '0')
        return text;
    *out = n;
    return p + 1;
}

static bool is_file_of(const char *name, const char *role)
{
    const size_t len = strlen(role);
    return strncmp(name, role, len) == 0 && strcmp(name + len, ".json") == 0;
}

ota_err repo_file_parse(const char *name, const char *platform, enum repo_role *out_role,
                        int64_t *out_version)
{
    int64_t version = 0;
    const char *rest = number(name, &version);
    for (int i = 0; i < REPO_ROLES; i++) {
        const char *role = repo_role_name((enum repo_role)i, platform);
        const bool whole = is_file_of(name, role); /* a platform's name may begin with digits */
        if (!whole && (rest == name || !is_file_of(rest, role)))
            continue;
        *out_role = (enum repo_role)i;
        *out_version = whole ? 0 : version;
        return OTA_OK;
    }
    return OTA_E_NOT_FOUND;
}
