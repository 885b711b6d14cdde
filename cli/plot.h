/* SPDX-License-Identifier: Apache-2.0 */
/* cli/plot.h - pieces of a picture as SVG, written as they come.
 * Owns: nothing; the stream is the caller's.  Thread: one.  May block: on the stream. */
#ifndef CLI_PLOT_H
#define CLI_PLOT_H

#include <stdio.h>

enum cli_svg_anchor { CLI_SVG_START, CLI_SVG_MIDDLE, CLI_SVG_END, CLI_SVG_ANCHOR_COUNT };

struct cli_svg_point {
	double x, y;
};

/* The whole picture, white, titled for screen readers too. */
void cli_svg_begin(FILE *out, double width, double height, const char *title);
void cli_svg_end(FILE *out);
/* size in pixels; whatever text holds, it is shown and not interpreted */
void cli_svg_text(FILE *out, struct cli_svg_point at, double size, enum cli_svg_anchor anchor,
		  const char *text);
void cli_svg_rect(FILE *out, struct cli_svg_point at, double width, double height,
		  const char *color);
void cli_svg_line(FILE *out, const struct cli_svg_point *points, size_t nr, const char *color,
		  double width);

#endif
