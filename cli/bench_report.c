/* SPDX-License-Identifier: Apache-2.0 */
/* cli/bench_report.c - what `pharos bench` tells of a run: rows, and a picture of them.
 * Owns: nothing.  Thread: one.  May block: on the picture's file. */
#include "cli/bench.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "cli/plot.h"
#include "common/cleanup.h"
#include "common/clock.h"
#include "common/container.h"

const struct cli_column cli_bench_columns[] = {
	{ "WORKLOAD", "workload", CELL_TEXT, NULL },
	{ "IOPS", "iops", CELL_NUMBER, NULL },
	{ "MIB/S", "mib_per_s", CELL_NUMBER, NULL },
	{ "P50 US", "latency_us.p50", CELL_NUMBER, NULL },
	{ "P90", "latency_us.p90", CELL_NUMBER, NULL },
	{ "P99", "latency_us.p99", CELL_NUMBER, NULL },
	{ "P99.9", "latency_us.p99_9", CELL_NUMBER, NULL },
	{ "MAX", "latency_us.max", CELL_NUMBER, NULL },
	{ "CLIENT US/CMD", "client_cpu_us", CELL_NUMBER, NULL },
	{ "TARGET US/CMD", "target_cpu_us", CELL_NUMBER, NULL },
	{ "VERIFIED", "verified", CELL_SIZE, NULL },
	{ "RESULT", "result", CELL_STATE, NULL },
	{ "DETAIL", "detail", CELL_TEXT, NULL },
	{ NULL, NULL, 0, NULL },
};

/* ---- rows ---- */

static struct json_object *rounded(double value, int decimals)
{
	char text[40];

	snprintf(text, sizeof(text), "%.*f", decimals, value);
	return json_object_new_double_s(value, text);
}

static struct json_object *latency_us(const struct cmn_histogram *h)
{
	static const struct {
		const char *name;
		double share;
	} quantiles[] = { { "p50", 0.5 }, { "p90", 0.9 }, { "p99", 0.99 }, { "p99_9", 0.999 } };
	struct json_object *json = json_object_new_object();

	json_object_object_add(json, "min", rounded((double)h->min / 1e3, 1));
	json_object_object_add(json, "mean", rounded(cmn_histogram_mean(h) / 1e3, 1));
	for (size_t i = 0; i < ARRAY_SIZE(quantiles); i++)
		json_object_object_add(
			json, quantiles[i].name,
			rounded((double)cmn_histogram_quantile(h, quantiles[i].share) / 1e3, 1));
	json_object_object_add(json, "max", rounded((double)h->max / 1e3, 1));
	return json;
}

/* [share of the commands, microseconds that they took at most], at ever smaller distances from 1. */
static struct json_object *distribution(const struct cmn_histogram *h)
{
	struct json_object *list = json_object_new_array();

	for (double nines = 0; nines < 6.01 && h->count; nines += 0.1) {
		double share = 1 - pow(10, -nines);
		struct json_object *point = json_object_new_array();

		json_object_array_add(point, rounded(share, 7));
		json_object_array_add(point,
				      rounded((double)cmn_histogram_quantile(h, share) / 1e3, 1));
		json_object_array_add(list, point);
		if (pow(10, -nines) * (double)h->count < 1)
			break;
	}
	return list;
}

struct json_object *cli_bench_row(const struct cli_bench_setup *setup,
				  const struct cli_bench_load *load,
				  const struct cli_bench_result *r, const char *error)
{
	struct json_object *row = json_object_new_object();
	double s = (double)r->took_ns / (double)CMN_NS_PER_S, n = (double)r->commands;
	bool ran = r->commands && r->took_ns;

	json_object_object_add(row, "workload", json_object_new_string(load->name));
	json_object_object_add(row, "qd", json_object_new_int64(load->qd));
	json_object_object_add(row, "bytes", json_object_new_int64(load->bytes));
	json_object_object_add(row, "read_percent", json_object_new_int64(load->read_percent));
	json_object_object_add(row, "random", json_object_new_boolean(load->random));
	json_object_object_add(row, "queues",
			       json_object_new_int64(setup->nr_clients * setup->nr_queues));
	json_object_object_add(row, "seconds", rounded(s, 3));
	json_object_object_add(row, "commands", json_object_new_uint64(r->commands));
	json_object_object_add(row, "iops", ran ? rounded(n / s, 0) : NULL);
	json_object_object_add(row, "mib_per_s",
			       ran ? rounded((double)r->bytes / s / 1048576, 1) : NULL);
	json_object_object_add(row, "latency_us", ran ? latency_us(&r->latency) : NULL);
	json_object_object_add(row, "client_cpu_us",
			       ran ? rounded((double)r->client_cpu_ns / n / 1e3, 3) : NULL);
	json_object_object_add(row, "client_spun_us",
			       ran ? rounded((double)r->spun_ns / n / 1e3, 3) : NULL);
	json_object_object_add(
		row, "target_cpu_us",
		ran && r->has_target_cpu ? rounded((double)r->target_cpu_ns / n / 1e3, 3) : NULL);
	json_object_object_add(row, "verified",
			       setup->verify ? json_object_new_uint64(r->verified) : NULL);
	json_object_object_add(row, "result", json_object_new_string(error ? "failed" : "ok"));
	json_object_object_add(row, "detail", error ? json_object_new_string(error) : NULL);
	json_object_object_add(row, "distribution", distribution(&r->latency));
	return row;
}

/* ---- the picture ---- */

#define WIDTH 960.0
#define BAR 26.0
#define BARS_TOP 60.0
#define BARS_LEFT 200.0
#define CURVE_HEIGHT 320.0
#define CURVE_LEFT 80.0
#define CURVE_RIGHT (WIDTH - 40)
#define GREY "#d0d0d0"

static const char *const colors[] = { "#0072b2", "#d55e00", "#009e73", "#cc79a7",
				      "#e69f00", "#56b4e9", "#000000", "#8c564b" };

static const char *color_of(size_t row)
{
	return colors[row % ARRAY_SIZE(colors)];
}

static double number(struct json_object *row, const char *path)
{
	return json_object_get_double(cli_member(row, path));
}

static void draw_bars(FILE *out, struct json_object *rows)
{
	size_t nr = json_object_array_length(rows);
	double most = 1;
	char text[128];

	for (size_t i = 0; i < nr; i++)
		most = cmn_max(most, number(json_object_array_get_idx(rows, i), "iops"));
	for (size_t i = 0; i < nr; i++) {
		struct json_object *row = json_object_array_get_idx(rows, i);
		double width = 400 * number(row, "iops") / most, y = BARS_TOP + (double)i * BAR;
		struct json_object *target = cli_member(row, "target_cpu_us");
		int len = snprintf(text, sizeof(text), "%.0f IOPS, %.0f MiB/s", number(row, "iops"),
				   number(row, "mib_per_s"));

		if (target)
			snprintf(text + len, sizeof(text) - (size_t)len, ", target %.2f µs/cmd",
				 json_object_get_double(target));
		cli_svg_text(out, (struct cli_svg_point){ BARS_LEFT - 8, y + 16 }, 13, CLI_SVG_END,
			     cli_member_text(row, "workload"));
		cli_svg_rect(out, (struct cli_svg_point){ BARS_LEFT, y + 3 }, width, BAR - 6,
			     color_of(i));
		cli_svg_text(out, (struct cli_svg_point){ BARS_LEFT + width + 6, y + 16 }, 12,
			     CLI_SVG_START, text);
	}
}

/* Where the curves lie: x by the nines of the share, y by the logarithm of the microseconds. */
struct axes {
	double top, nines, low, high; /* low, high: powers of ten */
};

static struct cli_svg_point place(const struct axes *a, double nines, double us)
{
	double height = (log10(cmn_max(us, 0.1)) - a->low) / (a->high - a->low);

	return (struct cli_svg_point){
		.x = CURVE_LEFT + (CURVE_RIGHT - CURVE_LEFT) * cmn_min(nines / a->nines, 1.0),
		.y = a->top + CURVE_HEIGHT * (1 - height),
	};
}

static double log_us(struct json_object *row, const char *path)
{
	return log10(cmn_max(number(row, path), 0.1));
}

static struct axes axes_of(struct json_object *rows)
{
	struct axes a = { .nines = 4, .low = 6, .high = 0 };

	for (size_t i = 0; i < json_object_array_length(rows); i++) {
		struct json_object *row = json_object_array_get_idx(rows, i);

		if (!cli_member(row, "latency_us"))
			continue;
		a.low = cmn_min(a.low, floor(log_us(row, "latency_us.min")));
		a.high = cmn_max(a.high, ceil(log_us(row, "latency_us.max")));
	}
	a.low = cmn_min(a.low, a.high - 1);
	a.top = BARS_TOP + (double)json_object_array_length(rows) * BAR + 50;
	return a;
}

static void draw_axes(FILE *out, const struct axes *a)
{
	static const char *const shares[] = { "0", "90 %", "99 %", "99.9 %", "99.99 %" };
	struct cli_svg_point line[2];
	char text[32];

	for (size_t i = 0; i < ARRAY_SIZE(shares); i++) {
		line[0] = place(a, (double)i, pow(10, a->low));
		line[1] = place(a, (double)i, pow(10, a->high));
		cli_svg_line(out, line, 2, GREY, 1);
		line[0].y += 18;
		cli_svg_text(out, line[0], 12, CLI_SVG_MIDDLE, shares[i]);
	}
	for (double e = a->low; e <= a->high + 0.01; e++) {
		line[0] = place(a, 0, pow(10, e));
		line[1] = place(a, a->nines, pow(10, e));
		cli_svg_line(out, line, 2, GREY, 1);
		snprintf(text, sizeof(text), e < 3 ? "%g µs" : "%g ms",
			 e < 3 ? pow(10, e) : pow(10, e - 3));
		line[0].x -= 8;
		line[0].y += 4;
		cli_svg_text(out, line[0], 12, CLI_SVG_END, text);
	}
	cli_svg_text(out, (struct cli_svg_point){ WIDTH / 2, a->top + CURVE_HEIGHT + 40 }, 13,
		     CLI_SVG_MIDDLE, "latency that this share of the commands did not exceed");
}

static void draw_curve(FILE *out, const struct axes *a, struct json_object *row, const char *color)
{
	struct json_object *list = cli_member(row, "distribution");
	struct cli_svg_point points[64];
	size_t nr = cmn_min(json_object_array_length(list), ARRAY_SIZE(points));

	for (size_t i = 0; i < nr; i++) {
		struct json_object *point = json_object_array_get_idx(list, i);
		double us = json_object_get_double(json_object_array_get_idx(point, 1));

		points[i] = place(a, (double)i / 10, us);
		if ((double)i / 10 > a->nines) {
			nr = i;
			break;
		}
	}
	cli_svg_line(out, points, nr, color, 2);
}

int cli_bench_plot(const char *path, const char *title, struct json_object *rows)
{
	struct axes a = axes_of(rows);
	FILE *out = fopen(path, "w");
	bool bad;

	if (!out)
		return -errno;
	cli_svg_begin(out, WIDTH, a.top + CURVE_HEIGHT + 60, title);
	cli_svg_text(out, (struct cli_svg_point){ WIDTH / 2, 30 }, 16, CLI_SVG_MIDDLE, title);
	draw_bars(out, rows);
	draw_axes(out, &a);
	for (size_t i = 0; i < json_object_array_length(rows); i++)
		draw_curve(out, &a, json_object_array_get_idx(rows, i), color_of(i));
	cli_svg_end(out);
	bad = ferror(out);
	return fclose(out) != 0 || bad ? -EIO : 0;
}
