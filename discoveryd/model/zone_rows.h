/* SPDX-License-Identifier: Apache-2.0 */
/* discoveryd/model/zone_rows.h - the rows of zoning; see rows.h for what all rows have in common.
 * Owns: each row its strings and trees.  Thread: immutable once in a state.  May block: never.
 *
 * ZoneDBConfig is what operators edit: groups, their zones, aliases.  ZoneDBActive is what is enforced: groups as they were activated,
 * each from one change until another.  So what was active at any change that is still in the history can be told from the rows. */
#ifndef DISCOVERYD_MODEL_ZONE_ROWS_H
#define DISCOVERYD_MODEL_ZONE_ROWS_H

#include "discoveryd/model/rows.h"

#define DSC_ZONE_GROUP_NAME_MAX 29 /* the specification's, without the NUL */
#define DSC_ZONE_NAME_MAX DSC_NAME_MAX
#define DSC_ZONE_MEMBERS_MAX 65535 /* of a zone or an alias: as many as a ZoneGroup can tell */
#define DSC_ZONES_MAX 65535 /* of a group */
#define DSC_ZONE_PASTS_MAX 100 /* activations that are remembered */

/* -- ZoneDBConfig ------------------------------------------------------------------------------------------ */
struct dsc_zone_group {
	struct dsc_row row;
	uint64_t id;
	char name[DSC_ZONE_GROUP_NAME_MAX + 1];
	char *description;
	uint64_t changed, created_ms;
	struct dsc_tree *zones; /* struct dsc_zone by name: dsc_zone_ops */
};

struct dsc_zone {
	struct dsc_row row;
	uint64_t id, group_id;
	char name[DSC_ZONE_NAME_MAX + 1];
	bool enforced; /* the property Fabric Enforced Zone: passed on, nothing else */
	char *members; /* zone_member.h: sorted lines */
	uint64_t changed, created_ms;
};

struct dsc_zone_alias {
	struct dsc_row row;
	uint64_t id;
	char name[DSC_ZONE_NAME_MAX + 1];
	char *members; /* none of them an alias */
	uint64_t changed, created_ms;
};

/* There is one, with id 1, once somebody has changed a setting. */
struct dsc_zone_settings {
	struct dsc_row row;
	uint64_t id;
	bool enabled; /* false: as if there were no zones */
	bool closed; /* what is in no zone is told to nobody */
	char *ddcs; /* NQNs of discovery controllers that may zone what they present; a line each, "own NQN": also ours */
	uint64_t changed;
};

/* -- ZoneDBActive ------------------------------------------------------------------------------------------ */
struct dsc_zone_active {
	struct dsc_row row;
	uint64_t id;
	char name[DSC_ZONE_GROUP_NAME_MAX + 1];
	char originator[DSC_NQN_MAX + 1]; /* the discovery controller that sent it; "": this one */
	uint32_t generation; /* 1 to ffffffffh, then 1 again */
	uint32_t key; /* ZDK: the group's for ever */
	uint64_t since, until; /* changes; until 0: it is active */
	uint64_t activated_ms;
	char *zones; /* zone_member.h: an active group */
};

enum dsc_zone_past_kind {
	DSC_ZONE_PAST_ACTIVATION,
	DSC_ZONE_PAST_ROLLBACK,
	DSC_ZONE_PAST_SETTINGS,
	DSC_ZONE_PAST_DDC,
	DSC_ZONE_PAST_COUNT
};
extern const char *const dsc_zone_past_name[DSC_ZONE_PAST_COUNT + 1]; /* "activation", ... */

/* A change of what is enforced. */
struct dsc_zone_past {
	struct dsc_row row;
	uint64_t change;
	uint64_t wall_ms;
	uint8_t kind; /* enum dsc_zone_past_kind */
	bool enabled, closed; /* from then on */
	bool grace; /* connected hosts keep their controllers */
	char *ddcs; /* as in the settings, from then on */
	char *note; /* an operator's words */
	char *summary;
};

extern const struct dsc_tree_ops dsc_zone_group_ops, dsc_zone_alias_ops, dsc_zone_settings_ops;
extern const struct dsc_tree_ops dsc_zone_active_ops; /* by id */
extern const struct dsc_tree_ops dsc_zone_ops; /* by name, within its group */
extern const struct dsc_tree_ops dsc_zone_past_ops; /* by change */
extern const struct dsc_tree_ops dsc_zoning_ops; /* struct dsc_zoning (zoning.h) by its change */

#endif
