/* SPDX-License-Identifier: Apache-2.0 */
/* cli/target.c - see target.h.  Spec: NVM Express Base 2.1, 5.1.12.3.1 (discovery log), 6.3 (Connect). */
#include "cli/target.h"
#include "cli/file.h"

#include <arpa/inet.h>
#include <endian.h>
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/uuid.h"

#define ENTRIES_PER_READ 4
#define RECORDS_MAX 65536
#define READ_TRIES 10

/* -- the address -------------------------------------------------------------------------------------------------- */

/* Takes "[host]:port", "host:port", "host" or a bare IPv6 address apart. */
static bool split(const char *text, char *host, size_t size, const char **ret_port)
{
	const char *colon = strrchr(text, ':'), *close = strchr(text, ']');
	bool bare_v6 = text[0] != '[' && colon && strchr(text, ':') != colon;
	size_t len;

	*ret_port = NULL;
	if (text[0] == '[') {
		if (!close || (close[1] && close[1] != ':'))
			return false;
		*ret_port = close[1] ? close + 2 : NULL;
		text++;
		len = (size_t)(close - text);
	} else if (colon && !bare_v6) {
		*ret_port = colon + 1;
		len = (size_t)(colon - text);
	} else {
		len = strlen(text);
	}
	if (len == 0 || len >= size)
		return false;
	memcpy(host, text, len);
	host[len] = 0;
	return true;
}

static bool parse_port(const char *text, uint16_t *ret)
{
	char *end;
	unsigned long port = strtoul(text, &end, 10);

	if (*text < '0' || *text > '9' || *end || port == 0 || port > UINT16_MAX)
		return false;
	*ret = (uint16_t)port;
	return true;
}

static enum cli_exit resolve(const char *host, struct cli_target *ret)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM }, *found;
	int res = getaddrinfo(host, NULL, &hints, &found);

	if (res == 0) {
		res = getnameinfo(found->ai_addr, found->ai_addrlen, ret->addr, sizeof(ret->addr),
				  NULL, 0, NI_NUMERICHOST);
		freeaddrinfo(found);
	}
	if (res == 0)
		return CLI_OK;
	cli_error(NULL, "%s: %s", host, gai_strerror(res));
	return CLI_UNREACHABLE;
}

/* -- who we are --------------------------------------------------------------------------------------------------- */

/* The identifier that goes with an NQN: the UUID in it, else one that is always the same for that NQN, so that a target
 * never sees one name with two identifiers. */
static void hostid_of(const char *hostnqn, struct cmn_uuid *ret)
{
	static const struct cmn_uuid space = { { 0x8e, 0x21, 0x5b, 0x5a, 0x0e, 0x4f, 0x4d, 0x0c,
						 0x9d, 0x55, 0x6d, 0x39, 0x4a, 0x0b, 0x7f, 0x11 } };
	const char *uuid = strstr(hostnqn, ":uuid:");

	if (!uuid || cmn_uuid_parse(uuid + strlen(":uuid:"), ret) < 0)
		cmn_uuid_from_name(&space, hostnqn, strlen(hostnqn), ret);
}

static enum cli_exit identity(struct cli *cli, struct cli_target *ret)
{
	const char *nqn = cli_text(cli, "hostnqn", NULL), *id = cli_text(cli, "hostid", NULL);
	char uuid[CMN_UUID_STR_LEN + 1], line[64];
	struct cmn_uuid hostid;

	if (nqn) {
		snprintf(ret->hostnqn, sizeof(ret->hostnqn), "%s", nqn);
	} else if (cli_read_word("/etc/nvme/hostnqn", ret->hostnqn, sizeof(ret->hostnqn))) {
		if (!id && cli_read_word("/etc/nvme/hostid", line, sizeof(line)))
			id = line;
	} else {
		cmn_uuid_random(&hostid);
		snprintf(ret->hostnqn, sizeof(ret->hostnqn), NVMF_UUID_NQN_PREFIX "%s",
			 cmn_uuid_format(&hostid, uuid));
	}
	if (!id) {
		hostid_of(ret->hostnqn, &hostid);
	} else if (cmn_uuid_parse(id, &hostid) < 0) {
		cli_error(NULL, "%s is no UUID, as a host identifier must be", id);
		return CLI_USAGE;
	}
	memcpy(ret->hostid, hostid.b, sizeof(ret->hostid));
	return CLI_OK;
}

/* The words never show the secret: they end in logs and bug reports. */
static enum cli_exit read_key(struct cli *cli, const char *option, struct fab_auth_key *ret)
{
	char line[FAB_AUTH_SECRET_MAX + 1];
	const char *text;
	int res;

	if (cli_text_or_file(cli, option, line, sizeof(line), &text) != CLI_OK)
		return CLI_USAGE;
	res = text ? fab_auth_key_parse(text, ret) : 0;
	if (res == 0)
		return CLI_OK;
	cli_error("`nvme gen-dhchap-key` and `pharos key create` make secrets",
		  res == -EBADMSG ? "--%s: the secret's checksum is wrong: was a character lost?"
				  : "--%s: a secret has the form DHHC-1:01:...:",
		  option);
	return CLI_USAGE;
}

enum cli_exit cli_target_init(struct cli *cli, const char *text, uint16_t default_port,
			      struct cli_target *ret)
{
	char host[256];
	const char *port;
	enum cli_exit res;

	memset(ret, 0, sizeof(*ret));
	ret->port = default_port;
	if (!split(text, host, sizeof(host), &port) || (port && !parse_port(port, &ret->port))) {
		cli_error("10.0.0.1, 10.0.0.1:8009 and [fd00::1]:8009 are addresses",
			  "'%s' is no address", text);
		return CLI_USAGE;
	}
	ret->timeout_ms = (unsigned int)cli_number(cli, "timeout", 5) * 1000;
	ret->digests = cli_flag(cli, "digests");
	res = read_key(cli, "dhchap-secret", &ret->key);
	if (res == CLI_OK)
		res = read_key(cli, "dhchap-ctrl-secret", &ret->ctrl_key);
	if (res == CLI_OK)
		res = resolve(host, ret);
	return res == CLI_OK ? identity(cli, ret) : res;
}

struct cli_target cli_target_at(const struct cli_target *t, const char *addr, uint16_t port)
{
	struct cli_target at = *t;

	snprintf(at.addr, sizeof(at.addr), "%s", addr);
	at.port = port;
	return at;
}

/* -- connecting --------------------------------------------------------------------------------------------------- */

static const char *connect_hint(const struct nvme_cqe *cqe)
{
	uint16_t code = NVME_CQE_STATUS_CODE(le16toh(cqe->status));
	uint32_t where = le32toh(cqe->dw[0]);

	if (code == NVME_SC_CONNECT_HOST)
		return "this host isn't allowed there (pharos subsystem allow)";
	if (code == NVME_SC_CONNECT_BUSY)
		return "the controller is busy, try again";
	if (code == NVME_SC_CONNECT_PARAM &&
	    where == NVMF_CONNECT_IPO_DATA(offsetof(struct nvmf_connect_data, subnqn)))
		return "there is no such subsystem";
	if (code == NVME_SC_CONNECT_PARAM &&
	    where == NVMF_CONNECT_IPO_DATA(offsetof(struct nvmf_connect_data, hostnqn)))
		return "the host NQN isn't valid";
	return NULL;
}

enum cli_exit cli_target_connect(const struct cli_target *t, const char *nqn,
				 struct net_client **ret, struct cmn_err *ret_err)
{
	struct net_client_params params = {
		.addr = t->addr,
		.port = t->port,
		.subnqn = nqn,
		.hostnqn = t->hostnqn,
		.hostid = t->hostid,
		.hdgst = t->digests,
		.ddgst = t->digests,
		.timeout_ms = t->timeout_ms,
		.congestion = t->congestion,
		.key = &t->key,
		.ctrl_key = &t->ctrl_key,
	};
	struct nvme_cqe cqe = { 0 };
	int res = net_client_connect(&params, ret, &cqe, ret_err);
	const char *hint = res == -EACCES ? connect_hint(&cqe) : NULL;
	char words[sizeof(ret_err->msg)];

	if (res == 0)
		return CLI_OK;
	if (hint) {
		memcpy(words, ret_err->msg, sizeof(words));
		snprintf(ret_err->msg, sizeof(ret_err->msg), "%s (%.160s)", hint, words);
	}
	if (res == -EINVAL)
		return CLI_USAGE;
	return res == -EACCES ? CLI_REFUSED : CLI_UNREACHABLE;
}

int cli_check_status(int res, const struct nvme_cqe *cqe, const char *what, struct cmn_err *err)
{
	uint16_t code = NVME_CQE_STATUS_CODE(le16toh(cqe->status));

	if (res < 0)
		return cmn_err_errno(err, res, NULL, "%s", what);
	if (code)
		return cmn_err_set(err, -EIO, NULL, "%s failed: status type %u code %02xh", what,
				   NVME_STATUS_SCT(code), NVME_STATUS_SC(code));
	return 0;
}

/* -- the discovery log -------------------------------------------------------------------------------------------- */

static int get_log(struct net_client *c, uint64_t off, void *buf, uint32_t len, struct cmn_err *err)
{
	/* RAE: reading must not take the event away from a host that waits for it with our identity. */
	struct nvme_cmd cmd = fab_cmd_get_log(NVME_LID_DISCOVERY, 0, off, len, true);
	struct nvme_cqe cqe = { 0 };
	int res = net_client_admin(c, &cmd, buf, len, FAB_HOST_IN, &cqe);

	return cli_check_status(res, &cqe, "reading the discovery log", err);
}

static int read_records(struct net_client *c, struct cli_log *log, struct cmn_err *err)
{
	struct nvmf_disc_entry entries[ENTRIES_PER_READ];
	size_t at = 0, n;
	int res;

	log->records = calloc(log->nr + 1, sizeof(*log->records));
	if (!log->records)
		return cmn_err_set(err, -ENOMEM, NULL, "out of memory");
	for (; at < log->nr; at += n) {
		n = log->nr - at < ENTRIES_PER_READ ? log->nr - at : ENTRIES_PER_READ;
		res = get_log(c, sizeof(struct nvmf_disc_log) + at * sizeof(*entries), entries,
			      (uint32_t)(n * sizeof(*entries)), err);
		for (size_t i = 0; i < n && res == 0; i++)
			if (fab_disc_decode(&entries[i], &log->records[at + i]) < 0)
				res = cmn_err_set(err, -EPROTO, NULL, "record %zu is malformed",
						  at + i);
		if (res < 0)
			return res;
	}
	return 0;
}

/* 1: it changed while it was read. */
static int read_once(struct net_client *c, struct cli_log *log, struct cmn_err *err)
{
	struct nvmf_disc_log before, after;
	int res = get_log(c, 0, &before, sizeof(before), err);

	if (res < 0)
		return res;
	if (le64toh(before.numrec) > RECORDS_MAX)
		return cmn_err_set(err, -E2BIG, NULL, "the log claims %llu records",
				   (unsigned long long)le64toh(before.numrec));
	log->genctr = le64toh(before.genctr);
	log->nr = (size_t)le64toh(before.numrec);
	res = read_records(c, log, err);
	if (res == 0)
		res = get_log(c, 0, &after, sizeof(after), err);
	if (res < 0)
		return res;
	return after.genctr != before.genctr;
}

enum cli_exit cli_target_read_log(const struct cli_target *t, const char *nqn, struct cli_log *ret,
				  struct cmn_err *ret_err)
{
	struct net_client *client;
	enum cli_exit code = cli_target_connect(t, nqn, &client, ret_err);
	int res = 1;

	if (code != CLI_OK)
		return code;
	memset(ret, 0, sizeof(*ret));
	for (int i = 0; i < READ_TRIES && res == 1; i++) {
		free(cmn_take_ptr(ret->records));
		res = read_once(client, ret, ret_err);
	}
	net_client_close(client);
	if (res == 0)
		return CLI_OK;
	if (res == 1)
		cmn_err_set(ret_err, -EAGAIN, NULL, "the log keeps changing");
	free(cmn_take_ptr(ret->records));
	return CLI_FAILED;
}
