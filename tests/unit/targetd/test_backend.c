/* SPDX-License-Identifier: Apache-2.0 */
/* tests/unit/targetd/test_backend.c - what every backend in the list must do, each run against all of them. */
#include <errno.h>
#include <fcntl.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/container.h"
#include "targetd/backend/backend.h"
#include "tests/unit/unit.h"

#define SIZE (8u << 20)

/* One backend under test, opened over a reactor that runs on this thread while an I/O is out. */
struct fixture {
	const struct tgt_backend_ops *ops;
	struct tgt_backend *b;
	struct tgt_geometry geo;
	struct net_reactor *r;
	uint32_t block;
	bool keeps; /* what is written can be read back: all but null */
	char path[64];
	uint8_t *buf, *back;
};

struct job {
	struct tgt_io io;
	struct fixture *f;
	struct net_after start;
	int res;
	unsigned int done;
};

static void job_done(struct tgt_io *io, int res)
{
	struct job *j = cmn_container_of(io, struct job, io);

	j->res = res;
	j->done++;
	net_reactor_stop(j->f->r);
}

static void job_start(struct net_after *a)
{
	struct job *j = cmn_container_of(a, struct job, start);

	j->f->b->ops->submit(j->f->b, &j->io);
}

static struct net_reactor *make_reactor(void)
{
	struct net_reactor_params p = { .cpu = -1, .pool_limit = 1 << 20, .want_uring = true };
	struct net_reactor *r = net_reactor_create(&p, NULL);

	assert_non_null(r);
	return r;
}

/* A reactor that was stopped isn't started again: each I/O has its own. */
static int run(struct fixture *f, enum tgt_io_op op, uint64_t offset, uint64_t len, void *buf,
	       bool flag)
{
	struct job j = { .f = f, .start.run = job_start };

	f->r = make_reactor();
	j.io = (struct tgt_io){ .op = op,
				.offset = offset,
				.len = len,
				.buf = buf,
				.done = job_done,
				.reactor = f->r,
				.backend = f->b,
				.fua = flag,
				.may_unmap = flag };
	net_after_queue(f->r, &j.start);
	net_reactor_run(f->r);
	assert_int_equal(j.done, 1);
	net_reactor_destroy(f->r);
	f->r = NULL;
	return j.res;
}

static struct tgt_backend_spec spec_of(const struct fixture *f)
{
	return (struct tgt_backend_spec){ .ns_name = "test/1",
					  .size = SIZE,
					  .block_size = f->block,
					  .path = f->path,
					  .memfd = -1 };
}

static void fixture_open(struct fixture *f, const struct tgt_backend_ops *ops, uint32_t block)
{
	struct tgt_backend_spec spec;
	struct cmn_err err = { 0 };
	int fd;

	memset(f, 0, sizeof(*f));
	f->ops = ops;
	f->block = block;
	f->keeps = strcmp(ops->name, "null") != 0;
	strcpy(f->path, "/tmp/test_backend.XXXXXX");
	fd = mkstemp(f->path);
	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, SIZE), 0);
	close(fd);
	spec = spec_of(f);
	assert_int_equal(ops->open(&spec, &f->b, &err), 0);
	f->b->ops->geometry(f->b, &f->geo);
	f->buf = aligned_alloc(4096, 1 << 20);
	f->back = aligned_alloc(4096, 1 << 20);
}

static void fixture_close(struct fixture *f)
{
	f->ops->close(f->b);
	unlink(f->path);
	free(f->buf);
	free(f->back);
}

static void fill(uint8_t *buf, size_t len, unsigned int seed)
{
	for (size_t i = 0; i < len; i++)
		buf[i] = (uint8_t)(rand_r(&seed) >> 3);
}

typedef void backend_check(struct fixture *f);

static void each(backend_check *check)
{
	static const uint32_t blocks[] = { 512, 4096 };
	struct fixture f;

	for (unsigned int i = 0; tgt_backends[i]; i++) {
		for (unsigned int k = 0; k < ARRAY_SIZE(blocks); k++) {
			print_message("  %s, blocks of %u\n", tgt_backends[i]->name, blocks[k]);
			fixture_open(&f, tgt_backends[i], blocks[k]);
			check(&f);
			fixture_close(&f);
		}
	}
}

/* ---- checks ---- */

static void geometry_holds(struct fixture *f)
{
	assert_int_equal(f->geo.size, SIZE);
	assert_int_equal(f->geo.block_size, f->block);
	assert_true(f->geo.atomic_bytes >= f->block);
	assert_ptr_equal(tgt_backend_find(f->ops->name), f->ops);
	assert_null(tgt_backend_find("no such backend"));
}

static void reads_back_what_was_written(struct fixture *f)
{
	static const uint32_t lens[] = { 1, 8, 256 };

	for (unsigned int i = 0; i < ARRAY_SIZE(lens); i++) {
		uint64_t len = (uint64_t)lens[i] * f->block;
		uint64_t off = len > SIZE / 2 ? 0 : (uint64_t)7 * f->block;

		len = cmn_min(len, (uint64_t)1 << 20);
		fill(f->buf, len, i + 1);
		assert_int_equal(run(f, TGT_IO_WRITE, off, len, f->buf, i & 1), 0);
		assert_int_equal(run(f, TGT_IO_FLUSH, 0, 0, NULL, false), 0);
		memset(f->back, 0xee, len);
		assert_int_equal(run(f, TGT_IO_READ, off, len, f->back, false), 0);
		if (!f->keeps)
			memset(f->buf, 0, len);
		assert_memory_equal(f->back, f->buf, len);
	}
}

static void writes_the_last_block(struct fixture *f)
{
	fill(f->buf, f->block, 9);
	assert_int_equal(run(f, TGT_IO_WRITE, SIZE - f->block, f->block, f->buf, false), 0);
	assert_int_equal(run(f, TGT_IO_READ, SIZE - f->block, f->block, f->back, false), 0);
	if (f->keeps)
		assert_memory_equal(f->back, f->buf, f->block);
}

/* Blocks beside the range stay as they were, on whatever boundary the range lies. */
static void zeroes_exactly(struct fixture *f, enum tgt_io_op op, bool unmap)
{
	uint64_t n = 64, first = 3, last = 61;

	fill(f->buf, n * f->block, 5);
	assert_int_equal(run(f, TGT_IO_WRITE, 0, n * f->block, f->buf, false), 0);
	assert_int_equal(run(f, op, first * f->block, (last - first) * f->block, NULL, unmap), 0);
	assert_int_equal(run(f, TGT_IO_READ, 0, n * f->block, f->back, false), 0);
	if (!f->keeps)
		return;
	assert_memory_equal(f->back, f->buf, first * f->block);
	assert_memory_equal(f->back + last * f->block, f->buf + last * f->block,
			    (n - last) * f->block);
	if (op == TGT_IO_DISCARD && !f->geo.discard_zeroes)
		return;
	memset(f->buf, 0, n * f->block);
	assert_memory_equal(f->back + first * f->block, f->buf, (last - first) * f->block);
}

static void zeroes_and_discards_exactly(struct fixture *f)
{
	zeroes_exactly(f, TGT_IO_WRITE_ZEROES, false);
	zeroes_exactly(f, TGT_IO_WRITE_ZEROES, true);
	zeroes_exactly(f, TGT_IO_DISCARD, false);
}

static void map_shows_what_read_does(struct fixture *f)
{
	uint8_t *mem = f->ops->map ? f->ops->map(f->b) : NULL;

	if (!mem)
		return;
	fill(f->buf, 4096, 7);
	assert_int_equal(run(f, TGT_IO_WRITE, 4096, 4096, f->buf, false), 0);
	assert_memory_equal(mem + 4096, f->buf, 4096);
	fill(mem + 8192, 4096, 8);
	assert_int_equal(run(f, TGT_IO_READ, 8192, 4096, f->back, false), 0);
	assert_memory_equal(mem + 8192, f->back, 4096);
}

static void its_file_has_what_was_written(struct fixture *f)
{
	int fd = f->ops->fd ? f->ops->fd(f->b) : -1, again;
	char name[32];

	assert_int_equal(fd >= 0, f->keeps); /* what keeps nothing has none */
	if (fd < 0)
		return;
	fill(f->buf, 4096, 13);
	assert_int_equal(run(f, TGT_IO_WRITE, 8192, 4096, f->buf, false), 0);
	snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
	again = open(name, O_RDONLY | O_CLOEXEC);
	assert_int_equal(pread(again, f->back, 4096, 8192), 4096);
	assert_memory_equal(f->back, f->buf, 4096);
	close(again);
}

static void grows_and_keeps_what_is_there(struct fixture *f)
{
	struct cmn_err err = { 0 };
	int res;

	fill(f->buf, 4096, 11);
	assert_int_equal(run(f, TGT_IO_WRITE, 0, 4096, f->buf, false), 0);
	res = f->ops->resize ? f->ops->resize(f->b, SIZE + 4096, &err) : -EOPNOTSUPP;
	if (res == -EOPNOTSUPP)
		return;
	assert_int_equal(res, 0);
	f->ops->geometry(f->b, &f->geo);
	assert_int_equal(f->geo.size, SIZE + 4096);
	assert_int_equal(run(f, TGT_IO_READ, SIZE, 4096, f->back, false), 0);
	assert_int_equal(run(f, TGT_IO_READ, 0, 4096, f->back, false), 0);
	if (f->keeps)
		assert_memory_equal(f->back, f->buf, 4096);
}

#define FOR_EACH(name, check)                                                                      \
	static void name(void **state)                                                             \
	{                                                                                          \
		(void)state;                                                                       \
		each(check);                                                                       \
	}
FOR_EACH(test_geometry_tells_what_was_opened, geometry_holds)
FOR_EACH(test_what_was_written_is_read_back, reads_back_what_was_written)
FOR_EACH(test_the_last_block_is_there, writes_the_last_block)
FOR_EACH(test_zeroes_and_discards_touch_their_range_alone, zeroes_and_discards_exactly)
FOR_EACH(test_mapped_memory_is_what_reads_tell, map_shows_what_read_does)
FOR_EACH(test_its_file_has_what_was_written, its_file_has_what_was_written)
FOR_EACH(test_growing_keeps_what_is_there, grows_and_keeps_what_is_there)

static void test_a_bad_size_is_refused_with_its_field(void **state)
{
	(void)state;
	for (unsigned int i = 0; tgt_backends[i]; i++) {
		struct fixture f = { .block = 4096, .path = "/nonexistent/volume" };
		struct tgt_backend_spec spec = spec_of(&f);
		struct tgt_backend *b = NULL;
		struct cmn_err err = { 0 };

		spec.size = 4096 + 512;
		assert_true(tgt_backends[i]->open(&spec, &b, &err) < 0);
		assert_null(b);
		assert_true(cmn_err_is(&err));
	}
}

/* ---- ram alone ---- */

static void test_ram_finds_its_contents_again_in_the_memfd_that_was_kept(void **state)
{
	const struct tgt_backend_ops *ram = tgt_backend_find("ram");
	struct fixture f = { .ops = ram, .block = 512 };
	struct tgt_backend_spec spec = spec_of(&f);
	struct cmn_err err = { 0 };

	(void)state;
	spec.memfd = memfd_create("kept", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	assert_int_equal(ftruncate(spec.memfd, SIZE), 0);
	assert_int_equal(ram->open(&spec, &f.b, &err), 0);
	memcpy((uint8_t *)ram->map(f.b) + 1000, "still here", 10);
	ram->close(f.b);
	assert_int_equal(ram->open(&spec, &f.b, &err), 0);
	assert_memory_equal((uint8_t *)ram->map(f.b) + 1000, "still here", 10);
	ram->close(f.b);
	close(spec.memfd);
}

static void test_ram_gives_memory_back_when_discarded(void **state)
{
	const struct tgt_backend_ops *ram = tgt_backend_find("ram");
	struct fixture f = { .ops = ram, .block = 512 };
	struct tgt_backend_spec spec = spec_of(&f);
	struct cmn_err err = { 0 };
	struct stat before, after;

	(void)state;
	spec.memfd = memfd_create("thin", MFD_CLOEXEC);
	assert_int_equal(ftruncate(spec.memfd, SIZE), 0);
	assert_int_equal(ram->open(&spec, &f.b, &err), 0);
	memset(ram->map(f.b), 1, SIZE);
	fstat(spec.memfd, &before);
	assert_int_equal(run(&f, TGT_IO_DISCARD, 0, SIZE, NULL, false), 0);
	fstat(spec.memfd, &after);
	assert_true(after.st_blocks < before.st_blocks / 2);
	ram->close(f.b);
	close(spec.memfd);
}

/* ---- file alone ---- */

/* Discarded blocks, and zeroed ones that may be unmapped, go back to the file system; those that may not stay its own. */
static void test_a_file_gives_blocks_back_by_the_file_systems_own_means(void **state)
{
	static const struct {
		enum tgt_io_op op;
		bool unmap, frees;
	} rows[] = { { TGT_IO_DISCARD, false, true },
		     { TGT_IO_WRITE_ZEROES, true, true },
		     { TGT_IO_WRITE_ZEROES, false, false } };
	const struct tgt_backend_ops *file = tgt_backend_find("file");

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct stat before, after;
		struct fixture f;

		fixture_open(&f, file, 4096);
		fill(f.buf, 1 << 20, 3);
		assert_int_equal(run(&f, TGT_IO_WRITE, 0, 1 << 20, f.buf, true), 0);
		stat(f.path, &before);
		assert_int_equal(run(&f, rows[i].op, 0, 1 << 20, NULL, rows[i].unmap), 0);
		stat(f.path, &after);
		if (f.geo.discard_zeroes) /* it can punch holes */
			assert_int_equal(after.st_blocks < before.st_blocks / 2, rows[i].frees);
		assert_int_equal(after.st_size, before.st_size);
		fixture_close(&f);
	}
}

/* Whether huge pages are to be had is the system's affair; that the memory is there, where they could be mapped, is ours. */
static void test_ram_touches_all_its_memory_first_when_asked_to(void **state)
{
	const struct tgt_backend_ops *ram = tgt_backend_find("ram");
	struct fixture f = { .ops = ram, .block = 512 };
	struct json_object *options = json_tokener_parse("{ \"prefault\": true }");
	struct tgt_backend_spec spec = spec_of(&f);
	unsigned char there[SIZE / 4096] = { 0 };
	struct cmn_err err = { 0 };
	struct stat st;

	(void)state;
	spec.options = options;
	spec.memfd = memfd_create("there", MFD_CLOEXEC);
	assert_int_equal(ftruncate(spec.memfd, SIZE), 0);
	assert_int_equal(pwrite(spec.memfd, "before", 6, 3 << 20), 6);
	assert_int_equal(ram->open(&spec, &f.b, &err), 0);
	fstat(spec.memfd, &st);
	assert_int_equal(st.st_blocks * 512, SIZE);
	assert_int_equal((uintptr_t)ram->map(f.b) % (2u << 20), 0);
	assert_int_equal(mincore(ram->map(f.b), SIZE, there), 0);
	for (unsigned int i = 0; i < sizeof(there); i++)
		assert_true(there[i] & 1);
	assert_memory_equal((uint8_t *)ram->map(f.b) + (3 << 20), "before", 6);
	assert_int_equal(*((uint8_t *)ram->map(f.b) + SIZE - 1), 0);
	ram->close(f.b);
	close(spec.memfd);
	json_object_put(options);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_geometry_tells_what_was_opened),
		cmocka_unit_test(test_what_was_written_is_read_back),
		cmocka_unit_test(test_the_last_block_is_there),
		cmocka_unit_test(test_zeroes_and_discards_touch_their_range_alone),
		cmocka_unit_test(test_mapped_memory_is_what_reads_tell),
		cmocka_unit_test(test_its_file_has_what_was_written),
		cmocka_unit_test(test_growing_keeps_what_is_there),
		cmocka_unit_test(test_a_bad_size_is_refused_with_its_field),
		cmocka_unit_test(test_ram_finds_its_contents_again_in_the_memfd_that_was_kept),
		cmocka_unit_test(test_ram_gives_memory_back_when_discarded),
		cmocka_unit_test(test_ram_touches_all_its_memory_first_when_asked_to),
		cmocka_unit_test(test_a_file_gives_blocks_back_by_the_file_systems_own_means),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
