/* SPDX-License-Identifier: Apache-2.0 */
/* tests/fuzz/fuzz_json.c - JSON from outside: no input may crash the parser or the getters, and what is taken keeps the limits. */
#include "common/json.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static unsigned int depth_of(struct json_object *obj)
{
	unsigned int deepest = 0;

	if (json_object_is_type(obj, json_type_array)) {
		for (size_t i = 0; i < json_object_array_length(obj); i++) {
			unsigned int d = depth_of(json_object_array_get_idx(obj, i));

			deepest = d > deepest ? d : deepest;
		}
		return deepest + 1;
	}
	if (json_object_is_type(obj, json_type_object)) {
		json_object_object_foreach(obj, key, value) {
			unsigned int d = depth_of(value);

			(void)key;
			deepest = d > deepest ? d : deepest;
		}
		return deepest + 1;
	}
	return 0;
}

static void ask_for_everything(struct json_object *doc, const char *key)
{
	struct json_object *sub;
	struct cmn_err err;
	const char *str;
	uint64_t num;
	bool flag;

	cmn_json_str(doc, key, &str, &err);
	cmn_json_u64(doc, key, &num, &err);
	cmn_json_bool_opt(doc, key, &flag, NULL, &err);
	cmn_json_arr_opt(doc, key, &sub, &err);
	if (cmn_json_obj(doc, key, &sub, &err) == 0)
		cmn_json_only(sub, (const char *const[]){ "a", NULL }, &err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct json_object *doc = NULL;
	struct cmn_err err = { 0 };

	if (cmn_json_parse((const char *)data, len, 8, 4096, &doc, &err) < 0) {
		if (doc || !cmn_err_is(&err) || !err.msg[0])
			abort();
		return 0;
	}
	if (len > 4096 || depth_of(doc) > 8)
		abort();
	ask_for_everything(doc, "a");
	json_object_put(doc);
	return 0;
}
