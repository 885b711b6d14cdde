/* SPDX-License-Identifier: Apache-2.0 */
/* discoveryd/supervise/controllers.c - who is connected to what, as workers report it.
 * Owns: the reported controllers.  Thread: control loop.  May block: never. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/json.h"
#include "discoveryd/supervise/supervise_impl.h"

/* Ordered by (NQN, CNTLID). */
struct sup_ctrl {
	unsigned int refs;
	struct dsc_controller c;
};

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

void sup_controllers_clear(struct sup_worker *w)
{
	dsc_tree_put(w->controllers, &ctrl_ops);
	w->controllers = NULL;
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

static void take_connected(struct sup_worker *w, struct json_object *obj)
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
	c->header_digest = get_bool(obj, "header_digest");
	c->data_digest = get_bool(obj, "data_digest");
	c->connected_ms = get_u64(obj, "connected_at");
	dsc_tree_set(&w->controllers, &ctrl_ops, ctrl);
	ctrl_put(ctrl);
}

/* -- hosts that fell silent ----------------------------------------------------------------------- */
const char *const dsc_gone_name[DSC_GONE_COUNT] = {
	[DSC_GONE_KEEP_ALIVE] = "keep_alive_timeout",
	[DSC_GONE_SHUTDOWN] = "shutdown",
	[DSC_GONE_CLOSED] = "closed",
};

struct sup_lost {
	unsigned int refs;
	struct dsc_lost l;
};

static int lost_cmp(const void *key, const void *value)
{
	const struct sup_lost *a = key, *b = value;
	int c = strcmp(a->l.nqn, b->l.nqn);

	return c ? c : strcmp(a->l.host_nqn, b->l.host_nqn);
}

static void *lost_get(void *value)
{
	((struct sup_lost *)value)->refs++;
	return value;
}

static void lost_put(void *value)
{
	struct sup_lost *lost = value;

	if (--lost->refs == 0)
		free(lost);
}

static const struct dsc_tree_ops lost_ops = { lost_cmp, ctrl_key, lost_get, lost_put };

void sup_lost_clear(struct dsc_supervisor *sup)
{
	dsc_tree_put(sup->lost, &lost_ops);
	sup->lost = NULL;
	sup->nr_lost = 0;
}

static void count_lost(struct dsc_supervisor *sup, const struct dsc_controller *c)
{
	struct sup_lost *lost = dsc_zalloc(sizeof(*lost)), *there;

	lost->refs = 1;
	memcpy(lost->l.nqn, c->nqn, sizeof(lost->l.nqn));
	memcpy(lost->l.host_nqn, c->host_nqn, sizeof(lost->l.host_nqn));
	lost->l.times = 1;
	there = dsc_tree_find(sup->lost, &lost_ops, lost);
	if (there) {
		there->l.times++;
	} else if (sup->nr_lost < DSC_LOST_MAX) {
		dsc_tree_set(&sup->lost, &lost_ops, lost);
		sup->nr_lost++;
	}
	lost_put(lost);
}

void dsc_supervisor_lost(struct dsc_supervisor *sup,
			 void (*fn)(void *arg, const struct dsc_lost *lost), void *arg)
{
	struct sup_lost *lost;

	dsc_tree_each(lost, sup->lost, &lost_ops) fn(arg, &lost->l);
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
	if (ctrl && gone == DSC_GONE_KEEP_ALIVE)
		count_lost(w->sup, &ctrl->c);
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
		dsc_tree_del(&w->controllers, &ctrl_ops, &key);
	}
	list = NULL;
	cmn_json_arr_opt(msg, "connected", &list, NULL);
	for (size_t i = 0; list && i < json_object_array_length(list); i++)
		take_connected(w, json_object_array_get_idx(list, i));
	if (list && !full)
		w->counts.connected += json_object_array_length(list);
}

/* -- what others ask ---------------------------------------------------------------------------------- */
bool sup_controllers_walk(struct sup_worker *w, const char *nqn, const char *host_nqn,
			  bool (*fn)(void *arg, const struct dsc_controller *c), void *arg)
{
	struct sup_ctrl from = { .refs = 0 }, *ctrl;
	const void *at = NULL;

	if (nqn) { /* CNTLID 0 is never given out */
		snprintf(from.c.nqn, sizeof(from.c.nqn), "%s", nqn);
		at = &from;
	}
	for (; (ctrl = dsc_tree_next(w->controllers, &ctrl_ops, at)); at = ctrl) {
		if (nqn && strcmp(ctrl->c.nqn, nqn) != 0)
			return true;
		if (host_nqn && strcmp(ctrl->c.host_nqn, host_nqn) != 0)
			continue;
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
