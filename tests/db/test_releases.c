/* Releases: sums, files, completeness, channels, floors, withdrawal. */
#include <string.h>

#include "make.h"
#include "otad/db/platform.h"

static struct kit k;

static bool why_is(const char *name)
{
    return strcmp(db_why_name(k.scope.why), name) == 0;
}

static void test_draft_to_complete(void)
{
    struct release_file files[2] = {{.name = "app.bin", .sha256 = {1}},
                                    {.name = "SPIFFS.img", .sha256 = {2}}};
    struct release_new in = make_release_new("esp8266", "1.0.0", 5);
    struct release out;
    in.file_count = 2;
    in.files = files;
    in.notes = "first";
    in.platform = "esp-12f";
    OK(db_release_create(&k.scope, &in, &out));
    assert(out.state == RELEASE_DRAFT && out.expected_count == 2 && out.artifact_count == 0);
    assert(strcmp(out.platform, "esp8266") == 0 && strcmp(out.created_by, "tester") == 0);
    assert(strcmp(out.sums, in.sums) == 0 && strcmp(out.notes, "first") == 0);
    const int64_t id = out.id;
    OK(db_release_create(&k.scope, &in, &out)); /* the very same */
    assert(out.id == id);
    in.sums = "other";
    IS(db_release_create(&k.scope, &in, &out), OTA_E_CONFLICT);
    assert(why_is("release-differs"));
    IS(db_release_release(&k.scope, "esp8266", "1.0.0", CHANNEL_STABLE, &out), OTA_E_CONFLICT);
    assert(why_is("incomplete"));
    struct artifact a = make_artifact(&in);
    a.name = "app.bin";
    a.sha256[31] = 9;
    IS(db_release_artifact_put(&k.scope, "esp8266", "1.0.0", &a, &out), OTA_E_SIGNATURE);
    memcpy(a.sha256, files[0].sha256, 32);
    OK(db_release_artifact_put(&k.scope, "esp8266", "1.0.0", &a, &out));
    OK(db_release_artifact_put(&k.scope, "esp8266", "1.0.0", &a, &out));
    assert(out.state == RELEASE_DRAFT && out.artifact_count == 1);
    assert(out.artifacts[0].security_counter == 5 && out.artifacts[0].kind == ARTIFACT_MCUBOOT);
    assert(out.artifacts[0].hardware_class[0] == 3 && out.artifacts[0].md5[0] == 2);
    a.name = "unknown.bin";
    IS(db_release_artifact_put(&k.scope, "esp8266", "1.0.0", &a, &out), OTA_E_NOT_FOUND);
    const struct artifact file = {
        .name = "SPIFFS.img", .size_bytes = 0, .sha256 = {2}, .kind = ARTIFACT_FILE};
    OK(db_release_artifact_put(&k.scope, "esp8266", "1.0.0", &file, &out));
    assert(out.state == RELEASE_COMPLETE && out.artifact_count == 2);
    assert(strcmp(out.artifacts[0].name, "SPIFFS.img") == 0 &&
           out.artifacts[0].version == NULL);
    OK(db_release_release(&k.scope, "esp8266", "1.0.0", CHANNEL_STABLE, &out));
    assert(out.state == RELEASE_RELEASED && out.released_at_unix_s > 0);
    OK(db_release_release(&k.scope, "esp8266", "1.0.0", CHANNEL_STABLE, &out));
    IS(db_release_release(&k.scope, "esp8266", "1.0.0", CHANNEL_BETA, &out), OTA_E_CONFLICT);
    assert(why_is("already-released"));
}

static void test_refused(void)
{
    struct release_new in = make_release_new("nothing", "1.0.0", 5);
    struct release out;
    IS(db_release_create(&k.scope, &in, &out), OTA_E_NOT_FOUND);
    in.platform = "esp8266";
    in.version = "1.0";
    IS(db_release_create(&k.scope, &in, &out), OTA_E_FORMAT);
    in.version = "1.0.0.0";
    IS(db_release_create(&k.scope, &in, &out), OTA_E_FORMAT);
    in.version = "2.0.0";
    in.file_count = 0;
    IS(db_release_create(&k.scope, &in, &out), OTA_E_FORMAT);
    IS(db_release_get(&k.scope, "esp8266", "9.9.9", &out), OTA_E_NOT_FOUND);
    IS(db_release_release(&k.scope, "esp8266", "1.0.0", CHANNEL_NONE, &out), OTA_E_FORMAT);
}

static void test_floors(void)
{
    struct release out;
    struct release_new low = make_release_new("esp8266", "0.9.0", 5);
    IS(db_release_create(&k.scope, &low, &out), OTA_E_CONFLICT);
    assert(why_is("version-too-low"));
    low = make_release_new("esp8266", "1.1.0", 4);
    IS(db_release_create(&k.scope, &low, &out), OTA_E_CONFLICT);
    assert(why_is("counter-too-low"));
    make_complete(&k, "esp8266", "1.1.0", 5);
    make_complete(&k, "esp8266", "1.2.0-rc.1", 5);
    make_complete(&k, "esp8266", "1.2.0", 6);
    make_complete(&k, "esp8266", "1.3.0", 5);
    OK(db_release_release(&k.scope, "esp8266", "1.2.0-rc.1", CHANNEL_BETA, &out));
    OK(db_release_release(&k.scope, "esp8266", "1.2.0", CHANNEL_BETA, &out));
    /* Beta does not bind stable. */
    OK(db_release_release(&k.scope, "esp8266", "1.1.0", CHANNEL_STABLE, &out));
    IS(db_release_release(&k.scope, "esp8266", "1.3.0", CHANNEL_BETA, &out), OTA_E_CONFLICT);
    assert(why_is("counter-too-low"));
    OK(db_release_release(&k.scope, "esp8266", "1.2.0", CHANNEL_STABLE, &out)); /* from beta */
    assert(out.channel == CHANNEL_STABLE);
    IS(db_release_release(&k.scope, "esp8266", "1.2.0-rc.1", CHANNEL_STABLE, &out),
       OTA_E_CONFLICT);
    assert(why_is("version-too-low"));
    struct platform p;
    OK(db_platform_get(&k.scope, "esp8266", &p));
    assert(strcmp(p.stable, "1.2.0") == 0 && strcmp(p.beta, "1.2.0-rc.1") == 0);
}

static void test_withdraw(void)
{
    struct release out;
    OK(db_release_withdraw(&k.scope, "esp8266", "1.2.0", "bricks", &out));
    assert(out.state == RELEASE_WITHDRAWN && strcmp(out.withdrawn_reason, "bricks") == 0);
    OK(db_release_withdraw(&k.scope, "esp8266", "1.2.0", "again", &out));
    assert(strcmp(out.withdrawn_reason, "bricks") == 0);
    IS(db_release_release(&k.scope, "esp8266", "1.2.0", CHANNEL_STABLE, &out), OTA_E_CONFLICT);
    assert(why_is("withdrawn"));
    const struct release_new in = make_release_new("esp8266", "1.2.0", 6);
    const struct artifact a = make_artifact(&in);
    IS(db_release_artifact_put(&k.scope, "esp8266", "1.2.0", &a, &out), OTA_E_CONFLICT);
    struct platform p;
    OK(db_platform_get(&k.scope, "esp8266", &p));
    assert(strcmp(p.stable, "1.1.0") == 0);
    IS(db_release_withdraw(&k.scope, "esp8266", "7.0.0", "", &out), OTA_E_NOT_FOUND);
}

static void test_lists(void)
{
    struct release *list = NULL;
    size_t count = 0, seen = 0;
    int64_t after = 0, before_id = INT64_MAX;
    make_platform(&k, "other", false);
    make_complete(&k, "other", "1.0.0", 1);
    for (;;) {
        OK(db_release_list(&k.scope, "esp-12f",
                           &(struct db_page){.limit = 2, .after_id = after}, &list, &count));
        if (count == 0)
            break;
        for (size_t i = 0; i < count; i++, seen++) {
            assert(list[i].id < before_id && list[i].sums == NULL);
            before_id = list[i].id;
            assert(strcmp(list[i].platform, "esp8266") == 0);
        }
        after = list[count - 1].id;
    }
    assert(seen == 5);
    OK(db_release_list(&k.scope, NULL, &(struct db_page){.limit = 200}, &list, &count));
    assert(count == 6 && strcmp(list[0].platform, "other") == 0 && list[0].artifact_count == 1);
    IS(db_release_list(&k.scope, "none", &(struct db_page){.limit = 2}, &list, &count),
       OTA_E_NOT_FOUND);
    make_device(&k, "one", "esp8266", "1.1.0");
    struct release out;
    OK(db_release_get(&k.scope, "esp8266", "1.1.0", &out));
    assert(out.running_on == 1);
}

int main(void)
{
    const char *const alias[] = {"esp-12f"};
    const struct platform in = {.name = "esp8266", .title = "", .aliases = {1, alias}};
    struct platform out;
    kit_open(&k, "releases");
    OK(db_platform_create(&k.scope, &in, &out));
    test_draft_to_complete();
    test_refused();
    test_floors();
    test_withdraw();
    test_lists();
    kit_close(&k);
    puts("releases: complete, released, withdrawn, floors, pages");
    return 0;
}
