/* SPDX-License-Identifier: Apache-2.0 */
/* targetd/backend/backend.h - what stores a namespace's blocks.
 * Owns: see each op.  Thread: open/close on the control thread; submit on any reactor, several at once.
 * May block: open and close may; submit never.
 *
 * To add a backend: a folder beside this file, its ops, one row in list.c (HACKING.md has the recipe).  Every backend in the list
 * passes tests/unit/targetd/test_backend.c. */
#ifndef TARGETD_BACKEND_H
#define TARGETD_BACKEND_H

#include "common/err.h"
#include "fabrics/req.h"
#include "net/reactor.h"

struct json_object;
struct tgt_backend; /* an open instance; ops embed it in their own struct */

/* One I/O.  The caller has validated the range against the geometry and holds the range lock it needs. */
enum tgt_io_op { TGT_IO_READ, TGT_IO_WRITE, TGT_IO_FLUSH, TGT_IO_WRITE_ZEROES, TGT_IO_DISCARD, TGT_IO_OP_COUNT };

struct tgt_io {
	enum tgt_io_op op;
	bool fua;	  /* durable before done() */
	bool may_unmap;	  /* WRITE_ZEROES: DEAC */
	uint64_t offset;  /* bytes */
	uint64_t len;
	void *buf;	  /* READ, WRITE: len bytes, 4 KiB aligned for file backends */
	struct net_reactor *reactor;		      /* the submitting thread's */
	void (*done)(struct tgt_io *io, int res);     /* 0 or -errno; on the same thread, possibly before submit() returns */
	struct net_file_op file_op;
	struct tgt_backend *backend;
	uint64_t priv[4]; /* the backend's */
};

struct tgt_geometry {
	uint64_t size;		   /* bytes */
	uint32_t block_size;	   /* logical block, 512 or 4096 */
	uint32_t atomic_bytes;	   /* never torn by a power cut: >= block_size */
	uint32_t optimal_bytes;	   /* preferred granularity, 0: none */
	bool discard_zeroes;	   /* reads of discarded blocks are zeroes */
	bool thin;
	bool durable;		   /* survives a power cycle (ram doesn't) */
};

struct tgt_backend_spec {	 /* from the desired state */
	const char *ns_name;	 /* for messages: "nqn/nsid" */
	uint64_t size;		 /* bytes; 0: take what is there (file) */
	uint32_t block_size;
	const char *path;	 /* file */
	int memfd;		 /* ram: -1 makes one (standalone) ; dup'ed by open */
	bool read_only;
	const struct json_object *options; /* the backend's own keys */
};

struct tgt_backend_ops {
	const char *name;
	/* Opens and checks; on failure fills *err (field and reason, for the operator) and returns -errno. */
	int (*open)(const struct tgt_backend_spec *spec, struct tgt_backend **ret, struct cmn_err *err);
	void (*close)(struct tgt_backend *b);
	void (*geometry)(const struct tgt_backend *b, struct tgt_geometry *ret);
	/* A new size from the desired state.  -EOPNOTSUPP where it can't. */
	int (*resize)(struct tgt_backend *b, uint64_t size, struct cmn_err *err);
	/* Asynchronous.  Ends in io->done exactly once. */
	void (*submit)(struct tgt_backend *b, struct tgt_io *io);
	/* Tries to end io early; done() still comes.  Optional. */
	void (*cancel)(struct tgt_backend *b, struct tgt_io *io);
	/* Memory-backed only: where the bytes are, for reads sent in place and writes copied in.  NULL: none.  Optional. */
	void *(*map)(struct tgt_backend *b);
	/* The file that its bytes are in, from 0 on; stays the backend's.  -EBUSY: a write of a process that has ended may still change it.
	 * NULL: there is none.  Optional. */
	int (*fd)(struct tgt_backend *b);
};

struct tgt_backend {
	const struct tgt_backend_ops *ops;
};

const struct tgt_backend_ops *tgt_backend_find(const char *name); /* NULL: unknown */
extern const struct tgt_backend_ops *const tgt_backends[];	   /* NULL ended */

#endif
