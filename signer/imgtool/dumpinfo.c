/* imgtool dumpinfo: the command line. */
#include <stdlib.h>
#include <string.h>

#include "../args.h"
#include "../say.h"
#include "dump.h"
#include "imgtool.h"

enum { OPT_OUT, OPT_FORMAT, OPT_SILENT };

static const struct arg_spec options[] = {
    [OPT_OUT] = {'o', "outfile", "FILE", "where it goes (default: stdout)"},
    [OPT_FORMAT] = {'f', "format", "human|yaml|json",
                    "form (default: human on stdout, yaml in a file)"},
    [OPT_SILENT] = {'s', "silent", NULL, "has no effect"},
    {0, NULL, NULL, NULL},
};

static const struct verb_spec verb = {
    "imgtool dumpinfo [OPTION]... IMGFILE",
    "Print header, TLV areas and trailer of an image.  Nothing is verified.",
    options,
    NULL,
};

struct request {
    const char *in, *out;
    enum dump_form form;
    bool has_form;
};

static ota_err print_to(const struct request *q, const struct dump *d)
{
    char *text = NULL;
    size_t len = 0;
    FILE *to = open_memstream(&text, &len);
    ota_err e;

    if (to == NULL)
        return say_fail(OTA_E_NO_MEMORY, "no memory");
    dump_print(to, d, q->form);
    if (q->out == NULL && q->form == DUMP_JSON)
        (void)fputc('\n', to);
    if (fclose(to) != 0)
        e = say_fail(OTA_E_NO_MEMORY, "no memory");
    else if (q->out != NULL)
        e = file_write(q->out, text, len);
    else
        e = fwrite(text, 1, len, stdout) == len ? OTA_OK : say_fail(OTA_E_IO, "cannot write");
    free(text);
    return e;
}

static ota_err run(const struct request *q)
{
    const char *slash = strrchr(q->in, '/');
    struct file_bytes f = {NULL, 0};
    uint32_t address = 0;
    bool hex = false;
    struct dump d;
    ota_err e = imgtool_read(q->in, &f, &hex, &address);

    if (e != OTA_OK)
        return e;
    e = dump_read(slash == NULL ? q->in : slash + 1, f.data, f.len, &d);
    if (e != OTA_OK)
        say_error("%s is %s", q->in,
                  e == OTA_E_NOT_FOUND ? "no MCUboot image" : "a broken MCUboot image");
    else
        e = print_to(q, &d);
    file_free(&f);
    return e;
}

static bool take_form(struct request *q, const char *value)
{
    static const char *const names[] = {"human", "yaml", "json"};

    for (int i = 0; i < 3; i++) {
        if (strcmp(value, names[i]) == 0) {
            q->form = (enum dump_form)i;
            q->has_form = true;
            return true;
        }
    }
    say_error("--format: '%s' is none of the choices", value);
    return false;
}

static bool take(struct args *a, void *request, int option, const char *value)
{
    struct request *q = request;

    if (option == OPT_FORMAT)
        return take_form(q, value);
    if (option != OPT_OUT)
        return imgtool_take_file(a, value, &q->in);
    q->out = value;
    return true;
}

static bool complete(const struct args *a, void *request)
{
    const struct request *q = request;

    return imgtool_has_file(a, q->in);
}

enum exit_status imgtool_dumpinfo(int argc, char **argv)
{
    static const struct args_reader reader = {take, complete};
    struct request q = {.form = DUMP_HUMAN};
    enum exit_status s;
    struct args a;

    args_init(&a, &verb, argc, argv);
    if (!args_read(&a, &reader, &q, &s))
        return s;
    if (!q.has_form && q.out != NULL)
        q.form = DUMP_YAML;
    return imgtool_exit(run(&q));
}
