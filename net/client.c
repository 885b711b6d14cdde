/* SPDX-License-Identifier: Apache-2.0 */
/* net/client.c - drives fabrics/host over sockets with poll().
 * Owns: sockets, queues, scratch buffers.  Thread: one at a time.  May block: in poll(), up to its
 * time limit.
 * Spec: NVM Express Base 2.1, 3.5.1, 3.6.2, 6. */
#include "net/client.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/container.h"
#include "common/uuid.h"
#include "fabrics/auth/msg.h"
#include "net/dial.h"

#define ADMIN_DEPTH 31
#define MAX_QUEUES 128
#define SCRATCH (256u << 10)

struct net_client_queue {
	struct net_client *client;
	struct fab_host_queue *host;
	int fd;
	uint8_t *scratch;
};

struct net_client {
	struct net_client_params params;
	char hostnqn[NVMF_NQN_MAX + 1], subnqn[NVMF_NQN_MAX + 1];
	uint8_t hostid[16];
	struct fab_auth_key key, ctrl_key; /* len 0: none */
	const char *auth_hash, *auth_group; /* as agreed upon */
	uint16_t t_id;
	unsigned int timeout_ms;
	uint16_t cntlid;
	bool enabled;
	uint64_t cap;
	struct nvme_id_ctrl id;
	struct net_client_queue *admin, *ioq[MAX_QUEUES];
	unsigned int nr_ioqs;
};

/* ---- one queue: socket and engine ---- */

static int wait_fd(int fd, short events, int timeout_ms)
{
	struct pollfd p = { .fd = fd, .events = events };
	int n;

	do
		n = poll(&p, 1, timeout_ms);
	while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : n == 0 ? -ETIMEDOUT : 0;
}

static int connect_socket(const struct net_client *c, struct cmn_err *err)
{
	const struct net_client_params *p = &c->params;
	int fd = -1, ret = net_dial_start(p->addr, p->port, p->congestion, &fd, err);

	if (ret > 0) {
		ret = wait_fd(fd, POLLOUT, (int)c->timeout_ms);
		if (!ret)
			ret = net_dial_result(fd);
		if (ret < 0) {
			close(fd);
			return cmn_err_errno(err, ret, NULL, "%s port %u", p->addr, p->port);
		}
	}
	return ret < 0 ? ret : fd;
}

static void queue_free(struct net_client_queue *q)
{
	if (!q)
		return;
	fab_host_destroy(q->host);
	if (q->fd >= 0)
		close(q->fd);
	free(q->scratch);
	free(q);
}

static struct net_client_queue *queue_new(struct net_client *c, unsigned int depth,
					  struct cmn_err *err)
{
	struct fab_host_params hp = {
		.depth = depth,
		.hdgst = c->params.hdgst,
		.ddgst = c->params.ddgst,
		.hpda = c->params.hpda,
		.max_icd = NVME_TCP_ADMIN_ICD,
	};
	struct net_client_queue *q = calloc(1, sizeof(*q));

	if (!q) {
		cmn_err_set(err, -ENOMEM, NULL, "out of memory");
		return NULL;
	}
	q->fd = -1;
	q->client = c;
	q->scratch = malloc(SCRATCH);
	q->host = fab_host_create(&hp);
	if (!q->scratch || !q->host)
		cmn_err_set(err, -ENOMEM, NULL, "out of memory");
	else
		q->fd = connect_socket(c, err);
	if (q->fd < 0) {
		queue_free(q);
		return NULL;
	}
	return q;
}

static bool queue_send(struct net_client_queue *q)
{
	return net_dial_send(q->fd, q->host);
}

static bool queue_recv(struct net_client_queue *q)
{
	return net_dial_recv(q->fd, q->host, q->scratch, SCRATCH);
}

static bool queue_open(const struct net_client_queue *q)
{
	return q && fab_host_state(q->host) != FAB_HOST_CLOSED;
}

static bool queue_step(struct net_client_queue *q)
{
	bool moved;

	if (!queue_open(q))
		return false;
	moved = queue_send(q);
	if (queue_open(q))
		moved |= queue_recv(q);
	if (queue_open(q))
		moved |= queue_send(q);
	return moved;
}

/* ---- all queues of a client ---- */

static unsigned int open_queues(struct net_client *c, struct pollfd *fds, bool *ret_lost)
{
	unsigned int n = 0;

	*ret_lost = false;
	for (unsigned int i = 0; i <= c->nr_ioqs; i++) {
		struct net_client_queue *q = i ? c->ioq[i - 1] : c->admin;

		if (!queue_open(q)) {
			*ret_lost = true;
			continue;
		}
		fds[n].fd = q->fd;
		fds[n].events = POLLIN | (fab_host_wants_send(q->host) ? POLLOUT : 0);
		fds[n++].revents = 0;
	}
	return n;
}

int net_client_poll(struct net_client *c, int timeout_ms)
{
	struct pollfd fds[MAX_QUEUES + 1];
	bool moved = false, lost;
	unsigned int n;

	for (int round = 0; round < 2; round++) {
		moved |= queue_step(c->admin);
		for (unsigned int i = 0; i < c->nr_ioqs; i++)
			moved |= queue_step(c->ioq[i]);
		n = open_queues(c, fds, &lost);
		if (moved)
			return 1;
		if (lost)
			return -ECONNRESET;
		if (round || timeout_ms == 0)
			break;
		if (poll(fds, n, timeout_ms) <= 0)
			break;
	}
	return 0;
}

int net_client_submit(struct net_client_queue *q, struct fab_host_req *req)
{
	return fab_host_submit(q->host, req);
}

int net_client_turn(struct net_client_queue *q)
{
	bool moved = queue_open(q) && queue_recv(q);

	if (queue_open(q))
		moved |= queue_send(q);
	return queue_open(q) ? moved : -ECONNRESET;
}

void net_client_end(struct net_client_queue *q)
{
	fab_host_eof(q->host);
}

int net_client_fd(const struct net_client_queue *q)
{
	return q->fd;
}

bool net_client_wants_send(const struct net_client_queue *q)
{
	return fab_host_wants_send(q->host);
}

unsigned int net_client_inflight(const struct net_client_queue *q)
{
	return fab_host_inflight(q->host);
}

const char *net_client_why(const struct net_client_queue *q)
{
	return fab_host_why(q->host);
}

/* ---- one command at a time ---- */

struct sync_req {
	struct fab_host_req req;
	bool done;
};

static void sync_done(struct fab_host_req *req)
{
	cmn_container_of(req, struct sync_req, req)->done = true;
}

/* Drives this queue alone, so that a command of another queue that never ends doesn't matter.  On a
 * time-out the queue is ended: nobody may write to data any more. */
static int run_sync(struct net_client_queue *q, struct sync_req *s)
{
	uint64_t end = cmn_now_ns() + q->client->timeout_ms * CMN_NS_PER_MS;
	int ret = fab_host_submit(q->host, &s->req);

	if (ret < 0)
		return ret;
	while (!s->done) {
		uint64_t now = cmn_now_ns();

		if (queue_step(q) || s->done)
			continue;
		if (now < end &&
		    wait_fd(q->fd, POLLIN | (fab_host_wants_send(q->host) ? POLLOUT : 0),
			    (int)((end - now) / CMN_NS_PER_MS) + 1) == 0)
			continue;
		fab_host_eof(q->host);
		return -ETIMEDOUT;
	}
	return s->req.err;
}

int net_client_io(struct net_client_queue *q, const struct nvme_cmd *cmd, void *data, uint32_t len,
		  enum fab_host_dir dir, struct nvme_cqe *ret_cqe)
{
	struct sync_req *s = calloc(1, sizeof(*s));
	int ret;

	if (!s)
		return -ENOMEM;
	s->req.cmd = *cmd;
	s->req.data = data;
	s->req.len = len;
	s->req.dir = (uint8_t)dir;
	s->req.done = sync_done;
	ret = run_sync(q, s);
	*ret_cqe = s->req.cqe;
	free(s);
	return ret;
}

int net_client_admin(struct net_client *c, const struct nvme_cmd *cmd, void *data, uint32_t len,
		     enum fab_host_dir dir, struct nvme_cqe *ret_cqe)
{
	return net_client_io(c->admin, cmd, data, len, dir, ret_cqe);
}

static int status_errno(const struct nvme_cqe *cqe)
{
	return le16toh(cqe->status) & ~1u ? -EIO : 0;
}

int net_client_prop_get(struct net_client *c, uint32_t offset, bool eight, uint64_t *ret)
{
	struct nvme_cmd cmd = fab_cmd_property_get(offset, eight);
	struct nvme_cqe cqe;
	int rc = net_client_admin(c, &cmd, NULL, 0, FAB_HOST_NONE, &cqe);

	*ret = le64toh(cqe.result);
	return rc < 0 ? rc : status_errno(&cqe);
}

int net_client_prop_set(struct net_client *c, uint32_t offset, bool eight, uint64_t value)
{
	struct nvme_cmd cmd = fab_cmd_property_set(offset, eight, value);
	struct nvme_cqe cqe;
	int rc = net_client_admin(c, &cmd, NULL, 0, FAB_HOST_NONE, &cqe);

	return rc < 0 ? rc : status_errno(&cqe);
}

/* ---- bringing a controller up ---- */

static int explain(struct net_client_queue *q, int ret, const char *what, struct cmn_err *err)
{
	const char *why = fab_host_why(q->host);

	if (ret == -ETIMEDOUT)
		return cmn_err_set(err, ret, NULL, "%s: no answer within %u ms", what,
				   q->client->timeout_ms);
	return cmn_err_set(err, ret, NULL, "%s: %s", what, *why ? why : strerror(-ret));
}

/* One message of the exchange. */
static int auth_step(struct net_client_queue *q, struct fab_auth_init *a, struct cmn_err *err)
{
	bool sends = fab_auth_init_step(a) == FAB_AUTH_STEP_SEND;
	uint8_t msg[FAB_AUTH_MSG_MAX] = { 0 };
	uint32_t len = sends ? fab_auth_init_put(a, msg) : sizeof(msg);
	struct nvme_cmd cmd = sends ? fab_cmd_auth_send(len) : fab_cmd_auth_recv(len);
	struct nvme_cqe cqe;
	int ret = net_client_io(q, &cmd, msg, len, sends ? FAB_HOST_OUT : FAB_HOST_IN, &cqe);

	if (ret < 0)
		return explain(q, ret, "authentication", err);
	ret = net_dial_status(&cqe, "authentication", err);
	if (ret == 0 && !sends)
		fab_auth_init_got(a, msg, len);
	return ret;
}

int net_client_authenticate(struct net_client_queue *q, struct cmn_err *err)
{
	struct net_client *c = q->client;
	struct fab_auth_init_params params = {
		.key = c->key,
		.ctrl_key = c->ctrl_key,
		.algs = c->params.algs,
		.hostnqn = c->hostnqn,
		.subnqn = c->subnqn,
		.t_id = ++c->t_id,
	};
	struct fab_auth_init *a = fab_auth_init_create(&params);
	int ret = 0;

	fab_auth_key_clear(&params.key);
	fab_auth_key_clear(&params.ctrl_key);
	if (!a)
		return cmn_err_set(err, -ENOMEM, NULL, "out of memory");
	while (!ret && fab_auth_init_step(a) <= FAB_AUTH_STEP_RECEIVE)
		ret = auth_step(q, a, err);
	if (!ret && fab_auth_init_step(a) == FAB_AUTH_STEP_FAILED)
		ret = cmn_err_set(err, -EACCES, NULL, "authentication: %s", fab_auth_init_why(a));
	c->auth_hash = fab_auth_hash_name(fab_auth_init_hash(a));
	c->auth_group = fab_auth_group_name(fab_auth_init_group(a));
	fab_auth_init_destroy(a);
	return ret;
}

/* What Connect's answer says of authentication. */
static int heed_auth(struct net_client_queue *q, const struct nvme_cqe *cqe, struct cmn_err *err)
{
	const struct net_client *c = q->client;

	if (c->params.no_enable)
		return 0;
	if (le32toh(cqe->dw[0]) & NVMF_CONNECT_ATR) {
		if (!c->key.len)
			return cmn_err_set(err, -EACCES, NULL,
					   "this host has to authenticate there, and has no key");
		return net_client_authenticate(q, err);
	}
	if (c->ctrl_key.len)
		return cmn_err_set(err, -EACCES, NULL, "the controller doesn't authenticate");
	return 0;
}

static int connect_queue(struct net_client_queue *q, uint16_t qid, uint16_t sqsize,
			 struct nvme_cqe *cqe, struct cmn_err *err)
{
	struct net_client *c = q->client;
	struct fab_host_connect in = {
		.subnqn = c->subnqn,
		.hostnqn = c->hostnqn,
		.qid = qid,
		.sqsize = sqsize,
		.cntlid = c->cntlid,
		.kato_ms = qid ? 0 : c->params.kato_ms,
		.sqflow_off = c->params.sqflow_off,
	};
	struct nvmf_connect_data data;
	struct nvme_cmd cmd;
	int ret;

	memcpy(in.hostid, c->hostid, sizeof(in.hostid));
	fab_cmd_connect(&cmd, &data, &in);
	ret = net_client_io(q, &cmd, &data, sizeof(data), FAB_HOST_OUT, cqe);
	if (ret < 0)
		return explain(q, ret == -ECONNRESET ? -EPROTO : ret, "Connect", err);
	ret = net_dial_status(cqe, "Connect", err);
	return ret < 0 ? ret : heed_auth(q, cqe, err);
}

static int wait_csts(struct net_client *c, uint64_t mask, uint64_t value)
{
	uint64_t end = cmn_now_ns() + c->timeout_ms * CMN_NS_PER_MS, csts = 0;

	for (;;) {
		int ret = net_client_prop_get(c, NVME_REG_CSTS, false, &csts);

		if (ret < 0)
			return ret;
		if ((csts & mask) == value)
			return 0;
		if (csts & NVME_CSTS_CFS)
			return -EIO;
		if (cmn_now_ns() >= end)
			return -ETIMEDOUT;
		poll(NULL, 0, 1);
	}
}

static int enable(struct net_client *c, struct cmn_err *err)
{
	struct nvme_cmd cmd = fab_cmd_identify(NVME_CNS_CTRL, 0, 0, 0);
	struct nvme_cqe cqe;
	int ret = net_client_prop_get(c, NVME_REG_CAP, true, &c->cap);

	if (!ret)
		ret = net_client_prop_set(c, NVME_REG_CC, false, net_dial_cc(c->cap));
	if (!ret)
		ret = wait_csts(c, NVME_CSTS_RDY, NVME_CSTS_RDY);
	if (ret < 0)
		return explain(c->admin, ret, "enabling the controller", err);
	c->enabled = true;
	ret = net_client_admin(c, &cmd, &c->id, sizeof(c->id), FAB_HOST_IN, &cqe);
	if (ret < 0)
		return explain(c->admin, ret, "Identify", err);
	return net_dial_status(&cqe, "Identify", err);
}

static int fill_names(struct net_client *c, struct cmn_err *err)
{
	const struct net_client_params *p = &c->params;
	struct cmn_uuid uuid;

	if (!p->subnqn || strlen(p->subnqn) > NVMF_NQN_MAX)
		return cmn_err_set(err, -EINVAL, "subnqn",
				   "an NQN of at most %d characters is needed", NVMF_NQN_MAX);
	if (p->hostnqn && strlen(p->hostnqn) > NVMF_NQN_MAX)
		return cmn_err_set(err, -EINVAL, "hostnqn", "is longer than %d characters",
				   NVMF_NQN_MAX);
	if (!p->hostid && cmn_uuid_random(&uuid) < 0)
		return cmn_err_set(err, -EIO, NULL, "no random numbers");
	memcpy(c->hostid, p->hostid ? p->hostid : uuid.b, sizeof(c->hostid));
	strcpy(c->subnqn, p->subnqn);
	if (p->hostnqn)
		strcpy(c->hostnqn, p->hostnqn);
	else
		net_dial_hostnqn(c->hostid, c->hostnqn);
	return 0;
}

int net_client_connect(const struct net_client_params *params, struct net_client **ret,
		       struct nvme_cqe *ret_cqe, struct cmn_err *err)
{
	struct net_client *c = calloc(1, sizeof(*c));
	struct cmn_err local = { 0 };
	struct nvme_cqe cqe = { 0 };
	int rc;

	err = err ? err : &local;
	if (!c)
		return cmn_err_set(err, -ENOMEM, NULL, "out of memory");
	c->params = *params;
	c->key = params->key ? *params->key : c->key;
	c->ctrl_key = params->ctrl_key ? *params->ctrl_key : c->ctrl_key;
	c->timeout_ms = params->timeout_ms ? params->timeout_ms : NET_DIAL_TIMEOUT_MS;
	rc = fill_names(c, err);
	if (!rc && !(c->admin = queue_new(c, ADMIN_DEPTH, err)))
		rc = err->code;
	if (!rc)
		rc = connect_queue(c->admin, 0, ADMIN_DEPTH, &cqe, err);
	if (ret_cqe)
		*ret_cqe = cqe;
	c->cntlid = (uint16_t)le32toh(cqe.dw[0]);
	if (!rc && !params->no_enable)
		rc = enable(c, err);
	if (rc < 0) {
		net_client_abandon(c);
		return rc;
	}
	*ret = c;
	return 0;
}

/* Its data need not fit IOCCSZ's limit: what doesn't goes by R2T. */
static uint32_t io_icd(const struct net_client *c)
{
	uint32_t capsule = le32toh(c->id.ioccsz);

	return capsule > 4 && capsule <= UINT32_MAX / 16 ? capsule * 16 - 64 : 0;
}

int net_client_open_queues(struct net_client *c, unsigned int nr, unsigned int depth,
			   unsigned int *ret_nr, struct cmn_err *err)
{
	uint32_t want = cmn_min(nr, (unsigned int)MAX_QUEUES) - 1;
	struct nvme_cmd cmd = fab_cmd_set_features(NVME_FID_NUM_QUEUES, want << 16 | want);
	struct cmn_err local = { 0 };
	struct nvme_cqe cqe;
	int ret = net_client_admin(c, &cmd, NULL, 0, FAB_HOST_NONE, &cqe);

	err = err ? err : &local;
	if (ret < 0)
		return explain(c->admin, ret, "Set Features 07h", err);
	ret = net_dial_status(&cqe, "Set Features 07h", err);
	if (ret < 0)
		return ret;
	want = cmn_min(want, le32toh(cqe.dw[0]) & 0xffff);
	depth = cmn_max(1u, cmn_min(depth, (unsigned int)NVME_CAP_MQES(c->cap)));
	for (unsigned int i = 0; i <= want && c->nr_ioqs < MAX_QUEUES; i++) {
		struct net_client_queue *q = queue_new(c, depth, err);

		if (!q)
			return err->code;
		c->ioq[c->nr_ioqs++] = q;
		ret = connect_queue(q, (uint16_t)(i + 1), (uint16_t)depth, &cqe, err);
		if (ret < 0)
			return ret;
		fab_host_set_max_icd(q->host, io_icd(c));
	}
	*ret_nr = c->nr_ioqs;
	return 0;
}

/* ---- the end ---- */

void net_client_abandon(struct net_client *c)
{
	if (!c)
		return;
	for (unsigned int i = 0; i < c->nr_ioqs; i++)
		queue_free(c->ioq[i]);
	queue_free(c->admin);
	fab_auth_key_clear(&c->key);
	fab_auth_key_clear(&c->ctrl_key);
	free(c);
}

void net_client_close(struct net_client *c)
{
	const uint64_t shst = (uint64_t)3 << NVME_CSTS_SHST_SHIFT;

	if (!c)
		return;
	if (c->enabled && queue_open(c->admin) &&
	    net_client_prop_set(c, NVME_REG_CC, false,
				net_dial_cc(c->cap) | NVME_CC_SHN_NORMAL << NVME_CC_SHN_SHIFT) == 0)
		wait_csts(c, shst, (uint64_t)NVME_SHST_COMPLETE << NVME_CSTS_SHST_SHIFT);
	net_client_abandon(c);
}

const char *net_client_auth_hash(const struct net_client *c)
{
	return c->auth_hash;
}

const char *net_client_auth_group(const struct net_client *c)
{
	return c->auth_hash ? c->auth_group : NULL;
}

uint16_t net_client_cntlid(const struct net_client *c)
{
	return c->cntlid;
}

uint64_t net_client_cap(const struct net_client *c)
{
	return c->cap;
}

const struct nvme_id_ctrl *net_client_id(const struct net_client *c)
{
	return &c->id;
}

struct net_client_queue *net_client_admin_queue(struct net_client *c)
{
	return c->admin;
}

struct net_client_queue *net_client_ioq(struct net_client *c, unsigned int index)
{
	return index < c->nr_ioqs ? c->ioq[index] : NULL;
}
