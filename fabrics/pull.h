/* SPDX-License-Identifier: Apache-2.0 */
/* fabrics/pull.h - the pull model of direct discovery controllers: what one asks for (log page 73h), and the command that brings it.
 * Owns: nothing.  Thread: any.  May block: never.
 * Spec: NVM Express Base 2.1, 5.1.12.3.4 (Pull Model DDC Request), 5.3.10 (Send Discovery Log Page), 8.3.2.3.8.3. */
#ifndef FABRICS_PULL_H
#define FABRICS_PULL_H

#include <stdint.h>

#include "fabrics/spec/nvmf.h"

/* The longest page that is defined, in whole dwords. */
#define FAB_PULL_MAX                                                                               \
	((sizeof(struct nvmf_pull_request) + sizeof(struct nvmf_pull_zonegroup) + 3) & ~3u)

struct fab_pull {
	uint8_t ori; /* enum nvmf_pull_ori */
	uint8_t lid, lsp; /* NVMF_PULL_LOG */
	uint32_t t_id; /* the others, as the two that follow */
	char zg_originator[225], zg_name[31];
};

/* Reads a page of len bytes; what lies behind its own length doesn't count.  0, or -EPROTO. */
int fab_pull_decode(const void *page, uint32_t len, struct fab_pull *ret);

/* Send Discovery Log Page with a piece of page lid, from byte off on, len bytes (a multiple of 4). */
struct nvme_cmd fab_cmd_send_log(uint8_t lid, uint8_t lsp, uint64_t off, uint32_t len);
/* The same without any: it can't be had. */
struct nvme_cmd fab_cmd_send_no_log(uint8_t lid, uint8_t lsp, enum nvmf_sdlp_rlps why);

#endif
