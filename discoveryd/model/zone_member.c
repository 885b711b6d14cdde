/* SPDX-License-Identifier: Apache-2.0 */
/* discoveryd/model/zone_member.c - see zone_member.h.
 * Owns: nothing.  Thread: any.  May block: never. */
#include "discoveryd/model/zone_member.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/container.h"
#include "common/util.h"
#include "discoveryd/model/rows.h"

/* -- slices --------------------------------------------------------------------------------------- */
int dsc_slice_cmp(struct dsc_slice a, struct dsc_slice b)
{
	size_t len = cmn_min(a.len, b.len);
	int c = len ? memcmp(a.p, b.p, len) : 0; /* an empty one may be nowhere */

	return c ? c : a.len < b.len ? -1 : a.len > b.len;
}

struct dsc_slice dsc_slice_of(const char *text)
{
	return (struct dsc_slice){ .p = text, .len = strlen(text) };
}

char *dsc_slice_text(struct dsc_slice s, char *buf, size_t size)
{
	size_t len = cmn_min(s.len, size - 1);

	memcpy(buf, s.p, len);
	buf[len] = '\0';
	return buf;
}

bool dsc_slice_line(const char **pos, struct dsc_slice *ret)
{
	const char *end = *pos ? strchr(*pos, '\n') : NULL;

	if (!end)
		return false;
	*ret = (struct dsc_slice){ .p = *pos, .len = (size_t)(end - *pos) };
	*pos = end + 1;
	return true;
}

/* -- words of a line ----------------------------------------------------------------------------------- */
static const char *const roles[] = { "", "host", "subsystem" };
static const char *const families[] = { "", "ipv4", "ipv6" };

static const char *proto_name(uint8_t ipproto)
{
	return ipproto == NVMF_ZONE_UDP ? "udp" : "tcp";
}

/* The one that may hold anything is the last. */
static const struct {
	uint16_t element;
	const char *key;
} names[] = {
	{ FAB_ZE_NQN, "nqn" },
	{ DSC_ZE_LABEL, "label" },
	{ DSC_ZE_GROUP, "group" },
};

static void put(char *buf, size_t *len, const char *key, const char *value)
{
	*len += (size_t)snprintf(buf + *len, DSC_ZONE_LINE - *len, " %s=%s", key, value);
}

char *dsc_zone_member_format(const struct dsc_zone_member *m, char buf[DSC_ZONE_LINE])
{
	char text[NET_PREFIX_TEXT];
	size_t len;

	if (m->has & FAB_ZE_ALIAS) {
		snprintf(buf, DSC_ZONE_LINE, "alias %s", m->text);
		return buf;
	}
	len = (size_t)snprintf(buf, DSC_ZONE_LINE, "%s", roles[m->role]);
	if (m->has & FAB_ZE_IP)
		put(buf, &len, "addr", net_prefix_format(&m->at, text));
	if (m->has & FAB_ZE_PROTO)
		put(buf, &len, "proto", proto_name(m->ipproto));
	if (m->has & FAB_ZE_PORT)
		len += (size_t)snprintf(buf + len, DSC_ZONE_LINE - len, " port=%u", m->port);
	if (m->has & FAB_ZE_PORTID)
		len += (size_t)snprintf(buf + len, DSC_ZONE_LINE - len, " portid=%u", m->portid);
	if (m->has & FAB_ZE_ADRFAM)
		put(buf, &len, "family", families[m->family]);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (m->has & names[i].element)
			put(buf, &len, names[i].key, m->text);
	return buf;
}

static bool skip(const char **p, const char *word)
{
	size_t len = strlen(word);

	if (strncmp(*p, word, len) != 0)
		return false;
	*p += len;
	return true;
}

static bool take_number(const char *value, uint16_t *ret)
{
	uint64_t n;

	if (cmn_parse_u64(value, 0, UINT16_MAX, &n) < 0)
		return false;
	*ret = (uint16_t)n;
	return true;
}

static bool take_word(struct dsc_zone_member *m, const char *key, const char *value)
{
	if (!strcmp(key, "addr")) {
		m->has |= FAB_ZE_IP;
		if (!net_prefix_parse(&m->at, value))
			return false;
		m->family = net_prefix_is_v4(&m->at) ? NVMF_ADRFAM_IPV4 : NVMF_ADRFAM_IPV6;
		return true;
	}
	if (!strcmp(key, "proto")) {
		m->has |= FAB_ZE_PROTO;
		m->ipproto = strcmp(value, "udp") ? NVMF_ZONE_TCP : NVMF_ZONE_UDP;
		return true;
	}
	if (!strcmp(key, "family")) {
		m->has |= FAB_ZE_ADRFAM;
		m->family = strcmp(value, "ipv6") ? NVMF_ADRFAM_IPV4 : NVMF_ADRFAM_IPV6;
		return true;
	}
	if (!strcmp(key, "port")) {
		m->has |= FAB_ZE_PORT;
		return take_number(value, &m->port);
	}
	m->has |= FAB_ZE_PORTID;
	return !strcmp(key, "portid") && take_number(value, &m->portid);
}

/* " key=value ...": what is left of the line; it is cut up. */
static bool take_words(struct dsc_zone_member *m, char *p)
{
	char *value, *next;

	while (*p == ' ') {
		p++;
		value = strchr(p, '=');
		if (!value)
			return false;
		*value++ = '\0';
		for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
			if (strcmp(p, names[i].key) != 0)
				continue;
			m->has |= names[i].element;
			return cmn_strlcpy(m->text, value, sizeof(m->text));
		}
		next = value + strcspn(value, " ");
		if (*next)
			*next++ = '\0';
		if (!take_word(m, p, value))
			return false;
		p = *next ? next - 1 : next;
		*p = *next ? ' ' : '\0';
	}
	return !*p;
}

bool dsc_zone_member_parse(struct dsc_slice line, struct dsc_zone_member *ret)
{
	char buf[DSC_ZONE_LINE];
	const char *p = buf;

	memset(ret, 0, sizeof(*ret));
	if (line.len >= sizeof(buf))
		return false;
	memcpy(buf, line.p, line.len);
	buf[line.len] = '\0';
	if (skip(&p, "alias ")) {
		ret->has = FAB_ZE_ALIAS;
		return cmn_strlcpy(ret->text, p, sizeof(ret->text));
	}
	if (skip(&p, "host"))
		ret->role = NVMF_ZONE_HOST;
	else if (skip(&p, "subsystem"))
		ret->role = NVMF_ZONE_SUBSYSTEM;
	return ret->role && take_words(ret, buf + (p - buf)) && ret->has;
}

struct dsc_slice dsc_zone_member_name(struct dsc_slice line, const struct dsc_zone_member *m)
{
	size_t len = strlen(m->text);

	return (struct dsc_slice){ .p = line.p + line.len - len, .len = len };
}

bool dsc_zone_header_parse(struct dsc_slice line, struct dsc_slice *ret_name, bool *ret_enforced)
{
	*ret_enforced = line.len > 6 && !memcmp(line.p, "zone! ", 6);
	if (!*ret_enforced && (line.len <= 5 || memcmp(line.p, "zone ", 5) != 0))
		return false;
	ret_name->p = line.p + (*ret_enforced ? 6 : 5);
	ret_name->len = line.len - (*ret_enforced ? 6 : 5);
	return true;
}

/* -- the wire ------------------------------------------------------------------------------------------ */
uint8_t dsc_zone_member_type(const struct dsc_zone_member *m)
{
	if (m->has & FAB_ZE_IP && m->at.bits != NET_IP_BITS)
		return 0;
	return fab_zone_type_of(m->has);
}

void dsc_zone_member_from_wire(const struct fab_zone_member *in, struct dsc_zone_member *ret)
{
	memset(ret, 0, sizeof(*ret));
	ret->has = (uint16_t)fab_zone_type_elements(in->type);
	ret->role = in->role;
	ret->family = in->adrfam;
	ret->ipproto = in->ipproto;
	ret->port = in->port;
	ret->portid = in->portid;
	snprintf(ret->text, sizeof(ret->text), "%s", in->name);
	if (!(ret->has & FAB_ZE_IP))
		return;
	ret->at.bits = NET_IP_BITS;
	if (in->adrfam == NVMF_ADRFAM_IPV4)
		ret->at.ip = net_ip_v4(in->addr);
	else
		memcpy(&ret->at.ip, in->addr, sizeof(in->addr));
	ret->family = net_prefix_is_v4(&ret->at) ? NVMF_ADRFAM_IPV4 : NVMF_ADRFAM_IPV6;
}

bool dsc_zone_member_to_wire(const struct dsc_zone_member *m, struct fab_zone_member *ret)
{
	memset(ret, 0, sizeof(*ret));
	ret->type = dsc_zone_member_type(m);
	ret->role = m->role;
	ret->ipproto = m->ipproto;
	ret->port = m->port;
	ret->portid = m->portid;
	ret->adrfam = m->family;
	if (m->has & FAB_ZE_IP)
		memcpy(ret->addr, m->at.ip.a.s6_addr + (ret->adrfam == NVMF_ADRFAM_IPV4 ? 12 : 0),
		       ret->adrfam == NVMF_ADRFAM_IPV4 ? 4 : 16);
	return ret->type && cmn_strlcpy(ret->name, m->text, sizeof(ret->name));
}

/* -- lines ------------------------------------------------------------------------------------------------ */
static void add_bytes(struct dsc_lines *l, struct dsc_slice s)
{
	l->line = dsc_grow(l->line, l->nr, &l->max, sizeof(*l->line));
	l->line[l->nr] = dsc_zalloc(s.len + 1);
	memcpy(l->line[l->nr++], s.p, s.len);
}

void dsc_lines_add(struct dsc_lines *l, const char *line)
{
	add_bytes(l, dsc_slice_of(line));
}

void dsc_lines_split(struct dsc_lines *l, const char *text)
{
	struct dsc_slice s;

	while (dsc_slice_line(&text, &s))
		add_bytes(l, s);
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

void dsc_lines_sort(struct dsc_lines *l)
{
	size_t kept = 0;

	if (l->nr)
		qsort(l->line, l->nr, sizeof(*l->line), by_text);
	for (size_t i = 0; i < l->nr; i++) {
		if (kept && !strcmp(l->line[i], l->line[kept - 1]))
			free(l->line[i]);
		else
			l->line[kept++] = l->line[i];
	}
	l->nr = kept;
}

bool dsc_lines_has(const struct dsc_lines *l, const char *line)
{
	return l->nr && bsearch(&line, l->line, l->nr, sizeof(*l->line), by_text);
}

char *dsc_lines_join(const struct dsc_lines *l)
{
	size_t size = 1;
	char *text, *p;

	for (size_t i = 0; i < l->nr; i++)
		size += strlen(l->line[i]) + 1;
	p = text = dsc_zalloc(size);
	for (size_t i = 0; i < l->nr; i++)
		p += sprintf(p, "%s\n", l->line[i]);
	return text;
}

void dsc_lines_free(struct dsc_lines *l)
{
	for (size_t i = 0; i < l->nr; i++)
		free(l->line[i]);
	free(l->line);
	memset(l, 0, sizeof(*l));
}
