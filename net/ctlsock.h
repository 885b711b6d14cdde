/* SPDX-License-Identifier: Apache-2.0 */
/* net/ctlsock.h - the control protocol's framing: length-prefixed JSON and named descriptors over one Unix stream socket.
 * Owns: the socket, what is queued to send, what was received and not taken yet.  Thread: one, the caller's.
 * May block: never once connected; net_ctl_listen() and net_ctl_connect() as a local socket does.
 *
 * See docs/control-protocol.md.  Both ends use it: discoveryd connects, a worker listens. */
#ifndef NET_CTLSOCK_H
#define NET_CTLSOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/err.h"

struct json_object;
struct net_ctl;

#define NET_CTL_MSG_MAX (64u << 20) /* bytes of JSON in one message */
#define NET_CTL_FDS_MAX 200 /* descriptors in one message; the kernel's own limit is 253 */
#define NET_CTL_NAME_MAX 300 /* bytes of a descriptor's name */

/* A listening socket at path, mode 0600; a stale one (nobody listens) is replaced.  Descriptor or -errno with *err filled. */
int net_ctl_listen(const char *path, struct cmn_err *err);
/* Connected, non-blocking.  Descriptor or -errno: -ENOENT and -ECONNREFUSED mean that nobody serves path. */
int net_ctl_connect(const char *path);
/* 0 when the peer runs as our user or as root; fills *ret_pid where not NULL.  -EPERM otherwise. */
int net_ctl_check_peer(int fd, int *ret_pid);

/* Takes fd over (made non-blocking); NULL: no memory, and fd is closed. */
struct net_ctl *net_ctl_create(int fd);
void net_ctl_destroy(struct net_ctl *c); /* closes the socket and descriptors not taken */
int net_ctl_fd(const struct net_ctl *c);

/* Queues msg (not kept: its text is).  0, or -errno when there is no memory or the message is over the limit. */
int net_ctl_send(struct net_ctl *c, struct json_object *msg);
/* Queues `fds` messages of at most NET_CTL_FDS_MAX each; the descriptors are duplicated. */
int net_ctl_send_fds(struct net_ctl *c, const char *const *names, const int *fds, size_t nr);
/* True while something waits to be sent: ask for writability and flush again. */
bool net_ctl_wants_write(const struct net_ctl *c);
size_t net_ctl_queued(
	const struct net_ctl *c); /* bytes; for callers that hold back when the peer is slow */
/* Sends what the socket takes.  0 (look at wants_write()), or -errno: the connection is dead. */
int net_ctl_flush(struct net_ctl *c);

/* One message, with its descriptors when its type is `fds`. */
struct net_ctl_msg {
	struct json_object *json; /* put by net_ctl_msg_clear() */
	const char *type; /* borrowed from json; never NULL */
	size_t nr_fds;
	const char **names; /* borrowed from json */
	int *fds; /* the taker sets those it keeps to -1; clear closes the rest */
};
/* Reads once from the socket (bounded).  >0: got something, call net_ctl_next() until it says 0; 0: nothing there now;
 * -EPIPE: the peer has closed; other -errno: the connection is dead. */
int net_ctl_read(struct net_ctl *c);
/* 1: *ret is the next message; 0: not whole yet; -EPROTO: what came isn't the protocol (*err says what), give up. */
int net_ctl_next(struct net_ctl *c, struct net_ctl_msg *ret, struct cmn_err *err);
void net_ctl_msg_clear(struct net_ctl_msg *msg);

#endif
