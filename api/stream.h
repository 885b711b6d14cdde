/* SPDX-License-Identifier: Apache-2.0 */
/* api/stream.h - the event stream's hub: the last changes of resources, and who follows.
 * Owns: a ring of changes; a follower has a place in it and in the ring of events, and no queue of its own, so a slow one costs
 * nothing and is told that it missed something.  Thread: the control loop.  May block: never. */
#ifndef API_STREAM_H
#define API_STREAM_H

#include "common/queue.h"
#include "discoveryd/events/events.h"
#include "discoveryd/model/model.h"
#include "net/reactor.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define API_CHANGES_MAX 4096 /* kept for those who come back */

struct api_server;
struct api_req;

/* What has become of a resource: told by name, its state is to be read again. */
struct api_change {
	const char *kind; /* "subsystem", ... */
	char *id; /* as in its path */
	uint32_t nsid; /* 0: not a namespace */
	bool deleted;
};

struct api_follower {
	TAILQ_ENTRY(api_follower) link;
	struct api_server *server;
	struct api_req *req;
	uint64_t event, change; /* told up to here */
	bool suspended, greet, beat, missed;
	char *text; /* the message that is being sent */
	size_t len, at;
};

struct api_stream {
	struct api_server *server;
	struct dsc_events_sub events;
	struct dsc_writes_sub writes;
	struct api_change ring[API_CHANGES_MAX]; /* by number modulo the size */
	uint64_t last; /* number of the newest */
	uint64_t start; /* tells this ring from that of an earlier discoveryd */
	TAILQ_HEAD(, api_follower) followers;
	struct net_timer beat;
	struct net_after wake;
};

int api_stream_create(struct api_server *server, struct api_stream **ret_stream);
/* Every follower's stream ends; MHD must run once more. */
void api_stream_close(struct api_stream *stream);
void api_stream_destroy(struct api_stream *stream);

/* A change of something that is no row of the model; kind is a constant. */
void api_stream_tell(struct api_stream *stream, const char *kind, const char *id);

/* Answers req with the stream.  last_id: what the follower had last, NULL: it begins now. */
void api_stream_follow(struct api_stream *stream, struct api_req *req, const char *last_id);

/* res_event.c: an event as the contract has it */
struct json_object *api_render_event(const struct dsc_event *event);

#endif
