/*
 * Rights in the database: every table keeps to them, a role gives what otad's own table says,
 * roles of one's own are made and given within bounds, and memory follows them.
 */
#include <string.h>

#include "make.h"
#include "otad/auth/permission.h"
#include "otad/db/feed.h"
#include "otad/db/platform.h"
#include "otad/db/role.h"
#include "otad/db/user.h"
#include "otad/fleet/people.h"

static struct kit k;

enum { SETTING_BYTES = 8192 };

/* A scope in the name of somebody with these rights. */
static struct db_scope as(const struct principal *who, char setting[SETTING_BYTES])
{
    struct db_scope s = k.scope;
    assert(permission_setting(who, setting, SETTING_BYTES) < SETTING_BYTES);
    s.rights = setting;
    return s;
}

/* ---- the tables ---------------------------------------------------------------------- */

/* A table with a tenant that somebody adds without its policies would be seen by nobody, or by
 * everybody of the tenant. */
static void test_every_table_is_guarded(void)
{
    static const char tables[] =
        "FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant_id' "
        "WHERE c.relnamespace = 'otad'::regnamespace AND c.relkind = 'r'";
    char sql[1200];
    (void)snprintf(sql, sizeof sql, "SELECT count(*) %s", tables);
    assert(kit_sql(&k, sql) > 25);
    (void)snprintf(sql, sizeof sql,
                   "SELECT string_agg(c.relname, ' ') %s AND NOT (c.relrowsecurity AND "
                   "c.relforcerowsecurity AND (SELECT count(*) = 5 FROM pg_policy p WHERE "
                   "p.polrelid = c.oid AND 'otad_app'::regrole = ANY (p.polroles) AND "
                   "(p.polname IN ('see', 'add', 'change', 'remove') AND p.polpermissive OR "
                   "p.polname = 'one_tenant' AND NOT p.polpermissive)))",
                   tables);
    const char *unguarded = kit_text(&k, sql);
    if (unguarded[0] != '\0') {
        fprintf(stderr, "not guarded (sql/README.md): %s\n", unguarded);
        abort();
    }
}

/* ---- roles that are built in --------------------------------------------------------- */

static void may_give(const struct principal *who, const char *role, bool wanted)
{
    char setting[SETTING_BYTES], sql[SETTING_BYTES + 200], state[6];
    (void)as(who, setting);
    (void)snprintf(sql, sizeof sql,
                   "BEGIN; SET LOCAL otad.tenant = '1'; SET LOCAL otad.rights = '%s'; "
                   "SELECT 1 / may_give('%s')::int; COMMIT",
                   setting, role);
    kit_sql_state(k.app, sql, state);
    if (strcmp(state, wanted ? "00000" : "22012") != 0) {
        fprintf(stderr, "%s with %s: %s\n", role, setting, state);
        abort();
    }
}

/* The table in otad/auth/permission.c and the one in sql/schema.sql are the same. */
static void test_both_tables_agree(void)
{
    for (unsigned r = ROLE_VIEWER; r < ROLE_COUNT; r++) {
        const permission_set has = role_rights((enum role)r);
        const char *name = role_name((enum role)r);
        may_give(&(struct principal){.kind = PRINCIPAL_USER, .everywhere = has}, name, true);
        for (unsigned p = 0; p < PERM_COUNT; p++) {
            const struct principal less = {.kind = PRINCIPAL_USER,
                                           .everywhere = has & ~(1U << p)};
            if (permission_in(has, (enum permission)p))
                may_give(&less, name, false);
        }
        struct principal here = {.kind = PRINCIPAL_USER};
        assert(permission_grant(&here, has, 1, "alpha")); /* not everywhere */
        may_give(&here, name, false);
    }
}

/* ---- roles of one's own -------------------------------------------------------------- */

static const char *const reads[] = {"device.read", "release.read"};
static const char *const writes[] = {"device.write"};

static const struct role_grant team_grants[] = {
    {.platform = NULL, .permissions = {1, &reads[1]}},
    {.platform = "alpha", .permissions = {2, reads}},
    {.platform = "beta", .permissions = {1, writes}},
};

static const struct role_row team = {
    .name = "team", .title = "The team", .grant_count = 3, .grants = team_grants};

static void test_roles_are_made_listed_and_removed(void)
{
    struct role_row made, *list = NULL;
    size_t count = 0;
    OK(db_role_put(&k.scope, &team, &made));
    assert(made.id > 0 && strcmp(made.title, "The team") == 0 && made.grant_count == 3);
    assert(made.grants[0].platform == NULL && made.grants[0].permissions.count == 1);
    assert(strcmp(made.grants[1].platform, "alpha") == 0 && made.grants[1].platform_id > 0);
    assert(strcmp(made.grants[2].permissions.v[0], "device.write") == 0);
    const struct role_row less = {
        .name = "team", .title = "Less", .grant_count = 1, .grants = team_grants};
    const int64_t id = made.id;
    OK(db_role_put(&k.scope, &less, &made));
    assert(made.id == id && made.grant_count == 1 && strcmp(made.title, "Less") == 0);
    OK(db_role_put(&k.scope, &team, &made));
    OK(db_role_list(&k.scope, &(struct db_page){.limit = 3}, &list, &count));
    assert(count == 3 && strcmp(list[0].name, "admin") == 0 && list[0].id == 0);
    OK(db_role_list(&k.scope, &(struct db_page){.limit = 9, .after_text = "operator"}, &list,
                    &count));
    assert(count == 2 && strcmp(list[0].name, "team") == 0 && list[0].grant_count == 3);
    assert(strcmp(list[1].name, "viewer") == 0 && list[1].grant_count == 0);
    OK(db_role_get(&k.scope, "team", &made));
    IS(db_role_get(&k.scope, "nobody", &made), OTA_E_NOT_FOUND);
    OK(db_role_delete(&k.scope, "team"));
    IS(db_role_delete(&k.scope, "team"), OTA_E_NOT_FOUND);
}

static void refused(ota_err err, enum db_why why)
{
    IS(err, OTA_E_CONFLICT);
    assert(k.scope.why == why);
}

static void test_what_is_refused(void)
{
    struct role_row made;
    const struct role_row viewer = {.name = "viewer", .title = "Mine"};
    refused(db_role_put(&k.scope, &viewer, &made), DB_WHY_BUILT_IN);
    refused(db_role_delete(&k.scope, "admin"), DB_WHY_BUILT_IN);
    const struct role_grant nowhere = {.platform = "gamma", .permissions = {1, writes}};
    const struct role_row lost = {
        .name = "lost", .title = "", .grant_count = 1, .grants = &nowhere};
    IS(db_role_put(&k.scope, &lost, &made), OTA_E_NOT_FOUND);
    const char *const global[] = {"user.manage"};
    const struct role_grant narrow = {.platform = "alpha", .permissions = {1, global}};
    const struct role_row never = {
        .name = "never", .title = "", .grant_count = 1, .grants = &narrow};
    IS(db_role_put(&k.scope, &never, &made), OTA_E_FORMAT);
    IS(db_role_get(&k.scope, "never", &made), OTA_E_NOT_FOUND);

    OK(db_role_put(&k.scope, &team, &made));
    const char *const roles[] = {"team"};
    const struct user bea = {.name = "bea", .roles = {1, roles}};
    struct user out;
    OK(db_user_create(&k.scope, &bea, &out));
    refused(db_role_delete(&k.scope, "team"), DB_WHY_IN_USE);
    OK(db_user_delete(&k.scope, "bea"));
    OK(db_role_delete(&k.scope, "team"));
}

/* Somebody who manages people makes no role that is more than they are, whoever forgot to ask.
 */
static void test_nobody_hands_out_what_they_lack(void)
{
    char setting[SETTING_BYTES];
    struct role_row made;
    struct user out;
    struct principal who = {.kind = PRINCIPAL_USER,
                            .everywhere = 1U << PERM_USER_MANAGE | 1U << PERM_RELEASE_READ};
    const int64_t alpha = kit_sql(&k, "SELECT platform_id FROM platform WHERE name = 'alpha'");
    assert(permission_grant(&who, 1U << PERM_DEVICE_READ, alpha, "alpha"));
    struct db_scope s = as(&who, setting);
    const struct role_row within = {
        .name = "within", .title = "", .grant_count = 2, .grants = team_grants};
    OK(db_role_put(&s, &within, &made));
    IS(db_role_put(&s, &team, &made), OTA_E_DENIED); /* device.write on beta */
    IS(db_role_get(&s, "team", &made), OTA_E_NOT_FOUND);
    const char *const two[] = {"within"}, *const viewer[] = {"viewer"};
    const struct user cas = {.name = "cas", .roles = {1, two}};
    const struct user dot = {.name = "dot", .roles = {1, viewer}};
    OK(db_user_create(&s, &cas, &out));
    IS(db_user_create(&s, &dot, &out), OTA_E_DENIED);
    OK(db_user_create(&k.scope, &dot, &out));
    OK(db_user_delete(&s, "cas"));
    IS(db_user_delete(&s, "dot"), OTA_E_NOT_FOUND); /* a viewer has more than they have */
    OK(db_user_get_by_name(&k.scope, "dot", &out));
    OK(db_user_delete(&k.scope, "dot"));
    OK(db_role_delete(&k.scope, "within"));
}

/* As many platforms as a principal holds, over all roles of one person. */
static void test_too_many_platforms(void)
{
    static char name[ROLE_PLATFORMS_MAX + 1][16];
    static struct role_grant grants[ROLE_PLATFORMS_MAX + 1];
    struct role_row made;
    struct user out;
    for (int i = 0; i <= ROLE_PLATFORMS_MAX; i++) {
        (void)snprintf(name[i], sizeof name[i], "wide-%02d", i);
        make_platform(&k, name[i], false);
        grants[i] = (struct role_grant){.platform = name[i], .permissions = {2, reads}};
    }
    const struct role_row wide = {
        .name = "wide", .title = "", .grant_count = ROLE_PLATFORMS_MAX, .grants = grants};
    const struct role_row more = {
        .name = "more", .title = "", .grant_count = 1, .grants = &grants[ROLE_PLATFORMS_MAX]};
    const struct role_row wider = {
        .name = "wide", .title = "", .grant_count = ROLE_PLATFORMS_MAX + 1, .grants = grants};
    OK(db_role_put(&k.scope, &wide, &made));
    OK(db_role_put(&k.scope, &more, &made));
    const char *const both[] = {"wide", "more"};
    const struct user eve = {.name = "eve", .roles = {1, both}};
    OK(db_user_create(&k.scope, &eve, &out));
    refused(db_role_put(&k.scope, &wider, &made), DB_WHY_TOO_MANY_PLATFORMS);
    const struct db_names two = {2, both};
    refused(db_user_patch(&k.scope, "eve", &(struct user_patch){.roles = &two}, &out),
            DB_WHY_TOO_MANY_PLATFORMS);
    OK(db_user_delete(&k.scope, "eve"));
}

/* ---- memory -------------------------------------------------------------------------- */

static struct fleet *fleet;
static struct feed *feed;

static struct fleet_person person_is(int64_t id, const char *roles, size_t grant_count)
{
    struct fleet_person p;
    feed_catch_up(feed, 1);
    OK(fleet_person(fleet, 1, id, &k.arena, &p));
    if (strcmp(p.roles, roles) != 0 || p.grant_count != grant_count) {
        fprintf(stderr, "%s has '%s' and %zu grants\n", p.name, p.roles, p.grant_count);
        abort();
    }
    return p;
}

static void test_memory_follows(void)
{
    struct role_row made;
    struct user out;
    struct fleet_person p;
    const struct fleet_config config = {.lateness = {600, 3600}};
    OK(fleet_new(&config, &fleet));
    IS(fleet_person(fleet, 1, 1, &k.arena, &p), OTA_E_BUSY);
    OK(db_role_put(&k.scope, &team, &made));
    const char *const team_only[] = {"team"}, *const both[] = {"team", "viewer"};
    const struct db_names one = {1, team_only}, two = {2, both};
    const struct user fay = {.name = "fay", .roles = one};
    OK(db_user_create(&k.scope, &fay, &out));
    const int64_t id = out.id;
    OK(feed_start(k.db, fleet, &feed));
    p = person_is(id, "team", 3);
    const uint64_t version = fleet_rights_version(fleet);

    OK(db_user_patch(&k.scope, "fay", &(struct user_patch){.roles = &two}, &out));
    feed_catch_up(feed, 1);
    OK(fleet_person(fleet, 1, id, &k.arena, &p));
    assert(strlen(p.roles) == strlen("team viewer") && p.grant_count == 3);
    assert(fleet_rights_version(fleet) > version);
    const struct role_row less = {
        .name = "team", .title = "", .grant_count = 1, .grants = &team_grants[1]};
    OK(db_user_patch(&k.scope, "fay", &(struct user_patch){.roles = &one}, &out));
    OK(db_role_put(&k.scope, &less, &made));
    p = person_is(id, "team", 1);
    assert(strcmp(p.grants[0].platform, "alpha") == 0 &&
           strcmp(p.grants[0].permissions, "device.read release.read") == 0);

    const struct fleet_grant *grants = NULL;
    size_t count = 0;
    OK(fleet_role(fleet, 1, "team", &k.arena, &count, &grants));
    assert(count == 1);
    IS(fleet_role(fleet, 1, "viewer", &k.arena, &count, &grants), OTA_E_NOT_FOUND);
    IS(fleet_role(fleet, 2, "team", &k.arena, &count, &grants), OTA_E_NOT_FOUND);
    IS(fleet_person(fleet, 2, id, &k.arena, &p), OTA_E_NOT_FOUND);

    const bool yes = true, no = false;
    OK(db_user_patch(&k.scope, "fay", &(struct user_patch){.disabled = &yes}, &out));
    feed_catch_up(feed, 1);
    IS(fleet_person(fleet, 1, id, &k.arena, &p), OTA_E_NOT_FOUND);
    OK(db_user_patch(&k.scope, "fay", &(struct user_patch){.disabled = &no}, &out));
    p = person_is(id, "team", 1);
    OK(db_user_delete(&k.scope, "fay"));
    OK(db_role_delete(&k.scope, "team"));
    feed_catch_up(feed, 1);
    IS(fleet_person(fleet, 1, id, &k.arena, &p), OTA_E_NOT_FOUND);
    IS(fleet_role(fleet, 1, "team", &k.arena, &count, &grants), OTA_E_NOT_FOUND);
    feed_stop(feed);
    fleet_free(fleet);
}

int main(void)
{
    kit_open(&k, "rights");
    make_platform(&k, "alpha", true);
    make_platform(&k, "beta", true);
    const char *const admin[] = {"admin"};
    const struct user root = {
        .name = "root", .roles = {1, admin}, .password_hash = "$argon2id$root"};
    struct user out;
    OK(db_user_create(&k.scope, &root, &out));
    test_every_table_is_guarded();
    test_both_tables_agree();
    test_roles_are_made_listed_and_removed();
    test_what_is_refused();
    test_nobody_hands_out_what_they_lack();
    test_too_many_platforms();
    test_memory_follows();
    kit_close(&k);
    puts("rights: tables guarded, roles made and given, memory follows");
    return 0;
}
