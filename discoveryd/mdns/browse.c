/* SPDX-License-Identifier: Apache-2.0 */
/* discoveryd/mdns/browse.c - see browse.h.
 *
 * An announcement's life:  NEW -> asked for its address -> known | failed, asked again after a pause -> REMOVE */
#include "discoveryd/mdns/browse.h"

#include <avahi-client/lookup.h>
#include <avahi-common/error.h>
#include <avahi-common/malloc.h>
#include <avahi-common/strlst.h>
#include <avahi-common/timeval.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "common/log.h"
#include "fabrics/spec/nvmf.h"

#define MAX_SEEN 1024 /* anybody on the link may announce anything */
#define AGAIN_MS 10000

struct seen {
	TAILQ_ENTRY(seen) link;
	struct dsc_mdns_browser *browser;
	AvahiIfIndex interface;
	AvahiProtocol protocol;
	char *name, *domain;
	AvahiServiceResolver *resolver; /* while it is asked */
	bool usable, failed;
	struct dsc_mdns_found found;
};

struct dsc_mdns_browser {
	AvahiClient *client;
	const AvahiPoll *api;
	AvahiServiceBrowser *avahi;
	AvahiTimeout *again;
	char own_nqn[256];
	dsc_mdns_heard_fn *heard;
	void *arg;
	TAILQ_HEAD(, seen) seen;
	size_t nr_seen, nr_asked;
	bool settled; /* what was there at the start is known by name */
};

/* -- what was heard ----------------------------------------------------------------------------------------------- */
static bool listed(const struct dsc_mdns_found *list, size_t nr, const struct dsc_mdns_found *one)
{
	for (size_t i = 0; i < nr; i++) {
		if (list[i].port == one->port && !strcmp(list[i].traddr, one->traddr))
			return true;
	}
	return false;
}

static void tell(struct dsc_mdns_browser *b)
{
	struct dsc_mdns_found *list;
	struct seen *s;
	size_t nr = 0;

	if (!b->settled || b->nr_asked)
		return;
	list = calloc(b->nr_seen + 1, sizeof(*list));
	if (!list)
		return; /* the next change tells it too */
	TAILQ_FOREACH(s, &b->seen, link) {
		if (s->usable && !listed(list, nr, &s->found))
			list[nr++] = s->found;
	}
	b->heard(b->arg, list, nr);
	free(list);
}

/* -- one of them -------------------------------------------------------------------------------------------------- */
static bool txt_get(AvahiStringList *txt, const char *key, char *ret, size_t size)
{
	AvahiStringList *item = avahi_string_list_find(txt, key);
	char *value = NULL;

	if (!item || avahi_string_list_get_pair(item, NULL, &value, NULL) < 0 || !value)
		return false;
	snprintf(ret, size, "%s", value);
	avahi_free(value);
	return true;
}

/* A link-local address leads nowhere without its interface, and such a discovery controller has another, or isn't for us. */
static bool set_address(struct dsc_mdns_found *found, const AvahiAddress *a)
{
	if (a->proto == AVAHI_PROTO_INET6 &&
	    IN6_IS_ADDR_LINKLOCAL((const struct in6_addr *)(const void *)a->data.ipv6.address))
		return false;
	return avahi_address_snprint(found->traddr, sizeof(found->traddr), a) != NULL;
}

static bool set_found(struct seen *s, const AvahiAddress *a, uint16_t port, AvahiStringList *txt)
{
	char transport[8] = "";

	memset(&s->found, 0, sizeof(s->found));
	snprintf(s->found.name, sizeof(s->found.name), "%s", s->name);
	s->found.port = port;
	if (!txt_get(txt, "nqn", s->found.nqn, sizeof(s->found.nqn)))
		snprintf(s->found.nqn, sizeof(s->found.nqn), "%s", NVMF_DISC_NQN);
	return txt_get(txt, "p", transport, sizeof(transport)) && !strcmp(transport, "tcp") &&
	       port && strcmp(s->found.nqn, s->browser->own_nqn) != 0 && set_address(&s->found, a);
}

static void stop_asking(struct seen *s)
{
	if (!s->resolver)
		return;
	avahi_service_resolver_free(s->resolver);
	s->resolver = NULL;
	s->browser->nr_asked--;
}

static void try_later(struct dsc_mdns_browser *b)
{
	struct timeval when;

	b->api->timeout_update(b->again, avahi_elapse_time(&when, AGAIN_MS, 0));
}

static void resolved(AvahiServiceResolver *r, AvahiIfIndex interface, AvahiProtocol protocol,
		     AvahiResolverEvent event, const char *name, const char *type,
		     const char *domain, const char *host, const AvahiAddress *a, uint16_t port,
		     AvahiStringList *txt, AvahiLookupResultFlags flags, void *arg)
{
	struct seen *s = arg;

	(void)r, (void)interface, (void)protocol, (void)name, (void)type, (void)domain, (void)host,
		(void)flags;
	s->failed = event != AVAHI_RESOLVER_FOUND;
	s->usable = !s->failed && set_found(s, a, port, txt);
	if (s->failed) {
		cmn_debug("mDNS: an announcement has no address", "service=%s", CMN_Q(s->name));
		try_later(s->browser);
	} else {
		cmn_debug("mDNS: heard of", "service=%s traddr=%s port=%u nqn=%s usable=%d",
			  CMN_Q(s->name), s->found.traddr, port, CMN_Q(s->found.nqn), s->usable);
	}
	stop_asking(s);
	tell(s->browser);
}

static void ask(struct seen *s)
{
	struct dsc_mdns_browser *b = s->browser;

	s->failed = false;
	s->resolver = avahi_service_resolver_new(b->client, s->interface, s->protocol, s->name,
						 DSC_MDNS_SERVICE, s->domain, s->protocol, 0,
						 resolved, s);
	if (s->resolver) {
		b->nr_asked++;
		return;
	}
	s->failed = true;
	try_later(b);
}

static void ask_again(AvahiTimeout *timeout, void *arg)
{
	struct dsc_mdns_browser *b = arg;
	struct seen *s;

	b->api->timeout_update(timeout, NULL);
	TAILQ_FOREACH(s, &b->seen, link) {
		if (s->failed)
			ask(s);
	}
}

/* -- which there are ------------------------------------------------------------------------------------------------ */
static struct seen *find(struct dsc_mdns_browser *b, AvahiIfIndex interface, AvahiProtocol protocol,
			 const char *name, const char *domain)
{
	struct seen *s;

	TAILQ_FOREACH(s, &b->seen, link) {
		if (s->interface == interface && s->protocol == protocol &&
		    !strcmp(s->name, name) && !strcmp(s->domain, domain))
			return s;
	}
	return NULL;
}

static void forget(struct seen *s)
{
	struct dsc_mdns_browser *b = s->browser;

	stop_asking(s);
	TAILQ_REMOVE(&b->seen, s, link);
	b->nr_seen--;
	free(s->name);
	free(s->domain);
	free(s);
}

static void add(struct dsc_mdns_browser *b, AvahiIfIndex interface, AvahiProtocol protocol,
		const char *name, const char *domain)
{
	struct seen *s = b->nr_seen < MAX_SEEN ? calloc(1, sizeof(*s)) : NULL;

	if (!s)
		return;
	s->browser = b;
	s->interface = interface;
	s->protocol = protocol;
	s->name = strdup(name);
	s->domain = strdup(domain);
	TAILQ_INSERT_TAIL(&b->seen, s, link);
	b->nr_seen++;
	if (s->name && s->domain)
		ask(s);
	else
		forget(s);
}

static void browsed(AvahiServiceBrowser *avahi, AvahiIfIndex interface, AvahiProtocol protocol,
		    AvahiBrowserEvent event, const char *name, const char *type, const char *domain,
		    AvahiLookupResultFlags flags, void *arg)
{
	struct dsc_mdns_browser *b = arg;
	struct seen *s;

	(void)avahi, (void)type;
	switch (event) {
	case AVAHI_BROWSER_NEW:
		if (!(flags & AVAHI_LOOKUP_RESULT_OUR_OWN) &&
		    !find(b, interface, protocol, name, domain))
			add(b, interface, protocol, name, domain);
		break;
	case AVAHI_BROWSER_REMOVE:
		s = find(b, interface, protocol, name, domain);
		if (s)
			forget(s);
		tell(b);
		break;
	case AVAHI_BROWSER_ALL_FOR_NOW:
		b->settled = true;
		tell(b);
		break;
	case AVAHI_BROWSER_CACHE_EXHAUSTED:
		break;
	case AVAHI_BROWSER_FAILURE: /* the client fails too, and comes back with a new browser */
		cmn_warn("mDNS: browsing ended", "error=%s",
			 CMN_Q(avahi_strerror(avahi_client_errno(b->client))));
		break;
	}
}

struct dsc_mdns_browser *dsc_mdns_browse(AvahiClient *client, const AvahiPoll *api,
					 const char *own_nqn, dsc_mdns_heard_fn *heard, void *arg)
{
	struct dsc_mdns_browser *b = calloc(1, sizeof(*b));

	if (!b)
		return NULL;
	b->client = client;
	b->api = api;
	b->heard = heard;
	b->arg = arg;
	snprintf(b->own_nqn, sizeof(b->own_nqn), "%s", own_nqn);
	TAILQ_INIT(&b->seen);
	b->again = api->timeout_new(api, NULL, ask_again, b);
	b->avahi = b->again ? avahi_service_browser_new(client, AVAHI_IF_UNSPEC, AVAHI_PROTO_UNSPEC,
							DSC_MDNS_SERVICE, NULL, 0, browsed, b)
			    : NULL;
	if (b->avahi)
		return b;
	dsc_mdns_browse_end(b);
	return NULL;
}

void dsc_mdns_browse_end(struct dsc_mdns_browser *b)
{
	struct seen *s;

	if (!b)
		return;
	while ((s = TAILQ_FIRST(&b->seen)))
		forget(s);
	if (b->avahi)
		avahi_service_browser_free(b->avahi);
	if (b->again)
		b->api->timeout_free(b->again);
	free(b);
}
