/* Devices: registration, attributes, pages. */
#include <string.h>
#include <time.h>

#include "make.h"
#include "otad/db/gateway.h"

static struct kit k;

static bool why_is(const char *name)
{
    return strcmp(db_why_name(k.scope.why), name) == 0;
}

static void test_create(void)
{
    struct device_new in = {.id = "plug-1", .name = "Plug", .platform = "esp8266"};
    struct device out;
    OK(db_device_create(&k.scope, &in, &out));
    assert(strcmp(out.id, "plug-1") == 0 && strcmp(out.name, "Plug") == 0);
    assert(out.channel == CHANNEL_STABLE && out.version == NULL && !out.has_update);
    assert(out.last_seen_at_unix_s == 0 && out.registered_at_unix_s > 0 && !out.has_heartbeat);
    IS(db_device_create(&k.scope, &in, &out), OTA_E_CONFLICT);
    assert(why_is("already-exists"));
    in.id = "plug-2";
    in.platform = "nothing";
    IS(db_device_create(&k.scope, &in, &out), OTA_E_NOT_FOUND);
    in.platform = "esp8266";
    in.id = "a b";
    IS(db_device_create(&k.scope, &in, &out), OTA_E_FORMAT);
    in.id = "";
    IS(db_device_create(&k.scope, &in, &out), OTA_E_FORMAT);
    IS(db_device_get(&k.scope, "plug-2", &out), OTA_E_NOT_FOUND);
}

static void test_patch(void)
{
    struct device out;
    OK(db_device_patch(&k.scope, "plug-1",
                       &(struct device_patch){.name = "Lamp", .channel = CHANNEL_BETA}, &out));
    assert(strcmp(out.name, "Lamp") == 0 && out.channel == CHANNEL_BETA);
    OK(db_device_patch(&k.scope, "plug-1", &(struct device_patch){.platform = "m4"}, &out));
    assert(strcmp(out.platform, "m4") == 0 && strcmp(out.name, "Lamp") == 0);
    OK(db_device_patch(&k.scope, "plug-1", &(struct device_patch){.platform = "esp8266"},
                       &out));
    IS(db_device_patch(&k.scope, "plug-1", &(struct device_patch){.platform = "x"}, &out),
       OTA_E_NOT_FOUND);
    IS(db_device_patch(&k.scope, "x", &(struct device_patch){.name = "y"}, &out),
       OTA_E_NOT_FOUND);
    const uint8_t hash[32] = {8};
    OK(db_device_token_replace(&k.scope, "plug-1", hash));
    IS(db_device_token_replace(&k.scope, "x", hash), OTA_E_NOT_FOUND);
    assert(kit_sql(&k, "SELECT get_byte(token_hash, 0) FROM device") == 8);
}

static void test_gateway(void)
{
    const uint8_t hash[32] = {1}, bare_hash[32] = {2};
    struct gateway gateway, bare;
    struct device out, again;
    OK(db_gateway_put(&k.scope, "hall", "esp8266", hash, &gateway));
    OK(db_gateway_put(&k.scope, "bare", NULL, bare_hash, &bare));
    OK(db_device_register(&k.scope, "gw-1", gateway.id, &out));
    assert(strcmp(out.platform, "esp8266") == 0);
    OK(db_device_register(&k.scope, "gw-1", bare.id, &again));
    assert(again.no == out.no && strcmp(again.platform, "esp8266") == 0);
    OK(db_device_register(&k.scope, "gw-2", bare.id, &out));
    assert(out.platform == NULL);
    /* The platform that it tells counts, unless a person chose one. */
    const struct device_attribute m4[] = {{"platform", "m4"}, {"sw_version", "1.2.3"}};
    OK(db_device_attributes_put(&k.scope, "gw-1", ATTRIBUTES_MERGE, m4, 2, &out));
    assert(strcmp(out.platform, "m4") == 0 && strcmp(out.version, "1.2.3") == 0);
    OK(db_device_attributes_put(&k.scope, "gw-2", ATTRIBUTES_MERGE, m4, 2, &out));
    assert(strcmp(out.platform, "m4") == 0);
    OK(db_device_attributes_put(&k.scope, "plug-1", ATTRIBUTES_MERGE, m4, 2, &out));
    assert(strcmp(out.platform, "esp8266") == 0);
    const struct device_attribute unknown[] = {{"platform", "pdp-11"}};
    OK(db_device_attributes_put(&k.scope, "gw-1", ATTRIBUTES_MERGE, unknown, 1, &out));
    assert(strcmp(out.platform, "m4") == 0 && strcmp(out.version, "1.2.3") == 0);
    OK(db_gateway_revoke(&k.scope, gateway.id));
    IS(db_device_register(&k.scope, "gw-3", gateway.id, &out), OTA_E_NOT_FOUND);
}

static void test_attributes(void)
{
    const struct device_attribute two[] = {{"hw", "rev \"B\" \\ {1,2}"}, {"lot", "7"}};
    const struct device_attribute change[] = {{"hw", NULL}, {"lot", "8"}, {"lot", "9"}};
    struct device out;
    OK(db_device_attributes_put(&k.scope, "plug-1", ATTRIBUTES_REPLACE, two, 2, &out));
    assert(out.attribute_count == 2 && strcmp(out.attributes[0].value, two[0].value) == 0);
    OK(db_device_attributes_put(&k.scope, "plug-1", ATTRIBUTES_MERGE, change, 3, &out));
    assert(out.attribute_count == 1 && strcmp(out.attributes[0].value, "9") == 0);
    OK(db_device_attributes_put(&k.scope, "plug-1", ATTRIBUTES_REMOVE, change, 3, &out));
    assert(out.attribute_count == 0);
    struct device_attribute many[DEVICE_ATTRIBUTES_MAX + 1];
    char key[DEVICE_ATTRIBUTES_MAX + 1][8];
    for (int i = 0; i <= DEVICE_ATTRIBUTES_MAX; i++) {
        (void)snprintf(key[i], sizeof key[i], "k%d", i);
        many[i] = (struct device_attribute){key[i], ""};
    }
    IS(db_device_attributes_put(&k.scope, "plug-1", ATTRIBUTES_MERGE, many,
                                DEVICE_ATTRIBUTES_MAX + 1, &out),
       OTA_E_LIMIT);
    assert(why_is("too-many"));
    OK(db_device_get(&k.scope, "plug-1", &out));
    assert(out.attribute_count == 0);
    OK(db_device_attributes_put(&k.scope, "plug-1", ATTRIBUTES_MERGE, many,
                                DEVICE_ATTRIBUTES_MAX, &out));
    assert(out.attribute_count == DEVICE_ATTRIBUTES_MAX);
    char longest[258] = {0};
    for (size_t i = 0; i < 256; i += 2) { /* 128 characters of two bytes */
        longest[i] = '\xc3';
        longest[i + 1] = '\xa4';
    }
    const struct device_attribute fits = {"k0", longest};
    OK(db_device_attributes_put(&k.scope, "plug-1", ATTRIBUTES_MERGE, &fits, 1, &out));
    longest[256] = 'x';
    IS(db_device_attributes_put(&k.scope, "plug-1", ATTRIBUTES_MERGE, &fits, 1, &out),
       OTA_E_FORMAT);
    IS(db_device_attributes_put(&k.scope, "none", ATTRIBUTES_MERGE, two, 2, &out),
       OTA_E_NOT_FOUND);
    const struct device_attribute odd = {"version", "v1 (beta)"};
    OK(db_device_attributes_put(&k.scope, "plug-1", ATTRIBUTES_REPLACE, &odd, 1, &out));
    assert(strcmp(out.version, "v1 (beta)") == 0);
    assert(kit_sql(&k, "SELECT count(*) FROM device WHERE version_key IS NULL AND NOT "
                       "config_wanted AND device_id = 'plug-1'") == 1);
}

static size_t count_of(const struct device_filter *filter)
{
    struct device *list = NULL;
    size_t count = 0;
    OK(db_device_list(&k.scope, filter, &(struct db_page){.limit = 200}, &list, &count));
    return count;
}

static void test_pages(void)
{
    struct device_filter all = {.lateness = {120, 360}, .now_unix_s = (int64_t)time(NULL)};
    struct device *list = NULL;
    size_t count = 0, seen = 0;
    char after[160] = "";
    (void)kit_sql(&k, "INSERT INTO device (tenant_id, device_id, name, platform_id, "
                      "platform_chosen, channel, token_hash) SELECT 1, 'bulk-' || i, 'B' || i, "
                      "(SELECT platform_id FROM platform WHERE name = 'm4'), true, 'stable', "
                      "sha256(i::text::bytea) FROM generate_series(1, 500) i");
    (void)kit_sql(&k,
                  "INSERT INTO device_seen (tenant_id, device_no, last_seen_at) SELECT 1, "
                  "device_no, now() - make_interval(secs => device_no % 3 * 200) FROM device "
                  "WHERE device_id LIKE 'bulk-%'");
    for (;;) {
        OK(db_device_list(&k.scope, &all, &(struct db_page){.limit = 60, .after_text = after},
                          &list, &count));
        if (count == 0)
            break;
        for (size_t i = 0; i < count; i++, seen++) {
            assert(strcmp(list[i].id, after) > 0);
            (void)snprintf(after, sizeof after, "%s", list[i].id);
        }
        kit_forget(&k);
    }
    assert(seen == 503);
    all.q = "BULK-49";
    assert(count_of(&all) == 11);
    all.q = "b49";
    assert(count_of(&all) == 11);
    all.q = NULL;
    all.platform = "esp8266";
    assert(count_of(&all) == 1);
    all.platform = "none";
    IS(db_device_list(&k.scope, &all, &(struct db_page){.limit = 1}, &list, &count),
       OTA_E_NOT_FOUND);
    all.platform = "m4";
    size_t by_state[4] = {0};
    for (int state = DEVICE_NEVER; state <= DEVICE_OFFLINE; state++) {
        all.has_state = true;
        all.state = (enum device_state)state;
        for (char q[] = "bulk-1"; q[5] <= '9'; q[5]++) {
            all.q = q;
            by_state[state] += count_of(&all);
            kit_forget(&k);
        }
    }
    assert(by_state[DEVICE_NEVER] == 0 && by_state[DEVICE_ONLINE] >= 166);
    assert(by_state[DEVICE_LATE] >= 166 && by_state[DEVICE_OFFLINE] >= 166);
    assert(by_state[1] + by_state[2] + by_state[3] == 500);
}

static void test_delete(void)
{
    struct device out;
    OK(db_device_delete(&k.scope, "plug-1"));
    IS(db_device_delete(&k.scope, "plug-1"), OTA_E_NOT_FOUND);
    IS(db_device_get(&k.scope, "plug-1", &out), OTA_E_NOT_FOUND);
    assert(kit_sql(&k, "SELECT count(*) FROM device_attribute WHERE key LIKE 'k%'") == 0);
}

int main(void)
{
    kit_open(&k, "devices");
    make_platform(&k, "esp8266", false);
    make_platform(&k, "m4", false);
    test_create();
    test_patch();
    test_gateway();
    test_attributes();
    test_pages();
    test_delete();
    kit_close(&k);
    puts("devices: made, registered, described, listed, deleted");
    return 0;
}
