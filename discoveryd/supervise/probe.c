/* SPDX-License-Identifier: Apache-2.0 */
/* discoveryd/supervise/probe.c - once a second: is a reactor hung, has a worker settled, what do its counters say.
 * Owns: the mapping of a worker's loop counters, its last stats.  Thread: control loop.  May block: never.
 *
 * Hung, not just slow: the same reactor's counter unchanged at so many probes in a row, each a full turn of ours apart.  An
 * idle reactor turns twice a second, so a counter that stands still means that the thread does. */
#include <errno.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/container.h"
#include "common/json.h"
#include "common/log.h"
#include "discoveryd/supervise/supervise_impl.h"

#define PROBE_NS CMN_NS_PER_S
#define HUNG_PROBES 8
#define LINE_WORDS (64 / sizeof(uint64_t))
#define STATS_NS (900 * CMN_NS_PER_MS) /* less than a probe's turn, so that each asks */
#define STATS_WHOLE                                                                                \
	64 /* so often everything is told, not what has changed: what is gone goes here too */
#define STATS_SHARE 20 /* at most so small a part of our time goes into reading them */

void sup_probe_unmap(struct sup_worker *w)
{
	if (w->loops)
		munmap((void *)(uintptr_t)w->loops, w->loops_size);
	free(w->last_loops);
	free(w->still);
	w->loops = NULL;
	w->last_loops = NULL;
	w->still = NULL;
}

void sup_probe_map(struct sup_worker *w, int fd)
{
	struct stat st;
	void *p = MAP_FAILED;

	sup_probe_unmap(w);
	if (fstat(fd, &st) == 0 && (uint64_t)st.st_size >= (uint64_t)w->nr_reactors * 64 &&
	    w->nr_reactors)
		p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_SHARED, fd, 0);
	close(fd);
	if (p == MAP_FAILED) {
		cmn_warn("loop counters of a worker can't be read", "worker=%s", w->name);
		return;
	}
	w->loops = p;
	w->loops_size = (size_t)st.st_size;
	w->last_loops = dsc_zalloc(w->nr_reactors * sizeof(*w->last_loops));
	w->still = dsc_zalloc(w->nr_reactors * sizeof(*w->still));
}

static void end_hung(struct sup_worker *w, unsigned int reactor)
{
	char text[96];

	snprintf(text, sizeof(text), "reactor %u has stood still for %d seconds", reactor,
		 HUNG_PROBES);
	sup_worker_event(w, DSC_ERROR, "worker.hung", text);
	sup_process_abort(w);
}

static void probe_reactors(struct sup_worker *w, bool late)
{
	bool hung = false;

	for (unsigned int i = 0; w->loops && i < w->nr_reactors; i++) {
		uint64_t now = w->loops[i * LINE_WORDS];

		if (late || now != w->last_loops[i])
			w->still[i] = 0;
		else
			w->still[i]++;
		w->last_loops[i] = now;
		if (w->still[i] != HUNG_PROBES || hung)
			continue;
		hung = true;
		end_hung(w, i);
	}
}

static void ask_stats(struct sup_worker *w)
{
	struct json_object *msg = sup_msg("stats");

	w->stats_asked = true;
	json_object_object_add(msg, "seq", json_object_new_uint64(++w->stats_seq));
	if (w->stats_have && w->stats_seq % STATS_WHOLE)
		json_object_object_add(msg, "since", json_object_new_uint64(w->stats_have));
	sup_link_send(w, msg);
}

static void probe(struct net_timer *timer, uint64_t when)
{
	struct dsc_supervisor *sup = cmn_container_of(timer, struct dsc_supervisor, probe);
	uint64_t now = cmn_now_ns();
	bool late = now - sup->last_probe > 2 * PROBE_NS; /* we stood still ourselves */
	struct sup_worker *w;

	(void)when;
	sup->last_probe = now;
	TAILQ_FOREACH(w, &sup->workers, link) {
		if (!w->said_hello)
			continue;
		probe_reactors(w, late);
		if (w->state == DSC_WORKER_RUNNING)
			sup_process_steady(w);
		if (!w->stats_asked && now >= w->stats_next)
			ask_stats(w);
	}
	if (sup->running)
		sup_bind_again(sup);
	net_timer_set(sup->app->loop, timer, now + PROBE_NS);
}

void sup_probe_start(struct dsc_supervisor *sup)
{
	sup->probe.fire = probe;
	sup->last_probe = cmn_now_ns();
	net_timer_set(sup->app->loop, &sup->probe, sup->last_probe + PROBE_NS);
}

/* -- stats ------------------------------------------------------------------------------------------ */
void sup_stats_take(struct sup_worker *w, struct json_object *msg)
{
	uint64_t now;

	dsc_worker_io_take(&w->io, msg);
	json_object_object_del(msg, "subsystems");
	json_object_put(w->stats);
	w->stats = json_object_get(msg);
	w->stats_have = 0;
	cmn_json_u64_opt(msg, "seq", &w->stats_have, NULL, NULL);
	now = cmn_now_ns();
	w->stats_ms = cmn_wall_ms();
	w->stats_asked = false;
	w->stats_next = now + cmn_max(STATS_NS, STATS_SHARE * (now - w->read_began));
}

struct json_object *dsc_supervisor_stats(struct dsc_supervisor *sup, const char *name,
					 uint64_t *ret_wall_ms)
{
	struct sup_worker *w;

	TAILQ_FOREACH(w, &sup->workers, link) {
		if (strcmp(w->name, name) != 0)
			continue;
		*ret_wall_ms = w->stats_ms;
		return w->stats;
	}
	return NULL;
}
