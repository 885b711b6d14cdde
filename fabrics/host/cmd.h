/* SPDX-License-Identifier: Apache-2.0 */
/* fabrics/host/cmd.h - the commands a host needs, as submission queue entries.
 * Owns: nothing.  Thread: any.  May block: never.  Spec: NVM Express Base 2.1, 5, 6; NVM Command
 * Set 1.1, 3. */
#ifndef FABRICS_HOST_CMD_H
#define FABRICS_HOST_CMD_H

#include <stdbool.h>

#include "fabrics/spec/nvmf.h"

struct fab_host_connect {
	const char *subnqn, *hostnqn; /* at most 223 characters */
	uint8_t hostid[16];
	uint16_t qid, sqsize, cntlid; /* sqsize 0's based; cntlid for I/O queues */
	uint32_t kato_ms;
	bool sqflow_off;
};

/* Fills Connect and its 1024 bytes of data. */
void fab_cmd_connect(struct nvme_cmd *cmd, struct nvmf_connect_data *data,
		     const struct fab_host_connect *in);

struct nvme_cmd fab_cmd_property_get(uint32_t offset, bool eight);
struct nvme_cmd fab_cmd_property_set(uint32_t offset, bool eight, uint64_t value);
/* A message of in-band authentication that goes, or is asked for. */
struct nvme_cmd fab_cmd_auth_send(uint32_t len);
struct nvme_cmd fab_cmd_auth_recv(uint32_t len);
struct nvme_cmd fab_cmd_identify(uint8_t cns, uint32_t nsid, uint16_t cntid, uint8_t csi);
/* len: bytes, a multiple of 4 */
struct nvme_cmd fab_cmd_get_log(uint8_t lid, uint32_t nsid, uint64_t off, uint32_t len, bool rae);
struct nvme_cmd fab_cmd_set_features(uint8_t fid, uint32_t dw11);
struct nvme_cmd fab_cmd_get_features(uint8_t fid);
/* Read, Write, Compare, Write Zeroes: nlb counts from 1 */
struct nvme_cmd fab_cmd_rw(uint8_t opcode, uint32_t nsid, uint64_t slba, uint32_t nlb);

#endif
