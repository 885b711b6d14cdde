/* SPDX-License-Identifier: Apache-2.0 */
/* discoveryd/disc/ave.c - see discoveryd/disc/ave.h. */
#include "discoveryd/disc/ave.h"

#include <stdlib.h>

#include "fabrics/ave.h"
#include "net/addr.h"

uint8_t *dsc_ave_page(const struct dsc_app *app, uint32_t *ret_len)
{
	const struct dsc_options *opt = &app->opt;
	struct fab_ave aves[DSC_MAX_ADDRS] = { 0 };
	uint8_t *page;

	for (unsigned int i = 0; i < opt->nr_ave; i++) {
		aves[i].nqn = opt->ave[i].nqn;
		net_addr_set(&aves[i].addr, opt->ave[i].addr.address, opt->ave[i].addr.port);
	}
	*ret_len = fab_ave_size(aves, opt->nr_ave);
	page = malloc(*ret_len);
	if (page)
		fab_ave_put(page, app->started_wall_ms, aves, opt->nr_ave);
	return page;
}
