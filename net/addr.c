/* SPDX-License-Identifier: Apache-2.0 */
/* net/addr.c - numeric addresses as people write them.
 * Owns: nothing.  Thread: any.  May block: never. */
#include "net/addr.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <unistd.h>

#include "common/util.h"

int net_addr_split(const char *text, char *ret_address, size_t size, uint16_t *port)
{
	const char *colon = strrchr(text, ':');
	size_t len = strlen(text);
	uint64_t number = *port;

	if (text[0] == '[') {
		const char *end = strchr(text, ']');

		if (!end || (end[1] && end[1] != ':'))
			return -EINVAL;
		colon = end[1] ? end + 1 : NULL;
		text++;
		len = (size_t)(end - text);
	} else if (colon && strchr(text, ':') == colon) {
		len = (size_t)(colon - text);
	} else {
		colon = NULL; /* none, or an IPv6 address without brackets */
	}
	if (len >= size || (colon && cmn_parse_u64(colon + 1, 0, UINT16_MAX, &number) < 0))
		return -EINVAL;
	memcpy(ret_address, text, len);
	ret_address[len] = '\0';
	*port = (uint16_t)number;
	return 0;
}

socklen_t net_addr_set(struct sockaddr_storage *ret, const char *address, uint16_t port)
{
	struct sockaddr_in *in = (struct sockaddr_in *)ret;
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)ret;

	memset(ret, 0, sizeof(*ret));
	if (inet_pton(AF_INET, address, &in->sin_addr) == 1) {
		in->sin_family = AF_INET;
		in->sin_port = htons(port);
		return sizeof(*in);
	}
	if (inet_pton(AF_INET6, address, &in6->sin6_addr) == 1) {
		in6->sin6_family = AF_INET6;
		in6->sin6_port = htons(port);
		return sizeof(*in6);
	}
	return 0;
}

int net_addr_bind(const struct sockaddr *addr, socklen_t len)
{
	int fd = socket(addr->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int one = 1, err;

	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (addr->sa_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof(one));
	if (bind(fd, addr, len) < 0) {
		err = -errno;
		close(fd);
		return err;
	}
	return fd;
}
