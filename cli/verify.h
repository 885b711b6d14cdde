/* SPDX-License-Identifier: Apache-2.0 */
/* cli/verify.h - proves that a namespace keeps what is written to it, and leaves it as it was.
 * Owns: nothing.  Thread: one.  May block: yes.
 *
 * A range in the middle of the namespace is read, a pattern is written over it, read back and compared, and then what was there is
 * written back and compared.  Signals that would end us in between wait until it has been.  A host that writes to the same
 * blocks at the same moment would lose its write: for namespaces in use there is the mode that only reads. */
#ifndef CLI_VERIFY_H
#define CLI_VERIFY_H

#include "net/client.h"

#define CLI_VERIFY_BYTES (256u << 10)

struct cli_verify {
	struct net_client *client; /* with one I/O queue open */
	uint32_t nsid;
	uint64_t blocks; /* size of the namespace */
	uint32_t block_size;
	bool read_only;
};

struct cli_verify_result {
	uint64_t bytes; /* how much was verified */
	uint64_t took_ns; /* for the pattern: writing and reading */
	bool restored; /* only false with an error, and then what was there is lost */
};

/* 0, or -errno with words. */
int cli_verify(const struct cli_verify *v, struct cli_verify_result *ret, struct cmn_err *err);

#endif
