/* Reasons in fixed buffers; what does not fit is cut. */
#include "why.h"

#include <stdarg.h>
#include <stdio.h>

void why_tell(struct why *w, const char *format, ...)
{
    va_list list;

    if (w->text[0] != '\0')
        return;
    va_start(list, format);
    (void)vsnprintf(w->text, sizeof w->text, format, list);
    va_end(list);
}

void why_hint(struct why *w, const char *format, ...)
{
    va_list list;

    if (w->hint[0] != '\0')
        return;
    va_start(list, format);
    (void)vsnprintf(w->hint, sizeof w->hint, format, list);
    va_end(list);
}
