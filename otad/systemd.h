#ifndef OTAD_SYSTEMD_H
#define OTAD_SYSTEMD_H

/*
 * Tell the service manager ("READY=1", "STOPPING=1", "RELOADING=1"), by its socket alone.
 * Without one (NOTIFY_SOCKET is not set) nothing happens.
 */
void systemd_notify(const char *state);

#endif
