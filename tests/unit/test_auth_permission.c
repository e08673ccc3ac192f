/* link: otad_auth */
/* Every role and every single scope against every permission and every kind of platform. */
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "otad/auth/permission.h"

/* Written out by hand, so that a slip in the table's masks shows. */
static const char *const may[ROLE_COUNT] = {
    [ROLE_NONE] = "",
    [ROLE_VIEWER] = "device.read release.read ",
    [ROLE_OPERATOR] = "device.read device.write release.read link.create ",
    [ROLE_MANAGER] = ("device.read device.write release.read link.create release.upload "
                      "release.manage release.promote release.withdraw audit.read "),
    [ROLE_ADMIN] = ("device.read device.write release.read link.create release.upload "
                    "release.manage release.promote release.withdraw audit.read "
                    "platform.manage key.manage user.manage "),
};

static const char *const platforms[] = {NULL, "esp8266", "mps2-an386", "esp", ""};

static bool listed(const char *list, const char *name)
{
    char word[64];
    (void)snprintf(word, sizeof word, "%s ", name);
    const char *at = strstr(list, word);
    return at != NULL && (at == list || at[-1] == ' ');
}

static void check_roles(void)
{
    for (int r = -1; r <= ROLE_COUNT; r++) {
        for (unsigned p = 0; p < PERM_COUNT; p++) {
            for (unsigned i = 0; i < sizeof platforms / sizeof platforms[0]; i++) {
                struct principal who = {
                    .kind = PRINCIPAL_USER, .role = (enum role)r, .all_platforms = true};
                const bool known = r >= 0 && r < ROLE_COUNT;
                const bool want = known && listed(may[r], permission_name((enum permission)p));
                assert(permission_has(&who, (enum permission)p, platforms[i]) == want);
                assert(permission_has_any(&who, (enum permission)p) == want);
                who.all_platforms = false;
                assert(!permission_has(&who, (enum permission)p, platforms[i]));
                who.platform_count = 1;
                (void)snprintf(who.platforms[0], sizeof who.platforms[0], "esp8266");
                assert(permission_has(&who, (enum permission)p, platforms[i]) ==
                       (want && i == 1));
                who.kind = PRINCIPAL_NONE;
                assert(!permission_has(&who, (enum permission)p, platforms[i]));
            }
        }
    }
}

static void check_scopes(void)
{
    for (uint32_t scopes = 0; scopes < (1U << PERM_COUNT); scopes++) {
        struct principal who = {.kind = PRINCIPAL_API_KEY,
                                .scopes = scopes,
                                .role = ROLE_ADMIN,
                                .platform_count = 2};
        (void)snprintf(who.platforms[0], sizeof who.platforms[0], "rp2040");
        (void)snprintf(who.platforms[1], sizeof who.platforms[1], "mps2-an386");
        for (unsigned p = 0; p < PERM_COUNT; p++) {
            const bool scope = (scopes >> p & 1U) != 0;
            for (unsigned i = 0; i < sizeof platforms / sizeof platforms[0]; i++)
                assert(permission_has(&who, (enum permission)p, platforms[i]) ==
                       (scope && i == 2));
            assert(permission_has_any(&who, (enum permission)p) == scope);
        }
        assert(!permission_has(&who, PERM_NONE, "rp2040"));
        assert(!permission_has(&who, (enum permission)(PERM_COUNT + 1), "rp2040"));
        assert(!permission_has_any(&who, (enum permission)31));
    }
}

static void check_names(void)
{
    for (unsigned p = 0; p < PERM_COUNT; p++) {
        enum permission back = PERM_NONE;
        assert(permission_parse(permission_name((enum permission)p), &back));
        assert(back == (enum permission)p);
    }
    enum permission untouched = PERM_KEY_MANAGE;
    assert(!permission_parse("release.*", &untouched) && !permission_parse("", &untouched));
    assert(untouched == PERM_KEY_MANAGE);
    assert(permission_name(PERM_NONE) == NULL);
    for (unsigned r = 0; r < ROLE_COUNT; r++)
        assert(role_parse(role_name((enum role)r)) == (enum role)r);
    assert(role_parse("root") == ROLE_NONE && role_parse("") == ROLE_NONE);
}

int main(void)
{
    check_roles();
    check_scopes();
    check_names();
    return 0;
}
