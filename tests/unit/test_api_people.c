/* link: otad_api_pure PkgConfig::JANSSON */
/* People as JSON against tests/vectors/api, which the web interface's mock serves too. */
#include "golden.h"

#include <stdio.h>

#include "otad/api/write_people.h"

enum { AT = 1763631000 }; /* 2025-11-20T09:30:00Z */

static struct arena arena;

static struct json_out *begin(void)
{
    static struct json_out o;
    json_out_begin(&o, &arena);
    return &o;
}

static void check_users(void)
{
    static const char *const berta_roles[] = {"manager", "esp-team"};
    static const char *const carl_roles[] = {"viewer"};
    const struct user berta = {.id = 2,
                               .name = "berta",
                               .roles = {2, berta_roles},
                               .password_hash = "never shown",
                               .totp = true,
                               .created_by = "anna",
                               .created_at_unix_s = AT - 86400,
                               .last_sign_in_at_unix_s = AT - 10};
    const struct user carl = {.id = 3,
                              .name = "carl",
                              .roles = {1, carl_roles},
                              .created_by = "anna",
                              .created_at_unix_s = AT - 10};
    struct json_out *o = begin();
    write_user(o, NULL, &berta);
    golden(o, "user");
    o = begin();
    write_account(o, &berta, 8);
    golden(o, "account");
    o = begin();
    write_invitation(o, &carl, "https://otad.example/join#0123456789abcdef",
                     AT + 3 * 86400 - 10);
    golden(o, "invitation");
    o = begin();
    write_join(o, &carl, JOIN_INVITATION);
    golden(o, "join-check");
    struct user u = berta;
    assert(strcmp(user_state(&u), "active") == 0);
    u.password_hash = NULL;
    assert(strcmp(user_state(&u), "invited") == 0);
    u.disabled = true;
    assert(strcmp(user_state(&u), "disabled") == 0);
}

static void check_sign_ins(void)
{
    const struct session s = {
        .hash = {1},
        .id = 7,
        .csrf_token = "never shown",
        .address = "192.0.2.7",
        .agent = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
        .created_at_unix_s = AT - 86400,
        .last_used_at_unix_s = AT - 10,
        .expires_at_unix_s = AT + 12 * 3600};
    struct json_out *o = begin();
    write_sign_in(o, &s, true);
    golden(o, "sign-in");
}

static void check_factors(void)
{
    static const char *const codes[RECOVERY_CODES] = {
        "k7pd-4hqz", "w3mx-b8vf", "q9ta-y2ns", "f2hv-j6gd", "z6rc-p3te",
        "n4bj-h9xa", "t8ye-c5rm", "g5vs-e8wk", "m2kw-v6qp", "x7nd-d4y0"};
    struct recovery_codes c;
    for (size_t i = 0; i < RECOVERY_CODES; i++)
        (void)snprintf(c.code[i], sizeof c.code[i], "%s", codes[i]);
    struct json_out *o = begin();
    write_recovery_codes(o, &c);
    golden(o, "recovery-codes");
    o = begin();
    write_totp(o, "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP",
               "otpauth://totp/otad.example:berta?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
               "&issuer=otad.example&algorithm=SHA1&digits=6&period=30");
    golden(o, "totp");
}

int main(void)
{
    arena_init(&arena, ARENA_REQUEST_BYTES);
    check_users();
    check_sign_ins();
    check_factors();
    arena_done(&arena);
    return 0;
}
