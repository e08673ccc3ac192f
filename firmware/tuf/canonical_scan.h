#ifndef TUF_CANONICAL_SCAN_H
#define TUF_CANONICAL_SCAN_H

#include <stddef.h>
#include <stdint.h>

/* For canonical*.c: where the string whose opening quote is text[at] ends: the place of its
 * closing quote, or len if there is none. */
size_t canonical_string_end(const uint8_t *text, size_t len, size_t at);

#endif
