/* SPDX-License-Identifier: Apache-2.0 */
/* api/server_impl.h - what the server and its requests know of each other; for api/ only. */
#ifndef API_SERVER_IMPL_H
#define API_SERVER_IMPL_H

#include "api/counts.h"
#include "api/guard.h"
#include "api/op.h"
#include "api/operations.h"
#include "api/req.h"
#include "api/server.h"
#include "api/stream.h"
#include "common/queue.h"
#include "net/reactor.h"

#include <microhttpd.h>

/* A connection: when it must have got further. */
struct api_conn {
	TAILQ_ENTRY(api_conn) link;
	int fd; /* MHD's; to shut down, never to close */
	uint64_t deadline; /* CLOCK_MONOTONIC ns */
	bool busy; /* a whole request is in, its answer isn't out */
	char peer[72]; /* its address, as text */
};
TAILQ_HEAD(api_conn_list, api_conn);
TAILQ_HEAD(api_req_list, api_req);
TAILQ_HEAD(api_op_list, api_op);

struct api_server {
	struct MHD_Daemon *mhd;
	struct net_reactor *loop;
	struct dsc_app *app;
	const struct api_route *const *routes;
	const char *const *host_names;
	struct net_watch watch; /* MHD's epoll set */
	struct net_timer turn; /* MHD has more to do without being readable */
	struct net_timer sweep; /* looks for connections past their deadline */
	struct net_after resume; /* requests that were answered late */
	struct api_conn_list conns;
	unsigned int nr_conns;
	size_t body_bytes; /* held by all requests */
	struct api_req_list waiting; /* suspended */
	uint16_t port;
	struct net_timer end; /* ends discoveryd, soon */
	struct api_counts *counts;
	struct api_stream *stream;
	struct api_operations *operations;
	struct api_op_list ops; /* commands under way, answered or not */
	unsigned int nr_scrapes; /* answers to /metrics that are being taken */
	unsigned int nr_streams; /* clients of the event stream */
	uint64_t token_noted; /* CLOCK_MONOTONIC ns: that a token is used, see api/auth.c */
	bool auth; /* requests must have a token */
	bool running, again, closing, end_workers;
};

enum api_req_state {
	API_REQ_NEW,
	API_REQ_BODY, /* headers are well */
	API_REQ_DISCARD, /* answered already; the rest of the body is read and dropped */
	API_REQ_RUNNING, /* in its handler */
	API_REQ_WAITING, /* suspended until a handler answers */
	API_REQ_ANSWERED, /* response is made */
	API_REQ_QUEUED, /* MHD has it */
	API_REQ_STATE_COUNT
};

struct api_req {
	TAILQ_ENTRY(api_req) link; /* server->waiting */
	struct api_server *server;
	struct MHD_Connection *mhd;
	struct api_conn *conn;
	enum api_req_state state;
	struct api_uri uri;
	char *target; /* of the request, as it came */
	char user[DSC_NAME_MAX + 1],
		token[DSC_NAME_MAX + 1]; /* who asks, by which token; "" not asked */
	uint8_t role; /* enum dsc_role */
	char *secret; /* told in this answer, and nowhere else */
	bool audited; /* or nothing was done */
	struct cmn_err uri_err;
	enum api_method method;
	const struct api_route *route;
	struct api_params params;
	char *body;
	size_t body_len, body_cap, body_seen;
	bool has_type;
	struct json_object *doc;
	int status;
	uint64_t came, took; /* CLOCK_MONOTONIC ns: whole; from there to its answer */
	struct MHD_Response *response;
	unsigned int nr_headers;
	struct {
		char *name, *value;
	} headers[API_HEADERS_MAX];
	void (*on_cancel)(struct api_req *req, void *arg);
	void *cancel_arg;
};

/* request.c: MHD's callbacks */
void *api_req_begin(void *server, const char *target, struct MHD_Connection *mhd);
enum MHD_Result api_req_access(void *server, struct MHD_Connection *mhd, const char *url,
			       const char *method, const char *version, const char *data,
			       size_t *data_size, void **req);
void api_req_end(void *server, struct MHD_Connection *mhd, void **req,
		 enum MHD_RequestTerminationCode why);

/* server.c: after a suspended request has been answered */
void api_server_resume(struct api_server *server, struct api_req *req);

/* op.c: when no command can come back any more */
void api_ops_destroy(struct api_server *server);

/* reply.c: an answer that is made as the client takes it.  read as MHD_ContentReaderCallback says; end when it is over. */
void api_reply_stream(struct api_req *req, const char *type, MHD_ContentReaderCallback read,
		      MHD_ContentReaderFreeCallback end, void *arg);

/* reply.c: a whole file; takes fd over */
void api_reply_file(struct api_req *req, const char *type, int fd);

/* bundle.c: the dashboard */
void api_bundle_serve(struct api_req *req);

#endif
