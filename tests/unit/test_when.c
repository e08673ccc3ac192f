/* link: otad_api_pure */
/* Days and times in queries. */
#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "otad/api/when.h"

static int64_t from(const char *text)
{
    int64_t t = -1;
    assert(when_parse(text, WHEN_FROM, &t));
    return t;
}

static void test_good(void)
{
    int64_t t = 0;
    assert(from("1970-01-01") == 0);
    assert(from("2026-11-20") == 1795132800);
    assert(from("2026-11-20T09:30:53Z") == 1795132800 + 9 * 3600 + 30 * 60 + 53);
    assert(when_parse("2026-11-20", WHEN_TO, &t) && t == 1795132800 + 86400);
    assert(when_parse("2026-11-20T00:00:00Z", WHEN_TO, &t) && t == 1795132800);
    assert(from("2024-02-29") - from("2024-02-28") == 86400);
    assert(from("2000-02-29") != 0);
}

static void test_bad(void)
{
    static const char *const bad[] = {"",
                                      "x",
                                      "2026",
                                      "2026-11-2",
                                      "2026-11-200",
                                      "2026-13-01",
                                      "2026-00-01",
                                      "2026-01-00",
                                      "2026-04-31",
                                      "2023-02-29",
                                      "2100-02-29",
                                      "1969-12-31",
                                      "2026/11/20",
                                      "2026-11-20T24:00:00Z",
                                      "2026-11-20T10:60:00Z",
                                      "2026-11-20T10:00:60Z",
                                      "2026-11-20T10:00:00",
                                      "2026-11-20 10:00:00Z",
                                      "2026-11-20T10:00:00+01:00",
                                      "-026-11-20"};
    int64_t t = 7;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert(!when_parse(bad[i], WHEN_FROM, &t) && t == 7);
}

/* Every day of eight centuries, against the C library. */
static void test_every_day(void)
{
    enum { DAYS = 292000 };
    for (int64_t day = 0; day < DAYS; day++) {
        const time_t t = (time_t)(day * 86400);
        struct tm tm;
        char text[32];
        assert(gmtime_r(&t, &tm) != NULL);
        (void)snprintf(text, sizeof text, "%04d-%02d-%02d", tm.tm_year + 1900, tm.tm_mon + 1,
                       tm.tm_mday);
        assert(from(text) == t);
    }
}

int main(void)
{
    test_good();
    test_bad();
    test_every_day();
    return 0;
}
