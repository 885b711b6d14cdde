/* SPDX-License-Identifier: Apache-2.0 */
/* discoveryd/model/zone_wire.c - see zone_wire.h.
 * Owns: nothing.  Thread: any.  May block: never. */
#include "discoveryd/model/zone_wire.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/container.h"
#include "discoveryd/model/zone_member.h"

/* -- from bytes ---------------------------------------------------------------------------------------- */
/* A zone as text, to be sorted by its name. */
struct block {
	struct fab_zone zone;
	int index; /* in the group */
};

static int by_name(const void *a, const void *b)
{
	const struct block *x = a, *y = b;
	int c = strcmp(x->zone.name, y->zone.name);

	return c ? c : x->index - y->index;
}

static bool add_members(struct dsc_lines *text, const struct block *b, struct fab_zone_fault *fault)
{
	struct dsc_lines members = { 0 };
	struct fab_zone_member wire;
	struct dsc_zone_member m;
	char line[DSC_ZONE_LINE];
	const char *field;
	bool ok = true;

	for (uint16_t i = 0; i < b->zone.nr_members && ok; i++) {
		ok = fab_zone_member_decode(&b->zone.members[i], &wire, &field) == 0 &&
		     wire.type != NVMF_ZM_ALIAS;
		if (!ok)
			*fault = (struct fab_zone_fault){ .field = "zmtype",
							  .zone = b->index,
							  .member = i };
		dsc_zone_member_from_wire(&wire, &m);
		dsc_lines_add(&members, dsc_zone_member_format(&m, line));
	}
	dsc_lines_sort(&members);
	for (size_t i = 0; i < members.nr; i++)
		dsc_lines_add(text, members.line[i]);
	dsc_lines_free(&members);
	return ok;
}

char *dsc_zone_from_wire(const struct fab_zone_group *group, struct fab_zone_fault *ret_fault)
{
	struct block *block = dsc_zalloc((group->nr_zones + 1u) * sizeof(*block));
	char header[NVMF_ZONE_NAME + 8], *text = NULL;
	struct dsc_lines lines = { 0 };
	size_t pos = 0;
	int nr = 0;
	bool ok = true;

	for (; nr < group->nr_zones && fab_zone_next(group, &pos, &block[nr].zone); nr++)
		block[nr].index = nr;
	qsort(block, (size_t)nr, sizeof(*block), by_name);
	for (int i = 0; i < nr && ok; i++) {
		snprintf(header, sizeof(header), "zone%s %s", block[i].zone.enforced ? "!" : "",
			 block[i].zone.name);
		dsc_lines_add(&lines, header);
		ok = add_members(&lines, &block[i], ret_fault);
	}
	if (ok)
		text = dsc_lines_join(&lines);
	dsc_lines_free(&lines);
	free(block);
	return text;
}

/* -- to bytes ------------------------------------------------------------------------------------------- */
struct out {
	uint8_t *p;
	size_t len;
	struct nvmf_zone *zone; /* whose members come */
	struct dsc_slice name;
	uint16_t nr_members, nr_zones;
	bool enforced;
};

static void end_zone(struct out *out)
{
	struct nvmf_zone_property enforced;
	char name[NVMF_ZONE_NAME] = "";

	if (!out->zone)
		return;
	memcpy(name, out->name.p, cmn_min(out->name.len, sizeof(name) - 1));
	fab_zone_encode(name, out->nr_members, out->enforced, out->zone);
	out->zone = NULL;
	if (!out->enforced)
		return;
	fab_zone_enforced_encode(&enforced);
	memcpy(out->p + out->len, &enforced, sizeof(enforced));
	out->len += sizeof(enforced);
}

static void begin_zone(struct out *out, struct dsc_slice name, bool enforced)
{
	end_zone(out);
	out->zone = (struct nvmf_zone *)(void *)(out->p + out->len);
	out->len += sizeof(*out->zone);
	out->name = name;
	out->enforced = enforced;
	out->nr_members = 0;
	out->nr_zones++;
}

static void put_member(struct out *out, struct dsc_slice line)
{
	struct nvmf_zone_member bytes;
	struct fab_zone_member wire;
	struct dsc_zone_member m;

	if (!out->zone || !dsc_zone_member_parse(line, &m) || !dsc_zone_member_to_wire(&m, &wire))
		return;
	fab_zone_member_encode(&wire, &bytes);
	memcpy(out->p + out->len, &bytes, sizeof(bytes));
	out->len += sizeof(bytes);
	out->nr_members++;
}

/* No line is more bytes than a member with what may come after a zone. */
static size_t most(const char *text)
{
	struct dsc_slice line;
	size_t size = sizeof(struct nvmf_zone_group);

	while (dsc_slice_line(&text, &line))
		size += sizeof(struct nvmf_zone_member) + sizeof(struct nvmf_zone_property);
	return size;
}

uint8_t *dsc_zone_to_wire(const struct dsc_zone_active *group, const char *originator,
			  size_t *ret_len)
{
	struct out out = { .p = dsc_zalloc(most(group->zones)) };
	struct nvmf_zone_group head;
	const char *pos = group->zones;
	struct dsc_slice line, name;
	bool enforced;

	out.len = sizeof(head);
	while (dsc_slice_line(&pos, &line)) {
		if (dsc_zone_header_parse(line, &name, &enforced))
			begin_zone(&out, name, enforced);
		else
			put_member(&out, line);
	}
	end_zone(&out);
	fab_zone_group_encode(originator, group->name, out.nr_zones, &head);
	memcpy(out.p, &head, sizeof(head));
	*ret_len = out.len;
	return out.p;
}
