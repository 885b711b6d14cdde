/* SPDX-License-Identifier: Apache-2.0 */
/* fabrics/tcp/pdu.c - checks that hold for every PDU, from one table.
 * Owns: nothing.  Thread: any.  May block: never.  Spec: NVMe/TCP 1.1, 3.6. */
#include "fabrics/tcp/pdu.h"

#include "common/container.h"

/* One row per PDU type: who receives it, how long its header is, what may follow. */
struct pdu_row {
	uint8_t hlen; /* 0: no such type */
	uint8_t end; /* enum fab_end */
	bool is_ic; /* comes before everything else, and once */
	bool has_digest; /* may carry a header digest */
	bool has_data; /* may carry payload at PDO */
	uint8_t extra; /* bytes that may follow the header in another way (TermReq) */
};

static const struct pdu_row rows[NVME_TCP_PDU_TYPE_COUNT] = {
	[NVME_TCP_ICREQ] = { .hlen = 128, .end = FAB_END_CTRL, .is_ic = true },
	[NVME_TCP_ICRESP] = { .hlen = 128, .end = FAB_END_HOST, .is_ic = true },
	[NVME_TCP_H2C_TERM] = { .hlen = 24, .end = FAB_END_CTRL, .extra = NVME_TCP_TERM_DATA_MAX },
	[NVME_TCP_C2H_TERM] = { .hlen = 24, .end = FAB_END_HOST, .extra = NVME_TCP_TERM_DATA_MAX },
	[NVME_TCP_CMD] = { .hlen = 72, .end = FAB_END_CTRL, .has_digest = true, .has_data = true },
	[NVME_TCP_RSP] = { .hlen = 24, .end = FAB_END_HOST, .has_digest = true },
	[NVME_TCP_H2C_DATA] = { .hlen = 24,
				.end = FAB_END_CTRL,
				.has_digest = true,
				.has_data = true },
	[NVME_TCP_C2H_DATA] = { .hlen = 24,
				.end = FAB_END_HOST,
				.has_digest = true,
				.has_data = true },
	[NVME_TCP_KDREQ] = { .hlen = 12,
			     .end = FAB_END_CTRL,
			     .has_digest = true,
			     .has_data = true },
	[NVME_TCP_R2T] = { .hlen = 24, .end = FAB_END_HOST, .has_digest = true },
};

struct fab_fault fab_pdu_check_common(const struct fab_pdu_rules *rules,
				      const struct nvme_tcp_hdr *h)
{
	const struct pdu_row *row = h->type < ARRAY_SIZE(rows) ? &rows[h->type] : NULL;
	bool known = row && row->hlen && row->end == rules->end;

	if (!rules->ic_done && known && row->extra)
		return h->hlen == row->hlen ? FAB_NO_FAULT
					    : FAB_BAD_FIELD(struct nvme_tcp_hdr, hlen);
	if (!rules->ic_done && !(known && row->is_ic))
		return FAB_FAULT(NVME_TCP_FES_PDU_SEQ, 0);
	if (!known)
		return FAB_BAD_FIELD(struct nvme_tcp_hdr, type);
	if (rules->ic_done && row->is_ic)
		return FAB_FAULT(NVME_TCP_FES_PDU_SEQ, 0);
	if (h->hlen != row->hlen)
		return FAB_BAD_FIELD(struct nvme_tcp_hdr, hlen);
	return FAB_NO_FAULT;
}

uint32_t fab_pdu_hdr_len(const struct fab_pdu_rules *rules, const struct nvme_tcp_hdr *h)
{
	return h->hlen + (rules->hdgst && rows[h->type].has_digest ? NVME_TCP_DIGEST_LEN : 0u);
}

static struct fab_fault check_digest(const struct nvme_tcp_hdr *h)
{
	const uint8_t *p = (const uint8_t *)h;
	uint32_t got = fab_digest_get(p + h->hlen);

	if (!(h->flags & NVME_TCP_F_HDGST))
		return FAB_BAD_FIELD(struct nvme_tcp_hdr, flags);
	if (got != fab_crc32c(p, h->hlen))
		return FAB_FAULT(NVME_TCP_FES_HDGST, got);
	return FAB_NO_FAULT;
}

/* The payload's place follows from PDO and PLEN; both are hostile. */
static struct fab_fault check_data(const struct fab_pdu_rules *rules, const struct nvme_tcp_hdr *h,
				   struct fab_pdu_geom *g)
{
	uint32_t plen = le32toh(h->plen);
	uint32_t tail = rules->ddgst ? NVME_TCP_DIGEST_LEN : 0;

	if (h->pdo < g->hdr_len || h->pdo % rules->data_align)
		return FAB_BAD_FIELD(struct nvme_tcp_hdr, pdo);
	if (plen <= h->pdo + tail)
		return FAB_BAD_FIELD(struct nvme_tcp_hdr, plen);
	if (!(h->flags & NVME_TCP_F_DDGST) != !rules->ddgst)
		return FAB_BAD_FIELD(struct nvme_tcp_hdr, flags);
	g->pad = h->pdo - g->hdr_len;
	g->data_len = plen - h->pdo - tail;
	return FAB_NO_FAULT;
}

struct fab_fault fab_pdu_check(const struct fab_pdu_rules *rules, const struct nvme_tcp_hdr *h,
			       struct fab_pdu_geom *ret_geom)
{
	const struct pdu_row *row = &rows[h->type];
	uint32_t plen = le32toh(h->plen);
	struct fab_fault fault;

	*ret_geom = (struct fab_pdu_geom){ .hdr_len = h->hlen };
	if (rules->hdgst && row->has_digest) {
		fault = check_digest(h);
		if (fault.fes)
			return fault;
		ret_geom->hdr_len += NVME_TCP_DIGEST_LEN;
	} else if (row->has_digest && (h->flags & NVME_TCP_F_HDGST)) {
		return FAB_BAD_FIELD(struct nvme_tcp_hdr, flags);
	}
	if (plen == ret_geom->hdr_len)
		return FAB_NO_FAULT;
	if (plen < ret_geom->hdr_len ||
	    plen - ret_geom->hdr_len > (row->has_data ? UINT32_MAX : row->extra))
		return FAB_BAD_FIELD(struct nvme_tcp_hdr, plen);
	return row->has_data ? check_data(rules, h, ret_geom) : FAB_NO_FAULT;
}

uint32_t fab_pdu_put_term(uint8_t *dst, uint8_t type, struct fab_fault fault, const void *hdr,
			  uint32_t hdr_len)
{
	uint32_t n = cmn_min(hdr_len, (uint32_t)NVME_TCP_TERM_DATA_MAX);
	struct nvme_tcp_term term = { .fes = htole16(fault.fes), .fei = htole32(fault.fei) };

	fab_pdu_put_hdr(&term.hdr, type, sizeof(term), 0, sizeof(term) + n);
	memcpy(dst, &term, sizeof(term));
	if (n)
		memcpy(dst + sizeof(term), hdr, n);
	return sizeof(term) + n;
}
