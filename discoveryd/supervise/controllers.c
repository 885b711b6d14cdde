/* SPDX-License-Identifier: Apache-2.0 */
/* discoveryd/supervise/controllers.c - who is connected to what, as workers report it.
 * Owns: the reported controllers.  Thread: control loop.  May block: never. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/container.h"
#include "common/json.h"
#include "discoveryd/supervise/supervise_impl.h"

struct sup_ctrl {
	unsigned int refs;
	struct dsc_controller c;
};

/* Ordered by (NQN, CNTLID), and by host before that. */
static int ctrl_cmp(const void *key, const void *value)
{
	const struct sup_ctrl *a = key, *b = value;
	int c = strcmp(a->c.nqn, b->c.nqn);

	return c ? c : (int)a->c.cntlid - (int)b->c.cntlid;
}

static const void *ctrl_key(const void *value)
{
	return value;
}

static void *ctrl_get(void *value)
{
	((struct sup_ctrl *)value)->refs++;
	return value;
}

static void ctrl_put(void *value)
{
	struct sup_ctrl *ctrl = value;

	if (--ctrl->refs == 0)
		free(ctrl);
}

static const struct dsc_tree_ops ctrl_ops = { ctrl_cmp, ctrl_key, ctrl_get, ctrl_put };

static int by_host_cmp(const void *key, const void *value)
{
	const struct sup_ctrl *a = key, *b = value;
	int c = strcmp(a->c.host_nqn, b->c.host_nqn);

	return c ? c : ctrl_cmp(a, b);
}

static const struct dsc_tree_ops by_host_ops = { by_host_cmp, ctrl_key, ctrl_get, ctrl_put };

void sup_controllers_clear(struct sup_worker *w)
{
	dsc_tree_put(w->controllers, &ctrl_ops);
	dsc_tree_put(w->by_host, &by_host_ops);
	w->controllers = w->by_host = NULL;
}

static void drop_ctrl(struct sup_worker *w, const struct sup_ctrl *key)
{
	const struct sup_ctrl *old = dsc_tree_find(w->controllers, &ctrl_ops, key);

	if (!old)
		return;
	dsc_tree_del(&w->by_host, &by_host_ops, old);
	dsc_tree_del(&w->controllers, &ctrl_ops, key);
}

/* -- what a worker says -------------------------------------------------------------------------- */
static void copy_str(struct json_object *obj, const char *key, char *buf, size_t size)
{
	const char *text = "";

	cmn_json_str_opt(obj, key, &text, NULL, NULL);
	snprintf(buf, size, "%s", text);
}

static uint64_t get_u64(struct json_object *obj, const char *key)
{
	uint64_t value = 0;

	cmn_json_u64_opt(obj, key, &value, NULL, NULL);
	return value;
}

static bool get_bool(struct json_object *obj, const char *key)
{
	bool value = false;

	cmn_json_bool_opt(obj, key, &value, NULL, NULL);
	return value;
}

static void take_key(struct json_object *obj, struct dsc_controller *c)
{
	copy_str(obj, "nqn", c->nqn, sizeof(c->nqn));
	c->cntlid = (uint16_t)get_u64(obj, "cntlid");
}

const char *const dsc_gone_name[DSC_GONE_COUNT] = {
	[DSC_GONE_KEEP_ALIVE] = "keep_alive_timeout",
	[DSC_GONE_SHUTDOWN] = "shutdown",
	[DSC_GONE_CLOSED] = "closed",
};

/* -- hosts that come again ------------------------------------------------------------------------ */
struct sup_pair {
	unsigned int refs;
	unsigned int
		lost; /* controllers that ended without being shut down, and that none has taken the place of */
	struct dsc_pair p;
};

static int pair_cmp(const void *key, const void *value)
{
	const struct sup_pair *a = key, *b = value;
	int c = strcmp(a->p.nqn, b->p.nqn);

	return c ? c : strcmp(a->p.host_nqn, b->p.host_nqn);
}

static void *pair_get(void *value)
{
	((struct sup_pair *)value)->refs++;
	return value;
}

static void pair_put(void *value)
{
	struct sup_pair *pair = value;

	if (--pair->refs == 0)
		free(pair);
}

static const struct dsc_tree_ops pair_ops = { pair_cmp, ctrl_key, pair_get, pair_put };

void sup_pairs_clear(struct dsc_supervisor *sup)
{
	dsc_tree_put(sup->pairs, &pair_ops);
	sup->pairs = NULL;
	sup->nr_pairs = 0;
}

/* NULL: there are too many. */
static struct sup_pair *pair_of(struct dsc_supervisor *sup, const struct dsc_controller *c)
{
	struct sup_pair *pair = dsc_zalloc(sizeof(*pair)), *there;

	pair->refs = 1;
	memcpy(pair->p.nqn, c->nqn, sizeof(pair->p.nqn));
	memcpy(pair->p.host_nqn, c->host_nqn, sizeof(pair->p.host_nqn));
	there = dsc_tree_find(sup->pairs, &pair_ops, pair);
	if (!there && sup->nr_pairs < DSC_PAIRS_MAX) {
		dsc_tree_set(&sup->pairs, &pair_ops, pair);
		sup->nr_pairs++;
		there = pair;
	}
	pair_put(pair);
	return there;
}

void dsc_supervisor_pairs(struct dsc_supervisor *sup,
			  void (*fn)(void *arg, const struct dsc_pair *pair), void *arg)
{
	struct sup_pair *pair;

	dsc_tree_each(pair, sup->pairs, &pair_ops) fn(arg, &pair->p);
}

static void count_connected(struct sup_worker *w, const struct dsc_controller *c)
{
	struct sup_pair *pair = pair_of(w->sup, c);

	w->counts.connected++;
	if (!pair)
		return;
	pair->p.connects++;
	if (!pair->lost)
		return;
	pair->lost--;
	pair->p.reconnects++;
}

static void count_lost(struct sup_worker *w, const struct dsc_controller *c, enum dsc_gone how)
{
	struct sup_pair *pair = how == DSC_GONE_SHUTDOWN ? NULL : pair_of(w->sup, c);

	if (!pair)
		return;
	pair->lost++;
	pair->p.keep_alive += how == DSC_GONE_KEEP_ALIVE;
}

void sup_controllers_lost(struct sup_worker *w)
{
	struct sup_ctrl *ctrl;

	dsc_tree_each(ctrl, w->controllers, &ctrl_ops) count_lost(w, &ctrl->c, DSC_GONE_CLOSED);
	sup_controllers_clear(w);
}

/* A new one, or news of one that is known. */
static void take_connected(struct sup_worker *w, struct json_object *obj, bool count)
{
	struct sup_ctrl *ctrl = dsc_zalloc(sizeof(*ctrl));
	struct dsc_controller *c = &ctrl->c;

	ctrl->refs = 1;
	take_key(obj, c);
	copy_str(obj, "host_nqn", c->host_nqn, sizeof(c->host_nqn));
	copy_str(obj, "host_id", c->host_id, sizeof(c->host_id));
	copy_str(obj, "host_addr", c->host_addr, sizeof(c->host_addr));
	copy_str(obj, "portal", c->portal, sizeof(c->portal));
	snprintf(c->worker, sizeof(c->worker), "%s", w->name);
	c->qpairs = (uint32_t)get_u64(obj, "qpairs");
	c->kato_ms = (uint32_t)get_u64(obj, "kato_ms");
	c->authenticated = get_bool(obj, "authenticated");
	c->header_digest = get_bool(obj, "header_digest");
	c->data_digest = get_bool(obj, "data_digest");
	c->connected_ms = get_u64(obj, "connected_at");
	if (count && !dsc_tree_find(w->controllers, &ctrl_ops, ctrl))
		count_connected(w, c);
	drop_ctrl(w, ctrl);
	dsc_tree_set(&w->controllers, &ctrl_ops, ctrl);
	dsc_tree_set(&w->by_host, &by_host_ops, ctrl);
	ctrl_put(ctrl);
}

static void count_gone(struct sup_worker *w, struct json_object *obj, const struct sup_ctrl *key)
{
	const struct sup_ctrl *ctrl = dsc_tree_find(w->controllers, &ctrl_ops, key);
	const char *reason = "";
	enum dsc_gone gone = DSC_GONE_CLOSED;

	cmn_json_str_opt(obj, "reason", &reason, NULL, NULL);
	if (strcmp(reason, "keep alive timeout") == 0)
		gone = DSC_GONE_KEEP_ALIVE;
	else if (strcmp(reason, "shut down by host") == 0)
		gone = DSC_GONE_SHUTDOWN;
	w->counts.gone[gone]++;
	if (ctrl)
		count_lost(w, &ctrl->c, gone);
	else /* it came and went between two reports */
		w->counts.connected++;
}

void sup_controllers_take(struct sup_worker *w, struct json_object *msg)
{
	bool full = get_bool(msg, "full");
	struct json_object *list = NULL;
	struct sup_ctrl key;

	if (full)
		sup_controllers_clear(w);
	cmn_json_arr_opt(msg, "gone", &list, NULL);
	for (size_t i = 0; list && i < json_object_array_length(list); i++) {
		memset(&key, 0, sizeof(key));
		take_key(json_object_array_get_idx(list, i), &key.c);
		count_gone(w, json_object_array_get_idx(list, i), &key);
		drop_ctrl(w, &key);
	}
	list = NULL;
	cmn_json_arr_opt(msg, "connected", &list, NULL);
	for (size_t i = 0; list && i < json_object_array_length(list); i++)
		take_connected(w, json_object_array_get_idx(list, i), !full);
}

/* -- what others ask ---------------------------------------------------------------------------------- */
bool sup_controllers_walk(struct sup_worker *w, const char *nqn, const char *host_nqn,
			  bool (*fn)(void *arg, const struct dsc_controller *c), void *arg)
{
	const struct dsc_tree_ops *ops = host_nqn ? &by_host_ops : &ctrl_ops;
	struct dsc_tree *in = host_nqn ? w->by_host : w->controllers;
	struct sup_ctrl from = { .refs = 0 }, *ctrl;
	const void *at = nqn || host_nqn ? &from : NULL;

	/* CNTLID 0 is never given out */
	snprintf(from.c.nqn, sizeof(from.c.nqn), "%s", nqn ? nqn : "");
	snprintf(from.c.host_nqn, sizeof(from.c.host_nqn), "%s", host_nqn ? host_nqn : "");
	for (; (ctrl = dsc_tree_next(in, ops, at)); at = ctrl) {
		if ((nqn && strcmp(ctrl->c.nqn, nqn) != 0) ||
		    (host_nqn && strcmp(ctrl->c.host_nqn, host_nqn) != 0))
			return true;
		if (!fn(arg, &ctrl->c))
			return false;
	}
	return true;
}

void dsc_supervisor_controllers(struct dsc_supervisor *sup, const char *nqn, const char *host_nqn,
				bool (*fn)(void *arg, const struct dsc_controller *c), void *arg)
{
	struct sup_worker *w;

	TAILQ_FOREACH(w, &sup->workers, link) {
		if (!sup_controllers_walk(w, nqn, host_nqn, fn, arg))
			return;
	}
}

const struct dsc_controller *dsc_supervisor_controller_after(struct dsc_supervisor *sup,
							     const char *nqn, uint16_t cntlid)
{
	const struct sup_ctrl *ctrl, *first = NULL;
	struct sup_ctrl from = { .refs = 0 };
	struct sup_worker *w;

	snprintf(from.c.nqn, sizeof(from.c.nqn), "%s", nqn);
	from.c.cntlid = cntlid;
	TAILQ_FOREACH(w, &sup->workers, link) {
		ctrl = dsc_tree_next(w->controllers, &ctrl_ops, &from);
		if (ctrl && (!first || ctrl_cmp(ctrl, first) < 0))
			first = ctrl;
	}
	return first ? &first->c : NULL;
}

void dsc_controller_get(const struct dsc_controller *c)
{
	cmn_container_of(c, struct sup_ctrl, c)->refs++;
}

void dsc_controller_put(const struct dsc_controller *c)
{
	ctrl_put(cmn_container_of(c, struct sup_ctrl, c));
}

struct counting {
	const char *portal;
	unsigned int nr;
};

static bool count_one(void *arg, const struct dsc_controller *c)
{
	struct counting *in = arg;

	if (!in->portal || strcmp(in->portal, c->portal) == 0)
		in->nr++;
	return true;
}

unsigned int dsc_supervisor_count(struct dsc_supervisor *sup, const char *nqn, const char *host_nqn,
				  const char *portal)
{
	struct counting in = { .portal = portal };

	dsc_supervisor_controllers(sup, nqn, host_nqn, count_one, &in);
	return in.nr;
}
