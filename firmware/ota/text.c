/* Bounded text: the only way the agent makes requests, JSON and log lines. */
#include "text.h"

struct text text_over(char *buf, size_t cap)
{
    buf[0] = '\0';
    return (struct text){.at = buf, .cap = cap};
}

static void put(struct text *t, char c)
{
    if (t->len + 1 >= t->cap) {
        t->cut = true;
        return;
    }
    t->at[t->len++] = c;
    t->at[t->len] = '\0';
}

void text_str(struct text *t, const char *s)
{
    while (*s != '\0') {
        put(t, *s++);
    }
}

void text_u32(struct text *t, uint32_t v)
{
    char digits[11];
    size_t i = sizeof digits - 1;

    digits[i] = '\0';
    do {
        digits[--i] = (char)('0' + v % 10);
        v /= 10;
    } while (v != 0);
    text_str(t, digits + i);
}

void text_hex(struct text *t, const uint8_t *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        put(t, "0123456789abcdef"[bytes[i] >> 4]);
        put(t, "0123456789abcdef"[bytes[i] & 15]);
    }
}
