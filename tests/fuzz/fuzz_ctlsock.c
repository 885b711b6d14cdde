/* SPDX-License-Identifier: Apache-2.0 */
/* tests/fuzz/fuzz_ctlsock.c - what a peer may write on the control socket. */
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/ctlsock.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct net_ctl_msg msg;
	struct net_ctl *ctl;
	int sv[2];

	if (size > 65536 ||
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, sv) < 0)
		return 0;
	ctl = net_ctl_create(sv[0]);
	if (write(sv[1], data, size) < 0)
		size = 0;
	close(sv[1]);
	while (ctl && net_ctl_read(ctl) > 0)
		while (net_ctl_next(ctl, &msg, NULL) > 0)
			net_ctl_msg_clear(&msg);
	net_ctl_destroy(ctl);
	return 0;
}
