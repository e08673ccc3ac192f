/* signer imgtool: its verbs, and what they share. */
#include "imgtool.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "../../firmware/image/image.h"
#include "../say.h"
#include "hex.h"

#define IMGTOOL_VERSION "2.4.0"

static enum exit_status version(int argc, char **argv)
{
    (void)argv;
    if (argc > 1) {
        say_error("version takes nothing");
        return EXIT_BAD_USAGE;
    }
    puts(IMGTOOL_VERSION);
    return EXIT_DONE;
}

static const struct args_verb verbs[] = {
    {"create", imgtool_sign, "the same as sign"},
    {"dumpinfo", imgtool_dumpinfo, "print header, TLV areas and trailer of an image"},
    {"getpriv", imgtool_getpriv,
     "dump a private key as a C array, for bootloaders that decrypt"},
    {"getpub", imgtool_getpub, "dump a public key"},
    {"getpubhash", imgtool_getpubhash, "dump the SHA-256 of a public key"},
    {"keygen", imgtool_keygen, "make a key pair"},
    {"keyinfo", imgtool_keyinfo, "tell whether a key is private or public"},
    {"sign", imgtool_sign, "make an image, signed or not"},
    {"verify", imgtool_verify, "check an image by a key"},
    {"version", version, "print the version of imgtool this follows"},
};

enum { VERBS = sizeof verbs / sizeof verbs[0] };

static void help(FILE *to)
{
    (void)fprintf(to, "Usage: imgtool [OPTIONS] COMMAND [ARGS]...\n\n"
                      "imgtool " IMGTOOL_VERSION "'s commands, by signer.\n\nCommands:\n");
    args_verbs_print(to, verbs, VERBS);
}

enum exit_status cmd_imgtool(int argc, char **argv)
{
    const struct args_verb *verb;

    if (argc < 2 || args_is_help(argv[1])) {
        help(stdout);
        return EXIT_DONE;
    }
    verb = args_verb_find(verbs, VERBS, argv[1]);
    if (verb != NULL)
        return verb->run(argc - 1, argv + 1);
    say_error("there is no command '%s'", argv[1]);
    say_hint("`imgtool --help` lists them");
    return EXIT_BAD_USAGE;
}

bool imgtool_named(const char *program)
{
    const char *slash = strrchr(program, '/');

    return strcmp(slash == NULL ? program : slash + 1, "imgtool") == 0;
}

enum exit_status imgtool_exit(ota_err e)
{
    switch (e) {
    case OTA_OK:
        return EXIT_DONE;
    case OTA_E_FORMAT:
    case OTA_E_LIMIT:
    case OTA_E_NOT_FOUND:
        return EXIT_BAD_USAGE;
    case OTA_E_SIGNATURE:
        return EXIT_NOT_AUTHENTIC;
    case OTA_E_ROLLBACK:
    case OTA_E_AUTH:
    case OTA_E_DENIED:
    case OTA_E_CONFLICT:
    case OTA_E_BUSY:
    case OTA_E_IO:
    case OTA_E_NO_MEMORY:
    case OTA_E_INTERNAL:
        break;
    }
    return EXIT_FAILED;
}

bool imgtool_number(const char *text, uint64_t max, uint64_t *out)
{
    unsigned base = 10;
    uint64_t v = 0;

    if (text[0] == '0' && text[1] != '\0') {
        char mark = (char)(text[1] | 0x20);

        base = mark == 'x' ? 16 : mark == 'o' ? 8 : mark == 'b' ? 2 : 0;
        text += 2;
    }
    if (base == 0 || *text == '\0')
        return false;
    for (; *text != '\0'; text++) {
        const int digit = hex_digit(*text);
        const unsigned d = (unsigned)digit;

        if (digit < 0 || d >= base || v > (UINT64_MAX - d) / base)
            return false;
        v = v * base + d;
    }
    if (v > max)
        return false;
    *out = v;
    return true;
}

bool imgtool_take_file(const struct args *a, const char *value, const char **path)
{
    if (*path != NULL)
        args_complain(a, "one word too many: '%s'", value);
    else
        *path = value;
    return *path == value;
}

bool imgtool_has_file(const struct args *a, const char *path)
{
    if (path == NULL)
        args_complain(a, "which image?");
    return path != NULL;
}

bool imgtool_is_hex(const char *path)
{
    size_t n = strlen(path);

    return n >= 4 && strcasecmp(path + n - 4, ".hex") == 0;
}

ota_err imgtool_read(const char *path, struct file_bytes *out, bool *out_hex,
                     uint32_t *out_address)
{
    struct file_bytes text = {NULL, 0};
    struct hex_range range;
    size_t line = 0;
    ota_err e;

    *out_hex = imgtool_is_hex(path);
    if (!*out_hex)
        return file_read(path, IMAGE_BYTES_MAX, out);
    e = file_read(path, 4 * (size_t)IMAGE_BYTES_MAX, &text);
    if (e != OTA_OK)
        return e;
    e = hex_read((const char *)text.data, text.len, &range, &line);
    file_free(&text);
    if (e != OTA_OK)
        return say_fail(e, "%s: line %zu: not good Intel HEX (%s)", path, line,
                        e == OTA_E_LIMIT
                            ? "the addresses lie too far apart"
                            : "a bad record, a byte given twice, or no end record");
    *out = (struct file_bytes){range.data, range.len};
    *out_address = range.address;
    return OTA_OK;
}
