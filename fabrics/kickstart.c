/* SPDX-License-Identifier: Apache-2.0 */
/* fabrics/kickstart.c - see fabrics/kickstart.h. */
#include "fabrics/kickstart.h"

#include <arpa/inet.h>
#include <endian.h>
#include <stdio.h>
#include <string.h>

#include "fabrics/spec/nvmf.h"
#include "fabrics/tcp/pdu.h"

/* Text that ends in zeroes or spaces; false: it doesn't fit. */
static bool get_text(const char *field, size_t size, char *ret, size_t room)
{
	size_t len = strnlen(field, size);

	while (len && field[len - 1] == ' ')
		len--;
	if (len >= room)
		return false;
	memcpy(ret, field, len);
	ret[len] = '\0';
	return true;
}

static bool get_port(const struct nvme_tcp_kickstart *rec, uint16_t *ret)
{
	char text[8];
	unsigned long port = 0;

	if (!get_text(rec->trsvcid, sizeof(rec->trsvcid), text, sizeof(text)))
		return false;
	for (const char *p = text; *p; p++) {
		if (*p < '0' || *p > '9')
			return false;
		port = port * 10 + (unsigned long)(*p - '0');
	}
	*ret = (uint16_t)port;
	return port && port <= UINT16_MAX;
}

/* 0: it will do. */
static uint8_t judge(const struct nvme_tcp_kickstart *rec, struct fab_kickstart *ret)
{
	int family = rec->adrfam == NVMF_ADRFAM_IPV6 ? AF_INET6 : AF_INET;
	struct in6_addr addr;
	char text[64];

	if (rec->trtype != NVMF_TRTYPE_TCP)
		return NVME_TCP_KS_BAD_TRTYPE;
	if (rec->adrfam != NVMF_ADRFAM_IPV4 && rec->adrfam != NVMF_ADRFAM_IPV6)
		return NVME_TCP_KS_BAD_ADRFAM;
	if (!get_text(rec->traddr, sizeof(rec->traddr), text, sizeof(text)) ||
	    inet_pton(family, text, &addr) != 1)
		return NVME_TCP_KS_ADDRESS_MISMATCH;
	if (!get_port(rec, &ret->port))
		return NVME_TCP_KS_BAD_TRSVCID;
	inet_ntop(family, &addr, ret->traddr, sizeof(ret->traddr));
	return 0;
}

uint8_t fab_kickstart_decode(const struct nvme_tcp_kdreq *req, const void *data, uint32_t len,
			     struct fab_kickstart *ret)
{
	uint32_t nr = le16toh(req->numkr);
	struct nvme_tcp_kickstart rec;
	uint8_t first = 0, why;

	memset(ret, 0, sizeof(*ret));
	ret->numdie = le16toh(req->numdie);
	if (!nr || len / sizeof(rec) < nr)
		return NVME_TCP_KS_NO_INFORMATION;
	for (uint32_t i = 0; i < nr; i++) {
		memcpy(&rec, (const uint8_t *)data + i * sizeof(rec), sizeof(rec));
		why = judge(&rec, ret);
		if (!why)
			return 0;
		first = first ? first : why;
	}
	return first;
}

void fab_kickstart_put_resp(struct nvme_tcp_kdresp *dst, uint8_t failrsn, const char *nqn)
{
	memset(dst, 0, sizeof(*dst));
	fab_pdu_put_hdr(&dst->hdr, NVME_TCP_KDRESP, NVME_TCP_KDRESP_HLEN, 0, sizeof(*dst));
	dst->hdr.pdo = NVME_TCP_KDRESP_HLEN;
	dst->ksstat = failrsn ? NVME_TCP_KS_FAILURE : NVME_TCP_KS_SUCCESS;
	dst->failrsn = failrsn;
	snprintf(dst->cdcnqn, sizeof(dst->cdcnqn), "%s", nqn);
}
