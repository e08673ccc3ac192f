/* link: otad_device_pure PkgConfig::JANSSON */
/* DDI's answers against tests/vectors/api, and the tolerance that its clients need. */
#include "golden.h"

#include "otad/device/ddi_read.h"
#include "otad/device/ddi_write.h"

static struct arena arena;
static const struct ddi_base base = {.arena = &arena,
                                     .public_url = "https://ota.example:8443",
                                     .tenant = "DEFAULT",
                                     .device_id = "bench-1"};

static struct json_out *begin(void)
{
    static struct json_out o;
    json_out_begin(&o, &arena);
    return &o;
}

static void check_sleep(void)
{
    static const struct {
        int64_t s;
        const char *text;
    } cases[] = {{300, "00:05:00"},       {1, "00:00:01"},     {0, "00:00:01"},
                 {-5, "00:00:01"},        {86399, "23:59:59"}, {86400, "23:59:59"},
                 {INT64_MAX, "23:59:59"}, {3661, "01:01:01"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[DDI_SLEEP_BYTES];
        ddi_sleep_write(cases[i].s, text);
        assert(strcmp(text, cases[i].text) == 0);
    }
}

static void check_root(void)
{
    struct fleet_poll poll = {.action = FLEET_IDLE};
    struct json_out *o = begin();
    ddi_write_root(o, &base, &poll, 300);
    golden(o, "ddi-root-idle");
    poll.installed_update_id = 22;
    o = begin();
    ddi_write_root(o, &base, &poll, 300);
    golden(o, "ddi-root-installed");
    poll = (struct fleet_poll){.action = FLEET_DEPLOYMENT,
                               .update_id = INT32_MAX,
                               .change = UINT32_MAX,
                               .config_wanted = true};
    o = begin();
    ddi_write_root(o, &base, &poll, 5);
    golden(o, "ddi-root-deployment");
    poll = (struct fleet_poll){.action = FLEET_CANCEL, .update_id = 23, .change = 9};
    o = begin();
    ddi_write_root(o, &base, &poll, 5);
    golden(o, "ddi-root-cancel");
}

static const struct artifact artifacts[] = {
    {.name = "README",
     .size_bytes = 5,
     .sha256 = {1},
     .sha1 = {2},
     .md5 = {3},
     .kind = ARTIFACT_FILE},
    {.name = "app.bin",
     .size_bytes = 66049,
     .sha256 = {0xab, 0x01},
     .sha1 = {0xbc},
     .md5 = {0xde},
     .kind = ARTIFACT_MCUBOOT},
};

static void check_deployment(void)
{
    static const char *const first[] = {"installing"}, *const second[] = {"50 %", "60 %"};
    static const struct update_event events[] = {
        {.execution = "proceeding", .detail_count = 1, .details = first},
        {.execution = "proceeding", .detail_count = 2, .details = second}};
    const struct update u = {
        .id = 23, .state = UPDATE_INSTALLING, .event_count = 2, .events = events};
    const struct release r = {.id = 7,
                              .platform = "mps2-an386",
                              .version = "1.1.0",
                              .artifact_count = 2,
                              .artifacts = artifacts};
    struct json_out *o = begin();
    ddi_write_deployment(o, &base, &u, &r, 0);
    golden(o, "ddi-deployment");
    o = begin();
    ddi_write_deployment(o, &base, &u, &r, 2);
    golden(o, "ddi-deployment-history");
    o = begin();
    ddi_write_artifacts(o, &base, &r);
    golden(o, "ddi-artifacts");
    o = begin();
    ddi_write_cancel(o, 23);
    golden(o, "ddi-cancel");
}

static ota_err read_feedback(const char *text, struct feedback *out)
{
    struct json_fault fault = {.detail = ""};
    return ddi_read_feedback(&arena, text, strlen(text), out, &fault);
}

#define STATUS(execution, result, rest)                                                        \
    "{\"id\":7,\"status\":{\"execution\":\"" execution "\",\"result\":{\"finished\":\"" result \
    "\"" rest "}}}"

static void check_feedback(void)
{
    static const char *const executions[] = {"closed",     "proceeding", "canceled",
                                             "scheduled",  "rejected",   "resumed",
                                             "downloaded", "download"};
    static const char *const results[] = {"none", "success", "failure"};
    struct feedback f;
    char text[512];
    for (unsigned e = 0; e < 8; e++) {
        for (unsigned r = 0; r < 3; r++) {
            (void)snprintf(text, sizeof text, STATUS("%s", "%s", ""), executions[e],
                           results[r]);
            assert(read_feedback(text, &f) == OTA_OK);
            assert(f.execution == execution_parse(executions[e]) && f.execution != 0);
            assert(f.result == result_parse(results[r]) && f.result != 0);
            assert(f.progress_of == 0 && f.detail_count == 0);
        }
    }
    assert(read_feedback(STATUS("proceeding", "none", ",\"progress\":{\"cnt\":3,\"of\":12}"),
                         &f) == OTA_OK);
    assert(f.progress_cnt == 3 && f.progress_of == 12);
    assert(read_feedback(STATUS("proceeding", "none", ",\"progress\":null"), &f) == OTA_OK);

    /* Shapes that real clients send. */
    assert(read_feedback("{\"id\":\"7\",\"time\":\"20260101T000000\",\"status\":{\"result\":{"
                         "\"finished\":\"none\",\"progress\":{\"cnt\":\"1\",\"of\":\"2\"}},"
                         "\"execution\":\"proceeding\",\"details\":\"one\",\"code\":200}}",
                         &f) == OTA_OK);
    assert(f.detail_count == 1 && strcmp(f.details[0], "one") == 0 && f.progress_of == 2);
    assert(read_feedback("{\"status\":{\"execution\":\"closed\",\"result\":{\"finished\":"
                         "\"success\"},\"details\":[]}}",
                         &f) == OTA_OK);
    assert(f.detail_count == 0);
    assert(read_feedback("{\"status\":{\"execution\":\"closed\",\"result\":{\"finished\":"
                         "\"success\"},\"details\":[\"\",\"b\"]},\"x\":{\"y\":[1,{}]}}",
                         &f) == OTA_OK);
    assert(f.detail_count == 2 && f.details[0][0] == '\0');

    static const char *const bad[] = {"",
                                      "{",
                                      "[]",
                                      "{}",
                                      "null",
                                      "{\"status\":{}}",
                                      "{\"status\":\"closed\"}",
                                      STATUS("closed", "maybe", ""),
                                      STATUS("finished", "none", ""),
                                      STATUS("", "none", ""),
                                      STATUS("closed", "none", "") "x"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert(read_feedback(bad[i], &f) != OTA_OK);
}

static void check_many_details(void)
{
    char *text = arena_alloc(&arena, 8192);
    struct feedback f;
    size_t at = (size_t)snprintf(text, 8192,
                                 "{\"status\":{\"execution\":\"proceeding\",\"result\":{"
                                 "\"finished\":\"none\"},\"details\":[");
    for (int i = 0; i < 500; i++)
        at += (size_t)snprintf(text + at, 8192 - at, "%s\"d%d\"", i > 0 ? "," : "", i);
    (void)snprintf(text + at, 8192 - at, "]}}");
    assert(read_feedback(text, &f) == OTA_OK && f.detail_count == FLEET_DETAILS_MAX);
}

static ota_err read_config(const char *text, struct ddi_config *out)
{
    struct json_fault fault = {.detail = ""};
    return ddi_read_config(&arena, text, strlen(text), out, &fault);
}

static void check_config(void)
{
    struct ddi_config c;
    assert(read_config("{\"data\":{\"version\":\"1.0.0\",\"gone\":null,\"n\":5}}", &c) ==
           OTA_OK);
    assert(c.mode == ATTRIBUTES_MERGE && c.count == 3);
    for (size_t i = 0; i < c.count; i++) {
        const char *want = strcmp(c.attributes[i].key, "version") == 0 ? "1.0.0"
                           : strcmp(c.attributes[i].key, "n") == 0     ? "5"
                                                                       : NULL;
        assert(want == NULL ? c.attributes[i].value == NULL
                            : strcmp(c.attributes[i].value, want) == 0);
    }
    assert(
        read_config("{\"mode\":\"replace\",\"data\":{\"a\":\"b\"},\"id\":\"\",\"time\":\"x\","
                    "\"status\":{\"result\":{\"finished\":\"success\"},\"execution\":"
                    "\"closed\",\"details\":[\"\"]}}",
                    &c) == OTA_OK);
    assert(c.mode == ATTRIBUTES_REPLACE && c.count == 1);
    assert(read_config("{\"mode\":\"remove\",\"data\":{\"a\":\"\"}}", &c) == OTA_OK);
    assert(c.mode == ATTRIBUTES_REMOVE);
    assert(read_config("{\"mode\":\"merge\"}", &c) == OTA_E_FORMAT);
    assert(read_config("{\"mode\":\"melt\",\"data\":{\"a\":\"b\"}}", &c) == OTA_E_FORMAT);
    assert(read_config("{\"data\":[]}", &c) == OTA_E_FORMAT);
    assert(read_config("{\"data\":{}}", &c) == OTA_E_FORMAT);
}

static void check_heartbeat(void)
{
    static const char *const none[] = {"{}",
                                       "{\"x\":1}",
                                       "{\"version\":{}}",
                                       "{\"uptime_s\":\"x\"}",
                                       "{\"stale\":false}",
                                       "{\"stale\":\"yes\"}",
                                       "{\"stale\":1}",
                                       "{\"stale\":null}"};
    struct json_fault fault = {.detail = ""};
    struct heartbeat h;
    const char *text =
        "{\"version\":\"1.0.0\",\"slot\":\"A\",\"uptime_s\":7,\"reset_cause\":"
        "\"watchdog\",\"free_bytes\":1024,\"address\":\"10.0.2.15\",\"app\":\"b\"}";
    assert(ddi_read_heartbeat(&arena, text, strlen(text), 99, &h, &fault) == OTA_OK);
    assert(h.at_unix_s == 99 && strcmp(h.slot, "A") == 0 && h.uptime_s == 7 &&
           h.free_bytes == 1024);
    assert(strcmp(h.reset_cause, "watchdog") == 0 && strcmp(h.address, "10.0.2.15") == 0);
    for (size_t i = 0; i < sizeof none / sizeof none[0]; i++) {
        assert(ddi_read_heartbeat(&arena, none[i], strlen(none[i]), 1, &h, &fault) == OTA_OK);
        assert(h.version == NULL && h.uptime_s == -1 && h.free_bytes == -1);
        assert(h.stale_since_unix_s == 0);
    }
    text = "{\"stale\":true}";
    assert(ddi_read_heartbeat(&arena, text, strlen(text), 99, &h, &fault) == OTA_OK);
    assert(h.stale_since_unix_s == 99);
    assert(ddi_read_heartbeat(&arena, "{", 1, 1, &h, &fault) != OTA_OK);
}

int main(void)
{
    arena_init(&arena, ARENA_REQUEST_BYTES);
    check_sleep();
    check_root();
    check_deployment();
    check_feedback();
    check_many_details();
    check_config();
    check_heartbeat();
    arena_done(&arena);
    return 0;
}
