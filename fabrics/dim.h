/* SPDX-License-Identifier: Apache-2.0 */
/* fabrics/dim.h - the data of a Discovery Information Management command: decoded, and checked whole before anybody acts on it.
 * Owns: nothing; what is decoded borrows the bytes.  Thread: any.  May block: never.
 * Spec: NVM Express Base 2.1, 5.3.3 (Figures 496 to 501). */
#ifndef FABRICS_DIM_H
#define FABRICS_DIM_H

#include "fabrics/discovery_log.h"
#include "fabrics/status.h"

enum fab_dim_task { FAB_DIM_REGISTER, FAB_DIM_DEREGISTER, FAB_DIM_UPDATE, FAB_DIM_TASK_COUNT };
extern const char *const fab_dim_task_name[FAB_DIM_TASK_COUNT]; /* "register", ... */
const char *fab_dim_etype_name(uint16_t etype); /* "host", "ddc", "cdc" */

/* The header. */
struct fab_dim {
	uint8_t task; /* enum fab_dim_task */
	uint16_t entfmt, etype,
		ektype; /* enum nvmf_dim_entfmt, nvmf_dim_etype; which fields are the key */
	bool portlcl;
	uint32_t nument;
	char eid[NVMF_NQN_MAX + 1];
	char ename[257], ever[65]; /* printable ASCII, without padding */
	const uint8_t *list; /* the entries, borrowed */
	uint32_t list_len;
};

struct fab_dim_entry {
	struct fab_disc_record
		rec; /* subnqn: the host's NQN for hosts and CDCs; traddr "": that of the connection's peer */
	uint8_t hostid[16]; /* zeroes for a subsystem */
	char label[FAB_LABEL_MAX + 1]; /* UTF-8; "" none */
};

/* What was wrong: the field by the specification's name in small letters; entry -1: the header. */
struct fab_dim_fault {
	const char *field;
	int entry;
};

/* Checks header and all entries.  Fails with Invalid Field in Command (form), or Invalid Discovery Information (an entry that an
 * entity of this type doesn't have), and *ret_fault says where. */
struct fab_status fab_dim_decode(uint32_t cdw10, const void *data, uint32_t len,
				 struct fab_dim *ret, struct fab_dim_fault *ret_fault);
/* The entries of a decoded command one by one, *pos being 0 at first; false after the last. */
bool fab_dim_next(const struct fab_dim *dim, uint32_t *pos, struct fab_dim_entry *ret);

/* An administrative label of size bytes, padded with NULs or spaces.  False: too long, or not to be shown; dst is undefined then. */
bool fab_label_take(char dst[FAB_LABEL_MAX + 1], const uint8_t *src, size_t size, bool ascii);

#endif
