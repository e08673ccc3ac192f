/* Releases: sums, files, completeness, channels, floors, withdrawal. */
#include <string.h>

#include "make.h"
#include "otad/db/platform.h"
#include "otad/db/update.h"

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
    IS(db_release_release(&k.scope, "esp8266", "1.2.0", CHANNEL_STABLE, &out), OTA_E_CONFLICT);
    assert(why_is("already-released")); /* that is promotion, a right of its own */
    IS(db_release_promote(&k.scope, "esp8266", "1.3.0", CHANNEL_STABLE, &out), OTA_E_CONFLICT);
    assert(why_is("not-released"));
    OK(db_release_promote(&k.scope, "esp8266", "1.2.0", CHANNEL_STABLE, &out));
    assert(out.channel == CHANNEL_STABLE);
    OK(db_release_promote(&k.scope, "esp8266", "1.2.0", CHANNEL_STABLE, &out)); /* again */
    IS(db_release_promote(&k.scope, "esp8266", "1.2.0", CHANNEL_BETA, &out), OTA_E_CONFLICT);
    assert(why_is("already-released"));
    IS(db_release_promote(&k.scope, "esp8266", "1.2.0", CHANNEL_NONE, &out), OTA_E_FORMAT);
    IS(db_release_promote(&k.scope, "esp8266", "1.2.0-rc.1", CHANNEL_STABLE, &out),
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

/* Each line says what was done; what was refused or changed nothing leaves none. */
static void history_is(const char *version, const char *want)
{
    char got[512] = "";
    struct release out;
    OK(db_release_get(&k.scope, "esp8266", version, &out));
    for (size_t i = 0; i < out.step_count; i++) {
        const struct release_step *s = &out.steps[i];
        assert(s->at_unix_s > 0 && strcmp(s->by, "tester") == 0);
        (void)snprintf(got + strlen(got), sizeof got - strlen(got), "%s(%s) ", s->step,
                       s->detail);
    }
    if (strcmp(got, want) != 0)
        fprintf(stderr, "%s: %s\n", version, got);
    assert(strcmp(got, want) == 0);
}

static void test_history(void)
{
    history_is("1.0.0", "created() complete() released(stable) ");
    history_is("1.3.0", "created() complete() ");
    history_is("1.2.0",
               "created() complete() released(beta) promoted(stable) withdrawn(bricks) ");
}

static void change(const char *version, const struct release_patch *p, ota_err want)
{
    struct release out;
    IS(db_release_change(&k.scope, "esp-12f", version, p, &out), want);
}

static void test_change(void)
{
    struct release out;
    make_complete(&k, "esp8266", "1.4.0", 6);
    change("1.4.0", &(struct release_patch){.notes = "faster"}, OTA_OK);
    change("1.4.0", &(struct release_patch){.notes = "faster"}, OTA_OK);
    change("1.4.0", &(struct release_patch){.set_minimum = true}, OTA_OK); /* has none */
    change("1.4.0", &(struct release_patch){.set_minimum = true, .minimum_version = "1.1.0"},
           OTA_OK);
    OK(db_release_get(&k.scope, "esp8266", "1.4.0", &out));
    assert(strcmp(out.notes, "faster") == 0 && strcmp(out.minimum_version, "1.1.0") == 0);
    change("1.4.0",
           &(struct release_patch){
               .notes = "safer", .set_minimum = true, .minimum_version = "1.2.0-rc.1"},
           OTA_OK);
    static const char *const bad[] = {"1.4.0", "1.4.0+7", "2.0.0", "1.4", "x", ""};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        change("1.4.0", &(struct release_patch){.set_minimum = true, .minimum_version = bad[i]},
               OTA_E_FORMAT);
    change("9.9.9", &(struct release_patch){.notes = ""}, OTA_E_NOT_FOUND);
    change("1.2.0", &(struct release_patch){.notes = ""}, OTA_E_CONFLICT);
    assert(why_is("withdrawn"));
    history_is("1.4.0", "created() complete() changed(notes) changed(minimum version 1.1.0) "
                        "changed(notes, minimum version 1.2.0-rc.1) ");
    change("1.4.0", &(struct release_patch){.set_minimum = true}, OTA_OK);
    OK(db_release_get(&k.scope, "esp8266", "1.4.0", &out));
    assert(out.minimum_version == NULL && strcmp(out.notes, "safer") == 0);
}

/* By hand, too, nobody passes over a step. */
static void test_minimum(void)
{
    struct update u;
    change("1.4.0", &(struct release_patch){.set_minimum = true, .minimum_version = "1.1.0"},
           OTA_OK);
    make_device(&k, "old", "esp8266", "1.0.0");
    make_device(&k, "new", "esp8266", "1.1.0");
    make_device(&k, "mute", "esp8266", NULL);
    IS(db_update_create(&k.scope, "old", "1.4.0", &u), OTA_E_CONFLICT);
    assert(why_is("version-below-minimum"));
    OK(db_update_create(&k.scope, "old", "1.1.0", &u));
    OK(db_update_create(&k.scope, "new", "1.4.0", &u));
    OK(db_update_create(&k.scope, "mute", "1.4.0", &u));
    struct release out;
    OK(db_release_withdraw(&k.scope, "esp8266", "1.4.0", "", &out));
}

/* What a file is belongs to the release that names it, so the same bytes may be both. */
static void test_formats(void)
{
    const struct release_file files[2] = {{.name = "bom.cdx.json", .sha256 = {0x77}},
                                          {.name = "bom.json", .sha256 = {0x77}}};
    struct release_new in = make_release_new("esp8266", "1.5.0", 6);
    struct release out;
    in.file_count = 2;
    in.files = files;
    OK(db_release_create(&k.scope, &in, &out));
    struct artifact a = {
        .name = "bom.json", .size_bytes = 9, .sha256 = {0x77}, .kind = ARTIFACT_FILE};
    OK(db_release_artifact_put(&k.scope, "esp8266", "1.5.0", &a, &out));
    assert(release_sbom(&out) == NULL && out.artifacts[0].details == NULL);
    a.name = "bom.cdx.json";
    a.kind = ARTIFACT_CYCLONEDX;
    a.details = "{\"spec\":\"1.5\",\"chip\":\"none\"}";
    OK(db_release_artifact_put(&k.scope, "esp8266", "1.5.0", &a, &out));
    assert(out.state == RELEASE_COMPLETE && release_sbom(&out) == &out.artifacts[0]);
    assert(strstr(out.artifacts[0].details, "\"spec\": \"1.5\"") != NULL);
    assert(strcmp(out.artifacts[0].chip, "none") == 0);
    assert(out.artifacts[1].kind == ARTIFACT_FILE && out.artifacts[1].details == NULL);
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
    assert(seen == 7);
    OK(db_release_list(&k.scope, NULL, &(struct db_page){.limit = 200}, &list, &count));
    assert(count == 8 && strcmp(list[0].platform, "other") == 0 && list[0].artifact_count == 1);
    IS(db_release_list(&k.scope, "none", &(struct db_page){.limit = 2}, &list, &count),
       OTA_E_NOT_FOUND);
    make_device(&k, "one", "esp8266", "1.1.0");
    struct release out;
    OK(db_release_get(&k.scope, "esp8266", "1.1.0", &out));
    assert(out.running_on == 2);
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
    test_history();
    test_change();
    test_minimum();
    test_formats();
    test_lists();
    kit_close(&k);
    puts("releases: complete, released, withdrawn, floors, pages");
    return 0;
}
