/* signer key: what can be done to a key that exists. */
#include <stdio.h>
#include <string.h>

#include "args.h"
#include "cmd.h"
#include "cmd_repo.h"
#include "file.h"
#include "judge.h"
#include "key.h"
#include "report.h"
#include "say.h"
#include "strength.h"

enum { OPT_KEY, OPT_OUT, OPT_STRENGTH, OPT_NEW_FILE, OPT_NEW_FD, OPT_FORCE };

static const struct arg_spec options[] = {
    [OPT_KEY] = {'k', "key", "KEY", "the key: a file or, for `public`, a pkcs11: URI"},
    [OPT_OUT] = {'o', "out", "FILE", "where the result goes"},
    [OPT_STRENGTH] = {0, "strength", "moderate|sensitive|interactive", STRENGTH_HELP},
    [OPT_NEW_FILE] = {0, "new-passphrase-file", "FILE", "passwd: where the new one stands"},
    [OPT_NEW_FD] = {0, "new-passphrase-fd", "NUMBER", "passwd: descriptor to read it from"},
    [OPT_FORCE] = {0, "force", NULL, "replace the file that --out names"},
    {0, NULL, NULL, NULL},
};

static const struct verb_spec verb = {
    "key [OPTION]... public|encrypt|decrypt|passwd -k KEY",
    "Show a key's public half, or change how its file is protected.",
    options,
    "  public   -k KEY [-o FILE]  the public half, from a file or a token\n"
    "  encrypt  -k FILE           give FILE a passphrase, in place; a disk may keep the old "
    "bytes\n"
    "  passwd   -k FILE           give FILE another passphrase, in place; also turns a PKCS#8\n"
    "                             file with a passphrase (openssl, imgtool) into our form\n"
    "  decrypt  -k FILE -o OUT    a copy without passphrase\n\n"
    "Passphrases are asked for on the terminal, or come from --passphrase-file,\n"
    "--passphrase-fd or the systemd credential signer.passphrase.",
};

enum action { ACTION_NONE, ACTION_PUBLIC, ACTION_ENCRYPT, ACTION_DECRYPT, ACTION_PASSWD };

struct request {
    enum action action;
    const char *key, *out;
    const struct keybox_cost *cost;
    bool force;
};

static bool take_action(const struct args *a, struct request *q, const char *value)
{
    static const char *const words[] = {
        [ACTION_PUBLIC] = "public",
        [ACTION_ENCRYPT] = "encrypt",
        [ACTION_DECRYPT] = "decrypt",
        [ACTION_PASSWD] = "passwd",
    };

    for (int i = ACTION_PUBLIC; i <= ACTION_PASSWD && q->action == ACTION_NONE; i++) {
        if (strcmp(words[i], value) == 0) {
            q->action = (enum action)i;
            return true;
        }
    }
    args_complain(a, "what is '%s'?", value);
    return false;
}

static bool take(struct args *a, void *request, int option, const char *value)
{
    struct request *q = request;

    switch (option) {
    case OPT_KEY:
        q->key = value;
        return true;
    case OPT_OUT:
        q->out = value;
        return true;
    case OPT_STRENGTH:
        q->cost = strength_of(value);
        return q->cost != NULL;
    case OPT_NEW_FILE:
        ask_from_file(SECRET_NEW_PASSPHRASE, value);
        return true;
    case OPT_NEW_FD:
        return ask_from_fd(SECRET_NEW_PASSPHRASE, options[option].name, value);
    case OPT_FORCE:
        q->force = true;
        return true;
    default:
        return take_action(a, q, value);
    }
}

static bool complete(const struct args *a, void *request)
{
    const struct request *q = request;
    bool in_place = q->action == ACTION_ENCRYPT || q->action == ACTION_PASSWD;

    if (q->action == ACTION_NONE)
        args_complain(a, "public, encrypt, decrypt or passwd?");
    else if (q->key == NULL)
        args_complain(a, "-k KEY is missing");
    else if (q->action != ACTION_PUBLIC && key_is_uri(q->key))
        args_complain(a, "a token protects its keys itself");
    else if (q->action == ACTION_DECRYPT && q->out == NULL)
        args_complain(a, "-o FILE is missing");
    else if (in_place && q->out != NULL)
        args_complain(a, "the file is changed in place; -o is not for this");
    else
        return true;
    return false;
}

static const struct args_reader reader = {take, complete};

static ota_err report(const struct request *q, const struct key_public *public)
{
    struct report r;
    ota_err e;

    report_init(&r);
    if (q->out != NULL)
        report_text(&r, "file", "%s", q->out);
    else if (q->action != ACTION_PUBLIC)
        report_text(&r, "file", "%s", q->key);
    judge_report_key(&r, public, false);
    e = repo_report_keyid(&r, public);
    if (e == OTA_OK && !report_print(&r))
        e = OTA_E_IO;
    report_free(&r);
    return e;
}

static ota_err run_public(const struct request *q)
{
    struct key_public public;
    ota_err e = key_public_read(q->key, &public);

    if (e == OTA_OK && q->out != NULL)
        e = key_public_write(&public, q->out, q->force);
    return e == OTA_OK ? report(q, &public) : e;
}

static ota_err run_private(const struct request *q)
{
    struct key *key = NULL;
    bool locked = false;
    ota_err e = key_file_is_encrypted(q->key, &locked);

    if (e == OTA_OK && q->action == ACTION_ENCRYPT && locked) {
        say_error("%s has a passphrase already", q->key);
        say_hint("`signer key passwd` gives it another one");
        return OTA_E_CONFLICT;
    }
    if (e == OTA_OK && q->action != ACTION_ENCRYPT && !locked)
        return say_fail(OTA_E_CONFLICT, "%s has no passphrase", q->key);
    if (e == OTA_OK)
        e = key_read(q->key, &key);
    if (e == OTA_OK && q->action == ACTION_DECRYPT)
        e = key_write_private(key, q->out, NULL, SECRET_PASSPHRASE, q->force);
    else if (e == OTA_OK)
        e = key_write_private(
            key, q->key, q->cost,
            q->action == ACTION_ENCRYPT ? SECRET_PASSPHRASE : SECRET_NEW_PASSPHRASE, true);
    if (e == OTA_OK)
        e = report(q, key_public(key));
    key_free(key);
    return e;
}

enum exit_status cmd_key(int argc, char **argv)
{
    struct request q = {.cost = &keybox_moderate};
    enum exit_status s;
    struct args a;

    args_init(&a, &verb, argc, argv);
    if (!args_read(&a, &reader, &q, &s))
        return s;
    return exit_of(q.action == ACTION_PUBLIC ? run_public(&q) : run_private(&q));
}
