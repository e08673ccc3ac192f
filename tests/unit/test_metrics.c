/* link: otad_base */
#include "otad/metrics.h"

#include <assert.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "otad/process.h"

static struct arena arena;

static const char *text_of(struct metrics_out *o)
{
    const char *text = NULL;
    size_t len = 0;

    assert(metrics_end(o, &text, &len) == OTA_OK);
    assert(strlen(text) == len);
    return text;
}

static void test_families(void)
{
    const struct metric_label label[] = {{"a", "x"}, {"b", "q\"\\\n{},="}};
    struct metrics_out o;

    arena_init(&arena, ARENA_REQUEST_BYTES);
    metrics_begin(&o, &arena);
    metrics_family(&o, METRIC_COUNTER, "n_total", "one\\two\nthree \"four\"");
    metrics_sample(&o, label, 2, UINT64_MAX);
    metrics_sample(&o, label, 1, 0);
    metrics_one(&o, METRIC_GAUGE, "g", "h", 7);
    metrics_one_milli(&o, METRIC_COUNTER, "s_total", "h", 12005);
    assert(strcmp(text_of(&o),
                  "# HELP n_total one\\\\two\\nthree \"four\"\n"
                  "# TYPE n_total counter\n"
                  "n_total{a=\"x\",b=\"q\\\"\\\\\\n{},=\"} 18446744073709551615\n"
                  "n_total{a=\"x\"} 0\n"
                  "# HELP g h\n# TYPE g gauge\ng 7\n"
                  "# HELP s_total h\n# TYPE s_total counter\ns_total 12.005\n") == 0);
    arena_done(&arena);
}

/* It grows piece by piece, and a full arena is an error and not a shorter text. */
static void test_size(void)
{
    struct metrics_out o;
    const char *text = NULL;
    size_t len = 0;

    arena_init(&arena, ARENA_REQUEST_BYTES);
    metrics_begin(&o, &arena);
    metrics_family(&o, METRIC_GAUGE, "g", "h");
    for (int i = 0; i < 20000; i++)
        metrics_sample(&o, NULL, 0, 1);
    assert(strlen(text_of(&o)) ==
           strlen("# HELP g h\n# TYPE g gauge\n") + 20000 * strlen("g 1\n"));
    arena_done(&arena);

    arena_init(&arena, (size_t)64 * 1024);
    metrics_begin(&o, &arena);
    metrics_family(&o, METRIC_GAUGE, "g", "h");
    for (int i = 0; i < 20000; i++)
        metrics_sample(&o, NULL, 0, 1);
    assert(metrics_end(&o, &text, &len) == OTA_E_LIMIT);
    arena_done(&arena);
    metrics_begin(&o, &arena);
    assert(metrics_end(&o, &text, &len) == OTA_E_LIMIT);
}

static void test_process(void)
{
    struct process_stats a, b;
    const uint64_t now_ms = (uint64_t)time(NULL) * 1000;
    int fd;

    process_stats(&a);
    fd = dup(0);
    assert(fd >= 0);
    process_stats(&b);
    (void)close(fd);
    assert(b.open_fds == a.open_fds + 1 && a.open_fds >= 1 && a.max_fds >= a.open_fds);
    assert(a.threads >= 1 && a.resident_bytes > 4096 && a.virtual_bytes >= a.resident_bytes);
    assert(b.cpu_ms >= a.cpu_ms);
    assert(a.started_unix_ms <= now_ms + 2000 && a.started_unix_ms + 600000 > now_ms);
}

int main(void)
{
    test_families();
    test_size();
    test_process();
    return 0;
}
