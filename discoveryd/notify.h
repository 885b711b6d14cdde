/* SPDX-License-Identifier: Apache-2.0 */
/* discoveryd/notify.h - tells the service manager how far we are, as sd_notify(3) does.
 * Owns: nothing.  Thread: main.  May block: no; a datagram that doesn't fit is lost. */
#ifndef DISCOVERYD_NOTIFY_H
#define DISCOVERYD_NOTIFY_H

/* "READY=1", "STOPPING=1"; nothing happens without a service manager that wants to know ($NOTIFY_SOCKET). */
void dsc_notify(const char *state);

#endif
