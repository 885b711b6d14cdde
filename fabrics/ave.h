/* SPDX-License-Identifier: Apache-2.0 */
/* fabrics/ave.h - encoder of the AVE discovery log page (LID 72h): where authentication verification entities are.
 * Owns: nothing.  Thread: any.  May block: never.  Spec: NVM Express Base 2.1, 5.1.12.3.3. */
#ifndef FABRICS_AVE_H
#define FABRICS_AVE_H

#include <stddef.h>
#include <sys/socket.h>

#include "fabrics/spec/nvmf.h"

/* An address of an AVE.  Those of the same NQN are one entry, if they are neighbours. */
struct fab_ave {
	const char *nqn;
	struct sockaddr_storage addr; /* with its port */
};

/* How long the page is. */
uint32_t fab_ave_size(const struct fab_ave *aves, unsigned int nr);
/* Writes all of it, fab_ave_size() bytes. */
void fab_ave_put(uint8_t *dst, uint64_t genctr, const struct fab_ave *aves, unsigned int nr);

#endif
