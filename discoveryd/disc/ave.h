/* SPDX-License-Identifier: Apache-2.0 */
/* discoveryd/disc/ave.h - the AVE discovery log page, of what the command line names.
 * Owns: nothing.  Thread: any.  May block: never. */
#ifndef DISCOVERYD_DISC_AVE_H
#define DISCOVERYD_DISC_AVE_H

#include <stdint.h>

#include "discoveryd/app.h"

/* All of the page, malloc'ed; NULL without memory.  It changes by a restart alone, and GENCTR is the time of that. */
uint8_t *dsc_ave_page(const struct dsc_app *app, uint32_t *ret_len);

#endif
