/* SPDX-License-Identifier: Apache-2.0 */
/* discoveryd/events/audit.c - the ring of audit records.
 * Owns: the ring.  Thread: control loop.  May block: never. */
#include "discoveryd/events/audit.h"

#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "discoveryd/store/store.h"

struct dsc_audits {
	struct dsc_app *app;
	const struct dsc_audit *ring[DSC_AUDIT_MAX]; /* by id modulo the size */
	uint64_t last_id; /* in the ring */
	uint64_t next_id; /* not given out yet */
};

struct dsc_audits *dsc_audits_create(struct dsc_app *app)
{
	struct dsc_audits *audits = dsc_zalloc(sizeof(*audits));

	audits->app = app;
	audits->next_id = 1;
	return audits;
}

void dsc_audits_destroy(struct dsc_audits *audits)
{
	if (!audits)
		return;
	for (size_t i = 0; i < DSC_AUDIT_MAX; i++)
		dsc_row_put((void *)(uintptr_t)audits->ring[i]);
	free(audits);
}

struct dsc_audit *dsc_audit_new(struct dsc_app *app)
{
	struct dsc_audit *audit = dsc_row_new(DSC_ROW_AUDIT);

	audit->id = app->audits->next_id++;
	audit->wall_ms = cmn_wall_ms();
	audit->path = dsc_strdup("");
	audit->once = dsc_strdup("");
	audit->location = dsc_strdup("");
	audit->changes = dsc_strdup("[]");
	return audit;
}

void dsc_audits_add(struct dsc_audits *audits, const struct dsc_audit *audit)
{
	const struct dsc_audit **slot = &audits->ring[audit->id % DSC_AUDIT_MAX];

	dsc_row_put((void *)(uintptr_t)*slot);
	*slot = dsc_row_get(audit);
	if (audit->id > audits->last_id)
		audits->last_id = audit->id;
	if (audit->id >= audits->next_id)
		audits->next_id = audit->id + 1;
}

/* One that can't be stored is still in the ring. */
void dsc_audit_store(struct dsc_app *app, struct dsc_audit *audit)
{
	dsc_audits_add(app->audits, audit);
	if (app->store)
		dsc_store_put_row(app->store, audit);
	else
		dsc_row_put(audit);
}

const struct dsc_audit *dsc_audit_after(struct dsc_audits *audits, uint64_t id)
{
	if (audits->last_id > DSC_AUDIT_MAX && id < audits->last_id - DSC_AUDIT_MAX)
		id = audits->last_id - DSC_AUDIT_MAX;
	for (id++; id <= audits->last_id; id++) {
		const struct dsc_audit *audit = audits->ring[id % DSC_AUDIT_MAX];

		if (audit && audit->id == id)
			return audit;
	}
	return NULL;
}

const struct dsc_audit *dsc_audit_once(struct dsc_audits *audits, const char *prefix)
{
	size_t len = strlen(prefix);
	const struct dsc_audit *found = NULL;

	for (size_t i = 0; i < DSC_AUDIT_MAX; i++) {
		const struct dsc_audit *audit = audits->ring[i];

		if (audit && strncmp(audit->once, prefix, len) == 0 &&
		    (!found || audit->id > found->id))
			found = audit;
	}
	return found;
}
