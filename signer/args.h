#ifndef SIGNER_ARGS_H
#define SIGNER_ARGS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "cmd.h"

/* One option of a verb.  The table ends with a NULL name. */
struct arg_spec {
    char letter;       /* 0 = only the long form */
    const char *name;  /* without the dashes */
    const char *value; /* what to call its value in the help; NULL = a flag.  "KEY" (private),
                          "PUB" and "PUB|KEYID" are keys in files or tokens */
    const char *help;
};

/* What a verb tells about itself: parsing and --help come from the same table. */
struct verb_spec {
    const char *usage;   /* "sign [OPTION]... IN OUT": the verb ends at " [" */
    const char *summary; /* one sentence */
    const struct arg_spec *options;
    const char *details; /* further paragraphs, or NULL */
};

/* One verb among others of a program or of a group. */
struct args_verb {
    const char *name;
    enum exit_status (*run)(int argc, char **argv); /* argv[0] is the verb */
    const char *what;                               /* for the list in the help */
};

/* A line for each, for people. */
void args_verbs_print(FILE *to, const struct args_verb *verbs, size_t count);
/* NULL: there is no verb of this name. */
const struct args_verb *args_verb_find(const struct args_verb *verbs, size_t count,
                                       const char *name);
/* Is the word --help or -h? */
bool args_is_help(const char *word);

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
 * with an option that names a key where passphrases and PINs come from (ask.h) and whether
 * sample keys will do (sample.h).
 */
int args_next(struct args *a, const char **value);

/* Unsigned number, decimal or 0x, at most max.  false: said what is wrong with option name. */
bool args_number(const char *name, const char *text, uint64_t max, uint64_t *out);

/*
 * What a verb does with its command line: take gets every option by its index in the table, and
 * operands as ARGS_OPERAND; complete (NULL: nothing to see) is asked at the end whether all is
 * there and fits together.  false: something is wrong, which has been said.
 */
struct args_reader {
    bool (*take)(struct args *a, void *request, int option, const char *value);
    bool (*complete)(const struct args *a, void *request);
};

/* Read the whole command line into request.  false: there is nothing left to do but to exit
 * with *out_status, because help was asked for or something is wrong. */
bool args_read(struct args *a, const struct args_reader *reader, void *request,
               enum exit_status *out_status);

/* Say that something is missing or wrong on the command line, and where the help is. */
void args_complain(const struct args *a, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
