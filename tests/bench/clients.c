/* SPDX-License-Identifier: Apache-2.0 */
/* tests/bench/clients.c - many clients of the REST API in one process.
 * Owns: its sockets.  Thread: one.  May block: in its wait.
 *
 *     clients get ADDRESS PORT PATH RATE SECONDS CONNECTIONS
 *         so many GETs a second, at their times whether or not answers come (a late one counts from when it was due); tells how long they took
 *     clients follow ADDRESS PORT COUNT
 *         so many clients of /api/v1/events/stream, once all are told "ready", and again for each line on stdin: how many messages of what
 *         happened they have had since the last, the least and the most of one, and how many are there
 *
 * What it tells is a line of JSON. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/container.h"
#include "common/histogram.h"

#define EVENTS 256
#define NS_PER_S 1000000000u

struct client {
	int fd;
	bool busy;
	uint64_t due; /* of the request under way */
	size_t left; /* of its answer; SIZE_MAX: its header isn't whole */
	char head[4096];
	size_t head_len;
	unsigned int messages; /* since they were told */
};

static struct client *clients;
static unsigned int nr_clients;
static int poller;
static char request[1024];

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static void open_client(struct client *c, const char *address, const char *port)
{
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(port)) };
	struct epoll_event ev = { .events = EPOLLIN, .data.ptr = c };

	inet_pton(AF_INET, address, &in.sin_addr);
	c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (c->fd < 0 || connect(c->fd, (struct sockaddr *)&in, sizeof(in)) < 0)
		die("connect");
	fcntl(c->fd, F_SETFL, O_NONBLOCK);
	epoll_ctl(poller, EPOLL_CTL_ADD, c->fd, &ev);
}

static void open_all(const char *address, const char *port, unsigned int count)
{
	struct rlimit limit;

	getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
	poller = epoll_create1(EPOLL_CLOEXEC);
	clients = calloc(count, sizeof(*clients));
	nr_clients = count;
	for (unsigned int i = 0; i < count; i++)
		open_client(&clients[i], address, port);
}

/* -- get --------------------------------------------------------------------------------------------------- */
static struct cmn_histogram took;
static uint64_t answered, bad;

static void send_request(struct client *c, uint64_t due)
{
	c->busy = true;
	c->due = due;
	c->left = SIZE_MAX;
	c->head_len = 0;
	if (send(c->fd, request, strlen(request), MSG_NOSIGNAL) != (ssize_t)strlen(request))
		die("send");
}

/* Takes the header off; *len is what it leaves of the data. */
static void take_head(struct client *c, const char *data, size_t *len)
{
	size_t add = cmn_min(*len, sizeof(c->head) - 1 - c->head_len), head;
	const char *end, *length;

	memcpy(c->head + c->head_len, data, add);
	c->head_len += add;
	c->head[c->head_len] = '\0';
	end = strstr(c->head, "\r\n\r\n");
	if (!end) {
		*len = 0;
		return;
	}
	length = strcasestr(c->head, "\r\nContent-Length:");
	bad += strncmp(c->head, "HTTP/1.1 200", 12) != 0;
	c->left = length ? strtoull(length + 17, NULL, 10) : 0;
	head = (size_t)(end + 4 - c->head);
	*len -= head - (c->head_len - add);
}

static void on_answer(struct client *c)
{
	static char data[1 << 16];
	ssize_t n = recv(c->fd, data, sizeof(data), 0);
	size_t len = (size_t)n;

	if (n <= 0)
		die("an answer");
	if (c->left == SIZE_MAX)
		take_head(c, data, &len);
	if (c->left == SIZE_MAX)
		return;
	c->left -= cmn_min(len, c->left);
	if (c->left)
		return;
	c->busy = false;
	answered++;
	cmn_histogram_add(&took, cmn_now_ns() - c->due);
}

/* The next one that is free; NULL: none. */
static struct client *free_client(void)
{
	static unsigned int turn;

	for (unsigned int i = 0; i < nr_clients; i++) {
		struct client *c = &clients[turn++ % nr_clients];

		if (!c->busy)
			return c;
	}
	return NULL;
}

static void wait_events(int ms)
{
	struct epoll_event events[EVENTS];
	int n = epoll_wait(poller, events, EVENTS, ms);

	for (int i = 0; i < n; i++)
		on_answer(events[i].data.ptr);
}

static void run_get(uint64_t rate, uint64_t seconds)
{
	uint64_t began = cmn_now_ns(), sent = 0, all = rate * seconds, due;
	struct client *c;

	while (answered < all) {
		due = began + sent * NS_PER_S / rate;
		while (sent < all && due <= cmn_now_ns() && (c = free_client())) {
			send_request(c, due);
			due = began + ++sent * NS_PER_S / rate;
		}
		wait_events(sent < all && due > cmn_now_ns() + CMN_NS_PER_MS ? 1
			    : sent < all				     ? 0
									     : 1000);
	}
	printf("{\"answered\": %" PRIu64 ", \"bad\": %" PRIu64
	       ", \"rate\": %.0f, \"p50_ms\": %.3f, \"p99_ms\": "
	       "%.3f, \"max_ms\": %.3f}\n",
	       answered, bad, (double)answered * 1e9 / (double)(cmn_now_ns() - began),
	       (double)cmn_histogram_quantile(&took, 0.5) / 1e6,
	       (double)cmn_histogram_quantile(&took, 0.99) / 1e6, (double)took.max / 1e6);
}

/* -- follow ------------------------------------------------------------------------------------------------ */
static unsigned int there;

/* Messages that tell something: those of a sign of life have no "event:". */
static void on_messages(struct client *c)
{
	static char data[1 << 16];
	ssize_t n = recv(c->fd, data, sizeof(data) - 1, 0);

	if (n <= 0) {
		if (n < 0 && errno == EAGAIN)
			return;
		epoll_ctl(poller, EPOLL_CTL_DEL, c->fd, NULL);
		there--;
		return;
	}
	data[n] = '\0';
	for (const char *at = data; (at = strstr(at, "\nevent: ")); at += 8)
		c->messages++;
}

static void tell_messages(void)
{
	unsigned int least = UINT32_MAX, most = 0;
	uint64_t all = 0;

	for (unsigned int i = 0; i < nr_clients; i++) {
		least = cmn_min(least, clients[i].messages);
		most = cmn_max(most, clients[i].messages);
		all += clients[i].messages;
		clients[i].messages = 0;
	}
	printf("{\"there\": %u, \"messages\": %" PRIu64 ", \"least\": %u, \"most\": %u}\n", there,
	       all, least, most);
	fflush(stdout);
}

static bool all_greeted(void)
{
	for (unsigned int i = 0; i < nr_clients; i++) {
		if (!clients[i].messages)
			return false;
	}
	return true;
}

static void run_follow(void)
{
	struct epoll_event events[EVENTS], in = { .events = EPOLLIN, .data.ptr = NULL };
	bool greeted = false;
	char line[64];

	there = nr_clients;
	for (unsigned int i = 0; i < nr_clients; i++)
		send_request(&clients[i], 0);
	epoll_ctl(poller, EPOLL_CTL_ADD, STDIN_FILENO, &in);
	for (;;) {
		int n = epoll_wait(poller, events, EVENTS, -1);

		for (int i = 0; i < n; i++) {
			if (events[i].data.ptr)
				on_messages(events[i].data.ptr);
			else if (read(STDIN_FILENO, line, sizeof(line)) > 0)
				tell_messages();
			else
				return;
		}
		if (!greeted && all_greeted()) {
			greeted = true;
			tell_messages();
		}
	}
}

int main(int argc, char **argv)
{
	const char *path = argc == 8 ? argv[4] : "/api/v1/events/stream";

	if (!(argc == 8 && strcmp(argv[1], "get") == 0) &&
	    !(argc == 5 && strcmp(argv[1], "follow") == 0)) {
		fputs("usage: clients get ADDRESS PORT PATH RATE SECONDS CONNECTIONS | follow "
		      "ADDRESS PORT COUNT\n",
		      stderr);
		return 2;
	}
	snprintf(request, sizeof(request), "GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n", path);
	open_all(argv[2], argv[3], (unsigned int)atoi(argv[argc == 8 ? 7 : 4]));
	if (argc == 8)
		run_get(strtoull(argv[5], NULL, 10), strtoull(argv[6], NULL, 10));
	else
		run_follow();
	return 0;
}
