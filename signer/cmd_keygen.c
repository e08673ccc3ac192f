/* signer keygen: a new key pair. */
#include <stdio.h>
#include <string.h>

#include "../firmware/boards/host/minisign.h"
#include "args.h"
#include "cmd.h"
#include "file.h"
#include "judge.h"
#include "key.h"
#include "report.h"
#include "say.h"

enum { OPT_TYPE, OPT_OUT, OPT_PURPOSE, OPT_FORCE };

static const struct arg_spec options[] = {
    [OPT_TYPE] = {'t', "type", "ed25519|p256", "algorithm (default ed25519)"},
    [OPT_OUT] = {'o', "out", "FILE", "where the private key goes; the public one beside it"},
    [OPT_PURPOSE] = {0, "purpose", "image|release|root", "what it is for (default image)"},
    [OPT_FORCE] = {0, "force", NULL, "replace files that exist: the old key is lost"},
    {0, NULL, NULL, NULL},
};

static const struct verb_spec verb = {
    "keygen [OPTION]... -o FILE",
    "Make a key pair: FILE (PKCS#8 PEM, readable by you alone) and FILE.pub (a name that ends "
    "in\n"
    ".pem gives way: key.pem and key.pub).",
    options,
    "A release key is Ed25519 and also gets FILE.minisign.pub, so that anybody can verify a\n"
    "release with `minisign -V -p` or `signify-openbsd -C -p`.",
};

struct request {
    enum crypto_alg alg;
    bool release, force;
    const char *out;
};

/* EXIT_DONE with out == NULL: the help was printed. */
static enum exit_status parse(int argc, char **argv, struct request *q)
{
    struct args a;
    const char *value;

    args_init(&a, &verb, argc, argv);
    for (int i; (i = args_next(&a, &value)) != ARGS_END;) {
        if (i == ARGS_HELP)
            return EXIT_DONE;
        if (i == ARGS_BAD)
            return EXIT_BAD_USAGE;
        if (i == OPT_TYPE && (strcmp(value, "ed25519") == 0 || strcmp(value, "p256") == 0)) {
            q->alg = value[0] == 'e' ? CRYPTO_ED25519 : CRYPTO_P256;
        } else if (i == OPT_OUT) {
            q->out = value;
        } else if (i == OPT_PURPOSE &&
                   (strcmp(value, "image") == 0 || strcmp(value, "release") == 0 ||
                    strcmp(value, "root") == 0)) {
            q->release = strcmp(value, "release") == 0;
        } else if (i == OPT_FORCE) {
            q->force = true;
        } else {
            args_complain(&a, "what is '%s'?", value);
            return EXIT_BAD_USAGE;
        }
    }
    if (q->out == NULL || (q->release && q->alg != CRYPTO_ED25519)) {
        args_complain(&a, q->out == NULL
                              ? "-o FILE is missing"
                              : "a release key must be Ed25519: minisign knows no other");
        q->out = NULL;
        return EXIT_BAD_USAGE;
    }
    return EXIT_DONE;
}

static ota_err minisign_pub_write(const struct key_public *key, const char *path, bool force)
{
    uint8_t number[MINISIG_KEY_NUMBER_BYTES];
    char text[MINISIG_PUBKEY_BYTES_MAX];
    size_t len = 0;
    ota_err e;

    minisign_key_number(key->key, number);
    e = minisig_pubkey_write(number, key->key, text, sizeof text, &len);
    return e == OTA_OK ? file_write_new(path, text, len, 0644, force) : e;
}

static ota_err run(const struct request *q)
{
    char minisign_path[4096], public_path[4096];
    struct key *key = NULL;
    struct report r;
    ota_err e = OTA_OK;

    key_sibling(q->out, ".pub", public_path, sizeof public_path);
    key_sibling(q->out, ".minisign.pub", minisign_path, sizeof minisign_path);
    if (q->release && !q->force)
        e = file_absent(minisign_path);
    if (e == OTA_OK)
        e = key_new(q->alg, &key);
    if (e == OTA_OK)
        e = key_write(key, q->out, q->force);
    if (e == OTA_OK && q->release)
        e = minisign_pub_write(key_public(key), minisign_path, q->force);
    if (e == OTA_OK) {
        report_init(&r);
        report_text(&r, "private_key", "%s", q->out);
        report_text(&r, "public_key", "%s", public_path);
        if (q->release)
            report_text(&r, "minisign_public_key", "%s", minisign_path);
        judge_report_key(&r, key_public(key), q->release);
        e = report_print(&r) ? OTA_OK : OTA_E_IO;
    }
    key_free(key);
    return e;
}

enum exit_status cmd_keygen(int argc, char **argv)
{
    struct request q = {.alg = CRYPTO_ED25519};
    enum exit_status s = parse(argc, argv, &q);

    return s != EXIT_DONE || q.out == NULL ? s : exit_of(run(&q));
}
