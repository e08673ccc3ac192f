/* link: otad_auth */
/* Tokens, sessions, the setup link, passwords and the limit on failures. */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "otad/auth/password.h"
#include "otad/auth/public_key.h"
#include "otad/auth/rate_limit.h"
#include "otad/auth/session.h"
#include "otad/auth/setup.h"

static char dir[] = "/tmp/otad-auth-XXXXXX";

static void path_in(const char *name, char out[256])
{
    (void)snprintf(out, 256, "%s/%s", dir, name);
}

static void check_pepper(struct token_pepper *out)
{
    char path[256];
    struct stat st;
    struct token_pepper again;
    path_in("pepper", path);
    assert(token_pepper_load(dir, out) == OTA_OK);
    assert(stat(path, &st) == 0 && (st.st_mode & 0777) == 0600 && st.st_size == 32);
    assert(token_pepper_load(dir, &again) == OTA_OK);
    assert(memcmp(out, &again, sizeof again) == 0);
    assert(truncate(path, 31) == 0);
    assert(token_pepper_load(dir, &again) == OTA_E_FORMAT);
    assert(unlink(path) == 0);
    assert(token_pepper_load(dir, out) == OTA_OK);
    assert(memcmp(out, &again, sizeof again) != 0);
    assert(token_pepper_load("/nonexistent/otad", &again) == OTA_E_IO);
}

static void check_tokens(const struct token_pepper *pepper)
{
    char a[TOKEN_TEXT_BYTES], b[TOKEN_TEXT_BYTES], key[TOKEN_API_KEY_BYTES];
    token_new(a);
    token_new(b);
    assert(strlen(a) == 64 && strspn(a, "0123456789abcdef") == 64);
    assert(!token_text_equal(a, b) && token_text_equal(a, a) && !token_text_equal(a, ""));

    const struct token_pepper other = {{0}};
    struct token_hash ha = token_hash(pepper, a, 64);
    struct token_hash hb = token_hash(pepper, b, 64);
    struct token_hash ho = token_hash(&other, a, 64);
    assert(token_hash_equal(&ha, &ha));
    assert(!token_hash_equal(&ha, &hb) && !token_hash_equal(&ha, &ho));

    int64_t id = 0;
    const char *secret = NULL;
    token_api_key_write(INT64_C(999999999999999999), a, key);
    assert(token_api_key_parse(key, &id, &secret) == OTA_OK);
    assert(id == INT64_C(999999999999999999) && strcmp(secret, a) == 0);
    static const char *const bad[] = {"",         "otad_",    "otad_1",  "otad_1_",
                                      "otad_1_x", "otad__ab", "oTad_1_", "otad_-1_"};
    for (unsigned i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert(token_api_key_parse(bad[i], &id, &secret) == OTA_E_FORMAT);
    char longer[200];
    (void)snprintf(longer, sizeof longer, "%s0", key);
    assert(token_api_key_parse(longer, &id, &secret) == OTA_E_FORMAT);
    (void)snprintf(longer, sizeof longer, "otad_1111111111111111111_%s", a);
    assert(token_api_key_parse(longer, &id, &secret) == OTA_E_FORMAT);
    (void)snprintf(longer, sizeof longer, "otad_01_%s", a);
    assert(token_api_key_parse(longer, &id, &secret) == OTA_E_FORMAT);
    assert(id == INT64_C(999999999999999999));
}

static void check_sessions(void)
{
    char token[TOKEN_TEXT_BYTES], csrf[TOKEN_TEXT_BYTES];
    token_new(token);
    token_new(csrf);
    assert(session_token_valid(token) && !session_token_valid("") && !session_token_valid("x"));

    struct session_origin from = {.csrf = csrf, .public_origin = "https://ota.example:8443"};
    assert(session_may_change(csrf, &from));
    from.origin = "https://ota.example:8443";
    from.fetch_site = "same-origin";
    assert(session_may_change(csrf, &from));
    from.fetch_site = "same-site";
    assert(!session_may_change(csrf, &from) && !session_same_origin(&from));
    from.fetch_site = NULL;
    from.origin = "https://ota.example";
    assert(!session_may_change(csrf, &from) && !session_same_origin(&from));
    from.origin = "null";
    assert(!session_may_change(csrf, &from));
    from.origin = NULL;
    from.csrf = NULL;
    assert(!session_may_change(csrf, &from) && session_same_origin(&from));
    from.csrf = token;
    assert(!session_may_change(csrf, &from));
}

static void check_setup(const struct token_pepper *pepper)
{
    char path[SETUP_PATH_BYTES], text[256];
    struct stat st;
    struct token_hash hash, before = {{0}};
    for (int round = 0; round < 2; round++) {
        assert(setup_link_make(pepper, dir, "https://ota.example", path, &hash) == OTA_OK);
        assert(stat(path, &st) == 0 && (st.st_mode & 0777) == 0600);
        assert(!token_hash_equal(&hash, &before));
        before = hash;
    }
    FILE *f = fopen(path, "r");
    assert(f != NULL && fgets(text, sizeof text, f) != NULL);
    (void)fclose(f);
    static const char prefix[] = "https://ota.example/setup#";
    assert(strncmp(text, prefix, sizeof prefix - 1) == 0);
    const char *token = text + sizeof prefix - 1;
    assert(strlen(token) == 65 && token[64] == '\n');
    before = token_hash(pepper, token, 64);
    assert(token_hash_equal(&hash, &before));
    setup_link_remove(dir);
    setup_link_remove(dir);
    assert(access(path, F_OK) != 0);
    assert(setup_link_make(pepper, "/nonexistent/otad", "https://x", path, &hash) == OTA_E_IO);
    assert(token_hash_equal(&hash, &before));
}

static void check_public_keys(void)
{
    static const char ed[] = "-----BEGIN PUBLIC KEY-----\n"
                             "MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n"
                             "-----END PUBLIC KEY-----\n";
    struct manifest_root root;
    assert(public_key_parse(ed, &root) == OTA_OK);
    assert(root.alg == CRYPTO_ED25519 && root.key_bytes == 32);
    assert(root.key[0] == 0x19 && root.key[31] == 0xe1);
    char bad[512];
    for (size_t i = 0; i < sizeof ed - 1; i++) { /* cut anywhere but behind the end mark */
        (void)snprintf(bad, sizeof bad, "%.*s", (int)i, ed);
        assert((public_key_parse(bad, &root) == OTA_OK) == (i == sizeof ed - 2));
    }
    (void)snprintf(bad, sizeof bad, "%sx", ed);
    assert(public_key_parse(bad, &root) == OTA_E_FORMAT);
    (void)snprintf(bad, sizeof bad, "x%s", ed);
    assert(public_key_parse(bad, &root) == OTA_E_FORMAT);

    uint8_t out[3];
    size_t len = 0;
    assert(base64_decode("AAEC", 4, out, sizeof out, &len) == OTA_OK && len == 3 &&
           out[2] == 2);
    assert(base64_decode("AA==", 4, out, sizeof out, &len) == OTA_OK && len == 1);
    assert(base64_decode("AA\n=", 4, out, sizeof out, &len) == OTA_E_FORMAT);
    assert(base64_decode("AAEC!", 5, out, sizeof out, &len) == OTA_E_FORMAT);
    assert(base64_decode("AAECAAEC", 8, out, sizeof out, &len) != OTA_OK);
}

static void check_passwords(void)
{
    char phc[PASSWORD_PHC_BYTES], other[PASSWORD_PHC_BYTES], longest[PASSWORD_BYTES_MAX + 2];
    assert(password_init() == OTA_OK);
    assert(password_hash("correct horse", phc) == OTA_OK);
    assert(strncmp(phc, "$argon2id$v=19$m=19456,t=2,p=1$", 31) == 0);
    assert(password_hash("correct horse", other) == OTA_OK && strcmp(phc, other) != 0);
    assert(password_verify(phc, "correct horse") == OTA_OK);
    assert(password_verify(phc, "correct horsf") == OTA_E_AUTH);
    assert(password_verify(phc, "") == OTA_E_AUTH);
    assert(password_verify(NULL, "correct horse") == OTA_E_AUTH);
    assert(password_verify(NULL, "no password is this one") == OTA_E_AUTH);
    assert(password_verify("garbage", "correct horse") == OTA_E_AUTH);
    assert(password_hash("elevenbytes", other) == OTA_E_FORMAT);
    assert(!password_outdated(phc));
    static const struct {
        const char *phc;
        bool outdated;
    } made[] = {
        {"$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHQ$aGFzaA", false},
        {"$argon2id$v=19$m=65536,t=3,p=4$c2FsdHNhbHQ$aGFzaA", false},
        {"$argon2id$v=19$m=19455,t=2,p=1$c2FsdHNhbHQ$aGFzaA", true},
        {"$argon2id$v=19$m=65536,t=1,p=1$c2FsdHNhbHQ$aGFzaA", true},
        {"$argon2id$v=19$m=8,t=1,p=1$c2FsdHNhbHQ$aGFzaA", true},
        {"$argon2i$v=19$m=19456,t=2,p=1$c2FsdHNhbHQ$aGFzaA", true},
        {"$argon2id$v=19$m=,t=2,p=1$", true},
        {"", true},
    };
    for (size_t i = 0; i < sizeof made / sizeof made[0]; i++)
        assert(password_outdated(made[i].phc) == made[i].outdated);
    static const char old[] = "$argon2id$v=19$m=64,t=1,p=1$AAAAAAAAAAAAAAAAAAAAAA$"
                              "WjM5z0kWkhl6A2HrELKw2sx42+ZezHBTAjsaMWqSykk";
    assert(password_verify(old, "correct horse") == OTA_OK);
    assert(password_verify(old, "correct horsf") == OTA_E_AUTH);
    memset(longest, 'x', sizeof longest);
    longest[PASSWORD_BYTES_MAX + 1] = '\0';
    assert(password_hash(longest, other) == OTA_E_LIMIT);
    assert(password_verify(phc, longest) == OTA_E_AUTH);
    longest[PASSWORD_BYTES_MAX] = '\0';
    assert(password_hash(longest, other) == OTA_OK);
    assert(password_verify(other, longest) == OTA_OK);
}

static void check_rate_limit(void)
{
    static struct rate_limit limit;
    rate_limit_init(&limit, 3, 10);
    for (int i = 0; i < 3; i++)
        assert(rate_limit_take(&limit, "anna", 1000) == 0);
    assert(rate_limit_take(&limit, "anna", 1000) == 10);
    assert(rate_limit_wait(&limit, "anna", 1004) == 6);
    assert(rate_limit_take(&limit, "bob", 1000) == 0);
    assert(rate_limit_take(&limit, "anna", 1010) == 0);
    assert(rate_limit_take(&limit, "anna", 1010) == 10);
    rate_limit_return(&limit, "anna");
    assert(rate_limit_take(&limit, "anna", 1010) == 0); /* the one that was given back */
    assert(rate_limit_take(&limit, "anna", 1010) == 10);
    rate_limit_return(&limit, "nobody");
    assert(rate_limit_wait(&limit, "nobody", 1010) == 0);
    rate_limit_forgive(&limit, "anna");
    assert(rate_limit_wait(&limit, "anna", 1010) == 0);

    for (int i = 0; i < 3; i++)
        assert(rate_limit_take(&limit, "victim", 2000) == 0);
    int blocked = 0;
    for (int i = 0; i < 100 * RATE_LIMIT_ENTRIES; i++) {
        char name[32];
        (void)snprintf(name, sizeof name, "flood%d", i);
        blocked += rate_limit_take(&limit, name, 2000) != 0;
    }
    assert(blocked == 0);
    assert(rate_limit_wait(&limit, "victim", 2000) == 10); /* a flood clears nobody */
}

static void check_addresses(void)
{
    static const struct {
        const char *address, *subject;
    } row[] = {
        {"192.0.2.7", "192.0.2.7"},
        {"::ffff:192.0.2.7", "::ffff:192.0.2.7"},
        {"2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"},
        {"2001:db8:1:2::1", "2001:db8:1:2::"},
        {"2001:db8:1:3::1", "2001:db8:1:3::"},
        {"unix", "unix"},
    };
    for (size_t i = 0; i < sizeof row / sizeof row[0]; i++) {
        char out[RATE_LIMIT_SUBJECT_BYTES];
        rate_limit_subject(row[i].address, out);
        assert(strcmp(out, row[i].subject) == 0);
    }
}

int main(void)
{
    struct token_pepper pepper;
    char path[256];
    assert(mkdtemp(dir) != NULL && token_init() == OTA_OK);
    check_pepper(&pepper);
    check_tokens(&pepper);
    check_sessions();
    check_public_keys();
    check_setup(&pepper);
    check_passwords();
    check_rate_limit();
    check_addresses();
    path_in("pepper", path);
    assert(unlink(path) == 0 && rmdir(dir) == 0);
    return 0;
}
