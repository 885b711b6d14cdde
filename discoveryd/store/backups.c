/* SPDX-License-Identifier: Apache-2.0 */
/* discoveryd/store/backups.c - see backups.h. */
#include "discoveryd/store/backups.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/container.h"
#include "common/log.h"
#include "discoveryd/app.h"
#include "discoveryd/store/maintain.h"
#include "net/reactor.h"

#define SUFFIX ".db"
#define PART ".part" /* of one that isn't whole yet, or never will be */

struct dsc_backups {
	struct dsc_app *app;
	char folder[PATH_MAX];
	TAILQ_HEAD(, dsc_backup) list; /* by id */
	unsigned int nr;

	/* the one that is being made */
	pthread_t thread;
	bool running;
	char id[DSC_BACKUP_ID_MAX], part[PATH_MAX + 64];
	struct net_msg msg;
	struct cmn_err err;
	void (*done)(void *arg, const struct cmn_err *err);
	void *arg;
};

static void path_of(const struct dsc_backups *b, const char *id, char *buf, size_t size)
{
	snprintf(buf, size, "%s/%s" SUFFIX, b->folder, id);
}

/* -- the list ----------------------------------------------------------------------------------------------- */
void dsc_backup_hold(const void *backup)
{
	((struct dsc_backup *)(uintptr_t)backup)->refs++;
}

void dsc_backup_drop(const void *backup)
{
	struct dsc_backup *it = (struct dsc_backup *)(uintptr_t)backup;

	if (--it->refs == 0)
		free(it);
}

static void forget(struct dsc_backups *b, struct dsc_backup *it)
{
	TAILQ_REMOVE(&b->list, it, link);
	b->nr--;
	dsc_backup_drop(it);
}

/* Of a file that is there. */
static void add(struct dsc_backups *b, const char *id)
{
	struct dsc_backup *it, *at;
	char path[PATH_MAX + 64];
	struct stat st;

	path_of(b, id, path, sizeof(path));
	if (stat(path, &st) < 0 || !S_ISREG(st.st_mode))
		return;
	it = calloc(1, sizeof(*it));
	if (!it)
		return;
	it->refs = 1;
	snprintf(it->id, sizeof(it->id), "%s", id);
	it->size = (uint64_t)st.st_size;
	it->created_ms =
		(uint64_t)st.st_mtim.tv_sec * 1000 + (uint64_t)st.st_mtim.tv_nsec / 1000000;
	TAILQ_FOREACH(at, &b->list, link) {
		if (strcmp(at->id, id) > 0)
			break;
	}
	if (at)
		TAILQ_INSERT_BEFORE(at, it, link);
	else
		TAILQ_INSERT_TAIL(&b->list, it, link);
	b->nr++;
}

static void read_folder(struct dsc_backups *b)
{
	DIR *dir = opendir(b->folder);
	const struct dirent *entry;
	char path[PATH_MAX + 300];

	while (dir && (entry = readdir(dir))) {
		size_t len = strlen(entry->d_name);
		char id[DSC_BACKUP_ID_MAX];

		if (len > strlen(PART) && strcmp(entry->d_name + len - strlen(PART), PART) == 0) {
			snprintf(path, sizeof(path), "%s/%s", b->folder, entry->d_name);
			unlink(path);
		} else if (len > strlen(SUFFIX) && len - strlen(SUFFIX) < sizeof(id) &&
			   strcmp(entry->d_name + len - strlen(SUFFIX), SUFFIX) == 0) {
			snprintf(id, sizeof(id), "%.*s", (int)(len - strlen(SUFFIX)),
				 entry->d_name);
			add(b, id);
		}
	}
	if (dir)
		closedir(dir);
}

struct dsc_backups *dsc_backups_create(struct dsc_app *app)
{
	struct dsc_backups *b = calloc(1, sizeof(*b));

	if (!b)
		return NULL;
	b->app = app;
	TAILQ_INIT(&b->list);
	snprintf(b->folder, sizeof(b->folder), "%s/backups", app->opt.state_dir);
	read_folder(b);
	return b;
}

void dsc_backups_destroy(struct dsc_backups *b)
{
	if (!b)
		return;
	if (b->running)
		pthread_join(b->thread, NULL);
	while (!TAILQ_EMPTY(&b->list))
		forget(b, TAILQ_FIRST(&b->list));
	free(b);
}

const struct dsc_backup *dsc_backups_find(struct dsc_backups *b, const char *id)
{
	const struct dsc_backup *it;

	TAILQ_FOREACH(it, &b->list, link) {
		if (strcmp(it->id, id) == 0)
			return it;
	}
	return NULL;
}

const struct dsc_backup *dsc_backups_after(struct dsc_backups *b, const char *id)
{
	const struct dsc_backup *it;

	TAILQ_FOREACH(it, &b->list, link) {
		if (!id || strcmp(it->id, id) > 0)
			return it;
	}
	return NULL;
}

/* -- one more ----------------------------------------------------------------------------------------------- */
static void made(struct net_msg *msg)
{
	struct dsc_backups *b = cmn_container_of(msg, struct dsc_backups, msg);

	pthread_join(b->thread, NULL);
	b->running = false;
	if (b->err.code)
		cmn_error("backup", "id=%s error=%s", b->id, CMN_Q(b->err.msg));
	else
		add(b, b->id);
	b->done(b->arg, &b->err);
}

/* It has its name once it is whole. */
static void *make(void *arg)
{
	struct dsc_backups *b = arg;
	char path[PATH_MAX + 64];

	path_of(b, b->id, path, sizeof(path));
	if (dsc_store_backup(b->app->opt.state_dir, b->part, &b->err) == 0 &&
	    rename(b->part, path) < 0)
		cmn_err_errno(&b->err, -errno, NULL, "%.200s", path);
	if (b->err.code)
		unlink(b->part);
	net_reactor_post(b->app->loop, &b->msg);
	return NULL;
}

/* "2026-01-31T120000.123Z": sorts by time, and is a name of a file anywhere. */
static void make_id(char id[DSC_BACKUP_ID_MAX])
{
	uint64_t now = cmn_wall_ms();
	time_t seconds = (time_t)(now / 1000);
	char text[24];
	struct tm tm;

	gmtime_r(&seconds, &tm);
	strftime(text, sizeof(text), "%Y-%m-%dT%H%M%S", &tm);
	snprintf(id, DSC_BACKUP_ID_MAX, "%s.%03uZ", text, (unsigned int)(now % 1000));
}

int dsc_backups_begin(struct dsc_backups *b, void (*done)(void *arg, const struct cmn_err *err),
		      void *arg, char ret_id[DSC_BACKUP_ID_MAX], struct cmn_err *err)
{
	sigset_t all, old;
	int rc;

	if (b->running)
		return cmn_err_set(err, -EBUSY, NULL, "a backup is being made");
	if (b->nr >= DSC_BACKUPS_MAX)
		return cmn_err_set(err, -ENOSPC, NULL, "there are %u backups: delete some", b->nr);
	if (mkdir(b->folder, 0700) < 0 && errno != EEXIST)
		return cmn_err_errno(err, -errno, NULL, "%.200s", b->folder);
	make_id(b->id);
	snprintf(b->part, sizeof(b->part), "%s/%s" PART, b->folder, b->id);
	b->msg.fn = made;
	b->err = (struct cmn_err){ 0 };
	b->done = done;
	b->arg = arg;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old); /* signals are the control loop's */
	rc = pthread_create(&b->thread, NULL, make, b);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (rc)
		return cmn_err_errno(err, -rc, NULL, "a thread for it");
	b->running = true;
	snprintf(ret_id, DSC_BACKUP_ID_MAX, "%s", b->id);
	return 0;
}

/* -- reading and deleting ------------------------------------------------------------------------------------ */
static int lost(struct dsc_backups *b, const char *id, struct cmn_err *err)
{
	struct dsc_backup *it = (struct dsc_backup *)(uintptr_t)dsc_backups_find(b, id);

	if (it && errno == ENOENT)
		forget(b, it); /* somebody took it away */
	return cmn_err_errno(err, -errno, NULL, "backup %.40s", id);
}

int dsc_backups_open(struct dsc_backups *b, const char *id, struct cmn_err *err)
{
	char path[PATH_MAX + 64];
	int fd;

	if (!dsc_backups_find(b, id))
		return cmn_err_set(err, -ENOENT, NULL, "there is no backup %.40s", id);
	path_of(b, id, path, sizeof(path));
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	return fd < 0 ? lost(b, id, err) : fd;
}

int dsc_backups_delete(struct dsc_backups *b, const char *id, struct cmn_err *err)
{
	const struct dsc_backup *it = dsc_backups_find(b, id);
	char path[PATH_MAX + 64];

	if (!it)
		return cmn_err_set(err, -ENOENT, NULL, "there is no backup %.40s", id);
	path_of(b, id, path, sizeof(path));
	if (unlink(path) < 0)
		return lost(b, id, err);
	forget(b, (struct dsc_backup *)(uintptr_t)it);
	return 0;
}
