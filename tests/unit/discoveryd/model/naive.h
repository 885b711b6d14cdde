/* SPDX-License-Identifier: Apache-2.0 */
/* tests/unit/discoveryd/model/naive.h - the model once more, as plainly as can be: arrays, and no thought for cost.
 * What hosts are told is worked out from all of it each time it is asked for.
 *
 * A fact is desired since a change; it is told once its worker has confirmed that change.  What is taken away is gone at once. */
#ifndef TESTS_UNIT_DISCOVERYD_MODEL_NAIVE_H
#define TESTS_UNIT_DISCOVERYD_MODEL_NAIVE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "discoveryd/disc/log.h"

#define N_WORKERS 2
#define N_PORTALS 5
#define N_HOSTS 6 /* the last two are never named */
#define N_NAMED (N_HOSTS - 2)
#define N_GROUPS 3
#define N_SUBSYS 7
#define N_REFERRALS 3
#define N_LABELS 3

struct n_portal {
	bool there, failed; /* failed: it has no socket, or its worker said so */
	unsigned int worker;
	char address[64], advertise[64];
	uint16_t port, portid;
	uint8_t secure;
	uint64_t id, since;
};

struct n_subsys {
	bool there, any, all_portals, failed;
	unsigned int worker, label;
	unsigned int policy, max; /* enum dsc_path_policy; 0: no limit */
	uint64_t id, since, any_since, portals_since;
	uint64_t host[N_NAMED], group[N_GROUPS], portal[N_PORTALS]; /* since, 0: no */
};

struct n_referral {
	bool there, all;
	unsigned int to; /* 0: elsewhere; else host to - 1 registered it */
	bool host[N_HOSTS], group[N_GROUPS];
	uint64_t id;
};

struct naive {
	struct {
		uint64_t confirmed;
		bool degraded;
	} worker[N_WORKERS];
	struct n_portal portal[N_PORTALS];
	bool host[N_NAMED]; /* registered */
	bool group[N_GROUPS];
	unsigned int group_policy[N_GROUPS], group_max[N_GROUPS]; /* 0: says nothing */
	uint64_t member[N_GROUPS][N_NAMED]; /* since, 0: no */
	struct n_subsys subsys[N_SUBSYS];
	struct n_referral referral[N_REFERRALS];
	bool entity[N_HOSTS]; /* the host has registered itself as a discovery controller */
};

/* -- names ------------------------------------------------------------------------------------------- */
static inline const char *n_name(char *buf, const char *what, unsigned int i)
{
	snprintf(buf, DSC_NQN_MAX + 1, "nqn.2026-11.example:%s-%u", what, i);
	return buf;
}
#define N_BUF ((char[DSC_NQN_MAX + 1]){ 0 })
#define N_HOST(i) n_name(N_BUF, "host", (i))
#define N_SUBSYS_NQN(i) n_name(N_BUF, "subsys", (i))
#define N_DC(i) n_name(N_BUF, "dc", (i))
static const char *const n_label[N_LABELS] = { "", "hot", "a longer label" };

/* -- what a host is told -------------------------------------------------------------------------------- */
#define N_ENTRIES 128
struct n_log {
	unsigned int nr;
	char entry[N_ENTRIES][448];
};

static inline bool n_reaches(uint64_t since, uint64_t confirmed)
{
	return since && since <= confirmed;
}

static inline bool n_may_use(const struct naive *n, const struct n_subsys *s, unsigned int host,
			     uint64_t confirmed)
{
	if (s->any && s->any_since <= confirmed)
		return true;
	if (host >= N_NAMED)
		return false;
	if (n_reaches(s->host[host], confirmed))
		return true;
	for (unsigned int g = 0; g < N_GROUPS; g++) {
		if (n_reaches(s->group[g], confirmed) && n_reaches(n->member[g][host], confirmed))
			return true;
	}
	return false;
}

static inline bool n_loopback(const char *address)
{
	return !strncmp(address, "127.", 4) || !strcmp(address, "::1");
}

/* The address that a host which came by via is told; NULL: it can't be of use to it. */
static inline const char *n_told(const struct n_portal *p, const struct dsc_via *via)
{
	const char *told = *p->advertise ? p->advertise : p->address;

	if (!strcmp(told, "0.0.0.0"))
		return net_prefix_is_v4(&via->to) ? via->address : NULL;
	if (!strcmp(told, "::"))
		return via->address;
	return n_loopback(told) && !net_ip_is_loopback(&via->to.ip) ? NULL : told;
}

/* The one with the next greater id; -1 at the end. */
#define N_NEXT(what, nr, last)                                                                     \
	({                                                                                         \
		int at_ = -1;                                                                      \
		for (int i_ = 0; i_ < (nr); i_++) {                                                \
			if ((what)[i_].there && (what)[i_].id > (last) &&                          \
			    (at_ < 0 || (what)[i_].id < (what)[at_].id))                           \
				at_ = i_;                                                          \
		}                                                                                  \
		at_;                                                                               \
	})

static inline bool n_is_served(const struct naive *n, const struct n_subsys *s, int portal)
{
	const struct n_portal *p = &n->portal[portal];
	uint64_t confirmed = n->worker[s->worker].confirmed;

	if (p->failed || p->worker != s->worker || p->since > confirmed)
		return false;
	return s->all_portals ? s->portals_since <= confirmed
			      : n_reaches(s->portal[portal], confirmed);
}

/* -- the order of portals ------------------------------------------------------------------------------- */
static inline uint64_t n_rank(unsigned int host, unsigned int subsys, int portal)
{
	char text[2 * DSC_NQN_MAX + 16];
	uint64_t h = 14695981039346656037u;
	int len = snprintf(text, sizeof(text), "%s%c%s%cp%d", N_HOST(host), 0, N_SUBSYS_NQN(subsys),
			   0, portal);

	for (int i = 0; i <= len; i++)
		h = (h ^ (uint8_t)text[i]) * 1099511628211u;
	h ^= h >> 33;
	h *= 18397679294719823053u;
	h ^= h >> 33;
	h *= 14181476777654086739u;
	return h ^ h >> 33;
}

/* The way by which a host asks. */
struct n_way {
	struct dsc_via via;
	const char *from;
	const char *net; /* what addresses of from's subnet begin with, as text */
};

static inline unsigned int n_tier(const struct n_portal *p, const struct n_way *way)
{
	const char *told = *p->advertise ? p->advertise : p->address;

	if (!strcmp(told, "0.0.0.0") || !strcmp(told, "::"))
		return 1;
	if (!strcmp(told, way->from))
		return 0;
	return strncmp(told, way->net, strlen(way->net)) ? 2 : 1;
}

static inline unsigned int n_policy_of(const struct naive *n, const struct n_subsys *s,
				       unsigned int host, unsigned int *ret_max)
{
	unsigned int policy = 0, max = 0;

	for (unsigned int g = 0; host < N_NAMED && g < N_GROUPS; g++) {
		if (!n->member[g][host])
			continue;
		policy = policy ? policy : n->group_policy[g];
		max = max ? max : n->group_max[g];
	}
	*ret_max = max ? max : s->max;
	return policy ? policy : s->policy;
}

static inline bool n_before(const struct naive *n, const uint64_t key[2], int portal,
			    const uint64_t other_key[2], int other)
{
	if (key[0] != other_key[0])
		return key[0] < other_key[0];
	if (key[1] != other_key[1])
		return key[1] > other_key[1];
	return n->portal[portal].id < n->portal[other].id;
}

static inline void n_add_subsys(const struct naive *n, const struct n_subsys *s, unsigned int i,
				unsigned int host, const struct n_way *way, struct n_log *log)
{
	uint64_t confirmed = n->worker[s->worker].confirmed;
	uint64_t key[N_PORTALS][2] = { { 0 } };
	bool left[N_PORTALS] = { false };
	unsigned int max, policy = n_policy_of(n, s, host, &max);
	const struct n_portal *p;

	if (s->failed || n->worker[s->worker].degraded || s->since > confirmed ||
	    !n_may_use(n, s, host, confirmed))
		return;
	for (int j = 0; j < N_PORTALS; j++) {
		p = &n->portal[j];
		left[j] = p->there && n_is_served(n, s, j) && n_told(p, &way->via);
		if (policy == DSC_PATHS_LOCAL_FIRST)
			key[j][0] = n_tier(p, way);
		if (policy != DSC_PATHS_ALL)
			key[j][1] = n_rank(host, i, j);
	}
	for (unsigned int nr = 0; !max || nr < max; nr++) {
		int best = -1;

		for (int j = 0; j < N_PORTALS; j++) {
			if (left[j] && (best < 0 || n_before(n, key[j], j, key[best], best)))
				best = j;
		}
		if (best < 0)
			break;
		left[best] = false;
		p = &n->portal[best];
		snprintf(log->entry[log->nr++], sizeof(log->entry[0]), "%s|%s|%s|%u|%u|%u",
			 N_SUBSYS_NQN(i), n_label[s->label], n_told(p, &way->via), p->port,
			 p->portid, p->secure);
	}
}

static inline bool n_refers(const struct naive *n, const struct n_referral *r, unsigned int host)
{
	if (r->to && n->entity[r->to - 1] && r->to - 1 == host)
		return false;
	if (r->all || r->host[host])
		return true;
	for (unsigned int g = 0; g < N_GROUPS; g++) {
		if (host < N_NAMED && r->group[g] && n->member[g][host])
			return true;
	}
	return false;
}

/* By the ids of their objects, lowest first. */
static inline void n_make_log(const struct naive *n, unsigned int host, const struct n_way *way,
			      struct n_log *log)
{
	log->nr = 0;
	for (int i = N_NEXT(n->subsys, N_SUBSYS, 0); i >= 0;
	     i = N_NEXT(n->subsys, N_SUBSYS, n->subsys[i].id))
		n_add_subsys(n, &n->subsys[i], (unsigned int)i, host, way, log);
	for (int i = N_NEXT(n->referral, N_REFERRALS, 0); i >= 0;
	     i = N_NEXT(n->referral, N_REFERRALS, n->referral[i].id)) {
		if (n_refers(n, &n->referral[i], host))
			snprintf(log->entry[log->nr++], sizeof(log->entry[0]),
				 "%s||198.51.100.%d|8009|0|0", N_DC(n->referral[i].to), i + 1);
	}
}

static inline uint64_t n_hash(uint64_t h, const char *text)
{
	for (; *text; text++)
		h = (h ^ (uint8_t)*text) * 1099511628211u;
	return (h ^ 10) * 1099511628211u;
}

/* What hosts that nobody names may be told differently, each for itself, where the order is one of its own: when that changes,
 * everyone gets a new generation. */
static inline uint64_t n_blur(const struct naive *n)
{
	uint64_t blur = 14695981039346656037u;
	char text[512];

	for (unsigned int i = 0; i < N_SUBSYS; i++) {
		const struct n_subsys *s = &n->subsys[i];
		uint64_t confirmed = n->worker[s->worker].confirmed;

		if (!s->there || s->failed || n->worker[s->worker].degraded ||
		    s->since > confirmed || !n_may_use(n, s, N_NAMED, confirmed) ||
		    s->policy == DSC_PATHS_ALL)
			continue;
		snprintf(text, sizeof(text), "%llu %u %u %u", (unsigned long long)s->id, s->policy,
			 s->max, s->label);
		blur = n_hash(blur, text);
		for (int j = 0; j < N_PORTALS; j++) {
			const struct n_portal *p = &n->portal[j];

			if (!p->there || !n_is_served(n, s, j))
				continue;
			snprintf(text, sizeof(text), "%llu %s %u", (unsigned long long)p->id,
				 *p->advertise ? p->advertise : p->address, p->secure);
			blur = n_hash(blur, text);
		}
	}
	return blur;
}

#endif
