/* SPDX-License-Identifier: Apache-2.0 */
/* api/stream.c - the event stream: text/event-stream as browsers' EventSource reads it.  Thread: the control loop.  May block: never.
 *
 * A follower is suspended while there is nothing for it.  MHD doesn't look at a suspended connection, so one whose client has
 * gone is found by the next heartbeat; one that takes nothing keeps its deadline, and ends. */
#include "api/auth.h"
#include "api/stream.h"

#include "api/kind.h"
#include "api/limits.h"
#include "api/server_impl.h"
#include "common/clock.h"
#include "common/container.h"
#include "common/json.h"
#include "common/util.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

/* ---- waking ---- */

static void resume(struct api_follower *f)
{
	f->suspended = false;
	MHD_resume_connection(f->req->mhd);
}

static void wake_all(struct net_after *after)
{
	struct api_stream *stream = cmn_container_of(after, struct api_stream, wake);
	struct api_follower *f;

	TAILQ_FOREACH(f, &stream->followers, link) {
		if (f->suspended)
			resume(f);
	}
	net_after_queue(stream->server->loop, &stream->server->resume);
}

static void wake_soon(struct api_stream *stream)
{
	if (!TAILQ_EMPTY(&stream->followers) && !stream->server->closing)
		net_after_queue(stream->server->loop, &stream->wake);
}

static void on_beat(struct net_timer *timer, uint64_t now)
{
	struct api_stream *stream = cmn_container_of(timer, struct api_stream, beat);
	struct api_follower *f;

	TAILQ_FOREACH(f, &stream->followers, link)
		f->beat = true;
	wake_soon(stream);
	if (!TAILQ_EMPTY(&stream->followers))
		net_timer_set(stream->server->loop, timer, now + API_BEAT_MS * CMN_NS_PER_MS);
}

/* ---- what happens ---- */

static void on_event(struct dsc_events_sub *sub, const struct dsc_event *event)
{
	(void)event;
	wake_soon(cmn_container_of(sub, struct api_stream, events));
}

static void keep(struct api_stream *stream, const char *kind, const char *id, uint32_t nsid,
		 bool deleted)
{
	struct api_change *at = &stream->ring[stream->last % API_CHANGES_MAX];

	/* A command often writes the same row twice; nobody has been told of the first one yet. */
	if (stream->wake.queued && at->kind == kind && at->deleted == deleted && at->nsid == nsid &&
	    strcmp(at->id, id) == 0)
		return;
	at = &stream->ring[++stream->last % API_CHANGES_MAX];
	free(at->id);
	*at = (struct api_change){ kind, dsc_strdup(id), nsid, deleted };
	wake_soon(stream);
}

static void keep_in_subsys(struct api_stream *stream, uint64_t subsys_id, uint32_t nsid,
			   bool deleted)
{
	const struct dsc_subsys *s =
		dsc_snapshot_subsys_id(dsc_model_now(stream->server->app->model), subsys_id);

	if (s) /* else it went as a whole, which is told */
		keep(stream, nsid ? "namespace" : "subsystem", s->nqn, nsid, deleted);
}

void api_stream_tell(struct api_stream *stream, const char *kind, const char *id)
{
	keep(stream, kind, id, 0, false);
}

/* Whether something is served shows in the status of what it is. */
static void on_fail(struct api_stream *stream, const struct dsc_fail *fail)
{
	const struct dsc_snapshot *now = dsc_model_now(stream->server->app->model);
	const struct dsc_portal *portal = dsc_snapshot_portal_id(now, fail->portal_id);

	if (fail->subsys_id)
		keep_in_subsys(stream, fail->subsys_id, fail->nsid, false);
	else if (portal)
		keep(stream, "portal", portal->name, 0, false);
}

/* A snapshot whose file is being removed is deleted, as far as anybody is told. */
static bool is_told(const struct dsc_row *row)
{
	return row->kind != DSC_ROW_NSSNAP || !((const struct dsc_nssnap *)row)->deleting;
}

static void on_written(struct dsc_writes_sub *sub, bool del, const struct dsc_row *row)
{
	struct api_stream *stream = cmn_container_of(sub, struct api_stream, writes);
	struct dsc_app *app = stream->server->app;
	struct api_ctx ctx = { .app = app, .snap = dsc_model_now(app->model) };
	const struct api_kind *kind = api_kind_of_row(row->kind);
	const struct dsc_ns *ns = (const void *)row;
	char key[API_KEY_MAX];

	if (row->kind == DSC_ROW_FAIL) {
		on_fail(stream, (const void *)row);
	} else if (row->kind == DSC_ROW_NS) {
		keep_in_subsys(stream, ns->subsys_id, ns->nsid, del);
	} else if (kind) {
		api_kind_key(kind, &ctx, row, key, sizeof(key));
		keep(stream, kind->name, key, 0, del || !is_told(row));
	}
}

/* ---- messages ---- */

/* type NULL: a comment.  json is taken over. */
static void say(struct api_follower *f, const char *type, struct json_object *json)
{
	uint64_t start = f->server->stream->start;
	size_t size;
	FILE *out;

	free(f->text);
	f->text = NULL;
	f->len = f->at = 0;
	out = open_memstream(&f->text, &size);
	if (out && type)
		fprintf(out, "id: %" PRIu64 "-%" PRIu64 "-%" PRIu64 "\nevent: %s\ndata: %s\n\n",
			f->event, start, f->change, type,
			json_object_to_json_string_ext(
				json, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE));
	else if (out)
		fputs(":\n\n", out);
	if (out && fclose(out) == 0)
		f->len = size;
	json_object_put(json);
}

static struct json_object *render_change(const struct api_change *change)
{
	struct json_object *json = json_object_new_object();

	json_object_object_add(json, "kind", json_object_new_string(change->kind));
	json_object_object_add(json, "id", json_object_new_string(change->id));
	if (change->nsid)
		json_object_object_add(json, "nsid", json_object_new_uint64(change->nsid));
	json_object_object_add(json, "deleted", json_object_new_boolean(change->deleted));
	return json;
}

/* It came back too late, or was too slow: what is in the rings isn't all that it hasn't seen. */
static bool has_missed(struct api_follower *f, struct api_stream *stream, uint64_t newest)
{
	return f->missed || f->event > newest || newest - f->event > DSC_EVENTS_MAX ||
	       f->change > stream->last || stream->last - f->change > API_CHANGES_MAX;
}

/* The next message for it; false: there is none. */
static bool next_message(struct api_follower *f)
{
	struct dsc_events *events = f->server->app->events;
	struct api_stream *stream = f->server->stream;
	uint64_t newest = dsc_event_last_id(events);
	const struct dsc_event *event;

	if (has_missed(f, stream, newest)) {
		f->event = newest;
		f->change = stream->last;
		f->missed = f->greet = false;
		say(f, "missed", json_object_new_object());
	} else if (f->greet) {
		f->greet = false;
		say(f, "ready", json_object_new_object());
	} else if (f->change < stream->last) {
		f->change++;
		say(f, "change", render_change(&stream->ring[f->change % API_CHANGES_MAX]));
	} else if ((event = dsc_event_after(events, f->event))) {
		f->event = event->id;
		say(f, "event", api_render_event(event));
	} else if (f->beat) {
		say(f, NULL, NULL);
	} else {
		return false;
	}
	f->beat = false;
	return true;
}

static ssize_t read_stream(void *arg, uint64_t pos, char *buf, size_t max)
{
	struct api_follower *f = arg;
	size_t len;

	(void)pos;
	if (f->server->closing || !api_auth_holds(f->req))
		return MHD_CONTENT_READER_END_OF_STREAM;
	if (f->req->conn)
		f->req->conn->deadline = cmn_now_ns() + API_FOLLOW_MS * CMN_NS_PER_MS;
	if (f->at == f->len && !next_message(f)) {
		f->suspended = true;
		MHD_suspend_connection(f->req->mhd);
		return 0;
	}
	len = cmn_min(max, f->len - f->at);
	memcpy(buf, f->text + f->at, len);
	f->at += len;
	return (ssize_t)len;
}

static void end_stream(void *arg)
{
	struct api_follower *f = arg;

	TAILQ_REMOVE(&f->server->stream->followers, f, link);
	f->server->nr_streams--;
	free(f->text);
	free(f);
}

/* ---- followers ---- */

/* "EVENT-START-CHANGE", as told before; what isn't is a place that we don't know. */
static void find_place(struct api_follower *f, struct api_stream *stream, const char *last_id)
{
	uint64_t start = 0;
	int end = 0;

	if (!last_id) {
		f->event = dsc_event_last_id(f->server->app->events);
		f->change = stream->last;
	} else if (sscanf(last_id, "%" SCNu64 "-%" SCNu64 "-%" SCNu64 "%n", &f->event, &start,
			  &f->change, &end) != 3 ||
		   last_id[end] || start != stream->start) {
		f->missed = true;
	}
}

/* One that takes nothing costs this much memory, not more; what it misses it is told. */
static void limit_buffer(const struct api_req *req)
{
	int size = API_FOLLOW_SNDBUF;

	if (req->conn)
		setsockopt(req->conn->fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
}

void api_stream_follow(struct api_stream *stream, struct api_req *req, const char *last_id)
{
	struct api_server *server = stream->server;
	struct api_follower *f;

	if (server->nr_streams == API_STREAMS_MAX) {
		api_failf(req, API_PROBLEM_UNAVAILABLE, NULL, "%d others follow the events",
			  API_STREAMS_MAX);
		return;
	}
	limit_buffer(req);
	f = dsc_zalloc(sizeof(*f));
	f->server = server;
	f->req = req;
	f->greet = true;
	find_place(f, stream, last_id);
	if (TAILQ_EMPTY(&stream->followers))
		net_timer_set(server->loop, &stream->beat,
			      cmn_now_ns() + API_BEAT_MS * CMN_NS_PER_MS);
	TAILQ_INSERT_TAIL(&stream->followers, f, link);
	server->nr_streams++;
	api_reply_stream(req, "text/event-stream", read_stream, end_stream, f);
}

/* ---- life ---- */

int api_stream_create(struct api_server *server, struct api_stream **ret_stream)
{
	struct api_stream *stream = calloc(1, sizeof(*stream));

	if (!stream)
		return -ENOMEM;
	stream->server = server;
	stream->start = cmn_wall_ms();
	stream->events.event = on_event;
	stream->writes.written = on_written;
	stream->beat.fire = on_beat;
	stream->wake.run = wake_all;
	TAILQ_INIT(&stream->followers);
	if (server->app) {
		dsc_events_subscribe(server->app->events, &stream->events);
		dsc_writes_subscribe(server->app->model, &stream->writes);
	}
	*ret_stream = stream;
	return 0;
}

void api_stream_close(struct api_stream *stream)
{
	struct api_follower *f;

	net_timer_cancel(stream->server->loop, &stream->beat);
	net_after_cancel(stream->server->loop, &stream->wake);
	TAILQ_FOREACH(f, &stream->followers, link) {
		if (f->suspended)
			resume(f);
	}
}

void api_stream_destroy(struct api_stream *stream)
{
	if (!stream)
		return;
	if (stream->server->app) {
		dsc_events_unsubscribe(stream->server->app->events, &stream->events);
		dsc_writes_unsubscribe(stream->server->app->model, &stream->writes);
	}
	for (size_t i = 0; i < API_CHANGES_MAX; i++)
		free(stream->ring[i].id);
	free(stream);
}
