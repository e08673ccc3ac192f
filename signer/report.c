/* One flat list of nodes; people get a table with the keys as labels. */
#include "report.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "say.h"

void report_init(struct report *r)
{
    *r = (struct report){0};
}

static struct report_node *add(struct report *r, enum report_kind kind, const char *key)
{
    if (r->count == r->room) {
        size_t room = r->room == 0 ? 32 : 2 * r->room;
        struct report_node *node = realloc(r->node, room * sizeof *node);

        if (node == NULL) {
            r->failed = true;
            return NULL;
        }
        r->node = node;
        r->room = room;
    }
    r->node[r->count] = (struct report_node){.kind = kind, .key = key};
    return &r->node[r->count++];
}

void report_text(struct report *r, const char *key, const char *format, ...)
{
    struct report_node *n = add(r, REPORT_TEXT, key);
    char text[1024];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (n != NULL)
        n->text = strdup(text);
    if (n != NULL && n->text == NULL)
        r->failed = true;
}

void report_hex(struct report *r, const char *key, const void *data, size_t len)
{
    const uint8_t *p = data;
    char text[257];

    text[0] = '\0';
    for (size_t i = 0; i < len && 2 * i + 2 < sizeof text; i++)
        (void)snprintf(text + 2 * i, 3, "%02x", (unsigned)p[i]);
    report_text(r, key, "%s", text);
}

void report_number(struct report *r, const char *key, uint64_t value)
{
    struct report_node *n = add(r, REPORT_NUMBER, key);

    if (n != NULL)
        n->number = value;
}

void report_flag(struct report *r, const char *key, bool value)
{
    struct report_node *n = add(r, REPORT_FLAG, key);

    if (n != NULL)
        n->number = value;
}

void report_object(struct report *r, const char *key)
{
    (void)add(r, REPORT_OBJECT, key);
}

void report_list(struct report *r, const char *key)
{
    (void)add(r, REPORT_LIST, key);
}

void report_end(struct report *r)
{
    (void)add(r, REPORT_END, NULL);
}

/* "key_hash" as a label. */
static void label_print(const char *key, int depth)
{
    int width = 20 - 2 * depth;

    printf("%*s", 2 * depth, "");
    for (; *key != '\0'; key++, width--)
        putchar(*key == '_' ? ' ' : *key);
    printf(":%*s", width > 1 ? width : 1, "");
}

static void people_print(const struct report *r)
{
    int depth = 0;

    for (size_t i = 0; i < r->count; i++) {
        const struct report_node *n = &r->node[i];

        if (n->kind == REPORT_END) {
            depth--;
            continue;
        }
        if (n->key != NULL)
            label_print(n->key, depth);
        else if (n->kind == REPORT_OBJECT)
            printf("%*s-", 2 * depth, "");
        else
            printf("%*s", 2 * depth, "");
        if (n->kind == REPORT_TEXT)
            printf("%s", n->text);
        else if (n->kind == REPORT_NUMBER)
            printf("%llu", (unsigned long long)n->number);
        else if (n->kind == REPORT_FLAG)
            printf("%s", n->number != 0 ? "yes" : "no");
        else
            depth++;
        putchar('\n');
    }
}

bool report_print(struct report *r)
{
    bool ok = !r->failed;

    if (!ok)
        say_error("no memory");
    else if (say_json())
        ok = json_report_print(r);
    else
        people_print(r);
    report_free(r);
    if (fflush(stdout) != 0 || ferror(stdout)) {
        say_error("cannot write the result to stdout");
        return false;
    }
    return ok;
}

void report_free(struct report *r)
{
    for (size_t i = 0; i < r->count; i++)
        free(r->node[i].text);
    free(r->node);
    report_init(r);
}
