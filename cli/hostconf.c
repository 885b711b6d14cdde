/* SPDX-License-Identifier: Apache-2.0 */
/* cli/hostconf.c - `pharos hostconf`: the files by which a host finds and connects what it may use, from its discovery log. */
#include "cli/commands.h"

#include <stdio.h>
#include <string.h>

#include "common/cleanup.h"

#define DISCOVERY_PORT "8009"

/* What every format is made of. */
struct conf {
	const char *host_nqn;
	char traddr[64], trsvcid[8]; /* of the discovery controller */
	struct json_object *records;
};

static const struct cli_option options[] = {
	{ "format", "format", CLI_TEXT, CLI_LOCAL, "FORMAT",
	  "nvme-fabrics (default), config.json, discovery.conf, stafd or connect" },
	{ "via", "via", CLI_TEXT, CLI_QUERY, "ADDRESS[:PORT]",
	  "of ours, by which the host reaches us (127.0.0.1:8009)" },
	{ 0 },
};

/* -- records ------------------------------------------------------------------------------------------- */
static size_t count(const struct conf *c)
{
	return json_object_is_type(c->records, json_type_array)
		       ? json_object_array_length(c->records)
		       : 0;
}

static struct json_object *at(const struct conf *c, size_t i)
{
	return json_object_array_get_idx(c->records, i);
}

/* An I/O subsystem, and not a referral or the discovery subsystem itself. */
static bool is_io(struct json_object *record)
{
	return strcmp(cli_member_text(record, "subtype"), "nvme subsystem") == 0 &&
	       strcmp(cli_member_text(record, "trtype"), "tcp") == 0;
}

/* The first record of its subsystem; the others are more paths to it. */
static bool is_first(const struct conf *c, size_t i)
{
	for (size_t j = 0; j < i; j++) {
		if (is_io(at(c, j)) && strcmp(cli_member_text(at(c, j), "subnqn"),
					      cli_member_text(at(c, i), "subnqn")) == 0)
			return false;
	}
	return true;
}

static bool is_path_of(struct json_object *record, const char *nqn)
{
	return is_io(record) && strcmp(cli_member_text(record, "subnqn"), nqn) == 0;
}

/* -- formats ---------------------------------------------------------------------------------------------- */
/* nvme-cli 3: /etc/nvme/nvme-fabrics.conf */
static void print_fabrics(const struct conf *c)
{
	const char *nqn;

	printf("[Host]\nhostnqn = %s\n\n[Discovery Controller]\n", c->host_nqn);
	printf("controller = transport=tcp;traddr=%s;trsvcid=%s\n", c->traddr, c->trsvcid);
	for (size_t i = 0; i < count(c); i++) {
		if (!is_io(at(c, i)) || !is_first(c, i))
			continue;
		nqn = cli_member_text(at(c, i), "subnqn");
		printf("\n[Subsystem]\nnqn = %s\n", nqn);
		for (size_t j = i; j < count(c); j++) {
			if (is_path_of(at(c, j), nqn))
				printf("controller = transport=tcp;traddr=%s;trsvcid=%s\n",
				       cli_member_text(at(c, j), "traddr"),
				       cli_member_text(at(c, j), "trsvcid"));
		}
	}
}

static void add(struct json_object *obj, const char *key, const char *text)
{
	json_object_object_add(obj, key, json_object_new_string(text));
}

static struct json_object *subsystem_json(const struct conf *c, const char *nqn)
{
	struct json_object *subsys = json_object_new_object(), *ports = json_object_new_array();
	struct json_object *port;

	for (size_t i = 0; i < count(c); i++) {
		if (!is_path_of(at(c, i), nqn))
			continue;
		port = json_object_new_object();
		add(port, "transport", "tcp");
		add(port, "traddr", cli_member_text(at(c, i), "traddr"));
		add(port, "trsvcid", cli_member_text(at(c, i), "trsvcid"));
		json_object_array_add(ports, port);
	}
	add(subsys, "nqn", nqn);
	json_object_object_add(subsys, "ports", ports);
	return subsys;
}

/* libnvme 1: /etc/nvme/config.json, an array of hosts */
static void print_config_json(const struct conf *c)
{
	struct json_object *doc = json_object_new_array(), *host = json_object_new_object();
	struct json_object *subsystems = json_object_new_array();

	for (size_t i = 0; i < count(c); i++) {
		if (is_io(at(c, i)) && is_first(c, i))
			json_object_array_add(
				subsystems, subsystem_json(c, cli_member_text(at(c, i), "subnqn")));
	}
	add(host, "hostnqn", c->host_nqn);
	json_object_object_add(host, "subsystems", subsystems);
	json_object_array_add(doc, host);
	cli_print_json(doc);
	json_object_put(doc);
}

/* nvme-cli 1 and 2: /etc/nvme/discovery.conf, arguments of `nvme discover` */
static void print_discovery_conf(const struct conf *c)
{
	printf("--transport=tcp --traddr=%s --trsvcid=%s --hostnqn=%s\n", c->traddr, c->trsvcid,
	       c->host_nqn);
}

/* nvme-stas: /etc/stas/stafd.conf; who the host is stands in sys.conf */
static void print_stafd(const struct conf *c)
{
	printf("# the host's NQN, in /etc/stas/sys.conf:  [Host]  nqn=%s\n[Controllers]\n",
	       c->host_nqn);
	printf("controller = transport=tcp;traddr=%s;trsvcid=%s\n", c->traddr, c->trsvcid);
}

/* One word for a shell: names come from others too, who register subsystems. */
static void print_word(const char *option, const char *text)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789.:-_/@+,";
	bool quoted = strspn(text, plain) != strlen(text);

	printf(" %s=%s", option, quoted ? "'" : "");
	for (; *text; text++) {
		if (*text == '\'')
			fputs("'\\''", stdout);
		else
			putchar(*text);
	}
	if (quoted)
		putchar('\'');
}

/* Commands, one for each path. */
static void print_connect(const struct conf *c)
{
	for (size_t i = 0; i < count(c); i++) {
		if (!is_io(at(c, i)))
			continue;
		fputs("nvme connect --transport=tcp", stdout);
		print_word("--traddr", cli_member_text(at(c, i), "traddr"));
		print_word("--trsvcid", cli_member_text(at(c, i), "trsvcid"));
		print_word("--nqn", cli_member_text(at(c, i), "subnqn"));
		print_word("--hostnqn", c->host_nqn);
		putchar('\n');
	}
}

static const struct {
	const char *name;
	void (*print)(const struct conf *c);
} formats[] = {
	{ "nvme-fabrics", print_fabrics },
	{ "config.json", print_config_json },
	{ "discovery.conf", print_discovery_conf },
	{ "stafd", print_stafd },
	{ "connect", print_connect },
};

/* -- the command --------------------------------------------------------------------------------------------- */
/* "address", "address:port" or "[address]:port"; a lone IPv6 address has several colons. */
static void set_address(struct conf *c, const char *via)
{
	const char *end = *via == '[' ? strchr(via, ']') : NULL;
	const char *colon = end ? strchr(end, ':') : strchr(via, ':');
	const char *start = end ? via + 1 : via;

	if (!end && colon && strchr(colon + 1, ':'))
		colon = NULL;
	if (!end)
		end = colon ? colon : via + strlen(via);
	snprintf(c->traddr, sizeof(c->traddr), "%.*s", (int)(end - start), start);
	snprintf(c->trsvcid, sizeof(c->trsvcid), "%s", colon ? colon + 1 : DISCOVERY_PORT);
}

static enum cli_exit hostconf(struct cli *cli)
{
	const char *format = cli_text(cli, "format", formats[0].name);
	struct json_object *query = cli->values[CLI_QUERY], *doc = NULL;
	const char *via = cli_member_text(query, "via");
	cmn_autofree char *path = cli_path("discovery-log", NULL);
	struct conf conf = { .host_nqn = cli_arg(cli, 0) };
	size_t chosen = 0, nr = sizeof(formats) / sizeof(*formats);
	enum cli_exit res;

	while (chosen < nr && strcmp(formats[chosen].name, format) != 0)
		chosen++;
	if (chosen == nr) {
		cli_error("nvme-fabrics, config.json, discovery.conf, stafd, connect",
			  "no format '%s'", format);
		return CLI_USAGE;
	}
	set_address(&conf, *via ? via : "127.0.0.1");
	json_object_object_add(query, "host_nqn", json_object_new_string(conf.host_nqn));
	res = cli_request(cli, "GET", path, NULL, &doc);
	if (res == CLI_OK) {
		conf.records = cli_member(doc, "records");
		formats[chosen].print(&conf);
	}
	json_object_put(doc);
	return res;
}

const struct cli_command cli_hostconf_commands[] = {
	{ NULL, "hostconf", "HOST_NQN", "print a host's configuration files", options, hostconf },
	{ 0 },
};
