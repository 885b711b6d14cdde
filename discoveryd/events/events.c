/* SPDX-License-Identifier: Apache-2.0 */
/* discoveryd/events/events.c - the ring of events.
 * Owns: the ring.  Thread: control loop.  May block: never. */
#include "discoveryd/events/events.h"

#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/log.h"
#include "discoveryd/store/store.h"

#define RATE_MS 60000
#define RATE_EVENTS 20

const char *const dsc_severity_name[DSC_SEVERITY_COUNT + 1] = { "info", "warning", "error" };

struct dsc_events {
	struct dsc_app *app;
	struct dsc_event *ring[DSC_EVENTS_MAX]; /* by id modulo the size */
	uint64_t last_id;
	uint64_t count[DSC_SEVERITY_COUNT]; /* since start */
	TAILQ_HEAD(, dsc_events_sub) subs;
};

struct dsc_events *dsc_events_create(struct dsc_app *app)
{
	struct dsc_events *events = dsc_zalloc(sizeof(*events));

	events->app = app;
	TAILQ_INIT(&events->subs);
	return events;
}

void dsc_events_destroy(struct dsc_events *events)
{
	if (!events)
		return;
	for (size_t i = 0; i < DSC_EVENTS_MAX; i++)
		dsc_row_put(events->ring[i]);
	free(events);
}

static void keep(struct dsc_events *events, struct dsc_event *event)
{
	struct dsc_event **slot = &events->ring[event->id % DSC_EVENTS_MAX];

	dsc_row_put(*slot);
	*slot = dsc_row_get(event);
	events->last_id = event->id;
}

void dsc_events_restore(struct dsc_events *events, struct dsc_event *event)
{
	keep(events, event);
}

/* An event that can't be stored is still in the ring and in the log. */
static void store(struct dsc_events *events, struct dsc_event *event)
{
	if (events->app->store)
		dsc_store_put_row(events->app->store, dsc_row_get(event));
}

static void log_event(const struct dsc_event *event)
{
	static const enum cmn_log_level level[DSC_SEVERITY_COUNT] = {
		[DSC_INFO] = CMN_LOG_INFO,
		[DSC_WARNING] = CMN_LOG_WARN,
		[DSC_ERROR] = CMN_LOG_ERROR,
	};

	CMN_LOG_AT(level[event->severity], event->kind, "text=%s data=%s", CMN_Q(event->text),
		   CMN_Q(event->data));
}

void dsc_event(struct dsc_app *app, enum dsc_severity severity, const char *kind, const char *text,
	       const char *json)
{
	struct dsc_events *events = app->events;
	struct dsc_events_sub *sub, *next;
	struct dsc_event *event;
	size_t len;

	if (!events)
		return;
	event = dsc_row_new(DSC_ROW_EVENT);
	event->id = events->last_id + 1;
	event->wall_ms = cmn_wall_ms();
	event->severity = (uint8_t)severity;
	snprintf(event->kind, sizeof(event->kind), "%s", kind);
	event->text = dsc_strdup(text);
	len = strlen(json ? json : "") + 3;
	event->data = dsc_zalloc(len);
	snprintf(event->data, len, "{%s}", json ? json : "");
	events->count[severity]++;
	log_event(event);
	keep(events, event);
	store(events, event);
	TAILQ_FOREACH_SAFE(sub, &events->subs, link, next)
		sub->event(sub, event);
	dsc_row_put(event);
}

void dsc_event_with(struct dsc_app *app, enum dsc_severity severity, const char *kind,
		    const char *text, struct json_object *data)
{
	const char *json = json_object_to_json_string_ext(
		data, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE);
	char *pairs = dsc_strdup(json + 1); /* without the braces */

	pairs[strlen(pairs) - 1] = '\0';
	dsc_event(app, severity, kind, text, pairs);
	free(pairs);
}

bool dsc_event_may(struct dsc_event_rate *rate)
{
	uint64_t now = cmn_wall_ms();

	if (now - rate->since_ms >= RATE_MS) {
		rate->since_ms = now;
		rate->nr = 0;
	}
	return rate->nr++ < RATE_EVENTS;
}

const struct dsc_event *dsc_event_after(struct dsc_events *events, uint64_t id)
{
	const struct dsc_event *event;

	if (events->last_id > DSC_EVENTS_MAX && id < events->last_id - DSC_EVENTS_MAX)
		id = events->last_id - DSC_EVENTS_MAX;
	for (id++; id <= events->last_id; id++) {
		event = events->ring[id % DSC_EVENTS_MAX];
		if (event && event->id == id)
			return event;
	}
	return NULL;
}

uint64_t dsc_events_count(struct dsc_events *events, enum dsc_severity severity)
{
	return events->count[severity];
}

uint64_t dsc_event_last_id(struct dsc_events *events)
{
	return events->last_id;
}

void dsc_events_subscribe(struct dsc_events *events, struct dsc_events_sub *sub)
{
	TAILQ_INSERT_TAIL(&events->subs, sub, link);
}

void dsc_events_unsubscribe(struct dsc_events *events, struct dsc_events_sub *sub)
{
	TAILQ_REMOVE(&events->subs, sub, link);
}
