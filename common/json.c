/* SPDX-License-Identifier: Apache-2.0 */
/* common/json.c - bounded parse and typed getters over json-c.  Thread: any.  May block: never. */
#include "common/json.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <string.h>

/* A top-level number ends only where something follows it: the NUL of "" says that nothing does. */
static struct json_object *parse_whole(struct json_tokener *tok, const char *text, size_t len,
				       enum json_tokener_error *ret_error)
{
	struct json_object *doc = json_tokener_parse_ex(tok, text, (int)len);

	*ret_error = json_tokener_get_error(tok);
	if (*ret_error == json_tokener_continue) {
		doc = json_tokener_parse_ex(tok, "", 1);
		*ret_error = json_tokener_get_error(tok);
		return doc;
	}
	/* json-c stops at a NUL in the middle without a word. */
	if (*ret_error == json_tokener_success && json_tokener_get_parse_end(tok) < len)
		*ret_error = json_tokener_error_parse_unexpected;
	return doc;
}

/* What json-c doesn't see or counts differently: the depth, and (even when strict) 'x', NaN, Infinity
 * and control characters.  Says nothing about the rest of the syntax.
 * Returns the depth, or -EINVAL with *ret_at where it is. */
static int scan(const char *text, size_t len, size_t *ret_at)
{
	int depth = 0, deepest = 0;
	bool quoted = false;

	for (size_t i = 0; i < len; i++) {
		*ret_at = i;
		if (quoted && text[i] == '\\')
			i++;
		else if (text[i] == '"')
			quoted = !quoted;
		else if (quoted && (unsigned char)text[i] < 0x20)
			return -EINVAL;
		else if (quoted)
			continue;
		else if (text[i] == '\'' || text[i] == 'N' || text[i] == 'I')
			return -EINVAL;
		else if (text[i] == '[' || text[i] == '{')
			deepest = ++depth > deepest ? depth : deepest;
		else if (text[i] == ']' || text[i] == '}')
			depth--;
	}
	return deepest;
}

int cmn_json_parse(const char *text, size_t len, unsigned int depth_max, size_t size_max,
		   struct json_object **ret_doc, struct cmn_err *err)
{
	enum json_tokener_error error;
	struct json_tokener *tok;
	struct json_object *doc;
	size_t at = 0;
	int depth;

	depth_max = depth_max ? depth_max : CMN_JSON_DEPTH_MAX;
	size_max = size_max ? size_max : CMN_JSON_SIZE_MAX;
	if (len > size_max || len > INT_MAX)
		return cmn_err_set(err, -E2BIG, NULL, "JSON of %zu bytes, at most %zu are taken",
				   len, size_max);
	depth = scan(text, len, &at);
	if (depth < 0)
		return cmn_err_set(err, -EINVAL, NULL, "invalid JSON at byte %zu", at);
	if ((unsigned int)depth > depth_max)
		return cmn_err_set(err, -E2BIG, NULL, "JSON is nested deeper than %u levels",
				   depth_max);
	/* One more: json-c counts the value inside the innermost array as a level. */
	tok = json_tokener_new_ex(depth + 1);
	if (!tok)
		return cmn_err_set(err, -ENOMEM, NULL, "out of memory");
	json_tokener_set_flags(tok, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
	doc = parse_whole(tok, text, len, &error);
	at = json_tokener_get_parse_end(tok);
	json_tokener_free(tok);
	if (error == json_tokener_success) {
		*ret_doc = doc;
		return 0;
	}
	json_object_put(doc);
	if (error == json_tokener_continue || error == json_tokener_error_parse_eof)
		return cmn_err_set(err, -EINVAL, NULL, "JSON ends too early, after %zu bytes", len);
	return cmn_err_set(err, -EINVAL, NULL, "invalid JSON at byte %zu: %s", at,
			   json_tokener_error_desc(error));
}

static const char *type_words(enum json_type type)
{
	static const char *const words[] = {
		[json_type_null] = "null",	  [json_type_boolean] = "true or false",
		[json_type_double] = "a number",  [json_type_int] = "a whole number",
		[json_type_object] = "an object", [json_type_array] = "an array",
		[json_type_string] = "a string",
	};

	return words[type];
}

/* *ret = the value of key, NULL when it is absent or null and that is allowed. */
static int get(struct json_object *obj, const char *key, enum json_type type, bool needed,
	       struct json_object **ret, struct cmn_err *err)
{
	struct json_object *value = NULL;

	*ret = NULL;
	if (!json_object_is_type(obj, json_type_object))
		return cmn_err_set(err, -EINVAL, NULL, "must be an object");
	json_object_object_get_ex(obj, key, &value);
	if (!value)
		return needed ? cmn_err_set(err, -EINVAL, key, "is missing") : 0;
	if (json_object_get_type(value) != type)
		return cmn_err_set(err, -EINVAL, key, "must be %s, not %s", type_words(type),
				   type_words(json_object_get_type(value)));
	*ret = value;
	return 0;
}

static void tell_has(bool *ret_has, const struct json_object *value)
{
	if (ret_has)
		*ret_has = value != NULL;
}

static int get_str(struct json_object *obj, const char *key, bool needed, const char **ret,
		   bool *ret_has, struct cmn_err *err)
{
	struct json_object *value;
	int rc = get(obj, key, json_type_string, needed, &value, err);
	const char *text;

	if (rc < 0)
		return rc;
	tell_has(ret_has, value);
	if (!value)
		return 0;
	text = json_object_get_string(value);
	if (strlen(text) != (size_t)json_object_get_string_len(value))
		return cmn_err_set(err, -EINVAL, key, "must not hold a NUL character");
	*ret = text;
	return 0;
}

static int get_u64(struct json_object *obj, const char *key, bool needed, uint64_t *ret,
		   bool *ret_has, struct cmn_err *err)
{
	struct json_object *value;
	int rc = get(obj, key, json_type_int, needed, &value, err);

	if (rc < 0)
		return rc;
	tell_has(ret_has, value);
	if (!value)
		return 0;
	if (json_object_get_int64(value) < 0)
		return cmn_err_set(err, -ERANGE, key, "must not be negative");
	/* json-c turns every larger number into this one. */
	if (json_object_get_uint64(value) == UINT64_MAX)
		return cmn_err_set(err, -ERANGE, key, "is too large");
	*ret = json_object_get_uint64(value);
	return 0;
}

static int get_bool(struct json_object *obj, const char *key, bool needed, bool *ret, bool *ret_has,
		    struct cmn_err *err)
{
	struct json_object *value;
	int rc = get(obj, key, json_type_boolean, needed, &value, err);

	if (rc < 0)
		return rc;
	tell_has(ret_has, value);
	if (value)
		*ret = json_object_get_boolean(value);
	return 0;
}

int cmn_json_str(struct json_object *obj, const char *key, const char **ret, struct cmn_err *err)
{
	return get_str(obj, key, true, ret, NULL, err);
}

int cmn_json_str_opt(struct json_object *obj, const char *key, const char **ret, bool *ret_has,
		     struct cmn_err *err)
{
	return get_str(obj, key, false, ret, ret_has, err);
}

int cmn_json_u64(struct json_object *obj, const char *key, uint64_t *ret, struct cmn_err *err)
{
	return get_u64(obj, key, true, ret, NULL, err);
}

int cmn_json_u64_opt(struct json_object *obj, const char *key, uint64_t *ret, bool *ret_has,
		     struct cmn_err *err)
{
	return get_u64(obj, key, false, ret, ret_has, err);
}

int cmn_json_bool(struct json_object *obj, const char *key, bool *ret, struct cmn_err *err)
{
	return get_bool(obj, key, true, ret, NULL, err);
}

int cmn_json_bool_opt(struct json_object *obj, const char *key, bool *ret, bool *ret_has,
		      struct cmn_err *err)
{
	return get_bool(obj, key, false, ret, ret_has, err);
}

int cmn_json_obj(struct json_object *obj, const char *key, struct json_object **ret,
		 struct cmn_err *err)
{
	return get(obj, key, json_type_object, true, ret, err);
}

int cmn_json_obj_opt(struct json_object *obj, const char *key, struct json_object **ret,
		     struct cmn_err *err)
{
	return get(obj, key, json_type_object, false, ret, err);
}

int cmn_json_arr(struct json_object *obj, const char *key, struct json_object **ret,
		 struct cmn_err *err)
{
	return get(obj, key, json_type_array, true, ret, err);
}

int cmn_json_arr_opt(struct json_object *obj, const char *key, struct json_object **ret,
		     struct cmn_err *err)
{
	return get(obj, key, json_type_array, false, ret, err);
}

int cmn_json_range(const char *key, uint64_t value, uint64_t min, uint64_t max, struct cmn_err *err)
{
	if (value >= min && value <= max)
		return 0;
	return cmn_err_set(err, -ERANGE, key, "must be %" PRIu64 " to %" PRIu64 ", not %" PRIu64,
			   min, max, value);
}

int cmn_json_only(struct json_object *obj, const char *const *known, struct cmn_err *err)
{
	if (!json_object_is_type(obj, json_type_object))
		return cmn_err_set(err, -EINVAL, NULL, "must be an object");
	json_object_object_foreach(obj, key, value) {
		const char *const *k = known;

		(void)value;
		while (*k && strcmp(*k, key) != 0)
			k++;
		if (!*k)
			return cmn_err_set(err, -EINVAL, key, "is not known here");
	}
	return 0;
}

bool cmn_json_has(struct json_object *obj, const char *key)
{
	return json_object_object_get_ex(obj, key, NULL);
}
