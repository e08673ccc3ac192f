/* link: keys */
/* pkcs11: URIs: whatever is accepted is within its bounds and has no PIN in it. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "keys/token_uri.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void ends_in(const char *text, size_t room)
{
    assert(memchr(text, '\0', room) != NULL);
}

static void check(const char *text)
{
    struct token_uri uri;
    char why[160] = "";
    const ota_err e = token_uri_parse(text, &uri, why, sizeof why);
    const char *query = strchr(text, '?');

    ends_in(why, sizeof why);
    assert((e == OTA_OK) == (why[0] == '\0'));
    if (e != OTA_OK)
        return;
    assert(token_uri_is(text));
    ends_in(uri.token, sizeof uri.token);
    ends_in(uri.manufacturer, sizeof uri.manufacturer);
    ends_in(uri.model, sizeof uri.model);
    ends_in(uri.serial, sizeof uri.serial);
    ends_in(uri.object, sizeof uri.object);
    ends_in(uri.module_path, sizeof uri.module_path);
    ends_in(uri.pin_source, sizeof uri.pin_source);
    assert(uri.id_bytes <= sizeof uri.id);
    assert(uri.module_path[0] == '\0' || uri.module_path[0] == '/');
    assert(uri.pin_source[0] == '\0' || uri.pin_source[0] == '/');
    assert(query == NULL ||
           (strncmp(query, "?pin-value=", 11) != 0 && strstr(query, "&pin-value=") == NULL));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char scheme[] = "pkcs11:";
    char *text = malloc(sizeof scheme + size);

    assert(text != NULL);
    memcpy(text, scheme, sizeof scheme - 1);
    memcpy(text + sizeof scheme - 1, data, size);
    text[sizeof scheme - 1 + size] = '\0';
    check(text);
    check(text + sizeof scheme - 1);
    free(text);
    return 0;
}
