/* SPDX-License-Identifier: Apache-2.0 */
/* tests/bench/echo.c - what TCP alone costs: the least server that takes messages of one size and answers each with one of another,
 * and its client.  The reference of bench_cpu and bench_scale, on the same machine in the same minute.
 * Owns: its sockets.  Thread: one.  May block: yes.
 *
 *     echo serve REQUEST REPLY [MIB]            prints its port on 127.0.0.1, serves whoever connects; from and to all over so much
 *                                               memory, as a target does, else from and to what stays in the cache
 *     echo load PORT REQUEST REPLY DEPTH SECONDS [CONNECTIONS]
 *         keeps DEPTH messages under way on each connection (1), prints how many were answered */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define BUFFER (256u << 10)
#define SEND_MAX (1u << 20)
#define EVENTS 64
#define FDS 65536

static char in[BUFFER], out[SEND_MAX];
static char *memory; /* NULL: in and out */
static size_t memory_size, place;
static size_t have[FDS]; /* bytes of a message that has only begun, by descriptor */

static void must(int ok, const char *what)
{
	if (ok)
		return;
	perror(what);
	exit(1);
}

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static void use_memory(size_t size)
{
	memory_size = size;
	memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	must(memory != MAP_FAILED, "mmap");
	madvise(memory, size, MADV_HUGEPAGE); /* as a namespace lies */
	memset(memory, 'e', size);
}

/* The next len bytes of the memory, round and round; own: where there is none. */
static char *next_place(char *own, size_t len)
{
	char *at;

	if (!memory)
		return own;
	if (place + len > memory_size)
		place = 0;
	at = memory + place;
	place += len;
	return at;
}

static void send_all(int fd, size_t len)
{
	while (len) {
		size_t most = len < SEND_MAX ? len : SEND_MAX;
		ssize_t n = send(fd, next_place(out, most), most, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return; /* the peer is gone; recv() will say so */
		len -= (size_t)n;
	}
}

static void watch(int epfd, int fd)
{
	struct epoll_event ev = { .events = EPOLLIN, .data.fd = fd };
	int one = 1;

	must(fd >= 0 && fd < FDS, "too many connections");
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	have[fd] = 0;
	must(epoll_ctl(epfd, EPOLL_CTL_ADD, fd, &ev) == 0, "epoll_ctl");
}

/* Answers each message of size from with one of size to; returns how many. */
static size_t answer(int fd, size_t from, size_t to)
{
	ssize_t n = recv(fd, next_place(in, sizeof(in)), sizeof(in), MSG_DONTWAIT);
	size_t count;

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (n <= 0) {
		close(fd);
		return 0;
	}
	have[fd] += (size_t)n;
	count = have[fd] / from;
	have[fd] %= from;
	send_all(fd, count * to);
	return count;
}

static void serve(size_t request, size_t reply)
{
	struct sockaddr_in addr = { .sin_family = AF_INET,
				    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(addr);
	int listener = socket(AF_INET, SOCK_STREAM, 0), epfd = epoll_create1(0);
	struct epoll_event events[EVENTS];

	must(bind(listener, (struct sockaddr *)&addr, len) == 0, "bind");
	must(listen(listener, SOMAXCONN) == 0, "listen");
	must(getsockname(listener, (struct sockaddr *)&addr, &len) == 0, "getsockname");
	printf("%u\n", ntohs(addr.sin_port));
	fflush(stdout);
	watch(epfd, listener);
	for (;;) {
		int n = epoll_wait(epfd, events, EVENTS, -1);

		for (int i = 0; i < n; i++) {
			if (events[i].data.fd == listener)
				watch(epfd, accept(listener, NULL, NULL));
			else
				answer(events[i].data.fd, request, reply);
		}
	}
}

static int dial(uint16_t port)
{
	struct sockaddr_in addr = { .sin_family = AF_INET,
				    .sin_port = htons(port),
				    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	/* as bench_cpu has it of pharos bench: what paces, such as bbr, makes the cost of large messages vary by two */
	setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, "reno", 4);
	must(connect(fd, (struct sockaddr *)&addr, sizeof(addr)) == 0, "connect");
	return fd;
}

static void load(const size_t v[6])
{
	size_t request = v[1], reply = v[2], count = 0;
	double end = now() + (double)v[4];
	int epfd = epoll_create1(0);
	struct epoll_event events[EVENTS];

	for (size_t i = 0; i < v[5]; i++) {
		int fd = dial((uint16_t)v[0]);

		watch(epfd, fd);
		send_all(fd, v[3] * request);
	}
	while (now() < end) {
		int n = epoll_wait(epfd, events, EVENTS, 0);

		for (int i = 0; i < n; i++)
			count += answer(events[i].data.fd, reply, request);
	}
	printf("%zu\n", count);
}

int main(int argc, char **argv)
{
	struct rlimit limit;
	size_t v[6] = { [5] = 1 };

	for (int i = 2; i < argc && i < 8; i++)
		v[i - 2] = strtoul(argv[i], NULL, 10);
	memset(out, 'e', sizeof(out));
	if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
	if (argc >= 4 && strcmp(argv[1], "serve") == 0 && v[0] && v[1]) {
		if (v[2])
			use_memory(v[2] << 20);
		serve(v[0], v[1]);
	} else if (argc >= 7 && strcmp(argv[1], "load") == 0 && v[1] && v[2]) {
		load(v);
		return 0;
	}
	fputs("usage: echo serve REQUEST REPLY [MIB] | echo load PORT REQUEST REPLY DEPTH SECONDS [CONNECTIONS]\n",
	      stderr);
	return 2;
}
