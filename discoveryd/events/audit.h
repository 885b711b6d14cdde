/* SPDX-License-Identifier: Apache-2.0 */
/* discoveryd/events/audit.h - who changed what, and what it was before: a ring in memory, kept in the database too.
 * Owns: the ring.  Thread: control loop.  May block: never.
 *
 * A record of a change of the model is stored in the change's own transaction: neither is there without the other. */
#ifndef DISCOVERYD_EVENTS_AUDIT_H
#define DISCOVERYD_EVENTS_AUDIT_H

#include "discoveryd/app.h"
#include "discoveryd/model/rows.h"

#define DSC_AUDIT_MAX 4096
#define DSC_AUDIT_CHANGES_MAX 16384 /* bytes of a record's changes */

struct dsc_audit {
	struct dsc_row row;
	uint64_t id; /* 1, 2, ...: greater than all before it */
	uint64_t wall_ms;
	char user[64];
	char address[72]; /* where it came from */
	char operation[64]; /* of the contract: "createHost" */
	char *path; /* of the request */
	char *once; /* by which it can be recognised when it is sent again; "" none */
	char *location; /* of what it made; "" none */
	char *changes; /* JSON array as text */
};

/* One with the next id and the time; the texts are empty.  The caller's. */
struct dsc_audit *dsc_audit_new(struct dsc_app *app);
/* Of something that is no change of the model: stored by itself.  The reference is taken over. */
void dsc_audit_store(struct dsc_app *app, struct dsc_audit *audit);
/* The first record with a greater id, NULL at the end; borrowed until the turn ends. */
const struct dsc_audit *dsc_audit_after(struct dsc_audits *audits, uint64_t id);
/* The newest whose `once` begins with prefix; NULL: none is kept. */
const struct dsc_audit *dsc_audit_once(struct dsc_audits *audits, const char *prefix);

/* main.c, model.c */
struct dsc_audits *dsc_audits_create(struct dsc_app *app);
void dsc_audits_destroy(struct dsc_audits *audits);
/* A record is stored, or was when discoveryd started: it can be seen from now on. */
void dsc_audits_add(struct dsc_audits *audits, const struct dsc_audit *audit);

#endif
