/* --strength, in words. */
#include "strength.h"

#include <string.h>

#include "say.h"

const struct keybox_cost *strength_of(const char *word)
{
    if (strcmp(word, "moderate") == 0)
        return &keybox_moderate;
    if (strcmp(word, "sensitive") == 0)
        return &keybox_sensitive;
    if (strcmp(word, "interactive") == 0)
        return &keybox_interactive;
    say_error("--strength is moderate, sensitive or interactive");
    return NULL;
}
