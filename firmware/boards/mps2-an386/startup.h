#ifndef STARTUP_H
#define STARTUP_H

/* Between startup.c and board.c. */
enum { STARTUP_TICKS_PER_S = 100 };

void startup_tick_start(void);
/* No tick, no interrupt, nothing pending: the state of the core after a reset. */
void startup_quiet(void);

#endif
