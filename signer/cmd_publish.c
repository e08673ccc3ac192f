#include "cmd.h"
enum exit_status cmd_publish(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    return EXIT_FAILED;
}
