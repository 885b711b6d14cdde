/* SPDX-License-Identifier: Apache-2.0 */
/* cli/convert_nvmet.c - what nvmetcli saves of the kernel's target as a configuration document. */
#include "cli/convert.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NSID_MAX 4096

/* Attributes of a subsystem that follow from how Pharos works; a value other than the default is told. */
static const struct {
	const char *name, *usual;
} attrs[] = {
	{ "cntlid_min", "1" }, { "cntlid_max", "65519" },  { "pi_enable", "0" },
	{ "qid_max", "128" },  { "ieee_oui", "0x000000" },
};

static void take_attrs(struct cli_conversion *c, struct json_object *subsys,
		       struct json_object *attr)
{
	const char *serial = cli_conv_text(attr, "serial"), *model = cli_conv_text(attr, "model");
	const char *nqn = cli_conv_text(subsys, "nqn"), *value;

	if (*serial)
		cli_conv_add(subsys, "serial", serial);
	if (*model)
		cli_conv_add(subsys, "model", model);
	json_object_object_add(subsys, "allow_any_host",
			       json_object_new_boolean(cli_conv_is_set(attr, "allow_any_host")));
	for (size_t i = 0; i < sizeof(attrs) / sizeof(*attrs); i++) {
		value = cli_conv_text(attr, attrs[i].name);
		if (*value && strcmp(value, attrs[i].usual) != 0)
			cli_unmapped(c, "%s: attribute %s=%s", nqn, attrs[i].name, value);
	}
}

/* What a namespace has that ours don't. */
static void tell_ns(struct cli_conversion *c, struct json_object *in, const char *nqn,
		    const char *nsid)
{
	if (cli_conv_is_set(cli_conv_obj(in, "resv"), "enable"))
		cli_unmapped(c, "%s namespace %s: reservations", nqn, nsid);
	if (cli_conv_is_set(cli_conv_obj(in, "device"), "p2pmem"))
		cli_unmapped(c, "%s namespace %s: p2pmem", nqn, nsid);
}

static void take_ns(struct cli_conversion *c, struct json_object *subsys, struct json_object *in)
{
	const char *nqn = cli_conv_text(subsys, "nqn"), *nsid = cli_conv_text(in, "nsid");
	struct json_object *device = cli_conv_obj(in, "device"), *ns;
	const char *path = cli_conv_text(device, "path");
	int number = atoi(nsid);

	if (number < 1 || number > NSID_MAX) {
		cli_unmapped(c, "%s namespace %s: NSIDs go from 1 to %d", nqn, nsid, NSID_MAX);
		return;
	}
	if (!cli_conv_is_set(in, "enable") || !*path) {
		cli_unmapped(c, "%s namespace %s: %s", nqn, nsid,
			     *path ? "it is not enabled" : "it has no device");
		return;
	}
	ns = json_object_new_object();
	json_object_object_add(ns, "nsid", json_object_new_int(number));
	cli_conv_add(ns, "backend", "file");
	cli_conv_add(ns, "path", path);
	cli_conv_add_id(ns, "uuid", cli_conv_text(device, "uuid"), true);
	cli_conv_add_id(ns, "nguid", cli_conv_text(device, "nguid"), false);
	cli_conv_add_id(ns, "eui64", cli_conv_text(device, "eui64"), false);
	if (!cli_conv_ana_group(c, ns, cli_conv_text(in, "ana_grpid")))
		cli_unmapped(c, "%s namespace %s: ANA group %s", nqn, nsid,
			     cli_conv_text(in, "ana_grpid"));
	json_object_array_add(json_object_object_get(subsys, "namespaces"), ns);
	tell_ns(c, in, nqn, nsid);
}

static void take_subsys(struct cli_conversion *c, struct json_object *in)
{
	struct json_object *subsys = cli_conv_subsys(c, cli_conv_text(in, "nqn")), *pass;

	if (!subsys)
		return;
	take_attrs(c, subsys, cli_conv_obj(in, "attr"));
	for (size_t i = 0; i < cli_conv_count(in, "allowed_hosts"); i++)
		cli_conv_add_to(subsys, "hosts",
				json_object_get_string(cli_conv_at(in, "allowed_hosts", i)));
	for (size_t i = 0; i < cli_conv_count(in, "namespaces"); i++)
		take_ns(c, subsys, cli_conv_at(in, "namespaces", i));
	pass = cli_conv_obj(in, "passthru") ? cli_conv_obj(in, "passthru")
					    : cli_conv_at(in, "passthru", 0);
	if (pass)
		cli_unmapped(c, "%s: passthrough of %s", cli_conv_text(subsys, "nqn"),
			     cli_conv_text(cli_conv_obj(pass, "device"), "path"));
}

/* -- ports ------------------------------------------------------------------------------------------- */
/* The kernel's are of a port; here all who ask are told. */
static bool take_referral(struct cli_conversion *c, struct json_object *ref)
{
	struct json_object *addr = cli_conv_obj(ref, "addr");
	const char *enable = cli_conv_text(ref, "enable");

	return (!*enable || cli_conv_is_set(ref, "enable")) &&
	       cli_conv_referral(c, cli_conv_text(addr, "trtype"), cli_conv_text(addr, "traddr"),
				 cli_conv_text(addr, "trsvcid"), "");
}

static void tell_port(struct cli_conversion *c, struct json_object *in, const char *portid,
		      const char *id)
{
	struct json_object *group, *ref;
	const char *grpid, *state, *treq = cli_conv_text(cli_conv_obj(in, "addr"), "treq");

	for (size_t i = 0; i < cli_conv_count(in, "ana_groups"); i++) {
		group = cli_conv_at(in, "ana_groups", i);
		state = cli_conv_text(cli_conv_obj(group, "ana"), "state");
		grpid = cli_conv_text(group, "grpid");
		if (*state && !cli_conv_ana_state(c, grpid, id, state))
			cli_unmapped(c, "port %s: ANA group %s is %s", portid, grpid, state);
	}
	for (size_t i = 0; i < cli_conv_count(in, "referrals"); i++) {
		ref = cli_conv_at(in, "referrals", i);
		if (!take_referral(c, ref))
			cli_unmapped(c, "port %s: referral %s to %s", portid,
				     cli_conv_text(ref, "name"),
				     cli_conv_text(cli_conv_obj(ref, "addr"), "traddr"));
	}
	if (strcmp(treq, "required") == 0)
		cli_unmapped(c, "port %s: it requires a secure channel (TLS); its portal has none",
			     portid);
}

static void take_port(struct cli_conversion *c, struct json_object *in)
{
	const char *portid = cli_conv_text(in, "portid"), *trtype, *id, *nqn;
	struct json_object *addr = cli_conv_obj(in, "addr"), *subsys;

	trtype = cli_conv_text(addr, "trtype");
	if (strcmp(trtype, "tcp") != 0) {
		cli_unmapped(c, "port %s: transport %s, only tcp is there", portid, trtype);
		return;
	}
	id = cli_conv_portal(c, cli_conv_text(addr, "traddr"), cli_conv_text(addr, "trsvcid"));
	for (size_t i = 0; i < cli_conv_count(in, "subsystems"); i++) {
		nqn = json_object_get_string(cli_conv_at(in, "subsystems", i));
		subsys = cli_conv_subsys(c, nqn ? nqn : "");
		if (subsys)
			cli_conv_add_to(subsys, "portals", id);
	}
	tell_port(c, in, portid, id);
}

/* -- hosts ------------------------------------------------------------------------------------------- */
/* nvmetcli saves no keys: they are where the kernel has them, if it still does. */
static void take_host(struct cli_conversion *c, const char *nqn)
{
	static const char *const kinds[][2] = {
		{ "dhchap", "dhchap_key" },
		{ "dhchap_ctrl", "dhchap_ctrl_key" },
	};
	char file[320];

	cli_conv_host(c, nqn);
	for (size_t i = 0; i < 2 && *nqn && !strchr(nqn, '/'); i++) {
		snprintf(file, sizeof(file), "hosts/%s/%s", nqn, kinds[i][1]);
		cli_conv_key(c, nqn, kinds[i][0], file);
	}
}

struct json_object *cli_convert_nvmetcli(struct json_object *in, struct json_object *unmapped)
{
	struct cli_conversion c;

	cli_conversion_begin(&c, unmapped, "nvmet");
	for (size_t i = 0; i < cli_conv_count(in, "hosts"); i++)
		take_host(&c, cli_conv_text(cli_conv_at(in, "hosts", i), "nqn"));
	for (size_t i = 0; i < cli_conv_count(in, "subsystems"); i++)
		take_subsys(&c, cli_conv_at(in, "subsystems", i));
	for (size_t i = 0; i < cli_conv_count(in, "ports"); i++)
		take_port(&c, cli_conv_at(in, "ports", i));
	if (cli_conv_count(in, "hosts"))
		cli_unmapped(
			&c, "keys of hosts: nvmetcli doesn't save them; a host whose key is not in "
			    "configfs here (--configfs) connects without one: pharos key create "
			    "HOST_NQN --secret @FILE");
	return c.doc;
}
