/* link: otad_api_pure PkgConfig::JANSSON */
/* The API's JSON against tests/vectors/api, which the web interface's mock serves too. */
#include "golden.h"

#include "otad/api/write.h"
#include "otad/api/write_record.h"
#include "tests/vectors/keys/test_keys.h"

static struct arena arena;
static const struct write_clock now_online = {1763631000, {600, 1800}};

static struct json_out *begin(void)
{
    static struct json_out o;
    json_out_begin(&o, &arena);
    return &o;
}

static const char *const details[] = {"reverted-not-confirmed", "slot A boots again"};
static const struct update_event events[] = {
    {.at_unix_s = 1763630400, .execution = "created", .result = "none", .progress_percent = -1},
    {.at_unix_s = 1763630460,
     .execution = "proceeding",
     .result = "none",
     .progress_percent = 42},
    {.at_unix_s = 1763630520,
     .execution = "closed",
     .result = "failure",
     .progress_percent = -1,
     .detail_count = 2,
     .details = details},
};

static struct update open_update(void)
{
    return (struct update){.id = 23,
                           .device = "bench-1",
                           .platform = "mps2-an386",
                           .from_version = "1.0.0",
                           .version = "1.1.0",
                           .state = UPDATE_DOWNLOADING,
                           .progress_percent = 42,
                           .created_by = "anna",
                           .created_at_unix_s = 1763630400,
                           .started_at_unix_s = 1763630430,
                           .updated_at_unix_s = 1763630460};
}

static void check_updates(void)
{
    struct update u = open_update();
    struct json_out *o = begin();
    write_update(o, NULL, &u, WRITE_BRIEF);
    golden(o, "update");
    u.from_version = NULL;
    u.state = UPDATE_FAILED;
    u.reason = "reverted-not-confirmed";
    u.updated_at_unix_s = u.closed_at_unix_s = 1763630520;
    u.event_count = 3;
    u.events = events;
    o = begin();
    write_update(o, NULL, &u, WRITE_FULL);
    golden(o, "update-failed");
    u = open_update();
    u.id = 31;
    u.device = "5C:CF:7F:16:40:EF";
    u.platform = "door-esp32-s3";
    u.state = UPDATE_SUCCEEDED;
    u.progress_percent = 100;
    u.created_by = "key:esp";
    u.plain = true;
    u.updated_at_unix_s = u.closed_at_unix_s = 1763630472;
    o = begin();
    write_update(o, NULL, &u, WRITE_BRIEF);
    golden(o, "update-plain");
}

static void check_devices(void)
{
    static const struct device_attribute attributes[] = {
        {"hw_class", "0c9a3b8e-6a3d-5d0c-9d9b-2f0f6c2f7a11"},
        {"name with \"quotes\"", "\303\244"}};
    struct device d = {.id = "bench-1",
                       .name = "Bench \"one\"",
                       .platform = "mps2-an386",
                       .channel = CHANNEL_STABLE,
                       .version = "1.0.0",
                       .target_version = "1.1.0",
                       .address = "10.0.2.15",
                       .last_seen_at_unix_s = 1763630990,
                       .registered_at_unix_s = 1763544600,
                       .has_update = true,
                       .has_heartbeat = true,
                       .update = open_update(),
                       .heartbeat = {.at_unix_s = 1763630990,
                                     .version = "1.0.0",
                                     .slot = "A",
                                     .reset_cause = "power-on",
                                     .app = "blinky",
                                     .uptime_s = 3600,
                                     .free_bytes = -1},
                       .attribute_count = 2,
                       .attributes = attributes};
    struct json_out *o = begin();
    write_device(o, NULL, &d, &now_online, WRITE_FULL);
    golden(o, "device");
    d = (struct device){.id = "fresh:2",
                        .name = "",
                        .channel = CHANNEL_BETA,
                        .address = "",
                        .registered_at_unix_s = 1763544600};
    o = begin();
    write_device(o, NULL, &d, &now_online, WRITE_BRIEF);
    golden(o, "device-new");
    d.has_last_update = true;
    d.last_update = (struct update_end){.state = UPDATE_FAILED,
                                        .version = "1.1.0",
                                        .reason = "reverted-not-confirmed",
                                        .closed_at_unix_s = 1763630520};
    o = begin();
    write_device(o, NULL, &d, &now_online, WRITE_BRIEF);
    golden(o, "device-failed");
}

/* A device that says it is stale, and why that can be. */
static void check_stale(void)
{
    struct device d = {.id = "bench-3",
                       .name = "",
                       .platform = "mps2-an386",
                       .channel = CHANNEL_STABLE,
                       .version = "1.0.0",
                       .address = "10.0.2.17",
                       .last_seen_at_unix_s = 1763630990,
                       .registered_at_unix_s = 1763544600,
                       .has_heartbeat = true,
                       .heartbeat = {.at_unix_s = 1763630990,
                                     .version = "1.0.0",
                                     .slot = "A",
                                     .uptime_s = 3600,
                                     .free_bytes = -1,
                                     .stale_since_unix_s = 1763630400},
                       .published = {"targets", 1763630100}};
    struct json_out *o = begin();
    write_device(o, NULL, &d, &now_online, WRITE_BRIEF);
    golden(o, "device-stale");
    const char *text = NULL;
    size_t len = 0;
    d.published.expires_unix_s = now_online.now_unix_s + 1;
    o = begin();
    write_device(o, NULL, &d, &now_online, WRITE_BRIEF);
    assert(json_out_end(o, &text, &len) == OTA_OK);
    assert(strstr(text, "\"why\":\"not-followed\",\"role\":null,\"expired_at\":null") != NULL);
    d.published.role = NULL;
    o = begin();
    write_device(o, NULL, &d, &now_online, WRITE_BRIEF);
    assert(json_out_end(o, &text, &len) == OTA_OK);
    assert(strstr(text, "\"why\":\"no-repository\"") != NULL);
}

static const struct artifact artifacts[] = {
    {.name = "app.bin",
     .size_bytes = 66049,
     .sha256 = {0xab, 0x01},
     .kind = ARTIFACT_MCUBOOT,
     .version = "1.1.0",
     .security_counter = 2,
     .hardware_class = {0x0c, 0x9a, 0x3b, 0x8e, 0x6a, 0x3d, 0x5d, 0x0c, 0x9d, 0x9b, 0x2f, 0x0f,
                        0x6c, 0x2f, 0x7a, 0x11},
     .key_hash = {0x11, 0x22}},
    {.name = "notes.txt", .size_bytes = 5, .sha256 = {0xcd}, .kind = ARTIFACT_FILE},
};

/* A release with all that its life can leave. */
static void check_release_life(void)
{
    static const struct artifact files[] = {
        {.name = "lamp.cdx.json",
         .size_bytes = 812,
         .sha256 = {0xcd, 0x02},
         .kind = ARTIFACT_CYCLONEDX,
         .details = "{\"spec\":\"1.5\",\"components\":2,\"subject\":\"lamp\"}"},
        {.name = "lamp.ota.bin",
         .size_bytes = 901120,
         .sha256 = {0xe5, 0x32},
         .kind = ARTIFACT_ESP,
         .chip = "ESP32-C3",
         .details = "{\"image\":\"app\",\"chip\":\"ESP32-C3\",\"segments\":5,"
                    "\"entry\":\"0x40380000\",\"flash_mode\":\"dio\",\"flash_bytes\":4194304,"
                    "\"hashed\":true,\"signed\":false,\"project\":\"lamp\","
                    "\"version\":\"2.0.0\",\"idf\":\"v5.3\",\"trailing_bytes\":0}"},
    };
    static const struct release_step steps[] = {
        {1763544600, "key:ci", "created", ""},
        {1763544660, "key:ci", "complete", ""},
        {1763548200, "ann", "released", "beta"},
        {1763548300, "ann", "changed", "minimum version 1.2.0"},
        {1763634600, "bea", "promoted", "stable"},
    };
    const struct release r = {.id = 8,
                              .platform = "lamp-esp32c3",
                              .version = "2.0.0",
                              .channel = CHANNEL_STABLE,
                              .state = RELEASE_RELEASED,
                              .notes = "",
                              .created_by = "key:ci",
                              .created_at_unix_s = 1763544600,
                              .released_at_unix_s = 1763634600,
                              .sums_signed_by = "E7620F1842B4E81F",
                              .minimum_version = "1.2.0",
                              .artifact_count = 2,
                              .expected_count = 2,
                              .artifacts = files,
                              .step_count = 5,
                              .steps = steps};
    struct json_out *o = begin();
    write_release(o, NULL, &r);
    golden(o, "release-life");
    o = begin();
    write_artifact(o, NULL, &files[1]);
    golden(o, "artifact-esp");
}

static void check_releases(void)
{
    struct release r = {.id = 7,
                        .platform = "mps2-an386",
                        .version = "1.1.0",
                        .channel = CHANNEL_STABLE,
                        .state = RELEASE_RELEASED,
                        .security_counter = 2,
                        .notes = "Blinks twice.\nSaves power.",
                        .created_by = "key:ci",
                        .created_at_unix_s = 1763544600,
                        .released_at_unix_s = 1763548200,
                        .sums_signed_by = "E7620F1842B4E81F",
                        .running_on = 3,
                        .artifact_count = 2,
                        .expected_count = 2,
                        .artifacts = artifacts};
    struct json_out *o = begin();
    write_release(o, NULL, &r);
    golden(o, "release");
    o = begin();
    write_release_event(o, &r);
    golden(o, "release-event");
    r.channel = CHANNEL_NONE;
    r.state = RELEASE_WITHDRAWN;
    r.released_at_unix_s = 0;
    r.withdrawn_reason = "Reboots at noon";
    r.notes = "";
    r.artifact_count = 0;
    r.running_on = 0;
    o = begin();
    write_release(o, NULL, &r);
    golden(o, "release-withdrawn");
    o = begin();
    write_artifact(o, NULL, &artifacts[0]);
    golden(o, "artifact");
}

static void check_platforms(void)
{
    static const char *const aliases[] = {"an386", "mps2"};
    struct manifest m;
    assert(manifest_open(test_manifest, sizeof test_manifest, test_roots, &m) == OTA_OK);
    struct platform p = {.id = 1,
                         .name = "mps2-an386",
                         .title = "Arm MPS2 AN386",
                         .aliases = {2, aliases},
                         .follow_channel = true,
                         .has_class = true,
                         .stable = "1.1.0",
                         .device_count = 12,
                         .stale_count = 2};
    memcpy(p.hardware_class, m.hardware_class, sizeof p.hardware_class);
    struct json_out *o = begin();
    write_platform(o, NULL, &p, &m);
    golden(o, "platform");
    p = (struct platform){.id = 2, .name = "esp8266", .title = "ESP8266"};
    o = begin();
    write_platform(o, NULL, &p, NULL);
    golden(o, "platform-bare");
}

static void check_access(void)
{
    static const char *const scopes[] = {"release.read", "release.upload"};
    static const char *const platforms[] = {"mps2-an386"};
    static const char *const role = "admin";
    const struct session s = {.csrf_token = "0123456789abcdef",
                              .user = {.name = "anna", .roles = {1, &role}},
                              .expires_at_unix_s = 1763674200};
    const struct api_key k = {.id = 4,
                              .name = "ci",
                              .scopes = {2, scopes},
                              .platforms = {1, platforms},
                              .created_by = "anna",
                              .created_at_unix_s = 1763544600,
                              .last_used_at_unix_s = 1763630990};
    const struct gateway g = {.id = 2,
                              .name = "hall 3",
                              .platform = "mps2-an386",
                              .created_by = "anna",
                              .created_at_unix_s = 1763544600,
                              .revoked_at_unix_s = 1763630990};
    struct json_out *o = begin();
    const struct principal anna = {.kind = PRINCIPAL_USER,
                                   .everywhere = role_rights(ROLE_ADMIN)};
    write_session(o, &s, &anna);
    golden(o, "session");
    struct role_info role_info = {.name = "admin",
                                  .title = "Administrator",
                                  .builtin = true,
                                  .rights = &anna,
                                  .user_count = 1};
    o = begin();
    write_role(o, NULL, &role_info);
    golden(o, "role");
    struct principal team = {.kind = PRINCIPAL_USER};
    assert(permission_grant(&team, role_rights(ROLE_VIEWER), 3, "esp8266"));
    assert(permission_grant(&team, permission_set_parse("device.write release.upload"), 3,
                            "esp8266"));
    assert(permission_grant(&team, role_rights(ROLE_VIEWER), 1, "mps2-an386"));
    role_info = (struct role_info){
        .name = "esp-team", .title = "ESP team", .rights = &team, .user_count = 2};
    o = begin();
    write_role(o, NULL, &role_info);
    golden(o, "role-custom");
    o = begin();
    write_api_key(o, NULL, &k);
    golden(o, "api-key");
    o = begin();
    write_gateway(o, NULL, &g);
    golden(o, "gateway");
}

static void check_audit(void)
{
    struct audit_entry e = {.seq = 87,
                            .at_unix_s = 1763630040,
                            .actor = "anna",
                            .address = "192.0.2.7",
                            .action = "release.withdraw",
                            .object = "mps2-an386 1.1.0",
                            .platform = "mps2-an386",
                            .before = "{\"state\":\"released\"}",
                            .after = "{\"state\":\"withdrawn\",\"withdrawn_reason\":"
                                     "\"loses its network\"}"};
    e.prev_hash[0] = 0x3a;
    e.hash[0] = 0x7c;
    struct json_out *o = begin();
    write_audit_entry(o, NULL, &e);
    golden(o, "audit-entry");
    o = begin();
    write_audit_head(o, NULL, &e);
    golden(o, "audit-head");
}

static void check_statistics(void)
{
    const struct update_counts n = {.succeeded = 24,
                                    .failed = 2,
                                    .cancelled = 1,
                                    .in_progress = 3,
                                    .has_duration = true,
                                    .mean_s = 141.5,
                                    .p95_s = 302};
    struct release_counts release = {.platform = "mps2-an386", .version = "1.1.0", .n = n};
    struct day_counts days[] = {{"2025-11-19", 14, 2}, {"2025-11-20", 10, 0}};
    const struct statistics s = {.all = n,
                                 .releases = &release,
                                 .release_count = 1,
                                 .days = days,
                                 .day_count = 2,
                                 .stale = 2};
    struct json_out *o = begin();
    write_statistics(o, NULL, &s);
    golden(o, "statistics");
    o = begin();
    write_statistics(o, NULL, &(struct statistics){0});
    golden(o, "statistics-none");
}

int main(void)
{
    arena_init(&arena, ARENA_REQUEST_BYTES);
    check_updates();
    check_devices();
    check_stale();
    check_releases();
    check_release_life();
    check_platforms();
    check_access();
    check_audit();
    check_statistics();
    arena_done(&arena);
    return 0;
}
