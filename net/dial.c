/* SPDX-License-Identifier: Apache-2.0 */
/* net/dial.c - see dial.h.
 * Owns: nothing.  Thread: any.  May block: never. */
#include "net/dial.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/container.h"
#include "common/uuid.h"
#include "net/addr.h"

#define SEND_IOVS 128
#define SEND_MAX (1u << 20)

/* ---- the socket ---- */

static int set_options(int fd, const char *congestion, struct cmn_err *err)
{
	int one = 1;

	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	if (congestion && setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, congestion,
				     (socklen_t)strlen(congestion)) < 0)
		return cmn_err_errno(err, -errno, "congestion", "congestion control %s",
				     congestion);
	return 0;
}

int net_dial_start(const char *addr, uint16_t port, const char *congestion, int *ret_fd,
		   struct cmn_err *err)
{
	struct sockaddr_storage ss;
	socklen_t len = net_addr_set(&ss, addr, port);
	int fd, ret;

	if (!len)
		return cmn_err_set(err, -EINVAL, "addr", "%s is no numeric IPv4 or IPv6 address",
				   addr);
	fd = socket(ss.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return cmn_err_errno(err, -errno, NULL, "socket");
	ret = set_options(fd, congestion, err);
	if (!ret && connect(fd, (struct sockaddr *)&ss, len) < 0)
		ret = errno == EINPROGRESS
			      ? 1
			      : cmn_err_errno(err, -errno, NULL, "%s port %u", addr, port);
	if (ret < 0)
		close(fd);
	else
		*ret_fd = fd;
	return ret;
}

/* TCP lets a socket connect to itself when nobody listens on the port that it was given. */
static bool is_own_end(int fd)
{
	struct sockaddr_storage here = { 0 }, there = { 0 };
	socklen_t len = sizeof(here), other = sizeof(there);

	return getsockname(fd, (struct sockaddr *)&here, &len) == 0 &&
	       getpeername(fd, (struct sockaddr *)&there, &other) == 0 && len == other &&
	       memcmp(&here, &there, len) == 0;
}

int net_dial_result(int fd)
{
	socklen_t len = sizeof(int);
	int soerr = 0;

	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &soerr, &len) < 0)
		return -errno;
	return soerr ? -soerr : is_own_end(fd) ? -ECONNREFUSED : 0;
}

bool net_dial_send(int fd, struct fab_host_queue *q)
{
	struct iovec iov[SEND_IOVS];
	bool moved = false;

	while (fab_host_wants_send(q)) {
		struct msghdr msg = { .msg_iov = iov };
		ssize_t n;

		msg.msg_iovlen = (size_t)fab_host_gather(q, iov, SEND_IOVS, SEND_MAX);
		n = sendmsg(fd, &msg, MSG_NOSIGNAL);
		fab_host_sent(q, n > 0 ? (size_t)n : 0);
		if (n < 0 && errno != EAGAIN && errno != EINTR)
			fab_host_eof(q);
		if (n <= 0)
			break;
		moved = true;
	}
	return moved;
}

bool net_dial_recv(int fd, struct fab_host_queue *q, void *scratch, size_t size)
{
	struct iovec iov[2];
	struct msghdr msg = { .msg_iov = iov };
	void *dst = NULL;
	size_t want = fab_host_want(q, &dst), direct;
	ssize_t n;

	if (want)
		iov[msg.msg_iovlen++] = (struct iovec){ .iov_base = dst, .iov_len = want };
	iov[msg.msg_iovlen++] = (struct iovec){ .iov_base = scratch, .iov_len = size };
	n = recvmsg(fd, &msg, 0);
	if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
		fab_host_eof(q);
	if (n <= 0)
		return false;
	direct = cmn_min((size_t)n, want);
	if (direct)
		fab_host_took(q, direct);
	if ((size_t)n > direct)
		fab_host_push(q, scratch, (size_t)n - direct);
	return true;
}

/* ---- the controller ---- */

uint32_t net_dial_cc(uint64_t cap)
{
	uint32_t css = cap & NVME_CAP_CSS_IOCSS ? NVME_CC_CSS_ALL : NVME_CC_CSS_NVM;

	return css << NVME_CC_CSS_SHIFT | 6u << NVME_CC_IOSQES_SHIFT | 4u << NVME_CC_IOCQES_SHIFT |
	       NVME_CC_EN;
}

void net_dial_hostnqn(const uint8_t hostid[16], char ret[NVMF_NQN_MAX + 1])
{
	char text[CMN_UUID_STR_LEN + 1];
	struct cmn_uuid uuid;

	memcpy(uuid.b, hostid, sizeof(uuid.b));
	snprintf(ret, NVMF_NQN_MAX + 1, NVMF_UUID_NQN_PREFIX "%s", cmn_uuid_format(&uuid, text));
}

int net_dial_status(const struct nvme_cqe *cqe, const char *what, struct cmn_err *err)
{
	uint16_t status = le16toh(cqe->status), code = NVME_CQE_STATUS_CODE(status);

	if (!(status & ~1u))
		return 0;
	return cmn_err_set(err, -EACCES, NULL, "%s: status type %u code %02xh%s", what,
			   NVME_STATUS_SCT(code), NVME_STATUS_SC(code),
			   status & NVME_CQE_DNR ? ", do not retry" : "");
}
