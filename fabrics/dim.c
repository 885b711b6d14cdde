/* SPDX-License-Identifier: Apache-2.0 */
/* fabrics/dim.c - see dim.h.
 * Owns: nothing.  Thread: any.  May block: never.  Spec: NVM Express Base 2.1, 5.3.3. */
#include "fabrics/dim.h"

#include <stdlib.h>
#include <string.h>

#include "common/container.h"
#include "fabrics/connect.h"
#include "fabrics/spec/nvme.h"
#include "fabrics/wire.h"

#define EXT_MIN (sizeof(struct nvmf_disc_entry) + sizeof(struct nvmf_ext_tail))
#define EXAT_VENDOR 0xff00 /* and up: not ours to look into */

const char *const fab_dim_task_name[FAB_DIM_TASK_COUNT] = { "register", "deregister", "update" };

const char *fab_dim_etype_name(uint16_t etype)
{
	static const char *const names[] = { "none", "host", "ddc", "cdc" };

	return names[etype < ARRAY_SIZE(names) ? etype : 0];
}

/* How an entry, or a part of it, is judged. */
enum verdict { GOOD, MALFORMED, UNFIT };

/* ---- text ---- */

static bool printable(const char *text)
{
	for (; *text; text++)
		if (*text < ' ' || *text > '~')
			return false;
	return true;
}

/* Bytes of the UTF-8 sequence that begins at p and ends before end; 0: none that may be shown. */
static size_t utf8_len(const uint8_t *p, const uint8_t *end)
{
	size_t len = *p < 0x80 ? 1 : *p < 0xe0 ? 2 : *p < 0xf0 ? 3 : 4;
	uint32_t least = len == 2 ? 0x80 : len == 3 ? 0x800 : 0x10000, c;

	if (len == 1)
		return *p >= ' ' && *p != 0x7f;
	if (*p < 0xc2 || *p > 0xf4 || (size_t)(end - p) < len)
		return 0;
	c = *p & (0x7fu >> len);
	for (size_t i = 1; i < len; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (p[i] & 0x3f);
	}
	return c < least || c > 0x10ffff || (c >= 0xd800 && c < 0xe000) || c < 0xa0 ? 0 : len;
}

/* A field of size bytes, padded with NULs or spaces. */
static bool get_text(char *dst, const void *src, size_t size)
{
	size_t len = strnlen(src, size);

	memcpy(dst, src, len);
	while (len && dst[len - 1] == ' ')
		len--;
	dst[len] = '\0';
	return printable(dst);
}

bool fab_label_take(char dst[FAB_LABEL_MAX + 1], const uint8_t *src, size_t size, bool ascii)
{
	const uint8_t *end;
	size_t len = strnlen((const char *)src, size), step;

	if (size > FAB_LABEL_MAX)
		return false;
	while (len && src[len - 1] == ' ')
		len--;
	end = src + len;
	for (const uint8_t *p = src; p < end; p += step) {
		step = utf8_len(p, end);
		if (!step || (ascii && step > 1))
			return false;
	}
	memcpy(dst, src, len);
	dst[len] = '\0';
	return true;
}

/* ---- extended attributes ---- */

static enum verdict take_exat(bool host, uint16_t type, const uint8_t *value, uint16_t len,
			      struct fab_dim_entry *ret)
{
	if (type >= EXAT_VENDOR)
		return GOOD;
	switch (type) {
	case NVMF_EXAT_HOSTID:
		if (!host)
			return UNFIT; /* prohibited for subsystems */
		if (len != sizeof(ret->hostid))
			return MALFORMED;
		memcpy(ret->hostid, value, len);
		return GOOD;
	case NVMF_EXAT_ADMIN_LABEL:
	case NVMF_EXAT_ADMIN_LABEL_UTF8:
		return fab_label_take(ret->label, value, len, type == NVMF_EXAT_ADMIN_LABEL)
			       ? GOOD
			       : MALFORMED;
	default:
		return MALFORMED; /* reserved */
	}
}

static enum verdict take_exats(bool host, struct fab_rd *rd, uint16_t nr, struct fab_dim_entry *ret,
			       const char **ret_field)
{
	bool hostid = false;

	for (uint16_t i = 0; i < nr; i++) {
		uint16_t type = fab_rd_le16(rd), len = fab_rd_le16(rd);
		const uint8_t *value = fab_rd_bytes(rd, len);
		enum verdict v;

		*ret_field = "exatlen";
		if (!value || !len || len % 4)
			return MALFORMED;
		v = take_exat(host, type, value, len, ret);
		hostid |= type == NVMF_EXAT_HOSTID;
		*ret_field = type == NVMF_EXAT_HOSTID ? "host identifier" : "admin label";
		if (v != GOOD)
			return v;
	}
	*ret_field = "host identifier";
	return host && !hostid ? UNFIT : GOOD;
}

/* ---- entries ---- */

/* What only a subsystem has, a host must leave at 0. */
static enum verdict check_host(const struct fab_dim *dim, const struct fab_disc_record *rec,
			       const char **ret_field)
{
	const struct {
		bool used;
		const char *field;
	} none[] = {
		{ rec->subtype, "subtype" },
		{ rec->treq, "treq" },
		{ rec->portid, "portid" },
		{ rec->cntlid, "cntlid" },
		{ rec->asqsz, "asqsz" },
		{ *rec->trsvcid, "trsvcid" },
		/* a host speaks for itself, a CDC for its hosts */
		{ dim->etype == NVMF_DIM_HOST && strcmp(rec->subnqn, dim->eid) != 0, "nqn" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(none); i++) {
		*ret_field = none[i].field;
		if (none[i].used)
			return UNFIT;
	}
	return GOOD;
}

static enum verdict check_subsystem(const struct fab_disc_record *rec, const char **ret_field)
{
	char *end;
	unsigned long port = strtoul(rec->trsvcid, &end, 10);

	*ret_field = "subtype";
	if (rec->subtype != NVMF_SUBTYPE_REFERRAL && rec->subtype != NVMF_SUBTYPE_NVM)
		return UNFIT;
	*ret_field = "trsvcid";
	if (rec->trsvcid[0] < '0' || rec->trsvcid[0] > '9' || *end || !port || port > UINT16_MAX)
		return MALFORMED;
	return GOOD;
}

/* The 1024 bytes that both kinds of entry begin with. */
static enum verdict take_basic(const struct fab_dim *dim, const struct nvmf_disc_entry *entry,
			       struct fab_disc_record *rec, const char **ret_field)
{
	*ret_field = "nqn";
	if (fab_nqn_check(entry->subnqn, sizeof(entry->subnqn)) < 0 ||
	    fab_disc_decode(entry, rec) < 0)
		return MALFORMED;
	rec->eflags = 0; /* reserved here */
	*ret_field = "trtype";
	if (rec->trtype != NVMF_TRTYPE_TCP)
		return MALFORMED;
	*ret_field = "adrfam";
	if (rec->adrfam != NVMF_ADRFAM_IPV4 && rec->adrfam != NVMF_ADRFAM_IPV6)
		return MALFORMED;
	*ret_field = "traddr";
	if (!printable(rec->traddr))
		return MALFORMED;
	*ret_field = "trsvcid";
	if (!printable(rec->trsvcid))
		return MALFORMED;
	return dim->etype == NVMF_DIM_DDC ? check_subsystem(rec, ret_field)
					  : check_host(dim, rec, ret_field);
}

static enum verdict take_extended(const struct fab_dim *dim, struct fab_rd *rd,
				  struct fab_dim_entry *ret, const char **ret_field)
{
	bool host = dim->etype != NVMF_DIM_DDC;
	uint32_t tel = fab_rd_le32(rd);
	uint16_t nr = fab_rd_le16(rd);
	struct fab_rd exats;
	const void *list;
	enum verdict v;

	fab_rd_skip(rd, 2);
	*ret_field = "tel";
	if (rd->err || tel < EXT_MIN || tel % 4)
		return MALFORMED;
	list = fab_rd_bytes(rd, tel - EXT_MIN);
	if (!list)
		return MALFORMED;
	*ret_field = "numexat";
	if (host && !nr)
		return UNFIT;
	exats = fab_rd_init(list, tel - EXT_MIN);
	v = take_exats(host, &exats, nr, ret, ret_field);
	if (v == GOOD && exats.left) {
		*ret_field = "numexat";
		return MALFORMED;
	}
	return v;
}

static enum verdict take_entry(const struct fab_dim *dim, struct fab_rd *rd,
			       struct fab_dim_entry *ret, const char **ret_field)
{
	const struct nvmf_disc_entry *entry = fab_rd_bytes(rd, sizeof(*entry));
	enum verdict form = GOOD, basic;
	const char *form_field = "";

	memset(ret, 0, sizeof(*ret));
	*ret_field = "tdl";
	if (!entry)
		return MALFORMED;
	if (dim->entfmt == NVMF_DIM_EXTENDED)
		form = take_extended(dim, rd, ret, &form_field);
	basic = take_basic(dim, entry, &ret->rec, ret_field);
	if (form == MALFORMED || basic == GOOD) {
		*ret_field = form_field;
		return form;
	}
	return basic;
}

bool fab_dim_next(const struct fab_dim *dim, uint32_t *pos, struct fab_dim_entry *ret)
{
	struct fab_rd rd = fab_rd_init(dim->list + *pos, dim->list_len - *pos);
	const char *field;

	if (!rd.left || take_entry(dim, &rd, ret, &field) != GOOD)
		return false;
	*pos = dim->list_len - (uint32_t)rd.left;
	return true;
}

/* ---- the whole ---- */

static struct fab_status refuse(struct fab_dim_fault *fault, enum verdict v, const char *field,
				int entry)
{
	*fault = (struct fab_dim_fault){ .field = field, .entry = entry };
	return FAB_ERR(v == UNFIT ? NVME_SC_INVALID_DISCOVERY_INFO : NVME_SC_INVALID_FIELD);
}

static const char *bad_header(struct fab_dim *dim, const struct nvmf_dim_data *hdr)
{
	bool ddc;

	dim->entfmt = le16toh(hdr->entfmt);
	dim->etype = le16toh(hdr->etype);
	dim->ektype = le16toh(hdr->ektype);
	dim->portlcl = hdr->portlcl;
	ddc = dim->etype == NVMF_DIM_DDC;
	if (dim->entfmt != NVMF_DIM_BASIC && dim->entfmt != NVMF_DIM_EXTENDED)
		return "entfmt";
	if (dim->etype < NVMF_DIM_HOST || dim->etype > NVMF_DIM_CDC)
		return "etype";
	if (hdr->portlcl > (ddc ? 1 : 0))
		return "portlcl";
	if (dim->ektype != NVMF_DIM_EKTYPE && !(ddc && dim->ektype == NVMF_DIM_EKTYPE_PORTID))
		return "ektype";
	if (fab_nqn_check(hdr->eid, sizeof(hdr->eid)) < 0)
		return "eid";
	memcpy(dim->eid, hdr->eid, strlen(hdr->eid));
	if (!get_text(dim->ename, hdr->ename, sizeof(hdr->ename)))
		return "ename";
	if (!get_text(dim->ever, hdr->ever, sizeof(hdr->ever)))
		return "ever";
	return NULL;
}

static struct fab_status check_entries(const struct fab_dim *dim, uint64_t nument,
				       struct fab_dim_fault *fault)
{
	struct fab_rd rd = fab_rd_init(dim->list, dim->list_len);
	struct fab_dim_entry entry;
	unsigned int nr_peers = 0;
	const char *field;
	enum verdict v;

	for (uint64_t i = 0; i < nument; i++) {
		v = take_entry(dim, &rd, &entry, &field);
		if (v != GOOD)
			return refuse(fault, v, field, (int)i);
		nr_peers += !*entry.rec.traddr;
		/* Several of them would be one and the same. */
		if (nr_peers > 1 && dim->task != FAB_DIM_UPDATE)
			return refuse(fault, MALFORMED, "traddr", (int)i);
	}
	return rd.left ? refuse(fault, MALFORMED, "nument", -1) : FAB_OK;
}

struct fab_status fab_dim_decode(uint32_t cdw10, const void *data, uint32_t len,
				 struct fab_dim *ret, struct fab_dim_fault *ret_fault)
{
	const struct nvmf_dim_data *hdr = data;
	const char *field;
	uint64_t nument;
	uint32_t tdl;

	memset(ret, 0, sizeof(*ret));
	ret->task = cdw10 & 0xf;
	if (ret->task >= FAB_DIM_TASK_COUNT)
		return refuse(ret_fault, MALFORMED, "tas", -1);
	if (len < sizeof(*hdr))
		return refuse(ret_fault, MALFORMED, "tdl", -1);
	field = bad_header(ret, hdr);
	if (field)
		return refuse(ret_fault, MALFORMED, field, -1);
	tdl = le32toh(hdr->tdl);
	if (tdl < sizeof(*hdr) || tdl > len)
		return refuse(ret_fault, MALFORMED, "tdl", -1);
	nument = le64toh(hdr->nument);
	if (ret->task == FAB_DIM_UPDATE ? nument != 2 : !nument)
		return refuse(ret_fault, MALFORMED, "nument", -1);
	if (nument > (tdl - sizeof(*hdr)) / sizeof(struct nvmf_disc_entry))
		return refuse(ret_fault, MALFORMED, "nument", -1);
	/* Only subsystems may be told in the basic form. */
	if (ret->entfmt == NVMF_DIM_BASIC && ret->etype != NVMF_DIM_DDC)
		return refuse(ret_fault, UNFIT, "entfmt", -1);
	ret->nument = (uint32_t)nument;
	ret->list = (const uint8_t *)data + sizeof(*hdr);
	ret->list_len = tdl - (uint32_t)sizeof(*hdr);
	return check_entries(ret, nument, ret_fault);
}
