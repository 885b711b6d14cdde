/* SPDX-License-Identifier: Apache-2.0 */
/* net/ctlsock.c - framing, queue and descriptors of the control socket; see net/ctlsock.h.
 *
 * Descriptors ride on the first byte of their `fds` message.  The kernel hands them out with that byte at the latest, in
 * order; so a queue of descriptors, from which each `fds` message takes as many as it names, always matches. */
#include "config.h"

#include "net/ctlsock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/container.h"
#include "common/json.h"
#include "common/queue.h"
#include "common/util.h"

#define HEAD_LEN 4
#define READ_CHUNK (256u << 10)
#define KEEP_BUF (1u << 20) /* a larger receive buffer is given back once empty */
#define FD_QUEUE_MAX (2 * NET_CTL_FDS_MAX)
#define JSON_DEPTH 24

struct out_msg {
	TAILQ_ENTRY(out_msg) link;
	size_t len, sent;
	size_t nr_fds; /* go with the first byte */
	int *fds;
	uint8_t bytes[];
};

struct net_ctl {
	int fd;
	TAILQ_HEAD(, out_msg) out;
	size_t queued;
	uint8_t *in;
	size_t in_len, in_size;
	size_t in_used; /* bytes of messages already taken */
	int fds[FD_QUEUE_MAX];
	size_t nr_fds;
};

/* -- sockets --------------------------------------------------------------------------------------------------- */
static int set_path(struct sockaddr_un *sun, const char *path)
{
	memset(sun, 0, sizeof(*sun));
	sun->sun_family = AF_UNIX;
	return cmn_strlcpy(sun->sun_path, path, sizeof(sun->sun_path)) ? 0 : -ENAMETOOLONG;
}

int net_ctl_connect(const char *path)
{
	cmn_autoclose int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct sockaddr_un sun;
	int ret;

	if (fd < 0)
		return -errno;
	ret = set_path(&sun, path);
	if (ret < 0)
		return ret;
	if (connect(fd, (struct sockaddr *)&sun, sizeof(sun)) < 0)
		return -errno; /* EAGAIN: its backlog is full */
	return cmn_take_fd(&fd);
}

/* What lies at path is ours to replace only if it is a socket that nobody serves. */
static int remove_stale(const char *path, struct cmn_err *err)
{
	struct stat st;
	int fd;

	if (lstat(path, &st) < 0)
		return errno == ENOENT ? 0 : cmn_err_errno(err, -errno, "control", "%s", path);
	if (!S_ISSOCK(st.st_mode))
		return cmn_err_set(err, -EEXIST, "control", "%s exists and is not a socket", path);
	fd = net_ctl_connect(path);
	if (fd >= 0)
		close(fd);
	if (fd != -ECONNREFUSED)
		return cmn_err_set(err, -EADDRINUSE, "control", "%s is served by another process",
				   path);
	if (unlink(path) < 0 && errno != ENOENT)
		return cmn_err_errno(err, -errno, "control", "cannot replace %s", path);
	return 0;
}

int net_ctl_listen(const char *path, struct cmn_err *err)
{
	cmn_autoclose int fd = -1;
	struct sockaddr_un sun;
	mode_t mask;
	int ret;

	ret = set_path(&sun, path);
	if (ret < 0)
		return cmn_err_set(err, ret, "control",
				   "%s is longer than a socket's path may be (%zu)", path,
				   sizeof(sun.sun_path) - 1);
	ret = remove_stale(path, err);
	if (ret < 0)
		return ret;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return cmn_err_errno(err, -errno, "control", "socket");
	mask = umask(0177);
	ret = bind(fd, (struct sockaddr *)&sun, sizeof(sun)) < 0 ? -errno : 0;
	umask(mask);
	if (ret == 0 && listen(fd, 8) < 0)
		ret = -errno;
	if (ret < 0)
		return cmn_err_errno(err, ret, "control", "cannot listen at %s", path);
	return cmn_take_fd(&fd);
}

int net_ctl_check_peer(int fd, int *ret_pid)
{
	struct ucred cred;
	socklen_t len = sizeof(cred);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) < 0)
		return -errno;
	if (ret_pid)
		*ret_pid = cred.pid;
	return cred.uid == 0 || cred.uid == geteuid() ? 0 : -EPERM;
}

struct net_ctl *net_ctl_create(int fd)
{
	struct net_ctl *c = calloc(1, sizeof(*c));

	if (!c) {
		close(fd);
		return NULL;
	}
	c->fd = fd;
	TAILQ_INIT(&c->out);
	cmn_set_nonblock(fd, true);
	return c;
}

static void close_all(int *fds, size_t nr)
{
	for (size_t i = 0; i < nr; i++)
		if (fds[i] >= 0)
			close(fds[i]);
}

static void out_free(struct out_msg *m)
{
	close_all(m->fds, m->nr_fds);
	free(m->fds);
	free(m);
}

void net_ctl_destroy(struct net_ctl *c)
{
	struct out_msg *m;

	if (!c)
		return;
	while ((m = TAILQ_FIRST(&c->out))) {
		TAILQ_REMOVE(&c->out, m, link);
		out_free(m);
	}
	close_all(c->fds, c->nr_fds);
	close(c->fd);
	free(c->in);
	free(c);
}

int net_ctl_fd(const struct net_ctl *c)
{
	return c->fd;
}

/* -- sending --------------------------------------------------------------------------------------------------- */
static struct out_msg *out_make(struct json_object *msg, int *ret_err)
{
	size_t len;
	const char *text = json_object_to_json_string_length(
		msg, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE, &len);
	struct out_msg *m;

	*ret_err = text && len > NET_CTL_MSG_MAX ? -EMSGSIZE : -ENOMEM;
	if (!text || len > NET_CTL_MSG_MAX)
		return NULL;
	m = malloc(sizeof(*m) + HEAD_LEN + len);
	if (!m)
		return NULL;
	m->len = HEAD_LEN + len;
	m->sent = 0;
	m->nr_fds = 0;
	m->fds = NULL;
	for (int i = 0; i < HEAD_LEN; i++)
		m->bytes[i] = (uint8_t)(len >> (8 * (HEAD_LEN - 1 - i)));
	memcpy(m->bytes + HEAD_LEN, text, len);
	return m;
}

static void out_queue(struct net_ctl *c, struct out_msg *m)
{
	TAILQ_INSERT_TAIL(&c->out, m, link);
	c->queued += m->len;
}

int net_ctl_send(struct net_ctl *c, struct json_object *msg)
{
	int ret;
	struct out_msg *m = out_make(msg, &ret);

	if (!m)
		return ret;
	out_queue(c, m);
	return 0;
}

static int out_add_fds(struct out_msg *m, const int *fds, size_t nr)
{
	m->fds = calloc(nr, sizeof(*m->fds));
	if (!m->fds)
		return -ENOMEM;
	for (size_t i = 0; i < nr; i++) {
		int fd = fcntl(fds[i], F_DUPFD_CLOEXEC, 3);

		if (fd < 0)
			return -errno;
		m->fds[m->nr_fds++] = fd;
	}
	return 0;
}

static int send_batch(struct net_ctl *c, const char *const *names, const int *fds, size_t nr)
{
	struct json_object *msg = json_object_new_object(), *arr = json_object_new_array();
	struct out_msg *m;
	int ret;

	json_object_object_add(msg, "type", json_object_new_string("fds"));
	json_object_object_add(msg, "names", arr);
	for (size_t i = 0; i < nr; i++)
		json_object_array_add(arr, json_object_new_string(names[i]));
	m = out_make(msg, &ret);
	json_object_put(msg);
	if (!m)
		return ret;
	ret = out_add_fds(m, fds, nr);
	if (ret < 0) {
		out_free(m);
		return ret;
	}
	out_queue(c, m);
	return 0;
}

int net_ctl_send_fds(struct net_ctl *c, const char *const *names, const int *fds, size_t nr)
{
	for (size_t i = 0; i < nr; i += NET_CTL_FDS_MAX) {
		int ret =
			send_batch(c, names + i, fds + i, cmn_min(nr - i, (size_t)NET_CTL_FDS_MAX));

		if (ret < 0)
			return ret;
	}
	return 0;
}

bool net_ctl_wants_write(const struct net_ctl *c)
{
	return !TAILQ_EMPTY(&c->out);
}

size_t net_ctl_queued(const struct net_ctl *c)
{
	return c->queued;
}

union fd_space {
	struct cmsghdr align;
	char buf[CMSG_SPACE(sizeof(int) * NET_CTL_FDS_MAX)];
};

static ssize_t out_write(int sock, struct out_msg *m)
{
	struct iovec iov = { .iov_base = m->bytes + m->sent, .iov_len = m->len - m->sent };
	struct msghdr mh = { .msg_iov = &iov, .msg_iovlen = 1 };
	union fd_space space;

	if (m->nr_fds && m->sent == 0) {
		size_t len = m->nr_fds * sizeof(int);
		struct cmsghdr *cm;

		memset(&space, 0, sizeof(space));
		mh.msg_control = space.buf;
		mh.msg_controllen = CMSG_SPACE(len);
		cm = CMSG_FIRSTHDR(&mh);
		cm->cmsg_level = SOL_SOCKET;
		cm->cmsg_type = SCM_RIGHTS;
		cm->cmsg_len = CMSG_LEN(len);
		memcpy(CMSG_DATA(cm), m->fds, len);
	}
	return sendmsg(sock, &mh, MSG_NOSIGNAL | MSG_DONTWAIT);
}

int net_ctl_flush(struct net_ctl *c)
{
	struct out_msg *m;

	while ((m = TAILQ_FIRST(&c->out))) {
		ssize_t n = out_write(c->fd, m);

		if (n < 0 && errno == EINTR)
			continue;
		/* ETOOMANYREFS: too many descriptors are under way; the peer will take some */
		if (n < 0)
			return errno == EAGAIN || errno == ETOOMANYREFS ? 0 : -errno;
		m->sent += (size_t)n;
		c->queued -= (size_t)n;
		if (m->sent < m->len)
			return 0;
		TAILQ_REMOVE(&c->out, m, link);
		out_free(m);
	}
	return 0;
}

/* -- receiving ------------------------------------------------------------------------------------------------- */
/* Bytes of the message at the front, 0 while its length isn't in yet. */
static size_t front_len(const struct net_ctl *c)
{
	const uint8_t *p = c->in + c->in_used;

	if (c->in_len - c->in_used < HEAD_LEN)
		return 0;
	return HEAD_LEN + ((size_t)p[0] << 24 | (size_t)p[1] << 16 | (size_t)p[2] << 8 | p[3]);
}

static int make_room(struct net_ctl *c)
{
	size_t want;
	uint8_t *p;

	if (c->in_used) {
		memmove(c->in, c->in + c->in_used, c->in_len - c->in_used);
		c->in_len -= c->in_used;
		c->in_used = 0;
	}
	/* grows with what really came, not with what a length field promises */
	want = c->in_len + READ_CHUNK;
	if (want <= c->in_size && (c->in_len || c->in_size <= KEEP_BUF))
		return 0;
	if (c->in_len > 4 * READ_CHUNK)
		want = 2 * c->in_len;
	p = realloc(c->in, want);
	if (!p)
		return -ENOMEM;
	c->in = p;
	c->in_size = want;
	return 0;
}

static int take_fds(struct net_ctl *c, struct msghdr *mh)
{
	for (struct cmsghdr *cm = CMSG_FIRSTHDR(mh); cm; cm = CMSG_NXTHDR(mh, cm)) {
		size_t nr;
		int *fds;

		if (cm->cmsg_level != SOL_SOCKET || cm->cmsg_type != SCM_RIGHTS)
			continue;
		nr = (cm->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		fds = (int *)(void *)CMSG_DATA(cm);
		if (c->nr_fds + nr > FD_QUEUE_MAX) {
			close_all(fds, nr);
			return -EPROTO;
		}
		memcpy(c->fds + c->nr_fds, fds, nr * sizeof(int));
		c->nr_fds += nr;
	}
	return mh->msg_flags & MSG_CTRUNC ? -EPROTO : 0;
}

int net_ctl_read(struct net_ctl *c)
{
	union fd_space space;
	struct iovec iov;
	struct msghdr mh = { .msg_iov = &iov,
			     .msg_iovlen = 1,
			     .msg_control = space.buf,
			     .msg_controllen = sizeof(space.buf) };
	ssize_t n;
	int ret = make_room(c);

	if (ret < 0)
		return ret;
	iov.iov_base = c->in + c->in_len;
	iov.iov_len = c->in_size - c->in_len;
	n = recvmsg(c->fd, &mh, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	ret = take_fds(c, &mh);
	if (ret < 0)
		return ret;
	if (n == 0)
		return -EPIPE;
	c->in_len += (size_t)n;
	return 1;
}

static int msg_take_fds(struct net_ctl *c, struct net_ctl_msg *msg, struct cmn_err *err)
{
	struct json_object *arr;
	size_t nr;

	if (cmn_json_arr(msg->json, "names", &arr, err) < 0)
		return -EPROTO;
	nr = json_object_array_length(arr);
	if (nr > c->nr_fds || nr > NET_CTL_FDS_MAX)
		return cmn_err_set(err, -EPROTO, "names", "%zu names came with %zu descriptors", nr,
				   c->nr_fds);
	msg->names = calloc(nr + 1, sizeof(*msg->names));
	msg->fds = calloc(nr + 1, sizeof(*msg->fds));
	if (!msg->names || !msg->fds)
		return cmn_err_set(err, -ENOMEM, NULL, "no memory");
	for (size_t i = 0; i < nr; i++) {
		struct json_object *name = json_object_array_get_idx(arr, i);

		if (!json_object_is_type(name, json_type_string) ||
		    json_object_get_string_len(name) > NET_CTL_NAME_MAX)
			return cmn_err_set(err, -EPROTO, "names", "not a short string at index %zu",
					   i);
		msg->names[i] = json_object_get_string(name);
	}
	memcpy(msg->fds, c->fds, nr * sizeof(int));
	msg->nr_fds = nr;
	c->nr_fds -= nr;
	memmove(c->fds, c->fds + nr, c->nr_fds * sizeof(int));
	return 0;
}

static int msg_parse(struct net_ctl *c, const uint8_t *text, size_t len, struct net_ctl_msg *msg,
		     struct cmn_err *err)
{
	if (cmn_json_parse((const char *)text, len, JSON_DEPTH, NET_CTL_MSG_MAX, &msg->json, err) <
	    0)
		return -EPROTO;
	if (!json_object_is_type(msg->json, json_type_object))
		return cmn_err_set(err, -EPROTO, NULL, "a message is a JSON object");
	if (cmn_json_str(msg->json, "type", &msg->type, err) < 0)
		return -EPROTO;
	return strcmp(msg->type, "fds") == 0 ? msg_take_fds(c, msg, err) : 0;
}

int net_ctl_next(struct net_ctl *c, struct net_ctl_msg *ret, struct cmn_err *err)
{
	size_t whole = front_len(c);
	struct net_ctl_msg msg = { 0 };

	if (whole > HEAD_LEN + (size_t)NET_CTL_MSG_MAX)
		return cmn_err_set(err, -EPROTO, NULL, "a message of %zu bytes is over the limit",
				   whole - HEAD_LEN);
	if (!whole || c->in_len - c->in_used < whole)
		return 0;
	if (msg_parse(c, c->in + c->in_used + HEAD_LEN, whole - HEAD_LEN, &msg, err) < 0) {
		net_ctl_msg_clear(&msg);
		return -EPROTO;
	}
	c->in_used += whole;
	*ret = msg;
	return 1;
}

void net_ctl_msg_clear(struct net_ctl_msg *msg)
{
	close_all(msg->fds, msg->nr_fds);
	json_object_put(msg->json);
	free(msg->names);
	free(msg->fds);
	memset(msg, 0, sizeof(*msg));
}
