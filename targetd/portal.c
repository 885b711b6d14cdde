/* SPDX-License-Identifier: Apache-2.0 */
/* targetd/portal.c - see targetd/portal.h. */
#include "config.h"

#include "targetd/portal.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/log.h"
#include "common/util.h"

/* Accepted sockets inherit it. */
static int set_congestion(const struct tgt_portal *p, struct cmn_err *err)
{
	const char *name = p->spec.congestion;

	if (!*name || setsockopt(net_listener_fd(p->listener), IPPROTO_TCP, TCP_CONGESTION, name,
				 (socklen_t)strlen(name)) == 0)
		return 0;
	return cmn_err_errno(
		err, -errno, "congestion",
		"this system has no '%s' (sysctl net.ipv4.tcp_available_congestion_control)", name);
}

struct net_ip tgt_portal_told(const struct tgt_portal *p, const struct net_ip *to)
{
	struct net_ip own;

	if (p->spec.advertised)
		return p->spec.told;
	net_ip_from_sockaddr(&own, &p->spec.sa);
	return net_ip_is_wildcard(&own) ? *to : own;
}

struct tgt_way tgt_portal_way(const struct tgt_portal *p, const char *hostnqn,
			      const struct net_ip *from, const struct net_ip *to)
{
	return (struct tgt_way){ .hostnqn = hostnqn,
				 .from = *from,
				 .to = p ? tgt_portal_told(p, to) : *to,
				 .port = p ? p->port : 0,
				 .portid = p ? p->spec.portid : 0 };
}

int tgt_portal_open(struct net_server *server, const struct tgt_portal_spec *spec, int fd,
		    struct tgt_portal **ret, struct cmn_err *err)
{
	struct tgt_portal *p = calloc(1, sizeof(*p));
	struct fab_portal fab = { .portid = spec->portid };
	int own = -1, r;

	if (!p)
		return cmn_err_set(err, -ENOMEM, NULL, "no memory");
	p->spec = *spec;
	cmn_strlcpy(fab.traddr, spec->address, sizeof(fab.traddr));
	snprintf(fab.trsvcid, sizeof(fab.trsvcid), "%u", spec->port);
	if (fd >= 0 && (own = fcntl(fd, F_DUPFD_CLOEXEC, 3)) < 0) {
		r = -errno;
		free(p);
		return cmn_err_errno(err, r, "address", "cannot keep the listening socket");
	}
	if (own >= 0)
		cmn_set_nonblock(own, true);
	r = net_listener_add(server, own, (const struct sockaddr *)&spec->sa, spec->sa_len, &fab,
			     &p->listener);
	if (r < 0) {
		if (own >= 0)
			close(own);
		free(p);
		return cmn_err_errno(err, r, "address", "cannot listen at %s port %u",
				     spec->address, spec->port);
	}
	r = set_congestion(p, err);
	if (r < 0) {
		tgt_portal_close(p);
		return r;
	}
	p->port = net_listener_port(p->listener);
	cmn_info("listening", "portal=%s address=%s port=%u", spec->id, spec->address, p->port);
	*ret = p;
	return 0;
}

void tgt_portal_close(struct tgt_portal *p)
{
	if (!p)
		return;
	net_listener_remove(p->listener, true);
	free(p);
}
