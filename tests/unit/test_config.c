/* link: otad_base */
#include "otad/config.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

static struct config config;
static struct config_fault fault;

static ota_err parse(const char *text)
{
    config_done(&config);
    return config_parse(text, strlen(text), &config, &fault);
}

static void test_values(void)
{
    assert(parse("") == OTA_OK);
    assert(strcmp(config.listen, "127.0.0.1:8443") == 0 && config.database_pool == 8);
    assert(parse("# comment\r\n\n  database_pool =  12 \t\r\nweb_dir =\nlisten=/run/otad.sock\n"
                 "database = host=/tmp user=x") == OTA_OK);
    assert(config.database_pool == 12 && *config.web_dir == '\0');
    assert(strcmp(config.listen, "/run/otad.sock") == 0);
    assert(strcmp(config.database, "host=/tmp user=x") == 0);
}

static void test_refusals(void)
{
    static const struct {
        const char *text, *says;
        int line;
        ota_err err;
    } table[] = {
        {"databse = x", "unknown key 'databse'", 1, OTA_E_FORMAT},
        {"\nlisten", "key = value", 2, OTA_E_FORMAT},
        {"database_pool = 1\ndatabase_pool = 2", "twice", 2, OTA_E_FORMAT},
        {"database_pool = many", "whole number", 1, OTA_E_FORMAT},
        {"database_pool =", "whole number", 1, OTA_E_FORMAT},
        {"database_pool = 5x", "whole number", 1, OTA_E_FORMAT},
        {"database_pool = 0", "1 to 200", 1, OTA_E_LIMIT},
        {"database_pool = 201", "1 to 200", 1, OTA_E_LIMIT},
        {"database_pool = 99999999999999999999", "whole number", 1, OTA_E_FORMAT},
        {"log_level = loud", "debug info", 1, OTA_E_FORMAT},
        {"log_level = debug info", "debug info", 1, OTA_E_FORMAT},
        {"public_url = ftp://x", "https://", 0, OTA_E_FORMAT},
        {"public_url = https://x/", "'/'", 0, OTA_E_FORMAT},
        {"tls_cert = a", "belong together", 0, OTA_E_FORMAT},
        {"accel_prefix = /x", "end with '/'", 0, OTA_E_FORMAT},
        {"accel_prefix = x/", "start and end", 0, OTA_E_FORMAT},
        {"metrics = all", "loopback key off", 1, OTA_E_FORMAT},
        {"listen = here", "host:port", 0, OTA_E_FORMAT},
        {"device_late_s = 10\ndevice_offline_s = 10", "larger", 0, OTA_E_LIMIT},
        {"tenant = a/b", "tenant", 0, OTA_E_FORMAT},
    };

    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        assert(parse(table[i].text) == table[i].err);
        assert(fault.line == table[i].line);
        assert(strstr(fault.text, table[i].says) != NULL);
    }
    config_done(&config);
    assert(config_parse("a\0b", 3, &config, &fault) == OTA_E_FORMAT);
    config_done(&config);
    assert(config_load("/nonexistent/otad.conf", &config, &fault) == OTA_E_IO);
}

/* What --print-config prints is a configuration, and says what the defaults are. */
static void test_printed(void)
{
    struct config defaults;
    char *text = NULL;
    size_t len = 0;
    FILE *f = open_memstream(&text, &len);

    assert(f != NULL);
    config_print(f);
    assert(fclose(f) == 0);
    assert(parse(text) == OTA_OK);
    assert(config_parse("", 0, &defaults, &fault) == OTA_OK);
    assert(strcmp(config.tls_priorities, defaults.tls_priorities) == 0);
    assert(config.session_hours == defaults.session_hours);
    assert(strstr(text, "public_url") != NULL && strstr(text, "# web_dir") == NULL);
    config_done(&defaults);
    free(text);
}

int main(void)
{
    test_values();
    test_refusals();
    test_printed();
    config_done(&config);
    return 0;
}
