/* SPDX-License-Identifier: Apache-2.0 */
/* targetd/access.c - see targetd/access.h. */
#include "config.h"

#include "targetd/access.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/json.h"

/* -- the question ------------------------------------------------------------------------------------------------- */
static bool has_pair(const struct tgt_host_set *set, const struct tgt_way *way)
{
	unsigned int low = 0, high = set->nr_pairs;

	while (low < high) {
		unsigned int mid = low + (high - low) / 2;

		if (strcmp(set->pairs[mid].nqn, way->hostnqn) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	for (; low < set->nr_pairs && strcmp(set->pairs[low].nqn, way->hostnqn) == 0; low++)
		if (net_ip_cmp(&set->pairs[low].ip, &way->from) == 0)
			return true;
	return false;
}

static bool has_host(const struct tgt_host_set *set, const struct tgt_way *way)
{
	size_t at = 0;

	if (tgt_hosts_has(&set->hosts, way->hostnqn) || has_pair(set, way))
		return true;
	return net_prefix_next(set->nets, set->nr_nets, sizeof(*set->nets), &way->from, &at) <
	       set->nr_nets;
}

static bool is_port(const struct tgt_rule *r, const struct tgt_way *way)
{
	if ((r->by_port && r->port != way->port) || (r->by_portid && r->portid != way->portid))
		return false;
	if (r->by_family && r->v6 == net_ip_is_v4(&way->to))
		return false;
	return !r->by_at || net_prefix_has(&r->at, &way->to);
}

bool tgt_access_allows(const struct tgt_access *access, const struct tgt_way *way)
{
	bool spoken_of = false;

	if (!access)
		return true;
	for (unsigned int i = 0; i < access->nr; i++) {
		if (!is_port(&access->rule[i], way))
			continue;
		if (has_host(access->rule[i].set, way))
			return true;
		spoken_of = true;
	}
	return access->open_elsewhere && !spoken_of;
}

/* -- comparing ------------------------------------------------------------------------------------------------------ */
static bool same_set(const struct tgt_host_set *a, const struct tgt_host_set *b)
{
	if (!tgt_hosts_equal(&a->hosts, &b->hosts) || a->nr_pairs != b->nr_pairs ||
	    a->nr_nets != b->nr_nets)
		return false;
	for (unsigned int i = 0; i < a->nr_pairs; i++)
		if (strcmp(a->pairs[i].nqn, b->pairs[i].nqn) != 0 ||
		    net_ip_cmp(&a->pairs[i].ip, &b->pairs[i].ip) != 0)
			return false;
	for (unsigned int i = 0; i < a->nr_nets; i++)
		if (net_prefix_cmp(&a->nets[i], &b->nets[i]) != 0)
			return false;
	return true;
}

static bool same_rule(const struct tgt_rule *a, const struct tgt_rule *b)
{
	return a->by_at == b->by_at && a->by_port == b->by_port && a->by_portid == b->by_portid &&
	       a->by_family == b->by_family && a->v6 == b->v6 && a->port == b->port &&
	       a->portid == b->portid && net_prefix_cmp(&a->at, &b->at) == 0 &&
	       same_set(a->set, b->set);
}

bool tgt_access_equal(const struct tgt_access *a, const struct tgt_access *b)
{
	if (!a || !b)
		return a == b;
	if (a->keep_connected != b->keep_connected || a->open_elsewhere != b->open_elsewhere ||
	    a->nr != b->nr)
		return false;
	for (unsigned int i = 0; i < a->nr; i++)
		if (!same_rule(&a->rule[i], &b->rule[i]))
			return false;
	return true;
}

/* -- the end ---------------------------------------------------------------------------------------------------------- */
static void set_put(struct tgt_host_set *set)
{
	if (!set || --set->refs)
		return;
	for (unsigned int i = 0; i < set->nr_pairs; i++)
		free(set->pairs[i].nqn);
	free(set->pairs);
	free(set->nets);
	tgt_hosts_clear(&set->hosts);
	free(set->id);
	free(set);
}

void tgt_host_sets_clear(struct tgt_host_set **sets)
{
	struct tgt_host_set *set, *next;

	HASH_ITER(hh, *sets, set, next) {
		HASH_DEL(*sets, set);
		set_put(set);
	}
}

void tgt_access_free(struct tgt_access *access)
{
	if (!access)
		return;
	for (unsigned int i = 0; i < access->nr; i++)
		set_put(access->rule[i].set);
	free(access->rule);
	free(access);
}

/* -- parsing: sets ------------------------------------------------------------------------------------------------------ */
static int no_memory(struct cmn_err *err)
{
	return cmn_err_set(err, -ENOMEM, NULL, "no memory");
}

static int at_item(struct cmn_err *err, const char *key, size_t index, int ret)
{
	char at[64];

	snprintf(at, sizeof(at), "%s[%zu]", key, index);
	if (err && ret < 0)
		cmn_err_prefix(err, at);
	return ret;
}

static int read_prefix(const char *text, struct net_prefix *ret, const char *key,
		       struct cmn_err *err)
{
	if (!text || !net_prefix_parse(ret, text))
		return cmn_err_set(err, -EINVAL, key, "is not an address or a prefix of addresses");
	return 0;
}

/* An array of at most TGT_HOSTS_MAX; *ret NULL when there is none. */
static int array_of(struct json_object *obj, const char *key, struct json_object **ret,
		    size_t *ret_nr, struct cmn_err *err)
{
	if (cmn_json_arr_opt(obj, key, ret, err) < 0)
		return -EINVAL;
	*ret_nr = *ret ? json_object_array_length(*ret) : 0;
	if (*ret_nr > TGT_HOSTS_MAX)
		return cmn_err_set(err, -E2BIG, key, "%zu entries, at most %u", *ret_nr,
				   TGT_HOSTS_MAX);
	return 0;
}

static int parse_nets(struct json_object *obj, struct tgt_host_set *set, struct cmn_err *err)
{
	struct json_object *arr = NULL;
	size_t nr;
	int r = array_of(obj, "addresses", &arr, &nr, err);

	if (r < 0)
		return r;
	set->nets = calloc(nr + 1, sizeof(*set->nets));
	if (!set->nets)
		return no_memory(err);
	for (; set->nr_nets < nr; set->nr_nets++) {
		struct json_object *item = json_object_array_get_idx(arr, set->nr_nets);

		r = read_prefix(json_object_is_type(item, json_type_string)
					? json_object_get_string(item)
					: NULL,
				&set->nets[set->nr_nets], NULL, err);
		if (r < 0)
			return at_item(err, "addresses", set->nr_nets, r);
	}
	qsort(set->nets, nr, sizeof(*set->nets), net_prefix_cmp);
	return 0;
}

static int parse_pair(struct json_object *obj, struct tgt_pair *ret, struct cmn_err *err)
{
	const char *nqn, *address;
	int r = json_object_is_type(obj, json_type_object)
			? cmn_json_str(obj, "nqn", &nqn, err)
			: cmn_err_set(err, -EINVAL, NULL, "must be an object");

	if (r == 0)
		r = cmn_json_str(obj, "address", &address, err);
	if (r == 0 && !net_ip_parse(&ret->ip, address))
		r = cmn_err_set(err, -EINVAL, "address", "is not an address");
	if (r < 0)
		return r;
	ret->nqn = strdup(nqn);
	return ret->nqn ? 0 : no_memory(err);
}

static int by_pair(const void *a, const void *b)
{
	const struct tgt_pair *x = a, *y = b;
	int c = strcmp(x->nqn, y->nqn);

	return c ? c : net_ip_cmp(&x->ip, &y->ip);
}

static int parse_pairs(struct json_object *obj, struct tgt_host_set *set, struct cmn_err *err)
{
	struct json_object *arr = NULL;
	size_t nr;
	int r = array_of(obj, "hosts_at", &arr, &nr, err);

	if (r < 0)
		return r;
	set->pairs = calloc(nr + 1, sizeof(*set->pairs));
	if (!set->pairs)
		return no_memory(err);
	for (; set->nr_pairs < nr; set->nr_pairs++) {
		r = parse_pair(json_object_array_get_idx(arr, set->nr_pairs),
			       &set->pairs[set->nr_pairs], err);
		if (r < 0)
			return at_item(err, "hosts_at", set->nr_pairs, r);
	}
	qsort(set->pairs, nr, sizeof(*set->pairs), by_pair);
	return 0;
}

static int parse_set(struct json_object *obj, bool strict, struct tgt_host_set *set,
		     struct cmn_err *err)
{
	static const char *const keys[] = { "hosts", "hosts_at", "addresses", "comment", NULL };
	int r = 0;

	if (!json_object_is_type(obj, json_type_object))
		return cmn_err_set(err, -EINVAL, NULL, "must be an object");
	if (strict)
		r = cmn_json_only(obj, keys, err);
	if (r == 0)
		r = tgt_hosts_parse(obj, false, &set->hosts, err);
	if (r == 0)
		r = parse_pairs(obj, set, err);
	return r < 0 ? r : parse_nets(obj, set, err);
}

int tgt_host_sets_parse(struct json_object *obj, bool strict, struct tgt_host_set **ret,
			struct cmn_err *err)
{
	struct json_object *sets = NULL;
	struct tgt_host_set *set;
	int r = cmn_json_obj_opt(obj, "host_sets", &sets, err);

	if (r < 0 || !sets)
		return r;
	json_object_object_foreach(sets, id, value) {
		set = calloc(1, sizeof(*set));
		if (!set)
			return no_memory(err);
		set->refs = 1;
		set->id = strdup(id);
		if (!set->id) {
			set_put(set);
			return no_memory(err);
		}
		HASH_ADD_KEYPTR(hh, *ret, set->id, strlen(set->id), set);
		r = parse_set(value, strict, set, err);
		if (r < 0) {
			if (err)
				cmn_err_prefix(err, "host_sets");
			return r;
		}
	}
	return 0;
}

/* -- parsing: rules -------------------------------------------------------------------------------------------------------- */
static int rule_number(struct json_object *obj, const char *key, uint16_t *ret, bool *ret_has,
		       struct cmn_err *err)
{
	uint64_t value = 0;
	int r = cmn_json_u64_opt(obj, key, &value, ret_has, err);

	if (r == 0 && *ret_has)
		r = cmn_json_range(key, value, 0, UINT16_MAX, err);
	*ret = (uint16_t)value;
	return r;
}

static int rule_place(struct json_object *obj, struct tgt_rule *ret, struct cmn_err *err)
{
	const char *address = NULL, *family = NULL;
	int r = cmn_json_str_opt(obj, "address", &address, &ret->by_at, err);

	if (r == 0 && address)
		r = read_prefix(address, &ret->at, "address", err);
	if (r == 0)
		r = rule_number(obj, "port", &ret->port, &ret->by_port, err);
	if (r == 0)
		r = rule_number(obj, "portid", &ret->portid, &ret->by_portid, err);
	if (r == 0)
		r = cmn_json_str_opt(obj, "family", &family, &ret->by_family, err);
	if (r == 0 && family && strcmp(family, "ipv4") != 0 && strcmp(family, "ipv6") != 0)
		r = cmn_err_set(err, -EINVAL, "family", "must be ipv4 or ipv6");
	ret->v6 = family && strcmp(family, "ipv6") == 0;
	return r;
}

static int parse_rule(struct json_object *obj, bool strict, struct tgt_host_set *sets,
		      struct tgt_rule *ret, struct cmn_err *err)
{
	static const char *const keys[] = { "set", "address", "port", "portid", "family", NULL };
	const char *id;
	int r = 0;

	if (!json_object_is_type(obj, json_type_object))
		return cmn_err_set(err, -EINVAL, NULL, "must be an object");
	if (strict)
		r = cmn_json_only(obj, keys, err);
	if (r == 0)
		r = cmn_json_str(obj, "set", &id, err);
	if (r == 0)
		r = rule_place(obj, ret, err);
	if (r < 0)
		return r;
	HASH_FIND_STR(sets, id, ret->set);
	if (!ret->set)
		return cmn_err_set(err, -EINVAL, "set", "there is no set of hosts '%.64s'", id);
	ret->set->refs++;
	return 0;
}

static int parse_rules(struct json_object *obj, bool strict, struct tgt_host_set *sets,
		       struct tgt_access *ret, struct cmn_err *err)
{
	struct json_object *arr = NULL;
	size_t nr;
	int r = cmn_json_arr(obj, "rules", &arr, err);

	if (r < 0)
		return r;
	nr = json_object_array_length(arr);
	if (nr > TGT_RULES_MAX)
		return cmn_err_set(err, -E2BIG, "rules", "%zu entries, at most %d", nr,
				   TGT_RULES_MAX);
	ret->rule = calloc(nr + 1, sizeof(*ret->rule));
	if (!ret->rule)
		return no_memory(err);
	for (; ret->nr < nr; ret->nr++) {
		r = parse_rule(json_object_array_get_idx(arr, ret->nr), strict, sets,
			       &ret->rule[ret->nr], err);
		if (r < 0)
			return at_item(err, "rules", ret->nr, r);
	}
	return 0;
}

int tgt_access_parse(struct json_object *subsystem, bool strict, struct tgt_host_set *sets,
		     struct tgt_access **ret, struct cmn_err *err)
{
	static const char *const keys[] = { "rules", "keep_connected", "open_elsewhere", "comment",
					    NULL };
	struct json_object *obj = NULL;
	struct tgt_access *access;
	int r = cmn_json_obj_opt(subsystem, "access", &obj, err);

	if (r < 0 || !obj)
		return r;
	access = calloc(1, sizeof(*access));
	if (!access)
		return no_memory(err);
	if (strict)
		r = cmn_json_only(obj, keys, err);
	if (r == 0)
		r = cmn_json_bool_opt(obj, "keep_connected", &access->keep_connected, NULL, err);
	if (r == 0)
		r = cmn_json_bool_opt(obj, "open_elsewhere", &access->open_elsewhere, NULL, err);
	if (r == 0)
		r = parse_rules(obj, strict, sets, access, err);
	if (r < 0) {
		tgt_access_free(access);
		if (err)
			cmn_err_prefix(err, "access");
		return r;
	}
	*ret = access;
	return 0;
}
