/* SPDX-License-Identifier: Apache-2.0 */
/* tests/unit/targetd/test_io.c - the whole I/O path in one process: two reactors serve a namespace to hosts over loopback.
 * Runs under TSan too: a block read while it is written is a race, a torn block is seen by its tags. */
#include <arpa/inet.h>
#include <endian.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/container.h"
#include "common/util.h"
#include "fabrics/ctrl.h"
#include "net/client.h"
#include "net/server.h"
#include "targetd/io.h"
#include "targetd/rangelock.h"
#include "tests/unit/unit.h"

#define REACTORS 2
#define BLOCK 512u
#define BLOCKS 4096u
#define MDTS 8 /* 1 MiB */
#define ICD (16u << 10)
#define NQN "nqn.2026-11.example:io"
#define MAX_CTRLS 64

/* ---- a backend that takes its time: memory behind timers, moved in two halves, so that whoever isn't kept out is caught ---- */

struct slow {
	struct tgt_backend base;
	uint8_t *mem;
	unsigned int delay_us;
	_Atomic unsigned int seq, out, cancels;
};

struct slow_io {
	struct net_timer timer;
	struct tgt_io *io;
	struct slow *s;
	bool second;
};

static void slow_move(struct slow_io *si, uint64_t off, uint64_t len)
{
	struct tgt_io *io = si->io;
	uint8_t *at = si->s->mem + io->offset + off;

	if (io->op == TGT_IO_READ)
		memcpy((uint8_t *)io->buf + off, at, len);
	else if (io->op == TGT_IO_WRITE)
		memcpy(at, (uint8_t *)io->buf + off, len);
	else if (io->op != TGT_IO_FLUSH)
		memset(at, 0, len);
}

static void slow_fire(struct net_timer *t, uint64_t now)
{
	struct slow_io *si = cmn_container_of(t, struct slow_io, timer);
	struct tgt_io *io = si->io;
	uint64_t half = io->len / 2;

	slow_move(si, si->second ? half : 0, si->second ? io->len - half : half);
	if (!si->second) {
		si->second = true;
		net_timer_set(io->reactor, t, now + 20 * CMN_NS_PER_US);
		return;
	}
	atomic_fetch_sub(&si->s->out, 1);
	free(si);
	io->done(io, 0);
}

static void slow_submit(struct tgt_backend *b, struct tgt_io *io)
{
	struct slow *s = cmn_container_of(b, struct slow, base);
	struct slow_io *si = calloc(1, sizeof(*si));

	si->io = io;
	si->s = s;
	si->timer.fire = slow_fire;
	atomic_fetch_add(&s->out, 1);
	net_timer_set(io->reactor, &si->timer,
		      cmn_now_ns() + (s->delay_us + atomic_fetch_add(&s->seq, 1) * 37 % 200) *
					     CMN_NS_PER_US);
}

static const struct tgt_backend_ops slow_ops = { .name = "slow", .submit = slow_submit };

/* ---- a daemon of one subsystem ---- */

struct daemon {
	struct fab_site site;
	struct fab_personality pers;
	struct fab_subsys_id id;
	struct net_reactor *r[REACTORS];
	struct tgt_io_reactor *io[REACTORS];
	struct net_server *server;
	struct net_listener *listener;
	struct tgt_view *view;
	struct fab_ns *slots[1];
	struct tgt_ns ns;
	struct tgt_backend *ram;
	struct slow slow;
	pthread_mutex_t lock;
	struct fab_ctrl *ctrls[MAX_CTRLS];
	uint16_t nr_ctrls;
	uint16_t port;
};
static struct daemon d;

static struct fab_status admin_connect(struct fab_site *site, struct fab_conn *conn,
				       const struct fab_connect *in, struct fab_ctrl **ret,
				       uint16_t *ret_offset)
{
	struct fab_ctrl_params p = {
		.site = site, .pers = &d.pers, .id = &d.id, .admin_conn = conn, .connect = in
	};

	(void)ret_offset;
	pthread_mutex_lock(&d.lock);
	p.cntlid = ++d.nr_ctrls;
	p.view = fab_view_get(&d.view->fab);
	*ret = fab_ctrl_create(&p);
	d.ctrls[p.cntlid] = fab_ctrl_get(*ret);
	pthread_mutex_unlock(&d.lock);
	return FAB_OK;
}

static struct fab_status io_connect(struct fab_site *site, struct fab_conn *conn,
				    const struct fab_connect *in, struct fab_ctrl **ret,
				    uint16_t *ret_offset)
{
	struct net_conn *nc = net_conn_of(conn);
	struct tgt_queue *q = calloc(1, sizeof(*q));
	struct fab_status st;

	(void)site;
	(void)ret_offset;
	q->view = d.view;
	q->reactor = net_conn_reactor(nc);
	q->index = net_reactor_index(q->reactor);
	q->io = d.io[q->index];
	q->max_bytes = 4096u << MDTS;
	net_conn_set_data(nc, q);
	pthread_mutex_lock(&d.lock);
	st = fab_ctrl_ioq_add(d.ctrls[in->cntlid], in->qid, in->sqsize, conn);
	*ret = fab_ctrl_get(d.ctrls[in->cntlid]);
	pthread_mutex_unlock(&d.lock);
	return st;
}

static void queue_gone(struct fab_site *site, struct fab_conn *conn, struct fab_ctrl *ctrl,
		       uint16_t qid)
{
	(void)site;
	if (!qid)
		return;
	pthread_mutex_lock(&d.lock);
	fab_ctrl_ioq_del(ctrl, qid);
	pthread_mutex_unlock(&d.lock);
	free(net_conn_data(net_conn_of(conn)));
}

static void abort_io(struct fab_site *site, struct fab_req *req, struct fab_ctrl *ctrl,
		     uint16_t sqid, uint16_t cid)
{
	(void)site;
	(void)ctrl;
	(void)sqid;
	(void)cid;
	fab_req_complete(req, FAB_OK);
}

static void quiesce(struct fab_site *site, struct fab_ctrl *ctrl)
{
	(void)site;
	fab_ctrl_quiesced(ctrl);
}

static const struct fab_site_ops site_ops = {
	.admin_connect = admin_connect,
	.io_connect = io_connect,
	.queue_gone = queue_gone,
	.abort_io = abort_io,
	.quiesce = quiesce,
};

static void view_destroy(struct fab_view *view)
{
	free(view);
}

static void make_namespace(bool slow)
{
	struct tgt_backend_spec spec = {
		.ns_name = "test", .size = BLOCKS * BLOCK, .block_size = BLOCK, .memfd = -1
	};

	assert_int_equal(tgt_backend_find("ram")->open(&spec, &d.ram, NULL), 0);
	d.slow = (struct slow){ .base.ops = &slow_ops,
				.mem = d.ram->ops->map(d.ram),
				.delay_us = 50 };
	d.ns = (struct tgt_ns){ .fab = { .nsid = 1,
					 .lba_shift = 9,
					 .nr_blocks = BLOCKS,
					 .anagrpid = 1,
					 .uuid = { 1 } },
				.backend = slow ? &d.slow.base : d.ram,
				.mem = slow ? NULL : d.slow.mem,
				.lock = tgt_rangelock_create(1),
				.stats = tgt_ns_stats_create(REACTORS) };
	d.view = cmn_alloc_lines(sizeof(*d.view));
	d.slots[0] = &d.ns.fab;
	d.view->fab.refs = 1;
	d.view->fab.generation = 1;
	d.view->fab.nr_slots = d.view->fab.nr_active = 1;
	d.view->fab.slot = d.slots;
	d.view->fab.destroy = view_destroy;
}

static void daemon_start(bool slow, size_t pool_limit)
{
	struct sockaddr_in addr = { .sin_family = AF_INET,
				    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct fab_portal portal = { .portid = 1 };
	struct net_server_params p = { .site = &d.site,
				       .reactors = d.r,
				       .nr_reactors = REACTORS,
				       .max_h2c_data = 128 << 10,
				       .max_icd = ICD,
				       .max_conns = 100 };
	int fd;

	memset(&d, 0, sizeof(d));
	pthread_mutex_init(&d.lock, NULL);
	make_namespace(slow);
	d.site = (struct fab_site){ .ops = &site_ops, .io_ops = &tgt_io_queue_ops };
	d.id = (struct fab_subsys_id){ .nqn = NQN, .serial = "1", .model = "m", .firmware = "1" };
	d.pers = (struct fab_personality){ .type = FAB_CT_IO,
					   .cntrltype = 1,
					   .mqes = 127,
					   .max_ioqs = 8,
					   .mdts = MDTS,
					   .icd = ICD,
					   .max_namespaces = 1,
					   .io_effects = tgt_io_effects };
	for (unsigned int i = 0; i < REACTORS; i++) {
		struct net_reactor_params rp = { .index = i, .cpu = -1, .pool_limit = pool_limit };

		d.r[i] = net_reactor_create(&rp, NULL);
		d.io[i] = tgt_io_reactor_create(d.r[i]);
	}
	d.server = net_server_create(&p);
	assert_non_null(d.server);
	fd = net_listen((struct sockaddr *)&addr, sizeof(addr), NULL);
	assert_true(fd >= 0);
	assert_int_equal(net_listener_add(d.server, fd, &portal, &d.listener), 0);
	d.port = net_listener_port(d.listener);
	for (unsigned int i = 0; i < REACTORS; i++)
		assert_int_equal(net_reactor_start(d.r[i]), 0);
}

static uint32_t views_in_use(void)
{
	uint32_t n = 0;

	for (unsigned int i = 0; i < REACTORS; i++)
		n += d.view->use[i].inflight;
	return n;
}

/* Every command is timed, once, and its time went somewhere. */
static void check_times(void)
{
	struct tgt_ns_sums s = tgt_ns_stats_sum(d.ns.stats, REACTORS);
	struct tgt_timing t[2] = { 0 };
	uint64_t backend = 0;

	tgt_ns_stats_timing(d.ns.stats, REACTORS, t);
	assert_int_equal(cmn_latency_count(&t[0].total), s.reads);
	assert_int_equal(cmn_latency_count(&t[1].total), s.writes);
	for (unsigned int way = 0; way < 2; way++) {
		uint64_t ns = 0;

		for (unsigned int i = 0; i < TGT_PARTS; i++) {
			assert_int_equal(cmn_latency_count(&t[way].part[i]),
					 way ? s.writes : s.reads);
			ns += t[way].part_ns[i];
		}
		assert_int_equal(ns, way ? s.write_ns : s.read_ns);
		backend += t[way].part_ns[TGT_PART_BACKEND];
	}
	assert_int_equal(backend > 0, !d.ns.mem);
	assert_true(s.read_ns + s.write_ns <= s.busy_ns);
}

static void daemon_stop(void)
{
	for (int i = 0; i < 2000 && (net_server_nr_conns(d.server) || atomic_load(&d.slow.out));
	     i++)
		usleep(1000);
	for (unsigned int i = 0; i < REACTORS; i++)
		net_reactor_stop(d.r[i]);
	assert_int_equal(net_server_nr_conns(d.server), 0);
	net_server_destroy(d.server);
	check_times();
	assert_int_equal(views_in_use(), 0);
	for (unsigned int i = 0; i < REACTORS; i++) {
		tgt_io_reactor_destroy(d.io[i]);
		net_reactor_destroy(d.r[i]);
	}
	for (unsigned int i = 1; i <= d.nr_ctrls; i++)
		fab_ctrl_put(d.ctrls[i]);
	{ /* no lock and no mark is left behind */
		struct tgt_range all = { .len = BLOCKS * BLOCK,
					 .write = true,
					 .mark = TGT_RANGELOCK_NONE };
		struct tgt_range one = { .len = BLOCK, .mark = TGT_RANGELOCK_NONE };

		assert_true(tgt_rangelock_try(d.ns.lock, &all));
		tgt_rangelock_unlock(d.ns.lock, &all);
		assert_true(tgt_rangelock_try(d.ns.lock, &one));
	}
	fab_view_put(&d.view->fab);
	tgt_rangelock_destroy(d.ns.lock);
	tgt_ns_stats_free(d.ns.stats, REACTORS);
	d.ram->ops->close(d.ram);
	pthread_mutex_destroy(&d.lock);
}

static struct net_client *host(bool digests, unsigned int queues)
{
	struct net_client_params p = { .addr = "127.0.0.1",
				       .port = d.port,
				       .subnqn = NQN,
				       .hdgst = digests,
				       .ddgst = digests,
				       .timeout_ms = 30000,
				       .hostnqn = "nqn.2026-11.example:host" };
	struct net_client *c = NULL;
	struct cmn_err err = { 0 };
	unsigned int nr = 0;

	assert_int_equal(net_client_connect(&p, &c, NULL, &err), 0);
	assert_int_equal(net_client_open_queues(c, queues, 16, &nr, &err), 0);
	assert_int_equal(nr, queues);
	return c;
}

/* ---- one command ---- */

static uint16_t io(struct net_client *c, struct nvme_cmd cmd, void *data, uint32_t len,
		   enum fab_host_dir dir)
{
	struct nvme_cqe cqe;

	cmd.flags = NVME_CMD_FLAGS_SGL;
	assert_int_equal(net_client_io(net_client_ioq(c, 0), &cmd, data, len, dir, &cqe), 0);
	return NVME_CQE_STATUS_CODE(le16toh(cqe.status));
}

static uint16_t rw(struct net_client *c, uint8_t opcode, uint64_t lba, uint32_t blocks, void *data)
{
	return io(c, fab_cmd_rw(opcode, 1, lba, blocks), data, blocks * BLOCK,
		  opcode == NVME_IO_READ ? FAB_HOST_IN : FAB_HOST_OUT);
}

static void every_command_works(bool slow)
{
	uint8_t *a = malloc(MDTS << 20), *b = malloc(MDTS << 20);
	struct nvme_dsm_range ranges[2] = { { .slba = htole64(4), .nlb = htole32(3) },
					    { .slba = htole64(100), .nlb = htole32(2000) } };
	struct nvme_cmd cmd = { 0 };
	struct net_client *c;

	daemon_start(slow, 8 << 20);
	c = host(true, 1);
	for (unsigned int i = 0; i < 2048 * BLOCK; i++)
		a[i] = (uint8_t)(i * 7 + i / 511);
	assert_int_equal(rw(c, NVME_IO_WRITE, 0, 2048, a), 0); /* by R2T */
	assert_int_equal(rw(c, NVME_IO_WRITE, 2048, 8, a), 0); /* in the capsule */
	assert_int_equal(rw(c, NVME_IO_READ, 0, 2048, b), 0);
	assert_memory_equal(a, b, 2048 * BLOCK);
	assert_int_equal(rw(c, NVME_IO_COMPARE, 0, 64, a), 0);
	assert_int_equal(rw(c, NVME_IO_COMPARE, 1, 64, a), NVME_SC_COMPARE_FAILED);
	cmd = fab_cmd_rw(NVME_IO_WRITE_ZEROES, 1, 10, 1500);
	assert_int_equal(io(c, cmd, NULL, 0, FAB_HOST_NONE), 0);
	memset(a + 10 * BLOCK, 0, 1500 * BLOCK);
	cmd = (struct nvme_cmd){ .opcode = NVME_IO_DSM,
				 .nsid = htole32(1),
				 .cdw10 = htole32(1),
				 .cdw11 = htole32(NVME_DSM_AD) };
	assert_int_equal(io(c, cmd, ranges, sizeof(ranges), FAB_HOST_OUT), 0);
	memset(a + 4 * BLOCK, 0, 3 * BLOCK);
	memset(a + 100 * BLOCK, 0, 1948 * BLOCK);
	assert_int_equal(rw(c, NVME_IO_READ, 0, 2048, b), 0);
	assert_memory_equal(a, b, 2048 * BLOCK);
	ranges[1].slba = htole64(BLOCKS - 1);
	assert_int_equal(io(c, cmd, ranges, sizeof(ranges), FAB_HOST_OUT), NVME_SC_LBA_RANGE);
	for (uint32_t nsid = 1; nsid; nsid = nsid == 1 ? NVME_NSID_ALL : 0) {
		cmd = (struct nvme_cmd){ .opcode = NVME_IO_FLUSH, .nsid = htole32(nsid) };
		assert_int_equal(io(c, cmd, NULL, 0, FAB_HOST_NONE), 0);
	}
	net_client_close(c);
	daemon_stop();
	free(a);
	free(b);
}

static void test_every_command_works_on_memory(void **state)
{
	(void)state;
	every_command_works(false);
}

static void test_every_command_works_on_a_backend_that_takes_its_time(void **state)
{
	(void)state;
	every_command_works(true);
}

/* ---- two hosts, overlapping ---- */

#define DEPTH 8
#define SLOTS 4 /* a command each, written and read whole */
#define LOOSE 4 /* commands' worth of blocks after them, written and read in overlapping ranges */
#define MAX_NLB 128u

struct op {
	struct fab_host_req req;
	struct worker *w;
	struct net_client_queue *q;
	uint64_t lba;
	uint64_t data[MAX_NLB * BLOCK / 8];
};

struct worker {
	pthread_t thread;
	struct op ops[2][DEPTH];
	unsigned int nlb; /* blocks of each command */
	unsigned int seed, id, left, failed, torn_blocks, torn_commands, reads, inflight;
};

static void check_read(struct worker *w, const struct op *op)
{
	const unsigned int words = BLOCK / 8;

	w->reads++;
	for (unsigned int b = 0; b < w->nlb; b++) {
		for (unsigned int i = 1; i < words; i++)
			if (op->data[b * words + i] != op->data[b * words]) {
				w->torn_blocks++;
				return;
			}
		if (op->lba < SLOTS * w->nlb && op->data[b * words] != op->data[0])
			w->torn_commands++;
	}
}

static void op_done(struct fab_host_req *req);

static void op_submit(struct op *op)
{
	struct worker *w = op->w;
	bool write = rand_r(&w->seed) % 2;
	uint64_t tag = (uint64_t)w->id << 32 | w->left;

	if (!w->left)
		return;
	w->left--;
	if (rand_r(&w->seed) % 2)
		op->lba = (uint64_t)((unsigned int)rand_r(&w->seed) % SLOTS) * w->nlb;
	else
		op->lba = SLOTS * w->nlb + (unsigned int)rand_r(&w->seed) % ((LOOSE - 1) * w->nlb);
	for (unsigned int i = 0; write && i < w->nlb * BLOCK / 8; i++)
		op->data[i] = tag;
	op->req = (struct fab_host_req){ .cmd = fab_cmd_rw(write ? NVME_IO_WRITE : NVME_IO_READ, 1,
							   op->lba, w->nlb),
					 .data = op->data,
					 .len = w->nlb * BLOCK,
					 .dir = write ? FAB_HOST_OUT : FAB_HOST_IN,
					 .done = op_done };
	if (net_client_submit(op->q, &op->req) == 0)
		w->inflight++;
	else
		w->failed++;
}

static void op_done(struct fab_host_req *req)
{
	struct op *op = cmn_container_of(req, struct op, req);
	struct worker *w = op->w;

	w->inflight--;
	if (req->err || NVME_CQE_STATUS_CODE(le16toh(req->cqe.status)))
		w->failed++;
	else if (req->dir == FAB_HOST_IN)
		check_read(w, op);
	if (!req->err)
		op_submit(op);
}

static void *worker_main(void *arg)
{
	struct worker *w = arg;
	struct net_client *c = host(true, 2);

	for (unsigned int q = 0; q < 2; q++) {
		for (unsigned int i = 0; i < DEPTH; i++) {
			w->ops[q][i].w = w;
			w->ops[q][i].q = net_client_ioq(c, q);
			op_submit(&w->ops[q][i]);
		}
	}
	while (w->inflight && net_client_poll(c, 30000) > 0)
		;
	net_client_close(c);
	return NULL;
}

static void overlapping_hosts(bool slow, unsigned int nlb, unsigned int ops, size_t pool_limit)
{
	struct worker *w = calloc(2, sizeof(*w));

	daemon_start(slow, pool_limit);
	for (unsigned int i = 0; i < 2; i++) {
		w[i].id = w[i].seed = i + 1;
		w[i].left = ops;
		w[i].nlb = nlb;
		pthread_create(&w[i].thread, NULL, worker_main, &w[i]);
	}
	for (unsigned int i = 0; i < 2; i++) {
		pthread_join(w[i].thread, NULL);
		assert_int_equal(w[i].failed, 0); /* a digest error too */
		assert_int_equal(w[i].torn_blocks, 0);
		assert_int_equal(w[i].torn_commands, 0);
		assert_int_equal(w[i].inflight, 0);
		assert_int_equal(w[i].left, 0);
		assert_true(w[i].reads > ops / 4);
	}
	assert_true(d.ns.stats[0].reads && d.ns.stats[1].reads); /* both reactors had their part */
	daemon_stop();
	free(w);
}

static void test_two_hosts_overlapping_on_memory_never_see_a_mixed_block(void **state)
{
	(void)state;
	overlapping_hosts(false, 8, 6000, 8 << 20);
	overlapping_hosts(false, MAX_NLB, 1500, 8 << 20);
}

static void test_two_hosts_overlapping_on_a_slow_backend_never_see_a_mixed_block(void **state)
{
	(void)state;
	overlapping_hosts(true, 8, 3000, 8 << 20);
}

static void test_a_pool_of_few_buffers_slows_down_and_loses_nothing(void **state)
{
	(void)state;
	overlapping_hosts(true, 8, 3000, 16 << 10);
}

/* ---- hosts that go away ---- */

static void never_done(struct fab_host_req *req)
{
	(void)req;
}

static void test_a_host_that_dies_with_commands_at_work_leaves_nothing_behind(void **state)
{
	static uint8_t data[DEPTH][64 << 10];
	struct fab_host_req reqs[DEPTH];

	(void)state;
	daemon_start(true, 8 << 20);
	d.slow.delay_us = 20000;
	for (unsigned int round = 0; round < 4; round++) {
		struct net_client *c = host(false, 1);

		for (unsigned int i = 0; i < DEPTH; i++) {
			reqs[i] = (struct fab_host_req){
				.cmd = fab_cmd_rw(i & 1 ? NVME_IO_READ : NVME_IO_WRITE, 1, 0, 128),
				.data = data[i],
				.len = sizeof(data[i]),
				.dir = i & 1 ? FAB_HOST_IN : FAB_HOST_OUT,
				.done = never_done
			};
			assert_int_equal(net_client_submit(net_client_ioq(c, 0), &reqs[i]), 0);
		}
		net_client_poll(
			c,
			10 + (int)round *
					10); /* some run, some are parked behind them, some wait for data */
		net_client_abandon(c);
	}
	daemon_stop();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_command_works_on_memory),
		cmocka_unit_test(test_every_command_works_on_a_backend_that_takes_its_time),
		cmocka_unit_test(test_two_hosts_overlapping_on_memory_never_see_a_mixed_block),
		cmocka_unit_test(
			test_two_hosts_overlapping_on_a_slow_backend_never_see_a_mixed_block),
		cmocka_unit_test(test_a_pool_of_few_buffers_slows_down_and_loses_nothing),
		cmocka_unit_test(test_a_host_that_dies_with_commands_at_work_leaves_nothing_behind),
	};

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
