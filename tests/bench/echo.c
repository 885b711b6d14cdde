/* SPDX-License-Identifier: Apache-2.0 */
/* tests/bench/echo.c - what TCP alone costs: the least server that takes messages of one size and answers each with one of another,
 * and its client.  The reference of bench_cpu, on the same machine in the same minute.
 * Owns: its sockets.  Thread: one.  May block: yes.
 *
 *     echo serve REQUEST REPLY                  prints its port on 127.0.0.1, serves one client after the other
 *     echo load PORT REQUEST REPLY DEPTH SECONDS    prints how many messages were answered */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define BUFFER (256u << 10)
#define SEND_MAX (1u << 20)

static char in[BUFFER], out[SEND_MAX];

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

static void send_all(int fd, size_t len)
{
	while (len) {
		ssize_t n = send(fd, out, len < SEND_MAX ? len : SEND_MAX, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return; /* the peer is gone; recv() will say so */
		len -= (size_t)n;
	}
}

static void serve_one(int fd, size_t request, size_t reply)
{
	size_t have = 0;
	ssize_t n;

	while ((n = recv(fd, in, sizeof(in), 0)) > 0) {
		have += (size_t)n;
		send_all(fd, have / request * reply);
		have %= request;
	}
	close(fd);
}

static int serve(size_t request, size_t reply)
{
	struct sockaddr_in addr = { .sin_family = AF_INET,
				    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(addr);
	int listener = socket(AF_INET, SOCK_STREAM, 0), fd, one = 1;

	must(bind(listener, (struct sockaddr *)&addr, len) == 0, "bind");
	must(listen(listener, 1) == 0, "listen");
	must(getsockname(listener, (struct sockaddr *)&addr, &len) == 0, "getsockname");
	printf("%u\n", ntohs(addr.sin_port));
	fflush(stdout);
	while ((fd = accept(listener, NULL, NULL)) >= 0) {
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
		serve_one(fd, request, reply);
	}
	return 1;
}

static int load(uint16_t port, size_t request, size_t reply, size_t depth, double seconds)
{
	struct sockaddr_in addr = { .sin_family = AF_INET,
				    .sin_port = htons(port),
				    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM, 0), one = 1;
	size_t have = 0, count = 0;
	double end = now() + seconds;

	/* as bench_cpu has it of pharos bench: what paces, such as bbr, makes the cost of large messages vary by two */
	setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, "reno", 4);
	must(connect(fd, (struct sockaddr *)&addr, sizeof(addr)) == 0, "connect");
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	send_all(fd, depth * request);
	while (now() < end) {
		ssize_t n = recv(fd, in, sizeof(in), MSG_DONTWAIT);

		must(n > 0 || (n < 0 && (errno == EAGAIN || errno == EINTR)), "recv");
		if (n < 0)
			continue;
		have += (size_t)n;
		send_all(fd, have / reply * request);
		count += have / reply;
		have %= reply;
	}
	printf("%zu\n", count);
	return 0;
}

int main(int argc, char **argv)
{
	size_t v[5] = { 0 };

	for (int i = 2; i < argc && i < 7; i++)
		v[i - 2] = strtoul(argv[i], NULL, 10);
	memset(out, 'e', sizeof(out));
	if (argc == 4 && strcmp(argv[1], "serve") == 0 && v[0] && v[1])
		return serve(v[0], v[1]);
	if (argc == 7 && strcmp(argv[1], "load") == 0 && v[1] && v[2])
		return load((uint16_t)v[0], v[1], v[2], v[3], (double)v[4]);
	fputs("usage: echo serve REQUEST REPLY | echo load PORT REQUEST REPLY DEPTH SECONDS\n",
	      stderr);
	return 2;
}
