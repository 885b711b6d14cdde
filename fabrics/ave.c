/* SPDX-License-Identifier: Apache-2.0 */
/* fabrics/ave.c - see fabrics/ave.h. */
#include "fabrics/ave.h"

#include <endian.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#define RECORDS_MAX UINT8_MAX /* of an entry: NUMATR is a byte */

/* How many of the following addresses make one entry. */
static unsigned int nr_of_entry(const struct fab_ave *aves, unsigned int nr)
{
	unsigned int n = 1;

	while (n < nr && n < RECORDS_MAX && !strcmp(aves[n].nqn, aves->nqn))
		n++;
	return n;
}

uint32_t fab_ave_size(const struct fab_ave *aves, unsigned int nr)
{
	size_t size = sizeof(struct nvmf_ave_log) + nr * sizeof(struct nvmf_ave_transport);

	for (unsigned int i = 0; i < nr; i += nr_of_entry(aves + i, nr - i))
		size += sizeof(struct nvmf_ave_entry);
	return (uint32_t)size;
}

static void put_transport(uint8_t *dst, const struct sockaddr_storage *addr)
{
	const struct sockaddr_in *in = (const struct sockaddr_in *)addr;
	const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)addr;
	struct nvmf_ave_transport t = { .adrfam = NVMF_ADRFAM_IPV4 };

	if (addr->ss_family == AF_INET6) {
		t.adrfam = NVMF_ADRFAM_IPV6;
		t.trsvcid = htole16(ntohs(in6->sin6_port));
		memcpy(t.traddr, &in6->sin6_addr, sizeof(in6->sin6_addr));
	} else {
		t.trsvcid = htole16(ntohs(in->sin_port));
		memcpy(t.traddr, &in->sin_addr, sizeof(in->sin_addr));
	}
	memcpy(dst, &t, sizeof(t));
}

static uint8_t *put_entry(uint8_t *dst, const struct fab_ave *aves, unsigned int nr)
{
	struct nvmf_ave_entry e = { .numatr = (uint8_t)nr };

	e.tel = htole32((uint32_t)(sizeof(e) + nr * sizeof(struct nvmf_ave_transport)));
	snprintf(e.avenqn, sizeof(e.avenqn), "%s", aves->nqn);
	memcpy(dst, &e, sizeof(e));
	dst += sizeof(e);
	for (unsigned int i = 0; i < nr; i++, dst += sizeof(struct nvmf_ave_transport))
		put_transport(dst, &aves[i].addr);
	return dst;
}

void fab_ave_put(uint8_t *dst, uint64_t genctr, const struct fab_ave *aves, unsigned int nr)
{
	struct nvmf_ave_log head = { .genctr = htole64(genctr) };
	uint8_t *at = dst + sizeof(head);
	uint64_t numrec = 0;
	unsigned int n;

	for (unsigned int i = 0; i < nr; i += n) {
		n = nr_of_entry(aves + i, nr - i);
		at = put_entry(at, aves + i, n);
		numrec++;
	}
	head.numrec = htole64(numrec);
	head.tadlpl = htole32((uint32_t)(at - dst));
	memcpy(dst, &head, sizeof(head));
}
