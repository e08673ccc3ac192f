/*
 * In place of otad/auth/permission_has.c, for the program otad_permissive alone: everybody may
 * do everything, so that only row-level security stands between a caller and what is not
 * theirs.  The linker takes these and leaves the real ones in their library.
 */
#include "otad/auth/permission.h"

bool permission_has(const struct principal *who, enum permission what, const char *platform)
{
    (void)who;
    (void)what;
    (void)platform;
    return true;
}

bool permission_has_some(const struct principal *who, const char *platform)
{
    (void)who;
    (void)platform;
    return true;
}

bool permission_has_any(const struct principal *who, enum permission what)
{
    (void)who;
    (void)what;
    return true;
}

bool permission_has_all(const struct principal *who, permission_set what, const char *platform)
{
    (void)who;
    (void)what;
    (void)platform;
    return true;
}
