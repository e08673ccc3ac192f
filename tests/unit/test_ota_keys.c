/* link: ota boot slot image PkgConfig::SODIUM */
/* The agent and new key manifests: offered, fetched once, stored as pending, nonsense refused;
 * images by a key that only the pending one lists are taken. */
#include "ota_world.h"

/* The test manifest with another sequence, signed again by its roots. */
static size_t made(uint32_t sequence, uint8_t out[sizeof test_manifest])
{
    const uint8_t *seed[] = {test_root1_seed, test_root2_seed, test_root3_seed};
    uint16_t body = le16_load(test_manifest + 10);
    uint8_t digest[32], public_key[32], secret[64];

    memcpy(out, test_manifest, sizeof test_manifest);
    le32_store(out + 12, sequence);
    assert(crypto_hash_sha256(digest, out, body) == 0);
    for (uint32_t at = body + 8u, i = 0; i < out[body + 4]; i++, at += 4 + 64) {
        assert(crypto_sign_seed_keypair(public_key, secret, seed[out[at]]) == 0);
        assert(crypto_sign_detached(out + at + 4, NULL, digest, 32, secret) == 0);
    }
    return sizeof test_manifest;
}

static uint32_t pending(const struct world *w)
{
    struct manifest m;

    return slot_manifest_pending(&w->map, test_roots, &m) == OTA_OK ? m.sequence : 0;
}

static void polls(struct world *w, unsigned more)
{
    unsigned until = w->polls + more;

    for (int i = 0; i < 1000 && w->polls < until; i++) {
        w_step(w);
    }
    assert(w->polls >= until);
}

static void test_a_newer_one_is_fetched_once(void)
{
    struct world *w = w_new();

    w_boot(w);
    polls(w, 2);
    assert(w->keys_told == 1 && w->keys_gets == 0 && pending(w) == 0);
    w->keys_bytes = (uint32_t)made(5, w->keys);
    w->keys_sequence = 5;
    polls(w, 3);
    assert(w->keys_gets == 1 && w->keys_told == 5 && pending(w) == 5);
    w_boot(w);
    polls(w, 2);
    assert(w->keys_gets == 1 && w->keys_told == 5);
    free(w);
}

static void refused(struct world *w)
{
    unsigned before = w->keys_gets;

    polls(w, 2);
    assert(w->keys_gets > before && w->keys_told == 1 && pending(w) == 0);
}

static void test_what_the_roots_did_not_sign_is_refused(void)
{
    struct world *w = w_new();

    w_boot(w);
    w->keys_sequence = 5;
    w->keys_bytes = (uint32_t)made(5, w->keys);
    w->keys[20] ^= 1;
    refused(w);
    w->keys_bytes = (uint32_t)made(1, w->keys); /* the server lies about its sequence */
    refused(w);
    w->keys_bytes = 0;
    refused(w);
    w->keys_bytes = (uint32_t)made(5, w->keys) - 1;
    refused(w);
    w->keys_bytes = sizeof w->keys;
    refused(w);
    w->keys_bytes = (uint32_t)made(6, w->keys);
    polls(w, 2);
    assert(pending(w) == 6);
    free(w);
}

static void test_it_comes_into_force_with_the_next_update(void)
{
    struct world *w = w_new();
    struct manifest m;

    w_boot(w);
    w->keys_sequence = 5;
    w->keys_bytes = (uint32_t)made(5, w->keys);
    w_offer(w, 8, (struct w_image){.minor = 1, .counter = 2, .payload_bytes = 9000});
    assert(w_run(w, 300) && w->closed_success);
    assert(w->keys_gets == 1);
    assert(slot_manifest(&w->map, test_roots, &m) == OTA_OK && m.sequence == 5);
    assert(pending(w) == 0);
    free(w);
}

int main(void)
{
    test_a_newer_one_is_fetched_once();
    test_what_the_roots_did_not_sign_is_refused();
    test_it_comes_into_force_with_the_next_update();
    puts("ota_keys: ok");
    return 0;
}
