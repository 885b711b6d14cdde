/* SPDX-License-Identifier: Apache-2.0 */
/* tests/fuzz/fuzz_state.c - the state document: as a file (first byte even) and as a difference on the socket. */
#include <json-c/json.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "common/json.h"
#include "targetd/state.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct json_object *doc = NULL;
	struct tgt_state st = { 0 };
	struct cmn_err err = { 0 };
	int ret;

	if (size < 1 || cmn_json_parse((const char *)data + 1, size - 1, TGT_STATE_DEPTH, 1 << 20,
				       &doc, NULL) < 0)
		return 0;
	if (data[0] & 1)
		ret = json_object_is_type(doc, json_type_object)
			      ? tgt_state_parse_parts(doc, false, &st, &err)
			      : -1;
	else
		ret = tgt_state_parse(doc, true, &st, &err);
	if (ret == 0)
		tgt_state_clear(&st);
	json_object_put(doc);
	return 0;
}
