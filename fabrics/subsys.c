/* SPDX-License-Identifier: Apache-2.0 */
/* fabrics/subsys.c - controller identifiers of one subsystem.
 * Owns: the set of free CNTLIDs.  Thread: the caller serialises.  May block: never.
 * Spec: NVM Express Base 2.1, 3.1.2 and 6.3 (dynamic controller model).
 *
 * An ID must not return while any other has been free for longer: Linux refuses a CNTLID that it still knows from a
 * path in reconnect.  IDs never given out have been free longest, so they go first, from the cursor round; after that
 * the freed ones, oldest first. */
#include <errno.h>
#include <stdlib.h>

#include "fabrics/ctrl.h"
#include "fabrics/spec/nvmf.h"

struct fab_cntlids {
	uint16_t min, max;
	uint16_t next;	  /* next ID never given out */
	uint32_t untouched; /* how many of those are left */
	uint32_t nr_used;
	/* freed IDs, oldest first: a ring with room for all that are in use, so that freeing can't fail */
	uint16_t *ring;
	uint32_t cap, head, nr_freed;
};

struct fab_cntlids *fab_cntlids_create(uint16_t min, uint16_t max, uint16_t cursor)
{
	struct fab_cntlids *ids;

	if (min < NVMF_CNTLID_MIN || max > NVMF_CNTLID_MAX || min > max)
		return NULL;
	ids = calloc(1, sizeof(*ids));
	if (!ids)
		return NULL;
	ids->min = min;
	ids->max = max;
	ids->next = cursor < min || cursor > max ? min : cursor;
	ids->untouched = (uint32_t)max - min + 1;
	return ids;
}

void fab_cntlids_destroy(struct fab_cntlids *ids)
{
	if (!ids)
		return;
	free(ids->ring);
	free(ids);
}

static int grow_ring(struct fab_cntlids *ids, uint32_t need)
{
	uint32_t cap = ids->cap ? ids->cap : 16;
	uint16_t *ring;

	if (need <= ids->cap)
		return 0;
	while (cap < need)
		cap *= 2;
	ring = malloc(cap * sizeof(*ring));
	if (!ring)
		return -ENOMEM;
	for (uint32_t i = 0; i < ids->nr_freed; i++)
		ring[i] = ids->ring[(ids->head + i) % ids->cap];
	free(ids->ring);
	ids->ring = ring;
	ids->cap = cap;
	ids->head = 0;
	return 0;
}

int fab_cntlids_take(struct fab_cntlids *ids, uint16_t *ret_id)
{
	if (!ids->untouched && !ids->nr_freed)
		return -EBUSY;
	if (ids->untouched) {
		int rc = grow_ring(ids, ids->nr_used + ids->nr_freed + 1);

		if (rc)
			return rc;
		*ret_id = ids->next;
		ids->next = ids->next == ids->max ? ids->min : ids->next + 1;
		ids->untouched--;
	} else {
		*ret_id = ids->ring[ids->head];
		ids->head = (ids->head + 1) % ids->cap;
		ids->nr_freed--;
	}
	ids->nr_used++;
	return 0;
}

void fab_cntlids_free(struct fab_cntlids *ids, uint16_t id)
{
	ids->ring[(ids->head + ids->nr_freed) % ids->cap] = id;
	ids->nr_freed++;
	ids->nr_used--;
}

/* The ID that would be given next; where a successor that has lost the set should start from (and beyond). */
uint16_t fab_cntlids_cursor(const struct fab_cntlids *ids)
{
	if (!ids->untouched && ids->nr_freed)
		return ids->ring[ids->head];
	return ids->next;
}
