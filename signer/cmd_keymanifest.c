/*
 * signer keymanifest: the key manifest of a hardware class, from a draft to two of three
 * signatures, each made on its manager's own machine.
 */
#include <stdio.h>
#include <string.h>

#include "args.h"
#include "cmd.h"
#include "file.h"
#include "judge.h"
#include "key.h"
#include "keymanifest.h"
#include "report.h"
#include "say.h"
#include "uuid.h"

enum {
    OPT_CLASS,
    OPT_CID,
    OPT_VID,
    OPT_SEQUENCE,
    OPT_IMAGE_KEY,
    OPT_RELEASE_KEY,
    OPT_OUT,
    OPT_KEY,
    OPT_ROOT,
    OPT_ROOT_INDEX,
    OPT_C_SOURCE,
};

static const struct arg_spec options[] = {
    [OPT_CLASS] = {0, "class", "NAME|UUID", "new: hardware class the keys are for"},
    [OPT_CID] = {0, "cid", "NAME|UUID", "the same as --class"},
    [OPT_VID] = {0, "vid", "NAME|UUID", "new: vendor (default otad.example)"},
    [OPT_SEQUENCE] = {0, "sequence", "N", "new: must be higher than the one in force"},
    [OPT_IMAGE_KEY] = {0, "image-key", "PUB", "new: public key that may sign images"},
    [OPT_RELEASE_KEY] = {0, "release-key", "PUB", "new: public key that may sign releases"},
    [OPT_OUT] = {'o', "out", "FILE", "where the result goes (cosign, merge: in place)"},
    [OPT_KEY] = {'k', "key", "KEY", "cosign: your boot root's private key"},
    [OPT_ROOT] = {0, "root", "PUB", "boot root's public key; three times, always in one order"},
    [OPT_ROOT_INDEX] = {0, "root-index", "1|2|3", "cosign: which root you are, without --root"},
    [OPT_C_SOURCE] = {0, "c-source", "FILE", "roots: C file for the bootloader's build"},
    {0, NULL, NULL, NULL},
};

static const struct verb_spec verb = {
    "keymanifest [OPTION]... new|cosign|merge|verify|roots [FILE]...",
    "Say which keys count for a hardware class.  A key manifest counts when two of the three "
    "boot\n"
    "roots signed it.",
    options,
    "  new     --class C --sequence N --image-key PUB... --release-key PUB... -o FILE\n"
    "          a draft, signed by nobody\n"
    "  cosign  -k ROOT.pem (--root A --root B --root C | --root-index N) FILE\n"
    "          add your signature; send FILE to the next manager\n"
    "  merge   FILE FILE -o OUT   join signatures made at the same time\n"
    "  verify  --root A --root B --root C FILE\n"
    "  roots   --root A --root B --root C --c-source FILE",
};

struct action;

struct request {
    const struct action *todo; /* of the name in action */
    const char *action, *file[2];
    size_t files;
    const char *class, *vid, *out, *key, *c_source;
    const char *root[MANIFEST_ROOTS];
    const char *key_path[MANIFEST_KEYS_MAX];
    enum manifest_purpose key_purpose[MANIFEST_KEYS_MAX];
    size_t roots, keys;
    uint64_t sequence, root_index; /* 0 = not given; the index counts from 1 */
    bool has_sequence;
};

static bool take_key(const struct args *a, struct request *q, enum manifest_purpose purpose,
                     const char *path)
{
    if (q->keys == MANIFEST_KEYS_MAX) {
        args_complain(a, "a key manifest holds at most %d keys", MANIFEST_KEYS_MAX);
        return false;
    }
    q->key_purpose[q->keys] = purpose;
    q->key_path[q->keys++] = path;
    return true;
}

static bool take_operand(const struct args *a, struct request *q, const char *value)
{
    if (q->action == NULL) {
        q->action = value;
        return true;
    }
    if (q->files == 2) {
        args_complain(a, "too many files: '%s'", value);
        return false;
    }
    q->file[q->files++] = value;
    return true;
}

static bool take_root(const struct args *a, struct request *q, const char *path)
{
    if (q->roots == MANIFEST_ROOTS) {
        args_complain(a, "there are three boot roots, not more");
        return false;
    }
    q->root[q->roots++] = path;
    return true;
}

static bool take(struct args *a, void *request, int option, const char *value)
{
    struct request *q = request;

    switch (option) {
    case ARGS_OPERAND:
        return take_operand(a, q, value);
    case OPT_CLASS:
    case OPT_CID:
        q->class = value;
        return true;
    case OPT_VID:
        q->vid = value;
        return true;
    case OPT_SEQUENCE:
        q->has_sequence = true;
        return args_number("sequence", value, UINT32_MAX, &q->sequence);
    case OPT_IMAGE_KEY:
        return take_key(a, q, MANIFEST_IMAGE, value);
    case OPT_RELEASE_KEY:
        return take_key(a, q, MANIFEST_RELEASE, value);
    case OPT_OUT:
        q->out = value;
        return true;
    case OPT_KEY:
        q->key = value;
        return true;
    case OPT_ROOT:
        return take_root(a, q, value);
    case OPT_ROOT_INDEX:
        return args_number("root-index", value, MANIFEST_ROOTS, &q->root_index);
    default:
        q->c_source = value;
        return true;
    }
}

/* --- the file, shown and written ------------------------------------------------------------
 */

static ota_err finish(const struct keymanifest *km, const char *path)
{
    struct manifest_parts parts;
    struct manifest m;
    struct report r;
    ota_err e = manifest_split(km->bytes, km->len, &parts);

    if (e == OTA_OK)
        e = manifest_body_read(parts.body, parts.body_bytes, &m);
    if (e == OTA_OK)
        e = file_write(path, km->bytes, km->len);
    if (e != OTA_OK)
        return e;
    report_init(&r);
    report_text(&r, "file", "%s", path);
    judge_report_manifest(&r, &m);
    report_number(&r, "signatures", parts.signature_count);
    report_flag(&r, "complete", parts.signature_count >= MANIFEST_THRESHOLD);
    return report_print(&r) ? OTA_OK : OTA_E_IO;
}

static ota_err run_new(const struct request *q)
{
    struct uuid vendor, class;
    struct keymanifest km;
    struct manifest m = {.sequence = (uint32_t)q->sequence};
    ota_err e;

    if (!uuid_vendor(q->vid == NULL ? "otad.example" : q->vid, &vendor) ||
        !uuid_class(&vendor, q->class, &class))
        return say_fail(OTA_E_INTERNAL, "libcrypto has no SHA-1 for UUIDs");
    memcpy(m.hardware_class, class.b, sizeof class.b);
    for (size_t i = 0; i < q->keys; i++) {
        struct manifest_key *k = &m.key[i];
        struct key_public key;

        e = key_public_read(q->key_path[i], &key);
        if (e == OTA_OK)
            e = key_sample_check(&key, q->key_path[i]);
        if (e != OTA_OK)
            return e;
        k->alg = key.alg;
        k->purpose = q->key_purpose[i];
        k->key_bytes = (uint8_t)key.bytes;
        memcpy(k->key, key.key, sizeof k->key);
    }
    m.key_count = (uint8_t)q->keys;
    e = keymanifest_new(&m, &km);
    return e == OTA_OK ? finish(&km, q->out) : e;
}

/* Which of the roots is this key?  0 to 2. */
static ota_err root_of(const struct request *q, const struct key *key, uint8_t *out)
{
    const struct key_public *public = key_public(key);
    struct manifest_root roots[MANIFEST_ROOTS];
    ota_err e;

    if (q->roots == 0) {
        *out = (uint8_t)(q->root_index - 1);
        return OTA_OK;
    }
    e = judge_roots_read(q->root, roots);
    if (e != OTA_OK)
        return e;
    for (int i = 0; i < MANIFEST_ROOTS; i++) {
        if (roots[i].alg == public->alg &&
            memcmp(roots[i].key, public->key, public->bytes) == 0) {
            *out = (uint8_t)i;
            return OTA_OK;
        }
    }
    return say_fail(OTA_E_DENIED, "%s is none of these boot roots", q->key);
}

/* What the manager is about to sign, for reading before the key is used. */
static void show_before(const struct manifest *m)
{
    char class[UUID_TEXT_BYTES];

    if (say_json())
        return;
    uuid_text(m->hardware_class, class);
    (void)fprintf(stderr, "signing: sequence %lu, class %s, %u keys\n",
                  (unsigned long)m->sequence, class, m->key_count);
}

static ota_err run_cosign(const struct request *q)
{
    struct keymanifest km, signed_km;
    struct manifest_parts parts;
    struct key *key = NULL;
    struct manifest m;
    uint8_t root = 0;
    ota_err e = keymanifest_read(q->file[0], &km, &parts, &m);

    if (e == OTA_OK)
        e = key_read(q->key, &key);
    if (e == OTA_OK)
        e = root_of(q, key, &root);
    if (e == OTA_OK) {
        show_before(&m);
        e = keymanifest_cosign(&km, key, root, &signed_km);
    }
    if (e == OTA_OK)
        e = finish(&signed_km, q->out == NULL ? q->file[0] : q->out);
    key_free(key);
    return e;
}

static ota_err run_merge(const struct request *q)
{
    struct keymanifest km[2], merged;
    struct manifest_parts parts;
    struct manifest m;
    ota_err e = OTA_OK;

    for (int i = 0; i < 2 && e == OTA_OK; i++)
        e = keymanifest_read(q->file[i], &km[i], &parts, &m);
    if (e == OTA_OK)
        e = keymanifest_merge(&km[0], &km[1], &merged);
    return e == OTA_OK ? finish(&merged, q->out == NULL ? q->file[0] : q->out) : e;
}

static ota_err run_verify(const struct request *q)
{
    struct manifest_root roots[MANIFEST_ROOTS];
    struct manifest m;
    struct report r;
    ota_err e = judge_roots_read(q->root, roots);

    if (e == OTA_OK)
        e = judge_manifest_read(q->file[0], roots, &m);
    if (e != OTA_OK)
        return e;
    report_init(&r);
    report_text(&r, "verdict", "good");
    report_text(&r, "file", "%s", q->file[0]);
    judge_report_manifest(&r, &m);
    return report_print(&r) ? OTA_OK : OTA_E_IO;
}

/* --- boot roots as C -------------------------------------------------------------------------
 */

/* Text that grows in a buffer that is known to be large enough. */
static void root_as_c(const struct manifest_root *root, char *out, size_t room, size_t *used)
{
    *used += (size_t)snprintf(out + *used, room - *used, "    {%s, %u,\n     {",
                              root->alg == CRYPTO_ED25519 ? "CRYPTO_ED25519" : "CRYPTO_P256",
                              root->key_bytes);
    for (unsigned i = 0; i < root->key_bytes; i++) {
        const char *gap = i + 1 == root->key_bytes ? "}},\n"
                          : i % 12 == 11           ? ",\n      "
                                                   : ", ";

        *used += (size_t)snprintf(out + *used, room - *used, "0x%02x%s", root->key[i], gap);
    }
}

static ota_err run_roots(const struct request *q)
{
    struct manifest_root roots[MANIFEST_ROOTS];
    char text[4096];
    size_t used = 0;
    struct report r;
    ota_err e = judge_roots_read(q->root, roots);

    if (e != OTA_OK)
        return e;
    used += (size_t)snprintf(text, sizeof text,
                             "/* Made by `signer keymanifest roots`: the boot roots that this "
                             "bootloader trusts. */\n#include \"roots.h\"\n\n"
                             "const struct manifest_root boot_roots[MANIFEST_ROOTS] = {\n");
    for (int i = 0; i < MANIFEST_ROOTS; i++)
        root_as_c(&roots[i], text, sizeof text, &used);
    used += (size_t)snprintf(text + used, sizeof text - used, "};\n");
    e = file_write(q->c_source, text, used);
    if (e != OTA_OK)
        return e;
    report_init(&r);
    report_text(&r, "c_source", "%s", q->c_source);
    report_list(&r, "roots");
    for (int i = 0; i < MANIFEST_ROOTS; i++)
        report_hex(&r, NULL, roots[i].key, roots[i].key_bytes);
    report_end(&r);
    return report_print(&r) ? OTA_OK : OTA_E_IO;
}

/* --- the table of actions --------------------------------------------------------------------
 */

static const char *new_missing(const struct request *q)
{
    if (q->class == NULL || !q->has_sequence || q->out == NULL)
        return "--class NAME, --sequence N and -o FILE";
    return q->keys == 0 ? "--image-key PUB" : NULL;
}

static const char *cosign_missing(const struct request *q)
{
    if (q->key == NULL)
        return "-k ROOT.pem";
    if (q->roots != MANIFEST_ROOTS && (q->roots != 0 || q->root_index == 0))
        return "--root three times (or --root-index 1, 2 or 3)";
    return NULL;
}

static const char *roots_missing(const struct request *q)
{
    return q->roots == MANIFEST_ROOTS ? NULL : "--root three times";
}

static const char *c_source_missing(const struct request *q)
{
    return q->c_source == NULL ? "--c-source FILE" : roots_missing(q);
}

static const char *nothing_missing(const struct request *q)
{
    (void)q;
    return NULL;
}

static const struct action {
    const char *name;
    size_t files;
    const char *(*missing)(const struct request *q);
    ota_err (*run)(const struct request *q);
} actions[] = {
    {"new", 0, new_missing, run_new},          {"cosign", 1, cosign_missing, run_cosign},
    {"merge", 2, nothing_missing, run_merge},  {"verify", 1, roots_missing, run_verify},
    {"roots", 0, c_source_missing, run_roots},
};

static const struct action *action_of(const char *name)
{
    for (size_t i = 0; name != NULL && i < sizeof actions / sizeof actions[0]; i++) {
        if (strcmp(actions[i].name, name) == 0)
            return &actions[i];
    }
    return NULL;
}

static bool complete(const struct args *a, void *request)
{
    struct request *q = request;
    const struct action *todo = action_of(q->action);
    const char *missing = NULL;

    if (todo == NULL) {
        args_complain(a, "say what to do: new, cosign, merge, verify or roots");
        return false;
    }
    missing = todo->missing(q);
    if (missing == NULL && q->files != todo->files)
        missing = todo->files == 0 ? "nothing but options (no file)" : "the manifest's file";
    if (missing != NULL)
        args_complain(a, "%s needs %s", todo->name, missing);
    q->todo = todo;
    return missing == NULL;
}

enum exit_status cmd_keymanifest(int argc, char **argv)
{
    static const struct args_reader reader = {take, complete};
    struct request q = {0};
    enum exit_status s;
    struct args a;

    args_init(&a, &verb, argc, argv);
    if (!args_read(&a, &reader, &q, &s))
        return s;
    return exit_of(q.todo->run(&q));
}
