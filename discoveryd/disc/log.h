/* SPDX-License-Identifier: Apache-2.0 */
/* discoveryd/disc/log.h - the discovery log of one host: a pure function of (snapshot, who asks, where it asked).
 * Owns: a log holds its snapshot.  Thread: any; a log has one user at a time.  May block: never.
 * Spec: NVM Express Base 2.1, 5.1.12.3.1 (Discovery Log Page).
 *
 * The REST preview and the controller on :8009 use this same function. */
#ifndef DISCOVERYD_DISC_LOG_H
#define DISCOVERYD_DISC_LOG_H

#include <sys/socket.h>

#include "common/err.h"
#include "discoveryd/model/paths.h"
#include "fabrics/discovery_log.h"

/* Where the host asked: the discovery portal it reached, by our own address on that connection. */
struct dsc_via {
	struct net_prefix to; /* our address */
	char address[64]; /* the same, literal; a mapped IPv4 address as IPv4 */
	uint16_t port, portid;
};

void dsc_via_from_sockaddr(struct dsc_via *ret_via, const struct sockaddr_storage *local,
			   uint16_t portid);
/* "192.0.2.7", "[2001:db8::1]:8009"; port as given or default_port.  -EINVAL with err->field "via". */
int dsc_via_parse(struct dsc_via *ret_via, const char *text, uint16_t default_port,
		  struct cmn_err *err);

/* The address that a host which came by via is told for a portal: *ret (64 bytes).  False when it has none for it: dsc_portal_reach(). */
bool dsc_reach(const struct dsc_portal *portal, const struct dsc_via *via, char *ret);

/* What may be an entry: a subsystem of ours at a portal (or without one), or one that another discovery controller told us of, or a
 * referral; the others are NULL.  Borrowed from the snapshot. */
struct dsc_log_item {
	struct dsc_entry e;
	const struct dsc_reg *reg;
	const struct dsc_dc *dc; /* reg's */
	const struct dsc_referral *referral;
	bool away; /* reg's discovery controller is not connected */
	bool shown;
	const char *
		rule; /* why not: the name of a dsc_why or a dsc_dc_why, or "own_address", "loop"; shown: NULL */
};
/* Not 0 ends the walk, which returns it. */
typedef int dsc_log_item_fn(void *arg, const struct dsc_log_item *item);

/* What a log is made from: whatever the host is told of, in order; hidden: whatever there is.  Arguments as of dsc_log_create(). */
struct dsc_log_walk {
	const struct dsc_snapshot *snap;
	const struct dsc_asker *who;
	const struct dsc_via *via;
	uint8_t dlpf;
	bool hidden;
	dsc_log_item_fn *fn;
	void *arg;
};
int dsc_log_walk(const struct dsc_log_walk *walk);

struct dsc_log;

/* Takes its own reference on snap.  who: with its NQN and, when known, whence it asks; via says where to.  dlpf: NVMF_DLPF_EXTEND,
 * NVMF_DLPF_PORTLCL (only what is presented at the address that was asked) and NVMF_DLPF_ALLSUB (every subsystem that is served,
 * whichever host may use it; then GENCTR is the last change of all).  NULL without memory. */
struct dsc_log *dsc_log_create(const struct dsc_snapshot *snap, const struct dsc_asker *who,
			       const struct dsc_via *via, uint8_t dlpf);
void dsc_log_destroy(struct dsc_log *log); /* NULL is legal */
uint64_t dsc_log_genctr(const struct dsc_log *log);
uint8_t dsc_log_dlpf(const struct dsc_log *log);
uint64_t dsc_log_count(
	const struct dsc_log *
		log); /* entries, the one for the discovery controller itself included: the first */
uint64_t dsc_log_size(const struct dsc_log *log); /* bytes of the page */
void dsc_log_record(const struct dsc_log *log, uint64_t idx, struct fab_disc_record *ret);
/* Bytes [off, off + len) of the log page, zeroes past its end. */
void dsc_log_render(const struct dsc_log *log, uint64_t off, void *buf, uint32_t len);

#endif
