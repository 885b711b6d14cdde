/* SPDX-License-Identifier: Apache-2.0 */
/* fabrics/kickstart.h - kickstart discovery: a direct discovery controller asks, by a PDU and without a queue, to be connected to.
 * Owns: nothing.  Thread: any.  May block: never.
 * Spec: NVM Express Base 2.1, 8.3.2.2.2.1; NVMe/TCP 1.1, 3.6 (KDReq, KDResp). */
#ifndef FABRICS_KICKSTART_H
#define FABRICS_KICKSTART_H

#include <stdint.h>

#include "fabrics/spec/nvme_tcp.h"

#define FAB_KICKSTART_RECORDS 16 /* more are refused: it has so many ports at most */
#define FAB_KICKSTART_DATA_MAX (FAB_KICKSTART_RECORDS * sizeof(struct nvme_tcp_kickstart))

/* The first record that can be connected to. */
struct fab_kickstart {
	char traddr[64]; /* numeric, in the short form */
	uint16_t port;
	uint16_t numdie;
};

/* Reads the records behind a KDReq's header.  0, or the bit of enum nvme_tcp_failrsn for the first record, when none will do. */
uint8_t fab_kickstart_decode(const struct nvme_tcp_kdreq *req, const void *data, uint32_t len,
			     struct fab_kickstart *ret);
/* A KDResp; failrsn 0: success. */
void fab_kickstart_put_resp(struct nvme_tcp_kdresp *dst, uint8_t failrsn, const char *nqn);

#endif
