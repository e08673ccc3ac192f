/*
 * May who do it?  The only place that says so.  A file of its own, so that a test can put its
 * own answers in its place and see that row-level security alone holds.
 */
#include <string.h>

#include "permission.h"

static permission_set rights_on(const struct principal *who, const char *platform)
{
    if (who->kind == PRINCIPAL_NONE)
        return 0;
    permission_set rights = who->everywhere;
    for (uint32_t i = 0; platform != NULL && i < who->grant_count; i++)
        if (strcmp(who->grants[i].platform, platform) == 0)
            rights |= who->grants[i].rights;
    return rights;
}

bool permission_has(const struct principal *who, enum permission what, const char *platform)
{
    return permission_in(rights_on(who, platform), what);
}

bool permission_has_some(const struct principal *who, const char *platform)
{
    return rights_on(who, platform) != 0;
}

bool permission_has_any(const struct principal *who, enum permission what)
{
    return permission_in(permission_anywhere(who), what);
}

bool permission_has_all(const struct principal *who, permission_set what, const char *platform)
{
    return (what & ~rights_on(who, platform)) == 0;
}
