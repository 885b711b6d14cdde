/* SPDX-License-Identifier: Apache-2.0 */
/* discoveryd/disc/waiting.c - tells operators of hosts that connect and are not admitted: they have no row among the hosts.
 * Owns: a message on its way from the service's reactor to the control loop.  Thread: as said at each.  May block: never.
 *
 * Nothing is stored but the event: strangers may come by the thousand. */
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/container.h"
#include "common/log.h"
#include "discoveryd/disc/disc_impl.h"
#include "discoveryd/events/events.h"

struct stranger {
	struct net_msg msg;
	struct dsc_disc *disc;
	char nqn[DSC_NQN_MAX + 1];
	char address[64];
};

/* The control loop. */
static void tell(struct net_msg *msg)
{
	struct stranger *s = cmn_container_of(msg, struct stranger, msg);
	struct json_object *data;
	char text[400];

	snprintf(text, sizeof(text), "%s came from %s and waits to be admitted", s->nqn,
		 s->address);
	if (dsc_event_may(&s->disc->strangers)) {
		data = json_object_new_object();
		json_object_object_add(data, "host_nqn", json_object_new_string(s->nqn));
		json_object_object_add(data, "address", json_object_new_string(s->address));
		dsc_event_with(s->disc->app, DSC_INFO, "host.waiting", text, data);
		json_object_put(data);
	} else {
		cmn_info("host.waiting", "text=%s", CMN_Q(text));
	}
	free(s);
}

/* The reactor. */
void dsc_disc_tell_waiting(struct dsc_disc *disc, const char *nqn, const char *address)
{
	struct stranger *s = calloc(1, sizeof(*s));

	if (!s)
		return;
	s->msg.fn = tell;
	s->disc = disc;
	snprintf(s->nqn, sizeof(s->nqn), "%s", nqn);
	snprintf(s->address, sizeof(s->address), "%s", address);
	net_reactor_post(disc->app->loop, &s->msg);
}
