/* SPDX-License-Identifier: Apache-2.0 */
/* fabrics/pull.c - see fabrics/pull.h. */
#include "fabrics/pull.h"

#include <endian.h>
#include <errno.h>
#include <string.h>

static void copy_text(char *dst, const char *field, size_t size)
{
	size_t len = strnlen(field, size);

	memcpy(dst, field, len);
	dst[len] = '\0';
}

static int decode_log(const uint8_t *osp, uint32_t len, struct fab_pull *ret)
{
	struct nvmf_pull_log log;

	if (len < sizeof(log))
		return -EPROTO;
	memcpy(&log, osp, sizeof(log));
	ret->lid = log.lprlid;
	ret->lsp = log.lprlsp & 0x7f;
	return 0;
}

static int decode_zonegroup(const uint8_t *osp, uint32_t len, struct fab_pull *ret)
{
	struct nvmf_pull_zonegroup zg;

	if (len < sizeof(zg))
		return -EPROTO;
	memcpy(&zg, osp, sizeof(zg));
	ret->t_id = le32toh(zg.t_id);
	copy_text(ret->zg_originator, zg.zgorig, sizeof(zg.zgorig));
	copy_text(ret->zg_name, zg.zgname, sizeof(zg.zgname));
	return 0;
}

int fab_pull_decode(const void *page, uint32_t len, struct fab_pull *ret)
{
	const uint8_t *osp = (const uint8_t *)page + sizeof(struct nvmf_pull_request);
	struct nvmf_pull_request req;
	uint32_t told;

	memset(ret, 0, sizeof(*ret));
	if (len < sizeof(req))
		return -EPROTO;
	memcpy(&req, page, sizeof(req));
	told = le32toh(req.tpdrpl);
	if (told < sizeof(req) || told > len)
		return -EPROTO;
	ret->ori = req.ori;
	switch (req.ori) {
	case NVMF_PULL_LOG:
		return decode_log(osp, told - (uint32_t)sizeof(req), ret);
	case NVMF_PULL_GET_ZONEGROUP:
	case NVMF_PULL_ADD_ZONEGROUP:
	case NVMF_PULL_REMOVE_ZONEGROUP:
		return decode_zonegroup(osp, told - (uint32_t)sizeof(req), ret);
	default:
		return -EPROTO;
	}
}

struct nvme_cmd fab_cmd_send_log(uint8_t lid, uint8_t lsp, uint64_t off, uint32_t len)
{
	struct nvme_cmd cmd = { .opcode = NVME_ADMIN_SEND_DISC_LOG };

	cmd.cdw10 = htole32(NVMF_SDLP_CDW10(NVMF_SDLP_VALID, 0, 0, lsp, lid));
	cmd.cdw11 = htole32(len / 4);
	cmd.cdw12 = htole32((uint32_t)off);
	cmd.cdw13 = htole32((uint32_t)(off >> 32));
	return cmd;
}

struct nvme_cmd fab_cmd_send_no_log(uint8_t lid, uint8_t lsp, enum nvmf_sdlp_rlps why)
{
	struct nvme_cmd cmd = { .opcode = NVME_ADMIN_SEND_DISC_LOG };

	cmd.cdw10 = htole32(NVMF_SDLP_CDW10(why, 0, 0, lsp, lid));
	return cmd;
}
