/* SPDX-License-Identifier: Apache-2.0 */
/* discoveryd/mdns/mdns.c - see mdns.h.
 *
 * The avahi client's life:  (none) --open--> CONNECTING or RUNNING --FAILURE--> closed by a timer, opened again.
 * With NO_FAIL the client waits for a daemon that isn't there; but when the bus itself is gone avahi_client_new() gives
 * NULL, or the client fails, and only our own timer brings it back. */
#include "discoveryd/mdns/mdns.h"

#include <avahi-client/client.h>
#include <avahi-client/publish.h>
#include <avahi-common/address.h>
#include <avahi-common/domain.h>
#include <avahi-common/error.h>
#include <avahi-common/simple-watch.h>
#include <avahi-common/timeval.h>
#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>

#include "common/cleanup.h"
#include "common/log.h"
#include "discoveryd/mdns/ifaddrs.h"

#define CDC_SUBTYPE "_cdc._sub." DSC_MDNS_SERVICE /* NVM Express Base 2.1, Figure 676 */
#define DEFAULT_PORT 8009
#define REOPEN_MS 1000
#define SETTLE_MS 300 /* an interface that comes up sends several messages */
#define STOP_WAIT_S 2

enum heard {
	HEARD_NOTHING, /* neither a warning nor an announcement so far */
	HEARD_DOWN,
	HEARD_UP,
};

struct dsc_mdns {
	pthread_t thread;
	int wake_fd;
	char nqn[224];
	bool central;
	dsc_mdns_heard_fn *heard_fn;
	void *heard_arg;

	pthread_mutex_t lock; /* guards the three below */
	struct dsc_mdns_listener *wanted;
	size_t nr_wanted;
	bool stop;

	/* The thread's own from here on. */
	AvahiSimplePoll *poll;
	const AvahiPoll *api;
	AvahiWatch *wake_watch, *link_watch;
	AvahiTimeout *reopen, *replan;
	int link_fd;
	AvahiClient *client;
	AvahiEntryGroup *group;
	struct dsc_mdns_browser *browser;
	enum heard heard;
	bool told_loopback;
	unsigned int renames; /* how often the names were taken by another */
	struct dsc_mdns_listener *listeners;
	size_t nr_listeners;
	struct dsc_mdns_record *records;
	size_t nr_records;
};

static void arm(struct dsc_mdns *m, AvahiTimeout *timeout, unsigned int ms)
{
	struct timeval when;

	m->api->timeout_update(timeout, avahi_elapse_time(&when, ms, 0));
}

static void heard_down(struct dsc_mdns *m, const char *reason)
{
	if (m->heard != HEARD_DOWN)
		cmn_warn("not announced by mDNS: hosts need this discovery controller's address",
			 "reason=%s hint=%s", CMN_Q(reason),
			 CMN_Q("is avahi-daemon installed and running?"));
	m->heard = HEARD_DOWN;
}

/* -- names -------------------------------------------------------------------------------------------------------- */

struct names {
	char service[AVAHI_LABEL_MAX];
	char host[AVAHI_DOMAIN_NAME_MAX];
};

/* One service and one host name per port, since a service has one port and a name's addresses must all answer on it.
 * Names that were found taken get a number. */
static void make_names(struct dsc_mdns *m, unsigned int port, struct names *ret)
{
	const char *machine = avahi_client_get_host_name(m->client);
	const char *domain = avahi_client_get_domain_name(m->client);
	char suffix[32] = "";
	size_t used = 0;

	if (port != DEFAULT_PORT)
		used += (size_t)snprintf(suffix, sizeof(suffix), "-%u", port);
	if (m->renames)
		snprintf(suffix + used, sizeof(suffix) - used, "-%u", m->renames + 1);
	snprintf(ret->service, sizeof(ret->service), "Pharos on %.30s%s", machine ? machine : "?",
		 suffix);
	snprintf(ret->host, sizeof(ret->host), "%.40s-pharos%s.%.200s", machine ? machine : "host",
		 suffix, domain ? domain : "local");
}

/* -- publishing --------------------------------------------------------------------------------------------------- */

static void group_event(AvahiEntryGroup *group, AvahiEntryGroupState state, void *arg);

static int add_record(struct dsc_mdns *m, const struct dsc_mdns_record *rec, const char *host)
{
	AvahiAddress addr = { .proto = AVAHI_PROTO_INET };

	if (rec->addr.ss_family == AF_INET) {
		addr.data.ipv4.address = ((const struct sockaddr_in *)&rec->addr)->sin_addr.s_addr;
	} else {
		addr.proto = AVAHI_PROTO_INET6;
		memcpy(addr.data.ipv6.address,
		       &((const struct sockaddr_in6 *)&rec->addr)->sin6_addr,
		       sizeof(addr.data.ipv6.address));
	}
	/* No reverse record: the address belongs to the machine's own name. */
	return avahi_entry_group_add_address(m->group, (AvahiIfIndex)rec->ifindex, addr.proto,
					     AVAHI_PUBLISH_NO_REVERSE, host, &addr);
}

static int add_service(struct dsc_mdns *m, const struct dsc_mdns_record *rec,
		       const struct names *names)
{
	AvahiProtocol proto = rec->addr.ss_family == AF_INET ? AVAHI_PROTO_INET : AVAHI_PROTO_INET6;
	AvahiIfIndex ifindex = (AvahiIfIndex)rec->ifindex;
	char nqn[sizeof(m->nqn) + 4];
	int res;

	snprintf(nqn, sizeof(nqn), "nqn=%s", m->nqn);
	res = avahi_entry_group_add_service(
		m->group, ifindex, proto, 0, names->service, DSC_MDNS_SERVICE, NULL, names->host,
		(uint16_t)dsc_mdns_port(&rec->addr), "p=tcp", nqn, NULL);
	if (res < 0 || !m->central)
		return res;
	return avahi_entry_group_add_service_subtype(m->group, ifindex, proto, 0, names->service,
						     DSC_MDNS_SERVICE, NULL, CDC_SUBTYPE);
}

static bool same_service(const struct dsc_mdns_record *a, const struct dsc_mdns_record *b)
{
	return a->ifindex == b->ifindex && a->addr.ss_family == b->addr.ss_family &&
	       dsc_mdns_port(&a->addr) == dsc_mdns_port(&b->addr);
}

/* Puts every record into the group; 0 or a (negative) AVAHI_ERR_. */
static int fill_group(struct dsc_mdns *m)
{
	const struct dsc_mdns_record *rec;
	struct names names;
	int res = 0;

	for (size_t i = 0; i < m->nr_records && res >= 0; i++) {
		rec = &m->records[i];
		make_names(m, dsc_mdns_port(&rec->addr), &names);
		res = add_record(m, rec, names.host);
		/* Records are sorted: several addresses of one interface are neighbours. */
		if (res >= 0 && (i == 0 || !same_service(rec - 1, rec)))
			res = add_service(m, rec, &names);
	}
	return res < 0 ? res : avahi_entry_group_commit(m->group);
}

static void publish(struct dsc_mdns *m)
{
	int res;

	if (!m->client || avahi_client_get_state(m->client) != AVAHI_CLIENT_S_RUNNING)
		return; /* comes back here when it is */
	if (!m->group)
		m->group = avahi_entry_group_new(m->client, group_event, m);
	else
		avahi_entry_group_reset(m->group);
	if (!m->group) {
		heard_down(m, avahi_strerror(avahi_client_errno(m->client)));
		arm(m, m->reopen, REOPEN_MS);
		return;
	}
	if (m->nr_records == 0)
		return;
	/* A name that another program on this machine has is refused at once, one on the network later, by group_event(). */
	while ((res = fill_group(m)) == AVAHI_ERR_COLLISION && m->renames < 1000) {
		m->renames++;
		avahi_entry_group_reset(m->group);
	}
	if (res < 0) {
		heard_down(m, avahi_strerror(res));
		arm(m, m->reopen, REOPEN_MS);
	}
}

static void group_event(AvahiEntryGroup *group, AvahiEntryGroupState state, void *arg)
{
	struct dsc_mdns *m = arg;
	struct names names;

	m->group = group;
	switch (state) {
	case AVAHI_ENTRY_GROUP_ESTABLISHED:
		if (!m->nr_records)
			break;
		make_names(m, dsc_mdns_port(&m->records[0].addr), &names);
		cmn_info("announced by mDNS", "service=%s type=%s addresses=%zu",
			 CMN_Q(names.service), DSC_MDNS_SERVICE, m->nr_records);
		m->heard = HEARD_UP;
		break;
	case AVAHI_ENTRY_GROUP_COLLISION:
		m->renames++;
		cmn_info("mDNS name is taken, trying another", "renames=%u", m->renames);
		arm(m, m->replan, 0);
		break;
	case AVAHI_ENTRY_GROUP_FAILURE:
		heard_down(m,
			   avahi_strerror(avahi_client_errno(avahi_entry_group_get_client(group))));
		arm(m, m->reopen, REOPEN_MS);
		break;
	case AVAHI_ENTRY_GROUP_UNCOMMITED:
	case AVAHI_ENTRY_GROUP_REGISTERING:
		break;
	}
}

/* -- others ----------------------------------------------------------------------------------------------------- */

static void heard(void *arg, const struct dsc_mdns_found *found, size_t nr)
{
	struct dsc_mdns *m = arg;

	pthread_mutex_lock(&m->lock);
	if (!m->stop)
		m->heard_fn(m->heard_arg, found, nr);
	pthread_mutex_unlock(&m->lock);
}

static void browse(struct dsc_mdns *m)
{
	if (m->browser)
		return;
	m->browser = dsc_mdns_browse(m->client, m->api, m->nqn, heard, m);
	if (!m->browser)
		cmn_warn("mDNS: others can't be heard of", "error=%s",
			 CMN_Q(avahi_strerror(avahi_client_errno(m->client))));
}

/* -- the client --------------------------------------------------------------------------------------------------- */

static void client_event(AvahiClient *client, AvahiClientState state, void *arg)
{
	struct dsc_mdns *m = arg;

	m->client = client; /* the first call comes from within avahi_client_new() */
	switch (state) {
	case AVAHI_CLIENT_S_RUNNING:
		publish(m);
		browse(m);
		break;
	case AVAHI_CLIENT_S_REGISTERING:
	case AVAHI_CLIENT_S_COLLISION:
		/* The machine's own name changes, and ours is made from it. */
		if (m->group)
			avahi_entry_group_reset(m->group);
		break;
	case AVAHI_CLIENT_CONNECTING:
		if (m->nr_records)
			heard_down(m, "avahi-daemon isn't running");
		break;
	case AVAHI_CLIENT_FAILURE:
		heard_down(m, avahi_strerror(avahi_client_errno(client)));
		arm(m, m->reopen,
		    REOPEN_MS); /* it can't be freed from its own callback in avahi_client_new() */
		break;
	}
}

static void close_client(struct dsc_mdns *m)
{
	dsc_mdns_browse_end(m->browser);
	m->browser = NULL;
	if (m->client)
		avahi_client_free(m->client); /* its group too */
	m->client = NULL;
	m->group = NULL;
}

static void open_client(struct dsc_mdns *m)
{
	AvahiClient *client;
	int err = 0;

	close_client(m);
	client = avahi_client_new(m->api, AVAHI_CLIENT_NO_FAIL, client_event, m, &err);
	m->client = client;
	if (!client) {
		m->group = NULL;
		heard_down(m, avahi_strerror(err));
		arm(m, m->reopen, REOPEN_MS);
	}
}

static void reopen_due(AvahiTimeout *timeout, void *arg)
{
	struct dsc_mdns *m = arg;

	m->api->timeout_update(timeout, NULL);
	open_client(m);
}

/* -- what to announce --------------------------------------------------------------------------------------------- */

static bool set_records(struct dsc_mdns *m)
{
	cmn_autofree struct dsc_mdns_ifaddr *ifaddrs = NULL;
	struct dsc_mdns_record *records = NULL;
	int nr_ifaddrs = dsc_mdns_ifaddrs(&ifaddrs);
	int nr = nr_ifaddrs < 0 ? nr_ifaddrs
				: dsc_mdns_plan(m->listeners, m->nr_listeners, ifaddrs,
						(size_t)nr_ifaddrs, &records);

	if (nr < 0) {
		cmn_warn("mDNS: can't list this machine's addresses", "error=%s",
			 CMN_Q(strerror(-nr)));
		return false;
	}
	if ((size_t)nr == m->nr_records &&
	    (nr == 0 || memcmp(records, m->records, (size_t)nr * sizeof(*records)) == 0)) {
		free(records);
		return false;
	}
	free(m->records);
	m->records = records;
	m->nr_records = (size_t)nr;
	return true;
}

static void update(struct dsc_mdns *m, bool force)
{
	if (!set_records(m) && !force)
		return;
	if (!m->client && m->nr_records)
		open_client(
			m); /* only now, so that a loopback-only system needs no avahi and gets no warning */
	else
		publish(m);
}

static void replan_due(AvahiTimeout *timeout, void *arg)
{
	struct dsc_mdns *m = arg;

	m->api->timeout_update(timeout, NULL);
	update(m, true);
}

static void link_changed(AvahiWatch *watch, int fd, AvahiWatchEvent event, void *arg)
{
	struct dsc_mdns *m = arg;

	(void)watch;
	(void)event;
	dsc_mdns_ifaddrs_drain(fd);
	arm(m, m->replan, SETTLE_MS);
}

static void woken(AvahiWatch *watch, int fd, AvahiWatchEvent event, void *arg)
{
	struct dsc_mdns *m = arg;
	eventfd_t count;
	bool stop, loopback;

	(void)watch;
	(void)event;
	eventfd_read(fd, &count);
	pthread_mutex_lock(&m->lock);
	stop = m->stop;
	if (m->wanted) {
		free(m->listeners);
		m->listeners = cmn_take_ptr(m->wanted);
		m->nr_listeners = m->nr_wanted;
	}
	pthread_mutex_unlock(&m->lock);
	if (stop) {
		avahi_simple_poll_quit(m->poll);
		return;
	}
	loopback = dsc_mdns_loopback_only(m->listeners, m->nr_listeners);
	if (loopback && !m->told_loopback)
		cmn_info("not announced by mDNS: listening on loopback only", "");
	m->told_loopback = loopback;
	update(m, false);
}

/* -- life --------------------------------------------------------------------------------------------------------- */

static void release(struct dsc_mdns *m)
{
	close_client(m);
	if (m->poll)
		avahi_simple_poll_free(m->poll); /* watches and timeouts too */
	if (m->link_fd >= 0)
		close(m->link_fd);
	close(m->wake_fd);
	pthread_mutex_destroy(&m->lock);
	free(m->wanted);
	free(m->listeners);
	free(m->records);
	free(m);
}

static void *thread_main(void *arg)
{
	struct dsc_mdns *m = arg;

	avahi_simple_poll_loop(m->poll);
	close_client(m); /* says goodbye on the network */
	return NULL;
}

static int prepare(struct dsc_mdns *m)
{
	m->poll = avahi_simple_poll_new();
	if (!m->poll)
		return -ENOMEM;
	m->api = avahi_simple_poll_get(m->poll);
	m->wake_watch = m->api->watch_new(m->api, m->wake_fd, AVAHI_WATCH_IN, woken, m);
	m->reopen = m->api->timeout_new(m->api, NULL, reopen_due, m);
	m->replan = m->api->timeout_new(m->api, NULL, replan_due, m);
	m->link_fd = dsc_mdns_ifaddrs_watch();
	if (m->link_fd < 0)
		cmn_warn("mDNS: changes of addresses won't be noticed", "error=%s",
			 CMN_Q(strerror(-m->link_fd)));
	else
		m->link_watch =
			m->api->watch_new(m->api, m->link_fd, AVAHI_WATCH_IN, link_changed, m);
	return m->wake_watch && m->reopen && m->replan ? 0 : -ENOMEM;
}

/* The thread takes no signals: they are the control loop's. */
static int start_thread(struct dsc_mdns *m)
{
	sigset_t all, before;
	int res;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	res = -pthread_create(&m->thread, NULL, thread_main, m);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (res == 0)
		pthread_setname_np(m->thread, "mdns");
	return res;
}

struct dsc_mdns *dsc_mdns_create(const struct dsc_mdns_params *params, int *ret_err)
{
	struct dsc_mdns *m = calloc(1, sizeof(*m));
	int res = -ENOMEM;

	if (!m) {
		*ret_err = res;
		return NULL;
	}
	m->link_fd = -1;
	pthread_mutex_init(&m->lock, NULL);
	snprintf(m->nqn, sizeof(m->nqn), "%s", params->nqn);
	m->central = params->central;
	m->heard_fn = params->heard;
	m->heard_arg = params->arg;
	m->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	res = m->wake_fd < 0 ? -errno : prepare(m);
	if (res == 0)
		res = start_thread(m);
	if (res < 0) {
		*ret_err = res;
		release(m);
		return NULL;
	}
	return m;
}

int dsc_mdns_listen(struct dsc_mdns *m, const struct dsc_mdns_listener *listeners, size_t nr)
{
	struct dsc_mdns_listener *copy = calloc(nr + 1, sizeof(*copy)), *old;

	if (!copy)
		return -ENOMEM;
	if (nr)
		memcpy(copy, listeners, nr * sizeof(*copy));
	pthread_mutex_lock(&m->lock);
	old = m->wanted;
	m->wanted = copy;
	m->nr_wanted = nr;
	pthread_mutex_unlock(&m->lock);
	free(old);
	eventfd_write(m->wake_fd, 1);
	return 0;
}

void dsc_mdns_destroy(struct dsc_mdns *m)
{
	struct timespec until;

	if (!m)
		return;
	pthread_mutex_lock(&m->lock);
	m->stop = true;
	pthread_mutex_unlock(&m->lock);
	eventfd_write(m->wake_fd, 1);
	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += STOP_WAIT_S;
	if (pthread_timedjoin_np(m->thread, NULL, &until) == 0) {
		release(m);
		return;
	}
	/* It hangs in a call to the bus: leave it what it uses; the process is about to end. */
	cmn_warn("mDNS: avahi-daemon doesn't answer, not waiting for it", "");
	pthread_detach(m->thread);
}
