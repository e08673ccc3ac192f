#ifndef SIGNER_ARGS_H
#define SIGNER_ARGS_H

#include <stdbool.h>
#include <stdint.h>

/* One option of a verb.  The table ends with a NULL name. */
struct arg_spec {
    char letter;       /* 0 = only the long form */
    const char *name;  /* without the dashes */
    const char *value; /* what to call its value in the help; NULL = a flag */
    const char *help;
};

/* What a verb tells about itself: parsing and --help come from the same table. */
struct verb_spec {
    const char *usage;   /* "sign [OPTION]... IN OUT": the verb ends at " [" */
    const char *summary; /* one sentence */
    const struct arg_spec *options;
    const char *details; /* further paragraphs, or NULL */
};

struct args {
    const struct verb_spec *verb;
    int argc, at;
    char **argv;
    bool operands_only; /* after -- */
};

enum { ARGS_OPERAND = -1, ARGS_END = -2, ARGS_HELP = -3, ARGS_BAD = -4 };

/* argv[0] is the verb and is skipped. */
void args_init(struct args *a, const struct verb_spec *verb, int argc, char **argv);

/*
 * The next option as its index in the table, with *value (NULL for a flag); ARGS_OPERAND with
 * the operand in *value; ARGS_END; ARGS_HELP when the help was printed (exit 0); ARGS_BAD when
 * the command line is wrong, which has been said.  --json is taken care of here, and in verbs
 * with an option -k or --key what concerns its secrets (secret.h) and sample keys (sample.h).
 */
int args_next(struct args *a, const char **value);

/* Unsigned number, decimal or 0x, at most max.  false: said what is wrong with option name. */
bool args_number(const char *name, const char *text, uint64_t max, uint64_t *out);

/* Say that something is missing or wrong on the command line, and where the help is. */
void args_complain(const struct args *a, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
