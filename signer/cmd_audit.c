/* signer audit verify: is this export of the audit log complete, in order and unaltered? */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "args.h"
#include "audit.h"
#include "cmd.h"
#include "report.h"
#include "say.h"

enum { OPT_FROM_HASH, OPT_HEAD };

static const struct arg_spec options[] = {
    [OPT_FROM_HASH] = {0, "from-hash", "HASH", "hash of the entry before the first one"},
    [OPT_HEAD] = {0, "head", "SEQ:HASH",
                  "an entry that must be there: the log's end, as noted"},
    {0, NULL, NULL, NULL},
};

static const struct verb_spec verb = {
    "audit verify [OPTION]... FILE",
    "Prove an exported range of otad's audit log (JSON lines) complete, in order and "
    "unaltered,\n"
    "without asking anybody.  FILE may be - for standard input.",
    options,
    "The chain alone shows what is missing inside the range.  That nothing was cut off its "
    "end\n"
    "only --head can show, with what GET /api/v1/audit/head said at some time and you kept\n"
    "elsewhere; that it follows what you had before, --from-hash.  A range that begins with\n"
    "entry 1 is complete from the log's beginning.",
};

struct request {
    const char *action, *file;
    struct audit_chain chain;
};

static bool take_head(const struct args *a, const char *value, struct audit_chain *c)
{
    const char *colon = strchr(value, ':');
    char *end = NULL;

    errno = 0;
    c->head_seq = strtoull(value, &end, 10);
    c->has_head = true;
    if (colon != NULL && end == colon && value[0] >= '1' && value[0] <= '9' && errno == 0 &&
        audit_hash_parse(colon + 1, strlen(colon + 1), c->head))
        return true;
    args_complain(a, "--head: '%s' is not SEQ:HASH, a number and 64 hexadecimal digits", value);
    return false;
}

static bool take(struct args *a, void *request, int option, const char *value)
{
    struct request *q = request;

    switch (option) {
    case OPT_FROM_HASH:
        q->chain.has_from = audit_hash_parse(value, strlen(value), q->chain.from);
        if (!q->chain.has_from)
            args_complain(a, "--from-hash: '%s' is not 64 hexadecimal digits", value);
        return q->chain.has_from;
    case OPT_HEAD:
        return take_head(a, value, &q->chain);
    default:
        break;
    }
    if (q->action == NULL) {
        q->action = value;
        return true;
    }
    if (q->file != NULL) {
        args_complain(a, "one file at a time: '%s'", value);
        return false;
    }
    q->file = value;
    return true;
}

static bool complete(const struct args *a, void *request)
{
    const struct request *q = request;

    if (q->action == NULL || strcmp(q->action, "verify") != 0)
        args_complain(a, "say what to do: verify");
    else if (q->file == NULL)
        args_complain(a, "which file?");
    else
        return true;
    return false;
}

static const struct args_reader reader = {take, complete};

/* ---- one bad line ---------------------------------------------------------------------- */

static enum exit_status no_line(const struct request *q, uint64_t line, size_t at)
{
    say_error("%s, line %" PRIu64 ": not a line of an audit export, from byte %zu on", q->file,
              line, at + 1);
    say_hint("signer reads what GET /api/v1/audit/export?format=jsonl answers, byte by byte");
    return EXIT_NOT_AUTHENTIC;
}

static enum exit_status bad_line(const struct request *q, uint64_t number,
                                 const struct audit_line *line, enum audit_verdict v)
{
    const struct audit_chain *c = &q->chain;
    char what[200] = "";

    switch (v) {
    case AUDIT_TWICE:
        (void)snprintf(what, sizeof what, "entry %" PRIu64 " is there a second time",
                       line->seq);
        break;
    case AUDIT_OUT_OF_ORDER:
        (void)snprintf(what, sizeof what,
                       "entry %" PRIu64 " stands behind entry %" PRIu64 ": not in order",
                       line->seq, c->seq);
        break;
    case AUDIT_MISSING:
        (void)snprintf(what, sizeof what,
                       "entry %" PRIu64 " follows entry %" PRIu64 ": %" PRIu64 " missing",
                       line->seq, c->seq, line->seq - c->seq - 1);
        break;
    case AUDIT_ALTERED:
        (void)snprintf(what, sizeof what,
                       "entry %" PRIu64 " was altered: its hash is not that "
                       "of its contents",
                       line->seq);
        break;
    case AUDIT_BROKEN:
        (void)snprintf(what, sizeof what,
                       "entry %" PRIu64 " does not follow the one before: the chain is broken",
                       line->seq);
        break;
    case AUDIT_WRONG_START:
        (void)snprintf(what, sizeof what, "entry %" PRIu64 " does not follow --from-hash",
                       line->seq);
        break;
    case AUDIT_NOT_THE_HEAD:
        (void)snprintf(what, sizeof what, "entry %" PRIu64 " is not the one of --head",
                       line->seq);
        break;
    case AUDIT_GOOD:
    case AUDIT_VERDICT_COUNT:
        break;
    }
    say_error("%s, line %" PRIu64 ": %s (%s)", q->file, number, what, audit_verdict_name(v));
    return EXIT_NOT_AUTHENTIC;
}

/* ---- the file -------------------------------------------------------------------------- */

struct buffers {
    char line[AUDIT_LINE_BYTES_MAX + 2];
    char scratch[AUDIT_LINE_BYTES_MAX];
};

/* The next line without its end; one that is too long for any line fills the buffer.  false:
 * there is none, or *out_cut: the file ends within it. */
static bool next_line(FILE *f, struct buffers *b, size_t *out_len, bool *out_cut)
{
    size_t len = 0;
    int byte = '\0';

    while (len < sizeof b->line && (byte = getc_unlocked(f)) != EOF && byte != '\n')
        b->line[len++] = (char)byte;
    *out_len = len;
    *out_cut = byte == EOF && len > 0;
    return byte != EOF;
}

static enum exit_status read_lines(struct request *q, FILE *f, struct buffers *b)
{
    uint64_t number = 1;
    size_t len = 0, at = 0;
    bool cut = false;

    for (; next_line(f, b, &len, &cut); number++) {
        struct audit_line line;
        enum audit_verdict v;

        if (len > AUDIT_LINE_BYTES_MAX ||
            !audit_line_read(b->line, len, b->scratch, &line, &at))
            return no_line(q, number, at);
        v = audit_chain_add(&q->chain, &line);
        if (v != AUDIT_GOOD)
            return bad_line(q, number, &line, v);
    }
    if (ferror(f)) {
        say_error("cannot read %s: %s", q->file, strerror(errno));
        return EXIT_FAILED;
    }
    if (!cut)
        return EXIT_DONE;
    say_error("%s, line %" PRIu64 ": the file is cut off here", q->file, number);
    return EXIT_NOT_AUTHENTIC;
}

/* What only the whole file can tell. */
static enum exit_status judge_end(const struct request *q)
{
    const struct audit_chain *c = &q->chain;

    if (c->count == 0)
        say_error("%s holds no entry", q->file);
    else if (c->has_head && !c->head_seen && c->seq < c->head_seq)
        say_error("%s ends with entry %" PRIu64 ", but the log went on to %" PRIu64 ": %" PRIu64
                  " missing at the end (missing-entries)",
                  q->file, c->seq, c->head_seq, c->head_seq - c->seq);
    else if (c->has_head && !c->head_seen)
        say_error("%s begins with entry %" PRIu64 ", behind the one of --head", q->file,
                  c->first_seq);
    else
        return EXIT_DONE;
    return EXIT_NOT_AUTHENTIC;
}

static enum exit_status tell(const struct request *q)
{
    const struct audit_chain *c = &q->chain;
    struct report r;

    if (c->first_seq != 1 && !c->has_from)
        say_warning("nothing proves what came before entry %" PRIu64 ": give --from-hash",
                    c->first_seq);
    if (!c->has_head)
        say_warning("nothing proves that entry %" PRIu64 " is the last one: give --head",
                    c->seq);
    report_init(&r);
    report_text(&r, "verdict", "%s", audit_verdict_name(AUDIT_GOOD));
    report_text(&r, "file", "%s", q->file);
    report_number(&r, "entries", c->count);
    report_number(&r, "first", c->first_seq);
    report_number(&r, "last", c->seq);
    report_hex(&r, "hash", c->hash, sizeof c->hash);
    report_flag(&r, "start_proved", c->first_seq == 1 || c->has_from);
    report_flag(&r, "end_proved", c->has_head);
    return report_print(&r) ? EXIT_DONE : EXIT_FAILED;
}

static enum exit_status run(struct request *q)
{
    const bool standard_input = strcmp(q->file, "-") == 0;
    struct buffers *b = malloc(sizeof *b);
    FILE *f = standard_input ? stdin : fopen(q->file, "rb");
    enum exit_status s = EXIT_FAILED;

    if (f == NULL)
        say_error("cannot open %s: %s", q->file, strerror(errno));
    else if (b == NULL)
        say_error("no memory");
    else
        s = read_lines(q, f, b);
    if (s == EXIT_DONE)
        s = judge_end(q);
    if (f != NULL && !standard_input)
        (void)fclose(f);
    free(b);
    return s == EXIT_DONE ? tell(q) : s;
}

enum exit_status cmd_audit(int argc, char **argv)
{
    struct request q = {0};
    enum exit_status s;
    struct args a;

    args_init(&a, &verb, argc, argv);
    return args_read(&a, &reader, &q, &s) ? run(&q) : s;
}
