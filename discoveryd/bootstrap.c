/* SPDX-License-Identifier: Apache-2.0 */
/* discoveryd/bootstrap.c - see discoveryd/bootstrap.h.
 *
 * One step at a time, each found by comparing the model with the options, so that a start that was cut short goes on where
 * it was.  A portal named io<number> belongs to the command line: where --io-listen is given, those that it doesn't name go. */
#include "discoveryd/bootstrap.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "discoveryd/model/commands.h"
#include "discoveryd/model/model.h"

struct bootstrap {
	struct dsc_app *app;
	void (*done)(struct dsc_app *app, const struct cmn_err *err);
};

static void step(struct bootstrap *b);

static void end(struct bootstrap *b, const struct cmn_err *err)
{
	struct bootstrap last = *b;

	free(b);
	last.done(last.app, err);
}

static void step_done(void *arg, const struct dsc_outcome *outcome)
{
	if (cmn_err_is(&outcome->err))
		end(arg, &outcome->err);
	else
		step(arg);
}

static bool has_portal(const struct dsc_snapshot *st, const struct dsc_addr *addr)
{
	const struct dsc_portal *p;

	dsc_tree_each(p, st->portals, &dsc_portal_ops)
	{
		if (p->port == addr->port && strcmp(p->address, addr->address) == 0)
			return true;
	}
	return false;
}

static bool is_ours(const char *name)
{
	return strncmp(name, "io", 2) == 0 && isdigit((unsigned char)name[2]);
}

static const struct dsc_portal *unwanted_portal(const struct dsc_app *app,
						const struct dsc_snapshot *st)
{
	const struct dsc_portal *p;
	bool wanted;

	dsc_tree_each(p, st->portals, &dsc_portal_ops)
	{
		wanted = !is_ours(p->name);
		for (unsigned int i = 0; i < app->opt.nr_io_listen && !wanted; i++)
			wanted = p->port == app->opt.io_listen[i].port &&
				 strcmp(p->address, app->opt.io_listen[i].address) == 0;
		if (!wanted)
			return p;
	}
	return NULL;
}

static int make_worker(struct bootstrap *b, unsigned int n, const struct dsc_call *call,
		       struct cmn_err *err)
{
	char name[16];
	struct dsc_worker_in in = { .name = name };

	snprintf(name, sizeof(name), "w%u", n);
	return dsc_cmd_worker_create(b->app, &in, call, err);
}

static int make_portal(struct bootstrap *b, const struct dsc_addr *addr,
		       const struct dsc_call *call, struct cmn_err *err)
{
	const struct dsc_snapshot *st = dsc_model_now(b->app->model);
	struct dsc_portal_in in = { .address = addr->address, .port = addr->port };
	char name[16];
	unsigned int n = 0;

	do
		snprintf(name, sizeof(name), "io%u", ++n);
	while (dsc_snapshot_portal(st, name));
	in.name = name;
	in.worker = dsc_snapshot_worker(st, "w1") ? "w1" : NULL;
	return dsc_cmd_portal_create(b->app, &in, call, err);
}

/* 0: a command is under way; 1: nothing is left to do; < 0: err. */
static int next(struct bootstrap *b, const struct dsc_call *call, struct cmn_err *err)
{
	const struct dsc_snapshot *st = dsc_model_now(b->app->model);
	const struct dsc_options *opt = &b->app->opt;
	/* Also one whose first start was cut short before it had anything to serve. */
	bool is_new = dsc_model_is_new(b->app->model) || (!st->portals && !st->subsystems);
	const struct dsc_portal *p;
	char name[16];

	for (unsigned int n = 1; is_new && n <= opt->nr_workers; n++) {
		snprintf(name, sizeof(name), "w%u", n);
		if (!dsc_snapshot_worker(st, name))
			return make_worker(b, n, call, err);
	}
	p = opt->io_listen_given ? unwanted_portal(b->app, st) : NULL;
	if (p)
		return dsc_cmd_portal_delete(b->app, p->name, call, err);
	for (unsigned int i = 0; (is_new || opt->io_listen_given) && i < opt->nr_io_listen; i++) {
		if (dsc_tree_count(st->workers) && !has_portal(st, &opt->io_listen[i]))
			return make_portal(b, &opt->io_listen[i], call, err);
	}
	return 1;
}

static void step(struct bootstrap *b)
{
	struct dsc_call call = { .done = step_done, .arg = b, .force = true };
	struct cmn_err err = { 0 };
	int rc = next(b, &call, &err);

	if (rc)
		end(b, &err);
}

void dsc_bootstrap(struct dsc_app *app,
		   void (*done)(struct dsc_app *app, const struct cmn_err *err))
{
	struct bootstrap *b = dsc_zalloc(sizeof(*b));

	b->app = app;
	b->done = done;
	step(b);
}
