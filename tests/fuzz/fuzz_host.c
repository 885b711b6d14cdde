/* SPDX-License-Identifier: Apache-2.0 */
/* tests/fuzz/fuzz_host.c - any bytes from a controller into a host's queue: no crash, no leak,
 * every request done once.
 *
 * Input: a byte of modes, a byte of chunk size, then what the controller sends. */
#include <stdlib.h>
#include <string.h>

#include "common/container.h"
#include "fabrics/host/queue.h"
#include "fabrics/tcp/pdu.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

#define DEPTH 8
#define DATA 4096u

struct one {
	struct fab_host_req req;
	unsigned int done;
	uint8_t *data;
};

static void must(bool cond)
{
	if (!cond)
		abort();
}

static void on_done(struct fab_host_req *req)
{
	struct one *one = cmn_container_of(req, struct one, req);

	one->done++;
	free(one->data); /* it's ours again, so nobody may touch it */
	one->data = NULL;
}

static void send_all(struct fab_host_queue *q, size_t chunk)
{
	struct iovec iov[16];

	while (fab_host_wants_send(q)) {
		size_t total = 0;
		int n = fab_host_gather(q, iov, 16, chunk);

		for (int i = 0; i < n; i++)
			total += iov[i].iov_len;
		fab_host_sent(q, cmn_min(total, chunk));
	}
}

static void receive(struct fab_host_queue *q, const uint8_t *p, size_t len)
{
	uint8_t *copy = malloc(len);
	void *dst;
	size_t want = cmn_min(fab_host_want(q, &dst), len);

	memcpy(copy, p, len);
	if (want) {
		memcpy(dst, copy, want);
		fab_host_took(q, want);
	}
	if (len > want)
		fab_host_push(q, copy + want, len - want);
	free(copy);
}

static void submit(struct fab_host_queue *q, struct one *one, unsigned int i)
{
	one->req.dir = i % 3;
	one->req.len = one->req.dir == FAB_HOST_NONE ? 0 : DATA;
	one->req.cmd.opcode = (uint8_t)i;
	one->req.done = on_done;
	one->data = malloc(DATA);
	memset(one->data, 0, DATA);
	one->req.data = one->data;
	must(fab_host_submit(q, &one->req) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct fab_host_params params = { .depth = DEPTH };
	struct nvme_tcp_icresp ic = { .maxh2cdata = htole32(4096) };
	struct fab_host_queue *q;
	struct one *ones;
	size_t chunk;

	if (len < 2)
		return 0;
	ones = calloc(DEPTH, sizeof(*ones));
	chunk = (size_t)data[1] * 4 + 1;
	params.hdgst = data[0] & 1;
	params.ddgst = data[0] & 2;
	params.max_icd = data[0] & 4 ? 8192 : 0;
	q = fab_host_create(&params);
	must(q && ones);
	for (unsigned int i = 0; i < DEPTH; i++)
		submit(q, &ones[i], i);
	send_all(q, chunk);
	if (data[0] & 8) {
		ic.dgst = data[0] & 3;
		fab_pdu_put_hdr(&ic.hdr, NVME_TCP_ICRESP, sizeof(ic), 0, sizeof(ic));
		fab_host_push(q, &ic, sizeof(ic));
		send_all(q, chunk);
	}
	for (size_t pos = 2; pos < len; pos += chunk) {
		receive(q, data + pos, cmn_min(chunk, len - pos));
		send_all(q, chunk * 5);
	}
	fab_host_destroy(q);
	for (unsigned int i = 0; i < DEPTH; i++)
		must(ones[i].done == 1);
	free(ones);
	return 0;
}
