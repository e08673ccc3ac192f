#ifndef TESTS_UNIT_GOLDEN_H
#define TESTS_UNIT_GOLDEN_H

#include "otad/json.h" /* before jansson.h, whose macros share a name with it */

#include <assert.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What o wrote must be what tests/vectors/api/<name>.json says, order of members aside. */
static inline void golden(struct json_out *o, const char *name)
{
    const char *text = NULL;
    char path[256];
    size_t len = 0;
    json_error_t error;
    assert(json_out_end(o, &text, &len) == OTA_OK && strlen(text) == len);
    assert(strstr(text, "\\/") == NULL && strchr(text, '\n') == NULL &&
           strstr(text, ": ") == NULL);
    (void)snprintf(path, sizeof path, "tests/vectors/api/%s.json", name);
    json_t *is = json_loads(text, JSON_REJECT_DUPLICATES, &error);
    json_t *want = json_load_file(path, JSON_REJECT_DUPLICATES, &error);
    if (is == NULL || want == NULL || !json_equal(is, want)) {
        (void)fprintf(stderr, "%s: is\n%s\n", path, text);
        abort();
    }
    json_decref(is);
    json_decref(want);
}

#endif
