/* SPDX-License-Identifier: Apache-2.0 */
/* cli/geometry.h - which namespaces there are, and their sizes, for `probe` and `bench`.
 * Owns: nothing.  Thread: one.  May block: yes.  Spec: NVM Express Base 2.1, 5.1.13 (Identify). */
#ifndef CLI_GEOMETRY_H
#define CLI_GEOMETRY_H

#include "net/client.h"

struct cli_geometry {
	uint64_t blocks;
	uint32_t block_size;
	bool write_protected;
};

/* 0, or -errno with words: -EOPNOTSUPP for blocks that we can't use. */
int cli_geometry(struct net_client *client, uint32_t nsid, struct cli_geometry *ret,
		 struct cmn_err *err);
/* Up to 1024 active NSIDs above last, ascending.  How many, or -errno. */
int cli_active_namespaces(struct net_client *client, uint32_t last, uint32_t ret_nsids[1024],
			  struct cmn_err *err);

#endif
