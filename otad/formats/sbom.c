/*
 * Bills of materials.  The document is read in an arena of its own, which bounds it; only what
 * is shown goes to the caller's.
 */
#include "sbom.h"

#include <string.h>

#include "otad/json.h"

enum { TEXT_BYTES_MAX = 512, TIME_BYTES_MAX = 40, ARENA_BYTES = SBOM_BYTES_MAX + 256 * 1024 };

struct verdict_row {
    const char *code, *text;
};

static const struct verdict_row rows[SBOM_VERDICTS] = {
    [SBOM_GOOD] = {"good", "The file is good."},
    [SBOM_UNREADABLE] = {"store-failed", "The file could not be read back."},
    [SBOM_TOO_LARGE] = {"sbom-too-large", "The SBOM is larger than 4 MiB, nested more than 16 "
                                          "levels deep, or has too long a text."},
    [SBOM_NOT_JSON] = {"sbom-not-json",
                       "The SBOM is no JSON object in UTF-8. CycloneDX and SPDX "
                       "are taken as JSON only, not as XML or tag-value."},
    [SBOM_BAD_MEMBER] = {"sbom-bad-member",
                         "A member that the SBOM's format requires is missing, stands there "
                         "twice, or is not of its kind."},
    [SBOM_OTHER_FORMAT] = {"sbom-other-format",
                           "The SBOM is not of the format that its name says: CycloneDX is "
                           "*.cdx.json, SPDX is *.spdx.json."},
    [SBOM_BAD_VERSION] =
        {"sbom-bad-version",
         "The SBOM's specification version is not known: CycloneDX 1.2 to 1.7, "
         "SPDX 2.2, 2.3 or 3.0."},
    [SBOM_NO_MEMORY] = {"busy", "There is not enough memory for the SBOM just now."},
};

const char *sbom_verdict_code(enum sbom_verdict v)
{
    return rows[v].code;
}

const char *sbom_verdict_text(enum sbom_verdict v)
{
    return rows[v].text;
}

struct document {
    /* CycloneDX */
    const char *bom_format, *cdx_spec, *serial, *subject, *subject_version, *timestamp;
    struct json_int bom_version, components;
    /* SPDX 2 */
    const char *spdx_version, *spdx_id, *name, *license, *namespace, *created;
    struct json_int creators, packages;
    /* SPDX 3 */
    const char *context;
    struct json_int graph;
};

#define AT(member) offsetof(struct document, member)

/* What tells the formats from each other; none is required to be there. */
static const struct json_field any_fields[] = {
    {"bomFormat", FIELD_STRING, false, 0, TEXT_BYTES_MAX, 0, AT(bom_format)},
    {"spdxVersion", FIELD_STRING, false, 0, TEXT_BYTES_MAX, 0, AT(spdx_version)},
    {"@context", FIELD_STRING, false, 0, TEXT_BYTES_MAX, 0, AT(context)},
};

static const struct json_field cyclonedx_fields[] = {
    {"bomFormat", FIELD_STRING, true, 1, TEXT_BYTES_MAX, 0, AT(bom_format)},
    {"specVersion", FIELD_STRING, true, 1, TEXT_BYTES_MAX, 0, AT(cdx_spec)},
    {"serialNumber", FIELD_STRING, false, 1, TEXT_BYTES_MAX, 0, AT(serial)},
    {"version", FIELD_INT, false, 1, INT32_MAX, 0, AT(bom_version)},
    {"metadata.timestamp", FIELD_STRING, false, 1, TIME_BYTES_MAX, 0, AT(timestamp)},
    {"metadata.component.name", FIELD_STRING, false, 1, TEXT_BYTES_MAX, 0, AT(subject)},
    {"metadata.component.version", FIELD_STRING, false, 0, TEXT_BYTES_MAX, 0,
     AT(subject_version)},
    {"components", FIELD_COUNT, false, 0, 0, 0, AT(components)},
};

static const struct json_field spdx2_fields[] = {
    {"spdxVersion", FIELD_STRING, true, 1, TEXT_BYTES_MAX, 0, AT(spdx_version)},
    {"SPDXID", FIELD_STRING, true, 1, TEXT_BYTES_MAX, 0, AT(spdx_id)},
    {"name", FIELD_STRING, true, 1, TEXT_BYTES_MAX, 0, AT(name)},
    {"dataLicense", FIELD_STRING, true, 1, TEXT_BYTES_MAX, 0, AT(license)},
    {"documentNamespace", FIELD_STRING, true, 1, TEXT_BYTES_MAX, 0, AT(namespace)},
    {"creationInfo.created", FIELD_STRING, true, 1, TIME_BYTES_MAX, 0, AT(created)},
    {"creationInfo.creators", FIELD_COUNT, true, 1, 0, 0, AT(creators)},
    {"packages", FIELD_COUNT, false, 0, 0, 0, AT(packages)},
};

static const struct json_field spdx3_fields[] = {
    {"@context", FIELD_STRING, true, 1, TEXT_BYTES_MAX, 0, AT(context)},
    {"@graph", FIELD_COUNT, true, 1, 0, 0, AT(graph)},
};

struct text {
    struct arena *arena;
    const char *bytes;
    size_t len;
    struct json_fault fault;
};

static enum sbom_verdict verdict_of(ota_err err, const struct json_fault *fault)
{
    if (err == OTA_OK)
        return SBOM_GOOD;
    if (err == OTA_E_LIMIT)
        return SBOM_TOO_LARGE;
    if (err == OTA_E_NO_MEMORY)
        return SBOM_NO_MEMORY;
    return fault->pointer[0] == '\0' ? SBOM_NOT_JSON : SBOM_BAD_MEMBER;
}

#define READ(text, table, out)                                                                 \
    verdict_of(JSON_READ((text)->arena, (text)->bytes, (text)->len, JSON_OPEN, (table), (out), \
                         &(text)->fault),                                                      \
               &(text)->fault)

static bool is_one_of(const char *word, const char *const *list)
{
    for (; *list != NULL; list++)
        if (strcmp(word, *list) == 0)
            return true;
    return false;
}

/* "urn:uuid:" and a UUID in lower case. */
static bool is_serial(const char *s)
{
    static const char shape[] = "urn:uuid:xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
    if (strlen(s) != sizeof shape - 1)
        return false;
    for (size_t i = 0; i < sizeof shape - 1; i++)
        if (i >= 9 && shape[i] == 'x' ? strchr("0123456789abcdef", s[i]) == NULL
                                      : s[i] != shape[i])
            return false;
    return true;
}

static enum sbom_verdict bad_member(const char *which, const char **out_where)
{
    *out_where = which;
    return SBOM_BAD_MEMBER;
}

static enum sbom_verdict cyclonedx(struct text *t, struct sbom_info *out,
                                   const char **out_where)
{
    static const char *const specs[] = {"1.2", "1.3", "1.4", "1.5", "1.6", "1.7", NULL};
    struct document d = {0};
    const enum sbom_verdict v = READ(t, cyclonedx_fields, &d);
    if (v != SBOM_GOOD)
        return v;
    if (!is_one_of(d.cdx_spec, specs))
        return SBOM_BAD_VERSION;
    if (d.serial != NULL && !is_serial(d.serial))
        return bad_member("/serialNumber", out_where);
    *out = (struct sbom_info){.format = SBOM_CYCLONEDX,
                              .spec = d.cdx_spec,
                              .subject = d.subject,
                              .version = d.subject_version,
                              .serial = d.serial,
                              .components = d.components.value};
    return SBOM_GOOD;
}

static enum sbom_verdict spdx2(struct text *t, struct sbom_info *out, const char **out_where)
{
    static const char *const specs[] = {"SPDX-2.2", "SPDX-2.3", NULL};
    struct document d = {0};
    const enum sbom_verdict v = READ(t, spdx2_fields, &d);
    if (v != SBOM_GOOD)
        return v;
    if (!is_one_of(d.spdx_version, specs))
        return SBOM_BAD_VERSION;
    if (strcmp(d.spdx_id, "SPDXRef-DOCUMENT") != 0)
        return bad_member("/SPDXID", out_where);
    if (strcmp(d.license, "CC0-1.0") != 0)
        return bad_member("/dataLicense", out_where);
    *out = (struct sbom_info){.format = SBOM_SPDX,
                              .spec = d.spdx_version + strlen("SPDX-"),
                              .subject = d.name,
                              .serial = d.namespace,
                              .components = d.packages.value};
    return SBOM_GOOD;
}

/* "https://spdx.org/rdf/3.0.1/spdx-context.jsonld" names the version. */
static enum sbom_verdict spdx3(struct text *t, struct sbom_info *out)
{
    static const char before[] = "https://spdx.org/rdf/", after[] = "/spdx-context.jsonld";
    struct document d = {0};
    const enum sbom_verdict v = READ(t, spdx3_fields, &d);
    if (v != SBOM_GOOD)
        return v;
    const char *end = strstr(d.context, after);
    if (strncmp(d.context, before, sizeof before - 1) != 0 || end == NULL ||
        end[sizeof after - 1] != '\0')
        return SBOM_BAD_VERSION;
    const char *spec = d.context + sizeof before - 1;
    if (strncmp(spec, "3.0.", 4) != 0 || end - spec < 5 || end - spec > 8 ||
        strspn(spec, ".0123456789") != (size_t)(end - spec))
        return SBOM_BAD_VERSION;
    *out = (struct sbom_info){.format = SBOM_SPDX, .components = d.graph.value};
    out->spec = arena_printf(t->arena, "%.*s", (int)(end - spec), spec);
    return out->spec == NULL ? SBOM_TOO_LARGE : SBOM_GOOD;
}

static enum sbom_verdict judge(struct text *t, enum sbom_format format, struct sbom_info *out,
                               const char **out_where)
{
    struct document d = {0};
    const enum sbom_verdict v = READ(t, any_fields, &d);
    if (v != SBOM_GOOD)
        return v;
    const bool is_cyclonedx = d.bom_format != NULL && strcmp(d.bom_format, "CycloneDX") == 0;
    if ((format == SBOM_CYCLONEDX && d.bom_format != NULL) || is_cyclonedx)
        return format == SBOM_CYCLONEDX && is_cyclonedx ? cyclonedx(t, out, out_where)
                                                        : SBOM_OTHER_FORMAT;
    if (format == SBOM_CYCLONEDX)
        return d.spdx_version != NULL ? SBOM_OTHER_FORMAT : bad_member("/bomFormat", out_where);
    if (d.spdx_version != NULL)
        return spdx2(t, out, out_where);
    return d.context != NULL ? spdx3(t, out) : bad_member("/spdxVersion", out_where);
}

/* NULL stays NULL; *ok becomes false when the arena is full. */
static const char *keep(struct arena *a, const char *text, bool *ok)
{
    const char *copy = text == NULL ? NULL : arena_strdup(a, text);
    *ok = *ok && (copy != NULL || text == NULL);
    return copy;
}

static enum sbom_verdict check_in(struct arena *own, struct arena *a,
                                  const struct image_source *src, enum sbom_format format,
                                  struct sbom_info *out, const char **out_where)
{
    bool ok = true;
    struct sbom_info found = {0};
    char *bytes = arena_alloc(own, src->size_bytes + (size_t)1);
    if (bytes == NULL)
        return SBOM_NO_MEMORY;
    if (src->read(src, 0, bytes, src->size_bytes) != OTA_OK)
        return SBOM_UNREADABLE;
    bytes[src->size_bytes] = '\0';
    struct text t = {.arena = own, .bytes = bytes, .len = src->size_bytes};
    const enum sbom_verdict v = judge(&t, format, &found, out_where);
    if (v != SBOM_GOOD && (*out_where)[0] == '\0' && t.fault.pointer[0] != '\0') {
        *out_where = keep(a, t.fault.pointer, &ok);
        return ok ? v : SBOM_NO_MEMORY;
    }
    found.spec = keep(a, found.spec, &ok);
    found.subject = keep(a, found.subject, &ok);
    found.version = keep(a, found.version, &ok);
    found.serial = keep(a, found.serial, &ok);
    *out = found;
    return v == SBOM_GOOD && !ok ? SBOM_NO_MEMORY : v;
}

enum sbom_verdict sbom_check(struct arena *a, const struct image_source *src,
                             enum sbom_format format, struct sbom_info *out,
                             const char **out_where)
{
    struct arena own;
    *out_where = "";
    *out = (struct sbom_info){0};
    if (src->size_bytes > SBOM_BYTES_MAX)
        return SBOM_TOO_LARGE;
    arena_init(&own, ARENA_BYTES);
    const enum sbom_verdict v = check_in(&own, a, src, format, out, out_where);
    arena_done(&own);
    return v;
}
