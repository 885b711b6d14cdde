/* SPDX-License-Identifier: Apache-2.0 */
/* targetd/backend/list.c - the backends there are.
 * Owns: nothing.  Thread: any.  May block: never. */
#include <string.h>

#include "targetd/backend/backend.h"
#include "targetd/backend/file/file.h"
#include "targetd/backend/null/null.h"
#include "targetd/backend/ram/ram.h"

const struct tgt_backend_ops *const tgt_backends[] = {
	&tgt_backend_ram,
	&tgt_backend_file,
	&tgt_backend_null,
	NULL,
};

const struct tgt_backend_ops *tgt_backend_find(const char *name)
{
	for (unsigned int i = 0; tgt_backends[i]; i++) {
		if (strcmp(tgt_backends[i]->name, name) == 0)
			return tgt_backends[i];
	}
	return NULL;
}
