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

#endif
