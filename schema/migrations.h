/* SPDX-License-Identifier: Apache-2.0 */
/* schema/migrations.h - the migrations of schema/NNNN_name.sql, embedded at build by schema/embed.sh.
 * Owns: constant data.  Thread: any.  May block: never. */
#ifndef SCHEMA_MIGRATIONS_H
#define SCHEMA_MIGRATIONS_H

#include <stddef.h>

struct dsc_migration {
	unsigned int version; /* NNNN: PRAGMA user_version once it is applied */
	const char *name;
	const char *sql;
};

/* In ascending order of version, versions 1..count without a gap. */
extern const struct dsc_migration dsc_migrations[];
extern const size_t dsc_migrations_count;

#endif
