/* SPDX-License-Identifier: Apache-2.0 */
/* discoveryd/supervise/hold.c - descriptors that must outlive a worker: listening sockets, and the memory of RAM namespaces.
 * Owns: the descriptors.  Thread: control loop.  May block: never. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/log.h"
#include "discoveryd/supervise/supervise_impl.h"
#include "net/addr.h"
#include "net/server.h"

void sup_portal_name(char *buf, size_t size, const char *portal)
{
	snprintf(buf, size, "portal:%s", portal);
}

void sup_ns_name(char *buf, size_t size, const struct cmn_uuid *uuid)
{
	char text[CMN_UUID_STR_LEN + 1];

	snprintf(buf, size, "ns:%s", cmn_uuid_format(uuid, text));
}

static struct sup_held *find(struct dsc_supervisor *sup, const char *name)
{
	struct sup_held *h;

	HASH_FIND_STR(sup->held, name, h);
	return h;
}

int sup_hold_find(struct dsc_supervisor *sup, const char *name)
{
	struct sup_held *h = find(sup, name);

	return h ? h->fd : -ENOENT;
}

void sup_hold_put(struct dsc_supervisor *sup, const char *name, int fd)
{
	struct sup_held *h = find(sup, name);

	if (h) {
		close(fd);
		return;
	}
	h = dsc_zalloc(sizeof(*h));
	snprintf(h->name, sizeof(h->name), "%s", name);
	h->fd = fd;
	h->ram = strncmp(name, "ns:", 3) == 0;
	HASH_ADD_STR(sup->held, name, h);
}

static void drop(struct dsc_supervisor *sup, struct sup_held *h)
{
	HASH_DEL(sup->held, h);
	close(h->fd);
	free(h);
}

/* Whatever comes under that name next has to be sent again. */
void sup_hold_drop(struct dsc_supervisor *sup, const char *name)
{
	struct sup_held *h = find(sup, name);
	struct sup_worker *w;

	TAILQ_FOREACH(w, &sup->workers, link)
		dsc_tree_del(&w->sent, &dsc_name_ops, name);
	if (h)
		drop(sup, h);
}

void sup_hold_drop_all(struct dsc_supervisor *sup)
{
	struct sup_held *h, *next;

	HASH_ITER(hh, sup->held, h, next)
		drop(sup, h);
}

/* -- listening sockets ----------------------------------------------------------------------------- */
static int listen_error(struct cmn_err *err, int rc, const char *address, uint16_t port)
{
	if (rc == -EADDRINUSE)
		return cmn_err_set(err, -EBUSY, "traddr",
				   "port %u on %s is in use by another program", port, address);
	if (rc == -EADDRNOTAVAIL)
		return cmn_err_set(err, -EINVAL, "traddr", "%s is no address of this machine",
				   address);
	return cmn_err_errno(err, rc == -EACCES ? -EINVAL : rc, "traddr",
			     "can't listen on %s port %u", address, port);
}

static int listen_on(const char *address, uint16_t port, struct cmn_err *err)
{
	struct sockaddr_storage ss;
	socklen_t len = net_addr_set(&ss, address, port);
	int fd;

	if (!len)
		return cmn_err_set(err, -EINVAL, "traddr", "%s is no address", address);
	fd = net_listen((struct sockaddr *)&ss, len, NULL);
	return fd < 0 ? listen_error(err, fd, address, port) : fd;
}

int dsc_supervisor_bind(struct dsc_supervisor *sup, const char *portal, const char *address,
			uint16_t port, struct cmn_err *err)
{
	char name[NET_CTL_NAME_MAX];
	int fd = listen_on(address, port, err);

	if (fd < 0)
		return fd;
	sup_portal_name(name, sizeof(name), portal);
	sup_hold_drop(sup, name); /* of a portal that was not made in the end */
	sup_hold_put(sup, name, fd);
	return 0;
}

void dsc_supervisor_unbind(struct dsc_supervisor *sup, const char *portal)
{
	char name[NET_CTL_NAME_MAX];

	sup_portal_name(name, sizeof(name), portal);
	sup_hold_drop(sup, name);
}

bool sup_hold_is_at(int fd, const struct dsc_portal *p)
{
	struct sockaddr_storage want, have = { .ss_family = 0 };
	socklen_t len = net_addr_set(&want, p->address, p->port), have_len = sizeof(have);
	struct sockaddr_in6 *a = (struct sockaddr_in6 *)&want, *b = (struct sockaddr_in6 *)&have;

	if (getsockname(fd, (struct sockaddr *)&have, &have_len) < 0 || have_len != len)
		return false;
	if (want.ss_family == AF_INET6) /* the rest of it isn't the address */
		return a->sin6_port == b->sin6_port &&
		       memcmp(&a->sin6_addr, &b->sin6_addr, sizeof(a->sin6_addr)) == 0;
	return memcmp(&want, &have, len) == 0;
}

int sup_hold_portal(struct dsc_supervisor *sup, const struct dsc_portal *p, struct cmn_err *err)
{
	char name[NET_CTL_NAME_MAX];

	sup_portal_name(name, sizeof(name), p->name);
	if (find(sup, name))
		return 0;
	return dsc_supervisor_bind(sup, p->name, p->address, p->port, err);
}

/* -- memory ------------------------------------------------------------------------------------------ */
int sup_hold_ram(struct dsc_supervisor *sup, const struct dsc_ns *ns, struct cmn_err *err)
{
	char name[NET_CTL_NAME_MAX];
	struct sup_held *h;
	struct stat st;
	int fd;

	sup_ns_name(name, sizeof(name), &ns->uuid);
	h = find(sup, name);
	if (!h) {
		fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
		if (fd < 0)
			return cmn_err_errno(err, -errno, "size", "no memory for it");
		sup_hold_put(sup, name, fd);
		h = find(sup, name);
	}
	if (fstat(h->fd, &st) < 0)
		return cmn_err_errno(err, -errno, "size", "no memory for it");
	if ((uint64_t)st.st_size < ns->size && ftruncate(h->fd, (off_t)ns->size) < 0)
		return cmn_err_errno(err, -errno, "size", "no memory for it");
	/* A worker must not be able to pull memory from under another's mapping. */
	if (fcntl(h->fd, F_ADD_SEALS, F_SEAL_SHRINK) < 0)
		return cmn_err_errno(err, -errno, "size", "memory can't be sealed");
	return 0;
}

/* MemAvailable of /proc/meminfo, bytes; 0 when it can't be read. */
static uint64_t mem_available(void)
{
	cmn_autofclose FILE *f = fopen("/proc/meminfo", "re");
	unsigned long long kib;
	char line[128];

	while (f && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "MemAvailable: %llu kB", &kib) == 1)
			return kib * 1024;
	}
	return 0;
}

uint64_t dsc_supervisor_ram_capacity(struct dsc_supervisor *sup)
{
	uint64_t bytes = mem_available();
	struct sup_held *h, *next;
	struct stat st;

	HASH_ITER(hh, sup->held, h, next) {
		if (h->ram && fstat(h->fd, &st) == 0)
			bytes += (uint64_t)st.st_blocks * 512;
	}
	return bytes;
}
