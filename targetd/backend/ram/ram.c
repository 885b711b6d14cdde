/* SPDX-License-Identifier: Apache-2.0 */
/* targetd/backend/ram/ram.c - memfd, mapped whole, left out of core dumps, on huge pages where they can be had.
 * Owns, thread, blocking: see the header. */
#include "targetd/backend/ram/ram.h"

#include <errno.h>
#include <fcntl.h>
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/container.h"

#ifndef MADV_COLLAPSE /* Linux 6.1, glibc 2.37 */
#define MADV_COLLAPSE 25
#endif
#define PAGE 4096u
#define HUGE_PAGE (2u << 20)
#define MAX_MAPS 32 /* a namespace grows that often in a worker's life */

struct mapping {
	uint8_t *addr;
	uint64_t size;
};

struct ram {
	struct tgt_backend base;
	int fd;
	uint32_t block_size;
	/* Views made before a resize still point into older mappings of the same memory: all stay until close. */
	struct mapping maps[MAX_MAPS];
	unsigned int nr_maps;
};

static struct ram *ram_of(const struct tgt_backend *b)
{
	return (struct ram *)cmn_container_of(b, struct ram, base);
}

static struct mapping *newest(const struct ram *ram)
{
	return (struct mapping *)&ram->maps[ram->nr_maps - 1];
}

static bool wants_prefault(const struct tgt_backend_spec *spec)
{
	struct json_object *v;

	return spec->options && json_object_object_get_ex(spec->options, "prefault", &v) &&
	       json_object_get_boolean(v);
}

/* At an address that huge pages can be mapped at, which mmap() by itself has no reason to choose. */
static uint8_t *map_aligned(int fd, uint64_t size)
{
	uint64_t pages = CMN_ALIGN_UP(size, (uint64_t)PAGE);
	uint8_t *room = mmap(NULL, pages + HUGE_PAGE, PROT_NONE,
			     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	uint64_t skip;

	if (room == MAP_FAILED)
		return NULL;
	skip = CMN_ALIGN_UP((uintptr_t)room, (uintptr_t)HUGE_PAGE) - (uintptr_t)room;
	if (skip)
		munmap(room, skip);
	room += skip;
	munmap(room + pages, HUGE_PAGE - skip);
	if (mmap(room, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE | MAP_FIXED, fd,
		 0) != MAP_FAILED)
		return room;
	munmap(room, pages);
	return NULL;
}

static int add_mapping(struct ram *ram, uint64_t size)
{
	uint8_t *addr;

	if (ram->nr_maps == MAX_MAPS)
		return -EMFILE;
	addr = map_aligned(ram->fd, size);
	if (!addr)
		return -errno;
	madvise(addr, size, MADV_DONTDUMP);
	madvise(addr, size, MADV_HUGEPAGE);
	ram->maps[ram->nr_maps++] = (struct mapping){ addr, size };
	return 0;
}

/* Kernels before 5.14 lack MADV_POPULATE_WRITE: touch by hand, without changing what is there. */
static int touch(const struct mapping *m)
{
	if (madvise(m->addr, m->size, MADV_POPULATE_WRITE) == 0)
		return 0;
	if (errno != EINVAL)
		return -errno;
	for (uint64_t off = 0; off < m->size; off += PAGE)
		__atomic_fetch_or(m->addr + off, 0, __ATOMIC_RELAXED);
	return 0;
}

/* Memory that is all there may as well lie on huge pages, whatever the system's setting for those that aren't
 * (transparent_hugepage/shmem_enabled, "never" as it comes).  Where there is none to be had, small ones do. */
static int prefault(const struct mapping *m)
{
	int res = touch(m);

	if (res == 0)
		madvise(m->addr, m->size & ~(uint64_t)(HUGE_PAGE - 1), MADV_COLLAPSE);
	return res;
}

static int take_memfd(struct ram *ram, const struct tgt_backend_spec *spec, struct cmn_err *err)
{
	struct stat st;

	if (spec->memfd < 0) {
		ram->fd = memfd_create("pharos-ram", MFD_CLOEXEC | MFD_ALLOW_SEALING);
		if (ram->fd < 0 || ftruncate(ram->fd, (off_t)spec->size) < 0)
			return cmn_err_errno(err, -errno, "size", "%s: memory for %llu bytes",
					     spec->ns_name, (unsigned long long)spec->size);
		if (fcntl(ram->fd, F_ADD_SEALS, F_SEAL_SHRINK) < 0)
			return cmn_err_errno(err, -errno, NULL, "%s: sealing the memfd",
					     spec->ns_name);
		return 0;
	}
	ram->fd = fcntl(spec->memfd, F_DUPFD_CLOEXEC, 0);
	if (ram->fd < 0 || fstat(ram->fd, &st) < 0)
		return cmn_err_errno(err, -errno, NULL, "%s: the memfd that was handed over",
				     spec->ns_name);
	if ((uint64_t)st.st_size < spec->size && ftruncate(ram->fd, (off_t)spec->size) < 0)
		return cmn_err_errno(err, -errno, "size",
				     "%s: the memfd holds %llu bytes and can't grow", spec->ns_name,
				     (unsigned long long)st.st_size);
	return 0;
}

static void ram_close(struct tgt_backend *b)
{
	struct ram *ram = ram_of(b);

	for (unsigned int i = 0; i < ram->nr_maps; i++)
		munmap(ram->maps[i].addr, ram->maps[i].size);
	if (ram->fd >= 0)
		close(ram->fd);
	free(ram);
}

static int open_memory(struct ram *ram, const struct tgt_backend_spec *spec, struct cmn_err *err)
{
	int res = take_memfd(ram, spec, err);

	if (res < 0)
		return res;
	res = add_mapping(ram, spec->size);
	if (res < 0)
		return cmn_err_errno(err, res, "size", "%s: mapping %llu bytes", spec->ns_name,
				     (unsigned long long)spec->size);
	if (!wants_prefault(spec))
		return 0;
	res = prefault(newest(ram));
	return res < 0 ? cmn_err_errno(err, res, "prefault", "%s: touching its memory",
				       spec->ns_name)
		       : 0;
}

static int ram_open(const struct tgt_backend_spec *spec, struct tgt_backend **ret,
		    struct cmn_err *err)
{
	struct ram *ram;
	int res;

	if (!spec->size || spec->size % spec->block_size)
		return cmn_err_set(err, -EINVAL, "size", "%s: wanted a multiple of %u bytes",
				   spec->ns_name, spec->block_size);
	ram = calloc(1, sizeof(*ram));
	if (!ram)
		return cmn_err_errno(err, -ENOMEM, NULL, "%s", spec->ns_name);
	ram->base.ops = &tgt_backend_ram;
	ram->fd = -1;
	ram->block_size = spec->block_size;
	res = open_memory(ram, spec, err);
	if (res < 0) {
		ram_close(&ram->base);
		return res;
	}
	*ret = &ram->base;
	return 0;
}

static void ram_geometry(const struct tgt_backend *b, struct tgt_geometry *ret)
{
	const struct ram *ram = ram_of(b);

	/* Power takes all of it: nothing is half there afterwards. */
	*ret = (struct tgt_geometry){ .size = newest(ram)->size,
				      .block_size = ram->block_size,
				      .atomic_bytes = ram->block_size,
				      .optimal_bytes = PAGE,
				      .discard_zeroes = true,
				      .thin = true };
}

static int ram_resize(struct tgt_backend *b, uint64_t size, struct cmn_err *err)
{
	struct ram *ram = ram_of(b);
	struct stat st;
	int res;

	if (size % ram->block_size)
		return cmn_err_set(err, -EINVAL, "size", "wanted a multiple of %u bytes",
				   ram->block_size);
	if (size < newest(ram)->size)
		return cmn_err_set(err, -EOPNOTSUPP, "size", "a ram namespace can't shrink");
	if (size == newest(ram)->size)
		return 0;
	if (fstat(ram->fd, &st) < 0)
		return cmn_err_errno(err, -errno, NULL, "looking at the memfd");
	if ((uint64_t)st.st_size < size && ftruncate(ram->fd, (off_t)size) < 0)
		return cmn_err_errno(err, -errno, "size", "memory for %llu bytes",
				     (unsigned long long)size);
	res = add_mapping(ram, size);
	return res < 0 ? cmn_err_errno(err, res, "size", "mapping %llu bytes",
				       (unsigned long long)size)
		       : 0;
}

/* Whole pages are given back, the rest is overwritten. */
static void punch(struct ram *ram, uint64_t off, uint64_t len)
{
	uint8_t *mem = newest(ram)->addr;
	uint64_t first = CMN_ALIGN_UP(off, PAGE), last = (off + len) & ~(uint64_t)(PAGE - 1);

	if (first >= last || fallocate(ram->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
				       (off_t)first, (off_t)(last - first)) < 0) {
		memset(mem + off, 0, len);
		return;
	}
	memset(mem + off, 0, first - off);
	memset(mem + last, 0, off + len - last);
}

static void ram_submit(struct tgt_backend *b, struct tgt_io *io)
{
	struct ram *ram = ram_of(b);
	uint8_t *at = newest(ram)->addr + io->offset;

	switch (io->op) {
	case TGT_IO_READ:
		memcpy(io->buf, at, io->len);
		break;
	case TGT_IO_WRITE:
		memcpy(at, io->buf, io->len);
		break;
	case TGT_IO_WRITE_ZEROES:
		if (io->may_unmap)
			punch(ram, io->offset, io->len);
		else
			memset(at, 0, io->len);
		break;
	case TGT_IO_DISCARD:
		punch(ram, io->offset, io->len);
		break;
	default: /* flush: it is as durable as memory gets */
		break;
	}
	io->done(io, 0);
}

static void *ram_map(struct tgt_backend *b)
{
	return newest(ram_of(b))->addr;
}

static int ram_fd(struct tgt_backend *b)
{
	return ram_of(b)->fd;
}

const struct tgt_backend_ops tgt_backend_ram = {
	.name = "ram",
	.open = ram_open,
	.close = ram_close,
	.geometry = ram_geometry,
	.resize = ram_resize,
	.submit = ram_submit,
	.map = ram_map,
	.fd = ram_fd,
};
