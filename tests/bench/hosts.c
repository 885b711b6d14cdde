/* SPDX-License-Identifier: Apache-2.0 */
/* tests/bench/hosts.c - thousands of hosts in one process, as nvme-stas and nvme-discoverd are: each keeps a discovery controller up,
 * reads its log, and reads it again at every event.
 * Owns: the hosts, on one reactor.  Thread: one.  May block: in the reactor's wait.
 *
 *     hosts ADDRESS PORT COUNT [PREFIX]      their NQNs are PREFIX0, PREFIX1, ... (nqn.2026-11.example:host-)
 *
 * Told what to do by lines on stdin, it answers each with a line of JSON, once that is done:
 *     connect             all of them, and each reads its log
 *     mark                forgets events and reads that were counted
 *     count               tells them
 *     told HOSTS MS       until so many hosts have had an event and read their log since, and 200 ms more, but no longer than MS
 *     reads RATE SECONDS  so many logs a second, of hosts by turns
 *     register            every host by Discovery Information Management, once
 *     drop                closes all sockets, as hosts that died */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/container.h"
#include "common/histogram.h"
#include "common/queue.h"
#include "net/logread.h"

#define LOG_MAX (16u << 20)
#define QUIET_NS (200 * CMN_NS_PER_MS)
#define LOOK_NS (5 * CMN_NS_PER_MS)
#define STARTING_MAX                                                                               \
	512 /* at once: what waits in the backlog of a listener is given up by TCP for a second */

struct host {
	unsigned int index;
	struct net_host *h;
	struct net_logread read;
	bool reading, again, up, read_once;
	unsigned int events, reads; /* since the mark */
	uint64_t asked, numrec;
	struct net_host_cmd dim;
	uint8_t *dim_data;
};

enum doing { IDLE, CONNECTING, WAITING, READING, REGISTERING };

static struct {
	struct net_reactor *r;
	struct net_hosts *hosts;
	struct host *at;
	unsigned int nr, started, up, ready, told, events, reads, failed, refused;
	enum doing doing;
	uint64_t began, last, until, next; /* last: read that ended; next: read to be begun */
	unsigned int want, left, turn;
	uint64_t pause;
	struct cmn_histogram took;
	struct net_timer timer;
	struct net_watch in;
	char line[256];
	size_t line_len;
} b;

static void must(bool ok, const char *what)
{
	if (ok)
		return;
	perror(what);
	exit(1);
}

/* -- answers -------------------------------------------------------------------------------------------------------- */

static double seconds(uint64_t ns)
{
	return (double)ns / 1e9;
}

static double ms(double share)
{
	return (double)cmn_histogram_quantile(&b.took, share) / 1e6;
}

/* [[from, to], ...]: which hosts had an event. */
static void print_told(void)
{
	bool first = true;

	printf(", \"told\": [");
	for (unsigned int i = 0, from; i < b.nr; i++) {
		if (!b.at[i].events)
			continue;
		for (from = i; i + 1 < b.nr && b.at[i + 1].events; i++)
			;
		printf("%s[%u, %u]", first ? "" : ", ", from, i);
		first = false;
	}
	printf("]");
}

static void answer(void)
{
	unsigned int most = 0;
	uint64_t records = 0;

	for (unsigned int i = 0; i < b.nr; i++) {
		most = cmn_max(most, b.at[i].events);
		records += b.at[i].numrec;
	}
	printf("{\"seconds\": %.3f, \"up\": %u, \"events\": %u, \"most_events\": %u, \"reads\": "
	       "%u, \"records\": %" PRIu64 ", \"failed\": %u, \"refused\": %u, \"p50_ms\": %.3f, "
	       "\"p99_ms\": %.3f, \"max_ms\": %.3f, \"last\": %.3f",
	       seconds(cmn_now_ns() - b.began), b.up, b.events, most, b.reads, records, b.failed,
	       b.refused, ms(0.5), ms(0.99), (double)b.took.max / 1e6,
	       b.last > b.began ? seconds(b.last - b.began) : 0);
	print_told();
	printf("}\n");
	fflush(stdout);
	b.doing = IDLE;
}

/* -- one host ------------------------------------------------------------------------------------------------------- */

static void begin_read(struct host *host);

static void start_next(void)
{
	if (b.started < b.nr)
		net_host_start(b.at[b.started++].h);
}

static void read_done(struct net_logread *read)
{
	struct host *host = read->user;
	uint64_t now = cmn_now_ns();

	host->reading = false;
	if (read->err.code < 0) {
		b.failed++;
		fprintf(stderr, "host %u: log: %s\n", host->index, read->err.msg);
	} else {
		host->numrec = read->numrec;
		cmn_histogram_add(&b.took, now - host->asked);
	}
	free(read->page);
	b.reads++;
	b.last = now;
	if (b.doing == CONNECTING && !host->read_once) {
		host->read_once = true;
		start_next();
		if (++b.ready == b.nr)
			answer();
	}
	if (host->events && ++host->reads == 1)
		b.told++;
	if (host->again)
		begin_read(host);
}

static void begin_read(struct host *host)
{
	host->again = host->reading;
	if (host->reading)
		return;
	host->asked = cmn_now_ns();
	host->read = (struct net_logread){
		.lid = NVME_LID_DISCOVERY, .max = LOG_MAX, .done = read_done, .user = host
	};
	host->reading = net_logread_start(host->h, &host->read) == 0;
}

static void up(struct net_host *h, const struct nvme_id_ctrl *id)
{
	struct host *host = net_host_user(h);

	(void)id;
	host->up = true;
	b.up++;
	begin_read(host);
}

static void down(struct net_host *h, const struct cmn_err *why)
{
	struct host *host = net_host_user(h);

	b.failed++;
	b.up -= host->up;
	host->up = false;
	if (b.failed < 20)
		fprintf(stderr, "host %u: down: %s\n", host->index, why->msg);
}

static void event(struct net_host *h, uint32_t result)
{
	struct host *host = net_host_user(h);

	(void)result;
	host->events++;
	b.events++;
	begin_read(host);
}

static const struct net_host_ops ops = { up, down, event };

static void make_hosts(const char *address, const char *port, const char *prefix)
{
	for (unsigned int i = 0; i < b.nr; i++) {
		struct net_host_params p = { .addr = address,
					     .port = (uint16_t)atoi(port),
					     .subnqn = NVMF_DISC_NQN,
					     .hostid = { 0x20, [12] = (uint8_t)(i >> 24),
							 (uint8_t)(i >> 16), (uint8_t)(i >> 8),
							 (uint8_t)i },
					     .kato_ms = 120000,
					     .timeout_ms = 60000,
					     .retry_ms = 1000,
					     .retry_max_ms = 8000,
					     .events = NVME_AEC_DISCOVERY,
					     .ops = &ops,
					     .user = &b.at[i] };
		struct cmn_err err = { 0 };
		char nqn[224];

		snprintf(nqn, sizeof(nqn), "%s%u", prefix, i);
		p.hostnqn = nqn;
		b.at[i].index = i;
		b.at[i].h = net_host_create(b.hosts, &p, &err);
		must(b.at[i].h, err.msg);
	}
}

/* -- registration (Base 2.1, 5.3.3) ---------------------------------------------------------------------------------- */

#define DIM_BYTES                                                                                  \
	(sizeof(struct nvmf_dim_data) + sizeof(struct nvmf_disc_entry) +                           \
	 sizeof(struct nvmf_ext_tail) + sizeof(struct nvmf_exat) + 16)

static void registered(struct net_host_cmd *cmd)
{
	b.refused += cmd->req.err || NVME_CQE_STATUS_CODE(le16toh(cmd->req.cqe.status));
	if (!--b.left)
		answer();
}

/* As libnvme does it: one extended entry, without an address. */
static void register_host(struct host *host, const char *prefix)
{
	struct nvmf_dim_data *dim = calloc(1, DIM_BYTES);
	struct nvmf_disc_entry *e = (struct nvmf_disc_entry *)(dim + 1);
	struct nvmf_ext_tail *tail = (struct nvmf_ext_tail *)(e + 1);
	struct nvmf_exat *exat = (struct nvmf_exat *)(tail + 1);

	must(dim, "memory");
	dim->tdl = htole32(DIM_BYTES);
	dim->nument = htole64(1);
	dim->entfmt = htole16(NVMF_DIM_EXTENDED);
	dim->etype = htole16(NVMF_DIM_HOST);
	dim->ektype = htole16(NVMF_DIM_EKTYPE);
	snprintf(dim->eid, sizeof(dim->eid), "%s%u", prefix, host->index);
	snprintf(dim->ename, sizeof(dim->ename), "host-%u", host->index);
	e->trtype = 3;
	e->adrfam = 1;
	memcpy(e->subnqn, dim->eid, sizeof(e->subnqn));
	tail->tel = htole32(DIM_BYTES - sizeof(*dim));
	tail->numexat = htole16(1);
	exat->type = htole16(NVMF_EXAT_HOSTID);
	exat->len = htole16(16);
	memcpy(exat + 1,
	       (uint8_t[16]){ 0x20, [12] = (uint8_t)(host->index >> 24),
			      (uint8_t)(host->index >> 16), (uint8_t)(host->index >> 8),
			      (uint8_t)host->index },
	       16);
	host->dim = (struct net_host_cmd){ .done = registered, .user = host };
	host->dim.req.cmd.opcode = NVME_ADMIN_DIM;
	host->dim.req.cmd.flags = NVME_CMD_FLAGS_SGL;
	host->dim.req.data = dim;
	host->dim.req.len = DIM_BYTES;
	host->dim.req.dir = FAB_HOST_OUT;
	host->dim_data = (uint8_t *)dim;
	if (net_host_submit(host->h, &host->dim) < 0) {
		b.refused++;
		b.left--;
	}
}

/* -- what is asked for ------------------------------------------------------------------------------------------------ */

static void mark(void)
{
	for (unsigned int i = 0; i < b.nr; i++)
		b.at[i].events = b.at[i].reads = 0;
	b.told = b.events = b.reads = b.failed = b.refused = 0;
	memset(&b.took, 0, sizeof(b.took));
	b.began = b.last = cmn_now_ns();
}

static void tick(struct net_timer *timer, uint64_t now)
{
	now = cmn_now_ns();
	if (b.doing == WAITING && (now >= b.until || (b.told >= b.want && now > b.last + QUIET_NS)))
		answer();
	while (b.doing == READING && now >= b.next && b.next < b.until) {
		begin_read(&b.at[b.turn++ % b.nr]);
		b.next += b.pause;
	}
	if (b.doing == READING && now >= b.until + QUIET_NS)
		answer();
	net_timer_set(b.r, timer, now + (b.doing == READING ? CMN_NS_PER_MS : LOOK_NS));
}

static void obey(const char *line, const char *prefix)
{
	unsigned int x = 0, y = 0;

	if (strcmp(line, "connect") == 0) {
		mark();
		b.doing = CONNECTING;
		for (unsigned int i = 0; i < STARTING_MAX; i++)
			start_next();
	} else if (strcmp(line, "mark") == 0) {
		mark();
		answer();
	} else if (strcmp(line, "count") == 0) {
		answer();
	} else if (sscanf(line, "told %u %u", &x, &y) == 2) {
		b.doing = WAITING;
		b.want = x;
		b.until = cmn_now_ns() + y * CMN_NS_PER_MS;
	} else if (sscanf(line, "reads %u %u", &x, &y) == 2 && x) {
		mark();
		b.doing = READING;
		b.pause = CMN_NS_PER_S / x;
		b.next = b.began;
		b.until = b.began + y * CMN_NS_PER_S;
	} else if (strcmp(line, "register") == 0) {
		mark();
		b.doing = REGISTERING;
		b.left = b.nr;
		for (unsigned int i = 0; i < b.nr; i++)
			register_host(&b.at[i], prefix);
	} else if (strcmp(line, "drop") == 0) {
		for (unsigned int i = 0; i < b.nr; i++)
			net_host_destroy(b.at[i].h);
		net_reactor_stop(b.r);
	} else {
		fprintf(stderr, "hosts: what is '%s'?\n", line);
		exit(1);
	}
}

static const char *name_prefix = "nqn.2026-11.example:host-";

static void input(struct net_watch *watch, uint32_t events)
{
	ssize_t n = read(watch->fd, b.line + b.line_len, sizeof(b.line) - 1 - b.line_len);
	char *end;

	(void)events;
	if (n <= 0)
		_exit(0); /* whoever told us what to do has gone */
	b.line_len += (size_t)n;
	b.line[b.line_len] = '\0';
	while ((end = strchr(b.line, '\n'))) {
		*end = '\0';
		obey(b.line, name_prefix);
		b.line_len -= (size_t)(end + 1 - b.line);
		memmove(b.line, end + 1, b.line_len + 1);
	}
}

int main(int argc, char **argv)
{
	struct net_reactor_params params = { .cpu = -1, .pool_limit = 1 << 20 };
	struct rlimit files;
	int err = 0;

	if (argc < 4)
		return 2;
	if (argc > 4)
		name_prefix = argv[4];
	getrlimit(RLIMIT_NOFILE, &files);
	files.rlim_cur = files.rlim_max;
	setrlimit(RLIMIT_NOFILE, &files);
	b.nr = (unsigned int)atoi(argv[3]);
	b.at = calloc(b.nr, sizeof(*b.at));
	b.r = net_reactor_create(&params, &err);
	must(b.at && b.r, "memory");
	b.hosts = net_hosts_create(b.r);
	must(b.hosts, "memory");
	make_hosts(argv[1], argv[2], name_prefix);
	b.in = (struct net_watch){ .fd = STDIN_FILENO, .events = EPOLLIN, .ready = input };
	must(net_watch_add(b.r, &b.in) == 0, "stdin");
	b.timer.fire = tick;
	net_timer_set(b.r, &b.timer, cmn_now_ns());
	net_reactor_run(b.r);
	net_hosts_destroy(b.hosts);
	net_reactor_destroy(b.r);
	for (unsigned int i = 0; i < b.nr; i++)
		free(b.at[i].dim_data);
	free(b.at);
	return 0;
}
