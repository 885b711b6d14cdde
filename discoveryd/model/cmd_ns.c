/* SPDX-License-Identifier: Apache-2.0 */
/* discoveryd/model/cmd_ns.c - namespaces.
 * Owns: nothing.  Thread: the control loop.  May block: looks at the file of a file namespace, or where one is to be. */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/clock.h"
#include "common/size.h"
#include "discoveryd/model/cmd_impl.h"
#include "discoveryd/supervise/supervise.h"

static struct dsc_target target_of(const struct dsc_subsys *s, uint32_t nsid)
{
	return (struct dsc_target){ .worker_id = s->worker_id, .subsys_id = s->id, .nsid = nsid };
}

static const struct dsc_ns *find_ns(const struct dsc_subsys *s, uint32_t nsid, struct cmn_err *err)
{
	const struct dsc_ns *ns = dsc_snapshot_ns(s, nsid);

	if (!ns)
		cmn_err_set(err, -ENOENT, NULL, "there is no namespace %u", nsid);
	return ns;
}

/* -- sizes ----------------------------------------------------------------------------------------- */
static int file_size(const char *path, uint64_t *ret_size, struct cmn_err *err)
{
	cmn_autoclose int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return cmn_err_set(err, -EINVAL, "path", "%.160s: %s", path, strerror(errno));
	if (S_ISREG(st.st_mode)) {
		*ret_size = (uint64_t)st.st_size;
		return 0;
	}
	if (S_ISBLK(st.st_mode) && ioctl(fd, BLKGETSIZE64, ret_size) == 0)
		return 0;
	return cmn_err_set(err, -EINVAL, "path", "%.160s is no regular file or block device", path);
}

static int check_file(struct dsc_ns *ns, bool size_given, struct cmn_err *err)
{
	char have[CMN_SIZE_STR_LEN], want[CMN_SIZE_STR_LEN];
	uint64_t size;

	if (file_size(ns->path, &size, err) < 0)
		return err->code;
	if (!size_given)
		ns->size = size - size % ns->block_size;
	if (ns->size > size)
		return cmn_err_set(err, -EINVAL, "size", "%.120s holds %s, %s are asked for",
				   ns->path, cmn_size_format(size, have, sizeof(have)),
				   cmn_size_format(ns->size, want, sizeof(want)));
	return 0;
}

/* more: bytes beyond what is promised already. */
static int check_ram(struct dsc_app *app, uint64_t more, struct cmn_err *err)
{
	uint64_t promised = dsc_cmd_ahead(app)->ram_bytes;
	char left[CMN_SIZE_STR_LEN];
	uint64_t capacity;

	if (!app->supervisor)
		return 0;
	capacity = dsc_supervisor_ram_capacity(app->supervisor);
	if (promised <= capacity && more <= capacity - promised)
		return 0;
	return cmn_err_set(
		err, -ENOSPC, "size", "doesn't fit: %s of memory are left for RAM namespaces",
		cmn_size_format(promised < capacity ? capacity - promised : 0, left, sizeof(left)));
}

static int check_size(struct dsc_app *app, struct dsc_ns *ns, bool given, uint64_t before,
		      struct cmn_err *err)
{
	int rc = 0;

	if (!given && ns->backend != DSC_BACKEND_FILE)
		return cmn_err_set(err, -EINVAL, "size", "is needed");
	if (given && (ns->size == 0 || ns->size % ns->block_size || ns->size > INT64_MAX))
		return cmn_err_set(err, -EINVAL, "size",
				   "must be a multiple of the block size (%u) and not 0",
				   ns->block_size);
	if (ns->backend == DSC_BACKEND_FILE)
		rc = check_file(ns, given, err);
	if (ns->backend == DSC_BACKEND_RAM && ns->size > before)
		rc = check_ram(app, ns->size - before, err);
	if (!rc && ns->size == 0)
		rc = cmn_err_set(err, -EINVAL, "path", "%.160s holds not one block", ns->path);
	return rc;
}

/* Its file is made, so that it may be larger than what is copied to it. */
static int check_restored_size(const struct dsc_ns *ns, const struct dsc_nssnap *from,
			       struct cmn_err *err)
{
	char have[CMN_SIZE_STR_LEN];

	if (ns->size % ns->block_size || ns->size > INT64_MAX)
		return cmn_err_set(err, -EINVAL, "size",
				   "must be a multiple of the block size (%u)", ns->block_size);
	if (ns->size < from->size)
		return cmn_err_set(err, -EINVAL, "size", "is less than that of the snapshot, %s",
				   cmn_size_format(from->size, have, sizeof(have)));
	return 0;
}

/* -- identifiers ------------------------------------------------------------------------------------- */
static int parse_hex(const char *text, uint8_t *ret, size_t len, const char *field,
		     struct cmn_err *err)
{
	if (strlen(text) != 2 * len || strspn(text, "0123456789abcdefABCDEF") != 2 * len)
		return cmn_err_set(err, -EINVAL, field, "must be %zu hexadecimal digits", 2 * len);
	for (size_t i = 0; i < len; i++)
		sscanf(text + 2 * i, "%2hhx", &ret[i]);
	return 0;
}

/* Locally administered, so that they can't collide with a maker's. */
int dsc_ns_new_identity(struct dsc_ns *ns)
{
	int rc = cmn_uuid_random(&ns->uuid);

	if (!rc)
		rc = cmn_random_bytes(ns->nguid, sizeof(ns->nguid));
	if (!rc)
		rc = cmn_random_bytes(ns->eui64, sizeof(ns->eui64));
	ns->nguid[8] = (uint8_t)((ns->nguid[8] & 0xfc) | 2);
	ns->eui64[0] = (uint8_t)((ns->eui64[0] & 0xfc) | 2);
	return rc;
}

static int set_identity(const struct dsc_snapshot *st, struct dsc_ns *ns,
			const struct dsc_ns_in *in, struct cmn_err *err)
{
	int rc = dsc_ns_new_identity(ns);

	if (rc)
		return cmn_err_errno(err, rc, NULL, "no random bytes");
	if (in->uuid && (cmn_uuid_parse(in->uuid, &ns->uuid) < 0 || cmn_uuid_is_nil(&ns->uuid)))
		return cmn_err_set(err, -EINVAL, "uuid", "is not a UUID");
	if (in->nguid && parse_hex(in->nguid, ns->nguid, sizeof(ns->nguid), "nguid", err) < 0)
		return err->code;
	if (in->eui64 && parse_hex(in->eui64, ns->eui64, sizeof(ns->eui64), "eui64", err) < 0)
		return err->code;
	if (dsc_tree_find(st->uuids, &dsc_uuid_ops, &ns->uuid))
		return cmn_err_set(err, -EEXIST, "uuid", "another namespace has it");
	return 0;
}

/* -- create ------------------------------------------------------------------------------------------ */
static int set_backend(const struct dsc_snapshot *st, struct dsc_ns *ns, const struct dsc_ns_in *in,
		       struct cmn_err *err)
{
	const char *name = in->backend ? in->backend : in->path ? "file" : "ram";
	const struct dsc_ns *other;
	const struct dsc_subsys *s;

	while (ns->backend < DSC_BACKEND_COUNT && strcmp(dsc_backend_name[ns->backend], name) != 0)
		ns->backend++;
	if (ns->backend == DSC_BACKEND_COUNT)
		return cmn_err_set(err, -EINVAL, "backend",
				   "%.32s is unknown; there are ram, file and null", name);
	if (ns->backend != DSC_BACKEND_FILE)
		return in->path ? cmn_err_set(err, -EINVAL, "path", "is for backend file only") : 0;
	if (!in->path || in->path[0] != '/' || strlen(in->path) > 4000)
		return cmn_err_set(err, -EINVAL, "path", "an absolute path is needed");
	other = dsc_tree_find(st->paths, &dsc_path_ops, in->path);
	s = other ? dsc_snapshot_subsys_id(st, other->subsys_id) : NULL;
	if (s)
		return cmn_err_set(err, -EBUSY, "path", "is in use by namespace %u of %.180s",
				   other->nsid, s->nqn);
	if (in->snapshot ? dsc_cmd_check_new_path(st, in->path, err) < 0
			 : dsc_cmd_check_path_free(st, in->path, err) < 0)
		return err->code;
	ns->path = dsc_strdup(in->path);
	return 0;
}

/* The lowest that nobody has, nor is about to have; 0: none. */
static uint32_t free_nsid(const struct dsc_snapshot *st, const struct dsc_subsys *s)
{
	uint32_t nsid = dsc_free_nsid(s);

	while (nsid && dsc_cmd_nsid_is_promised(st, s->id, nsid)) {
		do
			nsid = nsid < DSC_NSID_MAX ? nsid + 1 : 0;
		while (nsid && dsc_snapshot_ns(s, nsid));
	}
	return nsid;
}

static int set_nsid(const struct dsc_snapshot *st, const struct dsc_subsys *s, struct dsc_ns *ns,
		    const struct dsc_ns_in *in, struct cmn_err *err)
{
	ns->nsid = in->nsid ? in->nsid : free_nsid(st, s);
	if (!ns->nsid)
		return cmn_err_set(err, -EBUSY, "nsid", "the subsystem has %d namespaces already",
				   DSC_NSID_MAX);
	if (ns->nsid > DSC_NSID_MAX)
		return cmn_err_set(err, -EINVAL, "nsid", "must be 1 to %d", DSC_NSID_MAX);
	if (dsc_snapshot_ns(s, ns->nsid))
		return cmn_err_set(err, -EEXIST, "nsid", "namespace %u exists already", ns->nsid);
	if (dsc_cmd_nsid_is_promised(st, s->id, ns->nsid))
		return cmn_err_set(err, -EEXIST, "nsid",
				   "namespace %u is being made from a snapshot", ns->nsid);
	return 0;
}

static int fill(struct dsc_app *app, const struct dsc_subsys *s, struct dsc_ns *ns,
		const struct dsc_ns_in *in, struct cmn_err *err)
{
	const struct dsc_snapshot *st = dsc_cmd_ahead(app);
	const struct dsc_nssnap *from = in->snapshot ? dsc_cmd_restore_of(st, in, err) : NULL;

	if (in->snapshot && !from)
		return err->code;
	ns->subsys_id = s->id;
	ns->size = from && !in->size_set ? from->size : in->size;
	ns->block_size = in->block_size ? in->block_size : from ? from->block_size : 512;
	ns->read_only = in->read_only == DSC_YES;
	ns->ana_group = in->ana_group ? in->ana_group : DSC_ANA_DEFAULT;
	ns->restricted = in->hosts.set && !in->hosts.null;
	ns->created_ms = cmn_wall_ms();
	if (ns->block_size != 512 && ns->block_size != 4096)
		return cmn_err_set(err, -EINVAL, "block_size", "must be 512 or 4096");
	if (dsc_cmd_check_ana_group(st, ns->ana_group, err) < 0 ||
	    set_nsid(st, s, ns, in, err) < 0 || set_backend(st, ns, in, err) < 0 ||
	    set_identity(st, ns, in, err) < 0)
		return err->code;
	if (from ? check_restored_size(ns, from, err) < 0
		 : check_size(app, ns, in->size_set, 0, err) < 0)
		return err->code;
	return dsc_cmd_check_whos(st, &in->hosts, "hosts", err);
}

void dsc_cmd_set_ns_hosts(struct dsc_txn *txn, const struct dsc_ns *ns, const struct dsc_list *in)
{
	struct dsc_tree *want = NULL;
	struct dsc_ns *held =
		dsc_row_get(ns); /* the links change the row, not this picture of it */
	void *value;
	uint64_t id;

	for (size_t i = 0; !in->null && i < in->nr; i++)
		dsc_tree_set(&want, &dsc_ids_ops, dsc_id_value(dsc_cmd_need_who(txn, in->item[i])));
	dsc_tree_each(value, held->hosts, &dsc_ids_ops)
	{
		id = dsc_id(value);
		if (!dsc_tree_find(want, &dsc_ids_ops, &id))
			dsc_cmd_ns_link(txn, held, id, true);
	}
	dsc_tree_each(value, want, &dsc_ids_ops)
	{
		id = dsc_id(value);
		if (!dsc_tree_find(held->hosts, &dsc_ids_ops, &id))
			dsc_cmd_ns_link(txn, held, id, false);
	}
	dsc_tree_put(want, &dsc_ids_ops);
	dsc_row_put(held);
}

int dsc_cmd_ns_create(struct dsc_app *app, const char *nqn, const struct dsc_ns_in *in,
		      const struct dsc_call *call, struct cmn_err *err)
{
	const struct dsc_subsys *s = dsc_cmd_find_subsys(dsc_cmd_ahead(app), nqn, err);
	struct dsc_target target;
	struct dsc_txn *txn;
	struct dsc_ns *ns;

	if (!s)
		return err->code;
	ns = dsc_row_new(DSC_ROW_NS);
	if (fill(app, s, ns, in, err) < 0) {
		dsc_row_put(ns);
		return err->code;
	}
	if (in->snapshot) {
		dsc_cmd_restore(app, ns, in, call);
		return 0;
	}
	target = target_of(s, ns->nsid);
	target.undo = true;
	txn = dsc_txn_begin(app->model);
	ns->changed = dsc_txn_change(txn);
	dsc_txn_put(txn, ns);
	if (in->hosts.set)
		dsc_cmd_set_ns_hosts(txn, ns, &in->hosts);
	dsc_txn_mark(txn, target.subsys_id);
	dsc_txn_commit(txn, call, &target, nqn);
	return 0;
}

/* -- update ------------------------------------------------------------------------------------------- */
static int change(struct dsc_app *app, struct dsc_ns *ns, const struct dsc_ns_in *in,
		  struct cmn_err *err)
{
	uint64_t before = ns->size;

	if (in->read_only != DSC_UNSET)
		ns->read_only = in->read_only == DSC_YES;
	if (in->ana_group)
		ns->ana_group = in->ana_group;
	if (in->hosts.set)
		ns->restricted = !in->hosts.null;
	if (dsc_cmd_check_ana_group(dsc_cmd_ahead(app), ns->ana_group, err) < 0 ||
	    dsc_cmd_check_whos(dsc_cmd_ahead(app), &in->hosts, "hosts", err) < 0)
		return err->code;
	if (!in->size_set || in->size == before)
		return 0;
	if (in->size < before)
		return cmn_err_set(err, -EINVAL, "size",
				   "is less than now: a namespace can grow, not shrink");
	ns->size = in->size;
	return check_size(app, ns, true, before, err);
}

static bool same(const struct dsc_ns *a, const struct dsc_ns *b)
{
	return a->size == b->size && a->read_only == b->read_only &&
	       a->restricted == b->restricted && a->ana_group == b->ana_group;
}

int dsc_cmd_ns_update(struct dsc_app *app, const char *nqn, uint32_t nsid,
		      const struct dsc_ns_in *in, const struct dsc_call *call, struct cmn_err *err)
{
	const struct dsc_subsys *s = dsc_cmd_find_subsys(dsc_cmd_ahead(app), nqn, err);
	const struct dsc_ns *old = s ? find_ns(s, nsid, err) : NULL;
	struct dsc_target target;
	struct dsc_txn *txn;
	struct dsc_ns *ns;

	if (!old || dsc_cmd_check_match(call, old->changed, err) < 0)
		return err->code;
	ns = dsc_row_copy(old);
	if (change(app, ns, in, err) < 0 || (same(ns, old) && !in->hosts.set)) {
		dsc_row_put(ns);
		return err->code ? err->code : 1;
	}
	target = target_of(s, nsid);
	txn = dsc_txn_begin(app->model);
	ns->changed = dsc_txn_change(txn);
	dsc_txn_put(txn, ns);
	if (in->hosts.set)
		dsc_cmd_set_ns_hosts(txn, ns, &in->hosts);
	dsc_txn_mark(txn, target.subsys_id);
	dsc_txn_commit(txn, call, &target, nqn);
	return 0;
}

/* -- delete ------------------------------------------------------------------------------------------- */
static void seen_by(struct dsc_names *names, struct dsc_app *app, const struct dsc_subsys *s,
		    const struct dsc_ns *ns)
{
	const struct dsc_snapshot *st = dsc_cmd_ahead(app);
	const struct dsc_host *host;
	void *id;

	if (!ns->restricted) {
		dsc_names_connected(names, app, s->nqn, NULL, NULL);
		return;
	}
	dsc_tree_each(id, ns->hosts, &dsc_ids_ops)
	{
		for (host = dsc_snapshot_who_host(st, dsc_id(id), 0); host;
		     host = dsc_snapshot_who_host(st, dsc_id(id), host->id))
			dsc_names_connected(names, app, s->nqn, host->nqn, NULL);
	}
}

int dsc_cmd_ns_delete(struct dsc_app *app, const char *nqn, uint32_t nsid,
		      const struct dsc_call *call, struct cmn_err *err)
{
	const struct dsc_subsys *s = dsc_cmd_find_subsys(dsc_cmd_ahead(app), nqn, err);
	const struct dsc_ns *ns = s ? find_ns(s, nsid, err) : NULL;
	struct dsc_names hosts = { .nr = 0 };
	struct dsc_target target;
	struct dsc_txn *txn;

	if (!ns || dsc_cmd_check_match(call, ns->changed, err) < 0)
		return err->code;
	if (!(call && call->force))
		seen_by(&hosts, app, s, ns);
	if (hosts.nr)
		return cmn_err_set(err, -EBUSY, NULL, "hosts that see it are connected: %s",
				   dsc_names_text(&hosts));
	target = target_of(s, nsid);
	txn = dsc_txn_begin(app->model);
	dsc_txn_drop_ns(txn, s, ns);
	dsc_txn_commit(txn, call, &target, nqn);
	return 0;
}

/* -- one host ------------------------------------------------------------------------------------------ */
static void restrict_ns(struct dsc_txn *txn, const struct dsc_ns *old)
{
	struct dsc_ns *ns = dsc_row_copy(old);

	ns->restricted = true;
	ns->changed = dsc_txn_change(txn);
	dsc_txn_put(txn, ns);
}

int dsc_cmd_ns_allow(struct dsc_app *app, const char *nqn, uint32_t nsid, const char *who,
		     const struct dsc_call *call, struct cmn_err *err)
{
	const struct dsc_snapshot *st = dsc_cmd_ahead(app);
	const struct dsc_subsys *s = dsc_cmd_find_subsys(st, nqn, err);
	const struct dsc_ns *ns = s ? find_ns(s, nsid, err) : NULL;
	struct dsc_target target;
	struct dsc_txn *txn;
	uint64_t who_id;

	if (!ns || dsc_who_check(st, who, "host_nqn", err) < 0)
		return err->code;
	who_id = dsc_snapshot_who(st, who);
	if (who_id && ns->restricted && dsc_tree_find(ns->hosts, &dsc_ids_ops, &who_id))
		return 1;
	target = target_of(s, nsid);
	txn = dsc_txn_begin(app->model);
	restrict_ns(txn, ns);
	s = dsc_snapshot_subsys_id(st, target.subsys_id);
	dsc_cmd_ns_link(txn, dsc_snapshot_ns(s, nsid), dsc_cmd_need_who(txn, who), false);
	dsc_txn_mark(txn, target.subsys_id);
	dsc_txn_commit(txn, call, &target, nqn);
	return 0;
}

int dsc_cmd_ns_disallow(struct dsc_app *app, const char *nqn, uint32_t nsid, const char *who,
			const struct dsc_call *call, struct cmn_err *err)
{
	const struct dsc_snapshot *st = dsc_cmd_ahead(app);
	const struct dsc_subsys *s = dsc_cmd_find_subsys(st, nqn, err);
	const struct dsc_ns *ns = s ? find_ns(s, nsid, err) : NULL;
	uint64_t who_id = ns ? dsc_cmd_find_who(st, who, err) : 0;
	struct dsc_target target;
	struct dsc_txn *txn;

	if (!who_id)
		return err->code;
	if (!dsc_tree_find(ns->hosts, &dsc_ids_ops, &who_id))
		return cmn_err_set(err, -ENOENT, NULL, "%.200s is not on the namespace's list",
				   who);
	target = target_of(s, nsid);
	txn = dsc_txn_begin(app->model);
	restrict_ns(txn, ns);
	s = dsc_snapshot_subsys_id(st, target.subsys_id);
	dsc_cmd_ns_link(txn, dsc_snapshot_ns(s, nsid), who_id, true);
	dsc_txn_mark(txn, target.subsys_id);
	dsc_txn_commit(txn, call, &target, nqn);
	return 0;
}
