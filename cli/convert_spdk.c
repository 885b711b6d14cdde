/* SPDX-License-Identifier: Apache-2.0 */
/* cli/convert_spdk.c - what SPDK's save_config writes, a replay of RPCs, as a configuration document. */
#include "cli/convert.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct walk {
	struct cli_conversion c;
	struct json_object *bdevs; /* parameters of the bdev_*_create, by the bdev's name */
	struct json_object *keys; /* paths by key name */
};

/* -- bdevs and keys ---------------------------------------------------------------------------------- */
static const struct {
	const char *method, *backend;
} bdev_kinds[] = {
	{ "bdev_aio_create", "file" },
	{ "bdev_uring_create", "file" },
	{ "bdev_malloc_create", "ram" },
	{ "bdev_null_create", "null" },
};

static void on_bdev(struct walk *w, const char *method, struct json_object *params)
{
	for (size_t i = 0; i < sizeof(bdev_kinds) / sizeof(*bdev_kinds); i++) {
		if (strcmp(bdev_kinds[i].method, method) != 0)
			continue;
		cli_conv_add(params, "backend", bdev_kinds[i].backend);
		json_object_object_add(w->bdevs, cli_conv_text(params, "name"),
				       json_object_get(params));
	}
}

static void on_key(struct walk *w, const char *method, struct json_object *params)
{
	if (strcmp(method, "keyring_file_add_key") == 0)
		cli_conv_add(w->keys, cli_conv_text(params, "name"), cli_conv_text(params, "path"));
}

/* -- the nvmf section ------------------------------------------------------------------------------------- */
static void on_subsys(struct walk *w, struct json_object *subsys, struct json_object *params)
{
	const char *serial = cli_conv_text(params, "serial_number");
	const char *model = cli_conv_text(params, "model_number");

	json_object_object_add(subsys, "allow_any_host",
			       json_object_new_boolean(cli_conv_is_set(params, "allow_any_host")));
	if (*serial)
		cli_conv_add(subsys, "serial", serial);
	if (*model)
		cli_conv_add(subsys, "model", model);
	if (cli_conv_is_set(params, "passthrough"))
		cli_unmapped(&w->c, "%s: passthrough", cli_conv_text(subsys, "nqn"));
}

static void on_host(struct walk *w, struct json_object *subsys, struct json_object *params)
{
	static const char *const secrets[][2] = {
		{ "dhchap_key", "dhchap" },
		{ "dhchap_ctrlr_key", "dhchap_ctrl" },
		{ "psk", NULL },
	};
	const char *host = cli_conv_text(params, "host"), *name, *file;

	cli_conv_host(&w->c, host);
	cli_conv_add_to(subsys, "hosts", host);
	for (size_t i = 0; i < sizeof(secrets) / sizeof(*secrets); i++) {
		name = cli_conv_text(params, secrets[i][0]);
		file = cli_conv_text(w->keys, name);
		if (*name && !(secrets[i][1] && *file == '/' && *host &&
			       cli_conv_key(&w->c, host, secrets[i][1], file)))
			cli_unmapped(&w->c, "%s host %s: key %s is %s (%s)",
				     cli_conv_text(subsys, "nqn"), host, secrets[i][0], name, file);
	}
}

/* Backend, path and size from the bdev; false: told why not. */
static bool take_bdev(struct walk *w, struct json_object *ns, const char *nqn, const char *name)
{
	struct json_object *bdev = cli_conv_obj(w->bdevs, name);
	long long block = atoll(cli_conv_text(bdev, "block_size"));
	long long blocks = atoll(cli_conv_text(bdev, "num_blocks"));
	const char *backend = cli_conv_text(bdev, "backend");

	if (!bdev) {
		cli_unmapped(&w->c,
			     "%s: bdev %s is not known here (a logical volume, or remote); give "
			     "its namespace a file or device",
			     nqn, name);
		return false;
	}
	if (block && block != 512 && block != 4096) {
		cli_unmapped(&w->c, "%s: bdev %s has blocks of %lld bytes", nqn, name, block);
		return false;
	}
	cli_conv_add(ns, "backend", backend);
	if (block)
		json_object_object_add(ns, "block_size", json_object_new_int64(block));
	if (strcmp(backend, "file") == 0)
		cli_conv_add(ns, "path", cli_conv_text(bdev, "filename"));
	else
		json_object_object_add(ns, "size", json_object_new_int64(block * blocks));
	return true;
}

/* The one given, or the lowest that the subsystem has free. */
static int choose_nsid(struct json_object *subsys, int wanted)
{
	struct json_object *list = json_object_object_get(subsys, "namespaces");
	int nsid = 1;

	for (size_t i = 0; !wanted && i < json_object_array_length(list); i++) {
		if (atoi(cli_conv_text(json_object_array_get_idx(list, i), "nsid")) == nsid) {
			nsid++;
			i = (size_t)-1; /* from the start, for the next number */
		}
	}
	return wanted ? wanted : nsid;
}

static void on_ns(struct walk *w, struct json_object *subsys, struct json_object *params)
{
	struct json_object *in = cli_conv_obj(params, "namespace");
	struct json_object *ns = json_object_new_object();
	int nsid = choose_nsid(subsys, atoi(cli_conv_text(in, "nsid")));
	const char *nqn = cli_conv_text(subsys, "nqn");

	json_object_object_add(ns, "nsid", json_object_new_int(nsid));
	if (!take_bdev(w, ns, nqn, cli_conv_text(in, "bdev_name"))) {
		json_object_put(ns);
		return;
	}
	cli_conv_add_id(ns, "uuid", cli_conv_text(in, "uuid"), true);
	cli_conv_add_id(ns, "nguid", cli_conv_text(in, "nguid"), false);
	cli_conv_add_id(ns, "eui64", cli_conv_text(in, "eui64"), false);
	if (!cli_conv_ana_group(&w->c, ns, cli_conv_text(in, "anagrpid")))
		cli_unmapped(&w->c, "%s namespace %d: ANA group %s", nqn, nsid,
			     cli_conv_text(in, "anagrpid"));
	if (cli_conv_is_set(in, "no_auto_visible"))
		json_object_object_add(ns, "hosts", json_object_new_array());
	if (*cli_conv_text(in, "ptpl_file"))
		cli_unmapped(&w->c, "%s namespace %d: reservations kept in %s", nqn, nsid,
			     cli_conv_text(in, "ptpl_file"));
	json_object_array_add(json_object_object_get(subsys, "namespaces"), ns);
}

static void on_ns_host(struct walk *w, struct json_object *subsys, struct json_object *params)
{
	const char *nsid = cli_conv_text(params, "nsid");
	struct json_object *ns;

	for (size_t i = 0; i < cli_conv_count(subsys, "namespaces"); i++) {
		ns = cli_conv_at(subsys, "namespaces", i);
		if (strcmp(cli_conv_text(ns, "nsid"), nsid) == 0)
			cli_conv_add_to(ns, "hosts", cli_conv_text(params, "host"));
	}
	(void)w;
}

static bool is_tcp(const char *trtype)
{
	return strcmp(trtype, "TCP") == 0 || strcmp(trtype, "tcp") == 0;
}

static void on_listener(struct walk *w, struct json_object *subsys, struct json_object *params)
{
	struct json_object *addr = cli_conv_obj(params, "listen_address");
	const char *nqn = cli_conv_text(subsys, "nqn"), *traddr = cli_conv_text(addr, "traddr");

	if (!is_tcp(cli_conv_text(addr, "trtype"))) {
		cli_unmapped(&w->c, "%s: listener at %s, transport %s, only tcp is there", nqn,
			     traddr, cli_conv_text(addr, "trtype"));
		return;
	}
	if (cli_conv_is_set(params, "secure_channel"))
		cli_unmapped(&w->c,
			     "%s: listener at %s has a secure channel (TLS); its portal has "
			     "none",
			     nqn, traddr);
	cli_conv_add_to(subsys, "portals",
			cli_conv_portal(&w->c, traddr, cli_conv_text(addr, "trsvcid")));
}

/* Of one group, or without a number of all that the subsystem's namespaces are of. */
static void on_ana_state(struct walk *w, struct json_object *subsys, struct json_object *params)
{
	struct json_object *addr = cli_conv_obj(params, "listen_address");
	const char *group = cli_conv_text(params, "anagrpid"), *of, *portal;
	const char *state = cli_conv_text(params, "ana_state");

	if (!is_tcp(cli_conv_text(addr, "trtype")))
		return; /* which its listener has told */
	portal = cli_conv_portal(&w->c, cli_conv_text(addr, "traddr"),
				 cli_conv_text(addr, "trsvcid"));
	for (size_t i = 0; i < cli_conv_count(subsys, "namespaces"); i++) {
		of = cli_conv_text(cli_conv_at(subsys, "namespaces", i), "ana_group");
		of = *of ? of : "1";
		if (*group && strcmp(group, of) != 0)
			continue;
		if (!cli_conv_ana_state(&w->c, of, portal, state))
			cli_unmapped(&w->c, "%s: ANA state %s of group %s",
				     cli_conv_text(subsys, "nqn"), state, of);
	}
}

/* In passes, as releases write them in different orders. */
static const struct {
	const char *method;
	void (*take)(struct walk *w, struct json_object *subsys, struct json_object *params);
} methods[] = {
	{ "nvmf_create_subsystem", on_subsys },
	{ "nvmf_subsystem_add_host", on_host },
	{ "nvmf_subsystem_add_ns", on_ns },
	{ "nvmf_ns_add_host", on_ns_host },
	{ "nvmf_subsystem_add_listener", on_listener },
	{ "nvmf_subsystem_listener_set_ana_state", on_ana_state },
};

/* -- all ------------------------------------------------------------------------------------------------------ */
/* Calls take for each RPC of the section. */
static void each_rpc(struct walk *w, struct json_object *in, const char *section,
		     void (*take)(struct walk *w, const char *method, struct json_object *params))
{
	struct json_object *part, *rpc, *params;

	for (size_t i = 0; i < cli_conv_count(in, "subsystems"); i++) {
		part = cli_conv_at(in, "subsystems", i);
		if (strcmp(cli_conv_text(part, "subsystem"), section) != 0)
			continue;
		for (size_t j = 0; j < cli_conv_count(part, "config"); j++) {
			rpc = cli_conv_at(part, "config", j);
			params = cli_conv_obj(rpc, "params");
			if (params)
				take(w, cli_conv_text(rpc, "method"), params);
		}
	}
}

static void on_referral(struct walk *w, const char *method, struct json_object *params)
{
	struct json_object *addr = cli_conv_obj(params, "address");

	if (strcmp(method, "nvmf_discovery_add_referral") == 0 &&
	    !cli_conv_referral(&w->c, cli_conv_text(addr, "trtype"), cli_conv_text(addr, "traddr"),
			       cli_conv_text(addr, "trsvcid"), cli_conv_text(params, "subnqn")))
		cli_unmapped(&w->c, "referral to %s", cli_conv_text(addr, "traddr"));
}

static void take_methods(struct walk *w, struct json_object *in, size_t pass)
{
	struct json_object *part, *rpc, *params, *subsys;

	for (size_t i = 0; i < cli_conv_count(in, "subsystems"); i++) {
		part = cli_conv_at(in, "subsystems", i);
		if (strcmp(cli_conv_text(part, "subsystem"), "nvmf") != 0)
			continue;
		for (size_t j = 0; j < cli_conv_count(part, "config"); j++) {
			rpc = cli_conv_at(part, "config", j);
			params = cli_conv_obj(rpc, "params");
			if (strcmp(cli_conv_text(rpc, "method"), methods[pass].method) != 0)
				continue;
			subsys = cli_conv_subsys(&w->c, cli_conv_text(params, "nqn"));
			if (subsys)
				methods[pass].take(w, subsys, params);
		}
	}
}

struct json_object *cli_convert_spdk(struct json_object *in, struct json_object *unmapped)
{
	struct walk w = { .bdevs = json_object_new_object(), .keys = json_object_new_object() };

	cli_conversion_begin(&w.c, unmapped, "spdk");
	each_rpc(&w, in, "bdev", on_bdev);
	each_rpc(&w, in, "keyring", on_key);
	each_rpc(&w, in, "nvmf", on_referral);
	for (size_t pass = 0; pass < sizeof(methods) / sizeof(*methods); pass++)
		take_methods(&w, in, pass);
	json_object_put(w.bdevs);
	json_object_put(w.keys);
	return w.c.doc;
}
