/* SPDX-License-Identifier: Apache-2.0 */
/* targetd/state.c - the desired state from JSON; see targetd/state.h.
 *
 * One function per kind of object; each names the key at fault, its caller adds where that object lies. */
#include "config.h"

#include "targetd/state.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/container.h"
#include "common/json.h"
#include "common/size.h"
#include "common/util.h"
#include "common/uuid.h"
#include "fabrics/connect.h"
#include "fabrics/discovery_text.h"
#include "fabrics/spec/nvmf.h"
#include "targetd/access.h"
#include "targetd/keys.h"

static const char *const state_keys[] = { "version",   "portals", "subsystems", "host_sets",
					  "host_keys", "comment", NULL };
static const char *const portal_keys[] = { "id",	"portid", "address",	"port",
					   "advertise", "ana",	  "congestion", "secure_channel",
					   "comment",	NULL };
static const char *const subsys_keys[] = {
	"nqn",		 "serial",     "model",	 "allow_any_host", "hosts",   "portals",
	"cntlid_cursor", "namespaces", "access", "require_auth",   "comment", NULL
};
static const char *const ns_keys[] = { "nsid",	   "uuid",   "nguid",	   "eui64",   "backend",
				       "path",	   "size",   "block_size", "hosts",   "read_only",
				       "prefault", "create", "ana_group",  "comment", NULL };

static int no_memory(struct cmn_err *err)
{
	return cmn_err_set(err, -ENOMEM, NULL, "no memory");
}

static int in_item(struct cmn_err *err, const char *key, size_t index, int ret)
{
	char prefix[64];

	snprintf(prefix, sizeof(prefix), "%s[%zu]", key, index);
	if (err && ret < 0)
		cmn_err_prefix(err, prefix);
	return ret;
}

static int check_object(struct json_object *obj, const char *const *known, bool strict,
			struct cmn_err *err)
{
	if (!json_object_is_type(obj, json_type_object))
		return cmn_err_set(err, -EINVAL, NULL, "must be an object");
	return strict ? cmn_json_only(obj, known, err) : 0;
}

static int check_length(size_t nr, size_t max, const char *key, struct cmn_err *err)
{
	return nr <= max ? 0 : cmn_err_set(err, -E2BIG, key, "%zu entries, at most %zu", nr, max);
}

/* Text for a fixed field of Identify: printable ASCII, because hosts show it as it is. */
static int get_label(struct json_object *obj, const char *key, char *ret, size_t size,
		     struct cmn_err *err)
{
	const char *text = NULL;
	int r = cmn_json_str_opt(obj, key, &text, NULL, err);

	if (r < 0 || !text)
		return r;
	if (!*text || !cmn_strlcpy(ret, text, size))
		return cmn_err_set(err, -EINVAL, key, "must have 1 to %zu characters", size - 1);
	for (const char *p = text; *p; p++)
		if (*p < 0x20 || *p > 0x7e)
			return cmn_err_set(err, -EINVAL, key, "only printable ASCII characters");
	return 0;
}

static int get_nqn(const char *text, const char *key, struct cmn_err *err)
{
	char field[TGT_NQN_LEN] = "";

	if (!cmn_strlcpy(field, text, sizeof(field)) || fab_nqn_check(field, sizeof(field)) < 0)
		return cmn_err_set(err, -EINVAL, key, "is not an NVMe Qualified Name");
	return 0;
}

/* -- hosts ------------------------------------------------------------------------------------------------------ */
void tgt_hosts_clear(struct tgt_hosts *hosts)
{
	for (unsigned int i = 0; i < hosts->nr; i++)
		free(hosts->nqn[i]);
	free(hosts->nqn);
	memset(hosts, 0, sizeof(*hosts));
}

static int cmp_str(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static int hosts_fill(struct json_object *arr, size_t nr, struct tgt_hosts *ret,
		      struct cmn_err *err)
{
	for (size_t i = 0; i < nr; i++) {
		struct json_object *item = json_object_array_get_idx(arr, i);
		int r = 0;

		if (!json_object_is_type(item, json_type_string))
			r = cmn_err_set(err, -EINVAL, NULL, "must be a string");
		else
			r = get_nqn(json_object_get_string(item), NULL, err);
		if (r < 0)
			return in_item(err, "hosts", i, r);
		ret->nqn[ret->nr] = strdup(json_object_get_string(item));
		if (!ret->nqn[ret->nr++])
			return no_memory(err);
	}
	qsort(ret->nqn, ret->nr, sizeof(*ret->nqn), cmp_str);
	for (unsigned int i = 1; i < ret->nr; i++)
		if (strcmp(ret->nqn[i - 1], ret->nqn[i]) == 0)
			return cmn_err_set(err, -EEXIST, "hosts", "%.200s is there twice",
					   ret->nqn[i]);
	return 0;
}

int tgt_hosts_parse(struct json_object *obj, bool absent_is_any, struct tgt_hosts *ret,
		    struct cmn_err *err)
{
	struct json_object *arr = NULL;
	size_t nr;
	int r = cmn_json_arr_opt(obj, "hosts", &arr, err);

	if (r < 0)
		return r;
	if (!arr) {
		ret->any = absent_is_any;
		return 0;
	}
	nr = json_object_array_length(arr);
	r = check_length(nr, TGT_HOSTS_MAX, "hosts", err);
	if (r < 0)
		return r;
	ret->nqn = calloc(nr + 1, sizeof(*ret->nqn));
	return ret->nqn ? hosts_fill(arr, nr, ret, err) : no_memory(err);
}

bool tgt_hosts_has(const struct tgt_hosts *hosts, const char *nqn)
{
	return hosts->any ||
	       (hosts->nr && bsearch(&nqn, hosts->nqn, hosts->nr, sizeof(*hosts->nqn), cmp_str));
}

bool tgt_hosts_equal(const struct tgt_hosts *a, const struct tgt_hosts *b)
{
	if (a->any != b->any || a->nr != b->nr)
		return false;
	for (unsigned int i = 0; i < a->nr; i++)
		if (strcmp(a->nqn[i], b->nqn[i]) != 0)
			return false;
	return true;
}

/* -- portals ---------------------------------------------------------------------------------------------------- */
static int portal_address(struct tgt_portal_spec *p, const char *text, struct cmn_err *err)
{
	struct addrinfo hints = { .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV,
				  .ai_socktype = SOCK_STREAM },
			*ai = NULL;
	struct in_addr v4;
	char port[8];

	snprintf(port, sizeof(port), "%u", p->port);
	/* getaddrinfo takes "127.1" for an IPv4 address too, and an IPv6 one with its scope */
	if (!cmn_strlcpy(p->address, text, sizeof(p->address)) ||
	    (!strchr(text, ':') && inet_pton(AF_INET, text, &v4) != 1) ||
	    getaddrinfo(text, port, &hints, &ai) != 0)
		return cmn_err_set(err, -EINVAL, "address",
				   "'%.64s' is not an IPv4 or IPv6 address", text);
	memcpy(&p->sa, ai->ai_addr, ai->ai_addrlen);
	p->sa_len = ai->ai_addrlen;
	freeaddrinfo(ai);
	return 0;
}

static int get_ranged(struct json_object *obj, const char *key, uint64_t min, uint64_t max,
		      uint64_t *value, struct cmn_err *err)
{
	bool has = false;
	int r = cmn_json_u64_opt(obj, key, value, &has, err);

	return r < 0 || !has ? r : cmn_json_range(key, *value, min, max, err);
}

/* {"2": "inaccessible"}; the groups that it doesn't name are optimized. */
static int portal_ana(struct json_object *obj, struct tgt_ana *ret, struct cmn_err *err)
{
	struct json_object *ana = NULL;
	uint64_t group;
	int r = cmn_json_obj_opt(obj, "ana", &ana, err);

	memset(ret->state + 1, NVME_ANA_OPTIMIZED, FAB_ANA_GROUPS);
	if (r < 0 || !ana)
		return r;
	json_object_object_foreach(ana, key, value) {
		if (cmn_parse_u64(key, 1, FAB_ANA_GROUPS, &group) < 0)
			return cmn_err_set(err, -EINVAL, "ana", "'%.32s' is no group from 1 to %d",
					   key, FAB_ANA_GROUPS);
		if (!json_object_is_type(value, json_type_string) ||
		    fab_ana_parse(json_object_get_string(value), &ret->state[group]) < 0)
			return cmn_err_set(err, -EINVAL, "ana", "the state of group %s is unknown",
					   key);
		ret->any |= ret->state[group] != NVME_ANA_OPTIMIZED;
	}
	return 0;
}

static int portal_parse(struct json_object *obj, size_t index, bool strict,
			struct tgt_portal_spec *ret, struct cmn_err *err)
{
	uint64_t portid = index + 1, port = 4420;
	const char *id, *address, *congestion = NULL, *advertise = NULL, *secure = NULL;
	int r = check_object(obj, portal_keys, strict, err);

	if (r == 0)
		r = cmn_json_str(obj, "id", &id, err);
	if (r == 0)
		r = cmn_json_str(obj, "address", &address, err);
	if (r == 0)
		r = get_ranged(obj, "portid", 1, UINT16_MAX, &portid, err);
	if (r == 0)
		r = get_ranged(obj, "port", 0, UINT16_MAX, &port, err);
	if (r == 0)
		r = cmn_json_str_opt(obj, "congestion", &congestion, NULL, err);
	if (r == 0)
		r = cmn_json_str_opt(obj, "advertise", &advertise, &ret->advertised, err);
	if (r == 0 && advertise && !net_ip_parse(&ret->told, advertise))
		r = cmn_err_set(err, -EINVAL, "advertise", "is not an IPv4 or IPv6 address");
	if (r == 0)
		r = portal_ana(obj, &ret->ana, err);
	if (r == 0)
		r = cmn_json_str_opt(obj, "secure_channel", &secure, NULL, err);
	if (r == 0 && secure &&
	    (fab_disc_secure_parse(secure, &ret->secure_channel) < 0 ||
	     ret->secure_channel == NVMF_TREQ_SECURE_REQUIRED))
		r = cmn_err_set(err, -EINVAL, "secure_channel",
				"must be not_specified or not_required");
	if (r < 0)
		return r;
	if (congestion && !cmn_strlcpy(ret->congestion, congestion, sizeof(ret->congestion)))
		return cmn_err_set(err, -EINVAL, "congestion", "must have at most %zu characters",
				   sizeof(ret->congestion) - 1);
	if (!*id || !cmn_strlcpy(ret->id, id, sizeof(ret->id)))
		return cmn_err_set(err, -EINVAL, "id", "must have 1 to %d characters",
				   TGT_PORTAL_ID_MAX - 1);
	ret->portid = (uint16_t)portid;
	ret->port = (uint16_t)port;
	return portal_address(ret, address, err);
}

static int portal_unique(const struct tgt_state *st, unsigned int index, struct cmn_err *err)
{
	const struct tgt_portal_spec *p = &st->portals[index];

	for (unsigned int i = 0; i < index; i++) {
		const struct tgt_portal_spec *q = &st->portals[i];

		if (strcmp(p->id, q->id) == 0)
			return cmn_err_set(err, -EEXIST, "id", "portals[%u] has the same", i);
		if (p->portid == q->portid)
			return cmn_err_set(err, -EEXIST, "portid", "portals[%u] has the same", i);
		if (p->port && p->port == q->port && strcmp(p->address, q->address) == 0)
			return cmn_err_set(err, -EEXIST, "address",
					   "portals[%u] has the same address and port", i);
	}
	return 0;
}

static int portals_parse(struct json_object *arr, bool strict, struct tgt_state *ret,
			 struct cmn_err *err)
{
	size_t nr = json_object_array_length(arr);
	int r = check_length(nr, TGT_PORTALS_MAX, "portals", err);

	if (r < 0)
		return r;
	ret->portals = calloc(nr + 1, sizeof(*ret->portals));
	if (!ret->portals)
		return no_memory(err);
	for (size_t i = 0; i < nr; i++) {
		r = portal_parse(json_object_array_get_idx(arr, i), i, strict, &ret->portals[i],
				 err);
		if (r == 0)
			r = portal_unique(ret, (unsigned int)i, err);
		if (r < 0)
			return in_item(err, "portals", i, r);
		ret->nr_portals++;
	}
	return 0;
}

/* -- namespaces ------------------------------------------------------------------------------------------------- */
static int size_of(struct json_object *obj, uint64_t *ret, struct cmn_err *err)
{
	struct json_object *v = NULL;

	if (!json_object_object_get_ex(obj, "size", &v) || !v)
		return 0;
	if (!json_object_is_type(v, json_type_string))
		return cmn_json_u64(obj, "size", ret, err);
	if (cmn_size_parse(json_object_get_string(v), ret) < 0)
		return cmn_err_set(err, -EINVAL, "size",
				   "'%.64s' is not a size such as 1073741824 or \"1GiB\"",
				   json_object_get_string(v));
	return 0;
}

static int ns_size(struct json_object *obj, struct tgt_ns_spec *ret, struct cmn_err *err)
{
	uint64_t block = 512;
	int r = cmn_json_u64_opt(obj, "block_size", &block, NULL, err);

	if (r == 0 && block != 512 && block != 4096)
		r = cmn_err_set(err, -EINVAL, "block_size", "must be 512 or 4096");
	if (r == 0)
		r = size_of(obj, &ret->size, err);
	if (r < 0)
		return r;
	if (ret->size % block || ret->size > INT64_MAX)
		return cmn_err_set(err, -EINVAL, "size",
				   "must be a multiple of the block size (%u) below 8 EiB",
				   (unsigned int)block);
	if (!ret->size && !ret->path)
		return cmn_err_set(err, -EINVAL, "size", "is missing");
	ret->block_size = (uint32_t)block;
	return 0;
}

static int hex_parse(const char *text, uint8_t *ret, size_t len)
{
	if (strlen(text) != 2 * len || strspn(text, "0123456789abcdefABCDEF") != 2 * len)
		return -EINVAL;
	for (size_t i = 0; i < len; i++) {
		unsigned int b;

		sscanf(text + 2 * i, "%2x", &b);
		ret[i] = (uint8_t)b;
	}
	return 0;
}

static int ns_hex_id(struct json_object *obj, const char *key, uint8_t *ret, size_t len,
		     struct cmn_err *err)
{
	static const uint8_t zero[16];
	const char *text = NULL;
	int r = cmn_json_str_opt(obj, key, &text, NULL, err);

	if (r < 0 || !text)
		return r;
	if (hex_parse(text, ret, len) < 0 || memcmp(ret, zero, len) == 0)
		return cmn_err_set(err, -EINVAL, key,
				   "must be %zu hexadecimal digits, not all zero", 2 * len);
	return 0;
}

static int ns_ids(struct json_object *obj, const char *nqn, struct tgt_ns_spec *ret,
		  struct cmn_err *err)
{
	const char *text = NULL;
	struct cmn_uuid uuid;
	int r = cmn_json_str_opt(obj, "uuid", &text, NULL, err);

	if (r < 0)
		return r;
	tgt_derive_id(nqn, ret->nsid, TGT_ID_UUID, ret->uuid);
	tgt_derive_id(nqn, ret->nsid, TGT_ID_NGUID, ret->nguid);
	tgt_derive_id(nqn, ret->nsid, TGT_ID_EUI64, ret->eui64);
	for (int kind = 0; kind < TGT_ID_KIND_COUNT; kind++) {
		if (!json_object_object_get_ex(obj, tgt_id_key[kind], NULL))
			ret->derived |= (uint8_t)(1 << kind);
	}
	if (text) {
		if (cmn_uuid_parse(text, &uuid) < 0 || cmn_uuid_is_nil(&uuid))
			return cmn_err_set(err, -EINVAL, "uuid", "is not a UUID");
		memcpy(ret->uuid, uuid.b, sizeof(ret->uuid));
	}
	r = ns_hex_id(obj, "nguid", ret->nguid, sizeof(ret->nguid), err);
	return r < 0 ? r : ns_hex_id(obj, "eui64", ret->eui64, sizeof(ret->eui64), err);
}

static int ns_parse(struct json_object *obj, const char *nqn, bool strict, struct tgt_ns_spec *ret,
		    struct cmn_err *err)
{
	const char *backend, *path = NULL;
	uint64_t nsid, group = 1;
	int r = check_object(obj, ns_keys, strict, err);

	if (r == 0)
		r = cmn_json_u64(obj, "nsid", &nsid, err);
	if (r == 0)
		r = cmn_json_range("nsid", nsid, 1, TGT_NAMESPACES_MAX, err);
	if (r == 0)
		r = cmn_json_str(obj, "backend", &backend, err);
	if (r == 0)
		r = cmn_json_str_opt(obj, "path", &path, NULL, err);
	if (r == 0)
		r = cmn_json_bool_opt(obj, "read_only", &ret->read_only, NULL, err);
	if (r == 0)
		r = get_ranged(obj, "ana_group", 1, FAB_ANA_GROUPS, &group, err);
	if (r < 0)
		return r;
	ret->nsid = (uint32_t)nsid;
	ret->ana_group = (uint32_t)group;
	ret->json = json_object_get(obj);
	if (!cmn_strlcpy(ret->backend, backend, sizeof(ret->backend)))
		return cmn_err_set(err, -EINVAL, "backend", "is unknown");
	if (path && !(ret->path = strdup(path)))
		return no_memory(err);
	r = ns_size(obj, ret, err);
	if (r == 0)
		r = ns_ids(obj, nqn, ret, err);
	return r < 0 ? r : tgt_hosts_parse(obj, true, &ret->hosts, err);
}

static int cmp_ns(const void *a, const void *b)
{
	const struct tgt_ns_spec *x = a, *y = b;

	return x->nsid < y->nsid ? -1 : x->nsid > y->nsid;
}

static int namespaces_parse(struct json_object *obj, bool strict, struct tgt_subsys_spec *ret,
			    struct cmn_err *err)
{
	struct json_object *arr = NULL;
	size_t nr;
	int r = cmn_json_arr_opt(obj, "namespaces", &arr, err);

	if (r < 0 || !arr)
		return r;
	nr = json_object_array_length(arr);
	r = check_length(nr, TGT_NAMESPACES_MAX, "namespaces", err);
	if (r < 0)
		return r;
	ret->ns = calloc(nr + 1, sizeof(*ret->ns));
	if (!ret->ns)
		return no_memory(err);
	for (size_t i = 0; i < nr; i++) {
		ret->nr_ns++; /* even a half filled one is freed with the others */
		r = ns_parse(json_object_array_get_idx(arr, i), ret->nqn, strict, &ret->ns[i], err);
		for (size_t k = 0; r == 0 && k < i; k++)
			if (ret->ns[k].nsid == ret->ns[i].nsid)
				r = cmn_err_set(err, -EEXIST, "nsid", "%u is there twice",
						ret->ns[i].nsid);
		if (r < 0)
			return in_item(err, "namespaces", i, r);
	}
	return 0;
}

/* -- subsystems ------------------------------------------------------------------------------------------------- */
static int subsys_portals(struct json_object *obj, struct tgt_subsys_spec *ret, struct cmn_err *err)
{
	struct json_object *arr = NULL;
	size_t nr;
	int r = cmn_json_arr_opt(obj, "portals", &arr, err);

	ret->all_portals = !arr;
	if (r < 0 || !arr)
		return r;
	nr = json_object_array_length(arr);
	r = check_length(nr, TGT_PORTALS_MAX, "portals", err);
	if (r < 0)
		return r;
	ret->portals = calloc(nr + 1, sizeof(*ret->portals));
	if (!ret->portals)
		return no_memory(err);
	for (size_t i = 0; i < nr; i++) {
		struct json_object *item = json_object_array_get_idx(arr, i);

		if (!json_object_is_type(item, json_type_string) ||
		    !cmn_strlcpy(ret->portals[i], json_object_get_string(item), TGT_PORTAL_ID_MAX))
			return in_item(
				err, "portals", i,
				cmn_err_set(err, -EINVAL, NULL, "must be the id of a portal"));
		ret->nr_portals++;
	}
	return 0;
}

static int subsys_access(struct json_object *obj, struct tgt_subsys_spec *ret, struct cmn_err *err)
{
	bool any = false;
	int r = cmn_json_bool_opt(obj, "allow_any_host", &any, NULL, err);

	if (r == 0)
		r = tgt_hosts_parse(obj, false, &ret->hosts, err);
	ret->hosts.any = any;
	return r < 0 ? r : cmn_json_bool_opt(obj, "require_auth", &ret->require_auth, NULL, err);
}

static int subsys_fill(struct json_object *obj, bool strict, struct tgt_host_set *sets,
		       struct tgt_subsys_spec *ret, struct cmn_err *err)
{
	const char *nqn;
	uint64_t cursor = 1;
	int r = check_object(obj, subsys_keys, strict, err);

	if (r == 0)
		r = cmn_json_str(obj, "nqn", &nqn, err);
	if (r == 0)
		r = get_nqn(nqn, "nqn", err);
	if (r < 0)
		return r;
	if (strcmp(nqn, NVMF_DISC_NQN) == 0)
		return cmn_err_set(err, -EINVAL, "nqn", "is the discovery service's own name");
	cmn_strlcpy(ret->nqn, nqn, sizeof(ret->nqn));
	tgt_derive_serial(nqn, ret->serial);
	cmn_strlcpy(ret->model, "Pharos", sizeof(ret->model));
	r = get_label(obj, "serial", ret->serial, sizeof(ret->serial), err);
	if (r == 0)
		r = get_label(obj, "model", ret->model, sizeof(ret->model), err);
	if (r == 0)
		r = get_ranged(obj, "cntlid_cursor", 1, UINT16_MAX, &cursor, err);
	if (r == 0)
		r = subsys_access(obj, ret, err);
	if (r == 0)
		r = tgt_access_parse(obj, strict, sets, &ret->access, err);
	if (r == 0)
		r = subsys_portals(obj, ret, err);
	ret->cntlid_cursor = (uint16_t)cursor;
	return r < 0 ? r : namespaces_parse(obj, strict, ret, err);
}

void tgt_subsys_spec_free(struct tgt_subsys_spec *spec)
{
	if (!spec)
		return;
	for (unsigned int i = 0; i < spec->nr_ns; i++) {
		free(spec->ns[i].path);
		tgt_hosts_clear(&spec->ns[i].hosts);
		json_object_put(spec->ns[i].json);
	}
	tgt_hosts_clear(&spec->hosts);
	tgt_access_free(spec->access);
	free(spec->portals);
	free(spec->ns);
	free(spec);
}

struct nqn_seen {
	UT_hash_handle hh;
	size_t index;
	const char *nqn;
};

static void seen_clear(struct nqn_seen **seen)
{
	struct nqn_seen *s, *next;

	HASH_ITER(hh, *seen, s, next) {
		HASH_DEL(*seen, s);
		free(s);
	}
}

static int seen_add(struct nqn_seen **seen, const struct tgt_subsys_spec *spec, size_t index,
		    struct cmn_err *err)
{
	struct nqn_seen *s;

	HASH_FIND_STR(*seen, spec->nqn, s);
	if (s)
		return cmn_err_set(err, -EEXIST, "nqn", "subsystems[%zu] has the same", s->index);
	s = calloc(1, sizeof(*s));
	if (!s)
		return no_memory(err);
	s->index = index;
	s->nqn = spec->nqn;
	HASH_ADD_KEYPTR(hh, *seen, s->nqn, strlen(s->nqn), s);
	return 0;
}

/* Sorts by NSID only after this, so that paths in errors are those of the document. */
static int subsys_unique(struct nqn_seen **seen, struct tgt_idset *ids,
			 struct tgt_subsys_spec *spec, size_t index, struct cmn_err *err)
{
	int r = seen_add(seen, spec, index, err);

	for (unsigned int i = 0; r == 0 && i < spec->nr_ns; i++)
		r = in_item(err, "namespaces", i, tgt_idset_add(ids, spec->nqn, &spec->ns[i], err));
	if (r == 0 && spec->nr_ns)
		qsort(spec->ns, spec->nr_ns, sizeof(*spec->ns), cmp_ns);
	return r;
}

static int subsystems_parse(struct json_object *arr, bool strict, struct tgt_host_set *sets,
			    struct tgt_state *ret, struct cmn_err *err)
{
	size_t nr = json_object_array_length(arr);
	struct nqn_seen *seen = NULL;
	struct tgt_idset *ids;
	int r = check_length(nr, TGT_SUBSYSTEMS_MAX, "subsystems", err);

	if (r < 0)
		return r;
	ids = tgt_idset_create();
	ret->subsystems = calloc(nr + 1, sizeof(*ret->subsystems));
	r = ids && ret->subsystems ? 0 : no_memory(err);
	for (size_t i = 0; r == 0 && i < nr; i++) {
		struct tgt_subsys_spec *spec = calloc(1, sizeof(*spec));

		ret->subsystems[ret->nr_subsystems++] = spec;
		r = spec ? subsys_fill(json_object_array_get_idx(arr, i), strict, sets, spec, err)
			 : no_memory(err);
		if (r == 0)
			r = subsys_unique(&seen, ids, spec, i, err);
		in_item(err, "subsystems", i, r);
	}
	seen_clear(&seen);
	tgt_idset_destroy(ids);
	return r;
}

/* -- documents -------------------------------------------------------------------------------------------------- */
int tgt_state_parse_parts(struct json_object *obj, bool strict, struct tgt_state *ret,
			  struct cmn_err *err)
{
	struct json_object *portals = NULL, *subsystems = NULL;
	struct tgt_host_set *sets = NULL;
	struct tgt_state st = { 0 };
	int r = cmn_json_arr_opt(obj, "portals", &portals, err);

	if (r == 0)
		r = cmn_json_arr_opt(obj, "subsystems", &subsystems, err);
	if (r == 0)
		r = tgt_host_sets_parse(obj, strict, &sets, err);
	if (r == 0)
		r = tgt_keys_parse(obj, strict, &st.keys, err);
	if (r == 0 && portals)
		r = portals_parse(portals, strict, &st, err);
	if (r == 0 && subsystems)
		r = subsystems_parse(subsystems, strict, sets, &st, err);
	tgt_host_sets_clear(&sets);
	if (r < 0)
		tgt_state_clear(&st);
	else
		*ret = st;
	return r;
}

static int check_portal_refs(const struct tgt_state *st, const struct tgt_subsys_spec *spec,
			     struct cmn_err *err)
{
	for (unsigned int i = 0; i < spec->nr_portals; i++) {
		unsigned int k = 0;

		while (k < st->nr_portals && strcmp(st->portals[k].id, spec->portals[i]) != 0)
			k++;
		if (k == st->nr_portals)
			return in_item(err, "portals", i,
				       cmn_err_set(err, -EINVAL, NULL, "there is no portal '%s'",
						   spec->portals[i]));
	}
	return 0;
}

int tgt_state_parse(struct json_object *doc, bool strict, struct tgt_state *ret,
		    struct cmn_err *err)
{
	struct tgt_state st = { 0 };
	uint64_t version = 1;
	int r = check_object(doc, state_keys, strict, err);

	if (r == 0)
		r = cmn_json_u64_opt(doc, "version", &version, NULL, err);
	if (r == 0 && version != 1)
		r = cmn_err_set(err, -EINVAL, "version", "this worker understands version 1 only");
	if (r == 0)
		r = tgt_state_parse_parts(doc, strict, &st, err);
	for (unsigned int i = 0; r == 0 && i < st.nr_subsystems; i++)
		r = in_item(err, "subsystems", i, check_portal_refs(&st, st.subsystems[i], err));
	if (r < 0)
		tgt_state_clear(&st);
	else
		*ret = st;
	return r;
}

void tgt_state_clear(struct tgt_state *state)
{
	for (unsigned int i = 0; i < state->nr_subsystems; i++)
		tgt_subsys_spec_free(state->subsystems[i]);
	free(state->subsystems);
	free(state->portals);
	tgt_keys_free(state->keys);
	memset(state, 0, sizeof(*state));
}
