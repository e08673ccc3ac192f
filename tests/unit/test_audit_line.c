/* link: signer_audit */
/* The chain of the audit log: every bit of a line counts. */
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "signer/audit.h"

enum { FILE_BYTES_MAX = 65536 };

static char text[FILE_BYTES_MAX], scratch[FILE_BYTES_MAX];

/* Is this line good as the first of a chain? */
static bool good(const char *line, size_t len)
{
    struct audit_chain chain = {0};
    struct audit_line l;
    size_t at = 0;

    return audit_line_read(line, len, scratch, &l, &at) &&
           audit_chain_add(&chain, &l) == AUDIT_GOOD;
}

static void test_every_bit(char *line, size_t len)
{
    assert(good(line, len));
    for (size_t bit = 0; bit < 8 * len; bit++) {
        const char was = line[bit / 8];
        line[bit / 8] = (char)(was ^ 1 << bit % 8);
        assert(!good(line, len));
        line[bit / 8] = was;
    }
    assert(good(line, len));
    for (size_t n = 0; n < len; n++)
        assert(!good(line, n));
}

int main(void)
{
    FILE *f = fopen("tests/fuzz/corpus/audit/chain", "rb");
    assert(f != NULL);
    const size_t size = fread(text, 1, sizeof text, f);
    (void)fclose(f);
    assert(size > 1000 && size < sizeof text);
    for (char *line = text, *end;
         (end = memchr(line, '\n', (size_t)(text + size - line))) != NULL; line = end + 1)
        test_every_bit(line, (size_t)(end - line));
    for (unsigned v = 0; v < AUDIT_VERDICT_COUNT; v++)
        assert(audit_verdict_name((enum audit_verdict)v)[0] != '?');
    return 0;
}
