/* SPDX-License-Identifier: Apache-2.0 */
/* discoveryd/model/commands.h - every change that an operator can ask for.
 * Owns: a command until its done() has run.  Thread: the control loop.  May block: a namespace on a file without a size looks
 * at the file; else never.
 *
 * A command validates against the model with everything still on its way to the store, and returns:
 *   < 0  err says why (and err->field which input); done() will not be called
 *     1  nothing to do, it is so already; done() will not be called
 *     0  done() will be called exactly once, later, from the control loop: committed and confirmed (or wait_ms
 *        over, or failed)
 * Inputs are copied before it returns.  `who` is a host's NQN or "group:NAME".
 *
 * err->code, for the API: -EINVAL 422; -ENOENT 404; -EEXIST, -EBUSY 409; -ESTALE 412; -ENOSPC, -ENOMEM 507; -EIO and others 500. */
#ifndef DISCOVERYD_MODEL_COMMANDS_H
#define DISCOVERYD_MODEL_COMMANDS_H

#include <sys/socket.h>

#include "common/err.h"
#include "discoveryd/app.h"
#include "discoveryd/model/snapshot.h"

/* How a command ended.  err.code 0: it is committed, and visible in dsc_snapshot_current(). */
struct dsc_outcome {
	struct cmn_err err;
	enum dsc_status
		state; /* DSC_STATUS_FAILED: committed, but the worker can't; reason says why */
	char reason[256];
	uint64_t change;
	char name[DSC_NQN_MAX + 1]; /* of what was made or changed: NQN or id */
	uint32_t nsid;
	bool later; /* stored: that isn't there until it is done */
};

struct dsc_call {
	void (*done)(void *arg, const struct dsc_outcome *outcome); /* NULL: nobody waits */
	void *arg;
	uint32_t
		wait_ms; /* how long done() may wait for the worker's confirmation; 0: only for the commit */
	uint64_t if_match; /* row->changed that it must have now, 0: any */
	bool force; /* even though it is in use */
	/* Both may be NULL.  It is committed, and done() waits for the worker. */
	void (*stored)(void *arg, const struct dsc_outcome *outcome);
	/* Must what couldn't be opened stay, since somebody was told that it is made? */
	bool (*keeps)(void *arg);
	/* Of what is done in bytes, after stored; may be NULL. */
	void (*progress)(void *arg, uint64_t done, uint64_t total);
};

enum dsc_tri {
	DSC_UNSET, /* leave it as it is, or the default */
	DSC_NO,
	DSC_YES
};

/* A list that may be absent, or null ("all" for portals, "not restricted" for a namespace's hosts). */
struct dsc_list {
	bool set, null;
	const char *const *item;
	size_t nr;
};

/* What a subsystem or a group says about the order of portals. */
struct dsc_paths_in {
	const char *policy; /* NULL: leave it, or as ""; "": the default, or for a group nothing */
	bool max_set;
	uint32_t max; /* at most DSC_MAX_PATHS; 0: no limit, or for a group nothing */
};

struct dsc_subsys_in {
	const char *nqn; /* create only */
	const char *serial, *model; /* NULL: made up / "Pharos"; create only */
	const char *worker; /* NULL: the least loaded; create only */
	const char *label; /* NULL: leave it, or none; "": none */
	struct dsc_paths_in paths;
	enum dsc_tri allow_any;
	enum dsc_tri require_auth;
	struct dsc_list hosts; /* NQNs and "group:NAME"; hosts that aren't registered are */
	struct dsc_list portals; /* names */
};

struct dsc_ns_in {
	uint32_t nsid; /* 0: the lowest free one; create only */
	bool size_set;
	uint64_t size;
	const char *backend; /* NULL: "file" when path is given, else "ram"; create only */
	const char *path; /* create only */
	uint32_t block_size; /* 0: 512; create only */
	const char *uuid, *nguid, *eui64; /* NULL: made up; create only */
	const char *snapshot; /* NULL: none; else path becomes a copy of it; create only */
	enum dsc_tri read_only;
	uint32_t ana_group; /* 0: leave it, or DSC_ANA_DEFAULT */
	struct dsc_list hosts;
};

struct dsc_portal_in {
	const char *name; /* NULL: made up; create only */
	const char *address; /* create only */
	uint16_t port; /* 0: 4420; create only */
	uint16_t portid; /* 0: the lowest free; create only */
	const char *worker; /* NULL: the least loaded; create only */
	bool advertise_set;
	const char *advertise; /* NULL: none */
	const char *secure_channel; /* NULL: leave it, or "not_specified" */
	const char *sectype; /* NULL or "none": no worker speaks TLS yet */
};

struct dsc_worker_in {
	const char *name; /* NULL: made up; create only */
	bool reactors_set;
	uint32_t reactors;
	const char *cpu_list; /* NULL: leave it */
};

int dsc_cmd_subsys_create(struct dsc_app *app, const struct dsc_subsys_in *in,
			  const struct dsc_call *call, struct cmn_err *err);
int dsc_cmd_subsys_update(struct dsc_app *app, const char *nqn, const struct dsc_subsys_in *in,
			  const struct dsc_call *call, struct cmn_err *err);
int dsc_cmd_subsys_delete(struct dsc_app *app, const char *nqn, const struct dsc_call *call,
			  struct cmn_err *err);
int dsc_cmd_allow(struct dsc_app *app, const char *nqn, const char *who,
		  const struct dsc_call *call, struct cmn_err *err);
int dsc_cmd_disallow(struct dsc_app *app, const char *nqn, const char *who,
		     const struct dsc_call *call, struct cmn_err *err);

/* A namespace whose backend the worker can't open is taken out again, and the outcome's err is -EINVAL with the field.  One from a snapshot
 * is there when done() says so, and nothing of it is when that has an err. */
int dsc_cmd_ns_create(struct dsc_app *app, const char *nqn, const struct dsc_ns_in *in,
		      const struct dsc_call *call, struct cmn_err *err);
int dsc_cmd_ns_update(struct dsc_app *app, const char *nqn, uint32_t nsid,
		      const struct dsc_ns_in *in, const struct dsc_call *call, struct cmn_err *err);
int dsc_cmd_ns_delete(struct dsc_app *app, const char *nqn, uint32_t nsid,
		      const struct dsc_call *call, struct cmn_err *err);
/* The first allowed host makes the namespace restricted. */
int dsc_cmd_ns_allow(struct dsc_app *app, const char *nqn, uint32_t nsid, const char *who,
		     const struct dsc_call *call, struct cmn_err *err);
int dsc_cmd_ns_disallow(struct dsc_app *app, const char *nqn, uint32_t nsid, const char *who,
			const struct dsc_call *call, struct cmn_err *err);

struct dsc_host_in {
	const char *nqn; /* create only */
	const char *name; /* NULL: leave it, or none */
	struct dsc_list groups; /* names */
};
int dsc_cmd_host_create(struct dsc_app *app, const struct dsc_host_in *in,
			const struct dsc_call *call, struct cmn_err *err);
int dsc_cmd_host_update(struct dsc_app *app, const char *nqn, const struct dsc_host_in *in,
			const struct dsc_call *call, struct cmn_err *err);
int dsc_cmd_host_delete(struct dsc_app *app, const char *nqn, const struct dsc_call *call,
			struct cmn_err *err);

int dsc_cmd_portal_create(struct dsc_app *app, const struct dsc_portal_in *in,
			  const struct dsc_call *call, struct cmn_err *err);
int dsc_cmd_portal_update(struct dsc_app *app, const char *name, const struct dsc_portal_in *in,
			  const struct dsc_call *call, struct cmn_err *err);
int dsc_cmd_portal_delete(struct dsc_app *app, const char *name, const struct dsc_call *call,
			  struct cmn_err *err);

/* What a portal is to say of a group. */
struct dsc_ana_state_in {
	const char *portal;
	uint8_t state; /* enum nvme_ana_state */
};

struct dsc_ana_group_in {
	uint32_t id; /* 0: the lowest that is free; create only */
	const char *description; /* NULL: leave it, or none; "": none */
	const struct dsc_ana_state_in *states;
	size_t nr_states;
	bool only; /* portals that states doesn't name are to say optimized */
};

int dsc_cmd_ana_group_create(struct dsc_app *app, const struct dsc_ana_group_in *in,
			     const struct dsc_call *call, struct cmn_err *err);
int dsc_cmd_ana_group_update(struct dsc_app *app, uint64_t id, const struct dsc_ana_group_in *in,
			     const struct dsc_call *call, struct cmn_err *err);
/* Forced, its namespaces go to DSC_ANA_DEFAULT, which can't be deleted itself. */
int dsc_cmd_ana_group_delete(struct dsc_app *app, uint64_t id, const struct dsc_call *call,
			     struct cmn_err *err);

int dsc_cmd_worker_create(struct dsc_app *app, const struct dsc_worker_in *in,
			  const struct dsc_call *call, struct cmn_err *err);
int dsc_cmd_worker_update(struct dsc_app *app, const char *name, const struct dsc_worker_in *in,
			  const struct dsc_call *call, struct cmn_err *err);
int dsc_cmd_worker_delete(struct dsc_app *app, const char *name, const struct dsc_call *call,
			  struct cmn_err *err);

/* What a host or another discovery controller registers, updates or takes back: all of it or nothing.
 * -EINVAL: err->field by the specification's name; -ENOSPC: no room, err->field "quota" or NULL. */
#define DSC_REGS_MAX 200000 /* entries of all */
#define DSC_REGS_PER_DC 20000 /* of a discovery controller; a host's quota is an option */
struct fab_dim;
struct dsc_register_in {
	const struct fab_dim *dim; /* borrowed for the call */
	const char *owner; /* host NQN of the Connect */
	const struct sockaddr_storage *peer; /* where it came from */
};
int dsc_cmd_register(struct dsc_app *app, const struct dsc_register_in *in,
		     const struct dsc_call *call, struct cmn_err *err);
/* One entry; an entity that has no other goes with it. */
int dsc_cmd_reg_delete(struct dsc_app *app, uint64_t id, const struct dsc_call *call,
		       struct cmn_err *err);
int dsc_cmd_entity_delete(struct dsc_app *app, uint64_t id, const struct dsc_call *call,
			  struct cmn_err *err);

/* -- many commands in one transaction, all or nothing ----------------------------------------------------------------------------- */
/* In one turn: begin, commands, then commit or abort.  A command in between is checked against what those before it made; 0
 * from it means that it takes part, and its call (usually NULL) is told when the batch has ended, never undone by itself. */
void dsc_batch_begin(struct dsc_app *app);
/* What the batch started from, and what it would make of it; borrowed until it ends. */
const struct dsc_snapshot *dsc_batch_before(const struct dsc_app *app);
const struct dsc_snapshot *dsc_batch_after(const struct dsc_app *app);
/* All that it has written so far, in that order; borrowed until it ends or writes more. */
struct dsc_write;
const struct dsc_write *dsc_batch_writes(const struct dsc_app *app, size_t *ret_nr);
/* Name and NSID that the outcome will have, of the last command in it; borrowed. */
const char *dsc_batch_name(const struct dsc_app *app, uint32_t *ret_nsid);
/* A row of the caller's, stored with the rest; takes the reference over. */
void dsc_batch_put(struct dsc_app *app, void *row);

/* What it means for hosts: as if each worker had confirmed all that is desired of it, before and after.  fn is told of each host
 * (NULL: every host that nobody names) and subsystem (0: referrals; DSC_TOLD_FOREIGN: what
 * other discovery controllers have) that it may concern, and whether what the host is told of it
 * differs; possibly more than once.  False when there was too much to compare. */
#define DSC_TOLD_FOREIGN UINT64_MAX
typedef void dsc_told_fn(void *arg, const struct dsc_snapshot *const side[2], const char *host_nqn,
			 uint64_t subsys_id, bool differs);
bool dsc_batch_tell(struct dsc_app *app, dsc_told_fn *fn, void *arg);

/* As a command: 1 when nothing was written, else 0 and done() waits for every worker concerned.  name is the outcome's, NULL: that
 * of the last command in it, with its NSID. */
int dsc_batch_commit(struct dsc_app *app, const struct dsc_call *call, const char *name);
void dsc_batch_abort(struct dsc_app *app);

struct dsc_referral_in {
	const char *name; /* NULL: made up; create only */
	const char *address; /* create only */
	uint16_t port; /* 0: 8009; create only */
	const char *nqn; /* NULL: the well-known one; create only */
	struct dsc_list hosts; /* NQNs and "group:NAME"; unset or null: every host */
};
int dsc_cmd_referral_create(struct dsc_app *app, const struct dsc_referral_in *in,
			    const struct dsc_call *call, struct cmn_err *err);
int dsc_cmd_referral_update(struct dsc_app *app, const char *name, const struct dsc_referral_in *in,
			    const struct dsc_call *call, struct cmn_err *err);
int dsc_cmd_referral_delete(struct dsc_app *app, const char *name, const struct dsc_call *call,
			    struct cmn_err *err);

struct dsc_user_in {
	const char *name;
	const char *description; /* NULL: leave it, or none */
	uint8_t role; /* enum dsc_role */
};
int dsc_cmd_user_create(struct dsc_app *app, const struct dsc_user_in *in,
			const struct dsc_call *call, struct cmn_err *err);
int dsc_cmd_user_update(struct dsc_app *app, const struct dsc_user_in *in,
			const struct dsc_call *call, struct cmn_err *err);
/* Its tokens go with it. */
int dsc_cmd_user_delete(struct dsc_app *app, const char *name, const struct dsc_call *call,
			struct cmn_err *err);

struct dsc_token_in {
	const char *name, *user;
	const char *description; /* NULL: leave it, or none */
	const uint8_t *hash; /* 32 bytes */
	uint64_t expires_ms; /* 0: never */
};
#define DSC_TOKEN_USED_MS (60 * 60 * 1000) /* how exactly the last use of a token is kept */
/* It is used now; true: that is news and will be kept.  Not a change of the token: its ETag stays. */
bool dsc_cmd_token_used(struct dsc_app *app, const char *name);
int dsc_cmd_token_create(struct dsc_app *app, const struct dsc_token_in *in,
			 const struct dsc_call *call, struct cmn_err *err);
/* Its description; the rest of a token is for good. */
int dsc_cmd_token_update(struct dsc_app *app, const struct dsc_token_in *in,
			 const struct dsc_call *call, struct cmn_err *err);
int dsc_cmd_token_delete(struct dsc_app *app, const char *name, const struct dsc_call *call,
			 struct cmn_err *err);

/* NULL: leave it; of a create: none, but secret and host_nqn are needed. */
struct dsc_key_in {
	const char *name; /* create: NULL: made up */
	const char *host_nqn; /* create only */
	enum dsc_key_kind kind; /* create only */
	const char *description;
	const char *secret; /* DHHC-1:...: */
	bool set_hashes, set_dhgroups;
	uint8_t hashes, dhgroups; /* as in struct dsc_key */
};
int dsc_cmd_key_create(struct dsc_app *app, const struct dsc_key_in *in,
		       const struct dsc_call *call, struct cmn_err *err);
int dsc_cmd_key_update(struct dsc_app *app, const struct dsc_key_in *in,
		       const struct dsc_call *call, struct cmn_err *err);
int dsc_cmd_key_delete(struct dsc_app *app, const char *name, const struct dsc_call *call,
		       struct cmn_err *err);

#define DSC_NSSNAPS_MAX 10000
#define DSC_NSSNAP_FOLDER "snapshots" /* in the state folder */
#define DSC_PARTIAL ".partial" /* what a worker adds to a file's name until it is whole */
#define DSC_HOLD_MS 5000
#define DSC_HOLD_MIN_MS 100
#define DSC_HOLD_MAX_MS 20000
struct dsc_nssnap_in {
	const char *name; /* NULL: made up; create only */
	const char *nqn; /* create only, as what follows */
	uint32_t nsid;
	const char *path; /* NULL: beside the namespace's file, or in the state folder */
	uint32_t max_hold_ms; /* 0: DSC_HOLD_MS */
	const char *description; /* NULL: leave it, or none */
};
/* done() waits until it is ready; with an err it has failed, and its row says so.  Looks at the path. */
int dsc_cmd_nssnap_create(struct dsc_app *app, const struct dsc_nssnap_in *in,
			  const struct dsc_call *call, struct cmn_err *err);
int dsc_cmd_nssnap_update(struct dsc_app *app, const struct dsc_nssnap_in *in,
			  const struct dsc_call *call, struct cmn_err *err);
/* One that is being taken is given up.  done() waits until its file is gone; where that can't be removed the snapshot is there again. */
int dsc_cmd_nssnap_delete(struct dsc_app *app, const char *name, const struct dsc_call *call,
			  struct cmn_err *err);

struct dsc_group_in {
	const char *name; /* create only */
	const char *description; /* NULL: leave it, or none */
	struct dsc_paths_in paths; /* before what the subsystems say */
	struct dsc_list members; /* NQNs; hosts that aren't registered are */
};
int dsc_cmd_group_create(struct dsc_app *app, const struct dsc_group_in *in,
			 const struct dsc_call *call, struct cmn_err *err);
int dsc_cmd_group_update(struct dsc_app *app, const char *name, const struct dsc_group_in *in,
			 const struct dsc_call *call, struct cmn_err *err);
/* With force also where it is named: it goes from there too. */
int dsc_cmd_group_delete(struct dsc_app *app, const char *name, const struct dsc_call *call,
			 struct cmn_err *err);
int dsc_cmd_group_add(struct dsc_app *app, const char *name, const char *host_nqn,
		      const struct dsc_call *call, struct cmn_err *err);
int dsc_cmd_group_remove(struct dsc_app *app, const char *name, const char *host_nqn,
			 const struct dsc_call *call, struct cmn_err *err);
/* Calls fn with whatever names a host or a group: NQNs of subsystems, "namespace 1 of NQN", "group:NAME", "referral r1". */
void dsc_who_users(const struct dsc_snapshot *st, uint64_t who_id,
		   void (*fn)(void *arg, const char *user), void *arg);

/* A host's NQN, or "group:NAME" of one that is there; err->field = field. */
int dsc_who_check(const struct dsc_snapshot *st, const char *text, const char *field,
		  struct cmn_err *err);

/* -- other discovery controllers ------------------------------------------------------------------------------------------------ */
#define DSC_DCS_MAX 1000 /* of all */
#define DSC_DCS_WAITING_MAX 200 /* that nobody has admitted: whoever reaches us can add to them */

struct dsc_dc_in {
	const char *name; /* NULL: made up; create only */
	const char *address; /* create only */
	uint16_t port; /* 0: 8009; create only */
	const char *nqn; /* to ask by; NULL: the well-known one; create only */
	enum dsc_tri enabled, admitted;
	struct dsc_list hosts; /* who is told of what it has; unset or null: every host */
};
int dsc_cmd_dc_create(struct dsc_app *app, const struct dsc_dc_in *in, const struct dsc_call *call,
		      struct cmn_err *err);
int dsc_cmd_dc_update(struct dsc_app *app, const char *name, const struct dsc_dc_in *in,
		      const struct dsc_call *call, struct cmn_err *err);
/* With what it registered and what was read from it. */
int dsc_cmd_dc_delete(struct dsc_app *app, const char *name, const struct dsc_call *call,
		      struct cmn_err *err);

/* Is there room for one more, that waits or that is admitted?  -ENOSPC. */
int dsc_dc_check_room(const struct dsc_snapshot *st, bool waits, struct cmn_err *err);
/* Not the well-known discovery NQN, nor none: who has it is the only one. */
bool dsc_dc_nqn_is_unique(const char *nqn);
/* Somebody told us of one: it waits for an operator, unless it is known already.  -EINVAL: it is this one; -ENOSPC. */
struct dsc_dc_found {
	enum dsc_dc_source source;
	const char *traddr; /* numeric, in the short form */
	uint16_t port;
	const char *nqn; /* to ask by */
	bool admitted; /* an operator wants all that turn up so */
};
int dsc_cmd_dc_found(struct dsc_app *app, const struct dsc_dc_found *in,
		     const struct dsc_call *call, struct cmn_err *err);

/* Whether one is listed there, or is about to be. */
bool dsc_cmd_dc_is_at(struct dsc_app *app, const char *traddr, uint16_t port);

/* What was learnt by connecting to it.  reg: its entries, rows of the caller (each with its key, and no id), or NULL when the log
 * wasn't read.  It is connected then, so nothing of it is away. */
struct dsc_dc_learnt {
	const char *own_nqn;
	uint8_t dctype;
	bool central;
	struct dsc_reg *const *reg;
	size_t nr;
};
int dsc_cmd_dc_learnt(struct dsc_app *app, uint64_t id, const struct dsc_dc_learnt *in,
		      const struct dsc_call *call, struct cmn_err *err);
/* An entity of a discovery controller: is it connected? */
int dsc_cmd_entity_away(struct dsc_app *app, uint64_t entity_id, bool away,
			const struct dsc_call *call, struct cmn_err *err);
/* The fields that tell a subsystem's entries apart, as the key of an entry. */
char *dsc_reg_make_key(const struct dsc_reg *r, uint16_t ektype);

/* "nqn." or "nqn.2014-08.org.nvmexpress:uuid:" form, length, characters; err->field = field. */
int dsc_nqn_check(const char *nqn, const char *field, struct cmn_err *err);

#endif
