/* signer: keys, signatures and releases from the command line.  One verb, one file. */
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#include "args.h"
#include "cmd.h"
#include "imgtool/imgtool.h"
#include "json.h"
#include "key.h"
#include "say.h"

static const struct args_verb verbs[] = {
    {"keygen", cmd_keygen, "make a key pair"},
    {"key", cmd_key, "change a key's passphrase, show its public half"},
    {"sign", cmd_sign, "sign firmware as an MCUboot image"},
    {"verify", cmd_verify, "judge an image as device and server do"},
    {"inspect", cmd_inspect, "show what a file says about itself"},
    {"keymanifest", cmd_keymanifest, "say which keys count, signed by two of three boot roots"},
    {"publish", cmd_publish, "sign a release and upload it to otad"},
    {"repo", cmd_repo, "the signed list of a platform's releases (TUF): make, sign, publish"},
    {"audit", cmd_audit, "prove an export of otad's audit log complete and unaltered"},
    {"resign", cmd_resign, "replace the signature of an image by another key's"},
    {"imgtool", cmd_imgtool, "what imgtool 2.4.0 does, byte for byte"},
};

enum { VERBS = sizeof verbs / sizeof verbs[0] };

enum exit_status exit_of(ota_err e)
{
    switch (e) {
    case OTA_OK:
        return EXIT_DONE;
    case OTA_E_SIGNATURE:
    case OTA_E_ROLLBACK:
        return EXIT_NOT_AUTHENTIC;
    case OTA_E_FORMAT:
    case OTA_E_LIMIT:
    case OTA_E_AUTH:
    case OTA_E_DENIED:
    case OTA_E_NOT_FOUND:
    case OTA_E_CONFLICT:
    case OTA_E_BUSY:
    case OTA_E_IO:
    case OTA_E_NO_MEMORY:
    case OTA_E_INTERNAL:
        break;
    }
    return EXIT_FAILED;
}

static void help(FILE *to)
{
    (void)fprintf(to, "Usage: signer VERB [OPTION]... [FILE]...\n\n"
                      "Sign, check and publish firmware.  Keys never leave this machine.\n\n"
                      "Verbs:\n");
    args_verbs_print(to, verbs, VERBS);
    (void)fprintf(to, "\n`signer VERB --help` tells more; every verb takes --json.\n"
                      "Exit status: 0 done, 1 failed, 2 wrong usage, 3 not authentic.\n");
}

static ota_err start(void)
{
    const struct rlimit none = {0, 0};

    (void)setrlimit(RLIMIT_CORE, &none); /* no secrets in core files */
    return key_init();
}

static enum exit_status run(int argc, char **argv)
{
    const struct args_verb *verb;

    if (argc > 0 && imgtool_named(argv[0]))
        return start() == OTA_OK ? cmd_imgtool(argc, argv) : EXIT_FAILED;
    if (argc < 2) {
        help(stderr);
        return EXIT_BAD_USAGE;
    }
    if (args_is_help(argv[1]) || strcmp(argv[1], "help") == 0) {
        help(stdout);
        return EXIT_DONE;
    }
    if (strcmp(argv[1], "--version") == 0) {
        printf("signer %s\n", SIGNER_VERSION);
        return EXIT_DONE;
    }
    if (start() != OTA_OK)
        return EXIT_FAILED;
    verb = args_verb_find(verbs, VERBS, argv[1]);
    if (verb != NULL)
        return verb->run(argc - 1, argv + 1);
    say_error("there is no verb '%s'", argv[1]);
    say_hint("`signer --help` lists them");
    return EXIT_BAD_USAGE;
}

int main(int argc, char **argv)
{
    enum exit_status s = run(argc, argv);

    if (s != EXIT_DONE && say_json())
        json_error_print(say_first_error(), say_first_hint(), (int)s);
    if (fflush(stdout) != 0 && s == EXIT_DONE)
        s = EXIT_FAILED;
    return (int)s;
}
