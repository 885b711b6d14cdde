/* SPDX-License-Identifier: Apache-2.0 */
/* tests/unit/cli/test_plot.c - what is drawn is well-formed, and text stays text. */
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/bench.h"
#include "cli/plot.h"
#include "tests/unit/unit.h"

/* What draw() wrote; free() it. */
static char *drawn(void (*draw)(FILE *out))
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	draw(out);
	fclose(out);
	return text;
}

static void draw_text(FILE *out)
{
	cli_svg_begin(out, 100, 50, "<&>");
	cli_svg_text(out, (struct cli_svg_point){ 1, 2 }, 12, CLI_SVG_END,
		     "</text><script>\"a\" & b\n");
	cli_svg_end(out);
}

static void test_text_is_never_markup(void **state)
{
	char *svg = drawn(draw_text);

	(void)state;
	assert_null(strstr(svg, "<script>"));
	assert_non_null(strstr(svg, "<title>&lt;&amp;&gt;</title>"));
	assert_non_null(strstr(svg, ">&lt;/text&gt;&lt;script&gt;\"a\" &amp; b </text>"));
	assert_non_null(strstr(svg, "text-anchor=\"end\""));
	free(svg);
}

static void draw_line(FILE *out)
{
	const struct cli_svg_point points[] = { { 0, 1 }, { 2.5, 3 }, { 4, 5.25 } };

	cli_svg_line(out, points, 3, "#123456", 2);
}

static void test_a_line_has_all_its_points(void **state)
{
	char *svg = drawn(draw_line);

	(void)state;
	assert_string_equal(svg, "<polyline fill=\"none\" stroke=\"#123456\" stroke-width=\"2.0\" "
				 "points=\"0.0,1.0 2.5,3.0 4.0,5.2\"/>\n");
	free(svg);
}

/* One that ran and one that failed before its first command: no NaN, no curve for the second. */
static void test_a_plot_of_results(void **state)
{
	static struct cli_bench_result ran, failed;
	const struct cli_bench_setup setup = { .nr_clients = 1, .nr_queues = 1 };
	const struct cli_bench_load load = { .qd = 1, .bytes = 4096, .name = "1 4096 read" };
	struct json_object *rows = json_object_new_array();
	char path[] = "/tmp/test-plot-XXXXXX", svg[32768];
	int fd = mkstemp(path);
	size_t len;
	FILE *in;

	(void)state;
	assert_true(fd >= 0);
	for (uint64_t i = 1; i <= 1000; i++)
		cmn_histogram_add(&ran.latency, i * 1000);
	ran.commands = 1000;
	ran.bytes = 1000 * 4096;
	ran.took_ns = 1000000000;
	json_object_array_add(rows, cli_bench_row(&setup, &load, &ran, NULL));
	json_object_array_add(rows, cli_bench_row(&setup, &load, &failed, "it was <gone>"));
	assert_int_equal(cli_bench_plot(path, "a plot", rows), 0);
	in = fdopen(fd, "r");
	len = fread(svg, 1, sizeof(svg) - 1, in);
	svg[len] = 0;
	fclose(in);
	unlink(path);
	json_object_put(rows);
	assert_non_null(strstr(svg, "1000 IOPS, 4 MiB/s"));
	assert_non_null(strstr(svg, "99.9 %"));
	assert_null(strstr(svg, "nan"));
	assert_null(strstr(svg, "inf"));
	assert_string_equal(svg + len - 7, "</svg>\n");
}

static void test_rows_tell_rates_and_quantiles(void **state)
{
	static struct cli_bench_result r;
	const struct cli_bench_setup setup = { .nr_clients = 2, .nr_queues = 3 };
	const struct cli_bench_load load = {
		.qd = 4, .bytes = 512, .read_percent = 100, .name = "x"
	};
	struct json_object *row;

	(void)state;
	for (int i = 0; i < 2000; i++)
		cmn_histogram_add(&r.latency, 50);
	r.commands = 2000;
	r.bytes = 2000 * 512;
	r.took_ns = 500000000;
	r.client_cpu_ns = 3000000;
	r.target_cpu_ns = 4000000;
	r.has_target_cpu = true;
	row = cli_bench_row(&setup, &load, &r, NULL);
	assert_string_equal(cli_member_text(row, "iops"), "4000");
	assert_string_equal(cli_member_text(row, "queues"), "6");
	assert_string_equal(cli_member_text(row, "client_cpu_us"), "1.500");
	assert_string_equal(cli_member_text(row, "target_cpu_us"), "2.000");
	assert_string_equal(cli_member_text(row, "latency_us.p99_9"), "0.1");
	assert_string_equal(cli_member_text(row, "result"), "ok");
	assert_null(cli_member(row, "verified"));
	json_object_put(row);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text_is_never_markup),
		cmocka_unit_test(test_a_line_has_all_its_points),
		cmocka_unit_test(test_a_plot_of_results),
		cmocka_unit_test(test_rows_tell_rates_and_quantiles),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
