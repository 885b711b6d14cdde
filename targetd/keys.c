/* SPDX-License-Identifier: Apache-2.0 */
/* targetd/keys.c - see keys.h. */
#include "config.h"

#include "targetd/keys.h"

#include <errno.h>
#include <json-c/json.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/json.h"
#include "common/util.h"
#include "fabrics/connect.h"

static const char *const keys[] = { "discovery", "host",     "dhchap_key", "dhchap_ctrl_key",
				    "hashes",	 "dhgroups", "comment",	   NULL };

struct entry {
	char nqn[NVMF_NQN_MAX + 1];
	bool discovery; /* for that it authenticates too */
	struct fab_auth_policy policy;
};

struct tgt_keys {
	unsigned int nr;
	struct entry *entry; /* by NQN */
};

void tgt_keys_free(struct tgt_keys *set)
{
	if (!set)
		return;
	if (set->entry)
		OPENSSL_cleanse(set->entry, set->nr * sizeof(*set->entry));
	free(set->entry);
	free(set);
}

static int parse_secret(struct json_object *obj, const char *key, struct fab_auth_key *ret,
			struct cmn_err *err)
{
	const char *text = NULL;
	int r = cmn_json_str_opt(obj, key, &text, NULL, err);

	if (r < 0 || !text)
		return r;
	r = fab_auth_key_parse(text, ret);
	return r < 0 ? cmn_err_set(err, r, key, "is not a secret of the form DHHC-1:01:...:") : 0;
}

/* Names of what numbers, and where their numbers go, in order of preference. */
struct names {
	const char *key;
	int (*by_name)(const char *name);
	unsigned int max;
	uint8_t *id, *nr;
};

static int parse_names(struct json_object *obj, const struct names *n, struct cmn_err *err)
{
	struct json_object *arr = NULL, *item;
	int r = cmn_json_arr_opt(obj, n->key, &arr, err);

	for (size_t i = 0; r == 0 && arr && i < json_object_array_length(arr); i++) {
		item = json_object_array_get_idx(arr, i);
		r = json_object_is_type(item, json_type_string)
			    ? n->by_name(json_object_get_string(item))
			    : -EINVAL;
		if (r < 0 || *n->nr == n->max || memchr(n->id, r, *n->nr))
			return cmn_err_set(err, -EINVAL, n->key,
					   "has a name that is unknown, or one twice");
		n->id[(*n->nr)++] = (uint8_t)r;
		r = 0;
	}
	return r;
}

static int parse_algs(struct json_object *obj, struct fab_auth_algs *ret, struct cmn_err *err)
{
	const struct names hashes = { "hashes", fab_auth_hash_by_name, FAB_AUTH_HASHES, ret->hashes,
				      &ret->nr_hashes };
	const struct names groups = { "dhgroups", fab_auth_group_by_name, FAB_AUTH_GROUPS,
				      ret->groups, &ret->nr_groups };
	int r = parse_names(obj, &hashes, err);

	return r < 0 ? r : parse_names(obj, &groups, err);
}

static int parse_entry(struct json_object *obj, bool strict, struct entry *ret, struct cmn_err *err)
{
	const char *nqn;
	int r;

	if (!json_object_is_type(obj, json_type_object))
		return cmn_err_set(err, -EINVAL, NULL, "must be an object");
	r = strict ? cmn_json_only(obj, keys, err) : 0;
	if (r == 0)
		r = cmn_json_str(obj, "host", &nqn, err);
	if (r == 0 && (!cmn_strlcpy(ret->nqn, nqn, sizeof(ret->nqn)) ||
		       fab_nqn_check(ret->nqn, sizeof(ret->nqn)) < 0))
		r = cmn_err_set(err, -EINVAL, "host", "is not an NVMe Qualified Name");
	if (r == 0)
		r = cmn_json_bool_opt(obj, "discovery", &ret->discovery, NULL, err);
	if (r == 0)
		r = parse_secret(obj, "dhchap_key", &ret->policy.key, err);
	if (r == 0 && !ret->policy.key.len)
		r = cmn_err_set(err, -EINVAL, "dhchap_key", "is missing");
	if (r == 0)
		r = parse_secret(obj, "dhchap_ctrl_key", &ret->policy.ctrl_key, err);
	return r < 0 ? r : parse_algs(obj, &ret->policy.algs, err);
}

static int cmp_entry(const void *a, const void *b)
{
	return strcmp(((const struct entry *)a)->nqn, ((const struct entry *)b)->nqn);
}

static int fill(struct json_object *arr, bool strict, struct tgt_keys *set, struct cmn_err *err)
{
	size_t nr = json_object_array_length(arr);
	char where[48];
	int r;

	if (nr > TGT_KEYS_MAX)
		return cmn_err_set(err, -E2BIG, "host_keys", "%zu entries, at most %d", nr,
				   TGT_KEYS_MAX);
	set->entry = calloc(nr + 1, sizeof(*set->entry));
	if (!set->entry)
		return cmn_err_set(err, -ENOMEM, NULL, "no memory");
	for (size_t i = 0; i < nr; i++) {
		set->nr++;
		r = parse_entry(json_object_array_get_idx(arr, i), strict, &set->entry[i], err);
		if (r < 0) {
			snprintf(where, sizeof(where), "host_keys[%zu]", i);
			cmn_err_prefix(err, where);
			return r;
		}
	}
	qsort(set->entry, set->nr, sizeof(*set->entry), cmp_entry);
	for (unsigned int i = 1; i < set->nr; i++)
		if (cmp_entry(&set->entry[i - 1], &set->entry[i]) == 0)
			return cmn_err_set(err, -EEXIST, "host_keys", "%.200s is there twice",
					   set->entry[i].nqn);
	return 0;
}

int tgt_keys_parse(struct json_object *obj, bool strict, struct tgt_keys **ret, struct cmn_err *err)
{
	struct json_object *arr = NULL;
	struct tgt_keys *set;
	int r = cmn_json_arr_opt(obj, "host_keys", &arr, err);

	*ret = NULL;
	if (r < 0 || !arr)
		return r;
	set = calloc(1, sizeof(*set));
	r = set ? fill(arr, strict, set, err) : cmn_err_set(err, -ENOMEM, NULL, "no memory");
	if (r < 0)
		tgt_keys_free(set);
	else
		*ret = set;
	return r;
}

static const struct entry *find(const struct tgt_keys *set, const char *hostnqn)
{
	struct entry key;

	if (!set || !cmn_strlcpy(key.nqn, hostnqn, sizeof(key.nqn)))
		return NULL;
	return bsearch(&key, set->entry, set->nr, sizeof(*set->entry), cmp_entry);
}

bool tgt_keys_find(const struct tgt_keys *set, const char *hostnqn, struct fab_auth_policy *ret)
{
	const struct entry *found = find(set, hostnqn);

	if (found && ret)
		*ret = found->policy;
	return found != NULL;
}

bool tgt_keys_for_discovery(const struct tgt_keys *set, const char *hostnqn)
{
	const struct entry *found = find(set, hostnqn);

	return found && found->discovery;
}
