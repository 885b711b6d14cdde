/* SPDX-License-Identifier: Apache-2.0 */
/* tests/unit/fabrics/auth/test_exchange.c - DH-HMAC-CHAP between our two ends, and against what another implementation computed. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "fabrics/auth/dh.h"
#include "fabrics/auth/initiator.h"
#include "fabrics/auth/msg.h"
#include "fabrics/auth/target.h"
#include "tests/unit/unit.h"

#define HOST "nqn.2014-08.org.nvmexpress:uuid:5d31d1b5-4a3c-4f7e-9f0e-1a2b3c4d5e6f"
#define SUBSYS "nqn.2026-11.io.pharos:disk1"
#define T_ID 0x1234

/* Bytes that count up, so that another program can make the same. */
static int count_up(void *arg, void *buf, size_t len)
{
	unsigned int *next = arg;
	uint8_t *p = buf;

	for (size_t i = 0; i < len; i++)
		p[i] = (uint8_t)((*next)++ % 251);
	return 0;
}

static struct fab_auth_key key_of(uint8_t hash, uint8_t len, uint8_t first)
{
	struct fab_auth_key key = { .hash = hash, .len = len };

	for (uint8_t i = 0; i < len; i++)
		key.bytes[i] = (uint8_t)(first + i);
	return key;
}

struct ends {
	struct fab_auth *target;
	struct fab_auth_init *host;
	unsigned int target_next, host_next;
	uint8_t msg[FAB_AUTH_MSG_MAX]; /* the last one */
	uint32_t len;
	char trace[32]; /* the ids of all messages */
};

static struct fab_auth_params target_params(void)
{
	return (struct fab_auth_params){
		.policy = { .key = key_of(1, 32, 1), .ctrl_key = key_of(3, 64, 33) },
		.hostnqn = HOST,
		.subnqn = SUBSYS,
	};
}

static struct fab_auth_init_params host_params(void)
{
	return (struct fab_auth_init_params){
		.key = key_of(1, 32, 1),
		.ctrl_key = key_of(3, 64, 33),
		.hostnqn = HOST,
		.subnqn = SUBSYS,
		.t_id = T_ID,
	};
}

static void begin(struct ends *e, struct fab_auth_params t, struct fab_auth_init_params h)
{
	*e = (struct ends){ .target_next = 7, .host_next = 101 };
	t.random = (struct fab_auth_random){ count_up, &e->target_next };
	h.random = (struct fab_auth_random){ count_up, &e->host_next };
	e->target = fab_auth_create(&t);
	e->host = fab_auth_init_create(&h);
	assert_non_null(e->target);
	assert_non_null(e->host);
}

static void end(struct ends *e)
{
	fab_auth_destroy(e->target);
	fab_auth_init_destroy(e->host);
}

/* One message passes; false: the host wants no further one. */
static bool pass(struct ends *e)
{
	switch (fab_auth_init_step(e->host)) {
	case FAB_AUTH_STEP_SEND:
		e->len = fab_auth_init_put(e->host, e->msg);
		assert_true(e->len);
		if (fab_auth_put(e->target, e->msg, e->len))
			fab_auth_work(e->target);
		break;
	case FAB_AUTH_STEP_RECEIVE:
		e->len = fab_auth_get(e->target, e->msg, sizeof(e->msg));
		assert_true(e->len);
		fab_auth_init_got(e->host, e->msg, e->len);
		break;
	default:
		return false;
	}
	snprintf(e->trace + strlen(e->trace), sizeof(e->trace) - strlen(e->trace), "%02x ",
		 e->msg[1]);
	return true;
}

static void run(struct ends *e)
{
	while (pass(e))
		;
}

static void only(struct fab_auth_algs *algs, uint8_t hash, uint8_t group)
{
	*algs = (struct fab_auth_algs){
		.nr_hashes = 1, .nr_groups = 1, .hashes = { hash }, .groups = { group }
	};
}

static void assert_hex(const uint8_t *bytes, const char *want)
{
	char hex[2 * FAB_AUTH_HASH_MAX + 1];

	for (size_t i = 0; i < strlen(want) / 2; i++)
		snprintf(hex + 2 * i, 3, "%02x", bytes[i]);
	assert_string_equal(hex, want);
}

/* Made with Python's hashlib, and primes from the formula of RFC 7919. */
static const struct {
	uint8_t hash, group;
	const char *r1, *r2;
} known[] = {
	{ 1, 0, "bf983c480b1a856f102bfb3e48400ed9c9b2ebf9befd608b75f01d913418eff7",
	  "4dc2de0bf7e111bf925be7be1dcefe7ea37b34cb4d011939543b343776b369ad" },
	{ 1, 1, "51b84c6d2cfc337a40c1b9920ea1f628ca9c2dda4951004784b6445c04593f67",
	  "ed14fb36aa2f179aee94e0dd748a081125e7532b00446ef7684f6982122607cc" },
	{ 2, 0,
	  "a648f6355ee56f8ed487673c908c8165ef70fbd210f66914f8eab61189a6b908"
	  "4b3966fca4aee42d907aa6b823825059",
	  "baa2ac896b317511a2af6e67b453ef92eb6a6406165ff1b510f78e1b166f13d7"
	  "87e5d27fd9f71380331b45aa315b43ff" },
	{ 2, 1,
	  "4c93e61cb62771d55a781c083075a1fe3d7c8251aa9927493dbeeac76dce7139"
	  "687137dd746236addacacfadbf3922c9",
	  "1a41cc0f903cc395f701ff2cc8e355167a0160fdb40f60d59286119bd02d6547"
	  "332c8f22e8e44708a1d95b603612e0de" },
	{ 3, 0,
	  "8a077dfc65693f3acfadf8b03c31e9f6d3ceba84ca25a2e5aa6b80640c489de8"
	  "476ea2e2336ab1639a87e5789115ecf6c400c1a2ad68e3713ecba35584b86610",
	  "c4ab8d271105375762478df3156da34a92a92cad188e13d65232c0c93dc9f3ae"
	  "9996e79471d053ed354497e152d38d8dd2ff81ac6b024c021234d6ae7efbf442" },
	{ 3, 1,
	  "ef57ebc6cd108eb810ec01c0a0227614feb5e570b6f9602316553358492424ef"
	  "1ee1fcf6df8b00d7d4ed09219eb723072f47a7cabf932557f1667de7d16a83e9",
	  "f825e7ba6f513fff4b01a83e787f9fa1ab7b027b08d3564fa79992b80976a7f1"
	  "dd3a41ba23e1e885b17956d7013dff6e5d0537479eaeb41a5fd3a2d26ed843b6" },
	{ 1, 2, "978a728ffc4dd15d1170e35085013afd3e3a915e684e6e9eaf428c39b93535d5",
	  "9bdd6c8bfe8655c1c60bb1f9af91297e3351e2deec5785bfcfbaa0d1162ea1f8" },
	{ 2, 3,
	  "abf8daea8072083fa43969a923e61ba037939d65ae181e3d937c8ec7fa989bcd"
	  "aa54b48bc11e180c167cc86afee7da5d",
	  "5eddf1c5a8ecdc98f4c5d9ab63a0114500d98ebda3f6fe9a9c83b1adbd435ffe"
	  "a302dffb1538579cd95488373c11f706" },
	{ 3, 4,
	  "6f1f88430d6da0778894a2a060d7dded699ebf581e4eeaab02dad6c30d5abeb3"
	  "87294f6caeeec271d77c0bc2d965f9e2b94c745bc0bc6166c420dd885a7083f2",
	  "5aec137c93405d27120a7fe7881d403e3c23bda9ca207da9f1f0bbc44f9868a8"
	  "b10d70ab51f66a3a21570d2e6b986f4ab120e8393aa36d38c751e0138a29e31e" },
	{ 3, 5,
	  "1131d6b18d1c3bec4179d06de3146551ca5f200de34cec1ce2c57d947c6b67c3"
	  "535245bbf9cdd6907f4f4f1cbd7538471817761bba46c220620371fd88fd2e06",
	  "e5910402aa0f38ee2f8cb215a753de56125a3d513e11a705363eafd3af65c901"
	  "a32f443ae51c82e3591376099be9a9c0032533333e2733c372db878b976310ab" },
};

static void test_responses_are_those_of_another_implementation(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		struct fab_auth_params t = target_params();
		struct fab_auth_init_params h = host_params();
		struct ends e;

		only(&t.policy.algs, known[i].hash, known[i].group);
		begin(&e, t, h);
		for (unsigned int m = 0; m < 3; m++)
			assert_true(pass(&e));
		assert_int_equal(e.len, 16 + 2 * fab_auth_hash_len(known[i].hash) +
						fab_dh_len(known[i].group));
		assert_hex(e.msg + 16, known[i].r1);
		assert_true(pass(&e));
		assert_int_equal(e.len, 16 + fab_auth_hash_len(known[i].hash));
		assert_hex(e.msg + 16, known[i].r2);
		run(&e);
		assert_string_equal(e.trace, "00 01 02 03 04 ");
		assert_int_equal(fab_auth_state(e.target), FAB_AUTH_DONE);
		assert_int_equal(fab_auth_init_step(e.host), FAB_AUTH_STEP_OK);
		assert_true(fab_auth_mutual(e.target));
		end(&e);
	}
}

static void test_messages_have_their_bytes(void **state)
{
	static const uint8_t negotiate[] = { 0, 0, 0, 0, 0x34, 0x12, 0, 1, 1, 0, 3, 6, 3, 2, 1 };
	static const uint8_t challenge[] = { 1, 1, 0,  0,  0x34, 0x12, 32, 0, 1, 0,
					     0, 0, 39, 40, 41,	 42,   7,  8, 9 };
	static const uint8_t reply[] = { 1, 2, 0, 0, 0x34, 0x12, 32, 0, 0, 0, 0, 0, 0, 0, 0, 0 };
	static const uint8_t success1[] = { 1, 3, 0, 0, 0x34, 0x12, 32, 0, 0, 0, 0, 0, 0, 0, 0, 0 };
	struct fab_auth_params t = target_params();
	struct fab_auth_init_params h = host_params();
	struct ends e;

	(void)state;
	only(&t.policy.algs, NVMF_HASH_SHA256, NVMF_DH_NULL);
	h.ctrl_key.len = 0;
	begin(&e, t, h);
	assert_true(pass(&e));
	assert_int_equal(e.len, 72);
	assert_memory_equal(e.msg, negotiate, sizeof(negotiate));
	assert_memory_equal(e.msg + 42, "\1\2\3\4\5\0", 6);
	assert_true(pass(&e));
	assert_int_equal(e.len, 48);
	assert_memory_equal(e.msg, challenge, sizeof(challenge));
	assert_true(pass(&e));
	assert_int_equal(e.len, 80);
	assert_memory_equal(e.msg, reply, sizeof(reply));
	assert_true(pass(&e));
	assert_int_equal(e.len, 48);
	assert_memory_equal(e.msg, success1, sizeof(success1));
	assert_false(pass(&e));
	assert_false(fab_auth_mutual(e.target));
	assert_int_equal(fab_auth_state(e.target), FAB_AUTH_DONE);
	end(&e);
}

/* How it ended in the eyes of both. */
static void assert_failed(struct ends *e, const char *trace, uint8_t why, bool by_host)
{
	bool host = false;

	assert_string_equal(e->trace, trace);
	assert_int_equal(fab_auth_init_step(e->host), FAB_AUTH_STEP_FAILED);
	assert_int_equal(fab_auth_state(e->target), FAB_AUTH_FAILED);
	assert_int_equal(fab_auth_failure(e->target, &host), why);
	assert_int_equal(host, by_host);
	if (!by_host) { /* AUTH_Failure1 was the last */
		assert_int_equal(e->len, 8);
		assert_int_equal(e->msg[0], 0);
		assert_int_equal(e->msg[4] | e->msg[5] << 8, T_ID);
		assert_int_equal(e->msg[6], NVMF_AUTH_RCODE);
		assert_int_equal(e->msg[7], why);
	}
	end(e);
}

static void test_a_wrong_key_fails_with_every_group(void **state)
{
	(void)state;
	for (uint8_t group = NVMF_DH_NULL; group <= NVMF_DH_2048; group++) {
		struct fab_auth_params t = target_params();
		struct fab_auth_init_params h = host_params();
		struct ends e;

		only(&t.policy.algs, NVMF_HASH_SHA256, group);
		h.key.bytes[31] ^= 1;
		begin(&e, t, h);
		run(&e);
		assert_failed(&e, "00 01 02 f1 ", NVMF_AUTH_WHY_FAILED, false);
	}
}

static void test_a_key_belongs_to_one_host_and_one_subsystem(void **state)
{
	struct fab_auth_init_params h = host_params();
	struct ends e;

	(void)state;
	h.hostnqn = "nqn.2026-11.io.pharos:other";
	begin(&e, target_params(), h);
	run(&e);
	assert_failed(&e, "00 01 02 f1 ", NVMF_AUTH_WHY_FAILED, false);
	h = host_params();
	h.subnqn = "nqn.2026-11.io.pharos:disk2";
	begin(&e, target_params(), h);
	run(&e);
	assert_failed(&e, "00 01 02 f1 ", NVMF_AUTH_WHY_FAILED, false);
}

static void test_a_controller_with_a_wrong_key_is_left(void **state)
{
	struct fab_auth_params t = target_params();
	struct ends e;

	(void)state;
	t.policy.ctrl_key.bytes[0] ^= 0x80;
	begin(&e, t, host_params());
	run(&e);
	assert_failed(&e, "00 01 02 03 f0 ", NVMF_AUTH_WHY_FAILED, true);
}

static void test_a_controller_without_a_key_cant_authenticate(void **state)
{
	struct fab_auth_params t = target_params();
	struct ends e;

	(void)state;
	t.policy.ctrl_key.len = 0;
	begin(&e, t, host_params());
	run(&e);
	assert_failed(&e, "00 01 02 f1 ", NVMF_AUTH_WHY_FAILED, false);
}

static void test_only_what_is_allowed_is_chosen(void **state)
{
	struct fab_auth_params t = target_params();
	struct fab_auth_init_params h = host_params();
	struct ends e;

	(void)state;
	t.policy.algs = (struct fab_auth_algs){ .nr_hashes = 1,
						.nr_groups = 2,
						.hashes = { NVMF_HASH_SHA384 },
						.groups = { NVMF_DH_8192, NVMF_DH_NULL } };
	h.algs = (struct fab_auth_algs){ .nr_hashes = 2,
					 .nr_groups = 2,
					 .hashes = { NVMF_HASH_SHA256, NVMF_HASH_SHA384 },
					 .groups = { NVMF_DH_2048, NVMF_DH_NULL } };
	begin(&e, t, h);
	run(&e);
	assert_int_equal(fab_auth_init_step(e.host), FAB_AUTH_STEP_OK);
	assert_int_equal(fab_auth_hash(e.target), NVMF_HASH_SHA384);
	assert_int_equal(fab_auth_group(e.target), NVMF_DH_NULL);
	assert_int_equal(fab_auth_init_hash(e.host), NVMF_HASH_SHA384);
	assert_int_equal(fab_auth_init_group(e.host), NVMF_DH_NULL);
	end(&e);
	t.policy.algs.hashes[0] = NVMF_HASH_SHA512;
	begin(&e, t, h);
	run(&e);
	assert_failed(&e, "00 f1 ", NVMF_AUTH_WHY_HASH, false);
	t.policy.algs.hashes[0] = NVMF_HASH_SHA256;
	t.policy.algs.nr_groups = 1;
	begin(&e, t, h);
	run(&e);
	assert_failed(&e, "00 f1 ", NVMF_AUTH_WHY_GROUP, false);
}

/* What a host sends is changed at one byte on its way: message nr (0: Negotiate, 2: Reply). */
static void spoil(unsigned int nr, unsigned int at, uint8_t to, uint8_t why)
{
	struct fab_auth_params t = target_params();
	struct ends e;
	bool by_host;

	only(&t.policy.algs, NVMF_HASH_SHA256, NVMF_DH_2048);
	begin(&e, t, host_params());
	for (unsigned int i = 0; i < nr; i++)
		assert_true(pass(&e));
	e.len = fab_auth_init_put(e.host, e.msg);
	e.msg[at] = to;
	if (fab_auth_put(e.target, e.msg, e.len))
		fab_auth_work(e.target);
	assert_int_equal(fab_auth_state(e.target), FAB_AUTH_FAILURE1);
	assert_int_equal(fab_auth_failure(e.target, &by_host), why);
	assert_int_equal(fab_auth_get(e.target, e.msg, 7),
			 0); /* too little room: it stays to be fetched */
	assert_int_equal(fab_auth_state(e.target), FAB_AUTH_FAILURE1);
	assert_int_equal(fab_auth_get(e.target, e.msg, 8), 8);
	assert_int_equal(e.msg[1], NVMF_AUTH_FAILURE1);
	assert_int_equal(e.msg[7], why);
	assert_int_equal(fab_auth_state(e.target), FAB_AUTH_FAILED);
	end(&e);
}

static void test_failures_have_their_reasons(void **state)
{
	(void)state;
	spoil(0, 0, 1, NVMF_AUTH_WHY_MESSAGE); /* AUTH_TYPE */
	spoil(0, 1, 2, NVMF_AUTH_WHY_MESSAGE); /* AUTH_ID */
	spoil(0, 6, 1, NVMF_AUTH_WHY_SCC);
	spoil(0, 7, 0, NVMF_AUTH_WHY_PAYLOAD); /* no protocol descriptor */
	spoil(0, 7, 2, NVMF_AUTH_WHY_PAYLOAD); /* one more than there is */
	spoil(0, 8, 2, NVMF_AUTH_WHY_PROTOCOL);
	spoil(0, 10, 0, NVMF_AUTH_WHY_HASH);
	spoil(0, 10, 31, NVMF_AUTH_WHY_PAYLOAD);
	spoil(0, 11, 0, NVMF_AUTH_WHY_GROUP);
	spoil(2, 1, 0, NVMF_AUTH_WHY_MESSAGE); /* a second Negotiate */
	spoil(2, 1, NVMF_DHCHAP_SUCCESS2, NVMF_AUTH_WHY_MESSAGE);
	spoil(2, 4, 0x35, NVMF_AUTH_WHY_PAYLOAD); /* T_ID */
	spoil(2, 6, 48, NVMF_AUTH_WHY_PAYLOAD); /* HL */
	spoil(2, 11, 0, NVMF_AUTH_WHY_PAYLOAD); /* DHVLEN */
	spoil(2, 16, 0, NVMF_AUTH_WHY_FAILED); /* R1 */
	spoil(2, 200, 0x55, NVMF_AUTH_WHY_FAILED); /* the DH value */
}

/* Both ends refuse values that would make a key that anybody knows. */
static void test_degenerate_dh_values_are_refused(void **state)
{
	static const uint8_t exponent[32] = { 9 };
	uint8_t value[256] = { 0 }, ret[256];
	struct fab_auth_params t = target_params();
	struct ends e;
	bool by_host;

	(void)state;
	for (uint8_t base = 0; base < 2; base++) {
		value[255] = base;
		assert_int_equal(fab_dh_power(NVMF_DH_2048, value, exponent, ret), -EINVAL);
	}
	memset(value, 0xff, sizeof(value)); /* past the prime */
	assert_int_equal(fab_dh_power(NVMF_DH_2048, value, exponent, ret), -EINVAL);
	assert_int_equal(fab_dh_power(NVMF_DH_NULL, value, exponent, ret), -EINVAL);
	assert_int_equal(fab_dh_power(NVMF_DH_COUNT, value, exponent, ret), -EINVAL);

	only(&t.policy.algs, NVMF_HASH_SHA256, NVMF_DH_2048);
	begin(&e, t, host_params());
	assert_true(pass(&e) && pass(&e));
	e.len = fab_auth_init_put(e.host, e.msg);
	memset(e.msg + e.len - 256, 0xff, 256);
	assert_true(fab_auth_put(e.target, e.msg, e.len));
	fab_auth_work(e.target);
	assert_int_equal(fab_auth_failure(e.target, &by_host), NVMF_AUTH_WHY_PAYLOAD);
	end(&e);
	begin(&e, t, host_params());
	assert_true(pass(&e));
	e.len = fab_auth_get(e.target, e.msg, sizeof(e.msg));
	memset(e.msg + e.len - 256, 0, 256);
	fab_auth_init_got(e.host, e.msg, e.len);
	run(&e);
	assert_failed(&e, "00 f0 ", NVMF_AUTH_WHY_PAYLOAD, true);
}

/* The target's challenge sent back to it would have it answer for the host. */
static void test_a_reflected_challenge_is_refused(void **state)
{
	struct fab_auth_params t = target_params();
	uint8_t c1[32];
	struct ends e;
	bool by_host;

	(void)state;
	only(&t.policy.algs, NVMF_HASH_SHA256, NVMF_DH_NULL);
	begin(&e, t, host_params());
	assert_true(pass(&e) && pass(&e));
	memcpy(c1, e.msg + 16, 32);
	e.len = fab_auth_init_put(e.host, e.msg);
	memcpy(e.msg + 16 + 32, c1, 32);
	assert_false(fab_auth_put(e.target, e.msg, e.len));
	assert_int_equal(fab_auth_failure(e.target, &by_host), NVMF_AUTH_WHY_FAILED);
	end(&e);
}

static void test_messages_cut_short_fail_at_every_length(void **state)
{
	struct fab_auth_params t = target_params();

	(void)state;
	only(&t.policy.algs, NVMF_HASH_SHA384, NVMF_DH_NULL);
	for (unsigned int nr = 0; nr <= 4; nr += 2) {
		for (uint32_t len = 0;; len++) {
			struct ends e;

			begin(&e, t, host_params());
			for (unsigned int i = 0; i < nr; i++)
				assert_true(pass(&e));
			e.len = fab_auth_init_put(e.host, e.msg);
			if (len == e.len) {
				end(&e);
				break;
			}
			fab_auth_put(e.target, e.msg, len);
			assert_int_equal(fab_auth_state(e.target), FAB_AUTH_FAILURE1);
			end(&e);
		}
	}
}

static void test_a_host_may_authenticate_again(void **state)
{
	struct fab_auth_init_params h = host_params();
	struct ends e;

	(void)state;
	begin(&e, target_params(), h);
	run(&e);
	assert_int_equal(fab_auth_state(e.target), FAB_AUTH_DONE);
	fab_auth_init_destroy(e.host);
	h.t_id = 9;
	e.host = fab_auth_init_create(&h);
	run(&e);
	assert_string_equal(e.trace, "00 01 02 03 04 00 01 02 03 04 ");
	assert_int_equal(fab_auth_state(e.target), FAB_AUTH_DONE);
	fab_auth_init_destroy(e.host);
	h.t_id = T_ID;
	h.key.bytes[0] ^= 1;
	e.host = fab_auth_init_create(&h);
	e.trace[0] = '\0';
	run(&e);
	assert_failed(&e, "00 01 02 f1 ", NVMF_AUTH_WHY_FAILED, false);
}

static void test_a_host_that_fetches_out_of_turn_is_failed(void **state)
{
	struct ends e;

	(void)state;
	begin(&e, target_params(), host_params());
	assert_int_equal(fab_auth_get(e.target, e.msg, sizeof(e.msg)), 8);
	assert_int_equal(e.msg[7], NVMF_AUTH_WHY_MESSAGE);
	assert_int_equal(fab_auth_state(e.target), FAB_AUTH_FAILED);
	assert_false(fab_auth_put(e.target, e.msg, 8));
	assert_int_equal(fab_auth_state(e.target), FAB_AUTH_FAILED);
	end(&e);
}

static void test_names(void **state)
{
	(void)state;
	assert_int_equal(fab_auth_hash_by_name("sha384"), NVMF_HASH_SHA384);
	assert_int_equal(fab_auth_hash_by_name("md5"), -EINVAL);
	assert_int_equal(fab_auth_group_by_name("null"), NVMF_DH_NULL);
	assert_int_equal(fab_auth_group_by_name("ffdhe6144"), NVMF_DH_6144);
	assert_int_equal(fab_auth_group_by_name(""), -EINVAL);
	assert_null(fab_auth_hash_name(0));
	assert_null(fab_auth_group_name(NVMF_DH_COUNT));
	for (unsigned int s = 0; s < FAB_AUTH_STATE_COUNT; s++)
		assert_non_null(fab_auth_state_name(s));
	assert_string_equal(fab_auth_why(NVMF_AUTH_WHY_HASH), "hash function not usable");
	assert_non_null(fab_auth_why(99));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_responses_are_those_of_another_implementation),
		cmocka_unit_test(test_messages_have_their_bytes),
		cmocka_unit_test(test_a_wrong_key_fails_with_every_group),
		cmocka_unit_test(test_a_key_belongs_to_one_host_and_one_subsystem),
		cmocka_unit_test(test_a_controller_with_a_wrong_key_is_left),
		cmocka_unit_test(test_a_controller_without_a_key_cant_authenticate),
		cmocka_unit_test(test_only_what_is_allowed_is_chosen),
		cmocka_unit_test(test_failures_have_their_reasons),
		cmocka_unit_test(test_degenerate_dh_values_are_refused),
		cmocka_unit_test(test_a_reflected_challenge_is_refused),
		cmocka_unit_test(test_messages_cut_short_fail_at_every_length),
		cmocka_unit_test(test_a_host_may_authenticate_again),
		cmocka_unit_test(test_a_host_that_fetches_out_of_turn_is_failed),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
