/* link: fleet */
/* The pure rules: order of versions, what a device may take, how an update moves. */
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "otad/fleet/offer.h"
#include "otad/fleet/update_state.h"

/* ---- versions
 * --------------------------------------------------------------------------------- */

static struct version v(const char *text)
{
    struct version out;
    if (version_parse(text, &out) != OTA_OK) {
        fprintf(stderr, "not a version: %s\n", text);
        assert(false);
    }
    return out;
}

static void test_version_order(void)
{
    /* Each is lower than all behind it: SemVer 2.0.0 section 11 and more. */
    static const char *const rising[] = {
        "0.0.0-0",
        "0.0.0",
        "0.0.1",
        "0.1.0",
        "0.255.65535",
        "0.999999999.0",
        "1.0.0-0.3.7",
        "1.0.0-2",
        "1.0.0-10",
        "1.0.0--",
        "1.0.0-alpha",
        "1.0.0-alpha.1",
        "1.0.0-alpha.beta",
        "1.0.0-alpha-1",
        "1.0.0-beta",
        "1.0.0-beta.2",
        "1.0.0-beta.11",
        "1.0.0-rc.1",
        "1.0.0-x.7.z.92",
        "1.0.0",
        "1.0.1",
        "1.2.0",
        "1.10.0",
        "2.0.0",
        "256.0.0",
    };
    enum { COUNT = sizeof rising / sizeof rising[0] };
    for (int i = 0; i < COUNT; i++) {
        for (int j = 0; j < COUNT; j++) {
            const struct version a = v(rising[i]), b = v(rising[j]);
            const int order = version_compare(&a, &b);
            if (order != (i > j) - (i < j)) {
                fprintf(stderr, "%s and %s: %d\n", rising[i], rising[j], order);
                assert(false);
            }
        }
    }
    const struct version plain = v("1.2.3"), built = v("1.2.3+b.7"), unknown = version_of(NULL);
    assert(version_compare(&plain, &built) == 0);
    assert(version_compare(&unknown, &plain) == -1 && unknown.len == 0);
    assert(version_compare(&unknown, &unknown) == 0);
}

static void test_version_refused(void)
{
    static const char *const bad[] = {
        "",
        "1",
        "1.2",
        "1.2.",
        "1.2.3.4",
        "01.2.3",
        "1.02.3",
        "1.2.03",
        "v1.2.3",
        "1.2.3-",
        "1.2.3+",
        "1.2.3-a..b",
        "1.2.3-01",
        "1.2.3-a.",
        "1.2.3 ",
        " 1.2.3",
        "-1.2.3",
        "1.2.3-a_b",
        "1.2.3+a_b",
        "1.2.3+a..b",
        "1000000000.0.0",
        "1.2.3-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        "1.2.3+-b+c",
        "1.2.3+b\n",
    };
    struct version out;
    memset(&out, 0x5a, sizeof out);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        if (version_parse(bad[i], &out) != OTA_E_FORMAT) {
            fprintf(stderr, "taken for a version: '%s'\n", bad[i]);
            assert(false);
        }
        assert(version_of(bad[i]).len == 0);
    }
    assert(out.len == 0x5a);
    /* The longest keys fit. */
    assert(v("999999999.999999999.999999999-a.b.c.d.e.f.g.h.i.j.k.l.m.n.o.pp").len <= 64);
    assert(v("1.2.3-1.2.3.4.5.6.7.8.9.0.1.2.3.4.5.66").len <= 64);
    char longest[VERSION_TEXT_MAX + 2] = "1.2.3+";
    memset(longest + 6, 'b', VERSION_TEXT_MAX - 6);
    assert(v(longest).len == 13);
    longest[VERSION_TEXT_MAX] = 'b';
    assert(version_parse(longest, &out) == OTA_E_FORMAT);
}

/* ---- offers
 * ----------------------------------------------------------------------------------- */

static const char *const version_text[] = {NULL, "1.0.0-rc.1", "1.0.0", "1.1.0"};
enum { VERSIONS = 4, COUNTERS = 3 };

/* The rule once more, in other words: what is offered must be all of this. */
static bool may(const struct offer_device *d, const struct offer_release *r)
{
    const bool on_channel = r->state == RELEASE_RELEASED &&
                            (r->channel == CHANNEL_STABLE || d->channel == CHANNEL_BETA);
    const bool known = d->version.len > 0 || d->unknown_takes;
    const bool higher = d->version.len == 0 || version_compare(&r->version, &d->version) > 0;
    return on_channel && known && higher && r->security_counter >= d->security_counter &&
           r->id != d->skip_release_id;
}

static void check_verdicts(const struct offer_device *d, const struct offer_release *r)
{
    assert((offer_verdict_channel(d, r) == OFFER_TAKE) == may(d, r));
    const enum offer_verdict by_hand = offer_verdict_assigned(d, r);
    if (r->state == RELEASE_DRAFT)
        assert(by_hand == OFFER_INCOMPLETE);
    else if (r->state == RELEASE_WITHDRAWN)
        assert(by_hand == OFFER_WITHDRAWN);
    else if (d->version.len > 0 && version_compare(&r->version, &d->version) == 0)
        assert(by_hand == OFFER_SAME_VERSION);
    else if (d->version.len > 0 && version_compare(&r->version, &d->version) < 0)
        assert(by_hand == OFFER_VERSION_TOO_LOW);
    else if (r->security_counter < d->security_counter)
        assert(by_hand == OFFER_COUNTER_TOO_LOW);
    else
        assert(by_hand == OFFER_TAKE);
}

/* Release number n of all there can be, by mixed radix: state, channel, version, counter. */
enum { RELEASES = 4 * 2 * (VERSIONS - 1) * COUNTERS };
static struct offer_release release_at(int n, int64_t id)
{
    struct offer_release r = {.id = id};
    r.state = (enum release_state)(1 + n % 4);
    n /= 4;
    r.channel = (enum channel)(1 + n % 2);
    n /= 2;
    if (r.state == RELEASE_DRAFT || r.state == RELEASE_COMPLETE)
        r.channel = CHANNEL_NONE;
    r.version = v(version_text[1 + n % (VERSIONS - 1)]);
    n /= VERSIONS - 1;
    r.security_counter = (uint32_t)n;
    return r;
}

static long check_pair(const struct offer_device *d, const struct offer_release two[2])
{
    const long got = fleet_offer(d, two, 2);
    assert(got >= -1 && got < 2);
    if (got >= 0)
        assert(may(d, &two[got]));
    /* Never a lower one than the highest that it sees, and the highest whenever it may. */
    const long top = fleet_newest_seen(d, two, 2);
    if (top >= 0 && may(d, &two[top]))
        assert(got == top);
    else
        assert(got == -1);
    for (int i = 0; i < 2 && top >= 0; i++) {
        const bool seen = two[i].state == RELEASE_RELEASED &&
                          (two[i].channel == CHANNEL_STABLE || d->channel == CHANNEL_BETA);
        assert(!seen || version_compare(&two[i].version, &two[top].version) <= 0);
    }
    /* The order of the rows does not matter. */
    const struct offer_release turned[2] = {two[1], two[0]};
    const long other = fleet_offer(d, turned, 2);
    assert((got < 0) == (other < 0) && (got < 0 || two[got].id == turned[other].id));
    return got;
}

static void test_offer_exhaustively(void)
{
    static struct offer_release first[RELEASES], second[RELEASES];
    long offered = 0, cases = 0;
    for (int i = 0; i < RELEASES; i++) {
        first[i] = release_at(i, 1);
        second[i] = release_at(i, 2);
    }
    for (int n = 0; n < 2 * VERSIONS * COUNTERS * 3 * 2; n++) {
        int m = n;
        struct offer_device d = {.channel = (enum channel)(1 + m % 2)};
        m /= 2;
        d.version = version_of(version_text[m % VERSIONS]);
        m /= VERSIONS;
        d.security_counter = (uint32_t)(m % COUNTERS);
        m /= COUNTERS;
        d.skip_release_id = m % 3;
        d.unknown_takes = m / 3 == 1;
        assert(fleet_offer(&d, NULL, 0) == -1);
        for (int i = 0; i < RELEASES; i++) {
            check_verdicts(&d, &first[i]);
            for (int j = 0; j < RELEASES; j++) {
                const struct offer_release two[2] = {first[i], second[j]};
                offered += check_pair(&d, two) >= 0;
                cases++;
            }
        }
    }
    assert(cases == 746496 && offered > 10000 && offered < cases / 2);
}

/* Stepping stones: whatever minimum each of three releases has, what is offered is the highest
 * that what runs may be replaced by, and by hand only a minimum stands in the way. */
static void test_minimum_exhaustively(void)
{
    static const char *const text[] = {"0.9.0", "1.0.0", "1.1.0", "2.0.0"};
    struct offer_release r[3];
    for (int n = 0; n < 5 * 5 * 5 * 5; n++) {
        int m = n;
        const int runs = m % 5 - 1; /* -1: unknown */
        const struct offer_device d = {.channel = CHANNEL_STABLE,
                                       .version = version_of(runs < 0 ? NULL : text[runs]),
                                       .unknown_takes = true};
        long want = -1;
        for (int i = 0; i < 3; i++) {
            m /= 5;
            const int minimum = m % 5 - 1;
            r[i] = (struct offer_release){
                .id = i + 1,
                .state = RELEASE_RELEASED,
                .channel = CHANNEL_STABLE,
                .version = v(text[i + 1]),
                .minimum = version_of(minimum < 0 ? NULL : text[minimum]),
            };
            const bool below = runs >= 0 && minimum > runs;
            assert(offer_is_below_minimum(&d, &r[i]) == below);
            if (!below && i + 1 > runs)
                want = i;
            const enum offer_verdict by_hand = offer_verdict_assigned(&d, &r[i]);
            assert((by_hand == OFFER_BELOW_MINIMUM) == (below && i + 1 > runs));
        }
        assert(fleet_offer(&d, r, 3) == want);
    }
    /* One that failed here is not replaced by a lower one. */
    struct offer_device d = {.version = v("1.0.0"), .skip_release_id = 2};
    d.channel = CHANNEL_STABLE;
    r[1].minimum = v("1.0.0");
    r[2].minimum = v("1.1.0");
    assert(fleet_offer(&d, r, 3) == -1 && fleet_newest_seen(&d, r, 3) == 1);
}

/* ---- states
 * ----------------------------------------------------------------------------------- */

static void test_states_exhaustively(void)
{
    int moved = 0;
    for (int s = UPDATE_PENDING; s <= UPDATE_CANCELLED; s++) {
        for (int e = 0; e <= EXECUTION_DOWNLOAD + 1; e++) {
            for (int r = RESULT_NONE; r <= RESULT_FAILURE; r++) {
                for (int of = 0; of <= 10; of += 10) {
                    const struct feedback f = {.execution = (enum execution)e,
                                               .result = (enum result)r,
                                               .progress_cnt = 5,
                                               .progress_of = of};
                    const enum update_state now = (enum update_state)s;
                    const enum update_state next = update_state_next(now, &f);
                    const enum update_state back =
                        update_state_next_cancel(now, UPDATE_INSTALLING, &f);
                    assert(next >= UPDATE_PENDING && next <= UPDATE_CANCELLED);
                    if (!update_state_is_open(now))
                        assert(next == now && back == now);
                    /* Only a word of closing closes, and it always does. */
                    if (update_state_is_open(now))
                        assert(update_state_is_open(next) ==
                               !(e == EXECUTION_CLOSED ||
                                 (e == EXECUTION_CANCELED && now == UPDATE_CANCELLING)));
                    /* Nothing but the device's consent ends a cancellation. */
                    if (now == UPDATE_CANCELLING)
                        assert(next == now || !update_state_is_open(next));
                    else
                        assert(back == now && next != UPDATE_CANCELLING);
                    /* What the device has fetched never counts as untouched again. */
                    assert(next != UPDATE_PENDING);
                    moved += next != now;
                }
            }
        }
    }
    assert(moved > 100);
}

static enum update_state next(enum update_state now, enum execution e, enum result r,
                              int64_t of)
{
    const struct feedback f = {
        .execution = e, .result = r, .progress_cnt = 1, .progress_of = of};
    return update_state_next(now, &f);
}

static void test_states_by_name(void)
{
    assert(next(UPDATE_RETRIEVED, EXECUTION_DOWNLOAD, RESULT_NONE, 0) == UPDATE_DOWNLOADING);
    assert(next(UPDATE_RETRIEVED, EXECUTION_PROCEEDING, RESULT_NONE, 9) == UPDATE_DOWNLOADING);
    assert(next(UPDATE_RETRIEVED, EXECUTION_PROCEEDING, RESULT_NONE, 0) == UPDATE_RETRIEVED);
    assert(next(UPDATE_DOWNLOADING, EXECUTION_DOWNLOADED, RESULT_NONE, 0) == UPDATE_DOWNLOADED);
    assert(next(UPDATE_DOWNLOADED, EXECUTION_PROCEEDING, RESULT_NONE, 0) == UPDATE_INSTALLING);
    assert(next(UPDATE_INSTALLING, EXECUTION_CLOSED, RESULT_NONE, 0) == UPDATE_SUCCEEDED);
    assert(next(UPDATE_INSTALLING, EXECUTION_CLOSED, RESULT_SUCCESS, 0) == UPDATE_SUCCEEDED);
    assert(next(UPDATE_INSTALLING, EXECUTION_CLOSED, RESULT_FAILURE, 0) == UPDATE_FAILED);
    assert(next(UPDATE_CANCELLING, EXECUTION_CLOSED, RESULT_SUCCESS, 0) == UPDATE_SUCCEEDED);
    assert(next(UPDATE_CANCELLING, EXECUTION_CANCELED, RESULT_NONE, 0) == UPDATE_CANCELLED);
    assert(next(UPDATE_INSTALLING, EXECUTION_REJECTED, RESULT_NONE, 0) == UPDATE_INSTALLING);
    struct feedback f = {.execution = EXECUTION_CLOSED, .result = RESULT_FAILURE};
    assert(update_state_next_cancel(UPDATE_CANCELLING, UPDATE_DOWNLOADED, &f) ==
           UPDATE_DOWNLOADED);
    f.result = RESULT_SUCCESS;
    assert(update_state_next_cancel(UPDATE_CANCELLING, UPDATE_DOWNLOADED, &f) ==
           UPDATE_CANCELLED);
    f.execution = EXECUTION_REJECTED;
    assert(update_state_next_cancel(UPDATE_CANCELLING, UPDATE_RETRIEVED, &f) ==
           UPDATE_RETRIEVED);
}

static int32_t percent(int64_t cnt, int64_t of)
{
    const struct feedback f = {.progress_cnt = cnt, .progress_of = of};
    return feedback_percent(&f);
}

static void test_percent(void)
{
    assert(percent(0, 0) == -1 && percent(1, 0) == -1 && percent(-1, 5) == -1);
    assert(percent(1, -5) == -1 && percent(0, 5) == 0 && percent(5, 5) == 100);
    assert(percent(9, 5) == 100 && percent(50, 150) == 33 && percent(149, 150) == 99);
    assert(percent(INT64_MAX - 1, INT64_MAX) == 99 && percent(INT64_MAX / 2, INT64_MAX) == 50);
}

static void test_words(void)
{
    for (int s = UPDATE_PENDING; s <= UPDATE_CANCELLED; s++)
        assert(update_state_parse(update_state_name((enum update_state)s)) ==
               (enum update_state)s);
    for (int e = EXECUTION_CLOSED; e <= EXECUTION_DOWNLOAD; e++)
        assert(execution_parse(execution_name((enum execution)e)) == (enum execution)e);
    for (int s = RELEASE_DRAFT; s <= RELEASE_WITHDRAWN; s++)
        assert(release_state_parse(release_state_name((enum release_state)s)) ==
               (enum release_state)s);
    enum device_state state = DEVICE_OFFLINE;
    assert(device_state_parse("never", &state) && state == DEVICE_NEVER);
    assert(!device_state_parse("gone", &state) && !device_state_parse("", &state));
    assert(channel_parse("beta") == CHANNEL_BETA && channel_parse("Beta") == CHANNEL_NONE);
    assert(channel_name(CHANNEL_NONE) == NULL && channel_parse(NULL) == CHANNEL_NONE);
    assert(execution_parse("") == 0 && result_parse("success ") == 0);
    const struct device_lateness lateness = {60, 600};
    assert(device_state_at(0, 1000, lateness) == DEVICE_NEVER);
    assert(device_state_at(940, 1000, lateness) == DEVICE_ONLINE);
    assert(device_state_at(939, 1000, lateness) == DEVICE_LATE);
    assert(device_state_at(400, 1000, lateness) == DEVICE_LATE);
    assert(device_state_at(399, 1000, lateness) == DEVICE_OFFLINE);
}

/* What a platform's repository says of a release binds its channel and whoever assigns. */
static void test_listed(void)
{
    const enum channel channels[] = {CHANNEL_STABLE, CHANNEL_BETA};
    for (int i = 0; i < 16; i++) {
        const struct offer_device d = {.channel = channels[i & 1], .version = v("1.0.0")};
        const struct offer_release r = {.id = 7,
                                        .state = RELEASE_RELEASED,
                                        .channel = channels[i >> 1 & 1],
                                        .version = v("1.1.0"),
                                        .barred = (i & 4) != 0,
                                        .beta_alone = (i & 8) != 0};
        const bool vouched = !r.barred && (!r.beta_alone || d.channel == CHANNEL_BETA);
        const bool sees = vouched && (r.channel == CHANNEL_STABLE || d.channel == CHANNEL_BETA);
        assert((fleet_newest_seen(&d, &r, 1) == 0) == sees);
        assert((fleet_offer(&d, &r, 1) == 0) == sees);
        assert(offer_verdict_assigned(&d, &r) == (r.barred  ? OFFER_NOT_IN_TARGETS
                                                  : vouched ? OFFER_TAKE
                                                            : OFFER_OTHER_CHANNEL));
    }
}

int main(void)
{
    test_version_order();
    test_version_refused();
    test_offer_exhaustively();
    test_listed();
    test_minimum_exhaustively();
    test_states_exhaustively();
    test_states_by_name();
    test_percent();
    test_words();
    puts("fleet rules: versions, offers, states");
    return 0;
}
