/* Start-up of everything in this folder. */
#include "auth.h"

#include <stdlib.h>

#include "password.h"

/*
 * A person mistypes a few times; a NATed office does so together.  Codes are short: at this
 * rate somebody who has the password guesses one of three in a million 293 times a day, which
 * takes two years for a chance of one in two.  Behind one address a fleet may stand that takes
 * a new root all at once.
 */
enum {
    NAME_BURST = 5,
    NAME_REFILL_S = 30,
    ADDRESS_BURST = 20,
    ADDRESS_REFILL_S = 10,
    CODE_BURST = 5,
    CODE_REFILL_S = 300,
    LOOKUP_BURST = 600,
    LOOKUP_REFILL_S = 1
};

ota_err auth_new(const char *state_dir, struct auth **out)
{
    struct auth *a = calloc(1, sizeof *a);
    if (a == NULL)
        return OTA_E_NO_MEMORY;
    ota_err err = token_init();
    if (err == OTA_OK)
        err = token_pepper_load(state_dir, &a->pepper);
    if (err == OTA_OK)
        err = password_init();
    if (err != OTA_OK) {
        auth_free(a);
        return err;
    }
    a->link_key = link_key_derive(&a->pepper);
    rate_limit_init(&a->names, NAME_BURST, NAME_REFILL_S);
    rate_limit_init(&a->addresses, ADDRESS_BURST, ADDRESS_REFILL_S);
    rate_limit_init(&a->codes, CODE_BURST, CODE_REFILL_S);
    rate_limit_init(&a->lookups, LOOKUP_BURST, LOOKUP_REFILL_S);
    totp_key_make(&a->pepper, &a->totp_key);
    *out = a;
    return OTA_OK;
}

void auth_free(struct auth *a)
{
    if (a != NULL)
        token_wipe(a, sizeof *a);
    free(a);
}
