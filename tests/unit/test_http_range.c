/* link: otad_http */
#include "otad/http/range.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

/* Expected ranges of a file of 1000 bytes as "offset+length,...". */
static const struct {
    const char *value;
    enum http_range_verdict verdict;
    const char *ranges;
} table[] = {
    {"bytes=0-499", HTTP_RANGE_SOME, "0+500,"},
    {"bytes=500-999", HTTP_RANGE_SOME, "500+500,"},
    {"bytes=-500", HTTP_RANGE_SOME, "500+500,"},
    {"bytes=9-", HTTP_RANGE_SOME, "9+991,"},
    {"bytes=0-0,-1", HTTP_RANGE_SOME, "0+1,999+1,"},
    {"bytes= 0-0 , 5-9\t", HTTP_RANGE_SOME, "0+1,5+5,"},
    {"BYTES=0-0", HTTP_RANGE_SOME, "0+1,"},
    {"bytes=999-", HTTP_RANGE_SOME, "999+1,"},
    {"bytes=0-5000", HTTP_RANGE_SOME, "0+1000,"},
    {"bytes=-5000", HTTP_RANGE_SOME, "0+1000,"},
    {"bytes=900-99999999999999999999999", HTTP_RANGE_SOME, "900+100,"},
    {"bytes=5-9,2000-3000", HTTP_RANGE_SOME, "5+5,"},
    {"bytes=500-600,0-100", HTTP_RANGE_SOME, "500+101,0+101,"},
    {"bytes=1000-", HTTP_RANGE_BAD, ""},
    {"bytes=1000-2000,3000-", HTTP_RANGE_BAD, ""},
    {"bytes=-0", HTTP_RANGE_BAD, ""},
    {"bytes=99999999999999999999999-", HTTP_RANGE_BAD, ""},
    {"bytes=0-10,10-20", HTTP_RANGE_BAD, NULL},
    {"bytes=0-0,2-2,4-4,6-6,8-8,10-10,12-12,14-14,16-16,18-18,20-20,22-22,24-24,26-26,28-28,"
     "30-30,32-32",
     HTTP_RANGE_BAD, NULL},
    {"bytes=", HTTP_RANGE_NONE, ""},
    {"bytes=-", HTTP_RANGE_NONE, ""},
    {"bytes=5", HTTP_RANGE_NONE, ""},
    {"bytes=9-5", HTTP_RANGE_NONE, ""},
    {"bytes=a-b", HTTP_RANGE_NONE, ""},
    {"bytes=0-1,", HTTP_RANGE_NONE, ""},
    {"bytes=0-1;5-6", HTTP_RANGE_NONE, ""},
    {"bytes=+1-5", HTTP_RANGE_NONE, ""},
    {"bytes 0-1", HTTP_RANGE_NONE, ""},
    {"lines=0-1", HTTP_RANGE_NONE, ""},
    {"", HTTP_RANGE_NONE, ""},
};

static void test_table(void)
{
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct http_range r[HTTP_RANGES_MAX];
        size_t count = 0;
        char text[512] = "";
        enum http_range_verdict v = http_range_parse(table[i].value, 1000, r, &count);

        if (v != table[i].verdict)
            fprintf(stderr, "%s: %d\n", table[i].value, v);
        assert(v == table[i].verdict);
        if (v == HTTP_RANGE_NONE || table[i].ranges == NULL)
            continue;
        for (size_t k = 0; k < count; k++) {
            size_t at = strlen(text);

            snprintf(text + at, sizeof text - at, "%llu+%llu,", (unsigned long long)r[k].offset,
                     (unsigned long long)r[k].length);
        }
        assert(strcmp(text, table[i].ranges) == 0);
    }
}

/* Whatever comes out lies within the file. */
static void test_small_files(void)
{
    static const char *const value[] = {"bytes=0-", "bytes=-1", "bytes=0-0", "bytes=-9",
                                        "bytes=1-"};

    for (size_t i = 0; i < sizeof value / sizeof value[0]; i++) {
        for (uint64_t size = 0; size < 3; size++) {
            struct http_range r[HTTP_RANGES_MAX];
            size_t count = 0;

            if (http_range_parse(value[i], size, r, &count) == HTTP_RANGE_SOME)
                assert(count == 1 && r[0].length > 0 && r[0].offset + r[0].length <= size);
        }
    }
}

int main(void)
{
    test_table();
    test_small_files();
    return 0;
}
