/* SPDX-License-Identifier: Apache-2.0 */
/* tests/fuzz/fuzz_pull.c - a Pull Model DDC Request page from outside: texts end, and a log asked for is named as the page has it. */
#include "fabrics/pull.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct fab_pull pull;

	if (fab_pull_decode(data, (uint32_t)len, &pull) < 0)
		return 0;
	if (strlen(pull.zg_originator) > 224 || strlen(pull.zg_name) > 30)
		abort();
	if (pull.ori == NVMF_PULL_LOG ? len < 12 || pull.lid != data[8] : len < 266)
		abort();
	return 0;
}
