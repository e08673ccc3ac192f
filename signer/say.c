/* Errors, hints and warnings on stderr. */
#include "say.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static struct {
    char error[512], hint[512];
    bool json;
} said;

__attribute__((format(printf, 3, 0))) static void speak(const char *prefix, char *keep,
                                                        const char *format, va_list args)
{
    char text[512];

    (void)vsnprintf(text, sizeof text, format, args);
    (void)fprintf(stderr, "%s%s\n", prefix, text);
    if (keep != NULL && keep[0] == '\0')
        memcpy(keep, text, sizeof text);
}

void say_error(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    speak("signer: ", said.error, format, args);
    va_end(args);
}

void say_hint(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    speak("  hint: ", said.hint, format, args);
    va_end(args);
}

void say_warning(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    speak("signer: warning: ", NULL, format, args);
    va_end(args);
}

ota_err say_why(ota_err e, const struct why *why)
{
    if (e == OTA_OK)
        return OTA_OK;
    if (why->text[0] != '\0')
        say_error("%s", why->text);
    if (why->hint[0] != '\0')
        say_hint("%s", why->hint);
    return e;
}

void say_exposed(const char *path)
{
    say_warning("%s is a secret that others can read", path);
    say_hint("chmod 600 %s", path);
}

const char *say_first_error(void)
{
    return said.error;
}

const char *say_first_hint(void)
{
    return said.hint;
}

bool say_json(void)
{
    return said.json;
}

void say_json_set(bool on)
{
    said.json = on;
}
