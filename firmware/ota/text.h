#ifndef OTA_TEXT_H
#define OTA_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Text built piece by piece in the caller's buffer, always NUL-terminated.  What does not fit
 * is cut and remembered, so that one question at the end suffices.
 */
struct text {
    char *at;
    size_t cap, len;
    bool cut;
};

struct text text_over(char *buf, size_t cap); /* cap >= 1 */
void text_str(struct text *t, const char *s);
void text_u32(struct text *t, uint32_t v);
void text_hex(struct text *t, const uint8_t *bytes, size_t len); /* lower case */

#endif
