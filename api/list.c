/* SPDX-License-Identifier: Apache-2.0 */
/* api/list.c - lists of any kind: filters, order, pages.
 * Owns: a list under way, until it is answered.  Thread: the control loop.  May block: never.
 *
 * Only the members that a filter or the order asks for are got from each object; what becomes part of the page is rendered.  A long
 * walk gives others their turn every two milliseconds; it goes on after the key that it was at, in the same snapshot.
 *
 * An ordered page is the `limit` smallest of what comes after the cursor, so an ordered list needs no copy of the whole.  Its
 * cursor is the last object's values and key; without an order it is the key alone. */
#include "api/kind.h"
#include "api/render.h"
#include "api/server_impl.h"

#include "common/clock.h"
#include "common/container.h"
#include "common/json.h"
#include "common/size.h"
#include "common/util.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SORT_MAX 3
#define TURN_NS (2 * CMN_NS_PER_MS)
#define LOOK_EVERY 16 /* objects between looks at the clock */

struct filter {
	const struct api_field *field;
	const char *text; /* of the query; may hold '*' */
	uint64_t low, high; /* of a number or time */
	bool negative; /* bool: must be false */
};

struct order {
	const struct api_field *field;
	bool down;
};

/* One object of an ordered page. */
struct item {
	const void *row; /* held */
	char *key;
	struct {
		char *text; /* NULL: null, or a number */
		uint64_t number;
		bool null;
	} at[SORT_MAX];
};

struct list {
	struct api_req *req;
	const struct api_kind *kind;
	struct api_ctx ctx;
	uint64_t mask, limit;
	struct filter filters[API_QUERY_MAX];
	struct order orders[SORT_MAX];
	unsigned int nr_filters, nr_orders;
	struct item *after; /* ordered: where the page before ended; NULL: it is the first */
	struct item **items; /* ordered: the page so far, and one more */
	size_t nr;
	struct json_object *array; /* the page */
	char at[API_KEY_MAX]; /* key of the last object that was looked at; "" none */
	bool more;
	bool newest; /* ordered from the end, and turned around when it is told */
	struct net_timer turn;
};

/* -- ordered items ---------------------------------------------------------------------------------------- */
static void free_item(struct list *list, struct item *item)
{
	if (!item)
		return;
	for (unsigned int i = 0; i < SORT_MAX; i++)
		free(item->at[i].text);
	if (item->row && list->kind->drop)
		list->kind->drop(item->row);
	else if (item->row)
		dsc_row_put((void *)(uintptr_t)item->row);
	free(item->key);
	free(item);
}

static int compare_texts(const char *a, const char *b)
{
	if (!a || !b)
		return (a != NULL) - (b != NULL);
	return strcmp(a, b);
}

static int compare(const struct list *list, const struct item *a, const struct item *b)
{
	for (unsigned int i = 0; i < list->nr_orders; i++) {
		int c = a->at[i].null != b->at[i].null
				? b->at[i].null - a->at[i].null
				: compare_texts(a->at[i].text, b->at[i].text);

		if (!c)
			c = (a->at[i].number > b->at[i].number) -
			    (a->at[i].number < b->at[i].number);
		if (c)
			return list->orders[i].down ? -c : c;
	}
	return strcmp(a->key, b->key);
}

static void get_order(const struct list *list, const void *row, struct item *item)
{
	struct api_value value;

	for (unsigned int i = 0; i < list->nr_orders; i++) {
		api_field_get(list->orders[i].field, &list->ctx, row, &value);
		item->at[i].text = value.text ? dsc_strdup(value.text) : NULL;
		item->at[i].number = value.number;
		item->at[i].null = value.null || value.absent;
	}
	item->key = dsc_strdup(list->at);
}

static void hold(const struct list *list, struct item *item, const void *row)
{
	if (list->kind->hold)
		list->kind->hold(row);
	else
		dsc_row_get(row);
	item->row = row;
}

/* Puts it in its place among the smallest; the largest goes when there are too many. */
static void add_ordered(struct list *list, const void *row)
{
	struct item *item = dsc_zalloc(sizeof(*item));
	size_t low = 0, high = list->nr;

	get_order(list, row, item);
	if ((list->after && compare(list, item, list->after) <= 0) ||
	    (list->nr > list->limit && compare(list, item, list->items[list->nr - 1]) >= 0)) {
		free_item(list, item);
		return;
	}
	hold(list, item, row);
	if (list->nr > list->limit)
		free_item(list, list->items[--list->nr]);
	high = list->nr;
	while (low < high) {
		size_t middle = (low + high) / 2;

		if (compare(list, item, list->items[middle]) < 0)
			high = middle;
		else
			low = middle + 1;
	}
	memmove(&list->items[low + 1], &list->items[low], (list->nr - low) * sizeof(item));
	list->items[low] = item;
	list->nr++;
}

/* -- filters ----------------------------------------------------------------------------------------------- */
/* Is text what the pattern says, where '*' stands for anything? */
static bool is_like(const char *text, const char *pattern)
{
	const char *star = NULL, *retry = NULL;

	while (*text) {
		if (*pattern == '*') {
			star = ++pattern;
			retry = text;
		} else if (*pattern == *text) {
			pattern++;
			text++;
		} else if (star) {
			pattern = star;
			text = ++retry;
		} else {
			return false;
		}
	}
	return pattern[strspn(pattern, "*")] == '\0';
}

/* One of "a,b,c". */
static bool is_one_of(const char *text, const char *words)
{
	size_t len = strlen(text), n;

	for (; *words; words += n + (words[n] == ',')) {
		n = strcspn(words, ",");
		if (n == len && memcmp(words, text, n) == 0)
			return true;
	}
	return false;
}

static bool has_text(struct json_object *array, const char *pattern)
{
	for (size_t i = 0; array && i < json_object_array_length(array); i++) {
		if (is_like(json_object_get_string(json_object_array_get_idx(array, i)), pattern))
			return true;
	}
	return false;
}

static bool matches_value(const struct filter *f, const struct api_value *value)
{
	switch (f->field->type) {
	case API_TEXT:
		if (f->field->words)
			return value->text && is_one_of(value->text, f->text);
		return !value->absent && is_like(value->text ? value->text : "", f->text);
	case API_TEXTS:
		return has_text(value->json, f->text);
	case API_BOOL:
		return !value->null && !value->absent && !value->number == f->negative;
	default:
		return !value->null && !value->absent && value->number >= f->low &&
		       value->number <= f->high;
	}
}

static bool matches(const struct list *list, const void *row)
{
	struct api_value value;
	bool fits = true;

	for (unsigned int i = 0; fits && i < list->nr_filters; i++) {
		const struct filter *f = &list->filters[i];

		if (f->field->match) {
			fits = f->field->match(&list->ctx, row, f->text);
			continue;
		}
		api_field_get(f->field, &list->ctx, row, &value);
		fits = matches_value(f, &value);
		json_object_put(value.json);
	}
	return fits;
}

/* -- what the query says -------------------------------------------------------------------------------------- */
static bool refuse(struct list *list, struct cmn_err *err)
{
	api_reply_problem(list->req, API_PROBLEM_MALFORMED, err, NULL);
	return false;
}

static bool read_end(const struct api_field *field, const char *text, uint64_t *ret)
{
	if (field->type == API_TIME)
		return cmn_time_parse(text, ret) == 0;
	if (field->type == API_SIZE)
		return cmn_size_parse(text, ret) == 0;
	return cmn_parse_u64(text, 0, UINT64_MAX, ret) == 0;
}

/* "5", "5..", "..5", "1..5" */
static bool read_range(struct filter *f)
{
	const char *dots = strstr(f->text, "..");
	char low[40];

	f->high = UINT64_MAX;
	if (!dots) {
		f->high = 0;
		if (!read_end(f->field, f->text, &f->low))
			return false;
		f->high = f->low;
		return true;
	}
	if ((size_t)(dots - f->text) >= sizeof(low))
		return false;
	snprintf(low, sizeof(low), "%.*s", (int)(dots - f->text), f->text);
	return (!*low || read_end(f->field, low, &f->low)) &&
	       (!dots[2] || read_end(f->field, dots + 2, &f->high)) && (*low || dots[2]);
}

static bool is_word(const char *const *words, const char *text, size_t len)
{
	for (; *words; words++) {
		if (strlen(*words) == len && memcmp(*words, text, len) == 0)
			return true;
	}
	return false;
}

/* Every one of "a,b" must be a word; else the problem says which there are. */
static bool read_words(const struct filter *f, struct cmn_err *err)
{
	const char *const *words = f->field->words;
	size_t n, used = 0;

	for (const char *text = f->text; *text || text == f->text; text += n + (text[n] == ',')) {
		n = strcspn(text, ",");
		if (is_word(words, text, n))
			continue;
		cmn_err_set(err, -EINVAL, f->field->name, "%.*s is no %s", (int)(n < 64 ? n : 64),
			    text, f->field->name);
		for (; *words && used < sizeof(err->valid); words++)
			used += (size_t)snprintf(err->valid + used, sizeof(err->valid) - used,
						 "%s%s", used ? ", " : "", *words);
		return false;
	}
	return true;
}

/* What a range of the type is made of, and an example of it; NULL: it has no order. */
static const char *const range_words[API_TYPE_COUNT][2] = {
	[API_NUMBER] = { "number", "a whole number" },
	[API_SIZE] = { "size", "bytes, or text such as 1GiB" },
	[API_PORT] = { "port", "a port" },
	[API_TIME] = { "time", "2026-01-31T12:00:00Z" },
};

static bool read_filter(struct list *list, struct filter *f)
{
	const char *const *words = range_words[f->field->type];
	struct cmn_err err = { 0 };
	bool fine = true, flag = false;

	if (f->field->type == API_BOOL && !f->field->match) {
		fine = api_req_flag(list->req, f->field->name, &flag);
		f->negative = !flag;
		return fine;
	}
	if (f->field->words)
		return read_words(f, &err) || refuse(list, &err);
	if (!words[0] || f->field->match || read_range(f))
		return true;
	cmn_err_set(&err, -EINVAL, f->field->name, "must be a %s or a range of them", words[0]);
	cmn_err_valid(&err, "%s, or a range: FROM..TO, FROM.., ..TO", words[1]);
	return refuse(list, &err);
}

static bool read_filters(struct list *list)
{
	for (const struct api_field *field = list->kind->fields; field->name; field++) {
		const char *text = field->flags & API_FILTER ? api_req_query(list->req, field->name)
							     : NULL;
		struct filter *f = &list->filters[list->nr_filters];

		if (!text && field->flags & API_FILTER)
			text = field->otherwise;
		if (!text)
			continue;
		f->field = field;
		f->text = text;
		if (!read_filter(list, f))
			return false;
		list->nr_filters++;
	}
	return true;
}

static bool read_sort(struct list *list)
{
	const char *text = api_req_query(list->req, "sort");
	struct cmn_err err = { 0 };
	size_t len;

	for (; text && *text; text += len + (text[len] == ',')) {
		struct order *order = &list->orders[list->nr_orders];
		bool down = *text == '-';

		text += down;
		len = strcspn(text, ",");
		if (list->nr_orders < SORT_MAX) {
			order->down = down;
			order->field = api_kind_field(list->kind, text, len);
		}
		if (list->nr_orders++ < SORT_MAX && order->field && order->field->flags & API_SORT)
			continue;
		cmn_err_set(&err, -EINVAL, "sort", "%ss aren't ordered by %.*s", list->kind->name,
			    (int)(len < 64 ? len : 64), text);
		snprintf(err.valid, sizeof(err.valid),
			 "up to %d, each with - to turn it around, of ", SORT_MAX);
		len = strlen(err.valid);
		api_kind_names(list->kind, API_SORT, err.valid + len, sizeof(err.valid) - len);
		return refuse(list, &err);
	}
	return true;
}

/* -- cursors ---------------------------------------------------------------------------------------------------- */
static struct json_object *cursor_of(const struct list *list, const struct item *item)
{
	struct json_object *array = json_object_new_array();

	for (unsigned int i = 0; i < list->nr_orders; i++) {
		struct json_object *value = NULL;

		if (item->at[i].text)
			value = json_object_new_string(item->at[i].text);
		else if (list->orders[i].field->type != API_TEXT && !item->at[i].null)
			value = json_object_new_uint64(item->at[i].number);
		json_object_array_add(array, value);
	}
	json_object_array_add(array, json_object_new_string(item->key));
	return array;
}

static bool read_item(struct list *list, struct json_object *array)
{
	struct item *item = list->after;
	struct json_object *value;

	if (!json_object_is_type(array, json_type_array) ||
	    json_object_array_length(array) != list->nr_orders + 1)
		return false;
	for (unsigned int i = 0; i < list->nr_orders; i++) {
		bool text = list->orders[i].field->type == API_TEXT;

		value = json_object_array_get_idx(array, i);
		if (value && !json_object_is_type(value, text ? json_type_string : json_type_int))
			return false;
		item->at[i].null = !value && !text;
		item->at[i].number = text ? 0 : json_object_get_uint64(value);
		if (value && text)
			item->at[i].text = dsc_strdup(json_object_get_string(value));
	}
	value = json_object_array_get_idx(array, list->nr_orders);
	if (!json_object_is_type(value, json_type_string))
		return false;
	item->key = dsc_strdup(json_object_get_string(value));
	return true;
}

/* Is it a key of this kind, as far as that can be told? */
static bool is_key(const struct list *list, const char *text)
{
	const struct api_field *f = list->kind->fields;
	uint64_t number;

	while (f->name && !(f->flags & API_KEY))
		f++;
	return f->type != API_NUMBER || list->kind->key ||
	       cmn_parse_u64(text, 0, INT64_MAX, &number) == 0;
}

/* The newest come first, and then in order. */
static void begin_at_end(struct list *list)
{
	const struct api_field *f = list->kind->fields;

	while (!(f->flags & API_KEY))
		f++;
	list->newest = true;
	list->nr_orders = 1;
	list->orders[0] = (struct order){ .field = f, .down = true };
}

static bool read_cursor(struct list *list)
{
	const char *name = list->kind->is_log && api_req_query(list->req, "since") ? "since"
										   : "cursor";
	const char *text = api_req_query(list->req, name);
	struct json_object *array = NULL;
	struct cmn_err err = { 0 };
	bool fine = true;

	if (list->kind->is_log && !text && !list->nr_orders)
		begin_at_end(list);
	if (!text || !*text)
		return true;
	if (list->nr_orders) {
		list->after = dsc_zalloc(sizeof(*list->after));
		fine = cmn_json_parse(text, strlen(text), 2, 0, &array, NULL) == 0 &&
		       read_item(list, array);
		json_object_put(array);
	} else {
		fine = is_key(list, text) && cmn_strlcpy(list->at, text, sizeof(list->at));
	}
	if (fine)
		return true;
	cmn_err_set(&err, -EINVAL, name, "is not one of this list in this order");
	snprintf(err.valid, sizeof(err.valid), "the next of the page before, with the same sort");
	return refuse(list, &err);
}

/* -- the walk --------------------------------------------------------------------------------------------------- */
static void destroy(struct list *list)
{
	for (size_t i = 0; list->items && i < list->nr; i++)
		free_item(list, list->items[i]);
	free_item(list, list->after);
	free(list->items);
	json_object_put(list->array);
	if (list->ctx.snap)
		api_kind_close(list->kind, &list->ctx);
	free(list);
}

static void add_object(struct list *list, const void *row)
{
	json_object_array_add(list->array, api_render(list->kind, &list->ctx, row, list->mask));
}

/* False when the page is full. */
static bool take(struct list *list, const void *row, const char *key)
{
	bool fits = matches(list, row);

	if (fits && !list->nr_orders && list->nr == list->limit) {
		list->more = true;
		return false;
	}
	cmn_strlcpy(list->at, key, sizeof(list->at));
	if (fits && list->nr_orders) {
		add_ordered(list, row);
	} else if (fits) {
		add_object(list, row);
		list->nr++;
	}
	return true;
}

/* True when it has come to its end. */
static bool walk(struct list *list)
{
	uint64_t until = cmn_now_ns() + TURN_NS;
	char key[API_KEY_MAX];
	const void *row;

	for (unsigned int i = 1;; i++) {
		row = list->kind->next(&list->ctx, *list->at ? list->at : NULL);
		if (!row)
			return true;
		api_kind_key(list->kind, &list->ctx, row, key, sizeof(key));
		if (!take(list, row, key))
			return true;
		if (i % LOOK_EVERY == 0 && cmn_now_ns() > until)
			return false;
	}
}

static void add_items(struct list *list)
{
	size_t nr = cmn_min(list->nr, (size_t)list->limit);

	for (size_t i = 0; i < nr; i++)
		add_object(list, list->items[list->newest ? nr - 1 - i : i]->row);
}

static void add_cursor(struct list *list, struct json_object *page, const char *name)
{
	struct json_object *cursor = NULL;

	if (list->nr > list->limit)
		cursor = cursor_of(list, list->items[list->limit - 1]);
	api_add_str(page, name,
		    cursor ? json_object_to_json_string_ext(cursor,
							    JSON_C_TO_STRING_PLAIN |
								    JSON_C_TO_STRING_NOSLASHESCAPE)
			   : NULL);
	json_object_put(cursor);
}

static void reply(struct list *list)
{
	struct json_object *page = json_object_new_object();
	bool ordered = list->nr_orders && !list->newest, is_log = list->kind->is_log;

	if (list->items)
		add_items(list);
	json_object_object_add(page, "items", json_object_get(list->array));
	if (is_log) /* there will be more */
		api_add_u64(page, "next", strtoull(list->at, NULL, 10));
	if (ordered)
		add_cursor(list, page, is_log ? "cursor" : "next");
	else if (!is_log)
		api_add_str(page, "next", list->more ? list->at : NULL);
	if (list->kind->page)
		list->kind->page(&list->ctx, page);
	api_reply_json(list->req, 200, page);
	destroy(list);
}

static void on_turn(struct net_timer *timer, uint64_t now)
{
	struct list *list = cmn_container_of(timer, struct list, turn);

	(void)now;
	if (walk(list))
		reply(list);
	else /* later than now: others have their turn */
		net_timer_set(list->req->server->loop, timer, cmn_now_ns());
}

static void on_cancel(struct api_req *req, void *arg)
{
	struct list *list = arg;

	net_timer_cancel(req->server->loop, &list->turn);
	destroy(list);
}

static bool begin(struct list *list)
{
	list->limit = API_PAGE_DEFAULT;
	if (!api_req_number(list->req, "limit", 1, API_PAGE_MAX, &list->limit) ||
	    !api_kind_mask(list->req, list->kind, &list->mask) || !read_filters(list) ||
	    !read_sort(list) || !read_cursor(list))
		return false;
	if (list->mask == API_ALL)
		list->mask = api_kind_without(list->kind, API_DETAIL);
	if (!api_kind_open(list->req, list->kind,
			   dsc_snapshot_current(api_req_app(list->req)->model), &list->ctx))
		return false;
	list->array = json_object_new_array();
	if (list->nr_orders)
		list->items = dsc_zalloc((list->limit + 2) * sizeof(*list->items));
	return true;
}

void api_list(struct api_req *req)
{
	struct list *list = dsc_zalloc(sizeof(*list));

	list->req = req;
	list->kind = req->route->kind;
	list->turn.fire = on_turn;
	if (!begin(list)) {
		destroy(list);
	} else if (walk(list)) {
		reply(list);
	} else {
		api_req_on_cancel(req, on_cancel, list);
		net_timer_set(req->server->loop, &list->turn, cmn_now_ns());
	}
}
