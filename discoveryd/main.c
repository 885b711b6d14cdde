/* SPDX-License-Identifier: Apache-2.0 */
/* discoveryd/main.c - discoveryd: makes the parts, starts them in order, runs the control loop, ends them in reverse.
 * Owns: every part.  Thread: main, which is the control loop.  May block: before the loop runs and after it has ended.
 *
 *     store, model -> discovery's sockets -> what the command line asks for -> living workers adopted, portals bound ->
 *     follower, API, discovery, mDNS -> missing workers started */
#include "config.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "api/route.h"
#include "api/server.h"
#include "common/clock.h"
#include "common/container.h"
#include "common/log.h"
#include "discoveryd/app.h"
#include "discoveryd/bootstrap.h"
#include "discoveryd/disc/disc.h"
#include "discoveryd/events/audit.h"
#include "discoveryd/events/events.h"
#include "discoveryd/follow/follow.h"
#include "discoveryd/mdns/mdns.h"
#include "discoveryd/model/model.h"
#include "discoveryd/notify.h"
#include "discoveryd/options.h"
#include "discoveryd/store/backups.h"
#include "discoveryd/store/maintain.h"
#include "discoveryd/store/store.h"
#include "discoveryd/supervise/supervise.h"
#include "fabrics/spec/nvme.h"
#include "net/addr.h"
#include "net/reactor.h"

struct daemon {
	struct dsc_app app;
	struct api_server *api;
	struct dsc_mdns *mdns;
	struct net_watch signals;
	int exit_status;
};

static struct daemon *daemon_of(struct dsc_app *app)
{
	return cmn_container_of(app, struct daemon, app);
}

/* -- the end ------------------------------------------------------------------------------------- */
static void stop(struct dsc_app *app)
{
	net_reactor_stop(app->loop);
}

/* One line, and an exit status that says so. */
static void give_up(struct daemon *d, const struct cmn_err *err)
{
	cmn_error(err->msg, "");
	d->exit_status = 1;
	stop(&d->app);
}

static void shut_down(struct dsc_app *app, bool workers)
{
	dsc_notify("STOPPING=1");
	cmn_info("ending", "workers=%s", workers ? "drained" : "\"left running\"");
	if (workers && app->supervisor)
		dsc_supervisor_drain(app->supervisor, stop);
	else
		stop(app);
}

static void take_signal(struct net_watch *watch, uint32_t events)
{
	struct daemon *d = cmn_container_of(watch, struct daemon, signals);
	struct signalfd_siginfo info;

	(void)events;
	while (read(watch->fd, &info, sizeof(info)) == sizeof(info))
		shut_down(&d->app, false);
}

/* -- start ------------------------------------------------------------------------------------------ */
static int start_api(struct daemon *d, struct cmn_err *err)
{
	struct sockaddr_storage ss;
	struct api_server_params params = {
		.addr = (struct sockaddr *)&ss,
		.addr_len = net_addr_set(&ss, d->app.opt.api.address, d->app.opt.api.port),
		.host_names = d->app.opt.api_host,
		.auth = d->app.opt.api_auth,
		.routes = api_route_table,
		.loop = d->app.loop,
		.app = &d->app,
	};

	return api_server_create(&params, &d->api, err);
}

/* Hosts find us without it too, so what goes wrong here is a warning. */
static void start_mdns(struct daemon *d)
{
	struct dsc_mdns_listener listeners[DSC_MAX_ADDRS] = { 0 };
	struct dsc_mdns_params params = {
		.nqn = d->app.disc_nqn,
		.central = d->app.opt.dctype == NVME_DCTYPE_CDC,
		.heard = dsc_follow_heard,
		.arg = d->app.follow,
	};
	int rc = 0;

	for (unsigned int i = 0; i < d->app.opt.nr_listen; i++)
		net_addr_set(&listeners[i].addr, d->app.opt.listen[i].address,
			     d->app.opt.listen[i].port);
	d->mdns = dsc_mdns_create(&params, &rc);
	if (d->mdns)
		rc = dsc_mdns_listen(d->mdns, listeners, d->app.opt.nr_listen);
	if (rc < 0)
		cmn_warn("no announcement by mDNS", "errno=%d", -rc);
}

static void workers_known(struct dsc_app *app, const struct cmn_err *portals)
{
	struct daemon *d = daemon_of(app);
	struct cmn_err err = { 0 };

	/* A port that another program has is a reason not to start, unless hosts are being served already. */
	if (portals->code == -EBUSY && !dsc_supervisor_any_adopted(app->supervisor)) {
		give_up(d, portals);
		return;
	}
	if (cmn_err_is(portals))
		dsc_event(app, DSC_ERROR, "portal.failed", portals->msg, NULL);
	if (dsc_follow_start(app, &app->follow, &err) < 0 || start_api(d, &err) < 0 ||
	    dsc_disc_open(d->app.disc, &err) < 0) {
		give_up(d, &err);
		return;
	}
	start_mdns(d);
	dsc_supervisor_run(app->supervisor);
	dsc_event(app, DSC_INFO, "discoveryd.started", "discoveryd " PACKAGE_VERSION " has started",
		  NULL);
	dsc_notify("READY=1");
}

static void bootstrapped(struct dsc_app *app, const struct cmn_err *problem)
{
	struct daemon *d = daemon_of(app);
	struct cmn_err err = *problem;

	if (cmn_err_is(&err) ||
	    dsc_supervisor_start(app, workers_known, &app->supervisor, &err) < 0)
		give_up(d, &err);
}

static int make_run_dir(const char *path, struct cmn_err *err)
{
	if (mkdir(path, 0700) < 0 && errno != EEXIST)
		return cmn_err_errno(err, -errno, NULL, "run folder %s can't be made", path);
	if (access(path, W_OK | X_OK) < 0)
		return cmn_err_errno(err, -errno, NULL, "run folder %s is not writable", path);
	return 0;
}

static int watch_signals(struct daemon *d, struct cmn_err *err)
{
	sigset_t set;
	int rc;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	d->signals.fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	d->signals.events = EPOLLIN;
	d->signals.ready = take_signal;
	rc = d->signals.fd < 0 ? -errno : net_watch_add(d->app.loop, &d->signals);
	return rc < 0 ? cmn_err_errno(err, rc, NULL, "signals") : 0;
}

static int make_loop(struct daemon *d, struct cmn_err *err)
{
	struct net_reactor_params params = { .cpu = -1 };
	int rc = 0;

	d->app.loop = net_reactor_create(&params, &rc);
	return d->app.loop ? 0 : cmn_err_errno(err, rc, NULL, "the control loop can't be made");
}

/* A descriptor per RAM namespace, portal and host; workers inherit the limit. */
static void raise_limits(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur == limit.rlim_max)
		return;
	limit.rlim_cur = limit.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
		cmn_warn("the limit of descriptors stays low", "errno=%d", errno);
}

/* Everything that can be refused before the loop runs. */
static int start(struct daemon *d, struct cmn_err *err)
{
	struct dsc_app *app = &d->app;

	if (make_loop(d, err) < 0 || watch_signals(d, err) < 0 ||
	    dsc_store_open(app->opt.state_dir, app->loop, &app->store, err) < 0)
		return err->code;
	app->events = dsc_events_create(app);
	app->audits = dsc_audits_create(app);
	app->backups = dsc_backups_create(app);
	if (make_run_dir(app->opt.run_dir, err) < 0 ||
	    dsc_model_create(app, &app->model, err) < 0 ||
	    dsc_disc_start(app, &d->app.disc, err) < 0)
		return err->code;
	dsc_bootstrap(app, bootstrapped);
	return 0;
}

static void end(struct daemon *d)
{
	struct dsc_app *app = &d->app;

	dsc_mdns_destroy(d->mdns);
	dsc_disc_stop(
		d->app.disc); /* takes in what was on its way to the loop, which may have answers for the API */
	dsc_supervisor_stop(app->supervisor);
	dsc_model_stop(app->model);
	if (d->api)
		api_server_destroy(d->api);
	dsc_follow_stop(app->follow);
	dsc_supervisor_destroy(app->supervisor);
	dsc_backups_destroy(app->backups);
	dsc_store_close(app->store);
	dsc_model_destroy(app->model);
	dsc_events_destroy(app->events);
	dsc_audits_destroy(app->audits);
	if (app->loop)
		net_reactor_destroy(app->loop);
	if (d->signals.fd >= 0)
		close(d->signals.fd);
}

/* What is done about the database instead of running. */
static int maintain(const struct dsc_options *opt)
{
	struct cmn_err err = { 0 };
	int rc = opt->check_database ? dsc_store_check(opt->state_dir, stdout, &err) : 0;

	if (!rc && opt->backup_to)
		rc = dsc_store_backup(opt->state_dir, opt->backup_to, &err);
	if (rc < 0)
		fprintf(stderr, "discoveryd: %s\n", err.msg);
	return rc < 0;
}

int main(int argc, char **argv)
{
	static struct daemon d = { .signals.fd = -1 };
	struct cmn_err err = { 0 };
	int rc;

	umask(077); /* what is in the state folder is its owner's, and what workers make there too */
	cmn_log_init("discoveryd");
	rc = dsc_options_parse(argc, argv, &d.app.opt);
	if (rc)
		return rc < 0 ? 2 : 0;
	if (d.app.opt.check_database || d.app.opt.backup_to)
		return maintain(&d.app.opt);
	raise_limits();
	d.app.started_wall_ms = cmn_wall_ms();
	d.app.shutdown = shut_down;
	if (start(&d, &err) < 0) {
		cmn_error(err.msg, "");
		d.exit_status = 1;
	} else {
		net_reactor_run(d.app.loop);
	}
	end(&d);
	return d.exit_status;
}
