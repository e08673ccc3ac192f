/* link: otad_auth */
/* Every role, and every set of rights, against every permission and every kind of platform. */
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
            const bool known = r >= 0 && r < ROLE_COUNT;
            const bool want = known && listed(may[r], permission_name((enum permission)p));
            assert(permission_in(role_rights((enum role)r), (enum permission)p) == want);
        }
    }
}

/* Every set of rights everywhere beside every single right on one platform. */
static void check_principals(void)
{
    for (uint32_t everywhere = 0; everywhere < (1U << PERM_COUNT); everywhere++) {
        const unsigned on = everywhere % PERM_COUNT;
        struct principal who = {.kind = PRINCIPAL_API_KEY, .everywhere = everywhere};
        assert(permission_grant(&who, 1U << on, 7, "mps2-an386"));
        for (unsigned p = 0; p < PERM_COUNT; p++) {
            const enum permission what = (enum permission)p;
            const bool all = (everywhere >> p & 1U) != 0;
            for (unsigned i = 0; i < sizeof platforms / sizeof platforms[0]; i++)
                assert(permission_has(&who, what, platforms[i]) ==
                       (all || (p == on && i == 2)));
            assert(permission_has_any(&who, what) == (all || p == on));
        }
        assert(permission_has_all(&who, everywhere, NULL));
        assert(permission_has_all(&who, everywhere | 1U << on, "mps2-an386"));
        assert(permission_has_all(&who, everywhere | 1U << on, "esp8266") ==
               ((everywhere >> on & 1U) != 0));
        assert(!permission_has(&who, PERM_NONE, "mps2-an386"));
        assert(!permission_has(&who, (enum permission)(PERM_COUNT + 1), "mps2-an386"));
        assert(!permission_has_any(&who, (enum permission)31));
        who.kind = PRINCIPAL_NONE;
        for (unsigned p = 0; p < PERM_COUNT; p++)
            assert(!permission_has(&who, (enum permission)p, "mps2-an386") &&
                   !permission_has_any(&who, (enum permission)p));
    }
}

/* As many platforms as fit, and not one more; a platform's grants are added up. */
static void check_grants(void)
{
    struct principal who = {.kind = PRINCIPAL_USER};
    char name[PRINCIPAL_PLATFORM_BYTES + 1];
    for (int i = 0; i < PRINCIPAL_GRANTS_MAX; i++) {
        (void)snprintf(name, sizeof name, "p%d", i);
        assert(permission_grant(&who, 1U << PERM_DEVICE_READ, i + 1, name));
    }
    assert(!permission_grant(&who, 1U << PERM_DEVICE_READ, 99, "one-more"));
    assert(permission_grant(&who, 1U << PERM_DEVICE_WRITE, 1, "p0"));
    assert(who.grant_count == PRINCIPAL_GRANTS_MAX);
    assert(permission_has(&who, PERM_DEVICE_WRITE, "p0") &&
           permission_has(&who, PERM_DEVICE_READ, "p0") &&
           !permission_has(&who, PERM_DEVICE_WRITE, "p1") &&
           !permission_has(&who, PERM_DEVICE_READ, "one-more"));
    struct principal other = {.kind = PRINCIPAL_USER};
    memset(name, 'x', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    assert(!permission_grant(&other, 1U << PERM_DEVICE_READ, 1, name) &&
           other.grant_count == 0);
}

/* What row-level security goes by, written out by hand. */
static void check_setting(void)
{
    char text[512];
    struct principal who = {.kind = PRINCIPAL_USER, .id = 7};
    assert(permission_setting(&who, text, sizeof text) == strlen(text));
    assert(strcmp(text, "{\"self\":7}") == 0);
    who.everywhere = 1U << PERM_RELEASE_READ;
    assert(permission_grant(&who, 1U << PERM_DEVICE_READ | 1U << PERM_RELEASE_READ, 3, "a"));
    assert(permission_grant(&who, 1U << PERM_DEVICE_READ, 12, "b"));
    static const char want[] = "{\"self\":7,\"device.read\":\"{3,12}\",\"release.read\":\"*\"}";
    assert(permission_setting(&who, text, sizeof text) == strlen(want));
    assert(strcmp(text, want) == 0);
    char small[11]; /* too small: what fits, an ending zero, and the length that it needs */
    assert(permission_setting(&who, small, sizeof small) == strlen(want));
    assert(strcmp(small, "{\"self\":7,") == 0);
    who.kind = PRINCIPAL_API_KEY;
    (void)permission_setting(&who, text, sizeof text);
    assert(strncmp(text, "{\"self\":null,", 13) == 0);
    who.kind = PRINCIPAL_NONE;
    (void)permission_setting(&who, text, sizeof text);
    assert(strcmp(text, "{\"self\":null}") == 0);
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
    assert(permission_set_parse("") == 0 && permission_set_parse("release.* device.rea") == 0);
    assert(permission_set_parse("device.write nonsense user.manage") ==
           (1U << PERM_DEVICE_WRITE | 1U << PERM_USER_MANAGE));
    for (unsigned r = 0; r < ROLE_COUNT; r++)
        assert(role_parse(role_name((enum role)r)) == (enum role)r);
    assert(role_parse("root") == ROLE_NONE && role_parse("") == ROLE_NONE);
}

int main(void)
{
    check_roles();
    check_principals();
    check_grants();
    check_setting();
    check_names();
    return 0;
}
