/* SPDX-License-Identifier: Apache-2.0 */
/* cli/target.h - an NVMe/TCP address and the host that we are to it, for `discover` and `probe`.
 * Owns: nothing.  Thread: one.  May block: yes. */
#ifndef CLI_TARGET_H
#define CLI_TARGET_H

#include <stdint.h>

#include "cli/cli.h"
#include "fabrics/discovery_log.h"
#include "net/client.h"

struct cli_target {
	char addr[64]; /* numeric */
	uint16_t port;
	char hostnqn[224];
	uint8_t hostid[16];
	bool digests;
	struct fab_auth_key key, ctrl_key; /* DH-HMAC-CHAP secrets; len 0: none */
	const char *congestion; /* TCP's congestion control; NULL: the system's */
	unsigned int timeout_ms;
};

/* --hostnqn, --hostid, --dhchap-secret, --dhchap-ctrl-secret, --timeout, which every command that connects takes. */
#define CLI_HOST_OPTIONS                                                                           \
	{ "hostnqn", "hostnqn", CLI_TEXT,                                                          \
	  CLI_LOCAL, "NQN",	"who we are (/etc/nvme/hostnqn, else made up)" },                  \
		{ "hostid",  "hostid", CLI_TEXT,                                                   \
		  CLI_LOCAL, "UUID",   "our host identifier (of the NQN)" },                       \
		{ "dhchap-secret", "dhchap-secret", CLI_TEXT,                                      \
		  CLI_LOCAL,	   "SECRET",	    "our key, or @FILE that holds it" },           \
		{ "dhchap-ctrl-secret",                                                            \
		  "dhchap-ctrl-secret",                                                            \
		  CLI_TEXT,                                                                        \
		  CLI_LOCAL,                                                                       \
		  "SECRET",                                                                        \
		  "the key of the controller, which shall authenticate too" },                     \
	{                                                                                          \
		"timeout", "timeout", CLI_NUMBER, CLI_LOCAL, "SECONDS", "limit of each step (5)"   \
	}

/* "10.0.0.1", "10.0.0.1:8009", "[fe80::1]:8009", "fd00::1", "storage.example:8009"; with the identity by the options. */
enum cli_exit cli_target_init(struct cli *cli, const char *text, uint16_t default_port,
			      struct cli_target *ret);
/* Another address, same host: for following a log. */
struct cli_target cli_target_at(const struct cli_target *t, const char *addr, uint16_t port);

/* Connects and enables a controller.  On failure ret_err has the words, hints included. */
enum cli_exit cli_target_connect(const struct cli_target *t, const char *nqn,
				 struct net_client **ret, struct cmn_err *ret_err);

struct cli_log {
	uint64_t genctr;
	size_t nr;
	struct fab_disc_record *records; /* free() */
};

/* Connects to the discovery controller, reads the whole log, disconnects. */
enum cli_exit cli_target_read_log(const struct cli_target *t, const char *nqn, struct cli_log *ret,
				  struct cmn_err *ret_err);

/* 0, or what a status that isn't success means, into err. */
int cli_check_status(int res, const struct nvme_cqe *cqe, const char *what, struct cmn_err *err);

#endif
