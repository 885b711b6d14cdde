/* SPDX-License-Identifier: Apache-2.0 */
/* fabrics/discovery_log.c - codec of the discovery log page.
 * Owns: nothing.  Thread: any.  May block: never.  Spec: NVM Express Base 2.1, 5.1.12.3.1. */
#include <endian.h>
#include <errno.h>
#include <string.h>

#include "common/container.h"
#include "fabrics/discovery_log.h"
#include "fabrics/wire.h"

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
	if (!rec->hostid) /* a host listens on no port: reserved there */
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

/* ---- extended entries ---- */

static size_t label_len(const char *label)
{
	return label ? strnlen(label, FAB_LABEL_MAX) : 0;
}

uint32_t fab_disc_ext_len(const char *label, bool host)
{
	size_t len = label_len(label);

	return (uint32_t)(sizeof(struct nvmf_disc_entry) + sizeof(struct nvmf_ext_tail) +
			  (host ? sizeof(struct nvmf_exat) + 16 : 0) +
			  (len ? sizeof(struct nvmf_exat) + CMN_ALIGN_UP(len, 4) : 0));
}

static void put_exat(struct fab_wr *wr, enum nvmf_exattype type, const void *value, size_t len)
{
	static const uint8_t none[4];

	fab_wr_le16(wr, (uint16_t)type);
	fab_wr_le16(wr, (uint16_t)CMN_ALIGN_UP(len, 4)); /* what is unused of it is 0 */
	fab_wr_bytes(wr, value, len);
	fab_wr_bytes(wr, none, CMN_ALIGN_UP(len, 4) - len);
}

static enum nvmf_exattype label_type(const char *label, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if ((uint8_t)label[i] >= 0x80)
			return NVMF_EXAT_ADMIN_LABEL_UTF8;
	return NVMF_EXAT_ADMIN_LABEL;
}

uint32_t fab_disc_encode_ext(const struct fab_disc_record *rec, uint8_t ret[FAB_DISC_EXT_MAX])
{
	uint32_t tel = fab_disc_ext_len(rec->label, rec->hostid);
	size_t len = label_len(rec->label);
	struct fab_wr wr = fab_wr_init(ret + sizeof(struct nvmf_disc_entry),
				       FAB_DISC_EXT_MAX - sizeof(struct nvmf_disc_entry));

	fab_disc_encode(rec, (struct nvmf_disc_entry *)(void *)ret);
	fab_wr_le32(&wr, tel);
	fab_wr_le16(&wr, (uint16_t)(!!rec->hostid + !!len)); /* NUMEXAT */
	fab_wr_le16(&wr, 0);
	if (rec->hostid)
		put_exat(&wr, NVMF_EXAT_HOSTID, rec->hostid, 16);
	if (len)
		put_exat(&wr, label_type(rec->label, len), rec->label, len);
	return tel;
}

/* ---- the page ---- */

/* Where entry idx begins. */
static uint64_t entry_at(const struct fab_disc_source *src, uint64_t idx)
{
	if (src->extended)
		return src->at(src->arg, idx);
	return sizeof(struct nvmf_disc_log) + idx * sizeof(struct nvmf_disc_entry);
}

uint64_t fab_disc_size(const struct fab_disc_source *src)
{
	return entry_at(src, src->numrec);
}

/* The last entry that begins at or before off, which is past the header and before the end. */
static uint64_t entry_of(const struct fab_disc_source *src, uint64_t off)
{
	uint64_t low = 0, high = src->numrec;

	while (high - low > 1) {
		uint64_t mid = low + (high - low) / 2;

		if (entry_at(src, mid) <= off)
			low = mid;
		else
			high = mid;
	}
	return low;
}

static void put_header(const struct fab_disc_source *src, struct fab_win *win)
{
	uint64_t size = fab_disc_size(src);
	struct nvmf_disc_log hdr = { .genctr = htole64(src->genctr),
				     .numrec = htole64(src->numrec),
				     .dlpf = src->dlpf };

	if (src->extended)
		hdr.tdlpl = htole32(size > UINT32_MAX ? UINT32_MAX : (uint32_t)size);
	fab_win_put(win, &hdr, sizeof(hdr));
}

static void put_entry(const struct fab_disc_source *src, uint64_t idx, struct fab_win *win)
{
	union {
		struct nvmf_disc_entry basic;
		uint8_t ext[FAB_DISC_EXT_MAX];
	} out;
	struct fab_disc_record rec;
	uint32_t len = sizeof(out.basic);

	memset(&rec, 0, sizeof(rec));
	src->get(src->arg, idx, &rec);
	if (src->extended)
		len = fab_disc_encode_ext(&rec, out.ext);
	else
		fab_disc_encode(&rec, &out.basic);
	fab_win_put(win, &out, len);
}

void fab_disc_render(const struct fab_disc_source *src, uint64_t off, void *buf, uint32_t len)
{
	struct fab_win win;
	uint64_t i = 0;

	if (len > UINT64_MAX - off) /* far past the end */
		off = UINT64_MAX - len;
	win = fab_win_init(buf, off, len);
	if (off >= fab_disc_size(src))
		return;
	put_header(src, &win);
	if (off >= sizeof(struct nvmf_disc_log)) {
		i = entry_of(src, off);
		win.pos = entry_at(src, i);
	}
	for (; i < src->numrec && !fab_win_full(&win); i++)
		put_entry(src, i, &win);
}
