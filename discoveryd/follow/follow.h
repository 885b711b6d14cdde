/* SPDX-License-Identifier: Apache-2.0 */
/* discoveryd/follow/follow.h - follows other discovery controllers: connects to those that are admitted, reads their logs into the
 * model, and says of each how it is.
 * Owns: a reactor thread and the connections on it.  Thread: the control loop's.  May block: start and stop only.
 * Spec: NVM Express Base 2.1, 3.1.3.3 (discovery controllers, persistent connections), 8.3.2.2.2 (pull registration).
 *
 *     model says whom --order--> reactor: connect, Identify, read the log, wait for events --news--> control loop: into the model
 *
 * Both ways are level-triggered: an order is what is wanted now, news is what is known now. */
#ifndef DISCOVERYD_FOLLOW_FOLLOW_H
#define DISCOVERYD_FOLLOW_FOLLOW_H

#include "common/err.h"
#include "discoveryd/app.h"
#include "discoveryd/mdns/browse.h"

struct dsc_follow;

/* Begins with what the model has. */
int dsc_follow_start(struct dsc_app *app, struct dsc_follow **ret, struct cmn_err *err);
void dsc_follow_stop(struct dsc_follow *follow); /* NULL is legal */

enum dsc_dc_state {
	DSC_DC_WAITING, /* nobody has admitted it */
	DSC_DC_OFF, /* disabled */
	DSC_DC_CONNECTING, /* since the start, or since it was lost a moment ago */
	DSC_DC_CONNECTED,
	DSC_DC_POLLED, /* it keeps no connections; its log is read now and then */
	DSC_DC_LOST, /* its entries are told with NCC */
	DSC_DC_ITSELF, /* it is this discovery controller */
	DSC_DC_STATE_COUNT
};
extern const char *const dsc_dc_state_name[DSC_DC_STATE_COUNT]; /* "waiting", ... */

/* How one is, beside what its row tells.  Times: milliseconds since 1970, 0: never. */
struct dsc_dc_live {
	enum dsc_dc_state state;
	bool announced; /* by mDNS, at this moment */
	uint64_t since_ms; /* connected; else of the last success */
	uint64_t read_ms, genctr; /* of its log, as read last */
	unsigned int entries,
		skipped; /* taken from it, and not: another transport, nonsense, ours */
	uint64_t error_ms;
	char error[256]; /* the last one, "" since it is connected */
};
void dsc_follow_live(const struct dsc_follow *follow, uint64_t dc_id, struct dsc_dc_live *ret);
/* What announces itself by mDNS: a dsc_mdns_heard_fn; arg is the struct dsc_follow.  Any thread. */
void dsc_follow_heard(void *arg, const struct dsc_mdns_found *found, size_t nr);
/* Log pages sent to those that pull, so far; any thread, 0 for NULL. */
uint64_t dsc_follow_pages_sent(const struct dsc_follow *follow);
/* Try now, whatever the pause: it said that it is there, or an operator asks for it. */
void dsc_follow_kick(struct dsc_follow *follow, uint64_t dc_id);

#endif
