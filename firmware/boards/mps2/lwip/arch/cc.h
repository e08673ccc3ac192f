#ifndef LWIP_ARCH_CC_H
#define LWIP_ARCH_CC_H

#include <stdint.h>
#include <stdlib.h>

/* lwIP's compiler glue; both functions are in net.c. */
_Noreturn void net_assert(const char *what);
uint32_t net_random(void);

#define LWIP_PLATFORM_DIAG(x)                                                                  \
    do {                                                                                       \
    } while (0)
#define LWIP_PLATFORM_ASSERT(x) net_assert(x)
#define LWIP_RAND()             net_random()
#define LWIP_NO_UNISTD_H        1

#endif
