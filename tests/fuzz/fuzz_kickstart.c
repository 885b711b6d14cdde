/* SPDX-License-Identifier: Apache-2.0 */
/* tests/fuzz/fuzz_kickstart.c - NUMKR, NUMDIE and kickstart records from outside: an address that is one, or one reason why not. */
#include "fabrics/kickstart.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct nvme_tcp_kdreq req = { .numkr = 0 };
	struct fab_kickstart in;
	struct in6_addr addr;
	uint8_t why;

	if (len < 4)
		return 0;
	memcpy(&req.numkr, data, 4);
	why = fab_kickstart_decode(&req, data + 4, (uint32_t)len - 4, &in);
	if (why & (why - 1) || why & 0x81)
		abort();
	if (!why && (!in.port ||
		     inet_pton(strchr(in.traddr, ':') ? AF_INET6 : AF_INET, in.traddr, &addr) != 1))
		abort();
	return 0;
}
