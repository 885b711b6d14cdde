/* SPDX-License-Identifier: Apache-2.0 */
/* fabrics/tcp/pdu.h - NVMe/TCP PDU headers: checked on the way in, built on the way out.  Both ends
 * use it.
 * Owns: nothing.  Thread: any.  May block: never.  Spec: NVMe/TCP 1.1, 3.6. */
#ifndef FABRICS_TCP_PDU_H
#define FABRICS_TCP_PDU_H

#include <endian.h>
#include <stdbool.h>
#include <string.h>

#include "fabrics/spec/nvme_tcp.h"
#include "fabrics/tcp/digest.h"

/* Fatal to the connection: what a TermReq says.  fes 0: nothing is wrong. */
struct fab_fault {
	uint16_t fes; /* enum nvme_tcp_fes */
	uint32_t fei;
};

#define FAB_NO_FAULT ((struct fab_fault){ 0 })
#define FAB_FAULT(s, i) ((struct fab_fault){ .fes = (s), .fei = (i) })
/* A field of the header is to blame. */
#define FAB_BAD_FIELD(type, member) FAB_FAULT(NVME_TCP_FES_INVALID_HDR, offsetof(type, member))

/* The longest header, with its digest. */
#define FAB_PDU_HDR_MAX (sizeof(struct nvme_tcp_icreq) + NVME_TCP_DIGEST_LEN)
#define FAB_PDU_TERM_MAX (sizeof(struct nvme_tcp_term) + NVME_TCP_TERM_DATA_MAX)

enum fab_end { FAB_END_CTRL, FAB_END_HOST };

/* What a receiver goes by, once ICReq and ICResp have settled it. */
struct fab_pdu_rules {
	uint8_t end; /* enum fab_end: who receives */
	bool ic_done;
	bool hdgst, ddgst;
	uint8_t data_align; /* bytes that PDO is a multiple of: CPDA or HPDA as this end told it */
};

/* Where the payload lies. */
struct fab_pdu_geom {
	uint32_t hdr_len; /* header with its digest */
	uint32_t pad; /* bytes between them and the payload */
	uint32_t data_len; /* 0: none, and then no data digest either */
};

/* Judges the first 8 bytes: may this PDU come now, is its header's length right?  From then on HLEN
 * can be trusted. */
struct fab_fault fab_pdu_check_common(const struct fab_pdu_rules *rules,
				      const struct nvme_tcp_hdr *h);
/* Bytes of header, with digest, that follow from the first 8. */
uint32_t fab_pdu_hdr_len(const struct fab_pdu_rules *rules, const struct nvme_tcp_hdr *h);
/* Judges the whole header: its digest, flags, PLEN and PDO. */
struct fab_fault fab_pdu_check(const struct fab_pdu_rules *rules, const struct nvme_tcp_hdr *h,
			       struct fab_pdu_geom *ret_geom);

/* A TermReq that carries the header at fault (cut to what fits).  dst has FAB_PDU_TERM_MAX bytes;
 * returns its length. */
uint32_t fab_pdu_put_term(uint8_t *dst, uint8_t type, struct fab_fault fault, const void *hdr,
			  uint32_t hdr_len);

/* Fills the common header in place.  plen counts everything, digests too. */
static inline void fab_pdu_put_hdr(struct nvme_tcp_hdr *h, uint8_t type, uint8_t hlen,
				   uint8_t flags, uint32_t plen)
{
	h->type = type;
	h->flags = flags;
	h->hlen = hlen;
	h->pdo = 0;
	h->plen = htole32(plen);
}

/* The last 8 bytes of a completion, SQID left out: so that it is written in one go. */
static inline uint64_t fab_cqe_tail(uint16_t sqhd, uint16_t cid_le, uint16_t status)
{
	return (uint64_t)sqhd | (uint64_t)le16toh(cid_le) << 32 | (uint64_t)status << 48;
}

/* A CapsuleResp with its digest at dst; returns its length.  In whole words: a completion put
 * together in memory would be read back right after it was written, and on a write's path that read
 * waits until all of the data copied just before has left the core. */
static inline uint16_t fab_pdu_put_rsp(uint8_t *dst, uint64_t result_le, uint64_t cqe_tail,
				       bool hdgst)
{
	uint16_t len = sizeof(struct nvme_tcp_rsp), plen = hdgst ? len + NVME_TCP_DIGEST_LEN : len;
	uint64_t word[3] = {
		htole64(NVME_TCP_RSP | (hdgst ? NVME_TCP_F_HDGST : 0) << 8 | len << 16 |
			(uint64_t)plen << 32),
		result_le,
		htole64(cqe_tail),
	};

	memcpy(dst, &word[0], 8);
	memcpy(dst + 8, &word[1], 8);
	memcpy(dst + 16, &word[2], 8);
	if (hdgst)
		fab_digest_put(dst + len, dst, len);
	return plen;
}

#endif
