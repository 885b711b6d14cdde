/* SPDX-License-Identifier: Apache-2.0 */
/* common/size.c - reads and writes sizes.  Thread: any.  May block: never. */
#include "common/size.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

static const char units[] = "KMGTPE";

/* *ret_shift: 0 for bytes, 10 for K, ...  Accepts "", "B", "K", "KB", "KiB" in either case. */
static int parse_unit(const char *text, unsigned int *ret_shift)
{
	const char *at;

	*ret_shift = 0;
	while (*text == ' ')
		text++;
	if (!*text || strcasecmp(text, "b") == 0)
		return 0;
	at = strchr(units, toupper((unsigned char)*text));
	if (!at)
		return -EINVAL;
	*ret_shift = 10 * (unsigned int)(at - units + 1);
	text++;
	if (*text && strcasecmp(text, "b") != 0 && strcasecmp(text, "ib") != 0)
		return -EINVAL;
	return 0;
}

/* Digits after the point as value/scale; at most nine, so that value << 60 can't lose bits of the result. */
static int parse_fraction(const char **text, uint64_t *ret_value, uint64_t *ret_scale)
{
	const char *p = *text;

	*ret_value = 0;
	*ret_scale = 1;
	if (*p != '.')
		return 0;
	if (!isdigit((unsigned char)*++p))
		return -EINVAL;
	for (; isdigit((unsigned char)*p); p++) {
		if (*ret_scale >= 1000000000)
			return -EINVAL;
		*ret_value = *ret_value * 10 + (uint64_t)(*p - '0');
		*ret_scale *= 10;
	}
	*text = p;
	return 0;
}

int cmn_size_parse(const char *text, uint64_t *ret_bytes)
{
	uint64_t whole = 0, frac, scale, bytes;
	unsigned int shift;
	unsigned __int128 part;

	if (!isdigit((unsigned char)*text))
		return -EINVAL;
	for (; isdigit((unsigned char)*text); text++) {
		if (__builtin_mul_overflow(whole, 10, &whole) ||
		    __builtin_add_overflow(whole, (uint64_t)(*text - '0'), &whole))
			return -ERANGE;
	}
	if (parse_fraction(&text, &frac, &scale) < 0 || parse_unit(text, &shift) < 0)
		return -EINVAL;
	if (whole > UINT64_MAX >> shift)
		return -ERANGE;
	part = (unsigned __int128)frac << shift;
	if (part % scale)
		return -EINVAL;
	if (__builtin_add_overflow(whole << shift, (uint64_t)(part / scale), &bytes))
		return -ERANGE;
	*ret_bytes = bytes;
	return 0;
}

char *cmn_size_format(uint64_t bytes, char *buf, size_t size)
{
	unsigned int unit = 0;
	unsigned int cents;

	while (unit < sizeof(units) - 1 && bytes >> (10 * (unit + 1)))
		unit++;
	if (unit == 0) {
		snprintf(buf, size, "%lluB", (unsigned long long)bytes);
		return buf;
	}
	cents = (unsigned int)((unsigned __int128)bytes * 100 >> (10 * unit)) % 100;
	if (cents == 0)
		snprintf(buf, size, "%llu%ciB", (unsigned long long)(bytes >> (10 * unit)),
			 units[unit - 1]);
	else
		snprintf(buf, size, "%llu.%02u%ciB", (unsigned long long)(bytes >> (10 * unit)),
			 cents, units[unit - 1]);
	/* "1.50" reads as "1.5" */
	if (cents && cents % 10 == 0) {
		char *zero = strchr(buf, '.');

		if (zero && strlen(zero) >= 3)
			memmove(zero + 2, zero + 3, strlen(zero + 3) + 1);
	}
	return buf;
}
