/* link: */
/* The bootloader's memcpy and its like (firmware/boards/common/mem.c) against the C library's.
 */
#include <assert.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define memcpy  small_memcpy
#define memmove small_memmove
#define memset  small_memset
#define memcmp  small_memcmp
/* NOLINTNEXTLINE(bugprone-suspicious-include): the macros above are for this file */
#include "firmware/boards/common/mem.c"
#undef memcpy
#undef memmove
#undef memset
#undef memcmp

enum { ROOM = 80, LENGTH_MAX = 40, AT_MAX = 24, BYTES = 256 };

static void fill(uint8_t buf[ROOM])
{
    for (int i = 0; i < ROOM; i++)
        buf[i] = (uint8_t)(i * 29 + 7);
}

/* Every length, at every pair of places, overlapping or not. */
static void test_copies(void)
{
    _Alignas(8) uint8_t ours[ROOM], theirs[ROOM], from[ROOM];

    for (size_t len = 0; len <= LENGTH_MAX; len++)
        for (size_t to = 0; to <= AT_MAX; to++)
            for (size_t at = 0; at <= AT_MAX; at++) {
                fill(ours);
                fill(theirs);
                assert(small_memmove(ours + to, ours + at, len) == ours + to);
                memmove(theirs + to, theirs + at, len);
                assert(memcmp(ours, theirs, sizeof ours) == 0);
                fill(from);
                memset(ours, 0, sizeof ours);
                memset(theirs, 0, sizeof theirs);
                assert(small_memcpy(ours + to, from + at, len) == ours + to);
                memcpy(theirs + to, from + at, len);
                assert(memcmp(ours, theirs, sizeof ours) == 0);
            }
}

static void test_memset(void)
{
    uint8_t ours[ROOM], theirs[ROOM];

    for (size_t len = 0; len < ROOM; len++) {
        fill(ours);
        fill(theirs);
        assert(small_memset(ours + 1, (int)len + 250, len) == ours + 1);
        memset(theirs + 1, (int)len + 250, len);
        assert(memcmp(ours, theirs, sizeof ours) == 0);
    }
}

static void test_memcmp(void)
{
    uint8_t a[3] = {1, 0, 1}, b[3] = {1, 0, 2};

    assert(small_memcmp(a, b, 0) == 0 && small_memcmp(a, b, 2) == 0);
    for (int x = 0; x < BYTES; x++)
        for (int y = 0; y < BYTES; y++) {
            int want = x < y ? -1 : x > y;

            a[1] = (uint8_t)x;
            b[1] = (uint8_t)y;
            assert(small_memcmp(a, b, 2) == want);
            assert(small_memcmp(a, b, 3) == (want == 0 ? -1 : want));
        }
}

int main(void)
{
    test_copies();
    test_memset();
    test_memcmp();
    puts("memory: all lengths and places");
    return 0;
}
