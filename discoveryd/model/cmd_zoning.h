/* SPDX-License-Identifier: Apache-2.0 */
/* discoveryd/model/cmd_zoning.h - what the commands that change what is enforced share; not for others. */
#ifndef DISCOVERYD_MODEL_CMD_ZONING_H
#define DISCOVERYD_MODEL_CMD_ZONING_H

#include "discoveryd/model/cmd_impl.h"
#include "discoveryd/model/zone_commands.h"
#include "discoveryd/model/zoning_impl.h"

/* Puts the group as it shall be from this change on in place of the one that is active; takes zones over.  key 0: a new one. */
void dsc_zone_put_active(struct dsc_txn *txn, const char *originator, const char *name,
			 uint32_t key, char *zones);
void dsc_zone_end_active(struct dsc_txn *txn, const struct dsc_zone_active *old);
/* A version by the settings as they stand; put, after the groups, it makes the compiled form and what hosts and workers have to
 * be told. */
struct dsc_zone_past *dsc_zone_new_version(struct dsc_txn *txn, enum dsc_zone_past_kind kind);
void dsc_zone_put_version(struct dsc_txn *txn, struct dsc_zone_past *past);

#endif
