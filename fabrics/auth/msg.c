/* SPDX-License-Identifier: Apache-2.0 */
/* fabrics/auth/msg.c - see msg.h.
 * Owns: nothing.  Thread: any.  May block: never.  Spec: NVM Express Base 2.1, Figures 731-746. */
#include "fabrics/auth/msg.h"

#include <errno.h>
#include <string.h>

#include "fabrics/auth/key.h"
#include "fabrics/wire.h"

/* ---- bytes to fields; the head has been read ---- */

static void negotiate_in(struct fab_rd *rd, struct fab_auth_msg *m)
{
	uint8_t napd;

	m->sc_c = fab_rd_u8(rd);
	napd = fab_rd_u8(rd);
	rd->err |= napd == 0;
	for (uint8_t i = 0; i < napd; i++) {
		const struct nvmf_auth_descriptor *d = fab_rd_bytes(rd, sizeof(*d));

		if (!d || d->authid != NVMF_AUTH_DHCHAP || m->dhchap)
			continue;
		m->dhchap = true;
		m->nr_hashes = d->halen;
		m->nr_groups = d->dhlen;
		m->hashes = d->hashes;
		m->groups = d->groups;
		rd->err |= d->halen > NVMF_AUTH_IDS || d->dhlen > NVMF_AUTH_IDS;
	}
}

static uint8_t hl_in(struct fab_rd *rd)
{
	uint8_t hl = fab_rd_u8(rd);

	fab_rd_skip(rd, 1);
	return hl;
}

static void challenge_in(struct fab_rd *rd, struct fab_auth_msg *m)
{
	m->hl = hl_in(rd);
	m->hash = fab_rd_u8(rd);
	m->group = fab_rd_u8(rd);
	m->dhvlen = fab_rd_le16(rd);
	m->seqnum = fab_rd_le32(rd);
	m->c = fab_rd_bytes(rd, m->hl);
	m->dhv = fab_rd_bytes(rd, m->dhvlen);
}

static void reply_in(struct fab_rd *rd, struct fab_auth_msg *m)
{
	m->hl = hl_in(rd);
	m->valid = fab_rd_u8(rd) & 1;
	fab_rd_skip(rd, 1);
	m->dhvlen = fab_rd_le16(rd);
	m->seqnum = fab_rd_le32(rd);
	m->r = fab_rd_bytes(rd, m->hl);
	m->c = fab_rd_bytes(rd, m->hl);
	m->dhv = fab_rd_bytes(rd, m->dhvlen);
}

static void success1_in(struct fab_rd *rd, struct fab_auth_msg *m)
{
	m->hl = hl_in(rd);
	m->valid = fab_rd_u8(rd) & 1;
	fab_rd_skip(rd, 7);
	m->r = fab_rd_bytes(rd, m->hl);
}

static void success2_in(struct fab_rd *rd, struct fab_auth_msg *m)
{
	(void)m;
	fab_rd_skip(rd, 10);
}

static void failure_in(struct fab_rd *rd, struct fab_auth_msg *m)
{
	m->rcode = fab_rd_u8(rd);
	m->why = fab_rd_u8(rd);
}

/* ---- fields to bytes ---- */

static void negotiate_out(struct fab_wr *wr, const struct fab_auth_msg *m)
{
	struct nvmf_auth_descriptor d = { .authid = NVMF_AUTH_DHCHAP };

	d.halen = m->nr_hashes;
	d.dhlen = m->nr_groups;
	memcpy(d.hashes, m->hashes, m->nr_hashes);
	memcpy(d.groups, m->groups, m->nr_groups);
	fab_wr_u8(wr, m->sc_c);
	fab_wr_u8(wr, 1);
	fab_wr_bytes(wr, &d, sizeof(d));
}

static void or_zeroes(struct fab_wr *wr, const uint8_t *bytes, uint8_t len)
{
	static const uint8_t zeroes[UINT8_MAX];

	fab_wr_bytes(wr, bytes ? bytes : zeroes, len);
}

static void dhv_out(struct fab_wr *wr, const struct fab_auth_msg *m)
{
	if (m->dhvlen)
		fab_wr_bytes(wr, m->dhv, m->dhvlen);
}

static void challenge_out(struct fab_wr *wr, const struct fab_auth_msg *m)
{
	fab_wr_le16(wr, m->hl);
	fab_wr_u8(wr, m->hash);
	fab_wr_u8(wr, m->group);
	fab_wr_le16(wr, m->dhvlen);
	fab_wr_le32(wr, m->seqnum);
	or_zeroes(wr, m->c, m->hl);
	dhv_out(wr, m);
}

static void reply_out(struct fab_wr *wr, const struct fab_auth_msg *m)
{
	fab_wr_le16(wr, m->hl);
	fab_wr_le16(wr, m->valid);
	fab_wr_le16(wr, m->dhvlen);
	fab_wr_le32(wr, m->seqnum);
	or_zeroes(wr, m->r, m->hl);
	or_zeroes(wr, m->c, m->hl);
	dhv_out(wr, m);
}

static void success1_out(struct fab_wr *wr, const struct fab_auth_msg *m)
{
	fab_wr_le16(wr, m->hl);
	fab_wr_le64(wr, m->valid);
	or_zeroes(wr, m->valid ? m->r : NULL, m->hl);
}

static void success2_out(struct fab_wr *wr, const struct fab_auth_msg *m)
{
	(void)m;
	or_zeroes(wr, NULL, 10);
}

static void failure_out(struct fab_wr *wr, const struct fab_auth_msg *m)
{
	fab_wr_u8(wr, m->rcode);
	fab_wr_u8(wr, m->why);
}

static const struct form {
	uint8_t type, id;
	void (*in)(struct fab_rd *rd, struct fab_auth_msg *m);
	void (*out)(struct fab_wr *wr, const struct fab_auth_msg *m);
} forms[] = {
	{ NVMF_AUTH_COMMON, NVMF_AUTH_NEGOTIATE, negotiate_in, negotiate_out },
	{ NVMF_AUTH_DHCHAP, NVMF_DHCHAP_CHALLENGE, challenge_in, challenge_out },
	{ NVMF_AUTH_DHCHAP, NVMF_DHCHAP_REPLY, reply_in, reply_out },
	{ NVMF_AUTH_DHCHAP, NVMF_DHCHAP_SUCCESS1, success1_in, success1_out },
	{ NVMF_AUTH_DHCHAP, NVMF_DHCHAP_SUCCESS2, success2_in, success2_out },
	{ NVMF_AUTH_COMMON, NVMF_AUTH_FAILURE2, failure_in, failure_out },
	{ NVMF_AUTH_COMMON, NVMF_AUTH_FAILURE1, failure_in, failure_out },
};

static const struct form *form_of(uint8_t id)
{
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++)
		if (forms[i].id == id)
			return &forms[i];
	return NULL;
}

int fab_auth_decode(const void *buf, uint32_t len, struct fab_auth_msg *ret)
{
	struct fab_rd rd = fab_rd_init(buf, len);
	uint8_t type = fab_rd_u8(&rd);
	const struct form *form;

	memset(ret, 0, sizeof(*ret));
	ret->id = fab_rd_u8(&rd);
	fab_rd_skip(&rd, 2);
	ret->t_id = fab_rd_le16(&rd);
	form = form_of(ret->id);
	if (rd.err || !form || form->type != type)
		return -EPROTO;
	form->in(&rd, ret);
	return rd.err ? -EINVAL : 0;
}

uint32_t fab_auth_encode(const struct fab_auth_msg *msg, void *buf, uint32_t cap)
{
	const struct form *form = form_of(msg->id);
	struct fab_wr wr = fab_wr_init(buf, cap);

	fab_wr_u8(&wr, form->type);
	fab_wr_u8(&wr, msg->id);
	fab_wr_le16(&wr, 0);
	fab_wr_le16(&wr, msg->t_id);
	form->out(&wr, msg);
	return wr.err ? 0 : cap - (uint32_t)wr.left;
}
