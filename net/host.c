/* SPDX-License-Identifier: Apache-2.0 */
/* net/host.c - see host.h.
 * Owns: struct net_host, its socket and queue.  Thread: its reactor's.  May block: never.
 *
 * Whatever happens (readiness, a timer, a command from outside) only marks what is to be done; the after-turn hook does it: sends,
 * ends what has failed, sets the timer.  So a queue is never freed beneath a call into it. */
#include "net/host.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/container.h"
#include "net/addr.h"
#include "net/dial.h"

#define SCRATCH (64u << 10)
#define SQSIZE 31 /* 0's based, as told in Connect; fewer are used */
#define DEPTH 2
#define OWN_CMDS 3 /* the step under way, Keep Alive, the event request */
#define POLL_NS (10 * CMN_NS_PER_MS) /* CSTS is looked at this often */
#define CAP_TO_NS (500 * CMN_NS_PER_MS)
#define MAX_DATA (1u << 20)

enum step {
	STEP_CONNECT,
	STEP_CAP,
	STEP_ENABLE,
	STEP_READY,
	STEP_IDENTIFY,
	STEP_EVENTS,
	STEP_SHUTDOWN,
	STEP_SHUT,
	STEP_COUNT,
	STEP_DONE = STEP_COUNT,
	STEP_AGAIN, /* after POLL_NS */
	STEP_FAIL
};

struct net_hosts {
	struct net_reactor *reactor;
	uint64_t random; /* spreads the attempts of many */
	uint8_t scratch[SCRATCH];
};

struct net_host {
	struct net_hosts *hosts;
	struct net_host_params params;
	char *addr, *subnqn, *hostnqn;
	struct net_watch watch;
	struct net_timer timer;
	struct net_after after;
	struct fab_host_queue *queue; /* NULL: no connection */
	uint8_t state; /* enum net_host_state */
	uint8_t step; /* enum step, while STARTING or ENDING */
	bool full; /* the socket takes no more */
	bool stopping; /* asked to: no further attempt */
	bool calling; /* within a callback's reach */
	uint16_t cntlid;
	uint32_t oaes, max_data, attempts;
	uint64_t cap;
	uint64_t step_until; /* DIALING, and waiting for CSTS */
	uint64_t again_at; /* look at CSTS again; attempt again when IDLE; 0: not */
	uint64_t alive_at; /* next Keep Alive */
	struct net_host_cmd own, alive;
	struct fab_host_req aer;
	void *buf; /* of the step under way */
	TAILQ_HEAD(, net_host_cmd) cmds; /* under way, oldest first: their time limits too */
	struct cmn_err why; /* why it is to end; code 0 and stopping: it was asked to */
	bool failed;
};

static uint64_t now_of(const struct net_host *h)
{
	return net_reactor_env(h->hosts->reactor)->now;
}

static uint64_t limit_of(const struct net_host *h)
{
	return now_of(h) + h->params.timeout_ms * CMN_NS_PER_MS;
}

static void mark(struct net_host *h)
{
	net_after_queue(h->hosts->reactor, &h->after);
}

/* The first reason stands. */
static void fail(struct net_host *h, const struct cmn_err *why)
{
	if (!h->failed)
		h->why = *why;
	h->failed = true;
	mark(h);
}

/* ---- commands ---- */

static void cmd_done(struct fab_host_req *req)
{
	struct net_host_cmd *cmd = cmn_container_of(req, struct net_host_cmd, req);

	TAILQ_REMOVE(&cmd->host->cmds, cmd, link);
	cmd->done(cmd);
}

static int submit(struct net_host *h, struct net_host_cmd *cmd)
{
	int rc;

	cmd->host = h;
	cmd->req.done = cmd_done;
	cmd->until = limit_of(h);
	rc = fab_host_submit(h->queue, &cmd->req);
	if (rc < 0)
		return rc;
	TAILQ_INSERT_TAIL(&h->cmds, cmd, link);
	mark(h);
	return 0;
}

int net_host_submit(struct net_host *h, struct net_host_cmd *cmd)
{
	if (h->state != NET_HOST_UP || h->failed)
		return -ENOTCONN;
	/* What the host itself needs is kept free. */
	if (fab_host_inflight(h->queue) >= h->params.depth + OWN_CMDS - 1)
		return -EAGAIN;
	return submit(h, cmd) < 0 ? -ENOTCONN : 0; /* its end is found after this turn */
}

/* ---- steps ---- */

static void run_step(struct net_host *h, enum step step);

static struct nvme_cmd connect_cmd(struct net_host *h)
{
	struct fab_host_connect in = {
		.subnqn = h->subnqn,
		.hostnqn = h->hostnqn,
		.sqsize = SQSIZE,
		.kato_ms = h->params.kato_ms,
	};
	struct nvme_cmd cmd;

	memcpy(in.hostid, h->params.hostid, sizeof(in.hostid));
	fab_cmd_connect(&cmd, h->buf, &in);
	return cmd;
}

static enum step connect_answer(struct net_host *h, const struct nvme_cqe *cqe)
{
	h->cntlid = (uint16_t)le32toh(cqe->dw[0]);
	return STEP_CAP;
}

static struct nvme_cmd cap_cmd(struct net_host *h)
{
	(void)h;
	return fab_cmd_property_get(NVME_REG_CAP, true);
}

static enum step cap_answer(struct net_host *h, const struct nvme_cqe *cqe)
{
	h->cap = le64toh(cqe->result);
	return STEP_ENABLE;
}

static struct nvme_cmd enable_cmd(struct net_host *h)
{
	return fab_cmd_property_set(NVME_REG_CC, false, net_dial_cc(h->cap));
}

/* CAP.TO says how long a controller may take. */
static enum step enable_answer(struct net_host *h, const struct nvme_cqe *cqe)
{
	(void)cqe;
	h->step_until = cmn_max(limit_of(h), now_of(h) + NVME_CAP_TO(h->cap) * CAP_TO_NS);
	return STEP_READY;
}

static struct nvme_cmd csts_cmd(struct net_host *h)
{
	(void)h;
	return fab_cmd_property_get(NVME_REG_CSTS, false);
}

static enum step ready_answer(struct net_host *h, const struct nvme_cqe *cqe)
{
	uint64_t csts = le64toh(cqe->result);

	if (csts & NVME_CSTS_CFS) {
		cmn_err_set(&h->why, -EIO, NULL, "the controller reports a fatal error");
		return STEP_FAIL;
	}
	return csts & NVME_CSTS_RDY ? STEP_IDENTIFY : STEP_AGAIN;
}

static struct nvme_cmd identify_cmd(struct net_host *h)
{
	(void)h;
	return fab_cmd_identify(NVME_CNS_CTRL, 0, 0, 0);
}

static enum step identify_answer(struct net_host *h, const struct nvme_cqe *cqe)
{
	const struct nvme_id_ctrl *id = h->buf;
	uint64_t unit = 4096ull << NVME_CAP_MPSMIN(h->cap);

	(void)cqe;
	h->max_data = id->mdts && id->mdts < 16
			      ? (uint32_t)cmn_min(unit << id->mdts, MAX_DATA + 0ull)
			      : MAX_DATA;
	h->oaes = le32toh(id->oaes) & h->params.events;
	return h->oaes ? STEP_EVENTS : STEP_DONE;
}

static struct nvme_cmd events_cmd(struct net_host *h)
{
	return fab_cmd_set_features(NVME_FID_ASYNC_EVENT, h->oaes);
}

static enum step events_answer(struct net_host *h, const struct nvme_cqe *cqe)
{
	(void)h;
	(void)cqe;
	return STEP_DONE;
}

static struct nvme_cmd shutdown_cmd(struct net_host *h)
{
	return fab_cmd_property_set(NVME_REG_CC, false,
				    net_dial_cc(h->cap) | NVME_CC_SHN_NORMAL << NVME_CC_SHN_SHIFT);
}

static enum step shutdown_answer(struct net_host *h, const struct nvme_cqe *cqe)
{
	(void)cqe;
	h->step_until = limit_of(h);
	return STEP_SHUT;
}

static enum step shut_answer(struct net_host *h, const struct nvme_cqe *cqe)
{
	uint64_t shst = le64toh(cqe->result) >> NVME_CSTS_SHST_SHIFT & 3;

	(void)h;
	return shst == NVME_SHST_COMPLETE ? STEP_DONE : STEP_AGAIN;
}

static const struct {
	const char *what;
	uint32_t buf; /* bytes */
	uint8_t dir; /* enum fab_host_dir */
	struct nvme_cmd (*cmd)(struct net_host *h);
	enum step (*answer)(struct net_host *h, const struct nvme_cqe *cqe);
} steps[STEP_COUNT] = {
	[STEP_CONNECT] = { "Connect", sizeof(struct nvmf_connect_data), FAB_HOST_OUT, connect_cmd,
			   connect_answer },
	[STEP_CAP] = { "reading CAP", 0, FAB_HOST_NONE, cap_cmd, cap_answer },
	[STEP_ENABLE] = { "enabling the controller", 0, FAB_HOST_NONE, enable_cmd, enable_answer },
	[STEP_READY] = { "waiting for the controller", 0, FAB_HOST_NONE, csts_cmd, ready_answer },
	[STEP_IDENTIFY] = { "Identify", sizeof(struct nvme_id_ctrl), FAB_HOST_IN, identify_cmd,
			    identify_answer },
	[STEP_EVENTS] = { "asking for events", 0, FAB_HOST_NONE, events_cmd, events_answer },
	[STEP_SHUTDOWN] = { "shutting down", 0, FAB_HOST_NONE, shutdown_cmd, shutdown_answer },
	[STEP_SHUT] = { "waiting for the shutdown", 0, FAB_HOST_NONE, csts_cmd, shut_answer },
};

static void arm_aer(struct net_host *h);

/* The last answer is in; what Identify brought lies where it was read to. */
static void come_up(struct net_host *h)
{
	h->state = NET_HOST_UP;
	h->attempts = 0;
	h->alive_at = h->params.kato_ms ? now_of(h) + h->params.kato_ms * CMN_NS_PER_MS / 2 : 0;
	if (h->oaes)
		arm_aer(h);
	h->params.ops->up(h, h->buf);
	free(h->buf);
	h->buf = NULL;
}

static void steps_done(struct net_host *h)
{
	struct cmn_err none = { 0 };

	if (h->state == NET_HOST_ENDING)
		fail(h, &none);
	else
		come_up(h);
}

static void step_done(struct net_host_cmd *cmd)
{
	struct net_host *h = cmd->host;
	enum step next = STEP_FAIL;

	if (cmd->req.err < 0 || h->failed)
		return; /* the queue's end says why */
	if (net_dial_status(&cmd->req.cqe, steps[h->step].what, &h->why) == 0)
		next = steps[h->step].answer(h, &cmd->req.cqe);
	switch (next) {
	case STEP_FAIL:
		h->failed = true;
		break;
	case STEP_AGAIN:
		h->again_at = now_of(h) + POLL_NS;
		break;
	case STEP_DONE:
		steps_done(h);
		break;
	default:
		run_step(h, next);
	}
	mark(h);
}

/* Identify's data is kept until it is up, whatever comes between. */
static bool have_buf(struct net_host *h, uint32_t size)
{
	if (!size)
		return true;
	free(h->buf);
	h->buf = calloc(1, size);
	return h->buf != NULL;
}

static void run_step(struct net_host *h, enum step step)
{
	struct cmn_err err = { 0 };

	h->step = (uint8_t)step;
	if (!have_buf(h, steps[step].buf)) {
		cmn_err_set(&err, -ENOMEM, NULL, "out of memory");
		fail(h, &err);
		return;
	}
	h->own = (struct net_host_cmd){ .done = step_done };
	h->own.req.cmd = steps[step].cmd(h);
	h->own.req.dir = steps[step].dir;
	h->own.req.data = steps[step].buf ? h->buf : NULL;
	h->own.req.len = steps[step].buf;
	submit(h, &h->own); /* if the queue has ended, the hook finds out */
}

/* ---- events, keep alive ---- */

static void aer_done(struct fab_host_req *req)
{
	struct net_host *h = cmn_container_of(req, struct net_host, aer);
	uint32_t result = le32toh(req->cqe.dw[0]);
	struct cmn_err err = { 0 };

	if (req->err < 0 || h->failed || h->state != NET_HOST_UP)
		return;
	if (net_dial_status(&req->cqe, "Asynchronous Event Request", &err) < 0) {
		fail(h, &err);
		return;
	}
	arm_aer(h);
	if (h->params.ops->event)
		h->params.ops->event(h, result);
}

static void arm_aer(struct net_host *h)
{
	h->aer = (struct fab_host_req){ .done = aer_done };
	h->aer.cmd.opcode = NVME_ADMIN_ASYNC_EVENT;
	fab_host_submit(h->queue, &h->aer);
	mark(h);
}

static void alive_done(struct net_host_cmd *cmd)
{
	struct net_host *h = cmd->host;
	struct cmn_err err = { 0 };

	if (cmd->req.err == 0 && net_dial_status(&cmd->req.cqe, "Keep Alive", &err) < 0)
		fail(h, &err);
	h->alive_at = now_of(h) + h->params.kato_ms * CMN_NS_PER_MS / 2;
}

static void keep_alive(struct net_host *h)
{
	h->alive_at = 0;
	h->alive = (struct net_host_cmd){ .done = alive_done };
	h->alive.req.cmd.opcode = NVME_ADMIN_KEEP_ALIVE;
	submit(h, &h->alive);
}

/* ---- the connection ---- */

static void ready(struct net_watch *w, uint32_t events)
{
	struct net_host *h = cmn_container_of(w, struct net_host, watch);
	int rc;

	h->calling = true;
	if (events & EPOLLOUT)
		h->full = false;
	if (h->state == NET_HOST_DIALING) {
		rc = net_dial_result(w->fd);
		if (rc < 0) {
			struct cmn_err err = { 0 };

			cmn_err_errno(&err, rc, NULL, "%s port %u", h->addr, h->params.port);
			fail(h, &err);
		} else {
			h->state = NET_HOST_STARTING;
			run_step(h, STEP_CONNECT);
		}
	} else if (events & (EPOLLIN | EPOLLHUP | EPOLLERR)) {
		net_dial_recv(w->fd, h->queue, h->hosts->scratch, SCRATCH);
	}
	h->calling = false;
	mark(h);
}

static int open_queue(struct net_host *h, struct cmn_err *err)
{
	struct fab_host_params hp = { .depth = h->params.depth + OWN_CMDS,
				      .hdgst = h->params.hdgst,
				      .ddgst = h->params.ddgst,
				      .max_icd = NVME_TCP_ADMIN_ICD };
	int rc;

	h->queue = fab_host_create(&hp);
	if (!h->queue)
		return cmn_err_set(err, -ENOMEM, NULL, "out of memory");
	rc = net_dial_start(h->addr, h->params.port, NULL, &h->watch.fd, err);
	if (rc < 0)
		return rc;
	h->watch.events = EPOLLIN | EPOLLOUT;
	h->watch.ready = ready;
	rc = net_watch_add(h->hosts->reactor, &h->watch);
	return rc < 0 ? cmn_err_errno(err, rc, NULL, "epoll") : 0;
}

static void close_queue(struct net_host *h)
{
	if (h->watch.fd >= 0) {
		net_watch_del(h->hosts->reactor, &h->watch);
		close(h->watch.fd);
	}
	h->watch.fd = -1;
	fab_host_destroy(h->queue);
	h->queue = NULL;
	free(h->buf);
	h->buf = NULL;
	h->full = false;
}

static void attempt(struct net_host *h)
{
	struct cmn_err err = { 0 };

	h->state = NET_HOST_DIALING;
	h->failed = false;
	h->again_at = 0;
	h->alive_at = 0;
	h->step_until = limit_of(h);
	if (open_queue(h, &err) < 0)
		fail(h, &err);
	mark(h);
}

/* xorshift64*: it has only to differ from host to host. */
static uint64_t random_of(struct net_hosts *hosts)
{
	hosts->random ^= hosts->random >> 12;
	hosts->random ^= hosts->random << 25;
	hosts->random ^= hosts->random >> 27;
	return hosts->random * 2685821657736338717ull;
}

/* Doubles, and lies in its upper half at random, so that many don't come back at once. */
static uint64_t pause_of(struct net_host *h)
{
	unsigned int doubled = cmn_min(h->attempts, 16u);
	uint64_t ms = cmn_min((uint64_t)h->params.retry_ms << doubled,
			      cmn_max(h->params.retry_max_ms, h->params.retry_ms) + 0ull);

	h->attempts++;
	return (ms / 2 + random_of(h->hosts) % (ms / 2 + 1)) * CMN_NS_PER_MS;
}

static void go_down(struct net_host *h)
{
	struct cmn_err why = h->why;

	h->state = NET_HOST_IDLE; /* for the commands that end with it */
	close_queue(h);
	h->failed = false;
	h->again_at = 0;
	if (!h->stopping && h->params.retry_ms)
		h->again_at = now_of(h) + pause_of(h);
	h->params.ops->down(h, &why);
}

/* ---- time ---- */

static void timed_out(struct net_host *h, const char *what)
{
	struct cmn_err err = { 0 };

	cmn_err_set(&err, -ETIMEDOUT, NULL, "%s: no answer within %u ms", what,
		    h->params.timeout_ms);
	fail(h, &err);
}

static const char *doing(const struct net_host *h)
{
	if (h->state == NET_HOST_DIALING)
		return "TCP connection";
	return h->state == NET_HOST_UP ? "a command" : steps[h->step].what;
}

static bool waits_for_step(const struct net_host *h)
{
	return h->state == NET_HOST_DIALING ||
	       ((h->state == NET_HOST_STARTING || h->state == NET_HOST_ENDING) &&
		(h->step == STEP_READY || h->step == STEP_SHUT));
}

static void fire(struct net_timer *t, uint64_t now)
{
	struct net_host *h = cmn_container_of(t, struct net_host, timer);
	const struct net_host_cmd *oldest = TAILQ_FIRST(&h->cmds);

	h->calling = true;
	if (h->state == NET_HOST_IDLE) {
		if (h->again_at && h->again_at <= now)
			attempt(h);
	} else if ((oldest && oldest->until <= now) ||
		   (waits_for_step(h) && h->step_until <= now)) {
		timed_out(h, doing(h));
	} else if (h->again_at && h->again_at <= now) {
		h->again_at = 0;
		run_step(h, h->step);
	} else if (h->state == NET_HOST_UP && h->alive_at && h->alive_at <= now) {
		keep_alive(h);
	}
	h->calling = false;
	mark(h);
}

static uint64_t sooner(uint64_t a, uint64_t b)
{
	return b && b < a ? b : a;
}

/* A limit that has moved away leaves the timer: it looks again when it fires. */
static void set_timer(struct net_host *h)
{
	const struct net_host_cmd *oldest = TAILQ_FIRST(&h->cmds);
	uint64_t when = sooner(UINT64_MAX, h->again_at);

	when = sooner(when, oldest ? oldest->until : 0);
	when = sooner(when, waits_for_step(h) ? h->step_until : 0);
	when = sooner(when, h->state == NET_HOST_UP ? h->alive_at : 0);
	if (when != UINT64_MAX && !(h->timer.heap_index && h->timer.when <= when))
		net_timer_set(h->hosts->reactor, &h->timer, when);
}

/* ---- after a turn ---- */

static void flush(struct net_host *h)
{
	if (h->state == NET_HOST_DIALING || h->full)
		return;
	net_dial_send(h->watch.fd, h->queue);
	h->full = fab_host_wants_send(h->queue);
}

static void begin_end(struct net_host *h)
{
	struct cmn_err none = { 0 };

	if (h->state == NET_HOST_UP && !h->failed) {
		h->state = NET_HOST_ENDING;
		run_step(h, STEP_SHUTDOWN);
	} else if (h->state == NET_HOST_DIALING || h->state == NET_HOST_STARTING) {
		fail(h, &none);
	}
}

static void find_end(struct net_host *h)
{
	const char *why = fab_host_why(h->queue);
	struct cmn_err err = { 0 };

	if (fab_host_state(h->queue) != FAB_HOST_CLOSED)
		return;
	cmn_err_set(&err, h->state == NET_HOST_STARTING ? -EPROTO : -ECONNRESET, NULL, "%s: %s",
		    doing(h), *why ? why : "the connection ended");
	fail(h, &err);
}

static void after_turn(struct net_after *a)
{
	struct net_host *h = cmn_container_of(a, struct net_host, after);

	h->calling = true;
	if (h->stopping)
		begin_end(h);
	if (h->queue && !h->failed)
		flush(h);
	if (h->queue)
		find_end(h);
	if (h->failed)
		go_down(h);
	if (h->queue)
		net_watch_mod(h->hosts->reactor, &h->watch,
			      EPOLLIN | (h->full || h->state == NET_HOST_DIALING ? EPOLLOUT : 0));
	set_timer(h);
	h->calling = false;
}

/* ---- life ---- */

struct net_hosts *net_hosts_create(struct net_reactor *r)
{
	struct net_hosts *hosts = calloc(1, sizeof(*hosts));

	if (!hosts)
		return NULL;
	hosts->reactor = r;
	hosts->random = cmn_now_ns() | 1;
	return hosts;
}

void net_hosts_destroy(struct net_hosts *hosts)
{
	free(hosts);
}

static int copy_names(struct net_host *h, const struct net_host_params *p, struct cmn_err *err)
{
	struct sockaddr_storage ss;
	char nqn[NVMF_NQN_MAX + 1];

	if (!net_addr_set(&ss, p->addr, p->port))
		return cmn_err_set(err, -EINVAL, "addr", "%s is no numeric IPv4 or IPv6 address",
				   p->addr);
	if (strlen(p->subnqn) > NVMF_NQN_MAX || (p->hostnqn && strlen(p->hostnqn) > NVMF_NQN_MAX))
		return cmn_err_set(err, -EINVAL, "nqn", "an NQN has at most %d characters",
				   NVMF_NQN_MAX);
	net_dial_hostnqn(p->hostid, nqn);
	h->addr = strdup(p->addr);
	h->subnqn = strdup(p->subnqn);
	h->hostnqn = strdup(p->hostnqn ? p->hostnqn : nqn);
	if (!h->addr || !h->subnqn || !h->hostnqn)
		return cmn_err_set(err, -ENOMEM, NULL, "out of memory");
	return 0;
}

struct net_host *net_host_create(struct net_hosts *hosts, const struct net_host_params *params,
				 struct cmn_err *err)
{
	struct net_host *h = calloc(1, sizeof(*h));

	if (!h) {
		cmn_err_set(err, -ENOMEM, NULL, "out of memory");
		return NULL;
	}
	h->hosts = hosts;
	h->params = *params;
	h->params.timeout_ms = params->timeout_ms ? params->timeout_ms : NET_DIAL_TIMEOUT_MS;
	h->params.depth = params->depth ? params->depth : DEPTH;
	h->watch.fd = -1;
	h->timer.fire = fire;
	h->after.run = after_turn;
	TAILQ_INIT(&h->cmds);
	if (copy_names(h, params, err) < 0) {
		net_host_destroy(h);
		return NULL;
	}
	return h;
}

void net_host_destroy(struct net_host *h)
{
	if (!h)
		return;
	assert(!h->calling);
	h->state = NET_HOST_IDLE;
	h->failed = true; /* what is done now starts nothing */
	close_queue(h);
	net_timer_cancel(h->hosts->reactor, &h->timer);
	net_after_cancel(h->hosts->reactor, &h->after);
	free(h->addr);
	free(h->subnqn);
	free(h->hostnqn);
	free(h);
}

void net_host_start(struct net_host *h)
{
	h->stopping = false;
	if (h->state == NET_HOST_IDLE)
		attempt(h);
}

void net_host_stop(struct net_host *h)
{
	h->stopping = true;
	if (h->state == NET_HOST_IDLE)
		h->again_at = 0;
	else
		mark(h);
}

void *net_host_user(const struct net_host *h)
{
	return h->params.user;
}

enum net_host_state net_host_state(const struct net_host *h)
{
	return h->state;
}

int net_host_local(const struct net_host *h, struct sockaddr_storage *ret)
{
	socklen_t len = sizeof(*ret);

	return getsockname(h->watch.fd, (struct sockaddr *)ret, &len) < 0 ? -ENOTCONN : 0;
}

uint16_t net_host_cntlid(const struct net_host *h)
{
	return h->cntlid;
}

uint32_t net_host_max_data(const struct net_host *h)
{
	return h->max_data;
}
