/* SPDX-License-Identifier: Apache-2.0 */
/* targetd/control_msg.c - see targetd/control_msg.h. */
#include "config.h"

#include "targetd/control_msg.h"

#include <errno.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/json.h"
#include "common/log.h"
#include "common/util.h"

static void add_str(struct json_object *obj, const char *key, const char *value)
{
	json_object_object_add(obj, key, json_object_new_string(value));
}

static void add_u64(struct json_object *obj, const char *key, uint64_t value)
{
	json_object_object_add(obj, key, json_object_new_uint64(value));
}

static struct json_object *add_array(struct json_object *obj, const char *key)
{
	struct json_object *arr = json_object_new_array();

	json_object_object_add(obj, key, arr);
	return arr;
}

/* Clock ticks since boot at which this process started: with the pid it names us, even after the pid is another's. */
static uint64_t start_time(void)
{
	char *text = NULL, *p;
	uint64_t value = 0;
	size_t len;

	if (cmn_read_file("/proc/self/stat", 4096, &text, &len) < 0)
		return 0;
	p = strrchr(text, ')'); /* the name before it may hold anything */
	for (int field = 2; p && field < 22; field++)
		p = strchr(p + 1, ' ');
	if (p)
		value = strtoull(p, NULL, 10);
	free(text);
	return value;
}

struct json_object *tgt_msg_hello(const struct tgt_hello *h)
{
	struct json_object *msg = json_object_new_object(), *arr;
	size_t max = tgt_fdstore_count(h->fds), nr = 0;
	const char **names = calloc(max + 1, sizeof(*names));
	int *fds = calloc(max + 1, sizeof(*fds));

	add_str(msg, "type", "hello");
	json_object_object_add(msg, "protocol", json_object_new_int(h->protocol));
	add_str(msg, "build", PACKAGE_VERSION);
	add_str(msg, "worker", h->worker);
	add_u64(msg, "epoch", h->epoch);
	json_object_object_add(msg, "pid", json_object_new_int(getpid()));
	add_u64(msg, "start_time", start_time());
	add_u64(msg, "generation", h->generation);
	json_object_object_add(msg, "reactors", json_object_new_int((int)h->reactors));
	arr = add_array(msg, "fds");
	if (names && fds)
		nr = tgt_fdstore_list(h->fds, names, fds, max);
	for (size_t i = 0; i < nr; i++)
		json_object_array_add(arr, json_object_new_string(names[i]));
	free(names);
	free(fds);
	return msg;
}

/* -- apply ---------------------------------------------------------------------------------------------------------- */
static void add_failures(struct json_object *arr, const struct tgt_failures *fs)
{
	for (unsigned int i = 0; i < fs->nr; i++) {
		const struct tgt_failure *f = &fs->f[i];
		struct json_object *obj = json_object_new_object();

		if (f->nqn[0])
			add_str(obj, "nqn", f->nqn);
		if (f->nsid)
			add_u64(obj, "nsid", f->nsid);
		if (f->portal[0])
			add_str(obj, "portal", f->portal);
		add_str(obj, "field", f->err.field);
		add_str(obj, "reason", f->err.msg);
		json_object_array_add(arr, obj);
	}
}

static int string_list(struct json_object *obj, const char *key, const char ***ret,
		       unsigned int *ret_nr, struct cmn_err *err)
{
	struct json_object *arr = NULL;
	size_t nr;

	if (cmn_json_arr_opt(obj, key, &arr, err) < 0)
		return -EINVAL;
	nr = arr ? json_object_array_length(arr) : 0;
	*ret = calloc(nr + 1, sizeof(**ret));
	if (!*ret)
		return cmn_err_set(err, -ENOMEM, NULL, "no memory");
	for (size_t i = 0; i < nr; i++) {
		struct json_object *item = json_object_array_get_idx(arr, i);

		if (!json_object_is_type(item, json_type_string))
			return cmn_err_set(err, -EINVAL, key, "must hold strings");
		(*ret)[(*ret_nr)++] = json_object_get_string(item);
	}
	return 0;
}

static int change_from_diff(struct json_object *msg, struct tgt_change *ch, struct cmn_err *err)
{
	struct json_object *upsert = NULL, *gone = NULL;
	int ret = cmn_json_obj_opt(msg, "upsert", &upsert, err);

	if (ret == 0)
		ret = cmn_json_obj_opt(msg, "remove", &gone, err);
	if (ret == 0 && upsert)
		ret = tgt_state_parse_parts(upsert, false, &ch->st, err);
	if (ret == 0 && gone)
		ret = string_list(gone, "portals", &ch->gone_portals, &ch->nr_gone_portals, err);
	if (ret == 0 && gone)
		ret = string_list(gone, "subsystems", &ch->gone_subsystems, &ch->nr_gone_subsystems,
				  err);
	return ret;
}

static int change_from(struct json_object *msg, struct tgt_change *ch, struct cmn_err *err)
{
	struct json_object *full = NULL;
	int ret = cmn_json_obj_opt(msg, "full", &full, err);

	if (ret < 0)
		return ret;
	ch->full = full != NULL;
	return full ? tgt_state_parse(full, false, &ch->st, err) : change_from_diff(msg, ch, err);
}

static void carry_out(struct tgt_world *w, struct tgt_change *ch, struct json_object *answer)
{
	struct json_object *served = add_array(answer, "subsystems"),
			   *failed = add_array(answer, "failed");
	struct tgt_failures failures = { 0 };
	unsigned int nr = ch->st.nr_subsystems;
	struct json_object **names = calloc(nr + 1, sizeof(*names));

	for (unsigned int i = 0; names && i < nr; i++)
		names[i] = json_object_new_string(ch->st.subsystems[i]->nqn);
	tgt_apply(w, ch, &failures);
	for (unsigned int i = 0; names && i < nr; i++) {
		if (tgt_registry_find(w->reg, json_object_get_string(names[i])))
			json_object_array_add(served, names[i]);
		else
			json_object_put(names[i]);
	}
	add_failures(failed, &failures);
	tgt_failures_clear(&failures);
	free(names);
}

struct json_object *tgt_msg_apply(struct tgt_world *w, struct json_object *msg,
				  uint64_t *generation)
{
	struct json_object *answer = json_object_new_object();
	struct tgt_change ch = { 0 };
	uint64_t wanted = 0, base = 0;
	struct cmn_err err = { 0 };
	bool has_base = false;
	int ret;

	add_str(answer, "type", "applied");
	ret = cmn_json_u64(msg, "generation", &wanted, &err);
	if (ret == 0)
		ret = cmn_json_u64_opt(msg, "base", &base, &has_base, &err);
	if (ret == 0 && (!has_base || base == *generation))
		ret = change_from(msg, &ch, &err);
	else if (ret == 0)
		wanted = *generation; /* discoveryd sends the whole state then */
	if (ret == 0 && (!has_base || base == *generation)) {
		carry_out(w, &ch, answer);
		*generation = wanted;
	} else if (ret < 0) {
		struct tgt_failures one = { .nr = 1, .f = &(struct tgt_failure){ .err = err } };

		cmn_error("a state was refused", "field=%s reason=%s", CMN_Q(err.field),
			  CMN_Q(err.msg));
		add_failures(add_array(answer, "failed"), &one);
	}
	add_u64(answer, "generation", *generation);
	tgt_state_clear(&ch.st);
	free(ch.gone_portals);
	free(ch.gone_subsystems);
	return answer;
}
