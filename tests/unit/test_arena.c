/* link: otad_base */
#include "otad/arena.h"

#include <assert.h>
#include <stdint.h>
#include <string.h>

static void test_bound(void)
{
    struct arena a;

    arena_init(&a, 10000);
    assert(arena_alloc(&a, 4000) != NULL);
    assert(arena_alloc(&a, 5000) != NULL);
    assert(!a.full);
    assert(arena_alloc(&a, 5000) == NULL);
    assert(a.full);
    arena_done(&a);
    assert(a.block == NULL);
}

static void test_pieces(void)
{
    struct arena a;
    unsigned char *first, *second;

    arena_init(&a, 1 << 20);
    first = arena_alloc(&a, 3);
    second = arena_alloc(&a, 0);
    assert(first != NULL && second != NULL && second > first);
    assert((uintptr_t)second % _Alignof(max_align_t) == 0);
    assert(first[0] == 0 && first[2] == 0);
    for (int i = 0; i < 1000; i++) {
        char *t = arena_printf(&a, "%d-%s", i, "x");

        assert(t != NULL && strlen(t) >= 3);
    }
    assert(strcmp(arena_strdup(&a, "hello"), "hello") == 0);
    assert(memcmp(arena_memdup(&a, "a\0b", 3), "a\0b", 4) == 0);
    arena_done(&a);
}

static void test_overflow(void)
{
    struct arena a;

    arena_init(&a, SIZE_MAX);
    assert(arena_array(&a, SIZE_MAX / 2, 3) == NULL && a.full);
    a.full = false;
    assert(arena_alloc(&a, SIZE_MAX - 4) == NULL && a.full);
    a.full = false;
    assert(arena_memdup(&a, "", SIZE_MAX) == NULL);
    arena_done(&a);
}

int main(void)
{
    test_bound();
    test_pieces();
    test_overflow();
    return 0;
}
