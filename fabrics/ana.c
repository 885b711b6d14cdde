/* SPDX-License-Identifier: Apache-2.0 */
/* fabrics/ana.c - see fabrics/ana.h. */
#include "fabrics/ana.h"

#include <errno.h>
#include <string.h>

/* [state - NVME_ANA_OPTIMIZED] */
const char *const fab_ana_names[] = { "optimized", "non_optimized", "inaccessible",
				      "persistent_loss", NULL };

const char *fab_ana_text(uint8_t state)
{
	return fab_ana_names[state - NVME_ANA_OPTIMIZED];
}

int fab_ana_parse(const char *text, uint8_t *ret)
{
	for (uint8_t i = 0; fab_ana_names[i]; i++) {
		if (strcmp(fab_ana_names[i], text) == 0) {
			*ret = NVME_ANA_OPTIMIZED + i;
			return 0;
		}
	}
	return -EINVAL;
}

/* Never Do Not Retry: the host is to send it again by another path, and Linux doesn't when it is told DNR. */
struct fab_status fab_ana_status(uint8_t state)
{
	if (fab_ana_serves(state))
		return FAB_OK;
	if (state == NVME_ANA_INACCESSIBLE)
		return FAB_RETRY(NVME_SC_ANA_INACCESSIBLE);
	if (state == NVME_ANA_PERSISTENT_LOSS)
		return FAB_RETRY(NVME_SC_ANA_PERSISTENT_LOSS);
	return FAB_RETRY(NVME_SC_ANA_TRANSITION);
}
