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

static int no_congestion(const struct tgt_portal_spec *spec, struct cmn_err *err)
{
	return cmn_err_set(
		err, -ENOPROTOOPT, "congestion",
		"this system has no '%s' (sysctl net.ipv4.tcp_available_congestion_control)",
		spec->congestion);
}

/* A descriptor of its own for a listening socket that somebody else holds too. */
static int keep_socket(const struct tgt_portal_spec *spec, int fd, struct cmn_err *err)
{
	int own = fcntl(fd, F_DUPFD_CLOEXEC, 3);

	if (own < 0)
		return cmn_err_errno(err, -errno, "address", "cannot keep the listening socket");
	if (*spec->congestion && setsockopt(own, IPPROTO_TCP, TCP_CONGESTION, spec->congestion,
					    (socklen_t)strlen(spec->congestion)) < 0) {
		close(own);
		return no_congestion(spec, err);
	}
	return own;
}

static int open_socket(const struct tgt_portal_spec *spec, struct cmn_err *err)
{
	int fd = net_listen((const struct sockaddr *)&spec->sa, spec->sa_len,
			    *spec->congestion ? spec->congestion : NULL);

	if (fd == -ENOPROTOOPT && *spec->congestion)
		return no_congestion(spec, err);
	if (fd < 0)
		return cmn_err_errno(err, fd, "address", "cannot listen at %s port %u",
				     spec->address, spec->port);
	return fd;
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
	int own, r;

	if (!p)
		return cmn_err_set(err, -ENOMEM, NULL, "no memory");
	p->spec = *spec;
	cmn_strlcpy(fab.traddr, spec->address, sizeof(fab.traddr));
	snprintf(fab.trsvcid, sizeof(fab.trsvcid), "%u", spec->port);
	own = fd < 0 ? open_socket(spec, err) : keep_socket(spec, fd, err);
	if (own < 0) {
		free(p);
		return own;
	}
	r = net_listener_add(server, own, &fab, &p->listener);
	if (r < 0) {
		close(own);
		free(p);
		return cmn_err_errno(err, r, "address", "cannot listen at %s port %u",
				     spec->address, spec->port);
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
