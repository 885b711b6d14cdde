/* SPDX-License-Identifier: Apache-2.0 */
/* discoveryd/model/zone_member.h - members of zones and aliases, and the text in which they are kept: a line each, sorted.
 * Owns: nothing but what its callers are given.  Thread: any.  May block: never.
 *
 *   host [addr=A[/P]] [proto=P] [port=N] [portid=N] [family=F] [nqn=... | label=... | group=...]
 *   subsystem (the same)
 *   alias NAME
 *
 * An active group is such text too, with a line "zone NAME" ("zone! NAME" when fabric enforced) before each zone's members.  Lines
 * are canonical: two members are the same when their lines are. */
#ifndef DISCOVERYD_MODEL_ZONE_MEMBER_H
#define DISCOVERYD_MODEL_ZONE_MEMBER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fabrics/zoning.h"
#include "net/ip.h"

/* Text that is part of something longer. */
struct dsc_slice {
	const char *p;
	size_t len;
};

int dsc_slice_cmp(struct dsc_slice a, struct dsc_slice b);
struct dsc_slice dsc_slice_of(const char *text);
/* A copy of its own, cut to size; returns buf. */
char *dsc_slice_text(struct dsc_slice s, char *buf, size_t size);
/* The next line, without its newline; *pos begins as the text and ends NULL or at its end. */
bool dsc_slice_line(const char **pos, struct dsc_slice *ret);

/* -- members --------------------------------------------------------------------------------------------- */
/* Elements beyond those of the specification (enum fab_zone_element), which are the operator's alone. */
enum dsc_zone_element {
	DSC_ZE_LABEL = 1 << 8, /* administrative label, or symbolic name */
	DSC_ZE_GROUP = 1 << 9, /* a group of hosts */
};
#define DSC_ZE_NAMES (FAB_ZE_NQN | FAB_ZE_ALIAS | DSC_ZE_LABEL | DSC_ZE_GROUP)

struct dsc_zone_member {
	uint16_t has; /* enum fab_zone_element, enum dsc_zone_element */
	uint8_t role; /* enum nvmf_zone_role; 0 for an alias */
	uint8_t family, ipproto; /* enum nvmf_adrfam, nvmf_zone_ipproto */
	uint16_t port, portid;
	struct net_prefix at;
	char text[257]; /* what DSC_ZE_NAMES says it is; "" none */
};

#define DSC_ZONE_LINE 384

/* Its line; returns buf. */
char *dsc_zone_member_format(const struct dsc_zone_member *m, char buf[DSC_ZONE_LINE]);
bool dsc_zone_member_parse(struct dsc_slice line, struct dsc_zone_member *ret);
/* The NQN, label, ... within the line that m was read from. */
struct dsc_slice dsc_zone_member_name(struct dsc_slice line, const struct dsc_zone_member *m);
/* The specification's type; 0: it has none. */
uint8_t dsc_zone_member_type(const struct dsc_zone_member *m);
void dsc_zone_member_from_wire(const struct fab_zone_member *in, struct dsc_zone_member *ret);
/* False when the specification has no such type. */
bool dsc_zone_member_to_wire(const struct dsc_zone_member *m, struct fab_zone_member *ret);

/* The header of a zone in the text of an active group. */
bool dsc_zone_header_parse(struct dsc_slice line, struct dsc_slice *ret_name, bool *ret_enforced);

/* -- collecting lines --------------------------------------------------------------------------------------- */
struct dsc_lines {
	char **line;
	size_t nr, max;
};

void dsc_lines_add(struct dsc_lines *l, const char *line);
void dsc_lines_sort(struct dsc_lines *l); /* and takes out what is there twice */
bool dsc_lines_has(const struct dsc_lines *l, const char *line); /* sorted */
/* All lines of a text. */
void dsc_lines_split(struct dsc_lines *l, const char *text);
char *dsc_lines_join(const struct dsc_lines *l); /* free() it */
void dsc_lines_free(struct dsc_lines *l);

#endif
