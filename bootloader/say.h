#ifndef BOOT_SAY_H
#define BOOT_SAY_H

#include "boot.h"

/*
 * What the bootloader tells people on the console: in words (say_words.c), or in numbers where
 * the words would not fit (say_codes.c); CMake chooses by profile.
 */
extern const struct boot_hooks boot_says;

/* An image is about to be started. */
void say_start(const struct boot_record *r);

#endif
