/* SPDX-License-Identifier: Apache-2.0 */
/* api/server.h - the HTTP server of discoveryd, driven by the control loop.
 * Owns: its listening socket and connections.  Thread: the control loop.  May block: never. */
#ifndef API_SERVER_H
#define API_SERVER_H

#include "api/route.h"

#include <stdint.h>
#include <sys/socket.h>

struct api_server;
struct dsc_app;
struct net_reactor;

struct api_server_params {
	const struct sockaddr *addr; /* loopback only, unless auth */
	socklen_t addr_len;
	const char *const *
		host_names; /* further values of Host that are taken; NULL-ended or NULL; borrowed */
	bool auth; /* requests must have a token (api/auth.h) */
	const struct api_route *const *routes; /* api_route_table */
	struct net_reactor *loop; /* the control loop: it drives the server from now on */
	struct dsc_app *app; /* for handlers */
};

/* Binds and listens.  -EADDRINUSE, -EPERM (not loopback), ... with one clear line in err. */
int api_server_create(const struct api_server_params *params, struct api_server **ret_server,
		      struct cmn_err *err);
/* Answers what is waiting with 503 and closes every connection. */
void api_server_destroy(struct api_server *server);

uint16_t api_server_port(const struct api_server *server);

#endif
