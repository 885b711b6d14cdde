/* SPDX-License-Identifier: Apache-2.0 */
/* discoveryd/supervise/link.c - the control connection to a worker: hello, descriptors, messages.
 * Owns: the connection.  Thread: control loop.  May block: never. */
#include "config.h"

#include <errno.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/container.h"
#include "common/json.h"
#include "common/log.h"
#include "discoveryd/supervise/supervise_impl.h"

#define PROTOCOL 1
#define TRY_NS (2 * CMN_NS_PER_MS) /* between tries to reach a process that has just been started */
#define AGAIN_NS (50 * CMN_NS_PER_MS) /* after a connection that was lost */
#define ANSWER_NS (10 * CMN_NS_PER_S) /* it must have said hello by then */

struct json_object *sup_msg(const char *type)
{
	struct json_object *msg = json_object_new_object();

	json_object_object_add(msg, "type", json_object_new_string(type));
	return msg;
}

void sup_link_path(const struct sup_worker *w, char *buf, size_t size)
{
	snprintf(buf, size, "%s/worker-%s.sock", w->sup->app->opt.run_dir, w->name);
}

/* -- sending ---------------------------------------------------------------------------------------- */
/* The connection is dead; the process may not be, so it is tried again until its exit is seen.  One that never got as far as
 * hello has no more time than it had. */
static void lost(struct sup_worker *w, const char *why)
{
	bool answered = w->said_hello;

	cmn_warn("control connection lost", "worker=%s reason=%s", w->name, CMN_Q(why));
	sup_link_close(w);
	if (!w->pid)
		return;
	if (answered)
		sup_link_expect(w);
	net_timer_set(w->sup->app->loop, &w->connect, cmn_now_ns() + AGAIN_NS);
}

static bool flush(struct sup_worker *w)
{
	int rc = net_ctl_flush(w->ctl);

	if (rc < 0) {
		lost(w, strerror(-rc));
		return false;
	}
	net_watch_mod(w->sup->app->loop, &w->ctl_watch,
		      EPOLLIN | (net_ctl_wants_write(w->ctl) ? EPOLLOUT : 0));
	return true;
}

bool sup_link_send(struct sup_worker *w, struct json_object *msg)
{
	int rc = w->ctl ? net_ctl_send(w->ctl, msg) : -ENOTCONN;

	json_object_put(msg);
	if (rc < 0 && w->ctl)
		lost(w, strerror(-rc));
	return rc == 0 && flush(w);
}

static void remember_sent(struct sup_worker *w, const char *name)
{
	struct dsc_name *n = dsc_name_new(name, 0);

	dsc_tree_set(&w->sent, &dsc_name_ops, n);
	dsc_row_put(n);
}

bool sup_link_send_fd(struct sup_worker *w, const char *name)
{
	int fd = sup_hold_find(w->sup, name);
	int rc;

	if (!w->ctl || fd < 0)
		return false;
	if (dsc_tree_find(w->sent, &dsc_name_ops, name))
		return true;
	rc = net_ctl_send_fds(w->ctl, &name, &fd, 1);
	if (rc < 0) {
		lost(w, strerror(-rc));
		return false;
	}
	remember_sent(w, name);
	return true;
}

static void say_hello(struct sup_worker *w)
{
	struct json_object *msg = sup_msg("hello");

	json_object_object_add(msg, "protocol", json_object_new_int(PROTOCOL));
	json_object_object_add(msg, "build", json_object_new_string(PACKAGE_VERSION));
	json_object_object_add(msg, "worker", json_object_new_string(w->name));
	json_object_object_add(msg, "epoch",
			       json_object_new_uint64(dsc_model_epoch(w->sup->app->model)));
	sup_link_send(w, msg);
}

/* -- receiving ---------------------------------------------------------------------------------------- */
void sup_link_send_log_level(struct sup_worker *w)
{
	struct json_object *msg = sup_msg("log");

	json_object_object_add(msg, "level",
			       json_object_new_string(cmn_log_level_name[w->log_level]));
	sup_link_send(w, msg);
}

static void hello_over(struct sup_worker *w)
{
	w->said_hello = true;
	if (w->adopted) /* an earlier discoveryd started it */
		sup_link_send_log_level(w);
	net_timer_cancel(w->sup->app->loop, &w->connect);
	if (w->adopted)
		w->state = DSC_WORKER_RUNNING;
	sup_apply_full(w);
	sup_copies_settle(w, true);
	sup_adopt_step(w->sup);
}

static int check_hello(struct sup_worker *w, struct json_object *msg, struct cmn_err *err)
{
	uint64_t protocol = 0, epoch = 0, pid = 0, start = 0;
	const char *name = "";

	if (cmn_json_u64(msg, "protocol", &protocol, err) < 0 ||
	    cmn_json_str(msg, "worker", &name, err) < 0 ||
	    cmn_json_u64(msg, "epoch", &epoch, err) < 0 ||
	    cmn_json_u64(msg, "pid", &pid, err) < 0 ||
	    cmn_json_u64(msg, "start_time", &start, err) < 0)
		return err->code;
	if (protocol < 1 || protocol > PROTOCOL + 1)
		return cmn_err_set(err, -EPROTO, "protocol", "it speaks another version");
	if (strcmp(name, w->name) != 0)
		return cmn_err_set(err, -EPROTO, "worker", "it calls itself %.64s", name);
	if (epoch > dsc_model_epoch(w->sup->app->model))
		return cmn_err_set(err, -EOWNERDEAD, "epoch",
				   "a newer discoveryd has taken it over");
	if ((int)pid != w->pid || start != sup_process_start_time(w->pid))
		return cmn_err_set(err, -EPROTO, "pid",
				   "another process answers than was expected");
	return 0;
}

static void take_hello(struct sup_worker *w, struct net_ctl_msg *msg)
{
	struct json_object *fds = NULL;
	struct cmn_err err = { 0 };
	uint64_t reactors = 0;

	if (check_hello(w, msg->json, &err) < 0) {
		if (err.code ==
		    -EOWNERDEAD) { /* it isn't ours any more: not to be ended, nor started */
			sup_worker_event(w, DSC_ERROR, "worker.taken_over", err.msg);
			sup_link_close(w);
			sup_copies_settle(w, false);
			sup_process_forget(w);
			return;
		}
		lost(w, err.msg);
		return;
	}
	cmn_json_u64_opt(msg->json, "generation", &w->generation, NULL, NULL);
	cmn_json_u64_opt(msg->json, "reactors", &reactors, NULL, NULL);
	cmn_json_arr_opt(msg->json, "fds", &fds, NULL);
	w->nr_reactors = (unsigned int)reactors;
	w->fds_expected = 1; /* the loop counters */
	for (size_t i = 0; fds && i < json_object_array_length(fds); i++) {
		remember_sent(w, json_object_get_string(json_object_array_get_idx(fds, i)));
		w->fds_expected++;
	}
}

static void take_fds(struct sup_worker *w, struct net_ctl_msg *msg)
{
	for (size_t i = 0; i < msg->nr_fds; i++) {
		if (strcmp(msg->names[i], "stats:loops") == 0)
			sup_probe_map(w, msg->fds[i]);
		else
			sup_hold_put(w->sup, msg->names[i], msg->fds[i]);
		msg->fds[i] = -1;
	}
	if (w->said_hello)
		return;
	w->fds_expected -= cmn_min(w->fds_expected, msg->nr_fds);
	if (!w->fds_expected)
		hello_over(w);
}

static void take_applied(struct sup_worker *w, struct net_ctl_msg *msg)
{
	sup_apply_take(w, msg->json);
}

static void take_controllers(struct sup_worker *w, struct net_ctl_msg *msg)
{
	sup_controllers_take(w, msg->json);
}

static void take_stats(struct sup_worker *w, struct net_ctl_msg *msg)
{
	sup_stats_take(w, msg->json);
}

static void take_copying(struct sup_worker *w, struct net_ctl_msg *msg)
{
	sup_copies_moved(w, msg->json);
}

static void take_copied(struct sup_worker *w, struct net_ctl_msg *msg)
{
	sup_copies_take(w, msg->json);
}

static void take_refused(struct sup_worker *w, struct net_ctl_msg *msg)
{
	const char *host = "", *nqn = "", *reason = "", *addr = "", *why = "";
	struct json_object *data;
	char text[832];
	bool auth;

	cmn_json_str_opt(msg->json, "host_nqn", &host, NULL, NULL);
	cmn_json_str_opt(msg->json, "nqn", &nqn, NULL, NULL);
	cmn_json_str_opt(msg->json, "reason", &reason, NULL, NULL);
	cmn_json_str_opt(msg->json, "host_addr", &addr, NULL, NULL);
	cmn_json_str_opt(msg->json, "why", &why, NULL, NULL);
	auth = strcmp(why, "auth_failed") == 0;
	w->counts.refused += !auth;
	w->counts.zoned_out += strcmp(why, "zoned_out") == 0;
	w->counts.auth_failed += auth;
	snprintf(text, sizeof(text),
		 auth ? "host %s (%s) did not authenticate at %s: %s; pharos key list tells its "
			"key's fingerprint"
		      : "host %s (%s) was refused at %s: %s",
		 host, addr, nqn, reason);
	data = json_object_new_object();
	json_object_object_add(data, "nqn", json_object_new_string(nqn));
	json_object_object_add(data, "host_nqn", json_object_new_string(host));
	sup_worker_event_with(w, DSC_WARNING, auth ? "host.auth_failed" : "host.refused", text,
			      data);
	json_object_put(data);
}

static void take_event(struct sup_worker *w, struct net_ctl_msg *msg)
{
	const char *severity = "info", *kind = "worker.event", *text = "";
	struct json_object *data = json_object_new_object();
	enum dsc_severity level = DSC_INFO;

	cmn_json_str_opt(msg->json, "severity", &severity, NULL, NULL);
	cmn_json_str_opt(msg->json, "kind", &kind, NULL, NULL);
	cmn_json_str_opt(msg->json, "text", &text, NULL, NULL);
	if (strcmp(severity, "error") == 0)
		level = DSC_ERROR;
	else if (strncmp(severity, "warn", 4) == 0)
		level = DSC_WARNING;
	json_object_object_foreach(msg->json, key, value) {
		if (strcmp(key, "type") && strcmp(key, "severity") && strcmp(key, "kind") &&
		    strcmp(key, "text"))
			json_object_object_add(data, key, json_object_get(value));
	}
	sup_worker_event_with(w, level, kind, text, data);
	json_object_put(data);
}

static const struct {
	const char *type;
	void (*take)(struct sup_worker *w, struct net_ctl_msg *msg);
} handlers[] = {
	{ "hello", take_hello },     { "fds", take_fds },
	{ "applied", take_applied }, { "controllers", take_controllers },
	{ "stats", take_stats },     { "refused", take_refused },
	{ "event", take_event },     { "copying", take_copying },
	{ "copied", take_copied },
};

static void take(struct sup_worker *w, struct net_ctl_msg *msg)
{
	for (size_t i = 0; i < ARRAY_SIZE(handlers); i++) {
		if (strcmp(handlers[i].type, msg->type) == 0) {
			handlers[i].take(w, msg);
			return;
		}
	}
	cmn_debug("unknown control message", "worker=%s type=%s", w->name, CMN_Q(msg->type));
}

static void read_all(struct sup_worker *w)
{
	struct net_ctl *ctl = w->ctl;
	struct cmn_err err = { 0 };
	struct net_ctl_msg msg;
	int rc = net_ctl_read(ctl), next = 0;

	/* What came before an end counts: read it first. A handler may close the connection. */
	w->read_began = cmn_now_ns();
	while (w->ctl == ctl && (next = net_ctl_next(ctl, &msg, &err)) > 0) {
		take(w, &msg);
		net_ctl_msg_clear(&msg);
		w->read_began = cmn_now_ns();
	}
	if (w->ctl != ctl)
		return;
	if (next < 0)
		lost(w, err.msg);
	else if (rc < 0)
		lost(w, rc == -EPIPE ? "closed by the worker" : strerror(-rc));
}

static void ready(struct net_watch *watch, uint32_t events)
{
	struct sup_worker *w = cmn_container_of(watch, struct sup_worker, ctl_watch);

	if ((events & EPOLLOUT) && !flush(w))
		return;
	if (events & (EPOLLIN | EPOLLHUP | EPOLLERR))
		read_all(w);
}

/* -- life ----------------------------------------------------------------------------------------------- */
/* Who answers must be the process that we know, or, when none is known, becomes it. */
static bool check_process(struct sup_worker *w, int fd)
{
	int pid = 0;

	if (net_ctl_check_peer(fd, &pid) < 0) {
		cmn_error("a worker's socket belongs to another user", "worker=%s", w->name);
		return false;
	}
	if (w->pid)
		return w->pid == pid;
	return sup_process_follow(w, pid, false) == 0;
}

bool sup_link_try(struct sup_worker *w)
{
	cmn_autoclose int fd = -1;
	char path[256];

	sup_link_path(w, path, sizeof(path));
	fd = net_ctl_connect(path);
	if (fd < 0 || !check_process(w, fd))
		return false;
	w->ctl_watch.fd = fd;
	w->ctl_watch.events = EPOLLIN;
	w->ctl = net_ctl_create(cmn_take_fd(&fd));
	if (!w->ctl || net_watch_add(w->sup->app->loop, &w->ctl_watch) < 0) {
		sup_link_close(w);
		return false;
	}
	w->said_hello = false;
	net_timer_set(w->sup->app->loop, &w->connect, w->connect_until);
	say_hello(w);
	return true;
}

static void connect_timer(struct net_timer *timer, uint64_t now)
{
	struct sup_worker *w = cmn_container_of(timer, struct sup_worker, connect);

	now = cmn_now_ns();
	if (now >= w->connect_until) {
		sup_worker_event(w, DSC_ERROR, "worker.no_answer",
				 "it doesn't answer on its control socket and is ended");
		sup_process_abort(w);
		return;
	}
	if (!sup_link_try(w))
		net_timer_set(w->sup->app->loop, &w->connect, now + TRY_NS);
}

void sup_link_expect(struct sup_worker *w)
{
	w->connect_until = cmn_now_ns() + ANSWER_NS;
}

void sup_link_open(struct sup_worker *w)
{
	sup_link_expect(w);
	net_timer_set(w->sup->app->loop, &w->connect, cmn_now_ns() + TRY_NS);
}

void sup_link_close(struct sup_worker *w)
{
	if (w->ctl) {
		net_watch_del(w->sup->app->loop, &w->ctl_watch);
		net_ctl_destroy(w->ctl);
	}
	w->ctl = NULL;
	w->ctl_watch.fd = -1;
	w->said_hello = false;
	w->stats_asked = false;
	w->stats_have = 0;
	net_timer_cancel(w->sup->app->loop, &w->connect);
	dsc_tree_put(w->sent, &dsc_name_ops);
	w->sent = NULL;
	sup_copies_lost(w);
	sup_apply_clear(w);
	sup_probe_unmap(w);
}

void sup_link_init(struct sup_worker *w)
{
	w->ctl_watch.fd = -1;
	w->ctl_watch.ready = ready;
	w->connect.fire = connect_timer;
}
