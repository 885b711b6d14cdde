-- SPDX-License-Identifier: Apache-2.0
-- Who changed what: one row for each request that changed something.  changes: a JSON array, each object with what it was and is.
CREATE TABLE audit (
	id INTEGER PRIMARY KEY,
	wall_ms INTEGER NOT NULL,
	user TEXT NOT NULL,
	address TEXT NOT NULL,
	operation TEXT NOT NULL,
	path TEXT NOT NULL,
	once TEXT NOT NULL,
	location TEXT NOT NULL,
	changes TEXT NOT NULL
) STRICT;
