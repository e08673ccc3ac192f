/* signer keygen: a new key pair. */
#include <stdio.h>
#include <string.h>

#include "../firmware/boards/host/minisign.h"
#include "args.h"
#include "cmd.h"
#include "cmd_repo.h"
#include "file.h"
#include "judge.h"
#include "key.h"
#include "report.h"
#include "say.h"
#include "strength.h"

enum { OPT_TYPE, OPT_OUT, OPT_PURPOSE, OPT_KEY, OPT_ENCRYPT, OPT_STRENGTH, OPT_FORCE };

static const struct arg_spec options[] = {
    [OPT_TYPE] = {'t', "type", "ed25519|p256", "algorithm (default ed25519)"},
    [OPT_OUT] = {'o', "out", "FILE", "where the private key goes; the public one beside it"},
    [OPT_PURPOSE] = {0, "purpose", "image|release|root", "what it is for (default image)"},
    [OPT_KEY] = {'k', "key", "URI", "make it in a token instead: pkcs11:token=T;object=NAME"},
    [OPT_ENCRYPT] = {'e', "encrypt", NULL, "give the private file a passphrase"},
    [OPT_STRENGTH] = {0, "strength", "moderate|sensitive|interactive", STRENGTH_HELP},
    [OPT_FORCE] = {0, "force", NULL, "replace files that exist: the old key is lost"},
    {0, NULL, NULL, NULL},
};

static const struct verb_spec verb = {
    "keygen [OPTION]... (-o FILE | -k URI [-o FILE])",
    "Make a key pair: FILE (PKCS#8 PEM, readable by you alone) and FILE.pub (a name that ends "
    "in\n"
    ".pem gives way: key.pem and key.pub).",
    options,
    "With --encrypt the passphrase is asked for twice, or comes from --passphrase-file,\n"
    "--passphrase-fd or the systemd credential signer.passphrase.  With --key the token makes "
    "the\n"
    "key and keeps it; -o names only its public half.\n\n"
    "A release key is Ed25519 and also gets FILE.minisign.pub, so that anybody can verify a\n"
    "release with `minisign -V -p` or `signify-openbsd -C -p`.",
};

struct request {
    enum crypto_alg alg;
    bool release, force, encrypt;
    const char *out, *uri;
    const struct keybox_cost *cost;
};

static bool complete(const struct args *a, void *request)
{
    const struct request *q = request;

    if (q->out == NULL && (q->uri == NULL || q->release))
        args_complain(a, "-o FILE is missing");
    else if (q->release && q->alg != CRYPTO_ED25519)
        args_complain(a, "a release key must be Ed25519: minisign knows no other");
    else if (q->uri != NULL && !key_is_uri(q->uri))
        args_complain(a, "-k is for keys in tokens: a pkcs11: URI");
    else if (q->uri != NULL && q->encrypt)
        args_complain(a, "a token protects its keys itself");
    else
        return true;
    return false;
}

static bool take(struct args *a, void *request, int option, const char *value)
{
    struct request *q = request;

    if (option == OPT_TYPE && (strcmp(value, "ed25519") == 0 || strcmp(value, "p256") == 0)) {
        q->alg = value[0] == 'e' ? CRYPTO_ED25519 : CRYPTO_P256;
    } else if (option == OPT_OUT) {
        q->out = value;
    } else if (option == OPT_PURPOSE &&
               (strcmp(value, "image") == 0 || strcmp(value, "release") == 0 ||
                strcmp(value, "root") == 0)) {
        q->release = strcmp(value, "release") == 0;
    } else if (option == OPT_KEY) {
        q->uri = value;
    } else if (option == OPT_ENCRYPT) {
        q->encrypt = true;
    } else if (option == OPT_STRENGTH) {
        q->cost = strength_of(value);
        return q->cost != NULL;
    } else if (option == OPT_FORCE) {
        q->force = true;
    } else {
        args_complain(a, "what is '%s'?", value);
        return false;
    }
    return true;
}

static const struct args_reader reader = {take, complete};

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

/* In files, NAME.pem and NAME.pub; of a token's key, only NAME.pub. */
static void name_files(const struct request *q, char *public_path, char *minisign_path,
                       size_t room)
{
    size_t len = strlen(q->out);
    char base[4096];

    if (q->uri != NULL && len > 4 && strcmp(q->out + len - 4, ".pub") == 0)
        len -= 4;
    (void)snprintf(base, sizeof base, "%.*s", (int)len, q->out);
    key_sibling(base, ".pub", public_path, room);
    key_sibling(base, ".minisign.pub", minisign_path, room);
}

/* The key, and its files unless a token keeps it. */
static ota_err make(const struct request *q, const char *public_path, struct key **out)
{
    ota_err e;

    if (q->uri == NULL) {
        e = key_new(q->alg, out);
        if (e != OTA_OK)
            return e;
        return q->encrypt
                   ? key_write_encrypted(*out, q->out, q->cost, SECRET_PASSPHRASE, q->force)
                   : key_write(*out, q->out, q->force);
    }
    e = q->out == NULL || q->force ? OTA_OK : file_absent(public_path);
    if (e == OTA_OK)
        e = key_token_new(q->uri, q->alg, out);
    if (e == OTA_OK && q->out != NULL)
        e = key_public_write(key_public(*out), public_path, q->force);
    return e;
}

static ota_err run(const struct request *q)
{
    char minisign_path[4096] = "", public_path[4096] = "";
    struct key *key = NULL;
    struct report r;
    ota_err e = OTA_OK;

    if (q->out != NULL)
        name_files(q, public_path, minisign_path, sizeof public_path);
    if (q->release && !q->force)
        e = file_absent(minisign_path);
    if (e == OTA_OK)
        e = make(q, public_path, &key);
    if (e == OTA_OK && q->release)
        e = minisign_pub_write(key_public(key), minisign_path, q->force);
    if (e == OTA_OK) {
        report_init(&r);
        report_text(&r, "private_key", "%s", q->uri == NULL ? q->out : q->uri);
        if (q->out != NULL)
            report_text(&r, "public_key", "%s", public_path);
        if (q->release)
            report_text(&r, "minisign_public_key", "%s", minisign_path);
        judge_report_key(&r, key_public(key), q->release);
        e = repo_report_keyid(&r, key_public(key));
        if (e == OTA_OK && !report_print(&r))
            e = OTA_E_IO;
        report_free(&r);
    }
    key_free(key);
    return e;
}

enum exit_status cmd_keygen(int argc, char **argv)
{
    struct request q = {.alg = CRYPTO_ED25519, .cost = &keybox_moderate};
    enum exit_status s;
    struct args a;

    args_init(&a, &verb, argc, argv);
    return args_read(&a, &reader, &q, &s) ? exit_of(run(&q)) : s;
}
