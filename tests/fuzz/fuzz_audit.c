/* link: signer_audit */
/* Lines of an audit export: read within their bounds, decoded to no more than their length,
 * chained or refused. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "signer/audit.h"

/* From memory of exactly this size, so that the sanitizer sees what lies beyond. */
static void line(const uint8_t *data, size_t len, struct audit_chain *chain)
{
    char *text = malloc(len == 0 ? 1 : len), *scratch = malloc(len == 0 ? 1 : len);
    struct audit_line l;
    size_t at = 0;

    assert(text != NULL && scratch != NULL);
    memcpy(text, data, len);
    if (audit_line_read(text, len, scratch, &l, &at)) {
        assert(l.seq > 0 && strlen(l.at) < sizeof l.at);
        const uint64_t before = chain->count;
        const enum audit_verdict v = audit_chain_add(chain, &l);
        assert(chain->count == before + (v == AUDIT_GOOD));
        assert(v != AUDIT_GOOD || memcmp(l.hash, l.computed, sizeof l.hash) == 0);
    } else {
        assert(at <= len);
    }
    free(text);
    free(scratch);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct audit_chain chain = {0};

    while (size > 0) {
        const uint8_t *end = memchr(data, '\n', size);
        const size_t len = end == NULL ? size : (size_t)(end - data);
        line(data, len, &chain);
        size -= end == NULL ? len : len + 1;
        data += end == NULL ? len : len + 1;
    }
    return 0;
}
