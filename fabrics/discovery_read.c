/* SPDX-License-Identifier: Apache-2.0 */
/* fabrics/discovery_read.c - see discovery_read.h.
 * Owns: nothing.  Thread: any.  May block: never.
 *
 * NQNs needn't have the form that the specification asks for: other targets take any text, and so do the hosts that connect to it. */
#include "fabrics/discovery_read.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "fabrics/dim.h"
#include "fabrics/wire.h"

int fab_disc_page_open(struct fab_disc_page *page, const void *data, uint32_t len)
{
	const struct nvmf_disc_log *head = data;

	memset(page, 0, sizeof(*page));
	if (len < sizeof(*head) || head->recfmt)
		return -EPROTO;
	page->genctr = le64toh(head->genctr);
	page->numrec = page->left = le64toh(head->numrec);
	page->extended = head->dlpf & NVMF_DLPF_EXTEND;
	page->entries = (const uint8_t *)data + sizeof(*head);
	page->len = len - (uint32_t)sizeof(*head);
	return 0;
}

static bool is_port(const char *trsvcid)
{
	char *end;
	unsigned long port = strtoul(trsvcid, &end, 10);

	return *trsvcid >= '0' && *trsvcid <= '9' && !*end && port && port <= UINT16_MAX;
}

static bool is_usable(const struct fab_disc_record *rec)
{
	size_t len = strlen(rec->subnqn);

	for (size_t i = 0; i < len; i++) {
		if (rec->subnqn[i] <= ' ' || rec->subnqn[i] > '~')
			return false;
	}
	for (const char *p = rec->traddr; *p; p++) {
		if (*p <= ' ' || *p > '~')
			return false;
	}
	return len && *rec->traddr && (rec->trtype != NVMF_TRTYPE_TCP || is_port(rec->trsvcid));
}

/* A label that can't be shown is as none. */
static int take_exats(struct fab_rd *rd, uint16_t nr, char label[FAB_LABEL_MAX + 1])
{
	for (uint16_t i = 0; i < nr; i++) {
		uint16_t type = fab_rd_le16(rd), len = fab_rd_le16(rd);
		const uint8_t *value = fab_rd_bytes(rd, len);

		if (!value)
			return -EPROTO;
		if ((type == NVMF_EXAT_ADMIN_LABEL || type == NVMF_EXAT_ADMIN_LABEL_UTF8) &&
		    !fab_label_take(label, value, len, type == NVMF_EXAT_ADMIN_LABEL))
			*label = '\0';
	}
	return 0;
}

static int take_tail(struct fab_rd *rd, char label[FAB_LABEL_MAX + 1])
{
	const uint32_t fixed = sizeof(struct nvmf_disc_entry) + sizeof(struct nvmf_ext_tail);
	uint32_t tel = fab_rd_le32(rd);
	uint16_t nr = fab_rd_le16(rd);
	struct fab_rd exats;
	const void *list;

	fab_rd_skip(rd, 2);
	if (rd->err || tel < fixed)
		return -EPROTO;
	list = fab_rd_bytes(rd, tel - fixed);
	if (!list)
		return -EPROTO;
	exats = fab_rd_init(list, tel - fixed);
	return take_exats(&exats, nr, label);
}

int fab_disc_page_next(struct fab_disc_page *page, struct fab_disc_found *ret)
{
	struct fab_rd rd = fab_rd_init(page->entries + page->pos, page->len - page->pos);
	const struct nvmf_disc_entry *entry;
	int rc = 0;

	if (!page->left)
		return 0;
	memset(ret, 0, sizeof(*ret));
	entry = fab_rd_bytes(&rd, sizeof(*entry));
	if (!entry)
		return -EPROTO;
	if (page->extended)
		rc = take_tail(&rd, ret->label);
	if (rc < 0)
		return rc;
	ret->usable = fab_disc_decode(entry, &ret->rec) == 0 && is_usable(&ret->rec);
	ret->rec.label = ret->label;
	page->pos = page->len - (uint32_t)rd.left;
	page->left--;
	return 1;
}
