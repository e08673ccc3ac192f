#ifndef KEYS_WHY_H
#define KEYS_WHY_H

#include "../firmware/image/err.h"

/*
 * What went wrong, for people: the caller shows it, where its users look.  Begins empty
 * ({0}); empty beside an error means that the caller's own function has told already.
 */
struct why {
    char text[320];
    char hint[240]; /* what to do about it; may be empty */
};

/* The first text stays: what comes later is a consequence. */
void why_tell(struct why *w, const char *format, ...) __attribute__((format(printf, 2, 3)));
void why_hint(struct why *w, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* why_tell, and e as its result.  A macro, so that compilers and analysers see the value. */
#define why_fail(w, e, ...) (why_tell((w), __VA_ARGS__), (e))

#endif
