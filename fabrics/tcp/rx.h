/* SPDX-License-Identifier: Apache-2.0 */
/* fabrics/tcp/rx.h - received bytes become PDUs: headers checked and whole, payload where its
 * receiver wants it.
 * Owns: the PDU in progress.  Thread: the caller's.  May block: never.
 * Spec: NVMe/TCP 1.1, 3.6.
 *
 * A header that lies wholly in what was given is taken where it lies, otherwise it is collected.
 * Payload may be taken in place by ops->pdu() when it is all there; otherwise it is announced by
 * fab_rx_payload(), and fab_rx_want() asks for it by address. */
#ifndef FABRICS_TCP_RX_H
#define FABRICS_TCP_RX_H

#include "fabrics/tcp/pdu.h"

enum fab_rx_phase {
	FAB_RX_HEADER,
	FAB_RX_PAD, /* up to PDO: thrown away */
	FAB_RX_PAYLOAD,
	FAB_RX_DIGEST,
};

struct fab_rx;

struct fab_rx_input {
	const uint8_t *p, *end;
};

struct fab_rx_ops {
	/* hdr is whole and holds what fab_pdu_check() can tell; in goes on behind it.  If g has
	 * data it either takes all of it from in (pad and digest too) or calls fab_rx_payload(). */
	void (*pdu)(struct fab_rx *rx, const struct nvme_tcp_hdr *hdr, const struct fab_pdu_geom *g,
		    struct fab_rx_input *in);
	/* The payload is in; bad: its digest was wrong. */
	void (*payload)(struct fab_rx *rx, bool bad);
	/* Fatal; hdr is what is known of the PDU's header. */
	void (*fault)(struct fab_rx *rx, struct fab_fault fault, const void *hdr, uint32_t len);
};

struct fab_rx {
	const struct fab_rx_ops *ops;
	struct fab_pdu_rules rules;
	bool halted; /* set by the owner: nothing more is taken */
	uint8_t phase; /* enum fab_rx_phase */
	uint8_t dgst_have;
	uint16_t have; /* bytes in hdr */
	uint32_t pad, left;
	uint8_t *dst; /* where the next byte of payload goes; NULL: nowhere */
	uint8_t *start; /* where the PDU's payload began */
	uint32_t data_len; /* of the PDU */
	uint8_t dgst[NVME_TCP_DIGEST_LEN];
	uint8_t hdr[FAB_PDU_HDR_MAX] __attribute__((aligned(8)));
};

void fab_rx_init(struct fab_rx *rx, const struct fab_rx_ops *ops, enum fab_end end,
		 uint8_t data_align);

/* Returns how many bytes were taken: all, unless it was halted. */
size_t fab_rx_run(struct fab_rx *rx, const void *buf, size_t len);

/* From ops->pdu(): the PDU's payload goes to dst (NULL: is thrown away, and ops->payload() called
 * all the same). */
void fab_rx_payload(struct fab_rx *rx, const struct fab_pdu_geom *g, void *dst);

/* All of the payload of the PDU whose header was just seen, its digest checked, if it is in what
 * was given; else NULL. */
static inline const uint8_t *fab_rx_take(const struct fab_rx *rx, const struct fab_pdu_geom *g,
					 struct fab_rx_input *in, bool *ret_bad)
{
	const uint8_t *data = in->p + g->pad;
	size_t whole = (size_t)g->pad + g->data_len + (rx->rules.ddgst ? NVME_TCP_DIGEST_LEN : 0);

	if ((size_t)(in->end - in->p) < whole)
		return NULL;
	in->p += whole;
	*ret_bad = rx->rules.ddgst &&
		   fab_digest_get(data + g->data_len) != fab_crc32c(data, g->data_len);
	return data;
}

/* Where the payload in progress wants its next bytes; 0: nowhere. */
static inline size_t fab_rx_want(const struct fab_rx *rx, void **ret_dst)
{
	if (rx->phase != FAB_RX_PAYLOAD || !rx->dst || rx->halted)
		return 0;
	*ret_dst = rx->dst;
	return rx->left;
}

void fab_rx_took(struct fab_rx *rx, size_t n); /* n bytes were put there */

#endif
