/*
 * PKCS#11, from the module's function list to a signature.
 *
 * Invariants: a PIN is sent only when the token asks for one, and at most once for each time it
 * asks; a key is used only if it is the only one that the URI can mean.  The module stays
 * loaded and initialised until the process ends: other keys may live in it.
 */
#include "token.h"

#include <dlfcn.h>
#include <p11-kit/pkcs11.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "token_errors.h"
#include "token_uri.h"

enum { SLOTS_MAX = 128, LABEL_BYTES = 33, ID_BYTES_MAX = 64, NEW_ID_BYTES = 16 };

struct token_key {
    struct token_uri uri;
    CK_FUNCTION_LIST *f;
    CK_SLOT_ID slot;
    CK_SESSION_HANDLE session;
    CK_OBJECT_HANDLE private;
    CK_FLAGS flags; /* the token's */
    char label[LABEL_BYTES];
    struct secret pin; /* kept if the token asks before each signature */
    bool has_session, logged_in, each_time;
    struct token_public public;
    const struct asker *asker; /* these two only while it is opened */
    struct why *why;
};

/* Its types have no const, though nothing is written. */
static void *bytes(const void *p)
{
    return (void *)(uintptr_t)p;
}

static ota_err module_load(struct token_key *k)
{
    const char *path = k->uri.module_path[0] != '\0' ? k->uri.module_path : "p11-kit-proxy.so";
    void *lib = dlopen(path, RTLD_NOW | RTLD_LOCAL), *symbol;
    CK_C_GetFunctionList list;
    CK_RV rv;

    if (lib == NULL) {
        why_tell(k->why, "the PKCS#11 module cannot be loaded: %s", dlerror());
        why_hint(k->why, "name it: \"pkcs11:...?module-path=/usr/lib/softhsm/libsofthsm2.so\"");
        return OTA_E_NOT_FOUND;
    }
    symbol = dlsym(lib, "C_GetFunctionList");
    if (symbol == NULL)
        return why_fail(k->why, OTA_E_FORMAT, "%s is no PKCS#11 module", path);
    memcpy(&list, &symbol, sizeof list);
    rv = list(&k->f);
    if (rv == CKR_OK)
        rv = k->f->C_Initialize(NULL);
    if (rv != CKR_OK && rv != CKR_CRYPTOKI_ALREADY_INITIALIZED)
        return token_fail(k->why, rv, "the module cannot start");
    return OTA_OK;
}

/* A field of CK_TOKEN_INFO: padded with spaces, without an end. */
static void field_text(const CK_UTF8CHAR *field, size_t len, char *out)
{
    while (len > 0 && (field[len - 1] == ' ' || field[len - 1] == '\0'))
        len--;
    memcpy(out, field, len);
    out[len] = '\0';
}

static bool field_is(const char *wanted, const CK_UTF8CHAR *field, size_t len)
{
    char text[LABEL_BYTES];

    field_text(field, len, text);
    return wanted[0] == '\0' || strcmp(wanted, text) == 0;
}

static bool token_is(const struct token_uri *u, CK_SLOT_ID slot, const CK_TOKEN_INFO *t)
{
    return (t->flags & CKF_TOKEN_INITIALIZED) != 0 && (!u->has_slot_id || u->slot_id == slot) &&
           field_is(u->token, t->label, sizeof t->label) &&
           field_is(u->manufacturer, t->manufacturerID, sizeof t->manufacturerID) &&
           field_is(u->model, t->model, sizeof t->model) &&
           field_is(u->serial, t->serialNumber, sizeof t->serialNumber);
}

/* The labels of the tokens there are, for the hint. */
static void labels_add(char *list, size_t room, const CK_TOKEN_INFO *t)
{
    char label[LABEL_BYTES];
    size_t used = strlen(list);

    field_text(t->label, sizeof t->label, label);
    (void)snprintf(list + used, room - used, "%s'%s'", used == 0 ? "" : ", ", label);
}

static ota_err token_find(struct token_key *k)
{
    CK_SLOT_ID slots[SLOTS_MAX];
    CK_ULONG count = SLOTS_MAX, found = 0;
    char there[200] = "";
    CK_RV rv = k->f->C_GetSlotList(CK_TRUE, slots, &count);

    if (rv != CKR_OK)
        return token_fail(k->why, rv, "the module cannot list its tokens");
    for (CK_ULONG i = 0; i < count; i++) {
        CK_TOKEN_INFO t;

        if (k->f->C_GetTokenInfo(slots[i], &t) != CKR_OK)
            continue;
        if ((t.flags & CKF_TOKEN_INITIALIZED) != 0)
            labels_add(there, sizeof there, &t);
        if (!token_is(&k->uri, slots[i], &t))
            continue;
        found++;
        k->slot = slots[i];
        k->flags = t.flags;
        field_text(t.label, sizeof t.label, k->label);
    }
    if (found == 1)
        return OTA_OK;
    why_tell(k->why, found == 0 ? "no such token" : "%lu tokens are meant by this URI",
             (unsigned long)found);
    if (there[0] != '\0')
        why_hint(k->why, "there are the tokens %s; token=, serial= or slot-id= name one",
                 there);
    else
        why_hint(k->why,
                 "the module knows no token: is it plugged in, is the module configured?");
    return found == 0 ? OTA_E_NOT_FOUND : OTA_E_CONFLICT;
}

/* The PIN, from where the caller has it. */
static ota_err pin_read(struct token_key *k)
{
    const struct pin_question q = {.label = k->label,
                                   .source = k->uri.pin_source,
                                   .last_try = (k->flags & CKF_USER_PIN_FINAL_TRY) != 0,
                                   .on_reader =
                                       (k->flags & CKF_PROTECTED_AUTHENTICATION_PATH) != 0};

    return k->asker->pin(k->asker->ctx, &q, &k->pin, k->why);
}

static ota_err login(struct token_key *k)
{
    ota_err e;
    CK_RV rv;

    if (k->logged_in || (k->flags & CKF_LOGIN_REQUIRED) == 0)
        return OTA_OK;
    if ((k->flags & CKF_USER_PIN_INITIALIZED) == 0)
        return why_fail(k->why, OTA_E_DENIED, "the token '%s' has no user PIN yet", k->label);
    e = pin_read(k);
    if (e != OTA_OK)
        return e;
    rv = k->f->C_Login(k->session, CKU_USER, bytes(k->pin.text), k->pin.len);
    k->logged_in = rv == CKR_OK || rv == CKR_USER_ALREADY_LOGGED_IN;
    return k->logged_in ? OTA_OK
                        : token_fail(k->why, rv, "cannot log in to the token '%s'", k->label);
}

/* Bytes that tie the halves of a key together.  NULL: what the URI says, and its label, too. */
struct id {
    const uint8_t *at;
    size_t len;
};

/* Up to two objects of this class with this id. */
static ota_err objects_find(struct token_key *k, CK_OBJECT_CLASS class, struct id id,
                            CK_OBJECT_HANDLE out[2], CK_ULONG *count)
{
    CK_ATTRIBUTE want[3] = {{CKA_CLASS, &class, sizeof class}};
    CK_ULONG n = 1;
    CK_RV rv;

    if (k->uri.object[0] != '\0' && id.at == NULL)
        want[n++] = (CK_ATTRIBUTE){CKA_LABEL, k->uri.object, strlen(k->uri.object)};
    if (id.at == NULL && k->uri.id_bytes > 0)
        id = (struct id){k->uri.id, k->uri.id_bytes};
    if (id.at != NULL)
        want[n++] = (CK_ATTRIBUTE){CKA_ID, bytes(id.at), id.len};
    *count = 0;
    rv = k->f->C_FindObjectsInit(k->session, want, n);
    if (rv == CKR_OK) {
        rv = k->f->C_FindObjects(k->session, out, 2, count);
        (void)k->f->C_FindObjectsFinal(k->session);
    }
    return rv == CKR_OK ? OTA_OK
                        : token_fail(k->why, rv, "cannot search the token '%s'", k->label);
}

static ota_err count_said(const struct token_key *k, CK_ULONG count, const char *half)
{
    if (count == 1)
        return OTA_OK;
    if (count > 1) {
        why_tell(k->why, "several %s keys of the token '%s' are meant by this URI", half,
                 k->label);
        why_hint(
            k->why,
            "object=LABEL or id=%%HH... names one; `pkcs11-tool --list-objects` lists them");
        return OTA_E_CONFLICT;
    }
    why_tell(k->why, "the token '%s' has no such %s key%s%s", k->label, half,
             k->uri.object[0] != '\0' ? ": " : "", k->uri.object);
    if (strcmp(half, "public") == 0 && !k->logged_in)
        why_hint(k->why, "tokens may hide it until there is a PIN: %s", k->asker->pin_hint);
    return OTA_E_NOT_FOUND;
}

/* An attribute of at most room bytes.  false: it has none, or a larger one. */
static bool attribute(const struct token_key *k, CK_OBJECT_HANDLE object,
                      CK_ATTRIBUTE_TYPE type, void *out, size_t room, size_t *len)
{
    CK_ATTRIBUTE a = {type, out, room};

    if (k->f->C_GetAttributeValue(k->session, object, &a, 1) != CKR_OK || a.ulValueLen > room)
        return false;
    *len = a.ulValueLen;
    return true;
}

/* Which curve?  By OID, or by the name that some tokens have instead. */
static bool curve_of(const uint8_t *params, size_t len, enum crypto_alg *out)
{
    static const struct {
        enum crypto_alg alg;
        size_t len;
        uint8_t params[16];
    } curves[] = {
        {CRYPTO_ED25519, 5, {0x06, 3, 0x2b, 0x65, 0x70}}, /* 1.3.101.112 */
        {CRYPTO_ED25519,
         14,
         {0x13, 12, 'e', 'd', 'w', 'a', 'r', 'd', 's', '2', '5', '5', '1', '9'}},
        {CRYPTO_ED25519, 11, {0x06, 9, 0x2b, 6, 1, 4, 1, 0xda, 0x47, 0x0f, 1}}, /* GNU's */
        {CRYPTO_P256, 10, {0x06, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7}},
    };

    for (size_t i = 0; i < sizeof curves / sizeof curves[0]; i++) {
        if (len == curves[i].len && memcmp(params, curves[i].params, len) == 0) {
            *out = curves[i].alg;
            return true;
        }
    }
    return false;
}

/* CKA_EC_POINT: an OCTET STRING as it should be, or bare as some tokens have it. */
static bool point_of(enum crypto_alg alg, const uint8_t *p, size_t len, struct token_key *k)
{
    size_t want = alg == CRYPTO_ED25519 ? 32 : 65;

    if (len == want + 2 && p[0] == 0x04 && p[1] == want) {
        p += 2;
        len -= 2;
    }
    if (len != want || (alg == CRYPTO_P256 && p[0] != 0x04))
        return false;
    k->public.alg = alg;
    k->public.key_bytes = alg == CRYPTO_ED25519 ? 32 : 64;
    memcpy(k->public.key, p + want - k->public.key_bytes, k->public.key_bytes);
    return true;
}

/* Fill the public half from an object that has it. */
static ota_err public_from(struct token_key *k, CK_OBJECT_HANDLE object)
{
    uint8_t params[32], point[80];
    size_t params_len = 0, point_len = 0;
    enum crypto_alg alg = CRYPTO_ED25519;

    if (!attribute(k, object, CKA_EC_PARAMS, params, sizeof params, &params_len) ||
        !curve_of(params, params_len, &alg))
        return why_fail(k->why, OTA_E_LIMIT, "the token's key is neither Ed25519 nor P-256");
    if (!attribute(k, object, CKA_EC_POINT, point, sizeof point, &point_len) ||
        !point_of(alg, point, point_len, k))
        return why_fail(k->why, OTA_E_FORMAT, "the token's public key cannot be read");
    return OTA_OK;
}

static ota_err session_open(struct token_key *k, bool write)
{
    CK_FLAGS flags = CKF_SERIAL_SESSION | (write ? CKF_RW_SESSION : 0);
    CK_RV rv = k->f->C_OpenSession(k->slot, flags, NULL, NULL, &k->session);

    k->has_session = rv == CKR_OK;
    return rv == CKR_OK ? OTA_OK
                        : token_fail(k->why, rv, "cannot open the token '%s'", k->label);
}

static ota_err uri_read(struct token_key *k, const char *uri)
{
    char wrong[160] = "";
    ota_err e = token_uri_parse(uri, &k->uri, wrong, sizeof wrong);

    if (e == OTA_OK)
        return OTA_OK;
    why_tell(k->why, "this pkcs11: URI cannot be used: %s", wrong);
    if (e == OTA_E_DENIED)
        why_hint(k->why, "%s", k->asker->pin_hint);
    return e;
}

/* Until there is a session with the one token that the URI means. */
static ota_err open_token(const char *uri, bool write, const struct asker *asker,
                          struct token_key **out, struct why *why)
{
    struct token_key *k = calloc(1, sizeof *k);
    ota_err e;

    if (k == NULL)
        return why_fail(why, OTA_E_NO_MEMORY, "no memory for a key");
    k->asker = asker;
    k->why = why;
    e = uri_read(k, uri);
    if (e == OTA_OK)
        e = module_load(k);
    if (e == OTA_OK)
        e = token_find(k);
    if (e == OTA_OK)
        e = session_open(k, write);
    if (e != OTA_OK)
        token_key_free(k);
    else
        *out = k;
    return e;
}

/* Opened, or freed: either way, whom to ask and where to tell are forgotten. */
static ota_err done(struct token_key *k, ota_err e, struct token_key **out)
{
    if (e != OTA_OK) {
        token_key_free(k);
        return e;
    }
    k->asker = NULL;
    k->why = NULL;
    *out = k;
    return OTA_OK;
}

static const struct id as_the_uri_says = {NULL, 0};

/* The public half, searched for as the URI says or by the private half's id. */
static ota_err public_find(struct token_key *k, struct id id)
{
    bool pin = k->uri.pin_source[0] != '\0' || k->asker->has_pin;
    CK_OBJECT_HANDLE found[2];
    CK_ULONG count = 0;
    ota_err e = objects_find(k, CKO_PUBLIC_KEY, id, found, &count);

    if (e == OTA_OK && count == 0 && !k->logged_in && pin) {
        e = login(k);
        if (e == OTA_OK)
            e = objects_find(k, CKO_PUBLIC_KEY, id, found, &count);
    }
    if (e == OTA_OK && count > 1 && id.at != NULL) /* an id that was given twice */
        e = objects_find(k, CKO_PUBLIC_KEY, as_the_uri_says, found, &count);
    if (e == OTA_OK)
        e = count_said(k, count, "public");
    return e == OTA_OK ? public_from(k, found[0]) : e;
}

static ota_err private_find(struct token_key *k)
{
    CK_OBJECT_HANDLE found[2];
    CK_ULONG count = 0;
    uint8_t id[ID_BYTES_MAX], point[80];
    size_t id_bytes = 0, len = 0;
    CK_BBOOL each_time = CK_FALSE;
    ota_err e = login(k);

    if (e == OTA_OK)
        e = objects_find(k, CKO_PRIVATE_KEY, as_the_uri_says, found, &count);
    if (e == OTA_OK)
        e = count_said(k, count, "private");
    if (e != OTA_OK)
        return e;
    k->private = found[0];
    k->each_time =
        attribute(k, k->private, CKA_ALWAYS_AUTHENTICATE, &each_time, sizeof each_time, &len) &&
        len == sizeof each_time && each_time == CK_TRUE;
    if (!k->each_time)
        secret_free(&k->pin);
    if (attribute(k, k->private, CKA_EC_POINT, point, sizeof point, &len) && len > 0)
        return public_from(k, k->private); /* some tokens know it here, too */
    if (!attribute(k, k->private, CKA_ID, id, sizeof id, &id_bytes) || id_bytes == 0)
        return public_find(k, as_the_uri_says);
    return public_find(k, (struct id){id, id_bytes});
}

ota_err token_key_open(const char *uri, const struct asker *asker, struct token_key **out,
                       struct why *why)
{
    struct token_key *k = NULL;
    ota_err e = open_token(uri, false, asker, &k, why);

    if (e == OTA_OK)
        e = private_find(k);
    return done(k, e, out);
}

ota_err token_public_read(const char *uri, const struct asker *asker, struct token_public *out,
                          struct why *why)
{
    struct token_key *k = NULL;
    ota_err e = open_token(uri, false, asker, &k, why);

    if (e == OTA_OK)
        e = public_find(k, as_the_uri_says);
    if (e == OTA_OK)
        *out = k->public;
    token_key_free(k);
    return e;
}

/* Nothing of this name may be there: two keys of one name cannot be told apart. */
static ota_err absent(struct token_key *k)
{
    static const CK_OBJECT_CLASS classes[] = {CKO_PRIVATE_KEY, CKO_PUBLIC_KEY};

    if (k->uri.object[0] == '\0' && k->uri.id_bytes == 0)
        return why_fail(k->why, OTA_E_FORMAT,
                        "a new key needs a name: object=LABEL (and id= if wanted)");
    for (size_t i = 0; i < 2; i++) {
        CK_OBJECT_HANDLE found[2];
        CK_ULONG count = 0;
        ota_err e = objects_find(k, classes[i], as_the_uri_says, found, &count);

        if (e != OTA_OK)
            return e;
        if (count > 0)
            return why_fail(k->why, OTA_E_CONFLICT, "the token '%s' has a key of this name",
                            k->label);
    }
    return OTA_OK;
}

/* One attempt, with the curve written this way. */
static CK_RV generate(struct token_key *k, enum crypto_alg alg, const uint8_t *params,
                      size_t params_len, CK_OBJECT_HANDLE *public)
{
    CK_MECHANISM how = {
        alg == CRYPTO_ED25519 ? CKM_EC_EDWARDS_KEY_PAIR_GEN : CKM_EC_KEY_PAIR_GEN, NULL, 0};
    CK_BBOOL yes = CK_TRUE, no = CK_FALSE;
    CK_ATTRIBUTE label = {CKA_LABEL, k->uri.object, strlen(k->uri.object)};
    CK_ATTRIBUTE id = {CKA_ID, k->uri.id, k->uri.id_bytes};
    CK_ATTRIBUTE of_public[] = {{CKA_TOKEN, &yes, sizeof yes},
                                {CKA_VERIFY, &yes, sizeof yes},
                                {CKA_PRIVATE, &no, sizeof no},
                                {CKA_EC_PARAMS, bytes(params), params_len},
                                label,
                                id};
    CK_ATTRIBUTE of_private[] = {{CKA_TOKEN, &yes, sizeof yes},
                                 {CKA_PRIVATE, &yes, sizeof yes},
                                 {CKA_SENSITIVE, &yes, sizeof yes},
                                 {CKA_EXTRACTABLE, &no, sizeof no},
                                 {CKA_SIGN, &yes, sizeof yes},
                                 label,
                                 id};

    return k->f->C_GenerateKeyPair(
        k->session, &how, of_public, sizeof of_public / sizeof of_public[0], of_private,
        sizeof of_private / sizeof of_private[0], public, &k->private);
}

static ota_err make(struct token_key *k, enum crypto_alg alg)
{
    static const uint8_t ed_oid[] = {0x06, 3, 0x2b, 0x65, 0x70};
    static const uint8_t ed_name[] = {0x13, 12,  'e', 'd', 'w', 'a', 'r',
                                      'd',  's', '2', '5', '5', '1', '9'};
    static const uint8_t p256[] = {0x06, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7};
    CK_OBJECT_HANDLE public = CK_INVALID_HANDLE;
    CK_RV rv;

    if (k->uri.id_bytes == 0) { /* what ties both halves together */
        randombytes_buf(k->uri.id, NEW_ID_BYTES);
        k->uri.id_bytes = NEW_ID_BYTES;
    }
    if (alg == CRYPTO_P256) {
        rv = generate(k, alg, p256, sizeof p256, &public);
    } else {
        rv = generate(k, alg, ed_oid, sizeof ed_oid, &public);
        if (rv != CKR_OK) /* older tokens want the name */
            rv = generate(k, alg, ed_name, sizeof ed_name, &public);
    }
    if (rv != CKR_OK)
        return token_fail(k->why, rv, "the token '%s' makes no such key", k->label);
    return public_from(k, public);
}

ota_err token_key_new(const char *uri, enum crypto_alg alg, const struct asker *asker,
                      struct token_key **out, struct why *why)
{
    struct token_key *k = NULL;
    ota_err e = open_token(uri, true, asker, &k, why);

    if (e == OTA_OK)
        e = login(k);
    if (e == OTA_OK)
        e = absent(k);
    if (e == OTA_OK)
        e = make(k, alg);
    return done(k, e, out);
}

void token_key_free(struct token_key *k)
{
    if (k == NULL)
        return;
    if (k->has_session)
        (void)k->f->C_CloseSession(k->session); /* with the last one, the token logs us out */
    secret_free(&k->pin);
    free(k);
}

const struct token_public *token_key_public(const struct token_key *k)
{
    return &k->public;
}

ota_err token_key_check(const struct token_key *k, struct why *why)
{
    CK_KEY_TYPE type = 0;
    CK_ATTRIBUTE a = {CKA_KEY_TYPE, &type, sizeof type};
    CK_TOKEN_INFO info;
    CK_RV rv = k->f->C_GetTokenInfo(k->slot, &info);

    if (rv == CKR_OK)
        rv = k->f->C_GetAttributeValue(k->session, k->private, &a, 1);
    return rv == CKR_OK ? OTA_OK
                        : token_fail(why, rv, "the token '%s' does not answer", k->label);
}

ota_err token_key_sign(const struct token_key *k, const void *message, size_t len,
                       uint8_t out[64], struct why *why)
{
    CK_MECHANISM how = {k->public.alg == CRYPTO_ED25519 ? CKM_EDDSA : CKM_ECDSA, NULL, 0};
    CK_ULONG out_len = 64;
    CK_RV rv = k->f->C_SignInit(k->session, &how, k->private);

    if (rv == CKR_OK && k->each_time)
        rv = k->f->C_Login(k->session, CKU_CONTEXT_SPECIFIC, bytes(k->pin.text), k->pin.len);
    if (rv == CKR_OK)
        rv = k->f->C_Sign(k->session, bytes(message), len, out, &out_len);
    if (rv == CKR_OK && out_len != 64)
        rv = CKR_SIGNATURE_LEN_RANGE;
    return rv == CKR_OK ? OTA_OK
                        : token_fail(why, rv, "the token '%s' does not sign", k->label);
}
