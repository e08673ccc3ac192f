/* Accounts, sessions, the setup token, API keys, gateways and platforms, against PostgreSQL. */
#include <string.h>
#include <time.h>

#include "kit.h"
#include "otad/db/api_key.h"
#include "otad/db/gateway.h"
#include "otad/db/platform.h"
#include "otad/db/session.h"

static struct kit k;
static const char *const admin = "admin", *const viewer = "viewer";
static const char phc[] = "$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA";

static void test_accounts(void)
{
    const uint8_t token[32] = {1}, wrong[32] = {2};
    const int64_t soon = (int64_t)time(NULL) + 600;
    const struct user ada = {.name = "ada", .roles = {1, &admin}, .password_hash = phc};
    const struct user bob = {.name = "bob", .roles = {1, &viewer}, .password_hash = phc};
    struct user out;
    int64_t count = -1;
    OK(db_user_count(&k.scope, &count));
    assert(count == 0);
    OK(db_setup_token_put(&k.scope, wrong, soon));
    OK(db_setup_token_put(&k.scope, token, soon));
    IS(db_setup_token_consume(&k.scope, wrong, &ada, &out), OTA_E_AUTH);
    OK(db_user_count(&k.scope, &count));
    assert(count == 0);
    OK(db_setup_token_consume(&k.scope, token, &ada, &out));
    assert(out.id > 0 && strcmp(out.name, "ada") == 0 && out.roles.count == 1 &&
           strcmp(out.roles.v[0], "admin") == 0);
    IS(db_setup_token_consume(&k.scope, token, &bob, &out), OTA_E_CONFLICT);
    assert(strcmp(db_why_name(k.scope.why), "already-exists") == 0);
    IS(db_setup_token_put(&k.scope, token, soon), OTA_E_CONFLICT);
    IS(db_user_create_first(&k.scope, &bob, &out), OTA_E_CONFLICT);
    IS(db_user_create(&k.scope, &ada, &out), OTA_E_CONFLICT);
    OK(db_user_create(&k.scope, &bob, &out));
    OK(db_user_get_by_name(&k.scope, "bob", &out));
    assert(strcmp(out.password_hash, phc) == 0 && !out.disabled && out.created_at_unix_s > 0);
    IS(db_user_get_by_name(&k.scope, "eve", &out), OTA_E_NOT_FOUND);
    static const char *const unknown = "root";
    const struct user bad = {.name = "eve", .roles = {1, &unknown}, .password_hash = phc};
    IS(db_user_create(&k.scope, &bad, &out), OTA_E_CONFLICT);
    assert(strcmp(db_why_name(k.scope.why), "no-role") == 0);
}

static void test_setup_token_expires(void)
{
    struct kit other;
    const uint8_t token[32] = {1};
    const struct user ada = {.name = "ada", .roles = {1, &admin}, .password_hash = phc};
    struct user out;
    kit_open(&other, "people_expired");
    OK(db_setup_token_put(&other.scope, token, (int64_t)time(NULL) + 600));
    (void)kit_sql(&other, "UPDATE setup_token SET created_at = now() - interval '2 h', "
                          "expires_at = now() - interval '1 s'");
    IS(db_setup_token_consume(&other.scope, token, &ada, &out), OTA_E_AUTH);
    OK(db_user_create_first(&other.scope, &ada, &out));
    kit_close(&other);
}

static void test_sessions(void)
{
    static const struct factor_proof none = {0};
    struct user ada;
    struct session out;
    OK(db_user_get_by_name(&k.scope, "ada", &ada));
    const int64_t now = (int64_t)time(NULL);
    const struct session s = {.hash = {9},
                              .csrf_token = "csrf",
                              .user = ada,
                              .address = "10.1.2.3",
                              .agent = "a browser",
                              .expires_at_unix_s = now + 60};
    OK(db_session_start(&k.scope, &s, &none));
    IS(db_session_start(&k.scope, &s, &none), OTA_E_CONFLICT); /* nobody reuses a token */
    OK(db_session_get(&k.scope, s.hash, &out));
    assert(strcmp(out.csrf_token, "csrf") == 0 && out.user.id == ada.id && out.id > 0);
    assert(strcmp(out.address, "10.1.2.3") == 0 && strcmp(out.agent, "a browser") == 0);
    assert(out.expires_at_unix_s == now + 60 && memcmp(out.hash, s.hash, 32) == 0);
    (void)kit_sql(&k, "UPDATE account SET disabled_at = now() WHERE name = 'ada'");
    IS(db_session_get(&k.scope, s.hash, &out), OTA_E_NOT_FOUND);
    (void)kit_sql(&k, "UPDATE account SET disabled_at = NULL");
    (void)kit_sql(&k, "UPDATE session SET expires_at = now()");
    IS(db_session_get(&k.scope, s.hash, &out), OTA_E_NOT_FOUND);
    OK(db_session_delete(&k.scope, s.hash));
    OK(db_session_delete(&k.scope, s.hash));
    assert(kit_sql(&k, "SELECT count(*) FROM session") == 0);
}

static struct manifest_root root(uint8_t fill)
{
    struct manifest_root r = {.alg = CRYPTO_ED25519, .key_bytes = 32};
    memset(r.key, fill, 32);
    return r;
}

static void test_platforms(void)
{
    const char *const aliases[] = {"esp-12f", "wemos-d1-mini"};
    struct platform in = {.name = "esp8266",
                          .title = "ESP8266",
                          .aliases = {2, aliases},
                          .follow_channel = true,
                          .has_roots = true};
    struct platform out, again;
    in.roots[0] = root(1);
    in.roots[1] = (struct manifest_root){.alg = CRYPTO_P256, .key_bytes = 64};
    memset(in.roots[1].key, 7, 64);
    in.roots[2] = root(3);
    OK(db_platform_create(&k.scope, &in, &out));
    assert(out.aliases.count == 2 && strcmp(out.aliases.v[1], "wemos-d1-mini") == 0);
    assert(out.has_roots);
    for (int i = 0; i < MANIFEST_ROOTS; i++) {
        assert(out.roots[i].alg == in.roots[i].alg);
        assert(out.roots[i].key_bytes == in.roots[i].key_bytes);
        assert(memcmp(out.roots[i].key, in.roots[i].key, in.roots[i].key_bytes) == 0);
    }
    assert(!out.has_class && out.key_manifest == NULL && out.stable == NULL);
    OK(db_platform_get(&k.scope, "esp-12f", &again));
    assert(again.id == out.id && strcmp(again.name, "esp8266") == 0);
    IS(db_platform_get(&k.scope, "esp-13", &again), OTA_E_NOT_FOUND);
    /* Names and aliases are one name space. */
    in.aliases = (struct db_names){0};
    IS(db_platform_create(&k.scope, &in, &again), OTA_E_CONFLICT);
    in.name = "esp-12f";
    IS(db_platform_create(&k.scope, &in, &again), OTA_E_CONFLICT);
    in.name = "ESP";
    IS(db_platform_create(&k.scope, &in, &again), OTA_E_FORMAT);
    in.name = "esp32";
    in.has_roots = false;
    OK(db_platform_create(&k.scope, &in, &again));
    const char *const taken[] = {"esp-12f"}, *const own[] = {"esp-wroom", "esp32"};
    const struct db_names taken_names = {1, taken}, own_names = {2, own}, none = {0};
    const bool no = false;
    IS(db_platform_patch(&k.scope, "esp32", &(struct platform_patch){.aliases = &taken_names},
                         &again),
       OTA_E_CONFLICT);
    OK(db_platform_patch(
        &k.scope, "esp32",
        &(struct platform_patch){.title = "New", .aliases = &own_names, .follow_channel = &no},
        &again));
    assert(again.aliases.count == 1 && !again.follow_channel &&
           strcmp(again.title, "New") == 0);
    OK(db_platform_patch(&k.scope, "esp-wroom", &(struct platform_patch){.aliases = &none},
                         &again));
    assert(again.aliases.count == 0 && strcmp(again.title, "New") == 0 &&
           !again.follow_channel);
    struct platform *list = NULL;
    size_t count = 0;
    OK(db_platform_list(&k.scope, &(struct db_page){.limit = 1}, &list, &count));
    assert(count == 1 && strcmp(list[0].name, "esp32") == 0);
    OK(db_platform_list(&k.scope, &(struct db_page){.limit = 9, .after_text = "esp32"}, &list,
                        &count));
    assert(count == 1 && strcmp(list[0].name, "esp8266") == 0);
}

static void test_manifests(void)
{
    const uint8_t first[] = "manifest one", second[] = "manifest two";
    struct platform_manifest m = {
        .bytes = first, .len = sizeof first, .sequence = 4, .hardware_class = {1}};
    struct platform out;
    OK(db_platform_manifest_put(&k.scope, "esp-12f", &m, &out));
    assert(out.has_class && out.key_manifest_sequence == 4);
    assert(out.key_manifest_bytes == sizeof first);
    assert(memcmp(out.key_manifest, first, sizeof first) == 0);
    OK(db_platform_manifest_put(&k.scope, "esp8266", &m, &out)); /* the very same */
    m.bytes = second;
    IS(db_platform_manifest_put(&k.scope, "esp8266", &m, &out), OTA_E_CONFLICT);
    assert(strcmp(db_why_name(k.scope.why), "sequence-too-low") == 0);
    m.sequence = 5;
    m.hardware_class[0] = 2;
    IS(db_platform_manifest_put(&k.scope, "esp8266", &m, &out), OTA_E_CONFLICT);
    assert(strcmp(db_why_name(k.scope.why), "wrong-class") == 0);
    m.hardware_class[0] = 1;
    OK(db_platform_manifest_put(&k.scope, "esp8266", &m, &out));
    assert(out.key_manifest_sequence == 5);
    m.sequence = 3;
    IS(db_platform_manifest_put(&k.scope, "esp8266", &m, &out), OTA_E_CONFLICT);
    assert(kit_sql(&k, "SELECT count(*) FROM key_manifest") == 2);
    IS(db_platform_manifest_put(&k.scope, "none", &m, &out), OTA_E_NOT_FOUND);
}

static void test_api_keys(void)
{
    const char *const scopes[] = {"release.read", "release.upload"};
    const char *const platforms[] = {"esp-12f", "esp32"}, *const all[] = {"*"};
    const char *const unknown[] = {"nothing"}, *const bad_scope[] = {"everything"};
    const uint8_t hash[32] = {5};
    struct api_key key = {.name = "ci", .scopes = {2, scopes}, .platforms = {2, platforms}};
    struct api_key out, *list = NULL;
    size_t count = 0;
    OK(db_api_key_next_id(&k.scope, &key.id));
    OK(db_api_key_put(&k.scope, &key, hash, &out));
    assert(out.id == key.id && out.platforms.count == 2 && out.scopes.count == 2);
    assert(strcmp(out.platforms.v[0], "esp32") == 0 &&
           strcmp(out.platforms.v[1], "esp8266") == 0);
    assert(strcmp(out.created_by, "tester") == 0 && out.expires_at_unix_s == 0);
    IS(db_api_key_put(&k.scope, &key, hash, &out), OTA_E_CONFLICT);
    OK(db_api_key_next_id(&k.scope, &key.id));
    key.platforms = (struct db_names){1, unknown};
    IS(db_api_key_put(&k.scope, &key, hash, &out), OTA_E_NOT_FOUND);
    key.platforms = (struct db_names){1, all};
    key.scopes = (struct db_names){1, bad_scope};
    IS(db_api_key_put(&k.scope, &key, hash, &out), OTA_E_FORMAT);
    key.scopes = (struct db_names){2, scopes};
    key.expires_at_unix_s = 4000000000;
    OK(db_api_key_put(&k.scope, &key, hash, &out));
    assert(strcmp(out.platforms.v[0], "*") == 0 && out.expires_at_unix_s == 4000000000);
    OK(db_api_key_revoke(&k.scope, key.id));
    OK(db_api_key_revoke(&k.scope, key.id));
    IS(db_api_key_revoke(&k.scope, 999), OTA_E_NOT_FOUND);
    OK(db_api_key_list(&k.scope, &(struct db_page){.limit = 1}, &list, &count));
    assert(count == 1 && list[0].id == key.id && list[0].revoked_at_unix_s > 0);
    OK(db_api_key_list(&k.scope, &(struct db_page){.limit = 5, .after_id = key.id}, &list,
                       &count));
    assert(count == 1 && list[0].id < key.id && list[0].revoked_at_unix_s == 0);
}

static void test_gateways(void)
{
    const uint8_t hash[32] = {6}, other[32] = {7};
    struct gateway out, *list = NULL;
    size_t count = 0;
    OK(db_gateway_put(&k.scope, "hall 1", "esp-12f", hash, &out));
    assert(strcmp(out.platform, "esp8266") == 0 && out.revoked_at_unix_s == 0);
    IS(db_gateway_put(&k.scope, "again", NULL, hash, &out), OTA_E_CONFLICT);
    IS(db_gateway_put(&k.scope, "x", "nothing", other, &out), OTA_E_NOT_FOUND);
    OK(db_gateway_put(&k.scope, "any", NULL, other, &out));
    assert(out.platform == NULL);
    OK(db_gateway_revoke(&k.scope, out.id));
    IS(db_gateway_revoke(&k.scope, 999), OTA_E_NOT_FOUND);
    OK(db_gateway_list(&k.scope, &(struct db_page){.limit = 50}, &list, &count));
    assert(count == 2 && list[0].revoked_at_unix_s > 0 && strcmp(list[1].name, "hall 1") == 0);
}

int main(void)
{
    kit_open(&k, "people");
    test_accounts();
    test_setup_token_expires();
    test_sessions();
    test_platforms();
    test_manifests();
    test_api_keys();
    test_gateways();
    OK(db_ready(k.db));
    kit_close(&k);
    puts("people: accounts, sessions, platforms, manifests, keys, gateways");
    return 0;
}
