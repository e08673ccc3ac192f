/* memcpy and its like for bootloaders, a tenth of the size of newlib's. */
#include <stddef.h>

void *memcpy(void *restrict to, const void *restrict from, size_t len);
void *memmove(void *to, const void *from, size_t len);
void *memset(void *to, int value, size_t len);
int memcmp(const void *a, const void *b, size_t len);

void *memcpy(void *restrict to, const void *restrict from, size_t len)
{
    return memmove(to, from, len);
}

void *memmove(void *to, const void *from, size_t len)
{
    unsigned char *t = to;
    const unsigned char *f = from;

    if (t < f) {
        for (size_t i = 0; i < len; i++)
            t[i] = f[i];
    } else {
        while (len-- > 0)
            t[len] = f[len];
    }
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
