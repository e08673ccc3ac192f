/* One-time links, second factors, sign-ins and the last admin, against PostgreSQL. */
#include <pthread.h>
#include <string.h>
#include <time.h>

#include "kit.h"
#include "otad/db/join.h"
#include "otad/db/session.h"

static struct kit k;
static const char phc[] = "$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA";
static const char phc_new[] = "$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$b3RoZXI";
static const char *const admin = "admin", *const viewer = "viewer";
static const struct factor_proof none = {.kind = FACTOR_NONE};

static struct user make(struct kit *in, const char *name, const char *const *role)
{
    const struct user u = {.name = name, .roles = {1, role}, .password_hash = phc};
    struct user out;
    OK(db_user_create(&in->scope, &u, &out));
    return out;
}

static struct user get(const char *name)
{
    struct user out;
    OK(db_user_get_by_name(&k.scope, name, &out));
    return out;
}

static struct session session_of(const struct user *u, uint8_t first)
{
    return (struct session){.hash = {first},
                            .csrf_token = "csrf",
                            .user = *u,
                            .address = "192.0.2.1",
                            .agent = "test",
                            .expires_at_unix_s = (int64_t)time(NULL) + 600};
}

static bool lives(uint8_t first)
{
    const uint8_t hash[32] = {first};
    struct session out;
    const ota_err err = db_session_get(&k.scope, hash, &out);
    assert(err == OTA_OK || err == OTA_E_NOT_FOUND);
    return err == OTA_OK;
}

static void is_why(const char *why)
{
    assert(strcmp(db_why_name(k.scope.why), why) == 0);
}

/* ---- links ----------------------------------------------------------------------------------
 */

static struct join_link link_of(uint8_t first)
{
    return (struct join_link){.hash = {first}, .expires_at_unix_s = (int64_t)time(NULL) + 600};
}

static void test_invitations(void)
{
    const struct join_link link = link_of(1);
    const struct user ben = {.name = "ben", .roles = {1, &viewer}, .password_hash = phc};
    struct user out;
    enum join_kind kind;
    OK(db_user_invite(&k.scope, &ben, &link, &out));
    assert(out.password_hash == NULL && strcmp(user_state(&out), "invited") == 0);
    assert(strcmp(out.created_by, "tester") == 0 && out.last_sign_in_at_unix_s == 0);
    IS(db_user_invite(&k.scope, &ben, &link, &out), OTA_E_CONFLICT);
    is_why("already-exists");
    OK(db_join_get(&k.scope, link.hash, &out, &kind));
    assert(strcmp(out.name, "ben") == 0 && kind == JOIN_INVITATION);
    struct session s = session_of(&out, 1);
    s.user.password_hash = phc;
    const uint8_t wrong[32] = {99};
    IS(db_join_spend(&k.scope, wrong, &s, &none), OTA_E_NOT_FOUND);
    OK(db_join_spend(&k.scope, link.hash, &s, &none));
    assert(lives(1));
    IS(db_join_spend(&k.scope, link.hash, &s, &none), OTA_E_NOT_FOUND);
    IS(db_join_get(&k.scope, link.hash, &out, &kind), OTA_E_NOT_FOUND);
    out = get("ben");
    assert(strcmp(out.password_hash, phc) == 0 && out.last_sign_in_at_unix_s > 0);
}

static void test_resets(void)
{
    const struct join_link first = link_of(2), second = link_of(3);
    struct user out;
    enum join_kind kind;
    OK(db_user_reset(&k.scope, "ben", false, &first));
    assert(!lives(1) && get("ben").password_hash == NULL);
    OK(db_user_reset(&k.scope, "ben", false, &second));
    IS(db_join_get(&k.scope, first.hash, &out, &kind), OTA_E_NOT_FOUND);
    OK(db_join_get(&k.scope, second.hash, &out, &kind));
    assert(kind == JOIN_RESET);
    (void)kit_sql(&k, "UPDATE account_link SET created_at = now() - interval '2 h', "
                      "expires_at = now() - interval '1 s'");
    struct session s = session_of(&out, 2);
    s.user.password_hash = phc;
    IS(db_join_get(&k.scope, second.hash, &out, &kind), OTA_E_NOT_FOUND);
    IS(db_join_spend(&k.scope, second.hash, &s, &none), OTA_E_NOT_FOUND);
    IS(db_user_reset(&k.scope, "nobody", false, &second), OTA_E_NOT_FOUND);
    OK(db_user_reset(&k.scope, "ben", false, &first));
    OK(db_join_spend(&k.scope, first.hash, &s, &none));
    assert(lives(2) && kit_sql(&k, "SELECT count(*) FROM account_link") == 0);
}

/* ---- second factors -------------------------------------------------------------------------
 */

static void test_factors(void)
{
    const uint8_t sealed[TOTP_SEALED] = {1}, sealed_again[TOTP_SEALED] = {2};
    const struct factor_proof step = {.kind = FACTOR_STEP, .step = 100};
    const struct user cat = make(&k, "cat", &viewer);
    struct recovery_hashes codes = {.hash = {{0}}};
    struct totp t;
    for (int i = 0; i < RECOVERY_HASHES; i++)
        codes.hash[i][0] = (uint8_t)i;
    IS(db_totp_get(&k.scope, cat.id, &t), OTA_E_NOT_FOUND);
    IS(db_totp_remove(&k.scope, cat.id, &step), OTA_E_CONFLICT);
    is_why("totp-off");
    OK(db_totp_begin(&k.scope, cat.id, sealed));
    OK(db_totp_get(&k.scope, cat.id, &t));
    OK(db_totp_begin(&k.scope, cat.id, sealed_again));
    IS(db_totp_confirm(&k.scope, cat.id, &t, &step, &codes), OTA_E_CONFLICT);
    is_why("totp-off"); /* the code was for the secret of before */
    OK(db_totp_get(&k.scope, cat.id, &t));
    assert(!t.in_force && t.last_step == 0 && memcmp(t.sealed, sealed_again, TOTP_SEALED) == 0);
    struct session s = session_of(&cat, 10);
    OK(db_session_start(&k.scope, &s, &none)); /* not in force: nobody asks */
    OK(db_totp_confirm(&k.scope, cat.id, &t, &step, &codes));
    assert(get("cat").totp);
    OK(db_totp_get(&k.scope, cat.id, &t));
    assert(t.in_force && t.last_step == 100 && t.recovery_codes_left == RECOVERY_HASHES);
    IS(db_totp_begin(&k.scope, cat.id, sealed), OTA_E_CONFLICT);
    is_why("totp-on");
}

/* Nobody gets past it without a proof that was not spent before. */
static void test_factors_are_spent(void)
{
    const struct user cat = get("cat"), ben = get("ben");
    struct factor_proof step = {.kind = FACTOR_STEP, .step = 100};
    struct factor_proof recovery = {.kind = FACTOR_RECOVERY, .code_hash = {3}};
    struct session s = session_of(&cat, 11);
    IS(db_session_start(&k.scope, &s, &none), OTA_E_AUTH);
    IS(db_session_start(&k.scope, &s, &step), OTA_E_AUTH);
    step.step = 101;
    OK(db_session_start(&k.scope, &s, &step));
    s = session_of(&cat, 12);
    IS(db_session_start(&k.scope, &s, &step), OTA_E_AUTH);
    OK(db_session_start(&k.scope, &s, &recovery));
    s = session_of(&cat, 13);
    IS(db_session_start(&k.scope, &s, &recovery), OTA_E_AUTH);
    assert(lives(11) && lives(12) && !lives(13));
    IS(db_recovery_put(&k.scope, ben.id, &recovery, &(struct recovery_hashes){{{0}}}),
       OTA_E_CONFLICT);
    is_why("totp-off");

    const struct join_link link = link_of(4);
    OK(db_user_reset(&k.scope, "cat", false, &link));
    s = session_of(&cat, 14);
    recovery.code_hash[0] = 4;
    IS(db_join_spend(&k.scope, link.hash, &s, &none), OTA_E_AUTH);
    IS(db_join_spend(&k.scope, link.hash, &s, &step), OTA_E_AUTH);
    assert(get("cat").password_hash == NULL); /* all or nothing */
    OK(db_join_spend(&k.scope, link.hash, &s, &recovery));
    assert(lives(14));
}

static void test_factors_end(void)
{
    const struct user cat = get("cat");
    struct recovery_hashes codes = {.hash = {{0}}};
    struct factor_proof step = {.kind = FACTOR_STEP, .step = 200};
    struct totp t;
    for (int i = 0; i < RECOVERY_HASHES; i++)
        codes.hash[i][0] = (uint8_t)(100 + i);
    OK(db_totp_get(&k.scope, cat.id, &t));
    assert(t.recovery_codes_left == 8);
    OK(db_recovery_put(&k.scope, cat.id, &step, &codes));
    OK(db_totp_get(&k.scope, cat.id, &t));
    assert(t.recovery_codes_left == 10);
    IS(db_totp_remove(&k.scope, cat.id, &step), OTA_E_AUTH);
    const struct factor_proof old = {.kind = FACTOR_RECOVERY, .code_hash = {5}};
    IS(db_totp_remove(&k.scope, cat.id, &old), OTA_E_AUTH);
    step.step = 201;
    OK(db_totp_remove(&k.scope, cat.id, &step));
    IS(db_totp_get(&k.scope, cat.id, &t), OTA_E_NOT_FOUND);
    assert(kit_sql(&k, "SELECT count(*) FROM account_recovery") == 0 && !get("cat").totp);
}

/* ---- sign-ins -------------------------------------------------------------------------------
 */

static void test_sign_ins(void)
{
    const struct user cat = get("cat");
    struct session *list = NULL, s;
    size_t count = 0;
    const struct db_page page = {.limit = 2};
    for (uint8_t i = 20; i < 23; i++) {
        s = session_of(&cat, i);
        OK(db_session_start(&k.scope, &s, &none));
    }
    OK(db_session_list(&k.scope, "cat", &page, &list, &count));
    assert(count == 2 && list[0].hash[0] == 22 && list[1].hash[0] == 21);
    assert(strcmp(list[0].agent, "test") == 0 && list[0].last_used_at_unix_s > 0);
    const int64_t middle = list[1].id;
    OK(db_session_list(&k.scope, "cat", &(struct db_page){.limit = 9, .after_id = middle},
                       &list, &count));
    assert(count == 2 && list[0].hash[0] == 20 && list[1].hash[0] == 14);
    IS(db_session_list(&k.scope, "nobody", &page, &list, &count), OTA_E_NOT_FOUND);
    IS(db_session_end(&k.scope, "ben", middle), OTA_E_NOT_FOUND); /* not his */
    OK(db_session_end(&k.scope, "cat", middle));
    IS(db_session_end(&k.scope, "cat", middle), OTA_E_NOT_FOUND);
    assert(!lives(21) && lives(22));
    const uint8_t stays[32] = {20};
    OK(db_session_end_others(&k.scope, "cat", stays));
    assert(lives(20) && !lives(22) && !lives(14) && lives(2));
}

static void test_use_is_noted(void)
{
    (void)kit_sql(&k, "UPDATE session SET last_used_at = now() - interval '1 h'");
    assert(lives(20));
    assert(kit_sql(&k, "SELECT count(*) FROM session WHERE last_used_at > now() - interval "
                       "'1 min'") == 1);
}

static void test_passwords(void)
{
    struct user cat = get("cat");
    struct session s = session_of(&cat, 30);
    OK(db_password_change(&k.scope, &s, phc_new));
    assert(lives(30) && !lives(20));
    s = session_of(&cat, 31);
    IS(db_password_change(&k.scope, &s, phc), OTA_E_AUTH); /* it is another one by now */
    IS(db_session_start(&k.scope, &s, &none), OTA_E_AUTH);
    OK(db_password_renew(&k.scope, &cat, phc));
    cat = get("cat");
    assert(strcmp(cat.password_hash, phc_new) == 0);
    OK(db_password_renew(&k.scope, &cat, phc));
    cat = get("cat");
    assert(strcmp(cat.password_hash, phc) == 0 && lives(30));
}

/* Whoever was found good a moment ago may be disabled by now. */
static void test_disabled(void)
{
    const bool yes = true, no = false;
    const struct user cat = get("cat");
    struct session s = session_of(&cat, 40);
    struct user out;
    OK(db_user_patch(&k.scope, "cat", &(struct user_patch){.disabled = &yes}, &out));
    assert(out.disabled && !lives(30));
    IS(db_session_start(&k.scope, &s, &none), OTA_E_AUTH);
    OK(db_user_patch(&k.scope, "cat", &(struct user_patch){.disabled = &yes}, &out));
    OK(db_user_patch(&k.scope, "cat", &(struct user_patch){.disabled = &no}, &out));
    OK(db_session_start(&k.scope, &s, &none));
    OK(db_user_delete(&k.scope, "cat"));
    assert(!lives(40));
    IS(db_session_start(&k.scope, &s, &none), OTA_E_AUTH);
    IS(db_user_delete(&k.scope, "cat"), OTA_E_NOT_FOUND);
    IS(db_user_patch(&k.scope, "cat", &(struct user_patch){.disabled = &no}, &out),
       OTA_E_NOT_FOUND);
}

/* ---- people ---------------------------------------------------------------------------------
 */

static void test_lists(void)
{
    struct user *list = NULL;
    size_t count = 0;
    OK(db_user_list(&k.scope, &(struct db_page){.limit = 1}, &list, &count));
    assert(count == 1 && strcmp(list[0].name, "ada") == 0);
    OK(db_user_list(&k.scope, &(struct db_page){.limit = 9, .after_text = "ada"}, &list,
                    &count));
    assert(count == 1 && strcmp(list[0].name, "ben") == 0 && list[0].roles.count == 1);
}

static void test_last_admin(void)
{
    const bool yes = true;
    const struct db_names viewers = {1, &viewer}, none_left = {0};
    const char *const two[] = {"viewer", "admin", "viewer"};
    const struct join_link link = link_of(9);
    struct user out;
    IS(db_user_patch(&k.scope, "ada", &(struct user_patch){.disabled = &yes}, &out),
       OTA_E_CONFLICT);
    is_why("last-admin");
    IS(db_user_patch(&k.scope, "ada", &(struct user_patch){.roles = &viewers}, &out),
       OTA_E_CONFLICT);
    IS(db_user_patch(&k.scope, "ada", &(struct user_patch){.roles = &none_left}, &out),
       OTA_E_CONFLICT);
    IS(db_user_delete(&k.scope, "ada"), OTA_E_CONFLICT);
    IS(db_user_reset(&k.scope, "ada", true, &link), OTA_E_CONFLICT);
    is_why("last-admin");
    out = get("ada");
    assert(!out.disabled && out.password_hash != NULL && strcmp(out.roles.v[0], "admin") == 0);
    OK(db_user_patch(&k.scope, "ada",
                     &(struct user_patch){.roles = &(const struct db_names){3, two}}, &out));
    assert(out.roles.count == 2 && strcmp(out.roles.v[1], "viewer") == 0);
    OK(db_user_patch(&k.scope, "ben", &(struct user_patch){.roles = &none_left}, &out));
    assert(out.roles.count == 0);
}

/* ---- at once --------------------------------------------------------------------------------
 */

struct racer {
    struct kit *kit;
    const char *name;
    int act;
    ota_err err;
};

static void *race(void *arg)
{
    struct racer *r = arg;
    struct arena arena;
    const bool yes = true;
    const struct db_names viewers = {1, &viewer};
    const struct join_link link = {.hash = {(uint8_t)r->name[0]},
                                   .expires_at_unix_s = (int64_t)time(NULL) + 600};
    struct user out;
    arena_init(&arena, ARENA_REQUEST_BYTES);
    struct db_scope s = r->kit->scope;
    s.arena = &arena;
    if (r->act == 0)
        r->err = db_user_patch(&s, r->name, &(struct user_patch){.disabled = &yes}, &out);
    else if (r->act == 1)
        r->err = db_user_patch(&s, r->name, &(struct user_patch){.roles = &viewers}, &out);
    else if (r->act == 2)
        r->err = db_user_delete(&s, r->name);
    else
        r->err = db_user_reset(&s, r->name, false, &link);
    arena_done(&arena);
    return NULL;
}

/* Every way to take an admin away against every other: exactly one of two goes. */
static void test_two_at_once(void)
{
    struct kit other;
    kit_open(&other, "accounts_race");
    for (int i = 0; i < 32; i++) {
        struct racer r[2] = {{&other, "one", i % 4, OTA_OK},
                             {&other, "two", i / 4 % 4, OTA_OK}};
        pthread_t thread[2];
        (void)make(&other, "one", &admin);
        (void)make(&other, "two", &admin);
        for (int t = 0; t < 2; t++)
            assert(pthread_create(&thread[t], NULL, race, &r[t]) == 0);
        for (int t = 0; t < 2; t++)
            assert(pthread_join(thread[t], NULL) == 0);
        assert((r[0].err == OTA_OK) != (r[1].err == OTA_OK));
        assert(r[0].err == OTA_E_CONFLICT || r[1].err == OTA_E_CONFLICT);
        assert(kit_sql(&other, "SELECT count(*) FROM account a JOIN account_role r USING "
                               "(account_id) WHERE r.role = 'admin' AND a.disabled_at IS NULL "
                               "AND a.password_hash IS NOT NULL") == 1);
        (void)kit_sql(&other, "DELETE FROM account");
        kit_forget(&other);
    }
    kit_close(&other);
}

/* The same names in two tenants are different people. */
static void test_tenants(void)
{
    struct kit other;
    struct user out, theirs;
    enum join_kind kind;
    const struct join_link link = link_of(7);
    kit_open(&other, "accounts_tenants");
    (void)kit_sql(&other, "INSERT INTO tenant (tenant_id, name) VALUES (2, 'OTHER')");
    (void)kit_sql(&other, "INSERT INTO tenant_clock (tenant_id) VALUES (2)");
    const struct user ada = make(&other, "ada", &admin);
    struct session s = session_of(&ada, 1);
    OK(db_session_start(&other.scope, &s, &none));
    other.scope.tenant_id = 2;
    theirs = make(&other, "ada", &admin);
    IS(db_user_delete(&other.scope, "ada"), OTA_E_CONFLICT); /* their last one */
    IS(db_session_get(&other.scope, s.hash, &s), OTA_E_NOT_FOUND);
    IS(db_session_start(&other.scope, &s, &none), OTA_E_AUTH);
    (void)make(&other, "eve", &admin);
    OK(db_user_reset(&other.scope, "ada", true, &link));
    OK(db_join_get(&other.scope, link.hash, &out, &kind));
    assert(out.id == theirs.id);
    other.scope.tenant_id = 1;
    IS(db_join_get(&other.scope, link.hash, &out, &kind), OTA_E_NOT_FOUND);
    OK(db_session_get(&other.scope, s.hash, &s));
    IS(db_user_delete(&other.scope, "ada"), OTA_E_CONFLICT); /* ours */
    IS(db_user_get_by_name(&other.scope, "eve", &out), OTA_E_NOT_FOUND);
    kit_close(&other);
}

int main(void)
{
    kit_open(&k, "accounts");
    (void)make(&k, "ada", &admin);
    test_invitations();
    test_resets();
    test_factors();
    test_factors_are_spent();
    test_factors_end();
    test_sign_ins();
    test_use_is_noted();
    test_passwords();
    test_disabled();
    test_lists();
    test_last_admin();
    kit_close(&k);
    test_two_at_once();
    test_tenants();
    puts("accounts: links, second factors, sign-ins, the last admin, two at once, tenants");
    return 0;
}
