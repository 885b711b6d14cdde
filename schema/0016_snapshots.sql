-- SPDX-License-Identifier: Apache-2.0
-- Snapshots of namespaces, each a file.  What it was taken of is named, for it may go.  state: 0 creating, 1 ready, 2 failed (error: errno).  deleting: a number while its file is
-- being removed.
CREATE TABLE snapshots (
	id INTEGER PRIMARY KEY,
	name TEXT NOT NULL UNIQUE,
	nqn TEXT NOT NULL,
	nsid INTEGER NOT NULL,
	uuid BLOB NOT NULL,
	worker TEXT NOT NULL,
	size INTEGER NOT NULL,
	block_size INTEGER NOT NULL,
	path TEXT NOT NULL,
	description TEXT NOT NULL,
	state INTEGER NOT NULL CHECK (state BETWEEN 0 AND 2),
	deleting INTEGER NOT NULL,
	shared INTEGER NOT NULL,
	max_hold_ms INTEGER NOT NULL,
	held_ms INTEGER NOT NULL,
	error INTEGER NOT NULL,
	field TEXT NOT NULL,
	reason TEXT NOT NULL,
	taken_ms INTEGER NOT NULL,
	changed INTEGER NOT NULL,
	created_ms INTEGER NOT NULL
) STRICT;

-- Namespaces that are being made from them: so that a start knows which files nobody needs.  The subsystem may go meanwhile.
CREATE TABLE restores (
	id INTEGER PRIMARY KEY,
	snapshot_id INTEGER NOT NULL REFERENCES snapshots (id),
	subsystem_id INTEGER NOT NULL,
	nsid INTEGER NOT NULL,
	path TEXT NOT NULL,
	size INTEGER NOT NULL
) STRICT;
CREATE INDEX restores_snapshot ON restores (snapshot_id);
