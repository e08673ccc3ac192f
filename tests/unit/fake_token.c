/*
 * A PKCS#11 module for test_signer_token.py, test_token_signer.c and the end-to-end test of
 * tokens that answers as those do which SoftHSM is not.  What it is like stands in FAKE_TOKEN,
 * words and numbers, or, if that is @PATH, in that file, anew at each call; what it was asked
 * goes to the file FAKE_LOG.
 *
 *   login=RV sign=RV init=RV info=RV  what these calls answer   open   no login required
 *   each     a PIN before each signature            pinpad its own keys for the PIN
 *   final    one try left      nopin  no user PIN   bare   EC_POINT without its OCTET STRING
 *   alone    no public object  wrong  signs something else      short  signs 63 bytes
 *   p256     another curve     other  another key   slow=MS     takes so long to sign
 *   hangsign never signs       hanginfo  never tells of the token     crash  falls when it
 * signs
 */
#include <p11-kit/pkcs11.h>
#include <poll.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PRIVATE = 1, PUBLIC = 2 };

static const char the_pin[] = "123456";
static bool logged_in, asked_again;
static CK_OBJECT_CLASS wanted;
static unsigned char public_key[crypto_sign_PUBLICKEYBYTES],
    secret_key[crypto_sign_SECRETKEYBYTES];

static const char *word(const char *name)
{
    static char text[256];
    const char *all = getenv("FAKE_TOKEN");
    FILE *f;

    if (all == NULL || all[0] != '@')
        return all == NULL ? NULL : strstr(all, name);
    f = fopen(all + 1, "r");
    text[0] = '\0';
    if (f != NULL && fgets(text, sizeof text, f) == NULL)
        text[0] = '\0';
    if (f != NULL)
        (void)fclose(f);
    return strstr(text, name);
}

static void hang(const char *name)
{
    while (word(name) != NULL)
        (void)poll(NULL, 0, 1000);
}

/* The number of NAME=NUMBER, else CKR_OK. */
static CK_RV answer(const char *name)
{
    const char *at = word(name);

    return at == NULL ? CKR_OK : strtoul(at + strlen(name), NULL, 0);
}

__attribute__((format(printf, 1, 2))) static void note(const char *format, ...)
{
    const char *path = getenv("FAKE_LOG");
    FILE *f = path == NULL ? NULL : fopen(path, "a");
    va_list args;

    if (f == NULL)
        return;
    va_start(args, format);
    (void)vfprintf(f, format, args);
    va_end(args);
    (void)fclose(f);
}

static CK_RV initialize(void *args)
{
    unsigned char seed[crypto_sign_SEEDBYTES] = {1, 2, 3};

    (void)args;
    if (word("other") != NULL)
        seed[0] = 4;
    if (sodium_init() < 0)
        return CKR_GENERAL_ERROR;
    (void)crypto_sign_seed_keypair(public_key, secret_key, seed);
    return answer("init=");
}

static CK_RV slot_list(CK_BBOOL present, CK_SLOT_ID *list, CK_ULONG *count)
{
    (void)present;
    list[0] = 7;
    *count = 1;
    return CKR_OK;
}

static CK_RV token_info(CK_SLOT_ID slot, CK_TOKEN_INFO *info)
{
    (void)slot;
    if (word("hanginfo") != NULL)
        note("init\n");
    hang("hanginfo");
    if (answer("info=") != CKR_OK)
        return answer("info=");
    memset(info, 0, sizeof *info);
    memset(info->label, ' ', sizeof info->label);
    memcpy(info->label, "fake", 4);
    info->flags = CKF_TOKEN_INITIALIZED;
    if (word("open") == NULL)
        info->flags |= CKF_LOGIN_REQUIRED;
    if (word("nopin") == NULL)
        info->flags |= CKF_USER_PIN_INITIALIZED;
    if (word("pinpad") != NULL)
        info->flags |= CKF_PROTECTED_AUTHENTICATION_PATH;
    if (word("final") != NULL)
        info->flags |= CKF_USER_PIN_FINAL_TRY;
    return CKR_OK;
}

static CK_RV open_session(CK_SLOT_ID slot, CK_FLAGS flags, void *app, CK_NOTIFY notify,
                          CK_SESSION_HANDLE *out)
{
    (void)slot;
    (void)app;
    (void)notify;
    note("open %s\n", (flags & CKF_RW_SESSION) != 0 ? "rw" : "ro");
    *out = 1;
    return CKR_OK;
}

static CK_RV close_session(CK_SESSION_HANDLE session)
{
    (void)session;
    note("close\n");
    return CKR_OK;
}

static CK_RV login(CK_SESSION_HANDLE session, CK_USER_TYPE user, CK_UTF8CHAR *pin, CK_ULONG len)
{
    CK_RV rv = answer("login=");
    bool right = pin == NULL ? word("pinpad") != NULL
                             : len == sizeof the_pin - 1 && memcmp(pin, the_pin, len) == 0;

    (void)session;
    note("login %s%s\n", user == CKU_CONTEXT_SPECIFIC ? "again" : "user",
         pin == NULL ? " pad" : "");
    if (rv == CKR_OK && !right)
        rv = CKR_PIN_INCORRECT;
    if (rv == CKR_OK && user == CKU_CONTEXT_SPECIFIC)
        asked_again = true;
    else if (rv == CKR_OK)
        logged_in = true;
    return rv;
}

static CK_RV find_init(CK_SESSION_HANDLE session, CK_ATTRIBUTE *want, CK_ULONG count)
{
    (void)session;
    for (CK_ULONG i = 0; i < count; i++) {
        if (want[i].type == CKA_CLASS)
            memcpy(&wanted, want[i].pValue, sizeof wanted);
    }
    return CKR_OK;
}

static CK_RV find(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE *out, CK_ULONG max,
                  CK_ULONG *count)
{
    bool hidden =
        wanted == CKO_PRIVATE_KEY ? !logged_in && word("open") == NULL : word("alone") != NULL;

    (void)session;
    (void)max;
    *count = hidden ? 0 : 1;
    out[0] = wanted == CKO_PRIVATE_KEY ? PRIVATE : PUBLIC;
    return CKR_OK;
}

static CK_RV find_final(CK_SESSION_HANDLE session)
{
    (void)session;
    return CKR_OK;
}

static CK_RV give(CK_ATTRIBUTE *a, const void *value, size_t len)
{
    if (a->ulValueLen < len) {
        a->ulValueLen = (CK_ULONG)-1;
        return CKR_BUFFER_TOO_SMALL;
    }
    memcpy(a->pValue, value, len);
    a->ulValueLen = len;
    return CKR_OK;
}

static CK_RV get_attribute(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE *a,
                           CK_ULONG count)
{
    static const unsigned char oid[] = {0x06, 3, 0x2b, 0x65, 0x70};
    static const unsigned char p256[] = {0x06, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7};
    static const CK_KEY_TYPE kind = CKK_EC_EDWARDS;
    unsigned char long_point[2 + 65] = {0x04, 65, 0x04};
    unsigned char point[2 + sizeof public_key] = {0x04, sizeof public_key};
    CK_BBOOL each = word("each") != NULL ? CK_TRUE : CK_FALSE;

    (void)session;
    (void)count;
    memcpy(point + 2, public_key, sizeof public_key);
    if (a->type == CKA_KEY_TYPE)
        return give(a, &kind, sizeof kind);
    if (a->type == CKA_EC_PARAMS)
        return word("p256") != NULL ? give(a, p256, sizeof p256) : give(a, oid, sizeof oid);
    if (a->type == CKA_EC_POINT && object == PUBLIC && word("p256") != NULL)
        return give(a, long_point, sizeof long_point);
    if (a->type == CKA_EC_POINT && word("bare") != NULL)
        return give(a, public_key, sizeof public_key);
    if (a->type == CKA_EC_POINT && (object == PUBLIC || word("alone") != NULL))
        return give(a, point, sizeof point);
    if (a->type == CKA_ALWAYS_AUTHENTICATE)
        return give(a, &each, sizeof each);
    a->ulValueLen = (CK_ULONG)-1;
    return CKR_ATTRIBUTE_TYPE_INVALID;
}

static CK_RV sign_init(CK_SESSION_HANDLE session, CK_MECHANISM *how, CK_OBJECT_HANDLE key)
{
    (void)session;
    (void)key;
    asked_again = false;
    return how->mechanism == CKM_EDDSA ? CKR_OK : CKR_MECHANISM_INVALID;
}

static CK_RV sign(CK_SESSION_HANDLE session, unsigned char *data, CK_ULONG len,
                  unsigned char *out, CK_ULONG *out_len)
{
    (void)session;
    if (word("hangsign") != NULL)
        note("hangs\n");
    hang("hangsign");
    if (word("crash") != NULL)
        abort();
    if (word("slow=") != NULL)
        (void)poll(NULL, 0, (int)strtol(word("slow=") + 5, NULL, 10));
    if (answer("sign=") != CKR_OK)
        return answer("sign=");
    if (word("each") != NULL && !asked_again)
        return CKR_USER_NOT_LOGGED_IN;
    (void)crypto_sign_detached(out, NULL, data, len, secret_key);
    if (word("wrong") != NULL)
        out[10] ^= 1;
    *out_len = word("short") != NULL ? 63 : 64;
    return CKR_OK;
}

CK_RV C_GetFunctionList(CK_FUNCTION_LIST **list)
{
    static CK_FUNCTION_LIST functions = {
        .version = {2, 40},
        .C_Initialize = initialize,
        .C_GetSlotList = slot_list,
        .C_GetTokenInfo = token_info,
        .C_OpenSession = open_session,
        .C_CloseSession = close_session,
        .C_Login = login,
        .C_FindObjectsInit = find_init,
        .C_FindObjects = find,
        .C_FindObjectsFinal = find_final,
        .C_GetAttributeValue = get_attribute,
        .C_SignInit = sign_init,
        .C_Sign = sign,
    };

    *list = &functions;
    return CKR_OK;
}
