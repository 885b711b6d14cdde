/* SPDX-License-Identifier: Apache-2.0 */
/* fabrics/discovery_text.h - the fields of a discovery log record in the words that nvme-cli uses, so that programs which
 * read `nvme discover -o json` can read ours.
 * Owns: constants.  Thread: any.  May block: never. */
#ifndef FABRICS_DISCOVERY_TEXT_H
#define FABRICS_DISCOVERY_TEXT_H

#include <stdint.h>

/* A value that isn't known is "unrecognized". */
const char *fab_disc_trtype_text(uint8_t trtype);
const char *fab_disc_adrfam_text(uint8_t adrfam);
const char *fab_disc_subtype_text(uint8_t subtype);
const char *fab_disc_treq_text(uint8_t treq);
const char *fab_disc_eflags_text(uint16_t eflags);
const char *fab_disc_sectype_text(uint8_t sectype);

/* Names of the secure channel bits of TREQ alone: "not_specified", "required", "not_required". */
const char *fab_disc_secure_text(uint8_t treq);
int fab_disc_secure_parse(const char *text, uint8_t *ret_treq); /* -EINVAL: none of them */

#endif
