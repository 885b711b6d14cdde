/* SPDX-License-Identifier: Apache-2.0 */
/* api/metrics.c - a scrape: its memory, its sets, and how they are told: Prometheus' text format 0.0.4.
 * Thread: the control loop.  May block: never. */
#include "api/metrics.h"

#include "common/clock.h"
#include "common/container.h"
#include "api/server_impl.h"
#include "discoveryd/model/snapshot.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK_BYTES (64u * 1024)
#define TEXT_BYTES (64u * 1024)
#define SAMPLE_BYTES                                                                               \
	(32u * 1024) /* an item's samples are never longer: a histogram has a dozen lines */

static const uint64_t one = 1;

/* ---- memory ---- */

static void *alloc(struct api_scrape *scrape, size_t size)
{
	struct api_block *block = scrape->blocks;

	size = (size + 7) & ~(size_t)7;
	if (!block || block->size - block->used < size) {
		block = dsc_zalloc(sizeof(*block) + BLOCK_BYTES);
		block->size = BLOCK_BYTES;
		block->next = scrape->blocks;
		scrape->blocks = block;
	}
	block->used += size;
	return block->bytes + block->used - size;
}

uint64_t *api_scrape_values(struct api_scrape *scrape, size_t nr)
{
	return alloc(scrape, nr * sizeof(uint64_t));
}

const char *api_scrape_text(struct api_scrape *scrape, const struct api_labels *labels)
{
	char *text = alloc(scrape, labels->len + 1);

	memcpy(text, labels->text, labels->len);
	return text;
}

void api_scrape_add(struct api_scrape *scrape, enum api_set set, const char *labels,
		    const uint64_t *values)
{
	struct api_set_items *items = &scrape->sets[set];
	uint32_t max = api_set_limits[set].max;
	struct api_item *at;

	if (items->nr == (max ? max : API_SET_MAX)) {
		scrape->dropped[set]++;
		return;
	}
	if (items->nr == items->cap) {
		size_t cap = items->cap ? 2 * items->cap : 16;

		at = realloc(items->at, cap * sizeof(*at));
		if (!at) {
			scrape->dropped[set]++;
			return;
		}
		items->at = at;
		items->cap = cap;
	}
	items->at[items->nr++] = (struct api_item){ labels, values ? values : &one };
}

/* ---- labels ---- */

/* A label that doesn't fit is left out whole. */
void api_label(struct api_labels *labels, const char *name, const char *value)
{
	size_t at = labels->len, size = sizeof(labels->text) - 3; /* quote and NUL, and an escape */
	size_t len = strlen(name);

	if (at + len + 3 > size)
		return;
	if (at)
		labels->text[at++] = ',';
	memcpy(labels->text + at, name, len);
	at += len;
	labels->text[at++] = '=';
	labels->text[at++] = '"';
	for (; *value && at < size; value++) {
		if (*value == '"' || *value == '\\' || *value == '\n')
			labels->text[at++] = '\\';
		labels->text[at++] = *value == '\n' ? 'n' : *value;
	}
	if (*value)
		return;
	labels->text[at++] = '"';
	labels->len = at;
}

void api_label_u64(struct api_labels *labels, const char *name, uint64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "%" PRIu64, value);
	api_label(labels, name, text);
}

/* ---- telling ---- */

__attribute__((format(printf, 2, 3))) static void put(struct api_scrape *scrape, const char *fmt,
						      ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(scrape->text + scrape->text_len, TEXT_BYTES - scrape->text_len, fmt, ap);
	va_end(ap);
	if (n > 0 && (size_t)n < TEXT_BYTES - scrape->text_len)
		scrape->text_len += (size_t)n;
}

/* Most lines are told so: many times faster than printf. */
static void put_str(struct api_scrape *scrape, const char *text)
{
	size_t len = strlen(text);

	memcpy(scrape->text + scrape->text_len, text, len);
	scrape->text_len += len;
}

static void put_u64(struct api_scrape *scrape, uint64_t value)
{
	char digits[20];
	size_t at = sizeof(digits);

	do {
		digits[--at] = (char)('0' + value % 10);
		value /= 10;
	} while (value);
	memcpy(scrape->text + scrape->text_len, digits + at, sizeof(digits) - at);
	scrape->text_len += sizeof(digits) - at;
}

static void put_value(struct api_scrape *scrape, uint64_t value, enum api_unit unit)
{
	uint64_t second = unit == API_UNIT_NS ? CMN_NS_PER_S : 1000;

	if (unit == API_UNIT_ONE || value % second == 0)
		put_u64(scrape, unit == API_UNIT_ONE ? value : value / second);
	else
		put(scrape, "%" PRIu64 ".%0*" PRIu64, value / second, unit == API_UNIT_NS ? 9 : 3,
		    value % second);
}

static void tell_sample(struct api_scrape *scrape, const struct api_family *family,
			const struct api_item *item)
{
	put_str(scrape, family->name);
	if (*item->labels) {
		put_str(scrape, "{");
		put_str(scrape, item->labels);
		put_str(scrape, "}");
	}
	put_str(scrape, " ");
	put_value(scrape, item->values[family->field], family->unit);
	put_str(scrape, "\n");
}

static void tell_bucket(struct api_scrape *scrape, const struct api_family *family,
			const struct api_item *item, const char *bound, uint64_t count)
{
	put_str(scrape, family->name);
	put_str(scrape, "_bucket{");
	put_str(scrape, item->labels);
	put_str(scrape, *item->labels ? ",le=\"" : "le=\"");
	put_str(scrape, bound);
	put_str(scrape, "\"} ");
	put_u64(scrape, count);
	put_str(scrape, "\n");
}

static void tell_histogram(struct api_scrape *scrape, const struct api_family *family,
			   const struct api_item *item)
{
	const struct api_bounds *bounds = family->bounds;
	uint64_t count = 0;

	for (unsigned int i = 0; i <= bounds->nr; i++) {
		count += item->values[i];
		tell_bucket(scrape, family, item, i < bounds->nr ? bounds->text[i] : "+Inf", count);
	}
	put(scrape, "%s_sum{%s} ", family->name, item->labels);
	put_value(scrape, item->values[bounds->nr + 1], API_UNIT_NS);
	put(scrape, "\n%s_count{%s} %" PRIu64 "\n", family->name, item->labels, count);
}

/* One step: an item of the family at which it stands, or on to the next family; false at the end. */
static bool tell(struct api_scrape *scrape)
{
	const struct api_family *family = scrape->families;
	const struct api_set_items *items = &scrape->sets[family->set];

	if (!family->name) {
		scrape->families = scrape->more;
		scrape->more = NULL;
		return scrape->families != NULL;
	}
	if (scrape->item == 0 && items->nr)
		put(scrape, "# HELP %s %s\n# TYPE %s %s\n", family->name, family->help,
		    family->name, family->type);
	if (scrape->item < items->nr) {
		if (family->bounds)
			tell_histogram(scrape, family, &items->at[scrape->item++]);
		else
			tell_sample(scrape, family, &items->at[scrape->item++]);
	} else {
		scrape->families++;
		scrape->item = 0;
	}
	return true;
}

size_t api_scrape_read(struct api_scrape *scrape, char *buf, size_t max)
{
	size_t len;

	if (scrape->text_at == scrape->text_len) {
		scrape->text_at = scrape->text_len = 0;
		while (scrape->families && scrape->text_len < TEXT_BYTES - SAMPLE_BYTES &&
		       tell(scrape))
			;
	}
	len = cmn_min(max, scrape->text_len - scrape->text_at);
	memcpy(buf, scrape->text + scrape->text_at, len);
	scrape->text_at += len;
	return len;
}

/* ---- life ---- */

static void tell_itself(struct api_scrape *scrape)
{
	uint64_t *v = api_scrape_values(scrape, SCRAPE_FIELDS);

	v[SCRAPE_GATHER_NS] = scrape->gather_ns;
	api_scrape_add(scrape, API_SET_SCRAPE, "", v);
}

static const char *kind_of(unsigned int set)
{
	return api_set_limits[set].kind ? api_set_limits[set].kind : "other";
}

/* One item for each kind, 0 or not; several sets may have the same. */
static void tell_dropped(struct api_scrape *scrape)
{
	for (unsigned int i = 0; i < API_SET_COUNT; i++) {
		uint64_t *v = api_scrape_values(scrape, 1);
		struct api_labels labels = { .len = 0 };
		bool told = false;

		for (unsigned int k = 0; k < API_SET_COUNT; k++) {
			if (strcmp(kind_of(k), kind_of(i)) != 0)
				continue;
			told |= k < i;
			*v += scrape->dropped[k];
		}
		if (told)
			continue;
		api_label(&labels, "kind", kind_of(i));
		api_scrape_add(scrape, API_SET_DROPPED, api_scrape_text(scrape, &labels), v);
	}
}

struct api_scrape *api_scrape_create(struct api_server *server, bool ceph)
{
	const struct dsc_snapshot *snap = dsc_snapshot_current(server->app->model);
	struct api_scrape *scrape = dsc_zalloc(sizeof(*scrape));
	uint64_t began = cmn_now_ns();

	scrape->server = server;
	scrape->text = dsc_zalloc(TEXT_BYTES);
	scrape->families = api_families;
	scrape->more = ceph ? api_families_ceph : NULL;
	api_scrape_gather(scrape, snap);
	scrape->gather = api_gather_begin(scrape, snap);
	scrape->gather_ns = cmn_now_ns() - began;
	dsc_snapshot_put(snap);
	return scrape;
}

bool api_scrape_step(struct api_scrape *scrape)
{
	uint64_t began = cmn_now_ns();
	bool more = api_gather_step(scrape->gather);

	scrape->gather_ns += cmn_now_ns() - began;
	if (more)
		return true;
	api_gather_end(scrape->gather);
	scrape->gather = NULL;
	tell_itself(scrape);
	tell_dropped(scrape);
	return false;
}

void api_scrape_destroy(struct api_scrape *scrape)
{
	struct api_block *block;

	if (scrape->gather)
		api_gather_end(scrape->gather);
	while ((block = scrape->blocks)) {
		scrape->blocks = block->next;
		free(block);
	}
	for (unsigned int i = 0; i < API_SET_COUNT; i++)
		free(scrape->sets[i].at);
	free(scrape->text);
	free(scrape);
}
