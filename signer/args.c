/* Command lines from tables: `-k FILE`, `-kFILE`, `--key FILE`, `--key=FILE`, `--`. */
#include "args.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ask.h"
#include "sample.h"
#include "say.h"

/* Options of every verb that may have to open a key, private or public (names_key). */
enum { KEY_PASSPHRASE_FILE, KEY_PASSPHRASE_FD, KEY_PIN_FILE, KEY_PIN_FD, KEY_ALLOW_SAMPLE };

static const struct arg_spec key_options[] = {
    [KEY_PASSPHRASE_FILE] = {0, "passphrase-file", "FILE",
                             "where the passphrase of key files stands"},
    [KEY_PASSPHRASE_FD] = {0, "passphrase-fd", "NUMBER",
                           "descriptor to read it from, a line a key"},
    [KEY_PIN_FILE] = {0, "pin-file", "FILE", "where the PIN of tokens stands"},
    [KEY_PIN_FD] = {0, "pin-fd", "NUMBER", "descriptor to read it from, a line a key"},
    [KEY_ALLOW_SAMPLE] = {0, "allow-sample-key", NULL, "use even a key that is published"},
    {0, NULL, NULL, NULL},
};

void args_verbs_print(FILE *to, const struct args_verb *verbs, size_t count)
{
    for (size_t i = 0; i < count; i++)
        (void)fprintf(to, "  %-12s %s\n", verbs[i].name, verbs[i].what);
}

const struct args_verb *args_verb_find(const struct args_verb *verbs, size_t count,
                                       const char *name)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(verbs[i].name, name) == 0)
            return &verbs[i];
    }
    return NULL;
}

bool args_is_help(const char *word)
{
    return strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0;
}

void args_init(struct args *a, const struct verb_spec *verb, int argc, char **argv)
{
    *a = (struct args){.verb = verb, .argc = argc, .argv = argv, .at = 1};
}

static void option_print(const struct arg_spec *o)
{
    char left[64];

    if (o->letter != '\0')
        (void)snprintf(left, sizeof left, "  -%c, --%s%s%s", o->letter, o->name,
                       o->value == NULL ? "" : " ", o->value == NULL ? "" : o->value);
    else
        (void)snprintf(left, sizeof left, "      --%s%s%s", o->name,
                       o->value == NULL ? "" : " ", o->value == NULL ? "" : o->value);
    if (strlen(left) > 30)
        printf("%s\n%-32s%s\n", left, "", o->help);
    else
        printf("%-32s%s\n", left, o->help);
}

/* The option's index by its long name of len bytes, or -1. */
static int by_name(const struct arg_spec *options, const char *name, size_t len)
{
    for (int i = 0; options[i].name != NULL; i++) {
        if (strlen(options[i].name) == len && memcmp(options[i].name, name, len) == 0)
            return i;
    }
    return -1;
}

static int by_letter(const struct verb_spec *v, char letter)
{
    for (int i = 0; v->options[i].name != NULL; i++) {
        if (v->options[i].letter == letter)
            return i;
    }
    return -1;
}

/* Is the option's value a key: a file, which may have a passphrase, or one in a token? */
static bool names_key(const struct arg_spec *o)
{
    static const char *const values[] = {"KEY", "PUB", "PUB|KEYID"};

    for (size_t i = 0; o->value != NULL && i < sizeof values / sizeof values[0]; i++) {
        if (strcmp(o->value, values[i]) == 0)
            return true;
    }
    return o->letter == 'k' || strcmp(o->name, "key") == 0;
}

static bool uses_key(const struct verb_spec *v)
{
    for (const struct arg_spec *o = v->options; o->name != NULL; o++) {
        if (names_key(o))
            return true;
    }
    return false;
}

static void help_print(const struct verb_spec *v)
{
    static const struct arg_spec common[] = {
        {0, "json", NULL, "print the result as JSON on stdout"},
        {'h', "help", NULL, "print this and do nothing"},
    };

    printf("Usage: signer %s\n\n%s\n\nOptions:\n", v->usage, v->summary);
    for (const struct arg_spec *o = v->options; o->name != NULL; o++)
        option_print(o);
    for (const struct arg_spec *o = key_options; uses_key(v) && o->name != NULL; o++)
        option_print(o);
    option_print(&common[0]);
    option_print(&common[1]);
    if (v->details != NULL)
        printf("\n%s\n", v->details);
    printf("\nExit status: 0 done, 1 failed, 2 wrong usage, 3 not authentic.\n");
}

void args_complain(const struct args *a, const char *format, ...)
{
    const char *options = strstr(a->verb->usage, " [");
    char text[400];
    va_list list;

    va_start(list, format);
    (void)vsnprintf(text, sizeof text, format, list);
    va_end(list);
    say_error("%s", text);
    say_hint("`signer %.*s --help` tells how it is used",
             options == NULL ? 0 : (int)(options - a->verb->usage), a->verb->usage);
}

/* Give option i of this table its value: attached (NULL if none was) or the next argument. */
static int with_value(struct args *a, const struct arg_spec *options, int i,
                      const char *attached, const char **value)
{
    const struct arg_spec *o = &options[i];

    *value = attached;
    if (o->value == NULL && attached != NULL) {
        args_complain(a, "--%s takes no value", o->name);
        return ARGS_BAD;
    }
    if (o->value == NULL || attached != NULL)
        return i;
    if (a->at >= a->argc) {
        args_complain(a, "--%s needs a value: %s", o->name, o->value);
        return ARGS_BAD;
    }
    *value = a->argv[a->at++];
    return i;
}

/* Where the key's secrets come from concerns no verb.  false: wrong, which has been said. */
static bool key_option(int option, const char *value)
{
    switch (option) {
    case KEY_PASSPHRASE_FILE:
        ask_from_file(SECRET_PASSPHRASE, value);
        return true;
    case KEY_PASSPHRASE_FD:
        return ask_from_fd(SECRET_PASSPHRASE, key_options[option].name, value);
    case KEY_PIN_FILE:
        ask_from_file(SECRET_PIN, value);
        return true;
    case KEY_PIN_FD:
        return ask_from_fd(SECRET_PIN, key_options[option].name, value);
    default:
        sample_keys_allow();
        return true;
    }
}

static int long_option(struct args *a, const char *word, const char **value)
{
    const char *equals = strchr(word, '=');
    const char *attached = equals == NULL ? NULL : equals + 1;
    size_t len = equals == NULL ? strlen(word) : (size_t)(equals - word);
    int i = by_name(a->verb->options, word, len);

    if (i >= 0)
        return with_value(a, a->verb->options, i, attached, value);
    i = uses_key(a->verb) ? by_name(key_options, word, len) : -1;
    if (i >= 0) {
        if (with_value(a, key_options, i, attached, value) < 0 || !key_option(i, *value))
            return ARGS_BAD;
        return args_next(a, value);
    }
    if (strcmp(word, "help") == 0) {
        help_print(a->verb);
        return ARGS_HELP;
    }
    if (strcmp(word, "json") == 0) {
        say_json_set(true);
        return args_next(a, value);
    }
    args_complain(a, "there is no option --%.*s", (int)len, word);
    return ARGS_BAD;
}

int args_next(struct args *a, const char **value)
{
    const char *word;
    int i;

    *value = NULL;
    if (a->at >= a->argc)
        return ARGS_END;
    word = a->argv[a->at++];
    if (a->operands_only || word[0] != '-' || word[1] == '\0') {
        *value = word;
        return ARGS_OPERAND;
    }
    if (strcmp(word, "--") == 0) {
        a->operands_only = true;
        return args_next(a, value);
    }
    if (word[1] == '-')
        return long_option(a, word + 2, value);
    i = by_letter(a->verb, word[1]);
    if (i >= 0)
        return with_value(a, a->verb->options, i, word[2] == '\0' ? NULL : word + 2, value);
    if (strcmp(word, "-h") == 0) {
        help_print(a->verb);
        return ARGS_HELP;
    }
    args_complain(a, "there is no option %s", word);
    return ARGS_BAD;
}

bool args_read(struct args *a, const struct args_reader *reader, void *request,
               enum exit_status *out_status)
{
    const char *value;

    *out_status = EXIT_BAD_USAGE;
    for (int i; (i = args_next(a, &value)) != ARGS_END;) {
        if (i == ARGS_HELP)
            *out_status = EXIT_DONE;
        if (i == ARGS_HELP || i == ARGS_BAD || !reader->take(a, request, i, value))
            return false;
    }
    return reader->complete == NULL || reader->complete(a, request);
}

bool args_number(const char *name, const char *text, uint64_t max, uint64_t *out)
{
    char *end = NULL;
    bool hex = text[0] == '0' && (text[1] == 'x' || text[1] == 'X');
    unsigned long long v;

    errno = 0;
    v = strtoull(text, &end, hex ? 16 : 10);
    if (text[0] < '0' || text[0] > '9' || *end != '\0' || errno != 0 || v > max) {
        say_error("--%s: '%s' is not a number from 0 to %llu", name, text,
                  (unsigned long long)max);
        return false;
    }
    *out = v;
    return true;
}
