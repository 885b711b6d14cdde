/* SPDX-License-Identifier: Apache-2.0 */
/* cli/hostconf.c - `pharos hostconf`: the files by which a host finds and connects what it may use, from its discovery log. */
#include "cli/commands.h"

#include <stdio.h>
#include <string.h>

#include "common/cleanup.h"
#include "net/addr.h"

#define DISCOVERY_PORT 8009

/* What every format is made of. */
struct conf {
	const char *host_nqn;
	char traddr[64], trsvcid[8]; /* of the discovery controller */
	struct json_object *records; /* I/O subsystems over TCP: one for each path */
};

/* -- records ------------------------------------------------------------------------------------------- */

static size_t count(const struct conf *c)
{
	return json_object_array_length(c->records);
}

static struct json_object *at(const struct conf *c, size_t i)
{
	return json_object_array_get_idx(c->records, i);
}

static const char *nqn_at(const struct conf *c, size_t i)
{
	return cli_member_text(at(c, i), "subnqn");
}

/* The first record of its subsystem; the others are more paths to it. */
static bool is_first(const struct conf *c, size_t i)
{
	for (size_t j = 0; j < i; j++)
		if (strcmp(nqn_at(c, j), nqn_at(c, i)) == 0)
			return false;
	return true;
}

/* Names come from others too, who register subsystems: one that isn't a word of one line could end a line of a file. */
static bool is_plain(const char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text <= ' ' || *text == 0x7f)
			return false;
	return true;
}

/* Leaves out referrals, other transports and the discovery subsystem itself, whose record says where it is. */
static void take_records(struct conf *c, struct json_object *records)
{
	for (size_t i = 0; records && i < json_object_array_length(records); i++) {
		struct json_object *record = json_object_array_get_idx(records, i);
		const char *subtype = cli_member_text(record, "subtype");

		if (strcmp(subtype, "current discovery subsystem") == 0 && !*c->trsvcid)
			snprintf(c->trsvcid, sizeof(c->trsvcid), "%s",
				 cli_member_text(record, "trsvcid"));
		if (strcmp(subtype, "nvme subsystem") != 0 ||
		    strcmp(cli_member_text(record, "trtype"), "tcp") != 0)
			continue;
		if (is_plain(cli_member_text(record, "subnqn")))
			json_object_array_add(c->records, json_object_get(record));
		else
			cli_note("left out, for its name: '%s'", cli_member_text(record, "subnqn"));
	}
}

/* -- formats ---------------------------------------------------------------------------------------------- */

static void print_controller(const char *traddr, const char *trsvcid)
{
	printf("controller = transport=tcp;traddr=%s;trsvcid=%s\n", traddr, trsvcid);
}

/* nvme-cli 3: /etc/nvme/nvme-fabrics.conf */
static void print_fabrics(const struct conf *c)
{
	printf("[Host]\nhostnqn = %s\n\n[Discovery Controller]\n", c->host_nqn);
	print_controller(c->traddr, c->trsvcid);
	for (size_t i = 0; i < count(c); i++) {
		if (!is_first(c, i))
			continue;
		printf("\n[Subsystem]\nnqn = %s\n", nqn_at(c, i));
		for (size_t j = i; j < count(c); j++)
			if (strcmp(nqn_at(c, j), nqn_at(c, i)) == 0)
				print_controller(cli_member_text(at(c, j), "traddr"),
						 cli_member_text(at(c, j), "trsvcid"));
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
		if (strcmp(nqn_at(c, i), nqn) != 0)
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

	for (size_t i = 0; i < count(c); i++)
		if (is_first(c, i))
			json_object_array_add(subsystems, subsystem_json(c, nqn_at(c, i)));
	add(host, "hostnqn", c->host_nqn);
	json_object_object_add(host, "subsystems", subsystems);
	json_object_array_add(doc, host);
	cli_print_json(doc);
	json_object_put(doc);
}

/* nvme-cli 1 and 2: /etc/nvme/discovery.conf, arguments of `nvme discover`, of which version 2 doesn't take the host's NQN. */
static void print_discovery_conf(const struct conf *c)
{
	printf("# nvme-cli 2 takes the host's NQN from /etc/nvme/hostnqn: %s\n", c->host_nqn);
	printf("--transport=tcp --traddr=%s --trsvcid=%s --hostnqn=%s\n", c->traddr, c->trsvcid,
	       c->host_nqn);
}

/* nvme-stas: /etc/stas/stafd.conf; who the host is stands in sys.conf */
static void print_stafd(const struct conf *c)
{
	printf("# the host's NQN, in /etc/stas/sys.conf:  [Host]  nqn=%s\n[Controllers]\n",
	       c->host_nqn);
	print_controller(c->traddr, c->trsvcid);
}

static bool needs_quotes(const char *text)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789.:-_/@+,%";

	return strspn(text, plain) != strlen(text);
}

/* One word for a shell. */
static void print_word(const char *option, const char *text)
{
	const char *quote = needs_quotes(text) ? "'" : "";

	printf(" --%s=%s", option, quote);
	for (; *text; text++)
		printf(*text == '\'' ? "'\\%c'" : "%c", *text);
	fputs(quote, stdout);
}

/* Commands, one for each path. */
static void print_connect(const struct conf *c)
{
	for (size_t i = 0; i < count(c); i++) {
		fputs("nvme connect --transport=tcp", stdout);
		print_word("traddr", cli_member_text(at(c, i), "traddr"));
		print_word("trsvcid", cli_member_text(at(c, i), "trsvcid"));
		print_word("nqn", nqn_at(c, i));
		print_word("hostnqn", c->host_nqn);
		putchar('\n');
	}
}

/* One word of a unit's command: per cent signs begin a specifier there, dollar signs a variable. */
static void print_unit_word(const char *option, const char *text)
{
	const char *quote = needs_quotes(text) ? "\"" : "";

	printf(" %s--%s=", quote, option);
	for (; *text; text++) {
		if (strchr("\"\\", *text))
			putchar('\\');
		else if (strchr("%$", *text))
			putchar(*text);
		putchar(*text);
	}
	fputs(quote, stdout);
}

/* A unit that connects at boot, before file systems that wait for the network; what is not ours stays connected when it stops. */
static void print_systemd(const struct conf *c)
{
	fputs("# /etc/systemd/system/nvme-pharos.service: systemctl enable --now nvme-pharos\n"
	      "[Unit]\nDescription=NVMe/TCP storage\nWants=network-online.target\n"
	      "After=network-online.target\nBefore=remote-fs-pre.target\n\n"
	      "[Service]\nType=oneshot\nRemainAfterExit=yes\n"
	      "ExecStartPre=-/usr/sbin/modprobe nvme-tcp\nExecStart=/usr/sbin/nvme connect-all "
	      "--transport=tcp --persistent",
	      stdout);
	print_unit_word("traddr", c->traddr);
	print_unit_word("trsvcid", c->trsvcid);
	print_unit_word("hostnqn", c->host_nqn);
	putchar('\n');
	for (size_t i = 0; i < count(c); i++) {
		if (!is_first(c, i))
			continue;
		fputs("ExecStop=-/usr/sbin/nvme disconnect", stdout);
		print_unit_word("nqn", nqn_at(c, i));
		putchar('\n');
	}
	fputs("\n[Install]\nWantedBy=remote-fs.target\n", stdout);
}

/* What a format calls the keys of DH-HMAC-CHAP, of the host and of the controller (host tools of 2026 say kxchap in their own files, the
 * kernel and config.json dhchap).  NULL: they have no place in it. */
static const struct {
	const char *name;
	void (*print)(const struct conf *c);
	const char *key, *ctrl_key;
} formats[] = {
	{ "nvme-fabrics", print_fabrics, "kxchap-secret = SECRET in each [Subsystem]",
	  "kxchap-ctrl-secret = SECRET" },
	{ "config.json", print_config_json, "\"dhchap_key\": \"SECRET\" in each port",
	  "\"dhchap_ctrl_key\": \"SECRET\"" },
	{ "discovery.conf", print_discovery_conf, NULL, NULL },
	{ "stafd", print_stafd, NULL, NULL },
	{ "systemd", print_systemd, NULL, NULL },
	{ "connect", print_connect, "--dhchap-secret=SECRET", "--dhchap-ctrl-secret=SECRET" },
};
#define FORMATS "nvme-fabrics|config.json|discovery.conf|stafd|systemd|connect"

static const struct cli_option options[] = {
	{ "format", "format", CLI_TEXT, CLI_LOCAL, FORMATS, "which file (nvme-fabrics)" },
	{ "via", "via", CLI_TEXT, CLI_QUERY, "ADDRESS[:PORT]",
	  "of ours, by which the host reaches us (127.0.0.1)" },
	{ 0 },
};

/* -- the command --------------------------------------------------------------------------------------------- */

/* "address", "address:port" or "[address]:port"; the port is left empty where none is given. */
static enum cli_exit take_via(struct conf *c, const char *via)
{
	uint16_t port = 0;

	if (net_addr_split(via, c->traddr, sizeof(c->traddr), &port) < 0) {
		cli_error("such as 192.0.2.1, 192.0.2.1:8009 or [2001:db8::1]:8009",
			  "--via is no address: '%s'", via);
		return CLI_USAGE;
	}
	if (port)
		snprintf(c->trsvcid, sizeof(c->trsvcid), "%u", port);
	return CLI_OK;
}

static size_t find_format(const char *name)
{
	size_t i = 0, nr = sizeof(formats) / sizeof(*formats);

	while (i < nr && strcmp(formats[i].name, name) != 0)
		i++;
	if (i == nr)
		cli_error(FORMATS, "no format '%s'", name);
	return i;
}

/* The host has to authenticate: where its secret, which isn't known any more, goes. */
static void note_keys(struct cli *cli, size_t format)
{
	cmn_autofree char *path = cli_path("keys", NULL);
	struct json_object *doc = NULL, *items, *key;
	bool ctrl;

	json_object_object_del(cli->values[CLI_QUERY], "via");
	if (cli_request(cli, "GET", path, NULL, &doc) != CLI_OK)
		return;
	items = cli_member(doc, "items");
	for (size_t i = 0; items && i < json_object_array_length(items); i++) {
		key = json_object_array_get_idx(items, i);
		ctrl = strcmp(cli_member_text(key, "kind"), "dhchap_ctrl") == 0;
		if (formats[format].key)
			cli_note("the secret of key %s goes in as %s", cli_member_text(key, "id"),
				 ctrl ? formats[format].ctrl_key : formats[format].key);
		else if (!ctrl)
			cli_note("it has key %s, and this file has no place for its secret: "
				 "nvme-fabrics, config.json and connect do",
				 cli_member_text(key, "id"));
	}
	json_object_put(doc);
}

static enum cli_exit hostconf(struct cli *cli)
{
	size_t format = find_format(cli_text(cli, "format", formats[0].name));
	struct json_object *query = cli->values[CLI_QUERY], *doc = NULL;
	const char *via = cli_member_text(query, "via");
	cmn_autofree char *path = cli_path("discovery-log", NULL);
	struct conf conf = { .host_nqn = cli_arg(cli, 0) };
	enum cli_exit res;

	if (format == sizeof(formats) / sizeof(*formats))
		return CLI_USAGE;
	res = take_via(&conf, *via ? via : "127.0.0.1");
	if (res != CLI_OK)
		return res;
	if (!*via)
		cli_note("127.0.0.1 is this machine; for another, --via names the address by "
			 "which it reaches this one");
	json_object_object_add(query, "host_nqn", json_object_new_string(conf.host_nqn));
	res = cli_request(cli, "GET", path, NULL, &doc);
	if (res == CLI_OK) { /* which a host NQN that is none would not have got to */
		conf.records = json_object_new_array();
		take_records(&conf, cli_member(doc, "records"));
		if (!*conf.trsvcid)
			snprintf(conf.trsvcid, sizeof(conf.trsvcid), "%u", DISCOVERY_PORT);
		if (!count(&conf))
			cli_note("it is told of no subsystem: pharos log %s says why",
				 conf.host_nqn);
		formats[format].print(&conf);
		note_keys(cli, format);
		json_object_put(conf.records);
	}
	json_object_put(doc);
	return res;
}

const struct cli_command cli_hostconf_commands[] = {
	{ NULL, "hostconf", "HOST_NQN", "print a host's configuration files", options, hostconf },
	{ 0 },
};
