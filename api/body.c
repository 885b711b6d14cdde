/* SPDX-License-Identifier: Apache-2.0 */
/* api/body.c - holds a body to the table of its kind, and finds everything that is wrong with it at once.
 * Thread: the control loop.  May block: never. */
#include "api/kind.h"

#include "common/json.h"
#include "common/size.h"
#include "common/util.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

struct faults {
	struct cmn_err *errs;
	size_t nr, max;
};

/* Where the next fault goes; those that don't fit are counted. */
static struct cmn_err *fault(struct faults *faults)
{
	static struct cmn_err overflow;

	return faults->nr++ < faults->max ? &faults->errs[faults->nr - 1] : &overflow;
}

/* -- one value ------------------------------------------------------------------------------------------- */
static const char *const type_words[API_TYPE_COUNT] = {
	[API_TEXT] = "a string",
	[API_NUMBER] = "a whole number, not negative",
	[API_BOOL] = "true or false",
	[API_TIME] = "a time such as 2026-01-31T12:00:00Z",
	[API_SIZE] = "bytes, or text such as \"1GiB\"",
	[API_PORT] = "a port, 1 to 65535",
	[API_TEXTS] = "an array of strings",
	[API_JSON] = "anything",
};

static void refuse_type(struct faults *faults, const struct api_field *field, const char *name)
{
	struct cmn_err *err = fault(faults);

	cmn_err_set(err, -EINVAL, name, "must be %s", type_words[field->type]);
	cmn_err_valid(err, "%s", type_words[field->type]);
}

static void tell_words(struct cmn_err *err, const char *const *words)
{
	size_t used = 0;

	for (; *words && used < sizeof(err->valid); words++)
		used += (size_t)snprintf(err->valid + used, sizeof(err->valid) - used, "%s%s",
					 used ? ", " : "", *words);
}

static bool is_word(const char *const *words, const char *text)
{
	while (*words && strcmp(*words, text) != 0)
		words++;
	return *words != NULL;
}

static void check_text(struct faults *faults, const struct api_field *field,
		       struct json_object *value, const char *name)
{
	const char *text = json_object_get_string(value);
	size_t len = strlen(text);
	struct cmn_err err = { 0 };

	if (len != (size_t)json_object_get_string_len(value)) {
		cmn_err_set(&err, -EINVAL, name, "must not hold a NUL character");
		cmn_err_valid(&err, "text without that");
	} else if (field->words && !is_word(field->words, text)) {
		cmn_err_set(&err, -EINVAL, name, "is unknown: %.64s", text);
		tell_words(&err, field->words);
	} else if (field->max && (len < field->min || len > field->max)) {
		cmn_err_set(&err, -EINVAL, name,
			    len < field->min ? "is too short" : "is longer than %" PRIu64 " bytes",
			    field->max);
		cmn_err_valid(&err, "%" PRIu64 " to %" PRIu64 " bytes", field->min, field->max);
	} else if (field->check) {
		field->check(text, name, &err);
	}
	if (err.code)
		*fault(faults) = err;
}

static void check_texts(struct faults *faults, const struct api_field *field,
			struct json_object *array)
{
	char name[64];

	for (size_t i = 0; i < json_object_array_length(array); i++) {
		struct json_object *item = json_object_array_get_idx(array, i);

		snprintf(name, sizeof(name), "%.40s[%zu]", field->name, i);
		if (json_object_is_type(item, json_type_string))
			check_text(faults, field, item, name);
		else
			refuse_type(faults, field, name);
	}
}

/* json-c turns every number that is too large into this one. */
static bool is_number(struct json_object *value)
{
	return json_object_is_type(value, json_type_int) && json_object_get_int64(value) >= 0 &&
	       json_object_get_uint64(value) != UINT64_MAX;
}

static void check_number(struct faults *faults, const struct api_field *field,
			 struct json_object *value)
{
	uint64_t number = json_object_get_uint64(value);
	struct cmn_err *err;

	if (!field->max || (number >= field->min && number <= field->max))
		return;
	err = fault(faults);
	cmn_err_set(err, -ERANGE, field->name, "must be %" PRIu64 " to %" PRIu64, field->min,
		    field->max);
	cmn_err_valid(err, "%" PRIu64 " to %" PRIu64, field->min, field->max);
}

static void check_value(struct faults *faults, const struct api_field *field,
			struct json_object *value)
{
	enum json_type type = json_object_get_type(value);
	uint64_t number;
	bool fits = true;

	switch (field->type) {
	case API_TEXT:
		fits = type == json_type_string;
		break;
	case API_NUMBER:
		fits = is_number(value);
		break;
	case API_SIZE:
		fits = is_number(value) ||
		       (type == json_type_string &&
			cmn_size_parse(json_object_get_string(value), &number) == 0);
		break;
	case API_PORT:
		fits = cmn_parse_u64(json_object_get_string(value), 1, UINT16_MAX, &number) == 0;
		break;
	case API_BOOL:
		fits = type == json_type_boolean;
		break;
	case API_TEXTS:
		fits = type == json_type_array;
		break;
	default:
		break;
	}
	if (!fits)
		refuse_type(faults, field, field->name);
	else if (field->type == API_TEXT)
		check_text(faults, field, value, field->name);
	else if (field->type == API_NUMBER)
		check_number(faults, field, value);
	else if (field->type == API_TEXTS)
		check_texts(faults, field, value);
}

/* -- the body ----------------------------------------------------------------------------------------------- */
/* Is there such a member, and may it be given? */
static bool check_member(struct faults *faults, const struct api_kind *kind,
			 const struct api_field *field, const char *name, unsigned int as)
{
	bool changes = as == API_CHANGE;
	struct cmn_err *err;

	if (field && field->flags & as)
		return true;
	err = fault(faults);
	if (changes && field && field->flags & API_CREATE)
		cmn_err_set(err, -EINVAL, name, "can't be changed");
	else
		cmn_err_set(err, -EINVAL, name,
			    field ? "is not for you to say" : "is not known here");
	api_kind_names(kind, as, err->valid, sizeof(err->valid));
	return false;
}

static void check_null(struct faults *faults, const struct api_field *field)
{
	struct cmn_err *err;

	if (field->flags & API_NULL)
		return;
	err = fault(faults);
	cmn_err_set(err, -EINVAL, field->name, "can't be null");
	cmn_err_valid(err, "%s", type_words[field->type]);
}

static void check_needed(struct faults *faults, const struct api_kind *kind,
			 struct json_object *doc)
{
	for (const struct api_field *f = kind->fields; f->name; f++) {
		struct cmn_err *err;

		if (!(f->flags & API_NEEDED) || json_object_object_get(doc, f->name))
			continue;
		err = fault(faults);
		cmn_err_set(err, -EINVAL, f->name, "is missing");
		if (f->words)
			tell_words(err, f->words);
	}
}

size_t api_body_check(const struct api_kind *kind, struct json_object *doc, unsigned int as,
		      struct cmn_err *errs, size_t max)
{
	struct faults faults = { .errs = errs, .max = max };
	const struct api_field *field;

	json_object_object_foreach(doc, name, value) {
		field = api_kind_field(kind, name, strlen(name));
		if (!check_member(&faults, kind, field, name, as))
			continue;
		if (value)
			check_value(&faults, field, value);
		else
			check_null(&faults, field);
	}
	if (as == API_CREATE)
		check_needed(&faults, kind, doc);
	return faults.nr;
}

/* -- reading one that was checked ----------------------------------------------------------------------------- */
uint64_t api_body_u64(struct json_object *doc, const char *name)
{
	return json_object_get_uint64(json_object_object_get(doc, name));
}

const char *api_body_str(struct json_object *doc, const char *name)
{
	return json_object_get_string(json_object_object_get(doc, name));
}

const char *api_body_told(struct json_object *doc, const char *name)
{
	const char *text = api_body_str(doc, name);

	return text || !cmn_json_has(doc, name) ? text : "";
}

uint64_t api_body_size(struct json_object *doc, const char *name)
{
	struct json_object *value = json_object_object_get(doc, name);
	uint64_t bytes = 0;

	if (!json_object_is_type(value, json_type_string))
		return json_object_get_uint64(value);
	cmn_size_parse(json_object_get_string(value), &bytes);
	return bytes;
}

uint16_t api_body_port(struct json_object *doc, const char *name)
{
	uint64_t port = 0;

	if (api_body_str(doc, name))
		cmn_parse_u64(api_body_str(doc, name), 1, UINT16_MAX, &port);
	return (uint16_t)port;
}
