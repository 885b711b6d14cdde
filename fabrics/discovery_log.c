/* SPDX-License-Identifier: Apache-2.0 */
/* fabrics/discovery_log.c - codec of the discovery log page.
 * Owns: nothing.  Thread: any.  May block: never.  Spec: NVM Express Base 2.1, 5.1.12.3.1. */
#include <endian.h>
#include <errno.h>
#include <string.h>

#include "fabrics/discovery_log.h"

/* ASCII fields are padded with spaces. */
static void put_padded(char *dst, size_t size, const char *src)
{
	size_t len = strnlen(src, size);

	memset(dst, ' ', size);
	memcpy(dst, src, len);
}

static void get_padded(char *dst, const char *src, size_t size)
{
	size_t len = strnlen(src, size);

	while (len && src[len - 1] == ' ')
		len--;
	memcpy(dst, src, len);
	dst[len] = '\0';
}

void fab_disc_encode(const struct fab_disc_record *rec, struct nvmf_disc_entry *ret)
{
	memset(ret, 0, sizeof(*ret));
	ret->trtype = rec->trtype;
	ret->adrfam = rec->adrfam;
	ret->subtype = rec->subtype;
	ret->treq = rec->treq;
	ret->portid = htole16(rec->portid);
	ret->cntlid = htole16(rec->cntlid);
	ret->asqsz = htole16(rec->asqsz);
	ret->eflags = htole16(rec->eflags);
	put_padded(ret->trsvcid, sizeof(ret->trsvcid), rec->trsvcid);
	put_padded(ret->traddr, sizeof(ret->traddr), rec->traddr);
	memcpy(ret->subnqn, rec->subnqn, strnlen(rec->subnqn, NVMF_NQN_MAX));
	ret->tsas[0] = rec->sectype;
}

int fab_disc_decode(const struct nvmf_disc_entry *entry, struct fab_disc_record *ret)
{
	size_t len = strnlen(entry->subnqn, sizeof(entry->subnqn));

	if (len > NVMF_NQN_MAX)
		return -EINVAL;
	memset(ret, 0, sizeof(*ret));
	ret->trtype = entry->trtype;
	ret->adrfam = entry->adrfam;
	ret->subtype = entry->subtype;
	ret->treq = entry->treq;
	ret->sectype = entry->tsas[0];
	ret->portid = le16toh(entry->portid);
	ret->cntlid = le16toh(entry->cntlid);
	ret->asqsz = le16toh(entry->asqsz);
	ret->eflags = le16toh(entry->eflags);
	get_padded(ret->trsvcid, entry->trsvcid, sizeof(entry->trsvcid));
	get_padded(ret->traddr, entry->traddr, sizeof(entry->traddr));
	memcpy(ret->subnqn, entry->subnqn, len);
	return 0;
}

uint64_t fab_disc_size(const struct fab_disc_source *src)
{
	return sizeof(struct nvmf_disc_log) + src->numrec * sizeof(struct nvmf_disc_entry);
}

/* Copies the part of piece (at page offset pos) that lies in [off, off + len). */
static void copy_overlap(uint8_t *buf, uint64_t off, uint32_t len, uint64_t pos, const void *piece)
{
	const uint64_t size = sizeof(struct nvmf_disc_entry);
	uint64_t from = pos > off ? pos : off;
	uint64_t to = pos + size < off + len ? pos + size : off + len;

	if (from < to)
		memcpy(buf + (from - off), (const uint8_t *)piece + (from - pos), to - from);
}

void fab_disc_render(const struct fab_disc_source *src, uint64_t off, void *buf, uint32_t len)
{
	const uint64_t unit = sizeof(struct nvmf_disc_entry); /* the header has the same size */
	uint64_t size = fab_disc_size(src), end;

	memset(buf, 0, len);
	if (off >= size)
		return;
	end = len < size - off ? off + len : size;
	if (off < unit) {
		struct nvmf_disc_log hdr = { .genctr = htole64(src->genctr),
					     .numrec = htole64(src->numrec) };

		copy_overlap(buf, off, len, 0, &hdr);
	}
	for (uint64_t i = off / unit; i * unit < end; i++) {
		struct fab_disc_record rec;
		struct nvmf_disc_entry entry;

		if (!i)
			continue;
		memset(&rec, 0, sizeof(rec));
		src->get(src->arg, i - 1, &rec);
		fab_disc_encode(&rec, &entry);
		copy_overlap(buf, off, len, i * unit, &entry);
	}
}
