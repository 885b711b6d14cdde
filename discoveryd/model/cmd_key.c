/* SPDX-License-Identifier: Apache-2.0 */
/* discoveryd/model/cmd_key.c - DH-HMAC-CHAP keys of hosts.
 * Owns: nothing.  Thread: the control loop.  May block: never.
 *
 * No words that come from here show a secret. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/clock.h"
#include "common/log.h"
#include "discoveryd/model/cmd_impl.h"
#include "discoveryd/model/keys.h"

/* Every worker has all keys: the outcome waits until the last of them has these. */
static void add_targets(struct dsc_txn *txn)
{
	const struct dsc_worker *w;

	dsc_tree_each(w, dsc_txn_state(txn)->workers, &dsc_worker_ops)
		dsc_txn_also(txn, &(struct dsc_target){ .worker_id = w->id });
}

/* A secret of both directions would let a host answer with what it is asked.  One of several hosts lets each be the others: people may
 * want that, and are told (NVM Express Base 2.1, 8.3.4.5.7). */
static int check_secret(const struct dsc_snapshot *st, const struct dsc_key *key,
			struct cmn_err *err)
{
	struct fab_auth_key parsed, other;
	const struct dsc_key *k;
	int rc = fab_auth_key_parse(key->secret, &parsed);

	if (rc < 0)
		return cmn_err_set(
			err, -EINVAL, "secret",
			rc == -EBADMSG
				? "its checksum is wrong: was a character lost?"
				: "must have the form DHHC-1:01:...: with 32, 48 or 64 bytes");
	dsc_tree_each(k, st->keys, &dsc_key_ops)
	{
		if (k->id == key->id || fab_auth_key_parse(k->secret, &other) < 0 ||
		    other.len != parsed.len || memcmp(other.bytes, parsed.bytes, parsed.len) != 0)
			continue;
		if (k->host_id == key->host_id)
			rc = cmn_err_set(err, -EINVAL, "secret",
					 "is that of key %s: each direction needs its own",
					 k->name);
		else
			cmn_warn("two hosts have the same secret, so each can be the other",
				 "key=%s other=%s", key->name, k->name);
	}
	fab_auth_key_clear(&parsed);
	fab_auth_key_clear(&other);
	return rc;
}

static void set(struct dsc_key *key, const struct dsc_key_in *in)
{
	if (in->description)
		snprintf(key->description, sizeof(key->description), "%s", in->description);
	if (in->secret)
		snprintf(key->secret, sizeof(key->secret), "%s", in->secret);
	if (in->set_hashes)
		key->hashes = in->hashes;
	if (in->set_dhgroups)
		key->dhgroups = in->dhgroups;
}

static int fill(const struct dsc_snapshot *st, struct dsc_key *key, const struct dsc_key_in *in,
		struct cmn_err *err)
{
	const struct dsc_host *host = dsc_snapshot_host(st, in->host_nqn);
	const struct dsc_key *same;

	if (!host)
		return cmn_err_set(err, -EINVAL, "host_nqn", "there is no host %.200s",
				   in->host_nqn);
	if (in->name && dsc_cmd_check_name(in->name, "id", err) < 0)
		return err->code;
	if (in->name && dsc_snapshot_key(st, in->name))
		return cmn_err_set(err, -EEXIST, "id", "key %s exists already", in->name);
	same = dsc_snapshot_host_key(st, host->id, in->kind);
	if (same)
		return cmn_err_set(err, -EEXIST, "kind", "the host has key %s of that kind",
				   same->name);
	if (in->name)
		snprintf(key->name, sizeof(key->name), "%s", in->name);
	else
		dsc_free_name(st->key_names, "k", key->name, sizeof(key->name));
	key->host_id = host->id;
	key->key_kind = in->kind;
	set(key, in);
	return check_secret(st, key, err);
}

int dsc_cmd_key_create(struct dsc_app *app, const struct dsc_key_in *in,
		       const struct dsc_call *call, struct cmn_err *err)
{
	struct dsc_key *key = dsc_row_new(DSC_ROW_KEY);
	char name[DSC_NAME_MAX + 1];
	struct dsc_txn *txn;

	if (fill(dsc_cmd_ahead(app), key, in, err) < 0) {
		dsc_row_put(key);
		return err->code;
	}
	memcpy(name, key->name, sizeof(name));
	txn = dsc_txn_begin(app->model);
	key->id = dsc_txn_new_id(txn);
	key->changed = dsc_txn_change(txn);
	key->created_ms = cmn_wall_ms();
	dsc_txn_put(txn, key);
	add_targets(txn);
	dsc_txn_commit(txn, call, NULL, name);
	return 0;
}

static const struct dsc_key *find(struct dsc_app *app, const char *name,
				  const struct dsc_call *call, struct cmn_err *err)
{
	const struct dsc_key *key = dsc_snapshot_key(dsc_cmd_ahead(app), name);

	if (!key)
		cmn_err_set(err, -ENOENT, NULL, "there is no key %.64s", name);
	else if (dsc_cmd_check_match(call, key->changed, err) < 0)
		key = NULL;
	return key;
}

int dsc_cmd_key_update(struct dsc_app *app, const struct dsc_key_in *in,
		       const struct dsc_call *call, struct cmn_err *err)
{
	const struct dsc_key *old = find(app, in->name, call, err);
	struct dsc_txn *txn;
	struct dsc_key *key;

	if (!old)
		return err->code;
	key = dsc_row_copy(old);
	set(key, in);
	if (check_secret(dsc_cmd_ahead(app), key, err) < 0) {
		dsc_row_put(key);
		return err->code;
	}
	if (!strcmp(key->secret, old->secret) && !strcmp(key->description, old->description) &&
	    key->hashes == old->hashes && key->dhgroups == old->dhgroups) {
		dsc_row_put(key);
		return 1;
	}
	txn = dsc_txn_begin(app->model);
	key->changed = dsc_txn_change(txn);
	dsc_txn_put(txn, key);
	add_targets(txn);
	dsc_txn_commit(txn, call, NULL, in->name);
	return 0;
}

int dsc_cmd_key_delete(struct dsc_app *app, const char *name, const struct dsc_call *call,
		       struct cmn_err *err)
{
	const struct dsc_key *key = find(app, name, call, err);
	struct dsc_txn *txn;

	if (!key)
		return err->code;
	txn = dsc_txn_begin(app->model);
	dsc_txn_del(txn, key);
	add_targets(txn);
	dsc_txn_commit(txn, call, NULL, name);
	return 0;
}

void dsc_cmd_drop_keys(struct dsc_txn *txn, uint64_t host_id)
{
	const struct dsc_key *key;

	for (int kind = 0; kind < DSC_KEY_KIND_COUNT; kind++) {
		key = dsc_snapshot_host_key(dsc_txn_state(txn), host_id, kind);
		if (key)
			dsc_txn_del(txn, key);
	}
}
