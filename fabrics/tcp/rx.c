/* SPDX-License-Identifier: Apache-2.0 */
/* fabrics/tcp/rx.c - bytes to PDUs, a small step for each part of a PDU.
 * Owns: the PDU in progress.  Thread: the caller's.  May block: never.  Spec: NVMe/TCP 1.1, 3.6. */
#include <assert.h>

#include "common/container.h"
#include "fabrics/tcp/rx.h"

static inline size_t avail(const struct fab_rx_input *in)
{
	return (size_t)(in->end - in->p);
}

void fab_rx_init(struct fab_rx *rx, const struct fab_rx_ops *ops, enum fab_end end,
		 uint8_t data_align)
{
	memset(rx, 0, sizeof(*rx));
	rx->ops = ops;
	rx->rules.end = (uint8_t)end;
	rx->rules.data_align = data_align;
}

void fab_rx_payload(struct fab_rx *rx, const struct fab_pdu_geom *g, void *dst)
{
	rx->dst = dst;
	rx->start = dst;
	rx->pad = g->pad;
	rx->left = g->data_len;
	rx->data_len = g->data_len;
	rx->dgst_have = 0;
	rx->phase = g->pad ? FAB_RX_PAD : FAB_RX_PAYLOAD;
}

static void payload_done(struct fab_rx *rx)
{
	bool bad = rx->rules.ddgst && rx->start &&
		   fab_digest_get(rx->dgst) != fab_crc32c(rx->start, rx->data_len);

	rx->phase = FAB_RX_HEADER;
	rx->ops->payload(rx, bad);
}

static void payload_in(struct fab_rx *rx, size_t n)
{
	if (rx->dst)
		rx->dst += n;
	rx->left -= (uint32_t)n;
	if (rx->left)
		return;
	if (rx->rules.ddgst)
		rx->phase = FAB_RX_DIGEST;
	else
		payload_done(rx);
}

void fab_rx_took(struct fab_rx *rx, size_t n)
{
	assert(n <= rx->left);
	if (n)
		payload_in(rx, n);
}

/* The whole header is at hdr; in goes on behind it. */
static void header_done(struct fab_rx *rx, const struct nvme_tcp_hdr *hdr, struct fab_rx_input *in)
{
	struct fab_pdu_geom g;
	struct fab_fault fault = fab_pdu_check(&rx->rules, hdr, &g);

	rx->have = 0;
	if (__builtin_expect(fault.fes, 0))
		rx->ops->fault(rx, fault, hdr, hdr->hlen);
	else
		rx->ops->pdu(rx, hdr, &g, in);
}

/* Collects up to need bytes of header; true when they are there. */
static bool collect(struct fab_rx *rx, struct fab_rx_input *in, uint32_t need)
{
	size_t n = cmn_min((size_t)(need - rx->have), avail(in));

	memcpy(rx->hdr + rx->have, in->p, n);
	rx->have += (uint16_t)n;
	in->p += n;
	return rx->have == need;
}

static void step_header_in_parts(struct fab_rx *rx, struct fab_rx_input *in)
{
	const struct nvme_tcp_hdr *hdr = (const struct nvme_tcp_hdr *)rx->hdr;
	struct fab_fault fault;

	if (rx->have < sizeof(*hdr)) {
		if (!collect(rx, in, sizeof(*hdr)))
			return;
		fault = fab_pdu_check_common(&rx->rules, hdr);
		if (fault.fes) {
			rx->ops->fault(rx, fault, hdr, sizeof(*hdr));
			return;
		}
	}
	if (collect(rx, in, fab_pdu_hdr_len(&rx->rules, hdr)))
		header_done(rx, hdr, in);
}

static void step_header(struct fab_rx *rx, struct fab_rx_input *in)
{
	const struct nvme_tcp_hdr *hdr = (const struct nvme_tcp_hdr *)in->p;
	struct fab_fault fault;
	uint32_t len;

	if (__builtin_expect(rx->have || avail(in) < sizeof(*hdr), 0)) {
		step_header_in_parts(rx, in);
		return;
	}
	fault = fab_pdu_check_common(&rx->rules, hdr);
	if (__builtin_expect(fault.fes, 0)) {
		rx->ops->fault(rx, fault, hdr, sizeof(*hdr));
		return;
	}
	len = fab_pdu_hdr_len(&rx->rules, hdr);
	if (__builtin_expect(avail(in) < len, 0)) {
		step_header_in_parts(rx, in);
		return;
	}
	in->p += len;
	header_done(rx, hdr, in);
}

static void step_pad(struct fab_rx *rx, struct fab_rx_input *in)
{
	size_t n = cmn_min((size_t)rx->pad, avail(in));

	in->p += n;
	rx->pad -= (uint32_t)n;
	if (!rx->pad)
		rx->phase = FAB_RX_PAYLOAD;
}

static void step_payload(struct fab_rx *rx, struct fab_rx_input *in)
{
	size_t n = cmn_min((size_t)rx->left, avail(in));

	if (rx->dst)
		memcpy(rx->dst, in->p, n);
	in->p += n;
	payload_in(rx, n);
}

static void step_digest(struct fab_rx *rx, struct fab_rx_input *in)
{
	size_t n = cmn_min((size_t)(NVME_TCP_DIGEST_LEN - rx->dgst_have), avail(in));

	memcpy(rx->dgst + rx->dgst_have, in->p, n);
	rx->dgst_have += (uint8_t)n;
	in->p += n;
	if (rx->dgst_have == NVME_TCP_DIGEST_LEN)
		payload_done(rx);
}

static void (*const steps[])(struct fab_rx *rx, struct fab_rx_input *in) = {
	[FAB_RX_HEADER] = step_header,
	[FAB_RX_PAD] = step_pad,
	[FAB_RX_PAYLOAD] = step_payload,
	[FAB_RX_DIGEST] = step_digest,
};

size_t fab_rx_run(struct fab_rx *rx, const void *buf, size_t len)
{
	const uint8_t *p = buf;
	struct fab_rx_input in = { .p = p, .end = p + len };

	while (in.p < in.end && !rx->halted)
		steps[rx->phase](rx, &in);
	return len - avail(&in);
}
