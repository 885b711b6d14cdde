/* SPDX-License-Identifier: Apache-2.0 */
/* fabrics/status.h - the status a command ends with, as its host will see it.
 * Owns: nothing.  Thread: any.  May block: never.  Spec: NVM Express Base 2.1, 4.2.3 (Status Field).
 *
 * Three kinds of error never mix: this one (told to the host), a FES (fatal to the connection, fabrics/tcp/pdu.h)
 * and a local -errno. */
#ifndef FABRICS_STATUS_H
#define FABRICS_STATUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FAB_LOC_NONE                                                                               \
	0xffff /* error log: the error is not specific to a field (Base 2.1, Figure 205) */

/* Returned by value.  code is SCT << 8 | SC, the way enum nvme_sc names them; 0 is success.  Bit fields, because then it is
 * one register: the members by themselves would be written to the stack and read back as a whole, which has to wait for
 * every store before it, such as the data of a write that was just copied. */
struct fab_status {
	uint64_t code : 16;
	uint64_t
		err_loc : 16; /* byte offset in the command (SQE), bit in [10:8]; FAB_LOC_NONE where no field is to blame */
	uint64_t
		dnr : 1; /* Do Not Retry.  Never set for a state that passes by itself: Linux gives up for good on it */
};

#define FAB_OK ((struct fab_status){ .code = 0, .err_loc = FAB_LOC_NONE })
/* The same command will fail again. */
#define FAB_ERR(sc) ((struct fab_status){ .code = (sc), .err_loc = FAB_LOC_NONE, .dnr = true })
/* A field of the command is to blame: off is its byte offset in struct nvme_cmd. */
#define FAB_ERR_AT(sc, off) ((struct fab_status){ .code = (sc), .err_loc = (off), .dnr = true })
/* It may succeed later. */
#define FAB_RETRY(sc) ((struct fab_status){ .code = (sc), .err_loc = FAB_LOC_NONE })

/* "lba_out_of_range"; NULL for one that has no name here.  io: of a command of the NVM command set, not of fabrics'. */
const char *fab_status_name(uint16_t code, bool io);

static inline bool fab_failed(struct fab_status st)
{
	return st.code != 0;
}

#endif
