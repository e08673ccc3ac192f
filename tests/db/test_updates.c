/* Updates: what may be assigned, how feedback moves them, repetition, cancellation. */
#include <string.h>

#include "make.h"

static struct kit k;

static bool why_is(const char *name)
{
    return strcmp(db_why_name(k.scope.why), name) == 0;
}

static struct feedback feedback(enum execution e, enum result r, int64_t cnt, int64_t of)
{
    return (struct feedback){
        .execution = e, .result = r, .progress_cnt = cnt, .progress_of = of};
}

static void refused(const char *device, const char *version, const char *why)
{
    struct update out;
    IS(db_update_create(&k.scope, device, version, &out), OTA_E_CONFLICT);
    if (!why_is(why)) {
        fprintf(stderr, "%s to %s: %s, not %s\n", device, version, db_why_name(k.scope.why),
                why);
        abort();
    }
}

static void test_assignment(void)
{
    struct update u, again;
    struct release release;
    const struct release_new draft = make_release_new("m4", "3.0.0", 9);
    make_device(&k, "a", "m4", "1.0.0");
    OK(db_release_create(&k.scope, &draft, &release));
    make_complete(&k, "m4", "1.0.1", 4);
    IS(db_update_create(&k.scope, "none", "1.1.0", &u), OTA_E_NOT_FOUND);
    IS(db_update_create(&k.scope, "a", "7.0.0", &u), OTA_E_NOT_FOUND);
    refused("a", "1.0.0", "same-version");
    refused("a", "3.0.0", "incomplete");
    (void)kit_sql(&k, "UPDATE device SET security_counter = 5");
    refused("a", "1.0.1", "counter-too-low");
    OK(db_update_create(&k.scope, "a", "1.1.0", &u));
    assert(u.id >= 11 && u.state == UPDATE_PENDING && strcmp(u.from_version, "1.0.0") == 0);
    assert(strcmp(u.created_by, "tester") == 0 && u.event_count == 1);
    assert(strcmp(u.events[0].execution, "created") == 0);
    refused("a", "1.1.0", "update-in-progress");
    struct device d;
    OK(db_device_get(&k.scope, "a", &d));
    assert(d.has_update && d.update.id == u.id && strcmp(d.target_version, "1.1.0") == 0);
    assert(!d.has_last_update);
    IS(db_device_patch(&k.scope, "a", &(struct device_patch){.platform = "esp8266"}, &d),
       OTA_E_CONFLICT);
    assert(why_is("update-in-progress"));
    OK(db_update_get(&k.scope, u.id, &again));
    assert(again.id == u.id);
    IS(db_update_get(&k.scope, 1, &again), OTA_E_NOT_FOUND);
}

static int32_t open_update(const char *device)
{
    struct device d;
    OK(db_device_get(&k.scope, device, &d));
    return d.has_update ? d.update.id : 0;
}

static void test_success(void)
{
    const int32_t id = open_update("a");
    struct update u;
    OK(db_update_retrieved(&k.scope, "a", id, &u));
    OK(db_update_retrieved(&k.scope, "a", id, &u));
    assert(u.state == UPDATE_RETRIEVED && u.event_count == 2);
    struct feedback f = feedback(EXECUTION_DOWNLOAD, RESULT_NONE, 1, 4);
    OK(db_update_feedback(&k.scope, "a", id, &f, &u));
    assert(u.state == UPDATE_DOWNLOADING && u.progress_percent == 25);
    OK(db_update_feedback(&k.scope, "a", id, &f, &u));
    assert(u.event_count == 3); /* the same again */
    f = feedback(EXECUTION_DOWNLOADED, RESULT_NONE, 4, 4);
    OK(db_update_feedback(&k.scope, "a", id, &f, &u));
    assert(u.state == UPDATE_DOWNLOADED && u.progress_percent == 100);
    f = feedback(EXECUTION_PROCEEDING, RESULT_NONE, 0, 0);
    OK(db_update_feedback(&k.scope, "a", id, &f, &u));
    assert(u.state == UPDATE_INSTALLING && u.events[4].progress_percent == -1);
    const char *const details[] = {"rebooted\n\x1f into B", "", "third"};
    f = feedback(EXECUTION_CLOSED, RESULT_SUCCESS, 0, 0);
    f.detail_count = 3;
    f.details = details;
    IS(db_update_feedback(&k.scope, "b", id, &f, &u), OTA_E_NOT_FOUND);
    OK(db_update_feedback(&k.scope, "a", id, &f, &u));
    assert(u.state == UPDATE_SUCCEEDED && u.progress_percent == 100 && u.closed_at_unix_s > 0);
    const struct update_event *last = &u.events[u.event_count - 1];
    assert(last->detail_count == 3 && strcmp(last->details[0], "rebooted   into B") == 0);
    assert(last->details[1][0] == '\0' && strcmp(last->details[2], "third") == 0);
    const size_t events = u.event_count;
    OK(db_update_feedback(&k.scope, "a", id, &f, &u)); /* its answer was lost */
    assert(u.event_count == events);
    f.result = RESULT_FAILURE;
    IS(db_update_feedback(&k.scope, "a", id, &f, &u), OTA_E_CONFLICT);
    assert(why_is("closed"));
    IS(db_update_retrieved(&k.scope, "a", id, &u), OTA_E_CONFLICT);
    IS(db_update_cancel(&k.scope, id, &u), OTA_E_CONFLICT);
    struct device d;
    OK(db_device_get(&k.scope, "a", &d));
    assert(!d.has_update && strcmp(d.version, "1.1.0") == 0);
    assert(d.has_last_update && d.last_update.state == UPDATE_SUCCEEDED);
    assert(strcmp(d.last_update.version, "1.1.0") == 0 && d.last_update.reason == NULL);
    assert(d.last_update.closed_at_unix_s == u.closed_at_unix_s);
    assert(kit_sql(&k, "SELECT installed_update_id FROM device WHERE device_id = 'a'") == id);
    assert(kit_sql(&k, "SELECT security_counter FROM device WHERE device_id = 'a' AND "
                       "config_wanted AND skip_release_id IS NULL") == 6);
    refused("a", "1.0.1", "version-too-low");
    refused("a", "1.1.0", "same-version");
}

static void test_failure(void)
{
    const char *const details[] = {"reverted-crashed", "more"};
    struct update u;
    make_device(&k, "f", "m4", "1.0.0");
    OK(db_update_create(&k.scope, "f", "1.1.0", &u));
    struct feedback f = feedback(EXECUTION_CLOSED, RESULT_FAILURE, 0, 0);
    f.detail_count = 2;
    f.details = details;
    OK(db_update_feedback(&k.scope, "f", u.id, &f, &u));
    assert(u.state == UPDATE_FAILED && strcmp(u.reason, "reverted-crashed") == 0);
    struct device d;
    OK(db_device_get(&k.scope, "f", &d));
    assert(strcmp(d.version, "1.0.0") == 0 && !d.has_update);
    assert(d.has_last_update && d.last_update.state == UPDATE_FAILED);
    assert(strcmp(d.last_update.reason, "reverted-crashed") == 0);
    assert(kit_sql(&k, "SELECT count(installed_update_id) FROM device WHERE device_id = 'f'") ==
           0);
    assert(kit_sql(&k,
                   "SELECT count(*) FROM device d JOIN release r ON r.release_id = "
                   "d.skip_release_id WHERE d.device_id = 'f' AND r.version = '1.1.0'") == 1);
    /* By itself it is not offered again; a person may. */
    struct update offered;
    IS(db_update_offer(&k.scope, d.no, u.release_id, &offered), OTA_E_CONFLICT);
    assert(why_is("not-offered"));
    OK(db_update_create(&k.scope, "f", "1.1.0", &u));
}

static void test_offer(void)
{
    struct update u, again;
    struct device d;
    struct release r;
    make_device(&k, "o", "m4", "1.0.0");
    OK(db_device_get(&k.scope, "o", &d));
    OK(db_release_get(&k.scope, "m4", "1.1.0", &r));
    OK(db_update_offer(&k.scope, d.no, r.id, &u));
    OK(db_update_offer(&k.scope, d.no, r.id, &again));
    assert(again.id == u.id);
    OK(db_release_get(&k.scope, "m4", "1.0.1", &r));
    make_device(&k, "o2", "m4", "1.0.0");
    OK(db_device_get(&k.scope, "o2", &d));
    IS(db_update_offer(&k.scope, d.no, r.id, &u), OTA_E_CONFLICT);
    IS(db_update_offer(&k.scope, 12345, r.id, &u), OTA_E_NOT_FOUND);
}

static void test_cancel(void)
{
    struct update u;
    struct feedback f = feedback(EXECUTION_CLOSED, RESULT_FAILURE, 0, 0);
    make_device(&k, "c", "m4", "1.0.0");
    OK(db_update_create(&k.scope, "c", "1.1.0", &u));
    IS(db_update_cancel_feedback(&k.scope, "c", u.id, &f, &u), OTA_E_CONFLICT);
    OK(db_update_cancel(&k.scope, u.id, &u)); /* nobody knows of it yet */
    assert(u.state == UPDATE_CANCELLED && open_update("c") == 0);
    OK(db_update_create(&k.scope, "c", "1.1.0", &u));
    const int32_t id = u.id;
    OK(db_update_retrieved(&k.scope, "c", id, &u));
    OK(db_update_cancel(&k.scope, id, &u));
    OK(db_update_cancel(&k.scope, id, &u));
    assert(u.state == UPDATE_CANCELLING);
    OK(db_update_cancel_feedback(&k.scope, "c", id, &f, &u)); /* it will not */
    assert(u.state == UPDATE_RETRIEVED);
    OK(db_update_cancel(&k.scope, id, &u));
    f = feedback(EXECUTION_CLOSED, RESULT_SUCCESS, 0, 0);
    OK(db_update_cancel_feedback(&k.scope, "c", id, &f, &u));
    assert(u.state == UPDATE_CANCELLED);
    const size_t events = u.event_count;
    OK(db_update_cancel_feedback(&k.scope, "c", id, &f, &u));
    assert(u.event_count == events);
    f.execution = EXECUTION_PROCEEDING;
    IS(db_update_feedback(&k.scope, "c", id, &f, &u), OTA_E_CONFLICT);
    IS(db_update_cancel(&k.scope, 1, &u), OTA_E_NOT_FOUND);
    /* Finished before it could be cancelled. */
    OK(db_update_create(&k.scope, "c", "1.1.0", &u));
    OK(db_update_retrieved(&k.scope, "c", u.id, &u));
    OK(db_update_cancel(&k.scope, u.id, &u));
    f = feedback(EXECUTION_CLOSED, RESULT_SUCCESS, 0, 0);
    OK(db_update_feedback(&k.scope, "c", u.id, &f, &u));
    assert(u.state == UPDATE_SUCCEEDED);
}

static void test_withdrawn_release(void)
{
    struct update u;
    struct release r;
    make_complete(&k, "m4", "2.0.0", 9);
    make_device(&k, "w1", "m4", "1.0.0");
    make_device(&k, "w2", "m4", "1.0.0");
    OK(db_update_create(&k.scope, "w1", "2.0.0", &u));
    const int32_t pending = u.id;
    OK(db_update_create(&k.scope, "w2", "2.0.0", &u));
    const int32_t begun = u.id;
    OK(db_update_retrieved(&k.scope, "w2", begun, &u));
    const int64_t changes = kit_sql(&k, "SELECT change_seq FROM tenant_clock");
    OK(db_release_withdraw(&k.scope, "m4", "2.0.0", "bad", &r));
    assert(kit_sql(&k, "SELECT change_seq FROM tenant_clock") == changes + 3);
    OK(db_update_get(&k.scope, pending, &u));
    assert(u.state == UPDATE_CANCELLED && strcmp(u.reason, "withdrawn") == 0);
    OK(db_update_get(&k.scope, begun, &u));
    assert(u.state == UPDATE_CANCELLING);
    assert(strcmp(u.events[u.event_count - 1].execution, "withdrawn") == 0);
    refused("w1", "2.0.0", "withdrawn");
}

static void test_pages(void)
{
    struct update *list = NULL, u;
    size_t count = 0, open = 0;
    OK(db_update_list_device(&k.scope, "c", &(struct db_page){.limit = 2}, &list, &count));
    assert(count == 2 && list[0].id > list[1].id);
    assert(list[0].event_count >= 3 && list[1].event_count >= 4);
    assert(strcmp(list[1].events[0].execution, "created") == 0);
    OK(db_update_list_device(
        &k.scope, "c", &(struct db_page){.limit = 9, .after_id = list[1].id}, &list, &count));
    assert(count == 1 && list[0].state == UPDATE_CANCELLED);
    IS(db_update_list_device(&k.scope, "?", &(struct db_page){.limit = 2}, &list, &count),
       OTA_E_NOT_FOUND);
    OK(db_update_list(&k.scope, &(struct update_filter){0}, &(struct db_page){.limit = 200},
                      &list, &count));
    for (size_t i = 0; i < count; i++)
        open += update_state_is_open(list[i].state);
    assert(count > open && open >= 3);
    const size_t all = count;
    OK(db_update_list(&k.scope, &(struct update_filter){.open_only = true},
                      &(struct db_page){.limit = 200}, &list, &count));
    assert(count == open);
    OK(db_update_list(&k.scope, &(struct update_filter){.platform = "m4"},
                      &(struct db_page){.limit = 200}, &list, &count));
    assert(count == all);
    OK(db_update_list(&k.scope,
                      &(struct update_filter){.open_only = true, .platform = "esp8266"},
                      &(struct db_page){.limit = 9}, &list, &count));
    assert(count == 0);
    OK(db_update_list(&k.scope, &(struct update_filter){.open_only = true, .platform = "m4"},
                      &(struct db_page){.limit = 1}, &list, &count));
    assert(count == 1);
    OK(db_update_get(&k.scope, list[0].id, &u));
    assert(update_state_is_open(u.state));
}

static void test_history_is_bounded(void)
{
    struct update u;
    make_device(&k, "h", "m4", "1.0.0");
    OK(db_update_create(&k.scope, "h", "1.1.0", &u));
    (void)kit_sql(
        &k, "INSERT INTO update_event (tenant_id, update_id, event_no, execution, result, "
            "progress_percent, details, of_cancel) SELECT 1, u.update_id, n, 'proceeding', "
            "'none', n % 100, '{}', false FROM device_update u JOIN device d USING "
            "(tenant_id, device_no), generate_series(2, 998) n WHERE d.device_id = 'h'");
    for (int i = 0; i < 4; i++) {
        const struct feedback f = feedback(EXECUTION_PROCEEDING, RESULT_NONE, i, 100);
        OK(db_update_feedback(&k.scope, "h", u.id, &f, &u));
        assert(u.event_count == 999 && u.progress_percent == i);
        kit_forget(&k);
    }
    const struct feedback f = feedback(EXECUTION_CLOSED, RESULT_SUCCESS, 0, 0);
    OK(db_update_feedback(&k.scope, "h", u.id, &f, &u));
    assert(u.event_count == 1000 && u.state == UPDATE_SUCCEEDED);
    OK(db_update_feedback(&k.scope, "h", u.id, &f, &u));
}

static void test_ids(void)
{
    /* Ids that old DDI clients misread are skipped: one digit, or one and zeros. */
    assert(kit_sql(&k, "SELECT count(*) FROM device_update WHERE update_id::text ~ "
                       "'^[0-9]0*$'") == 0);
    (void)kit_sql(&k, "SELECT setval('update_id_seq', 99999, false)");
    assert(kit_sql(&k, "SELECT next_update_id()") == 99999);
    assert(kit_sql(&k, "SELECT next_update_id()") == 100001);
}

int main(void)
{
    kit_open(&k, "updates");
    make_platform(&k, "m4", true);
    make_platform(&k, "esp8266", true);
    make_complete(&k, "m4", "1.0.0", 5);
    make_complete(&k, "m4", "1.1.0", 6);
    test_assignment();
    struct release r;
    OK(db_release_release(&k.scope, "m4", "1.1.0", CHANNEL_STABLE, &r));
    test_success();
    test_failure();
    test_offer();
    test_cancel();
    test_withdrawn_release();
    test_pages();
    test_history_is_bounded();
    test_ids();
    kit_close(&k);
    puts("updates: assigned, offered, reported, cancelled, withdrawn");
    return 0;
}
