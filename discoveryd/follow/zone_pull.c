/* SPDX-License-Identifier: Apache-2.0 */
/* discoveryd/follow/zone_pull.c - zone groups of discovery controllers that pull: gets, adds or replaces, and removes one of its own.
 * Owns: a struct dsc_zone_pull from the request to its last command.  Thread: the follower's reactor, and (on_loop, done) the control
 * loop.  May block: never.  Spec: NVM Express Base 2.1, 8.3.2.3.8.3.1 to 8.3.2.3.8.3.4.
 *
 *   get:     loop: read it whole -> reactor: Fabric Zoning Send, in fragments
 *   add:     loop: lock -> reactor: Fabric Zoning Receive, until the last fragment -> loop: check and store -> reactor: send the status
 *   remove:  loop: remove -> reactor: send the status
 *
 * The connection may end at any point: then what comes back finds nobody, and its lock is let go of. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/container.h"
#include "common/log.h"
#include "discoveryd/disc/disc.h"
#include "discoveryd/disc/zones.h"
#include "discoveryd/follow/follow_impl.h"
#include "fabrics/spec/nvmf_zoning.h"

#define GROUP_MAX (1u << 20)
#define PIECE (64u << 10) /* of a fragment */

enum step { STEP_BEGIN, STEP_STORE, STEP_RELEASE };

struct dsc_zone_pull {
	struct net_msg msg;
	struct dsc_follow *follow;
	struct dsc_zones *zones;
	struct dsc_zones_who who;
	struct fab_pull in;
	char nqn[DSC_NQN_MAX + 1];
	enum step step; /* what the control loop is to do */
	enum dsc_zones_result result;
	uint32_t key;
	uint8_t *data; /* the ZoneGroup */
	size_t len, at;
	bool last;
	uint8_t *fragment; /* of a command under way: room for its head and PIECE */
};

/* -- the control loop ----------------------------------------------------------------------------------------------- */
static void back(struct net_msg *msg);

static void done(void *arg, enum dsc_zones_result result)
{
	struct dsc_zone_pull *z = arg;

	if (result == DSC_ZONES_LATER)
		return;
	z->result = result;
	z->msg.fn = back;
	net_reactor_post(z->follow->reactor, &z->msg);
}

/* All of it in one turn, so that it is of one generation. */
static enum dsc_zones_result read_group(struct dsc_zone_pull *z)
{
	struct dsc_zones_part part = { .last = false };
	enum dsc_zones_result r = DSC_ZONES_OK;
	uint8_t *more;

	while (r == DSC_ZONES_OK && !part.last && z->len < GROUP_MAX) {
		more = realloc(z->data, z->len + PIECE);
		if (!more)
			return DSC_ZONES_FAILED;
		z->data = more;
		part = (struct dsc_zones_part){
			.key = z->key, .off = z->len, .buf = z->data + z->len, .len = PIECE
		};
		r = dsc_zones_read(z->zones, &z->who, &part);
		z->len += r == DSC_ZONES_OK ? part.len : 0;
	}
	return r == DSC_ZONES_OK && !part.last ? DSC_ZONES_FAILED : r;
}

static enum dsc_zones_result begin(struct dsc_zone_pull *z)
{
	struct dsc_zones_id id = { z->in.zg_originator, z->in.zg_name };
	enum dsc_zones_result r;

	switch (z->in.ori) {
	case NVMF_PULL_GET_ZONEGROUP:
		r = dsc_zones_find(z->zones, &z->who, &id, &z->key);
		return r == DSC_ZONES_OK ? read_group(z) : r;
	case NVMF_PULL_ADD_ZONEGROUP:
		return dsc_zones_lock(z->zones, &z->who, &id, &z->key, done, z);
	default:
		return dsc_zones_remove(z->zones, &z->who, &id, done, z);
	}
}

static enum dsc_zones_result store(struct dsc_zone_pull *z)
{
	struct fab_zone_fault fault = { .zone = -1, .member = -1 };
	struct dsc_zones_fragment f = {
		.key = z->key, .off = 0, .len = z->len, .data = z->data, .last = true
	};
	enum dsc_zones_result r = dsc_zones_write(z->zones, &z->who, &f, &fault, done, z);

	if (r == DSC_ZONES_INVALID)
		cmn_warn("a discovery controller's zone group is malformed",
			 "nqn=%s name=%s field=%s zone=%d member=%d", CMN_Q(z->nqn),
			 CMN_Q(z->in.zg_name), fault.field ? fault.field : "", fault.zone,
			 fault.member);
	return r;
}

static void zone_pull_free(struct dsc_zone_pull *z)
{
	free(z->data);
	free(z->fragment);
	free(z);
}

static void on_loop(struct net_msg *msg)
{
	struct dsc_zone_pull *z = cmn_container_of(msg, struct dsc_zone_pull, msg);

	switch (z->step) {
	case STEP_BEGIN:
		done(z, begin(z));
		break;
	case STEP_STORE:
		done(z, store(z));
		break;
	case STEP_RELEASE:
		dsc_zones_release(z->zones, z->who.session);
		zone_pull_free(z);
		break;
	}
}

static void to_loop(struct dsc_zone_pull *z, enum step step)
{
	z->step = step;
	z->msg.fn = on_loop;
	net_reactor_post(z->follow->app->loop, &z->msg);
}

/* -- commands to the discovery controller ------------------------------------------------------------------------------ */
static void end(struct dsc_peer *peer)
{
	struct dsc_zone_pull *z = peer->pull.zone;

	peer->pull.zone = NULL;
	to_loop(z, STEP_RELEASE);
	dsc_pull_done(peer);
}

static struct nvme_cmd zoning_cmd(const struct dsc_zone_pull *z, uint8_t opcode, size_t off,
				  uint32_t len, bool last)
{
	struct nvme_cmd cmd = { .opcode = opcode };

	cmd.cdw10 = htole32(z->in.t_id);
	cmd.cdw11 = htole32((uint32_t)off);
	cmd.cdw12 = htole32(len / 4 | NVMF_ZONING_ZDKC | (last ? NVMF_ZONING_LF : 0));
	return cmd;
}

static bool went_well(struct dsc_peer *peer, const struct net_host_cmd *cmd)
{
	if (!cmd->req.err && !(le16toh(cmd->req.cqe.status) & ~1u))
		return true;
	if (!cmd->req.err)
		cmn_warn("a discovery controller refuses what it asked for",
			 "traddr=%s port=%u opcode=%#x status=%#x", peer->now.traddr,
			 peer->now.port, cmd->req.cmd.opcode, le16toh(cmd->req.cqe.status) >> 1);
	end(peer);
	return false;
}

static void run(struct dsc_peer *peer, struct nvme_cmd cmd, void *data, uint32_t len,
		enum fab_host_dir dir, void (*then)(struct net_host_cmd *cmd))
{
	peer->pull.cmd = (struct net_host_cmd){ .done = then, .user = peer };
	if (dsc_pull_submit(peer, cmd, data, len, dir) < 0)
		end(peer);
}

/* Figures 711 and 714. */
static void status_sent(struct net_host_cmd *cmd)
{
	struct dsc_peer *peer = cmd->user;

	if (went_well(peer, cmd))
		end(peer);
}

static void send_status(struct dsc_peer *peer)
{
	struct dsc_zone_pull *z = peer->pull.zone;
	struct nvmf_zone_pull_done *out = (void *)z->fragment;

	memset(out, 0, sizeof(*out));
	out->otyp = z->in.ori == NVMF_PULL_ADD_ZONEGROUP ? NVMF_ZO_PULL_ADD_STATUS
							 : NVMF_ZO_PULL_REMOVE_STATUS;
	out->status = htole32(dsc_zones_pull_status(z->result));
	run(peer, zoning_cmd(z, NVME_ADMIN_ZONING_SEND, 0, sizeof(*out), true), out, sizeof(*out),
	    FAB_HOST_OUT, status_sent);
}

/* Figure 707: fragments of the ZoneGroup, or none and a status. */
static void send_group(struct dsc_peer *peer);

static void group_sent(struct net_host_cmd *cmd)
{
	struct dsc_peer *peer = cmd->user;

	if (!went_well(peer, cmd))
		return;
	if (peer->pull.zone->at < peer->pull.zone->len)
		send_group(peer);
	else
		end(peer);
}

static uint32_t piece_of(const struct dsc_peer *peer)
{
	uint32_t room = net_host_max_data(peer->host) - (uint32_t)sizeof(struct nvmf_zone_fragment);

	return cmn_min(PIECE, room & ~3u);
}

static void send_group(struct dsc_peer *peer)
{
	struct dsc_zone_pull *z = peer->pull.zone;
	struct nvmf_zone_fragment *out = (void *)z->fragment;
	size_t len = cmn_min(z->len - z->at, (size_t)piece_of(peer)), off = z->at;
	uint32_t all = (uint32_t)(sizeof(*out) + (len + 3) / 4 * 4);

	memset(out, 0, all);
	out->otyp = NVMF_ZO_PULL_GET;
	out->info = htole32(dsc_zones_pull_status(z->result));
	out->zgfl = htole32((uint32_t)len);
	if (len)
		memcpy(out + 1, z->data + off, len);
	z->at += len;
	run(peer, zoning_cmd(z, NVME_ADMIN_ZONING_SEND, off, all, z->at == z->len), out, all,
	    FAB_HOST_OUT, group_sent);
}

/* Figure 710. */
static void receive_group(struct dsc_peer *peer);

static bool take_fragment(struct dsc_zone_pull *z, const struct net_host_cmd *cmd)
{
	const struct nvmf_zone_fragment *in = (const void *)z->fragment;
	uint32_t len = le32toh(in->zgfl);
	uint8_t *more;

	if (cmd->req.moved < sizeof(*in) || in->otyp != NVMF_ZO_PULL_ADD || !len ||
	    len > cmd->req.moved - sizeof(*in) || z->len + len > GROUP_MAX)
		return false;
	more = realloc(z->data, z->len + len);
	if (!more)
		return false;
	z->data = more;
	memcpy(z->data + z->len, in + 1, len);
	z->len += len;
	z->last = le32toh(cmd->req.cqe.dw[0]) & NVMF_ZONING_LF;
	return true;
}

static void fragment_received(struct net_host_cmd *cmd)
{
	struct dsc_peer *peer = cmd->user;
	struct dsc_zone_pull *z = peer->pull.zone;

	if (!went_well(peer, cmd))
		return;
	if (!take_fragment(z, cmd)) {
		z->result = DSC_ZONES_INVALID;
		send_status(peer);
	} else if (z->last) {
		to_loop(z, STEP_STORE);
	} else {
		receive_group(peer);
	}
}

static void receive_group(struct dsc_peer *peer)
{
	struct dsc_zone_pull *z = peer->pull.zone;
	uint32_t all = (uint32_t)sizeof(struct nvmf_zone_fragment) + piece_of(peer);

	run(peer, zoning_cmd(z, NVME_ADMIN_ZONING_RECV, z->len, all, false), z->fragment, all,
	    FAB_HOST_IN, fragment_received);
}

/* -- back on the reactor ------------------------------------------------------------------------------------------------- */
static struct dsc_peer *peer_of(const struct dsc_zone_pull *z)
{
	struct dsc_peer *peer;

	pthread_mutex_lock(&z->follow->lock);
	TAILQ_FOREACH(peer, &z->follow->peers, link) {
		if (peer->pull.zone == z)
			break;
	}
	pthread_mutex_unlock(&z->follow->lock);
	return peer;
}

static void back(struct net_msg *msg)
{
	struct dsc_zone_pull *z = cmn_container_of(msg, struct dsc_zone_pull, msg);
	struct dsc_peer *peer = peer_of(z);

	if (!peer)
		to_loop(z, STEP_RELEASE);
	else if (z->in.ori == NVMF_PULL_GET_ZONEGROUP)
		send_group(peer);
	else if (z->in.ori == NVMF_PULL_ADD_ZONEGROUP && z->step == STEP_BEGIN &&
		 z->result == DSC_ZONES_OK)
		receive_group(peer);
	else
		send_status(peer);
}

int dsc_zone_pull_begin(struct dsc_peer *peer, const struct fab_pull *in)
{
	struct dsc_zone_pull *z = calloc(1, sizeof(*z));

	if (z)
		z->fragment = malloc(sizeof(struct nvmf_zone_fragment) + PIECE);
	if (!z || !z->fragment) {
		free(z);
		return -1;
	}
	z->follow = peer->follow;
	z->zones = dsc_disc_zones(peer->follow->app->disc);
	z->in = *in;
	snprintf(z->nqn, sizeof(z->nqn), "%s", peer->own_nqn);
	z->who = (struct dsc_zones_who){ .session = dsc_zones_session(z->zones),
					 .nqn = z->nqn,
					 .known = true /* only what is admitted is followed */ };
	peer->pull.zone = z;
	to_loop(z, STEP_BEGIN);
	return 0;
}
