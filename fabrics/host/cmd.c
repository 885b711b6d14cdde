/* SPDX-License-Identifier: Apache-2.0 */
/* fabrics/host/cmd.c - commands as a host builds them.
 * Owns: nothing.  Thread: any.  May block: never.  Spec: NVM Express Base 2.1, 5, 6; NVM Command
 * Set 1.1, 3. */
#include "fabrics/host/cmd.h"

#include <endian.h>
#include <string.h>

void fab_cmd_connect(struct nvme_cmd *cmd, struct nvmf_connect_data *data,
		     const struct fab_host_connect *in)
{
	struct nvmf_connect_cmd connect = {
		.opcode = NVME_ADMIN_FABRICS,
		.fctype = NVMF_CONNECT,
		.qid = htole16(in->qid),
		.sqsize = htole16(in->sqsize),
		.cattr = in->sqflow_off ? NVMF_CATTR_NO_SQFLOW : 0,
		.kato = htole32(in->kato_ms),
	};

	memcpy(cmd, &connect, sizeof(*cmd));
	memset(data, 0, sizeof(*data));
	memcpy(data->hostid, in->hostid, sizeof(data->hostid));
	data->cntlid = htole16(in->qid ? in->cntlid : NVMF_CNTLID_DYNAMIC);
	strncpy(data->subnqn, in->subnqn, sizeof(data->subnqn) - 1);
	strncpy(data->hostnqn, in->hostnqn, sizeof(data->hostnqn) - 1);
}

static struct nvme_cmd property(uint8_t fctype, uint32_t offset, bool eight, uint64_t value)
{
	struct nvmf_property_cmd prop = {
		.opcode = NVME_ADMIN_FABRICS,
		.fctype = fctype,
		.attrib = eight ? NVMF_PROP_8 : NVMF_PROP_4,
		.offset = htole32(offset),
		.value = htole64(value),
	};
	struct nvme_cmd cmd;

	memcpy(&cmd, &prop, sizeof(cmd));
	return cmd;
}

struct nvme_cmd fab_cmd_property_get(uint32_t offset, bool eight)
{
	return property(NVMF_PROPERTY_GET, offset, eight, 0);
}

struct nvme_cmd fab_cmd_property_set(uint32_t offset, bool eight, uint64_t value)
{
	return property(NVMF_PROPERTY_SET, offset, eight, value);
}

static struct nvme_cmd authentication(uint8_t fctype, uint32_t len)
{
	struct nvmf_auth_cmd auth = {
		.opcode = NVME_ADMIN_FABRICS,
		.fctype = fctype,
		.spsp0 = NVMF_AUTH_SPSP0,
		.spsp1 = NVMF_AUTH_SPSP1,
		.secp = NVMF_AUTH_SECP,
		.len = htole32(len),
	};
	struct nvme_cmd cmd;

	memcpy(&cmd, &auth, sizeof(cmd));
	return cmd;
}

struct nvme_cmd fab_cmd_auth_send(uint32_t len)
{
	return authentication(NVMF_AUTH_SEND, len);
}

struct nvme_cmd fab_cmd_auth_recv(uint32_t len)
{
	return authentication(NVMF_AUTH_RECV, len);
}

struct nvme_cmd fab_cmd_identify(uint8_t cns, uint32_t nsid, uint16_t cntid, uint8_t csi)
{
	return (struct nvme_cmd){
		.opcode = NVME_ADMIN_IDENTIFY,
		.nsid = htole32(nsid),
		.cdw10 = htole32((uint32_t)cntid << 16 | cns),
		.cdw11 = htole32((uint32_t)csi << 24),
	};
}

struct nvme_cmd fab_cmd_get_log(uint8_t lid, uint32_t nsid, uint64_t off, uint32_t len, bool rae)
{
	uint32_t numd = len / 4 - 1;

	return (struct nvme_cmd){
		.opcode = NVME_ADMIN_GET_LOG_PAGE,
		.nsid = htole32(nsid),
		.cdw10 = htole32(numd << 16 | (rae ? 1u << 15 : 0) | lid),
		.cdw11 = htole32(numd >> 16),
		.cdw12 = htole32((uint32_t)off),
		.cdw13 = htole32((uint32_t)(off >> 32)),
	};
}

struct nvme_cmd fab_cmd_set_features(uint8_t fid, uint32_t dw11)
{
	return (struct nvme_cmd){ .opcode = NVME_ADMIN_SET_FEATURES,
				  .cdw10 = htole32(fid),
				  .cdw11 = htole32(dw11) };
}

struct nvme_cmd fab_cmd_get_features(uint8_t fid)
{
	return (struct nvme_cmd){ .opcode = NVME_ADMIN_GET_FEATURES, .cdw10 = htole32(fid) };
}

struct nvme_cmd fab_cmd_rw(uint8_t opcode, uint32_t nsid, uint64_t slba, uint32_t nlb)
{
	return (struct nvme_cmd){
		.opcode = opcode,
		.nsid = htole32(nsid),
		.cdw10 = htole32((uint32_t)slba),
		.cdw11 = htole32((uint32_t)(slba >> 32)),
		.cdw12 = htole32((nlb - 1) & 0xffff),
	};
}
