/* SPDX-License-Identifier: Apache-2.0 */
/* discoveryd/model/keys.c - see keys.h.
 * Owns: nothing.  Thread: any.  May block: never. */
#include "discoveryd/model/keys.h"

#include <json-c/json.h>

const char *const dsc_key_kind_name[DSC_KEY_KIND_COUNT + 1] = { "dhchap", "dhchap_ctrl", NULL };

const struct dsc_key *dsc_snapshot_host_key(const struct dsc_snapshot *snap, uint64_t host_id,
					    enum dsc_key_kind kind)
{
	struct dsc_key key = { .host_id = host_id, .key_kind = (uint8_t)kind };

	return dsc_tree_find(snap->host_keys, &dsc_host_key_ops, &key);
}

static uint8_t pick(const uint8_t *from, uint8_t nr, uint8_t mask, uint8_t *ret)
{
	uint8_t picked = 0;

	for (uint8_t i = 0; i < nr; i++)
		if (!mask || mask & 1u << from[i])
			ret[picked++] = from[i];
	return picked;
}

/* What it allows, in the order of preference. */
static struct fab_auth_algs algs_of(const struct dsc_key *key)
{
	const struct fab_auth_algs *all = &fab_auth_default_algs;
	struct fab_auth_algs algs = { 0 };

	algs.nr_hashes = pick(all->hashes, all->nr_hashes, key->hashes, algs.hashes);
	algs.nr_groups = pick(all->groups, all->nr_groups, key->dhgroups, algs.groups);
	return algs;
}

static struct json_object *names(const uint8_t *ids, uint8_t nr, const char *(*name)(uint8_t id))
{
	struct json_object *array = json_object_new_array();

	for (uint8_t i = 0; i < nr; i++)
		json_object_array_add(array, json_object_new_string(name(ids[i])));
	return array;
}

struct json_object *dsc_key_hashes(const struct dsc_key *key)
{
	struct fab_auth_algs algs = algs_of(key);

	return names(algs.hashes, algs.nr_hashes, fab_auth_hash_name);
}

struct json_object *dsc_key_dhgroups(const struct dsc_key *key)
{
	struct fab_auth_algs algs = algs_of(key);

	return names(algs.groups, algs.nr_groups, fab_auth_group_name);
}

bool dsc_snapshot_auth(const struct dsc_snapshot *snap, const char *host_nqn,
		       struct fab_auth_policy *ret)
{
	const struct dsc_host *host = dsc_snapshot_host(snap, host_nqn);
	const struct dsc_key *key = host ? dsc_snapshot_host_key(snap, host->id, DSC_KEY_DHCHAP)
					 : NULL;
	const struct dsc_key *ctrl;

	if (!key)
		return false;
	*ret = (struct fab_auth_policy){ .algs = algs_of(key) };
	/* Checked before it was stored.  One that isn't any all the same leaves a key without bytes, with which nobody authenticates. */
	fab_auth_key_parse(key->secret, &ret->key);
	ctrl = dsc_snapshot_host_key(snap, host->id, DSC_KEY_DHCHAP_CTRL);
	if (ctrl)
		fab_auth_key_parse(ctrl->secret, &ret->ctrl_key);
	return true;
}
