/* SPDX-License-Identifier: Apache-2.0 */
/* discoveryd/disc/zones.h - what other discovery controllers do with zone groups: who may, locks, fragments.  Both ways come here: commands
 * of those that push (disc/zoning_cmds.c), and operations of those that are pulled from.
 * Owns: locks and the fragments that have come under them.  Thread: the control loop.  May block: never.
 * Spec: NVM Express Base 2.1, 8.3.2.3.8. */
#ifndef DISCOVERYD_DISC_ZONES_H
#define DISCOVERYD_DISC_ZONES_H

#include "discoveryd/app.h"
#include "discoveryd/model/zone_commands.h"
#include "discoveryd/model/zone_wire.h"

struct dsc_zones;

enum dsc_zones_result {
	DSC_ZONES_OK,
	DSC_ZONES_LATER, /* done() will be called */
	DSC_ZONES_DISABLED, /* zoning is off */
	DSC_ZONES_ORIGINATOR, /* not this one's to touch */
	DSC_ZONES_NOT_FOUND,
	DSC_ZONES_LOCKED, /* by another, or it is being stored */
	DSC_ZONES_SEQUENCE, /* it isn't locked: look it up first */
	DSC_ZONES_INVALID, /* fault says what */
	DSC_ZONES_FAILED, /* the store */
	DSC_ZONES_RESULT_COUNT
};
extern const char *const dsc_zones_result_name[DSC_ZONES_RESULT_COUNT];
/* As the operations of a pull model DDC are told it; LATER and what has no value there never get so far. */
enum nvmf_zone_pull_status dsc_zones_pull_status(enum dsc_zones_result result);

/* A discovery controller on one connection. */
struct dsc_zones_who {
	uint64_t session; /* tells connections apart: dsc_zones_session() */
	const char *nqn; /* HOSTNQN of its Connect to us; SUBNQN of ours to it */
	bool known; /* it has registered, or an operator has admitted it */
};

struct dsc_zones *dsc_zones_create(struct dsc_app *app);
void dsc_zones_destroy(struct dsc_zones *zones);
/* How long a lock lasts from then on: 30 s, unless a test is in a hurry. */
void dsc_zones_set_lock_time(struct dsc_zones *zones, uint64_t ns);
uint64_t dsc_zones_session(struct dsc_zones *zones); /* any thread */
/* The connection has gone, and with it its locks. */
void dsc_zones_release(struct dsc_zones *zones, uint64_t session);
/* Has it registered as a discovery controller, by that very NQN? */
bool dsc_zones_is_registered(const struct dsc_snapshot *snap, const char *nqn);

/* A ZoneGroup by its name. */
struct dsc_zones_id {
	const char *originator, *name;
};

typedef void dsc_zones_done(void *arg, enum dsc_zones_result result);

/* -- reading (GAZ) ------------------------------------------------------------------------------------------------ */
enum dsc_zones_result dsc_zones_find(struct dsc_zones *zones, const struct dsc_zones_who *who,
				     const struct dsc_zones_id *id, uint32_t *ret_key);
/* Bytes of the ZoneGroup from off on. */
struct dsc_zones_part {
	uint32_t key;
	size_t off;
	void *buf;
	size_t len; /* room; then how much was filled */
	uint32_t generation; /* set, as last is */
	bool last;
};
enum dsc_zones_result dsc_zones_read(struct dsc_zones *zones, const struct dsc_zones_who *who,
				     struct dsc_zones_part *part);

/* -- adding and replacing (AAZ): lock, then fragments; the last one is stored before done() ------------------------ */
/* *ret_key is set by the time of OK, or of done(). */
enum dsc_zones_result dsc_zones_lock(struct dsc_zones *zones, const struct dsc_zones_who *who,
				     const struct dsc_zones_id *id, uint32_t *ret_key,
				     dsc_zones_done *done, void *arg);
struct dsc_zones_fragment {
	uint32_t key;
	size_t off, len;
	const void *data;
	bool last;
};
/* On INVALID *ret_fault says where; what had come before is kept, and may be sent anew from its beginning. */
enum dsc_zones_result dsc_zones_write(struct dsc_zones *zones, const struct dsc_zones_who *who,
				      const struct dsc_zones_fragment *f,
				      struct fab_zone_fault *ret_fault, dsc_zones_done *done,
				      void *arg);

/* -- removing (RAZ) -------------------------------------------------------------------------------------------------- */
enum dsc_zones_result dsc_zones_remove(struct dsc_zones *zones, const struct dsc_zones_who *who,
				       const struct dsc_zones_id *id, dsc_zones_done *done,
				       void *arg);

#endif
