/* SPDX-License-Identifier: Apache-2.0 */
/* discoveryd/model/zone_commands.h - what operators and discovery controllers can ask of zoning; commands.h says how commands behave.
 * Owns: a command until its done() has run.  Thread: the control loop.  May block: never. */
#ifndef DISCOVERYD_MODEL_ZONE_COMMANDS_H
#define DISCOVERYD_MODEL_ZONE_COMMANDS_H

#include "discoveryd/model/commands.h"
#include "discoveryd/model/zoning.h"

/* -- ZoneDBConfig: nothing of it is enforced until it is activated ----------------------------------------- */
int dsc_cmd_zone_group_create(struct dsc_app *app, const char *name, const char *description,
			      const struct dsc_call *call, struct cmn_err *err);
/* description NULL: as it is. */
int dsc_cmd_zone_group_update(struct dsc_app *app, const char *name, const char *description,
			      const struct dsc_call *call, struct cmn_err *err);
/* With its zones. */
int dsc_cmd_zone_group_delete(struct dsc_app *app, const char *name, const struct dsc_call *call,
			      struct cmn_err *err);

/* Members: all of them, or some that come and some that go; err->field is "members[3].nqn" and so on. */
struct dsc_members_in {
	bool set;
	const struct dsc_zone_member *item; /* not sorted, not checked */
	size_t nr;
};

struct dsc_zone_in {
	const char *group; /* NULL for an alias */
	const char *name;
	enum dsc_tri enforced;
	struct dsc_members_in members; /* as they shall be */
	struct dsc_members_in add, remove; /* update only */
};

int dsc_cmd_zone_create(struct dsc_app *app, const struct dsc_zone_in *in,
			const struct dsc_call *call, struct cmn_err *err);
int dsc_cmd_zone_update(struct dsc_app *app, const struct dsc_zone_in *in,
			const struct dsc_call *call, struct cmn_err *err);
int dsc_cmd_zone_delete(struct dsc_app *app, const char *group, const char *name,
			const struct dsc_call *call, struct cmn_err *err);

int dsc_cmd_zone_alias_create(struct dsc_app *app, const struct dsc_zone_in *in,
			      const struct dsc_call *call, struct cmn_err *err);
int dsc_cmd_zone_alias_update(struct dsc_app *app, const struct dsc_zone_in *in,
			      const struct dsc_call *call, struct cmn_err *err);
/* -EBUSY while a zone names it, unless forced: such a zone can't be activated. */
int dsc_cmd_zone_alias_delete(struct dsc_app *app, const char *name, const struct dsc_call *call,
			      struct cmn_err *err);

/* Zones ("zone G/Z") and aliases ("zone alias A") that have this very member, as they are configured. */
void dsc_zone_users(const struct dsc_snapshot *st, const struct dsc_zone_member *m,
		    void (*fn)(void *arg, const char *user), void *arg);

/* Takes it out of them, in a transaction that has more to do. */
struct dsc_txn;
void dsc_zone_drop_member(struct dsc_txn *txn, const struct dsc_zone_member *m);

/* Once that version is stored: an event. */
void dsc_zone_past_tell(struct dsc_app *app, const struct dsc_zone_past *past);

/* -- what is enforced --------------------------------------------------------------------------------------- */
struct dsc_zoning_in {
	enum dsc_tri enabled, closed;
	struct dsc_list ddcs; /* NQNs that may zone what they present */
	struct dsc_list own_ddcs; /* those of them that may also zone what we present */
	bool grace;
};
/* At once. */
int dsc_cmd_zoning_set(struct dsc_app *app, const struct dsc_zoning_in *in,
		       const struct dsc_call *call, struct cmn_err *err);

struct dsc_activate_in {
	struct dsc_list groups; /* unset or null: all of ours */
	bool grace; /* connected hosts that are shut out keep their controllers */
	const char *note; /* NULL: none */
};
/* Of each of these groups what is configured becomes active; one that isn't configured ends. */
int dsc_cmd_zoning_activate(struct dsc_app *app, const struct dsc_activate_in *in,
			    const struct dsc_call *call, struct cmn_err *err);
/* Our groups, and whether zoning is on and what its default is, as they were at that change of the history. */
int dsc_cmd_zoning_rollback(struct dsc_app *app, uint64_t change, const struct dsc_activate_in *in,
			    const struct dsc_call *call, struct cmn_err *err);

enum dsc_zone_state {
	DSC_ZONE_INACTIVE,
	DSC_ZONE_ACTIVE, /* as it is configured */
	DSC_ZONE_CHANGED, /* active, but since configured otherwise */
	DSC_ZONE_INVALID, /* can't be activated: it names what there is not */
	DSC_ZONE_STATE_COUNT
};
extern const char *const dsc_zone_state_name[DSC_ZONE_STATE_COUNT + 1]; /* "inactive", ... */
/* Costs the size of the group. */
enum dsc_zone_state dsc_zone_group_state(const struct dsc_snapshot *snap,
					 const struct dsc_zone_group *group);
/* Would an activation of all groups change anything?  Costs the size of them all. */
bool dsc_zoning_is_pending(const struct dsc_snapshot *snap);

/* What would be enforced then, with what differs from now (dsc_zoning_delta()); a row of its own.  settings may be NULL. */
int dsc_zoning_trial(struct dsc_app *app, const struct dsc_activate_in *in,
		     const struct dsc_zoning_in *settings, struct dsc_zoning **ret,
		     struct cmn_err *err);

/* -- groups of discovery controllers -------------------------------------------------------------------------- */
/* zones: the text of an active group, taken over.  -EACCES: that one may not. */
struct dsc_ddc_group {
	const char *originator, *name;
	uint32_t key; /* as dsc_cmd_zone_key() gave it */
	char *zones; /* NULL: it goes */
};
int dsc_cmd_zone_ddc(struct dsc_app *app, const struct dsc_ddc_group *in,
		     const struct dsc_call *call, struct cmn_err *err);
/* A key that no group has or had: of one that is to come. */
int dsc_cmd_zone_key(struct dsc_app *app, uint32_t *ret_key, const struct dsc_call *call,
		     struct cmn_err *err);

#endif
