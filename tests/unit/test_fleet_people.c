/* link: fleet */
/* People, roles and keys in memory: put, replaced, swept, asked while they change. */
#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "otad/arena.h"
#include "otad/fleet/apply.h"
#include "otad/fleet/people.h"

#define OK(call) assert((call) == OTA_OK)

static struct fleet *fleet;
static struct arena arena;

static void put_account(int64_t id, const char *roles, bool disabled)
{
    char name[32];
    (void)snprintf(name, sizeof name, "person-%lld", (long long)id);
    OK(fleet_put_account(fleet, 1,
                         &(struct fleet_account_row){
                             .id = id, .name = name, .roles = roles, .disabled = disabled}));
}

static void put_role(int64_t id, const char *name, const struct fleet_grant *grants,
                     size_t count)
{
    OK(fleet_put_role(fleet, 1,
                      &(struct fleet_role_row){
                          .id = id, .name = name, .grants = grants, .grant_count = count}));
}

static void put_platform(int64_t id, const char *name)
{
    OK(fleet_put_platform(fleet, 1, &(struct fleet_platform_row){.id = id, .name = name}));
}

static const struct fleet_grant everywhere[] = {{0, NULL, "release.read"}};
static const struct fleet_grant two[] = {{1, NULL, "device.read device.write"},
                                         {2, NULL, "device.read"}};
static const struct fleet_grant unknown[] = {{99, NULL, "device.write"}};

static void test_who_is_who(void)
{
    struct fleet_person p;
    const struct fleet_grant *grants = NULL;
    size_t count = 0;
    assert(fleet_person(fleet, 1, 7, &arena, &p) == OTA_E_BUSY); /* not loaded */
    assert(fleet_role(fleet, 1, "x", &arena, &count, &grants) == OTA_E_BUSY);
    fleet_reload_begin(fleet);
    put_platform(1, "alpha");
    put_platform(2, "beta");
    put_role(1, "all", everywhere, 1);
    put_role(2, "two", two, 2);
    put_role(3, "lost", unknown, 1);
    put_role(4, "empty", NULL, 0);
    put_account(7, "all lost two viewer", false);
    put_account(8, NULL, false);
    put_account(9, "two", true);
    fleet_reload_end(fleet);

    OK(fleet_person(fleet, 1, 7, &arena, &p));
    assert(strcmp(p.name, "person-7") == 0 && strcmp(p.roles, "all lost two viewer") == 0);
    assert(p.grant_count == 3); /* of the unknown platform none */
    size_t on_alpha = 0, on_all = 0;
    for (size_t i = 0; i < p.grant_count; i++) {
        on_all += p.grants[i].platform == NULL;
        on_alpha += p.grants[i].platform != NULL &&
                    strcmp(p.grants[i].platform, "alpha") == 0 &&
                    strcmp(p.grants[i].permissions, "device.read device.write") == 0 &&
                    p.grants[i].platform_id == 1;
    }
    assert(on_all == 1 && on_alpha == 1);
    OK(fleet_person(fleet, 1, 8, &arena, &p));
    assert(p.roles[0] == '\0' && p.grant_count == 0);
    assert(fleet_person(fleet, 1, 9, &arena, &p) == OTA_E_NOT_FOUND); /* disabled */
    assert(fleet_person(fleet, 2, 7, &arena, &p) == OTA_E_NOT_FOUND); /* another tenant's */
    OK(fleet_role(fleet, 1, "empty", &arena, &count, &grants));
    assert(count == 0);
    /* A role's name is no part of another's. */
    assert(fleet_role(fleet, 1, "tw", &arena, &count, &grants) == OTA_E_NOT_FOUND);
}

static void test_what_changes(void)
{
    struct fleet_person p;
    uint64_t version = fleet_rights_version(fleet);
    put_role(2, "two", everywhere, 1);
    assert(fleet_rights_version(fleet) > version);
    OK(fleet_person(fleet, 1, 7, &arena, &p));
    assert(p.grant_count == 2);
    version = fleet_rights_version(fleet);
    put_account(7, "two", false);
    assert(fleet_rights_version(fleet) > version);
    OK(fleet_person(fleet, 1, 7, &arena, &p));
    assert(p.grant_count == 1 && strcmp(p.roles, "two") == 0);
    fleet_remove_role(fleet, 1, 2);
    fleet_remove_role(fleet, 1, 2); /* nothing there is no error */
    OK(fleet_person(fleet, 1, 7, &arena, &p));
    assert(p.grant_count == 0);
    fleet_remove_account(fleet, 2, 7);
    OK(fleet_person(fleet, 1, 7, &arena, &p));
    fleet_remove_account(fleet, 1, 7);
    fleet_remove_account(fleet, 1, 7);
    assert(fleet_person(fleet, 1, 7, &arena, &p) == OTA_E_NOT_FOUND);
}

/* Read anew: what was not there any more is gone, whatever place it had in the table. */
static void test_sweep(void)
{
    struct fleet_person p;
    const struct fleet_grant *grants = NULL;
    size_t count = 0;
    for (int64_t id = 100; id < 300; id++)
        put_account(id, "all", false);
    fleet_reload_begin(fleet);
    for (int64_t id = 100; id < 300; id += 3)
        put_account(id, "all", false);
    put_role(1, "all", everywhere, 1);
    fleet_reload_end(fleet);
    for (int64_t id = 100; id < 300; id++)
        assert(fleet_person(fleet, 1, id, &arena, &p) ==
               ((id - 100) % 3 == 0 ? OTA_OK : OTA_E_NOT_FOUND));
    OK(fleet_role(fleet, 1, "all", &arena, &count, &grants));
    assert(fleet_role(fleet, 1, "lost", &arena, &count, &grants) == OTA_E_NOT_FOUND);
}

static void test_keys(void)
{
    const struct fleet_grant *grants = NULL;
    size_t count = 0;
    struct fleet_key key = {
        .tenant_id = 1, .scopes = "release.upload", .platforms = "beta gone"};
    OK(fleet_key_grants(fleet, &key, &arena, &count, &grants));
    assert(count == 1 && grants[0].platform_id == 2 &&
           strcmp(grants[0].platform, "beta") == 0 &&
           strcmp(grants[0].permissions, "release.upload") == 0);
    key.platforms = "";
    OK(fleet_key_grants(fleet, &key, &arena, &count, &grants));
    assert(count == 0);
    key = (struct fleet_key){.tenant_id = 2, .scopes = "", .platforms = "beta"};
    OK(fleet_key_grants(fleet, &key, &arena, &count, &grants));
    assert(count == 0);
}

static void test_small_arena(void)
{
    struct arena small;
    struct fleet_person p;
    put_role(2, "two", two, 2);
    put_account(7, "two all", false);
    for (size_t bytes = 0; bytes < 400; bytes += 8) {
        arena_init(&small, bytes);
        const ota_err err = fleet_person(fleet, 1, 7, &small, &p);
        assert(err == OTA_OK || err == OTA_E_LIMIT);
        arena_done(&small);
    }
}

/* Somebody who has a role all the time is never without it for a moment while it changes. */
enum { ROUNDS = 20000 };
static atomic_bool stop;

static void *change(void *arg)
{
    (void)arg;
    for (int i = 0; i < ROUNDS; i++) {
        put_role(2, "two", two, 1 + (size_t)(i & 1));
        put_account(7, (i & 2) != 0 ? "two" : "two viewer", false);
    }
    atomic_store(&stop, true);
    return NULL;
}

static void test_asked_while_it_changes(void)
{
    pthread_t thread;
    put_account(7, "two", false);
    assert(pthread_create(&thread, NULL, change, NULL) == 0);
    while (!atomic_load(&stop)) {
        struct arena mine;
        struct fleet_person p;
        arena_init(&mine, 4096);
        OK(fleet_person(fleet, 1, 7, &mine, &p));
        assert(p.grant_count >= 1 && p.grant_count <= 2 && strncmp(p.roles, "two", 3) == 0);
        arena_done(&mine);
    }
    assert(pthread_join(thread, NULL) == 0);
}

int main(void)
{
    const struct fleet_config config = {.lateness = {600, 3600}};
    arena_init(&arena, (size_t)16 << 20);
    OK(fleet_new(&config, &fleet));
    OK(fleet_put_tenant(fleet, 1, "DEFAULT"));
    OK(fleet_put_tenant(fleet, 2, "second"));
    test_who_is_who();
    test_what_changes();
    test_sweep();
    test_keys();
    test_small_arena();
    test_asked_while_it_changes();
    fleet_free(fleet);
    arena_done(&arena);
    puts("people in memory: put, swept, asked");
    return 0;
}
