/* SPDX-License-Identifier: Apache-2.0 */
/* discoveryd/model/zone_wire.h - active zone groups from and to the specification's bytes.
 * Owns: what it returns is the caller's.  Thread: any.  May block: never.  Spec: NVM Express Base 2.1, 8.3.2.3.2 to 8.3.2.3.5. */
#ifndef DISCOVERYD_MODEL_ZONE_WIRE_H
#define DISCOVERYD_MODEL_ZONE_WIRE_H

#include "discoveryd/model/zone_rows.h"
#include "fabrics/zoning.h"

#define DSC_ZONE_GROUP_BYTES_MAX                                                                   \
	(4u << 20) /* of a ZoneGroup that is sent to us: some 16,000 members */

/* The text of an active group (zone_member.h), its zones and members in order; NULL with *ret_fault.  An alias is refused: nobody but
 * an operator can define one. */
char *dsc_zone_from_wire(const struct fab_zone_group *group, struct fab_zone_fault *ret_fault);
/* The ZoneGroup.  Members for which the specification has no type are left out.  originator: for one of ours, our own NQN. */
uint8_t *dsc_zone_to_wire(const struct dsc_zone_active *group, const char *originator,
			  size_t *ret_len);

#endif
