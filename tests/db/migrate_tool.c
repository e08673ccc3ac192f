/* db_migrate from the command line, for migrations.py: migrate_tool CONNINFO. */
#include <stdio.h>

#include "otad/db/db.h"

int main(int argc, char **argv)
{
    int from = 0, to = 0;
    if (argc != 2)
        return 2;
    const ota_err err = db_migrate(argv[1], &from, &to);
    if (err == OTA_OK)
        printf("%d %d\n", from, to);
    else
        printf("%s\n", ota_err_name(err));
    return err == OTA_OK ? 0 : 1;
}
