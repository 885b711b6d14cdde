/* SPDX-License-Identifier: Apache-2.0 */
/* fabrics/discovery_text.c - see discovery_text.h. */
#include "fabrics/discovery_text.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "common/container.h"
#include "fabrics/spec/nvmf.h"

struct word {
	unsigned int value;
	const char *text;
};

static const struct word trtypes[] = {
	{ NVMF_TRTYPE_RDMA, "rdma" },
	{ NVMF_TRTYPE_FC, "fc" },
	{ NVMF_TRTYPE_TCP, "tcp" },
	{ NVMF_TRTYPE_LOOP, "loop" },
};

static const struct word adrfams[] = {
	{ 0, "pci" },	     { NVMF_ADRFAM_IPV4, "ipv4" }, { NVMF_ADRFAM_IPV6, "ipv6" },
	{ 3, "infiniband" }, { 4, "fibre-channel" },
};

static const struct word subtypes[] = {
	{ NVMF_SUBTYPE_REFERRAL, "discovery subsystem referral" },
	{ NVMF_SUBTYPE_NVM, "nvme subsystem" },
	{ NVMF_SUBTYPE_CURRENT, "current discovery subsystem" },
};

static const struct word treqs[] = {
	{ 0, "not specified" },
	{ NVMF_TREQ_SECURE_REQUIRED, "required" },
	{ NVMF_TREQ_SECURE_NOT_REQUIRED, "not required" },
	{ NVMF_TREQ_NO_SQFLOW, "not specified, sq flow control disable supported" },
	{ NVMF_TREQ_NO_SQFLOW | NVMF_TREQ_SECURE_REQUIRED,
	  "required, sq flow control disable supported" },
	{ NVMF_TREQ_NO_SQFLOW | NVMF_TREQ_SECURE_NOT_REQUIRED,
	  "not required, sq flow control disable supported" },
};

static const struct word secures[] = {
	{ NVMF_TREQ_SECURE_UNSPECIFIED, "not_specified" },
	{ NVMF_TREQ_SECURE_REQUIRED, "required" },
	{ NVMF_TREQ_SECURE_NOT_REQUIRED, "not_required" },
};

/* By value: every combination of the three bits. */
static const struct word eflags_words[] = {
	{ 0, "none" },
	{ 1, "duplicate discovery information" },
	{ 2, "explicit discovery connections" },
	{ 3, "explicit discovery connections, duplicate discovery information" },
	{ 4, "no cdc connectivity" },
	{ 5, "duplicate discovery information, no cdc connectivity" },
	{ 6, "explicit discovery connections, no cdc connectivity" },
	{ 7,
	  "explicit discovery connections, duplicate discovery information, no cdc connectivity" },
};

static const struct word sectypes[] = { { 0, "none" }, { 1, "tls" }, { 2, "tls13" } };

static const char *look_up(const struct word *words, size_t nr, unsigned int value)
{
	for (size_t i = 0; i < nr; i++)
		if (words[i].value == value)
			return words[i].text;
	return "unrecognized";
}

const char *fab_disc_trtype_text(uint8_t trtype)
{
	return look_up(trtypes, ARRAY_SIZE(trtypes), trtype);
}

const char *fab_disc_adrfam_text(uint8_t adrfam)
{
	return look_up(adrfams, ARRAY_SIZE(adrfams), adrfam);
}

const char *fab_disc_subtype_text(uint8_t subtype)
{
	return look_up(subtypes, ARRAY_SIZE(subtypes), subtype);
}

const char *fab_disc_treq_text(uint8_t treq)
{
	return look_up(treqs, ARRAY_SIZE(treqs), treq);
}

const char *fab_disc_eflags_text(uint16_t eflags)
{
	return look_up(eflags_words, ARRAY_SIZE(eflags_words), eflags);
}

const char *fab_disc_sectype_text(uint8_t sectype)
{
	return look_up(sectypes, ARRAY_SIZE(sectypes), sectype);
}

const char *fab_disc_secure_text(uint8_t treq)
{
	return look_up(secures, ARRAY_SIZE(secures), treq & NVMF_TREQ_SECURE_MASK);
}

int fab_disc_secure_parse(const char *text, uint8_t *ret_treq)
{
	for (size_t i = 0; i < ARRAY_SIZE(secures); i++) {
		if (strcmp(secures[i].text, text) != 0)
			continue;
		*ret_treq = (uint8_t)secures[i].value;
		return 0;
	}
	return -EINVAL;
}
