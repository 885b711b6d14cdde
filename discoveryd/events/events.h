/* SPDX-License-Identifier: Apache-2.0 */
/* discoveryd/events/events.h - what an operator wants to know: a ring in memory, kept in the database too.
 * Owns: the ring.  Thread: control loop.  May block: never. */
#ifndef DISCOVERYD_EVENTS_EVENTS_H
#define DISCOVERYD_EVENTS_EVENTS_H

#include "common/queue.h"
#include "discoveryd/app.h"
#include "discoveryd/model/rows.h"

#define DSC_EVENTS_MAX 4096

enum dsc_severity { DSC_INFO, DSC_WARNING, DSC_ERROR, DSC_SEVERITY_COUNT };
extern const char *const dsc_severity_name[DSC_SEVERITY_COUNT + 1]; /* "info", "warning", "error" */

struct dsc_event {
	struct dsc_row row;
	uint64_t id; /* 1, 2, ...: never reused */
	uint64_t wall_ms;
	uint8_t severity;
	char kind[48]; /* stable, for programs: "worker.restarted" */
	char *text; /* for people */
	char *data; /* JSON object as text, never NULL */
};

/* json: pairs of names and values without the braces, as a printf of them would make ("\"worker\":\"w1\""), or NULL.
 * It is logged, stored, and told to subscribers. */
void dsc_event(struct dsc_app *app, enum dsc_severity severity, const char *kind, const char *text,
	       const char *json);

/* The same with the names in an object (borrowed), for values that need escaping. */
struct json_object;
void dsc_event_with(struct dsc_app *app, enum dsc_severity severity, const char *kind,
		    const char *text, struct json_object *data);

/* Events that strangers can cause are limited: beyond so many of a kind in a minute, false, and only a line in the log is left. */
struct dsc_event_rate {
	uint64_t since_ms;
	unsigned int nr;
};
bool dsc_event_may(struct dsc_event_rate *rate);

/* The first event with a greater id, NULL at the end; borrowed until the next event. */
const struct dsc_event *dsc_event_after(struct dsc_events *events, uint64_t id);
uint64_t dsc_events_count(struct dsc_events *events, enum dsc_severity severity); /* since start */
uint64_t dsc_event_last_id(struct dsc_events *events); /* 0: none yet */

struct dsc_events_sub {
	TAILQ_ENTRY(dsc_events_sub) link;
	void (*event)(struct dsc_events_sub *sub, const struct dsc_event *event);
};
void dsc_events_subscribe(struct dsc_events *events, struct dsc_events_sub *sub);
void dsc_events_unsubscribe(struct dsc_events *events, struct dsc_events_sub *sub);

/* main.c, model/load.c */
struct dsc_events *dsc_events_create(struct dsc_app *app);
void dsc_events_destroy(struct dsc_events *events);
void dsc_events_restore(struct dsc_events *events,
			struct dsc_event *event); /* read at start, in order */

#endif
