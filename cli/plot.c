/* SPDX-License-Identifier: Apache-2.0 */
/* cli/plot.c - see plot.h.  Format: SVG 1.1. */
#include "cli/plot.h"

static void put_escaped(FILE *out, const char *text)
{
	for (; *text; text++) {
		if (*text == '<')
			fputs("&lt;", out);
		else if (*text == '>')
			fputs("&gt;", out);
		else if (*text == '&')
			fputs("&amp;", out);
		else if ((unsigned char)*text < ' ') /* not allowed in XML */
			fputc(' ', out);
		else
			fputc(*text, out);
	}
}

void cli_svg_begin(FILE *out, double width, double height, const char *title)
{
	fprintf(out,
		"<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %.0f %.0f\" "
		"width=\"%.0f\" "
		"height=\"%.0f\" font-family=\"sans-serif\">\n<title>",
		width, height, width, height);
	put_escaped(out, title);
	fputs("</title>\n<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n", out);
}

void cli_svg_end(FILE *out)
{
	fputs("</svg>\n", out);
}

void cli_svg_text(FILE *out, struct cli_svg_point at, double size, enum cli_svg_anchor anchor,
		  const char *text)
{
	static const char *const anchors[CLI_SVG_ANCHOR_COUNT] = { "start", "middle", "end" };

	fprintf(out, "<text x=\"%.1f\" y=\"%.1f\" font-size=\"%.0f\" text-anchor=\"%s\">", at.x,
		at.y, size, anchors[anchor]);
	put_escaped(out, text);
	fputs("</text>\n", out);
}

void cli_svg_rect(FILE *out, struct cli_svg_point at, double width, double height,
		  const char *color)
{
	fprintf(out, "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" fill=\"%s\"/>\n",
		at.x, at.y, width, height, color);
}

void cli_svg_line(FILE *out, const struct cli_svg_point *points, size_t nr, const char *color,
		  double width)
{
	fprintf(out, "<polyline fill=\"none\" stroke=\"%s\" stroke-width=\"%.1f\" points=\"", color,
		width);
	for (size_t i = 0; i < nr; i++)
		fprintf(out, "%s%.1f,%.1f", i ? " " : "", points[i].x, points[i].y);
	fputs("\"/>\n", out);
}
