/*
 * memcpy and its like for bootloaders, a tenth of the size of newlib's.  Copies move words
 * where they can: an image is copied twice on its way into the hash.
 */
#include <stddef.h>
#include <stdint.h>

void *memcpy(void *restrict to, const void *restrict from, size_t len);
void *memmove(void *to, const void *from, size_t len);
void *memset(void *to, int value, size_t len);
int memcmp(const void *a, const void *b, size_t len);

/* Moved by one load and one store of four registers. */
struct words {
    uint32_t w[4];
} __attribute__((may_alias));

/* From the first byte to the last; the areas may overlap if what is written lies below what is
 * read. */
static void *copy_up(void *to, const void *from, size_t len)
{
    unsigned char *t = to;
    const unsigned char *f = from;
    size_t done = 0;

    if (((uintptr_t)t | (uintptr_t)f) % _Alignof(struct words) == 0)
        for (; done + sizeof(struct words) <= len; done += sizeof(struct words))
            *(struct words *)(void *)(t + done) =
                *(const struct words *)(const void *)(f + done);
    for (; done < len; done++)
        t[done] = f[done];
    return to;
}

void *memcpy(void *restrict to, const void *restrict from, size_t len)
{
    return copy_up(to, from, len);
}

void *memmove(void *to, const void *from, size_t len)
{
    unsigned char *t = to;
    const unsigned char *f = from;

    if (t <= f)
        return copy_up(to, from, len);
    while (len-- > 0)
        t[len] = f[len];
    return to;
}

void *memset(void *to, int value, size_t len)
{
    unsigned char *t = to;

    for (size_t i = 0; i < len; i++)
        t[i] = (unsigned char)value;
    return to;
}

int memcmp(const void *a, const void *b, size_t len)
{
    const unsigned char *x = a, *y = b;

    for (size_t i = 0; i < len; i++)
        if (x[i] != y[i])
            return x[i] < y[i] ? -1 : 1;
    return 0;
}
