/* SPDX-License-Identifier: Apache-2.0 */
/* targetd/namespace.c - opens what a namespace is made of; see targetd/namespace.h. */
#include "config.h"

#include "targetd/namespace.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "targetd/rangelock.h"
#include "targetd/registry.h"

/* What one Dataset Management or Write Zeroes may name: bounds the time that a reactor spends on one command. */
#define DSM_RANGES 256
#define DSM_BYTES (1ull << 30)
#define WZ_BYTES (64ull << 20)

static int open_backend(const struct tgt_volume_params *p, struct tgt_volume *vol,
			struct cmn_err *err)
{
	const struct tgt_backend_ops *ops = tgt_backend_find(p->spec->backend);
	struct tgt_backend_spec spec = {
		.ns_name = vol->name,
		.size = p->spec->size,
		.block_size = p->spec->block_size,
		.path = p->spec->path,
		.memfd = p->memfd,
		.read_only = p->spec->read_only,
		.options = p->spec->json,
	};
	int ret;

	if (!ops)
		return cmn_err_set(err, -EINVAL, "backend", "'%s' is unknown", p->spec->backend);
	ret = ops->open(&spec, &vol->backend, err);
	if (ret < 0)
		return ret;
	ops->geometry(vol->backend, &vol->geo);
	vol->size = vol->geo.size;
	vol->block_size = vol->geo.block_size;
	return 0;
}

int tgt_volume_open(const struct tgt_volume_params *p, struct tgt_volume **ret, struct cmn_err *err)
{
	const struct tgt_ns_spec *spec = p->spec;
	struct tgt_volume *vol = calloc(1, sizeof(*vol));
	int r = -ENOMEM;

	if (!vol)
		return cmn_err_set(err, r, NULL, "no memory");
	snprintf(vol->name, sizeof(vol->name), "%s/%u", p->nqn, spec->nsid);
	snprintf(vol->backend_name, sizeof(vol->backend_name), "%s", spec->backend);
	vol->nsid = spec->nsid;
	vol->nr_reactors = p->nr_reactors;
	memcpy(vol->uuid, spec->uuid, sizeof(vol->uuid));
	memcpy(vol->nguid, spec->nguid, sizeof(vol->nguid));
	memcpy(vol->eui64, spec->eui64, sizeof(vol->eui64));
	vol->path = spec->path ? strdup(spec->path) : NULL;
	vol->stats = tgt_ns_stats_create(p->nr_reactors);
	vol->lock = tgt_rangelock_create(p->nr_reactors);
	if (!vol->stats || !vol->lock || (spec->path && !vol->path))
		cmn_err_set(err, r, NULL, "no memory");
	else
		r = open_backend(p, vol, err);
	if (r < 0) {
		tgt_volume_close(vol);
		return r;
	}
	*ret = vol;
	return 0;
}

void tgt_volume_close(struct tgt_volume *vol)
{
	if (!vol)
		return;
	if (vol->backend)
		vol->backend->ops->close(vol->backend);
	tgt_rangelock_destroy(vol->lock);
	tgt_ns_stats_free(vol->stats, vol->nr_reactors);
	free(vol->path);
	free(vol);
}

static bool same_text(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

bool tgt_volume_is(const struct tgt_volume *vol, const struct tgt_ns_spec *spec)
{
	return vol->nsid == spec->nsid && strcmp(vol->backend_name, spec->backend) == 0 &&
	       same_text(vol->path, spec->path) && vol->block_size == spec->block_size &&
	       memcmp(vol->uuid, spec->uuid, sizeof(vol->uuid)) == 0 &&
	       memcmp(vol->nguid, spec->nguid, sizeof(vol->nguid)) == 0 &&
	       memcmp(vol->eui64, spec->eui64, sizeof(vol->eui64)) == 0;
}

int tgt_volume_resize(struct tgt_volume *vol, uint64_t size, struct cmn_err *err)
{
	int ret;

	if (size == vol->size)
		return 0;
	if (size < vol->size)
		return cmn_err_set(err, -EINVAL, "size", "cannot shrink from %llu to %llu bytes",
				   (unsigned long long)vol->size, (unsigned long long)size);
	if (!vol->backend->ops->resize)
		return cmn_err_set(err, -EOPNOTSUPP, "size", "a %s namespace cannot be resized",
				   vol->backend_name);
	ret = vol->backend->ops->resize(vol->backend, size, err);
	if (ret < 0)
		return ret;
	vol->backend->ops->geometry(vol->backend, &vol->geo);
	vol->size = vol->geo.size;
	return 0;
}

/* By way of /proc: it may have been renamed, or never had a name. */
int tgt_volume_reopen(struct tgt_volume *vol, struct cmn_err *err)
{
	const struct tgt_backend_ops *ops = vol->backend->ops;
	char name[32];
	int fd;

	if (!ops->fd)
		return cmn_err_set(err, -EOPNOTSUPP, "nsid",
				   "a %s namespace has nothing that could be copied",
				   vol->backend_name);
	fd = ops->fd(vol->backend);
	if (fd < 0)
		return cmn_err_set(err, fd, "nsid",
				   "writes of a process that has ended may still change %s",
				   vol->path);
	snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
	fd = open(name, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? cmn_err_errno(err, -errno, "nsid", "cannot open %s for reading", vol->name)
		      : fd;
}

static bool needs_lock(const struct tgt_volume *vol)
{
	return vol->nr_reactors > 1 || !vol->backend->ops->map;
}

bool tgt_volume_set_copied(struct tgt_volume *vol, bool copied)
{
	vol->copied = copied;
	return !needs_lock(vol);
}

bool tgt_picture_is(const struct tgt_ns *pic, const struct tgt_ns_spec *spec)
{
	return pic->fab.read_only == spec->read_only && pic->fab.anagrpid == spec->ana_group;
}

struct tgt_ns *tgt_volume_picture(struct tgt_volume *vol, const struct tgt_ns_spec *spec)
{
	const struct tgt_backend_ops *ops = vol->backend->ops;
	const struct tgt_geometry *geo = &vol->geo;
	struct tgt_ns *ns = calloc(1, sizeof(*ns));
	uint32_t block = geo->block_size;

	if (!ns)
		return NULL;
	ns->fab = (struct fab_ns){
		.nsid = vol->nsid,
		.lba_shift = block == 4096 ? 12 : 9,
		.nr_blocks = geo->size / block,
		.anagrpid = spec->ana_group,
		.optimal_io_blocks = geo->optimal_bytes / block,
		.atomic_blocks = TGT_ATOMIC_BYTES / block,
		.max_dsm_ranges = DSM_RANGES,
		.max_dsm_blocks = (uint32_t)(DSM_BYTES / block),
		.max_wz_blocks = (uint32_t)(WZ_BYTES / block),
		.read_only = spec->read_only,
		.deallocate_reads_zero = geo->discard_zeroes,
		.thin = geo->thin,
	};
	memcpy(ns->fab.uuid, vol->uuid, sizeof(vol->uuid));
	memcpy(ns->fab.nguid, vol->nguid, sizeof(vol->nguid));
	memcpy(ns->fab.eui64, vol->eui64, sizeof(vol->eui64));
	ns->backend = vol->backend;
	ns->mem = ops->map ? ops->map(vol->backend) : NULL;
	ns->lock = needs_lock(vol) || vol->copied ? vol->lock : NULL;
	ns->stats = vol->stats;
	ns->discard_zeroes = geo->discard_zeroes;
	ns->owner = vol;
	return ns;
}
