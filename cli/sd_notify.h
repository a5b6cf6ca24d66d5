/* What a service tells systemd: sd_notify(3), which is a datagram to $NOTIFY_SOCKET. */
#ifndef DBVITALS_CLI_SD_NOTIFY_H
#define DBVITALS_CLI_SD_NOTIFY_H

/* STATE: "READY=1", "STATUS=...", several with newlines. Nothing happens where nobody listens. */
void sd_notify_send(const char *state);
/* Seconds within which WATCHDOG=1 is expected, NAN: it is not. */
double sd_notify_watchdog_s(void);

#endif
