/*
 * signer repo: the repository of a platform, from its first root to the release that two
 * managers signed, each on their own machine (SPEC 10).  The command line of all its verbs.
 */
#include "cmd_repo.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "args.h"
#include "cmd.h"
#include "repo_edit.h"
#include "say.h"

/* --- options --------------------------------------------------------------------------------
 */

#define OPT_DIR                                                                                \
    {                                                                                          \
        'd', "dir", "DIR", "the repository's folder (default .)"                               \
    }
#define OPT_TIME                                                                               \
    {                                                                                          \
        0, "time", "DATE", "judge what has expired as of then (2027-01-31T00:00:00Z)"          \
    }
#define OPT_EXPIRES                                                                            \
    {                                                                                          \
        0, "expires", "DAYS|DATE", "of targets and platform's role (default 30)"               \
    }
#define OPT_ROOT_EXPIRES                                                                       \
    {                                                                                          \
        0, "root-expires", "DAYS|DATE", "of a new root (default 365)"                          \
    }
#define OPT_ONLINE                                                                             \
    {                                                                                          \
        0, "online", "FILE", "otad's public keys: its answer to GET .../platforms/P/tuf"       \
    }
#define OPT_ONLINE_KEY                                                                         \
    {                                                                                          \
        0, "online-key", "PUB", "otad's public key for snapshot, timestamp and director"       \
    }
#define OPT_SERVER                                                                             \
    {                                                                                          \
        0, "server", "URL", "otad's, https://HOST[:PORT]"                                      \
    }
#define OPT_CA                                                                                 \
    {                                                                                          \
        0, "ca", "FILE", "the CA that vouches for the server, PEM"                             \
    }
#define OPT_API_KEY                                                                            \
    {                                                                                          \
        0, "api-key-file", "FILE", "API key (else OTAD_API_KEY)"                               \
    }
#define OPT_RETRIES                                                                            \
    {                                                                                          \
        0, "retries", "N", "after a lost connection, 429 or 5xx (default 5)"                   \
    }
#define OPT_RETRY_WAIT                                                                         \
    {                                                                                          \
        0, "retry-wait", "MS", "before the first retry, then doubled (default 1000)"           \
    }
#define OPT_TIMEOUT                                                                            \
    {                                                                                          \
        0, "timeout", "SECONDS", "the longest that one answer may take (default 60)"           \
    }
#define OPT_END                                                                                \
    {                                                                                          \
        0, NULL, NULL, NULL                                                                    \
    }

static const struct arg_spec init_options[] = {
    OPT_DIR,
    {0, "platform", "NAME", "the platform; also its role's name"},
    {0, "class", "NAME|UUID", "hardware class that its images are for"},
    {0, "vid", "NAME|UUID", "vendor (default otad.example)"},
    {0, "root-key", "PUB", "public key of a root officer; once for each"},
    {0, "root-threshold", "M", "how many of them sign root (default: more than half)"},
    {0, "targets-key", "PUB", "public key that may sign targets; once for each"},
    {0, "targets-threshold", "M", "how many sign targets (default: more than half)"},
    {0, "platform-key", "PUB", "public key of a release manager; once for each"},
    {0, "platform-threshold", "K", "how many sign a release (default: 2, or 1 of 1)"},
    OPT_ONLINE,
    OPT_ONLINE_KEY,
    OPT_SERVER,
    OPT_CA,
    OPT_API_KEY,
    OPT_EXPIRES,
    OPT_ROOT_EXPIRES,
    OPT_END,
};

static const struct arg_spec add_options[] = {
    OPT_DIR,
    {0, "channel", "NAME", "stable (default) or beta"},
    {0, "version", "V", "the release's (default: the images')"},
    {0, "manifest", "FILE", "key manifest that the images must be good under"},
    {0, "boot-root", "PUB", "boot root's public key; three times, with --manifest"},
    {0, "release-key", "PUB", "SHA256SUMS must carry this key's signature"},
    OPT_EXPIRES,
    OPT_TIME,
    OPT_END,
};

static const struct arg_spec cosign_options[] = {
    OPT_DIR,
    {'k', "key", "KEY", "your private key; without it only signatures in FILEs are taken"},
    {0, "role", "ROLE", "sign only this: root, targets or the platform"},
    {'y', "yes", NULL, "sign without asking"},
    {'o', "out", "DIR", "put copies of what was signed there, to be sent on"},
    OPT_TIME,
    OPT_END,
};

static const struct arg_spec rotate_options[] = {
    OPT_DIR,
    {0, "role", "ROLE", "root, targets or the platform: whose keys change"},
    {0, "add", "PUB", "a public key more; any number of times"},
    {0, "remove", "PUB|KEYID", "a key less; 8 digits of its keyid do"},
    {0, "threshold", "M", "how many have to sign from now on"},
    OPT_ONLINE,
    OPT_ONLINE_KEY,
    OPT_SERVER,
    OPT_CA,
    OPT_API_KEY,
    OPT_EXPIRES,
    OPT_ROOT_EXPIRES,
    OPT_TIME,
    OPT_END,
};

static const struct arg_spec revoke_options[] = {
    OPT_DIR,
    {0, "role", "ROLE", "targets or the platform (default: where the key is)"},
    {0, "add", "PUB", "its successor"},
    {0, "threshold", "M", "how many have to sign from now on"},
    OPT_EXPIRES,
    OPT_ROOT_EXPIRES,
    OPT_TIME,
    OPT_END,
};

static const struct arg_spec renew_options[] = {OPT_DIR, OPT_EXPIRES, OPT_ROOT_EXPIRES,
                                                OPT_TIME, OPT_END};
static const struct arg_spec status_options[] = {OPT_DIR, OPT_TIME, OPT_END};

static const struct arg_spec verify_options[] = {
    {0, "root", "FILE", "the root you trust (default: the lowest there is)"},
    OPT_TIME,
    OPT_END,
};

static const struct arg_spec publish_options[] = {
    OPT_DIR,
    OPT_SERVER,
    OPT_CA,
    OPT_API_KEY,
    {0, "dry-run", NULL, "check everything, send nothing"},
    OPT_RETRIES,
    OPT_RETRY_WAIT,
    OPT_TIMEOUT,
    OPT_TIME,
    OPT_END,
};

static const struct arg_spec pull_options[] = {
    OPT_DIR,
    {0, "platform", "NAME", "the platform, for a folder that has no targets yet"},
    {0, "root", "FILE", "the root you trust, for a new folder; never from the server"},
    {0, "id", "DIGITS", "of several files that wait for one role: the one to take"},
    OPT_SERVER,
    OPT_CA,
    OPT_API_KEY,
    {0, "dry-run", NULL, "fetch and check everything, write nothing"},
    OPT_RETRIES,
    OPT_RETRY_WAIT,
    OPT_TIMEOUT,
    OPT_TIME,
    OPT_END,
};

/* --- verbs ----------------------------------------------------------------------------------
 */

/* Where otad's public keys come from, if they are needed. */
static const char *online_missing(const struct repo_request *q, bool needed)
{
    const int ways = (q->online != NULL) + (q->online_key.count > 0) + (q->server != NULL);

    if (ways > 1 || (needed && ways == 0))
        return "one of --online FILE, --online-key PUB and --server URL";
    return q->server != NULL && q->ca == NULL ? "--ca FILE with --server" : NULL;
}

static const char *init_missing(const struct repo_request *q)
{
    if (q->platform == NULL)
        return "--platform NAME";
    if (q->class_name == NULL)
        return "--class NAME";
    if (q->root_key.count == 0 || q->targets_key.count == 0 || q->platform_key.count == 0)
        return "--root-key, --targets-key and --platform-key, at least one each";
    return online_missing(q, true);
}

static const char *add_missing(const struct repo_request *q)
{
    if (q->manifest != NULL && q->boot_root.count != MANIFEST_ROOTS)
        return "--boot-root three times with --manifest";
    return q->operand.count == 0 ? "a release's folder, or its files" : NULL;
}

static const char *cosign_missing(const struct repo_request *q)
{
    return q->key == NULL && q->operand.count == 0 ? "-k KEY, or files with others' signatures"
                                                   : NULL;
}

static const char *rotate_missing(const struct repo_request *q)
{
    const bool keys = q->add.count + q->remove.count > 0 || q->threshold != 0;

    if (keys && q->role == NULL)
        return "--role root, targets or the platform";
    if (online_missing(q, false) != NULL)
        return online_missing(q, false);
    return keys || q->online != NULL || q->online_key.count > 0 || q->server != NULL
               ? NULL
               : "something to change: --add, --remove, --threshold, --online or --server";
}

static const char *revoke_missing(const struct repo_request *q)
{
    return q->operand.count == 1 ? NULL : "one key: its public file or its keyid";
}

static const char *publish_missing(const struct repo_request *q)
{
    if (q->dry_run)
        return NULL;
    return q->server == NULL ? "--server URL" : q->ca == NULL ? "--ca FILE" : NULL;
}

static const char *pull_missing(const struct repo_request *q)
{
    return q->server == NULL ? "--server URL" : q->ca == NULL ? "--ca FILE" : NULL;
}

static const char *nothing_missing(const struct repo_request *q)
{
    (void)q;
    return NULL;
}

static const struct repo_verb {
    const char *name;
    struct verb_spec spec;
    bool operands;
    const char *(*missing)(const struct repo_request *q);
    ota_err (*run)(const struct repo_request *q);
} verbs[] = {
    {"init",
     {"repo init [OPTION]... --platform NAME --class NAME",
      "Make a platform's repository: first root, targets and role, signed by nobody yet.",
      init_options,
      "Each manager makes a key with `signer keygen` and hands over the public file.  Then "
      "every\n"
      "one of them runs `signer repo cosign`."},
     false,
     init_missing,
     repo_run_init},
    {"add-release",
     {"repo add-release [OPTION]... FOLDER|FILE...",
      "Make the images of a release the newest head of a channel.  Four releases are kept.",
      add_options,
      "SHA256SUMS in the folder, if there is one, must be right.  The new list of images waits "
      "in\nDIR/pending for `signer repo cosign`."},
     true,
     add_missing,
     repo_run_add_release},
    {"cosign",
     {"repo cosign [OPTION]... [FILE]...",
      "See what is pending and sign it.  FILEs are other managers' copies: their signatures "
      "are\n"
      "taken in first.",
      cosign_options,
      "What has all signatures that it needs moves from DIR/pending to DIR.  Send the file in\n"
      "DIR/pending, or the copy that --out made, to the next manager."},
     true,
     cosign_missing,
     repo_run_cosign},
    {"rotate",
     {"repo rotate [OPTION]...",
      "Change who signs: a new root (signed by the old and the new root officers), or for the\n"
      "platform's keys a new targets.",
      rotate_options, NULL},
     false,
     rotate_missing,
     repo_run_rotate},
    {"revoke",
     {"repo revoke [OPTION]... PUB|KEYID",
      "Take a key away from targets or the platform's role.", revoke_options,
      "What then has too few signatures is made anew and waits for `signer repo cosign`."},
     true,
     revoke_missing,
     repo_run_revoke},
    {"renew",
     {"repo renew [OPTION]... [ROLE]...",
      "Make the next version with a new expiry, of the platform's role if nothing is named.",
      renew_options, NULL},
     true,
     nothing_missing,
     repo_run_renew},
    {"status",
     {"repo status [OPTION]...", "Who has signed, what is missing, and what expires when.",
      status_options, NULL},
     false,
     nothing_missing,
     repo_run_status},
    {"verify",
     {"repo verify [OPTION]... [FOLDER|FILE]...",
      "Check the whole chain: roots, targets, platform's role, and snapshot and timestamp if "
      "they\n"
      "are there.  Needs no key and no network.",
      verify_options, NULL},
     true,
     nothing_missing,
     repo_run_verify},
    {"publish",
     {"repo publish [OPTION]... --server URL --ca FILE",
      "Send to otad what it does not have: what is complete is published there, what is "
      "pending\n"
      "waits there for signatures.",
      publish_options,
      "The API key needs the scope release.manage, and for a platform's first root "
      "platform.manage.\n"
      "The others take what waits with `signer repo pull`."},
     false,
     publish_missing,
     repo_run_publish},
    {"pull",
     {"repo pull [OPTION]... --server URL --ca FILE",
      "Take from otad what it has published and what waits there for signatures, into the "
      "folder of\na manager who then signs.  Nothing is believed that the root in the folder "
      "does not vouch for.",
      pull_options,
      "Shows what is new and what would be signed; `signer repo cosign` signs it, `signer "
      "repo\n"
      "publish` sends the signature back.  A new folder needs --root and --platform once.  "
      "When\n"
      "anything is refused, nothing is written."},
     false,
     pull_missing,
     repo_run_pull},
};

enum { VERBS = sizeof verbs / sizeof verbs[0] };

/* --- values ---------------------------------------------------------------------------------
 */

static const struct field {
    const char *name;
    enum { TEXT, LIST, THRESHOLD, COUNT, FLAG } kind;
    size_t at;
    uint64_t max; /* of a COUNT */
} fields[] = {
    {"dir", TEXT, offsetof(struct repo_request, dir), 0},
    {"platform", TEXT, offsetof(struct repo_request, platform), 0},
    {"class", TEXT, offsetof(struct repo_request, class_name), 0},
    {"vid", TEXT, offsetof(struct repo_request, vendor), 0},
    {"online", TEXT, offsetof(struct repo_request, online), 0},
    {"expires", TEXT, offsetof(struct repo_request, expires), 0},
    {"root-expires", TEXT, offsetof(struct repo_request, root_expires), 0},
    {"time", TEXT, offsetof(struct repo_request, time), 0},
    {"channel", TEXT, offsetof(struct repo_request, channel), 0},
    {"version", TEXT, offsetof(struct repo_request, version), 0},
    {"role", TEXT, offsetof(struct repo_request, role), 0},
    {"key", TEXT, offsetof(struct repo_request, key), 0},
    {"out", TEXT, offsetof(struct repo_request, out), 0},
    {"root", TEXT, offsetof(struct repo_request, root), 0},
    {"manifest", TEXT, offsetof(struct repo_request, manifest), 0},
    {"release-key", TEXT, offsetof(struct repo_request, release_key), 0},
    {"server", TEXT, offsetof(struct repo_request, server), 0},
    {"ca", TEXT, offsetof(struct repo_request, ca), 0},
    {"id", TEXT, offsetof(struct repo_request, id), 0},
    {"api-key-file", TEXT, offsetof(struct repo_request, api_key_file), 0},
    {"root-key", LIST, offsetof(struct repo_request, root_key), 0},
    {"targets-key", LIST, offsetof(struct repo_request, targets_key), 0},
    {"platform-key", LIST, offsetof(struct repo_request, platform_key), 0},
    {"online-key", LIST, offsetof(struct repo_request, online_key), 0},
    {"boot-root", LIST, offsetof(struct repo_request, boot_root), 0},
    {"add", LIST, offsetof(struct repo_request, add), 0},
    {"remove", LIST, offsetof(struct repo_request, remove), 0},
    {"root-threshold", THRESHOLD, offsetof(struct repo_request, root_threshold), 0},
    {"targets-threshold", THRESHOLD, offsetof(struct repo_request, targets_threshold), 0},
    {"platform-threshold", THRESHOLD, offsetof(struct repo_request, platform_threshold), 0},
    {"threshold", THRESHOLD, offsetof(struct repo_request, threshold), 0},
    {"retries", COUNT, offsetof(struct repo_request, retries), 100},
    {"retry-wait", COUNT, offsetof(struct repo_request, retry_wait_ms), 30000},
    {"timeout", COUNT, offsetof(struct repo_request, timeout_s), 3600},
    {"yes", FLAG, offsetof(struct repo_request, yes), 0},
    {"dry-run", FLAG, offsetof(struct repo_request, dry_run), 0},
};

static bool list_add(struct repo_list *list, const char *value)
{
    if (list->count == REPO_LIST_MAX) {
        say_error("too many: '%s'", value);
        return false;
    }
    list->at[list->count++] = value;
    return true;
}

static bool threshold(const char *name, const char *value, uint64_t *out)
{
    if (!args_number(name, value, REPO_THRESHOLD_MAX, out))
        return false;
    if (*out == 0)
        say_error("--%s: at least 1", name);
    return *out != 0;
}

static bool take_field(struct repo_request *q, const char *name, const char *value)
{
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        void *at = (char *)q + fields[i].at;

        if (strcmp(fields[i].name, name) != 0)
            continue;
        switch (fields[i].kind) {
        case TEXT:
            *(const char **)at = value;
            return true;
        case LIST:
            return list_add(at, value);
        case THRESHOLD:
            return threshold(name, value, at);
        case COUNT:
            return args_number(name, value, fields[i].max, at);
        case FLAG:
            *(bool *)at = true;
            return true;
        }
    }
    say_error("--%s has no meaning here", name);
    return false;
}

static bool times(struct repo_request *q)
{
    q->now_unix_s = (int64_t)time(NULL);
    if (q->time == NULL || repo_date_parse(q->time, &q->now_unix_s) == OTA_OK)
        return true;
    say_error("--time: '%s' is no date; they look like 2027-01-31T00:00:00Z", q->time);
    return false;
}

/* A request, and the verb that it is for. */
struct reading {
    const struct repo_verb *verb;
    struct repo_request q;
};

static bool take(struct args *a, void *request, int option, const char *value)
{
    struct reading *r = request;

    if (option != ARGS_OPERAND)
        return take_field(&r->q, a->verb->options[option].name, value);
    if (r->verb->operands)
        return list_add(&r->q.operand, value);
    args_complain(a, "%s takes no '%s'", r->verb->name, value);
    return false;
}

static bool complete(const struct args *a, void *request)
{
    struct reading *r = request;
    const char *missing = r->verb->missing(&r->q);

    if (missing != NULL)
        args_complain(a, "%s needs %s", r->verb->name, missing);
    return missing == NULL && times(&r->q);
}

static enum exit_status verb_run(const struct repo_verb *v, int argc, char **argv)
{
    static const struct args_reader reader = {take, complete};
    struct reading r = {
        .verb = v, .q = {.dir = ".", .retries = 5, .retry_wait_ms = 1000, .timeout_s = 60}};
    enum exit_status s;
    struct args a;

    args_init(&a, &v->spec, argc, argv);
    return args_read(&a, &reader, &r, &s) ? exit_of(v->run(&r.q)) : s;
}

static void help(FILE *to)
{
    (void)fprintf(to,
                  "Usage: signer repo VERB [OPTION]...\n\n"
                  "The signed list of a platform's releases, which devices believe instead of "
                  "the server.\n\nVerbs:\n");
    for (size_t i = 0; i < VERBS; i++)
        (void)fprintf(to, "  %-12s %.*s\n", verbs[i].name,
                      (int)strcspn(verbs[i].spec.summary, ".:;"), verbs[i].spec.summary);
    (void)fprintf(to, "\n`signer repo VERB --help` tells more; every verb takes --json.\n"
                      "Exit status: 0 done, 1 failed, 2 wrong usage, 3 not authentic.\n");
}

enum exit_status cmd_repo(int argc, char **argv)
{
    if (argc >= 2 && args_is_help(argv[1])) {
        help(stdout);
        return EXIT_DONE;
    }
    for (size_t i = 0; argc >= 2 && i < VERBS; i++) {
        if (strcmp(argv[1], verbs[i].name) == 0)
            return verb_run(&verbs[i], argc - 1, argv + 1);
    }
    if (argc >= 2)
        say_error("repo has no verb '%s'", argv[1]);
    else
        say_error("repo: which verb?");
    say_hint("`signer repo --help` lists them");
    return EXIT_BAD_USAGE;
}
