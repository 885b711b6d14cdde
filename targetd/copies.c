/* SPDX-License-Identifier: Apache-2.0 */
/* targetd/copies.c - see targetd/copies.h. */
#include "config.h"

#include "targetd/copies.h"

#include <errno.h>
#include <fcntl.h>
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/json.h"
#include "common/log.h"
#include "targetd/apply.h"
#include "targetd/copier.h"

#define HOLD_MS_DEFAULT 5000
#define HOLD_MS_MIN 100
#define HOLD_MS_MAX 20000
#define PROGRESS_NS (500 * CMN_NS_PER_MS)

struct copy {
	TAILQ_ENTRY(copy) link;
	struct json_object *msg; /* one reference; the strings are its */
	const char *id, *path, *from, *nqn;
	uint64_t nsid, max_hold_ms;
	uint64_t size, told;
	uint32_t block_size;
	const char *cancelled; /* why; NULL: it isn't */
	bool begun, silent;
	struct tgt_volume *vol; /* that it is a copy of, while that is served */
	struct tgt_copier *copier;
	struct tgt_copier_result result;
};

TAILQ_HEAD(copy_list, copy);

struct tgt_copies {
	struct tgt_world *world;
	struct copy_list waiting; /* the first may have begun */
	struct copy_list ended; /* nobody has been told of it */
	unsigned int nr_waiting;
	uint64_t next_progress;
};

struct tgt_copies *tgt_copies_create(struct tgt_world *w)
{
	struct tgt_copies *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	c->world = w;
	TAILQ_INIT(&c->waiting);
	TAILQ_INIT(&c->ended);
	return c;
}

static void copy_free(struct copy *job)
{
	json_object_put(job->msg);
	free(job);
}

static void clear(struct copy_list *list)
{
	struct copy *job;

	while ((job = TAILQ_FIRST(list))) {
		TAILQ_REMOVE(list, job, link);
		copy_free(job);
	}
}

void tgt_copies_end(struct tgt_copies *c)
{
	struct copy *job;

	tgt_copies_forget(c);
	job = TAILQ_FIRST(&c->waiting);
	if (job && job->copier)
		tgt_copier_finish(job->copier, &job->result);
	clear(&c->waiting);
	c->nr_waiting = 0;
}

void tgt_copies_destroy(struct tgt_copies *c)
{
	if (!c)
		return;
	tgt_copies_end(c);
	free(c);
}

/* -- what is asked for ---------------------------------------------------------------------------------------------- */
static int parse(struct copy *job, struct cmn_err *err)
{
	int ret;

	job->max_hold_ms = HOLD_MS_DEFAULT;
	ret = cmn_json_str(job->msg, "path", &job->path, err);
	if (ret == 0)
		ret = cmn_json_str_opt(job->msg, "from", &job->from, NULL, err);
	if (ret < 0 || job->from)
		return ret;
	ret = cmn_json_str(job->msg, "nqn", &job->nqn, err);
	if (ret == 0)
		ret = cmn_json_u64(job->msg, "nsid", &job->nsid, err);
	if (ret == 0)
		ret = cmn_json_u64_opt(job->msg, "max_hold_ms", &job->max_hold_ms, NULL, err);
	if (ret == 0)
		ret = cmn_json_range("max_hold_ms", job->max_hold_ms, HOLD_MS_MIN, HOLD_MS_MAX,
				     err);
	return ret;
}

static struct copy *find(struct tgt_copies *c, const char *id)
{
	struct copy *job;

	TAILQ_FOREACH(job, &c->waiting, link)
		if (strcmp(job->id, id) == 0 && !job->silent)
			return job;
	TAILQ_FOREACH(job, &c->ended, link)
		if (strcmp(job->id, id) == 0)
			return job;
	return NULL;
}

/* It is in no list. */
static void end(struct tgt_copies *c, struct copy *job)
{
	const struct tgt_copier_result *r = &job->result;

	if (r->err.code)
		cmn_warn("not copied", "id=%s path=%s field=%s reason=%s", CMN_Q(job->id),
			 CMN_Q(job->path), CMN_Q(r->err.field), CMN_Q(r->err.msg));
	else
		cmn_info("copied", "id=%s path=%s size=%llu shared=%d held_ms=%llu", CMN_Q(job->id),
			 CMN_Q(job->path), (unsigned long long)job->size, r->shared,
			 (unsigned long long)r->held_ms);
	if (job->silent)
		copy_free(job);
	else
		TAILQ_INSERT_TAIL(&c->ended, job, link);
}

void tgt_copies_add(struct tgt_copies *c, struct json_object *msg)
{
	struct cmn_err err = { 0 };
	const char *id = "";
	struct copy *job;

	if (cmn_json_str(msg, "id", &id, &err) < 0) {
		cmn_error("a copy was refused", "reason=%s", CMN_Q(err.msg));
		return;
	}
	if (find(c, id))
		return;
	job = calloc(1, sizeof(*job));
	if (!job)
		return;
	job->msg = json_object_get(msg);
	job->id = id;
	job->path = "";
	if (c->nr_waiting == TGT_COPIES_MAX)
		cmn_err_set(&err, -EBUSY, NULL, "too many copies wait for their turn: %u",
			    c->nr_waiting);
	else
		parse(job, &err);
	job->result.err = err;
	if (err.code) {
		end(c, job);
		return;
	}
	TAILQ_INSERT_TAIL(&c->waiting, job, link);
	c->nr_waiting++;
}

/* -- giving up ------------------------------------------------------------------------------------------------------ */
static void remove_waiting(struct tgt_copies *c, struct copy *job)
{
	TAILQ_REMOVE(&c->waiting, job, link);
	c->nr_waiting--;
}

static void cancel(struct tgt_copies *c, struct copy *job, const char *reason)
{
	job->cancelled = reason;
	if (job->copier)
		tgt_copier_cancel(job->copier, reason);
	if (job->begun)
		return;
	remove_waiting(c, job);
	cmn_err_set(&job->result.err, -ECANCELED, NULL, "%s", reason);
	end(c, job);
}

void tgt_copies_cancel(struct tgt_copies *c, const char *id)
{
	struct copy *job;

	TAILQ_FOREACH(job, &c->waiting, link)
		if (strcmp(job->id, id) == 0 && !job->silent)
			break;
	if (job)
		cancel(c, job, "cancelled");
}

void tgt_copies_forget(struct tgt_copies *c)
{
	struct copy *job, *next;

	for (job = TAILQ_FIRST(&c->waiting); job; job = next) {
		next = TAILQ_NEXT(job, link);
		job->silent = true;
		cancel(c, job, "nobody waits for it any more");
	}
	clear(&c->ended);
}

void tgt_copies_leave(struct tgt_copies *c, const struct tgt_volume *vol)
{
	struct copy *job = TAILQ_FIRST(&c->waiting);

	if (!job || job->vol != vol)
		return;
	cancel(c, job, "its namespace was removed");
	job->vol = NULL;
}

void tgt_copies_wait_left(struct tgt_copies *c)
{
	struct copy *job = TAILQ_FIRST(&c->waiting);

	while (job && job->copier && !job->vol && !tgt_copier_has_left(job->copier))
		c->world->wait(c->world->wait_arg);
}

/* -- one after the other -------------------------------------------------------------------------------------------- */
/* Opened so that a FIFO doesn't block. */
static int open_from(struct copy *job, struct cmn_err *err)
{
	int fd = open(job->from, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0) {
		cmn_err_errno(err, -errno, "from", "cannot open %s", job->from);
	} else if (!S_ISREG(st.st_mode)) {
		cmn_err_set(err, -EINVAL, "from", "%s is not a file", job->from);
	} else {
		job->size = (uint64_t)st.st_size;
		return fd;
	}
	if (fd >= 0)
		close(fd);
	return err->code;
}

/* Only this thread adds and removes subsystems and namespaces: looking at them needs no mutex. */
static struct tgt_live *find_live(struct tgt_copies *c, const struct copy *job,
				  struct tgt_subsystem **ret_ss)
{
	*ret_ss = tgt_registry_find(c->world->reg, job->nqn);
	return *ret_ss && job->nsid <= UINT32_MAX
		       ? tgt_subsystem_find_live(*ret_ss, (uint32_t)job->nsid)
		       : NULL;
}

static int set_copied(struct tgt_copies *c, struct copy *job, bool copied)
{
	struct tgt_subsystem *ss;
	struct tgt_live *live = find_live(c, job, &ss);

	return tgt_volume_set_copied(job->vol, copied) && live
		       ? tgt_apply_redraw(c->world, ss, live)
		       : 0;
}

static int open_namespace(struct tgt_copies *c, struct copy *job, struct cmn_err *err)
{
	struct tgt_subsystem *ss;
	struct tgt_live *live = find_live(c, job, &ss);
	int fd;

	if (!live)
		return cmn_err_set(err, -ENOENT, "nsid", "%s has no namespace %llu that is served",
				   job->nqn, (unsigned long long)job->nsid);
	fd = tgt_volume_reopen(live->vol, err);
	if (fd < 0)
		return fd;
	job->vol = live->vol;
	job->size = job->vol->size;
	job->block_size = job->vol->block_size;
	if (set_copied(c, job, true) < 0)
		cmn_err_set(err, -ENOMEM, NULL, "no memory");
	else if (job->cancelled)
		cmn_err_set(err, -ECANCELED, NULL, "%s", job->cancelled);
	else
		return fd;
	close(fd);
	return err->code;
}

static void begin(struct tgt_copies *c, struct copy *job)
{
	struct tgt_copier_params p = { .path = job->path,
				       .max_hold_ns = job->max_hold_ms * CMN_NS_PER_MS,
				       .event_fd = c->world->wake_fd };
	struct cmn_err *err = &job->result.err;

	job->begun = true;
	p.from = job->from ? open_from(job, err) : open_namespace(c, job, err);
	p.size = job->size;
	p.lock = job->vol ? job->vol->lock : NULL;
	if (p.from >= 0)
		job->copier = tgt_copier_start(&p, err);
	c->next_progress = cmn_now_ns() + PROGRESS_NS;
}

static void finish(struct tgt_copies *c, struct copy *job)
{
	if (job->copier)
		tgt_copier_finish(job->copier, &job->result);
	job->copier = NULL;
	if (job->vol)
		set_copied(c, job, false);
	remove_waiting(c, job);
	end(c, job);
}

void tgt_copies_tick(struct tgt_copies *c)
{
	struct copy *job;

	while ((job = TAILQ_FIRST(&c->waiting))) {
		if (!job->begun)
			begin(c, job);
		if (job->copier && !tgt_copier_has_ended(job->copier))
			return;
		finish(c, job);
	}
}

/* -- what is told --------------------------------------------------------------------------------------------------- */
static struct json_object *message(const char *type, const struct copy *job)
{
	struct json_object *msg = json_object_new_object();

	json_object_object_add(msg, "type", json_object_new_string(type));
	json_object_object_add(msg, "id", json_object_new_string(job->id));
	return msg;
}

static void add_u64(struct json_object *msg, const char *key, uint64_t value)
{
	json_object_object_add(msg, key, json_object_new_uint64(value));
}

static struct json_object *copied(const struct copy *job)
{
	const struct tgt_copier_result *r = &job->result;
	struct json_object *msg = message("copied", job);

	if (r->err.code) {
		if (r->err.field[0])
			json_object_object_add(msg, "field", json_object_new_string(r->err.field));
		json_object_object_add(msg, "reason", json_object_new_string(r->err.msg));
		add_u64(msg, "errno", (uint64_t)-r->err.code);
		return msg;
	}
	add_u64(msg, "size", job->size);
	add_u64(msg, "block_size", job->block_size);
	add_u64(msg, "held_ms", r->held_ms);
	json_object_object_add(msg, "shared", json_object_new_boolean(r->shared));
	add_u64(msg, "taken_at", r->taken_at);
	return msg;
}

static struct json_object *copying(struct tgt_copies *c)
{
	struct copy *job = TAILQ_FIRST(&c->waiting);
	uint64_t now = cmn_now_ns(), done;
	struct json_object *msg;

	if (!job || !job->copier || job->silent || now < c->next_progress)
		return NULL;
	c->next_progress = now + PROGRESS_NS;
	done = tgt_copier_done(job->copier);
	if (done == job->told)
		return NULL;
	job->told = done;
	msg = message("copying", job);
	add_u64(msg, "done", done);
	add_u64(msg, "total", job->size);
	return msg;
}

struct json_object *tgt_copies_news(struct tgt_copies *c)
{
	struct copy *job = TAILQ_FIRST(&c->ended);
	struct json_object *msg;

	if (!job)
		return copying(c);
	msg = copied(job);
	TAILQ_REMOVE(&c->ended, job, link);
	copy_free(job);
	return msg;
}

int tgt_copies_timeout(const struct tgt_copies *c)
{
	const struct copy *job = TAILQ_FIRST(&c->waiting);
	uint64_t now = cmn_now_ns();

	if (!job || !job->copier)
		return -1;
	return now < c->next_progress ? (int)((c->next_progress - now) / CMN_NS_PER_MS) + 1 : 0;
}
