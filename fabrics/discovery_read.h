/* SPDX-License-Identifier: Apache-2.0 */
/* fabrics/discovery_read.h - a discovery log page (LID 70h) as it was read from another controller: entry by entry, basic or extended.
 * Owns: nothing; borrows the page.  Thread: any.  May block: never.  Spec: NVM Express Base 2.1, 5.1.12.3.1. */
#ifndef FABRICS_DISCOVERY_READ_H
#define FABRICS_DISCOVERY_READ_H

#include "fabrics/discovery_log.h"

struct fab_disc_page {
	uint64_t genctr, numrec;
	const uint8_t *entries;
	uint32_t len, pos;
	uint64_t left;
	bool extended;
};

struct fab_disc_found {
	struct fab_disc_record rec; /* label: as below */
	char label[FAB_LABEL_MAX + 1]; /* UTF-8; "" none */
	bool usable; /* its texts can be shown and told on, a subsystem's address and port are some */
};

/* -EPROTO: no such page can be. */
int fab_disc_page_open(struct fab_disc_page *page, const void *data, uint32_t len);
/* 1: *ret is the next entry; 0: there was none any more; -EPROTO: the lengths contradict each other. */
int fab_disc_page_next(struct fab_disc_page *page, struct fab_disc_found *ret);

#endif
