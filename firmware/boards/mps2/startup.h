#ifndef STARTUP_H
#define STARTUP_H

/* Between startup.c, board.c and the vector tables. */
typedef void (*startup_vector)(void);

void reset_handler(void);
void fault_handler(void);
void nmi_handler(void);
void tick_handler(void);

enum { STARTUP_TICKS_PER_S = 100 };

void startup_tick_start(void);
/* No tick, no interrupt, nothing pending: the state of the core after a reset. */
void startup_quiet(void);

#endif
