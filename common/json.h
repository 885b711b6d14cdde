/* SPDX-License-Identifier: Apache-2.0 */
/* common/json.h - JSON from outside, over json-c: bounded parse, typed getters that name what is wrong.
 *
 * Getters come in two kinds.  cmn_json_x() needs the key; cmn_json_x_opt() leaves *ret as it was when the key is absent
 * (null counts as absent; the _obj and _arr ones give NULL) and says so by *ret_has (may be NULL).  All return 0 or -EINVAL (-ERANGE for a number out of
 * its range) with err->field = the key and err->msg for a person; a caller deeper in a document adds its own
 * path with cmn_err_prefix().
 * Borrow: strings and objects belong to the parsed document.
 * Owns: nothing.  Thread: any, one document at a time.  May block: never. */
#ifndef COMMON_JSON_H
#define COMMON_JSON_H

#include "common/err.h"

#include <json-c/json.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CMN_JSON_DEPTH_MAX 16
#define CMN_JSON_SIZE_MAX (1024 * 1024)

/* One JSON value, and nothing but white space after it.  Refuses comments, single quotes, trailing commas, NaN, bad UTF-8
 * and the other liberties that json-c takes by default; of a key given twice the last counts.  depth_max 0 and size_max 0 mean the limits above.  -E2BIG when too large or too deep.
 * The caller puts *ret_doc with json_object_put(). */
int cmn_json_parse(const char *text, size_t len, unsigned int depth_max, size_t size_max,
		   struct json_object **ret_doc, struct cmn_err *err);

int cmn_json_str(struct json_object *obj, const char *key, const char **ret, struct cmn_err *err);
int cmn_json_str_opt(struct json_object *obj, const char *key, const char **ret, bool *ret_has,
		     struct cmn_err *err);
/* A whole number 0..2^64-2; 1.0 and "1" are refused. */
int cmn_json_u64(struct json_object *obj, const char *key, uint64_t *ret, struct cmn_err *err);
int cmn_json_u64_opt(struct json_object *obj, const char *key, uint64_t *ret, bool *ret_has,
		     struct cmn_err *err);
int cmn_json_bool(struct json_object *obj, const char *key, bool *ret, struct cmn_err *err);
int cmn_json_bool_opt(struct json_object *obj, const char *key, bool *ret, bool *ret_has,
		      struct cmn_err *err);
/* A nested object or array. */
int cmn_json_obj(struct json_object *obj, const char *key, struct json_object **ret,
		 struct cmn_err *err);
int cmn_json_obj_opt(struct json_object *obj, const char *key, struct json_object **ret,
		     struct cmn_err *err);
int cmn_json_arr(struct json_object *obj, const char *key, struct json_object **ret,
		 struct cmn_err *err);
int cmn_json_arr_opt(struct json_object *obj, const char *key, struct json_object **ret,
		     struct cmn_err *err);

/* Out of min..max: -ERANGE that names the bounds. */
int cmn_json_range(const char *key, uint64_t value, uint64_t min, uint64_t max,
		   struct cmn_err *err);

/* known: NULL-terminated.  The first key of obj that isn't in it is an error. */
int cmn_json_only(struct json_object *obj, const char *const *known, struct cmn_err *err);

/* True when the key is there, even as null. */
bool cmn_json_has(struct json_object *obj, const char *key);

#endif
