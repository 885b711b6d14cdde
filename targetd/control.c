/* SPDX-License-Identifier: Apache-2.0 */
/* targetd/control.c - connections of discoveryd: who is obeyed, messages in, reports out; see targetd/control.h.
 *
 * Of several connections the one that said hello with the highest epoch is obeyed; the others are cut off. */
#include "config.h"

#include "targetd/control.h"

#include <errno.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/container.h"
#include "common/json.h"
#include "common/log.h"
#include "common/util.h"
#include "net/ctlsock.h"
#include "targetd/control_msg.h"
#include "targetd/copies.h"
#include "targetd/stats_msg.h"

#define PROTOCOL 1
#define REPORT_NS (20 * CMN_NS_PER_MS) /* at most 50 reports a second */
#define QUEUE_MAX (256u << 20) /* a peer that doesn't read this much is cut off */

struct peer {
	struct net_ctl *ctl; /* NULL: free slot */
	bool obeyed;
};

struct put_off { /* an apply, or descriptors after one: carried out by tick(), so that what comes behind it needn't wait */
	TAILQ_ENTRY(put_off) link;
	struct net_ctl_msg msg;
};

struct tgt_control {
	struct tgt_control_params params;
	int listen_fd;
	struct stat file; /* of the socket: removed at the end only if it is still ours */
	struct peer peers[TGT_CONTROL_PEERS];
	uint64_t epoch, generation;
	bool applying, full_report;
	uint64_t next_report;
	TAILQ_HEAD(, put_off) later;
};

struct tgt_control *tgt_control_create(const struct tgt_control_params *params, struct cmn_err *err)
{
	struct tgt_control *c = calloc(1, sizeof(*c));

	if (!c) {
		cmn_err_set(err, -ENOMEM, NULL, "no memory");
		return NULL;
	}
	c->params = *params;
	TAILQ_INIT(&c->later);
	c->listen_fd = net_ctl_listen(params->path, err);
	if (c->listen_fd < 0 || stat(params->path, &c->file) < 0) {
		free(c);
		return NULL;
	}
	return c;
}

static void put_off_clear(struct tgt_control *c)
{
	struct put_off *p;

	while ((p = TAILQ_FIRST(&c->later))) {
		TAILQ_REMOVE(&c->later, p, link);
		net_ctl_msg_clear(&p->msg);
		free(p);
	}
}

void tgt_control_destroy(struct tgt_control *c)
{
	struct stat st;

	if (!c)
		return;
	for (int i = 0; i < TGT_CONTROL_PEERS; i++)
		net_ctl_destroy(c->peers[i].ctl);
	put_off_clear(c);
	close(c->listen_fd);
	if (stat(c->params.path, &st) == 0 && st.st_ino == c->file.st_ino &&
	    st.st_dev == c->file.st_dev)
		unlink(c->params.path);
	free(c);
}

/* -- sending ------------------------------------------------------------------------------------------------------ */
static void cut_off(struct peer *p, const char *why)
{
	cmn_info("control connection ended", "reason=%s", CMN_Q(why));
	net_ctl_destroy(p->ctl);
	memset(p, 0, sizeof(*p));
}

/* Frees msg. */
static void send_msg(struct peer *p, struct json_object *msg)
{
	int ret = net_ctl_send(p->ctl, msg);

	json_object_put(msg);
	if (ret == 0)
		ret = net_ctl_flush(p->ctl);
	if (ret < 0)
		cut_off(p, strerror(-ret));
	else if (net_ctl_queued(p->ctl) > QUEUE_MAX)
		cut_off(p, "it does not read");
}

static struct peer *obeyed(struct tgt_control *c)
{
	for (int i = 0; i < TGT_CONTROL_PEERS; i++)
		if (c->peers[i].ctl && c->peers[i].obeyed)
			return &c->peers[i];
	return NULL;
}

static struct json_object *hello_make(const struct tgt_control *c)
{
	const struct tgt_hello h = { .protocol = PROTOCOL,
				     .worker = c->params.worker,
				     .epoch = c->epoch,
				     .generation = c->generation,
				     .reactors = c->params.world->reg->nr_reactors,
				     .fds = c->params.world->fds };

	return tgt_msg_hello(&h);
}

/* All that must outlive us, and the loop counters. */
static int send_fds(struct tgt_control *c, struct peer *p)
{
	size_t max = tgt_fdstore_count(c->params.world->fds) + 1, nr;
	const char **names = calloc(max, sizeof(*names));
	int *fds = calloc(max, sizeof(*fds)), ret = -ENOMEM;

	if (names && fds) {
		names[0] = "stats:loops";
		fds[0] = c->params.loops_fd;
		nr = 1 + tgt_fdstore_list(c->params.world->fds, names + 1, fds + 1, max - 1);
		ret = net_ctl_send_fds(p->ctl, names, fds, nr);
	}
	free(names);
	free(fds);
	return ret < 0 ? ret : net_ctl_flush(p->ctl);
}

/* -- receiving ---------------------------------------------------------------------------------------------------- */
static void apply_now(struct tgt_control *c, struct net_ctl_msg *msg)
{
	struct json_object *answer;
	struct peer *p;

	c->applying = true;
	answer = tgt_msg_apply(c->params.world, msg->json, &c->generation);
	c->applying = false;
	p = obeyed(c); /* it may be another one by now: a generation is a generation */
	if (p)
		send_msg(p, answer);
	else
		json_object_put(answer);
}

static void put_off(struct tgt_control *c, struct net_ctl_msg *msg)
{
	struct put_off *later = calloc(1, sizeof(*later));

	if (!later)
		return; /* discoveryd finds that the generation isn't reached, and sends it again */
	later->msg = *msg;
	memset(msg, 0, sizeof(*msg));
	TAILQ_INSERT_TAIL(&c->later, later, link);
}

static void on_apply(struct tgt_control *c, struct peer *p, struct net_ctl_msg *msg)
{
	(void)p;
	put_off(c, msg);
}

static void keep_fds(struct tgt_control *c, struct net_ctl_msg *msg)
{
	for (size_t i = 0; i < msg->nr_fds; i++) {
		if (tgt_fdstore_put(c->params.world->fds, msg->names[i], msg->fds[i]) < 0)
			cmn_error("a descriptor could not be kept", "name=%s",
				  CMN_Q(msg->names[i]));
		msg->fds[i] = -1;
	}
}

/* In order with the states before and after it: one may drop a name that this gives anew. */
static void on_fds(struct tgt_control *c, struct peer *p, struct net_ctl_msg *msg)
{
	(void)p;
	if (c->applying || !TAILQ_EMPTY(&c->later))
		put_off(c, msg);
	else
		keep_fds(c, msg);
}

static void on_copy(struct tgt_control *c, struct peer *p, struct net_ctl_msg *msg)
{
	(void)p;
	tgt_copies_add(c->params.world->copies, msg->json);
}

static void on_copy_cancel(struct tgt_control *c, struct peer *p, struct net_ctl_msg *msg)
{
	const char *id = "";

	(void)p;
	cmn_json_str_opt(msg->json, "id", &id, NULL, NULL);
	tgt_copies_cancel(c->params.world->copies, id);
}

static void on_stats(struct tgt_control *c, struct peer *p, struct net_ctl_msg *msg)
{
	struct json_object *answer = json_object_new_object();
	struct tgt_stats_ask ask = { 0 };

	cmn_json_u64_opt(msg->json, "seq", &ask.seq, NULL, NULL);
	cmn_json_u64_opt(msg->json, "since", &ask.since, NULL, NULL);
	tgt_msg_stats(c->params.world->reg, &ask, answer);
	send_msg(p, answer);
}

static void on_log(struct tgt_control *c, struct peer *p, struct net_ctl_msg *msg)
{
	enum cmn_log_level level;
	const char *text = "";

	(void)c;
	(void)p;
	cmn_json_str_opt(msg->json, "level", &text, NULL, NULL);
	if (cmn_log_level_parse(text, &level) < 0 || level == cmn_log_level())
		return;
	cmn_log_set_level(level);
	cmn_info("log level", "level=%s", cmn_log_level_name[level]);
}

/* Its host may come again: who shall not is taken off the list. */
static void on_disconnect(struct tgt_control *c, struct peer *p, struct net_ctl_msg *msg)
{
	struct tgt_registry *reg = c->params.world->reg;
	struct tgt_subsystem *ss;
	struct tgt_ctrl *tc;
	const char *nqn = "";
	uint64_t cntlid = 0;

	(void)p;
	cmn_json_str_opt(msg->json, "nqn", &nqn, NULL, NULL);
	cmn_json_u64_opt(msg->json, "cntlid", &cntlid, NULL, NULL);
	tgt_registry_lock(reg);
	ss = tgt_registry_find(reg, nqn);
	tc = ss && cntlid <= UINT16_MAX ? tgt_registry_ctrl(ss, (uint16_t)cntlid) : NULL;
	if (tc)
		tgt_registry_end_ctrl(reg, tc, "ended by an operator");
	tgt_registry_unlock(reg);
}

static void on_drain(struct tgt_control *c, struct peer *p, struct net_ctl_msg *msg)
{
	(void)p;
	(void)msg;
	c->params.drain(c->params.drain_arg);
}

/* The newest epoch takes over; the same one again is a discoveryd that lost its connection. */
static void on_hello(struct tgt_control *c, struct peer *p, struct net_ctl_msg *msg)
{
	uint64_t protocol = 0, epoch = 0;
	struct cmn_err err = { 0 };
	int ret;

	if (cmn_json_u64(msg->json, "protocol", &protocol, &err) < 0 ||
	    cmn_json_u64(msg->json, "epoch", &epoch, &err) < 0)
		return cut_off(p, err.msg);
	if (protocol > PROTOCOL + 1 || protocol < 1)
		return cut_off(p, "it speaks another version of the protocol");
	if (epoch < c->epoch) {
		send_msg(p, hello_make(c)); /* tells it our epoch */
		if (p->ctl)
			cut_off(p, "a newer discoveryd has taken this worker over");
		return;
	}
	for (int i = 0; i < TGT_CONTROL_PEERS; i++)
		if (c->peers[i].ctl && &c->peers[i] != p && c->peers[i].obeyed)
			cut_off(&c->peers[i], "a newer discoveryd takes over");
	put_off_clear(c);
	if (epoch > c->epoch)
		tgt_copies_forget(c->params.world->copies);
	c->epoch = epoch;
	p->obeyed = true;
	c->full_report = true;
	cmn_info("discoveryd connected", "epoch=%llu generation=%llu", (unsigned long long)epoch,
		 (unsigned long long)c->generation);
	send_msg(p, hello_make(c));
	ret = p->ctl ? send_fds(c, p) : 0;
	if (ret < 0)
		cut_off(p, strerror(-ret));
}

static const struct {
	const char *type;
	bool before_hello;
	void (*take)(struct tgt_control *c, struct peer *p, struct net_ctl_msg *msg);
} handlers[] = {
	{ "hello", true, on_hello },
	{ "fds", false, on_fds },
	{ "apply", false, on_apply },
	{ "copy", false, on_copy },
	{ "copy_cancel", false, on_copy_cancel },
	{ "stats", false, on_stats },
	{ "disconnect", false, on_disconnect },
	{ "drain", false, on_drain },
	{ "log", false, on_log },
};

static void take_msg(struct tgt_control *c, struct peer *p, struct net_ctl_msg *msg)
{
	for (size_t i = 0; i < ARRAY_SIZE(handlers); i++) {
		if (strcmp(msg->type, handlers[i].type) != 0)
			continue;
		if (p->obeyed || handlers[i].before_hello)
			handlers[i].take(c, p, msg);
		else
			cut_off(p, "it did not say hello first");
		return;
	}
	cmn_debug("unknown control message", "type=%s", CMN_Q(msg->type));
}

static void read_peer(struct tgt_control *c, struct peer *p)
{
	struct net_ctl *ctl = p->ctl;
	struct cmn_err err = { 0 };
	struct net_ctl_msg msg;
	int ret = net_ctl_read(ctl);

	if (ret < 0)
		return cut_off(p, ret == -EPIPE ? "closed by discoveryd" : strerror(-ret));
	/* a handler may cut this peer off, and its slot may have been given away meanwhile */
	while (p->ctl == ctl && (ret = net_ctl_next(ctl, &msg, &err)) > 0) {
		take_msg(c, p, &msg);
		net_ctl_msg_clear(&msg);
	}
	if (p->ctl == ctl && ret < 0)
		cut_off(p, err.msg);
}

static void accept_peer(struct tgt_control *c)
{
	int fd = accept4(c->listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	struct peer *slot = NULL;

	if (fd < 0)
		return;
	for (int i = 0; i < TGT_CONTROL_PEERS && !slot; i++)
		if (!c->peers[i].ctl)
			slot = &c->peers[i];
	if (!slot || net_ctl_check_peer(fd, NULL) < 0) {
		cmn_warn("control connection refused", "reason=%s",
			 slot ? "\"another user\"" : "\"too many\"");
		close(fd);
		return;
	}
	slot->ctl = net_ctl_create(fd);
}

/* -- the loop's side ------------------------------------------------------------------------------------------------ */
int tgt_control_pollfds(struct tgt_control *c, struct pollfd *pfd)
{
	int nr = 0;

	pfd[nr++] = (struct pollfd){ .fd = c->listen_fd, .events = POLLIN };
	for (int i = 0; i < TGT_CONTROL_PEERS; i++) {
		struct net_ctl *ctl = c->peers[i].ctl;

		if (ctl)
			pfd[nr++] = (struct pollfd){
				.fd = net_ctl_fd(ctl),
				.events = (short)(POLLIN | (net_ctl_wants_write(ctl) ? POLLOUT : 0))
			};
	}
	return nr;
}

static struct peer *peer_of(struct tgt_control *c, int fd)
{
	for (int i = 0; i < TGT_CONTROL_PEERS; i++)
		if (c->peers[i].ctl && net_ctl_fd(c->peers[i].ctl) == fd)
			return &c->peers[i];
	return NULL;
}

void tgt_control_ready(struct tgt_control *c, const struct pollfd *pfd, int nr)
{
	for (int i = 0; i < nr; i++) {
		struct peer *p = peer_of(c, pfd[i].fd);
		int ret;

		if (pfd[i].revents == 0)
			continue;
		if (pfd[i].fd == c->listen_fd) {
			accept_peer(c);
			continue;
		}
		if (!p)
			continue;
		ret = pfd[i].revents & POLLOUT ? net_ctl_flush(p->ctl) : 0;
		if (ret < 0)
			cut_off(p, strerror(-ret));
		else if (pfd[i].revents & (POLLIN | POLLHUP | POLLERR))
			read_peer(c, p);
	}
}

static void report(struct tgt_control *c, struct peer *p)
{
	struct tgt_registry *reg = c->params.world->reg;
	struct json_object *msg = json_object_new_object(),
			   *refusals = tgt_registry_take_refusals(reg);
	bool any = tgt_registry_report(reg, c->full_report, msg);

	c->full_report = false;
	if (any)
		send_msg(p, msg);
	else
		json_object_put(msg);
	for (size_t i = 0; refusals && p->ctl && i < json_object_array_length(refusals); i++)
		send_msg(p, json_object_get(json_object_array_get_idx(refusals, i)));
	json_object_put(refusals);
}

static void tell_copies(struct tgt_control *c, struct peer *p)
{
	struct json_object *msg;

	while (p->ctl && (msg = tgt_copies_news(c->params.world->copies)))
		send_msg(p, msg);
}

void tgt_control_tick(struct tgt_control *c)
{
	struct put_off *p;
	struct peer *peer;
	uint64_t now;

	while ((p = TAILQ_FIRST(&c->later)) && !c->applying) {
		TAILQ_REMOVE(&c->later, p, link);
		if (p->msg.nr_fds)
			keep_fds(c, &p->msg);
		else
			apply_now(c, &p->msg);
		net_ctl_msg_clear(&p->msg);
		free(p);
	}
	tgt_copies_tick(c->params.world->copies);
	peer = obeyed(c);
	if (peer)
		tell_copies(c, peer);
	now = cmn_now_ns();
	if (!peer || !peer->ctl || (now < c->next_report && !c->full_report))
		return;
	c->next_report = now + REPORT_NS;
	report(c, peer);
}

int tgt_control_timeout(struct tgt_control *c)
{
	int news = obeyed(c) ? tgt_copies_timeout(c->params.world->copies) : -1, report_in;
	uint64_t now = cmn_now_ns();

	if (!TAILQ_EMPTY(&c->later))
		return 0;
	if (now >= c->next_report)
		return news;
	/* something to report wakes the loop by the registry's notify_fd; here only: not too soon again */
	report_in = (int)((c->next_report - now) / CMN_NS_PER_MS) + 1;
	return news < 0 ? report_in : cmn_min(news, report_in);
}
