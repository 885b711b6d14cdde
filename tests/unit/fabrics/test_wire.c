/* SPDX-License-Identifier: Apache-2.0 */
/* tests/unit/fabrics/test_wire.c - reader and writer never pass their end; windows cut the right bytes. */
#include "fabrics/wire.h"
#include "tests/unit/unit.h"

static void test_reader_yields_little_endian_values_in_order(void **state)
{
	const uint8_t bytes[] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15 };
	struct fab_rd rd = fab_rd_init(bytes, sizeof(bytes));

	(void)state;
	assert_int_equal(fab_rd_u8(&rd), 1);
	assert_int_equal(fab_rd_le16(&rd), 0x0302);
	assert_int_equal(fab_rd_le32(&rd), 0x07060504);
	assert_true(fab_rd_le64(&rd) == 0x0f0e0d0c0b0a0908ull);
	assert_false(rd.err);
	assert_int_equal(rd.left, 0);
}

static void test_reader_error_sticks(void **state)
{
	const uint8_t bytes[] = { 1, 2, 3 };
	struct fab_rd rd = fab_rd_init(bytes, sizeof(bytes));

	(void)state;
	assert_int_equal(fab_rd_le32(&rd), 0);
	assert_true(rd.err);
	assert_int_equal(fab_rd_u8(&rd), 0); /* though three bytes are left */
	assert_null(fab_rd_bytes(&rd, 1));
	fab_rd_skip(&rd, SIZE_MAX);
	assert_true(rd.err);
}

static void test_writer_never_passes_its_end(void **state)
{
	uint8_t buf[8] = { 0 };
	struct fab_wr wr = fab_wr_init(buf, 7);

	(void)state;
	fab_wr_u8(&wr, 0x11);
	fab_wr_le16(&wr, 0x2233);
	fab_wr_le32(&wr, 0x44556677);
	assert_false(wr.err);
	fab_wr_u8(&wr, 0xff);
	assert_true(wr.err);
	fab_wr_le64(&wr, 1);
	assert_memory_equal(buf, ((uint8_t[]){ 0x11, 0x33, 0x22, 0x77, 0x66, 0x55, 0x44, 0 }), 8);
}

static void test_window_keeps_exactly_its_part(void **state)
{
	uint8_t page[64], buf[64];

	(void)state;
	for (unsigned int i = 0; i < sizeof(page); i++)
		page[i] = i + 1;
	for (unsigned int off = 0; off <= 70; off++) {
		for (unsigned int len = 0; len <= 64; len++) {
			struct fab_win win = fab_win_init(buf, off, len);

			for (unsigned int at = 0; at < sizeof(page); at += 16)
				fab_win_put(&win, page + at, 16);
			assert_int_equal(win.pos, sizeof(page));
			for (unsigned int i = 0; i < len; i++)
				assert_int_equal(buf[i],
						 off + i < sizeof(page) ? page[off + i] : 0);
		}
	}
}

static void test_window_at_the_end_of_the_number_line_takes_nothing(void **state)
{
	uint8_t buf[16];
	struct fab_win win = fab_win_init(buf, UINT64_MAX - 3, sizeof(buf));

	(void)state;
	fab_win_put(&win, "0123456789abcdef", 16);
	for (unsigned int i = 0; i < sizeof(buf); i++)
		assert_int_equal(buf[i], 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reader_yields_little_endian_values_in_order),
		cmocka_unit_test(test_reader_error_sticks),
		cmocka_unit_test(test_writer_never_passes_its_end),
		cmocka_unit_test(test_window_keeps_exactly_its_part),
		cmocka_unit_test(test_window_at_the_end_of_the_number_line_takes_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
