/* link: otad_auth */
/* The second factor: RFC 4226 and 6238 by their own vectors, sealing, codes as people type
 * them. */
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "otad/auth/totp.h"

static const char rfc_secret[] = "12345678901234567890";

static struct totp_secret secret_of(const char *text)
{
    struct totp_secret s;
    memcpy(s.b, text, sizeof s.b);
    return s;
}

static void check_rfc4226(void)
{
    static const uint32_t wanted[] = {755224, 287082, 359152, 969429, 338314,
                                      254676, 287922, 162583, 399871, 520489};
    uint32_t value = 0;
    for (uint64_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++) {
        assert(totp_value((const uint8_t *)rfc_secret, 20, i, &value) == OTA_OK);
        assert(value % 1000000 == wanted[i]);
    }
    assert(totp_value((const uint8_t *)rfc_secret, 20, 0, &value) == OTA_OK);
    assert(value == 0x4c93cf18); /* appendix D: truncated, count 0 */
}

static void check_rfc6238(void)
{
    static const struct {
        int64_t at_s;
        uint32_t digits8;
    } row[] = {{59, 94287082},         {1111111109, 7081804},
               {1111111111, 14050471}, {1234567890, 89005924},
               {2000000000, 69279037}, {INT64_C(20000000000), 65353130}};
    const struct totp_secret s = secret_of(rfc_secret);
    for (size_t i = 0; i < sizeof row / sizeof row[0]; i++) {
        char code[16];
        uint32_t value = 0;
        int64_t step = -1;
        const int64_t now_step = row[i].at_s / TOTP_STEP_S;
        assert(totp_value(s.b, sizeof s.b, (uint64_t)now_step, &value) == OTA_OK);
        assert(value % 100000000 == row[i].digits8);
        (void)snprintf(code, sizeof code, "%06u", (unsigned)(row[i].digits8 % 1000000));
        assert(totp_check(&s, code, row[i].at_s, 0, &step) == OTA_OK && step == now_step);
    }
}

/* A code counts one step early and one step late, and once. */
static void check_window(void)
{
    const struct totp_secret s = secret_of(rfc_secret);
    const int64_t step_s = TOTP_STEP_S, at = 1234567890, step = at / step_s,
                  start = step * step_s;
    static const char code[] = "005924";
    int64_t found = -1;
    for (int64_t now = start - 3 * step_s; now < start + 4 * step_s; now++) {
        const bool in = now >= start - step_s && now < start + 2 * step_s;
        found = -1;
        assert(totp_check(&s, code, now, 0, &found) == (in ? OTA_OK : OTA_E_AUTH));
        assert(found == (in ? step : -1));
    }
    assert(totp_check(&s, code, at, step - 1, &found) == OTA_OK);
    assert(totp_check(&s, code, at, step, &found) == OTA_E_AUTH);
    assert(totp_check(&s, code, at, step + 1, &found) == OTA_E_AUTH);
    static const char *const bad[] = {"", "00592", "0059244", "005925", "905924", "abcdef"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert(totp_check(&s, bad[i], at, 0, &found) == OTA_E_AUTH);
}

static void check_text(void)
{
    char text[TOTP_SECRET_TEXT_BYTES], uri[TOTP_URI_BYTES], before[TOTP_URI_BYTES];
    const struct totp_secret s = secret_of(rfc_secret);
    struct totp_secret all_ones, a, b;
    memset(all_ones.b, 0xff, sizeof all_ones.b);
    totp_secret_write(&s, text);
    assert(strcmp(text, "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ") == 0);
    totp_secret_write(&all_ones, text);
    assert(strcmp(text, "77777777777777777777777777777777") == 0);
    assert(totp_uri(&s, "ota.example", "J\xc3\xb6rg & co", uri) == OTA_OK);
    assert(strcmp(uri, "otpauth://totp/ota.example:J%C3%B6rg%20%26%20co?secret="
                       "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=ota.example"
                       "&algorithm=SHA1&digits=6&period=30") == 0);
    char longest[256];
    memset(longest, '&', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    memcpy(before, uri, sizeof before);
    assert(totp_uri(&s, longest, "x", uri) == OTA_E_LIMIT);
    assert(memcmp(before, uri, sizeof before) == 0);
    totp_secret_new(&a);
    totp_secret_new(&b);
    assert(memcmp(&a, &b, sizeof a) != 0);
}

static void check_sealing(void)
{
    const struct token_pepper pepper = {{1}}, other_pepper = {{2}};
    struct totp_key key, other;
    struct totp_secret s = secret_of(rfc_secret), out;
    uint8_t sealed[TOTP_SEALED_BYTES], again[TOTP_SEALED_BYTES];
    totp_key_make(&pepper, &key);
    totp_key_make(&other_pepper, &other);
    assert(memcmp(&key, &other, sizeof key) != 0 && memcmp(&key, &pepper, sizeof key) != 0);
    totp_seal(&key, 1, 7, &s, sealed);
    totp_seal(&key, 1, 7, &s, again);
    assert(memcmp(sealed, again, sizeof sealed) != 0);
    assert(totp_open(&key, 1, 7, sealed, &out) == OTA_OK);
    assert(memcmp(&out, &s, sizeof s) == 0);
    assert(totp_open(&key, 1, 8, sealed, &out) == OTA_E_SIGNATURE);
    assert(totp_open(&key, 2, 7, sealed, &out) == OTA_E_SIGNATURE);
    assert(totp_open(&other, 1, 7, sealed, &out) == OTA_E_SIGNATURE);
    for (size_t i = 0; i < 8 * sizeof sealed; i++) {
        memcpy(again, sealed, sizeof again);
        again[i / 8] ^= (uint8_t)(1U << (i % 8));
        assert(totp_open(&key, 1, 7, again, &out) == OTA_E_SIGNATURE);
    }
    for (size_t i = 0; i + sizeof s.b <= sizeof sealed; i++)
        assert(memcmp(sealed + i, s.b, sizeof s.b) != 0);
}

static void check_codes_as_typed(void)
{
    static const struct {
        const char *typed;
        enum factor_code kind;
        const char *plain;
    } row[] = {
        {"123456", FACTOR_CODE_TOTP, "123456"},
        {" 123 456 ", FACTOR_CODE_TOTP, "123456"},
        {"k7pd-4hqz", FACTOR_CODE_RECOVERY, "k7pd4hqz"},
        {"K7PD 4HQZ", FACTOR_CODE_RECOVERY, "k7pd4hqz"},
        {"kOpd-IhqL", FACTOR_CODE_RECOVERY, "k0pd1hq1"},
        {"1234-5678", FACTOR_CODE_RECOVERY, "12345678"},
        {"", FACTOR_CODE_NONE, NULL},
        {"12345", FACTOR_CODE_NONE, NULL},
        {"1234567", FACTOR_CODE_NONE, NULL},
        {"12345a", FACTOR_CODE_NONE, NULL},
        {"k7pd-4hq", FACTOR_CODE_NONE, NULL},
        {"k7pd-4hqz9", FACTOR_CODE_NONE, NULL},
        {"k7pd-4hqu", FACTOR_CODE_NONE, NULL},
        {"k7pd_4hqz", FACTOR_CODE_NONE, NULL},
        {"12345\xc3\xb6", FACTOR_CODE_NONE, NULL},
    };
    for (size_t i = 0; i < sizeof row / sizeof row[0]; i++) {
        char plain[RECOVERY_CODE_BYTES];
        assert(factor_code_read(row[i].typed, plain) == row[i].kind);
        assert(row[i].plain == NULL || strcmp(plain, row[i].plain) == 0);
    }
}

static void check_recovery(void)
{
    const struct token_pepper pepper = {{1}}, other_pepper = {{2}};
    char code[RECOVERY_CODE_BYTES], another[RECOVERY_CODE_BYTES], plain[RECOVERY_CODE_BYTES];
    for (int i = 0; i < 200; i++) {
        recovery_code_new(code);
        recovery_code_new(another);
        assert(strlen(code) == 9 && code[4] == '-' && strcmp(code, another) != 0);
        assert(factor_code_read(code, plain) == FACTOR_CODE_RECOVERY);
    }
    const struct token_hash h = recovery_code_hash(&pepper, 1, 7, code);
    const struct token_hash as_typed = recovery_code_hash(&pepper, 1, 7, plain);
    assert(token_hash_equal(&h, &as_typed));
    const struct token_hash differ[] = {
        recovery_code_hash(&pepper, 1, 7, another), recovery_code_hash(&pepper, 1, 8, code),
        recovery_code_hash(&pepper, 2, 7, code), recovery_code_hash(&other_pepper, 1, 7, code)};
    for (size_t i = 0; i < sizeof differ / sizeof differ[0]; i++)
        assert(!token_hash_equal(&h, &differ[i]));
}

int main(void)
{
    assert(token_init() == OTA_OK);
    check_rfc4226();
    check_rfc6238();
    check_window();
    check_text();
    check_sealing();
    check_codes_as_typed();
    check_recovery();
    return 0;
}
