/* SPDX-License-Identifier: Apache-2.0 */
/* targetd/state_id.c - identifiers of namespaces: derived where absent, unique everywhere; see targetd/state.h. */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/uuid.h"
#include "targetd/state.h"

/* The name space of what is derived.  Changing it changes the identity of disks that hosts know. */
static const struct cmn_uuid space = { { 0x7c, 0x0e, 0x6f, 0x52, 0x1f, 0x3b, 0x4d, 0x0a, 0x9d, 0x55,
					 0x50, 0x68, 0x61, 0x72, 0x6f, 0x73 } };

const char *const tgt_id_key[TGT_ID_KIND_COUNT] = {
	[TGT_ID_UUID] = "uuid",
	[TGT_ID_NGUID] = "nguid",
	[TGT_ID_EUI64] = "eui64",
};

static void derive(const char *kind, const char *nqn, uint32_t nsid, struct cmn_uuid *ret)
{
	char name[TGT_NQN_LEN + 96];
	int len = snprintf(name, sizeof(name), "%s %s %u", kind, nqn, nsid);

	cmn_uuid_from_name(&space, name, (size_t)len, ret);
}

void tgt_derive_serial(const char *nqn, char ret[21])
{
	struct cmn_uuid id;

	derive("serial", nqn, 0, &id);
	snprintf(ret, 21, "PH%02X%02X%02X%02X%02X%02X%02X%02X%02X", id.b[0], id.b[1], id.b[2],
		 id.b[3], id.b[4], id.b[5], id.b[9], id.b[10], id.b[11]);
}

void tgt_derive_id(const char *nqn, uint32_t nsid, enum tgt_id_kind kind, uint8_t *ret)
{
	struct cmn_uuid id;

	derive(tgt_id_key[kind], nqn, nsid, &id);
	/* where an OUI would be, say that it is administered locally: not one that IEEE gave to somebody */
	if (kind == TGT_ID_NGUID)
		id.b[8] = (uint8_t)((id.b[8] & 0xfc) | 0x02);
	if (kind == TGT_ID_EUI64)
		id.b[0] = (uint8_t)((id.b[0] & 0xfc) | 0x02);
	memcpy(ret, id.b, kind == TGT_ID_EUI64 ? 8 : 16);
}

static uint8_t *id_of(struct tgt_ns_spec *ns, enum tgt_id_kind kind)
{
	uint8_t *const id[TGT_ID_KIND_COUNT] = { ns->uuid, ns->nguid, ns->eui64 };

	return id[kind];
}

static void renew(const char *nqn, struct tgt_ns_spec *ns, const char *run)
{
	char name[TGT_NQN_LEN + CMN_UUID_STR_LEN + 2];

	snprintf(name, sizeof(name), "%s %s", nqn, run);
	for (int kind = 0; kind < TGT_ID_KIND_COUNT; kind++) {
		if (ns->derived & 1 << kind)
			tgt_derive_id(name, ns->nsid, kind, id_of(ns, kind));
	}
}

void tgt_state_renew_ram(struct tgt_state *state, const struct cmn_uuid *run)
{
	char text[CMN_UUID_STR_LEN + 1];

	cmn_uuid_format(run, text);
	for (unsigned int i = 0; i < state->nr_subsystems; i++) {
		struct tgt_subsys_spec *ss = state->subsystems[i];

		for (unsigned int n = 0; n < ss->nr_ns; n++) {
			if (strcmp(ss->ns[n].backend, "ram") == 0)
				renew(ss->nqn, &ss->ns[n], text);
		}
	}
}

struct id_key {
	uint8_t kind, id[16];
};

struct id_entry {
	struct id_key key;
	UT_hash_handle hh;
	uint32_t nsid;
	char nqn[TGT_NQN_LEN];
};

struct tgt_idset {
	struct id_entry *head;
};

struct tgt_idset *tgt_idset_create(void)
{
	return calloc(1, sizeof(struct tgt_idset));
}

void tgt_idset_destroy(struct tgt_idset *set)
{
	struct id_entry *e, *next;

	if (!set)
		return;
	HASH_ITER(hh, set->head, e, next) {
		HASH_DEL(set->head, e);
		free(e);
	}
	free(set);
}

static void make_key(const struct tgt_ns_spec *ns, enum tgt_id_kind kind, struct id_key *key)
{
	memset(key, 0, sizeof(*key));
	key->kind = (uint8_t)kind;
	if (kind == TGT_ID_EUI64)
		memcpy(key->id, ns->eui64, sizeof(ns->eui64));
	else
		memcpy(key->id, kind == TGT_ID_UUID ? ns->uuid : ns->nguid, sizeof(key->id));
}

static int add_one(struct tgt_idset *set, const char *nqn, const struct tgt_ns_spec *ns,
		   enum tgt_id_kind kind, struct cmn_err *err)
{
	struct id_entry *e;
	struct id_key key;

	make_key(ns, kind, &key);
	HASH_FIND(hh, set->head, &key, sizeof(key), e);
	if (e)
		return cmn_err_set(err, -EEXIST, tgt_id_key[kind],
				   "already the %s of namespace %u of %s", tgt_id_key[kind],
				   e->nsid, e->nqn);
	e = calloc(1, sizeof(*e));
	if (!e)
		return cmn_err_set(err, -ENOMEM, NULL, "no memory");
	e->key = key;
	e->nsid = ns->nsid;
	snprintf(e->nqn, sizeof(e->nqn), "%s", nqn);
	HASH_ADD(hh, set->head, key, sizeof(e->key), e);
	return 0;
}

static void del_one(struct tgt_idset *set, const char *nqn, const struct tgt_ns_spec *ns,
		    enum tgt_id_kind kind)
{
	struct id_entry *e;
	struct id_key key;

	make_key(ns, kind, &key);
	HASH_FIND(hh, set->head, &key, sizeof(key), e);
	if (!e || e->nsid != ns->nsid || strcmp(e->nqn, nqn) != 0)
		return;
	HASH_DEL(set->head, e);
	free(e);
}

int tgt_idset_add(struct tgt_idset *set, const char *nqn, const struct tgt_ns_spec *ns,
		  struct cmn_err *err)
{
	for (int kind = 0; kind < TGT_ID_KIND_COUNT; kind++) {
		int ret = add_one(set, nqn, ns, kind, err);

		if (ret < 0) {
			while (--kind >= 0)
				del_one(set, nqn, ns, kind);
			return ret;
		}
	}
	return 0;
}

void tgt_idset_del(struct tgt_idset *set, const char *nqn, const struct tgt_ns_spec *ns)
{
	for (int kind = 0; kind < TGT_ID_KIND_COUNT; kind++)
		del_one(set, nqn, ns, kind);
}
