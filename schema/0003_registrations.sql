-- SPDX-License-Identifier: Apache-2.0
-- What hosts and other discovery controllers registered by Discovery Information Management: who they are, and their entries.
CREATE TABLE entities (
	id INTEGER PRIMARY KEY,
	eid TEXT NOT NULL UNIQUE,
	owner TEXT NOT NULL,
	etype INTEGER NOT NULL CHECK (etype BETWEEN 1 AND 3),
	name TEXT NOT NULL,
	version TEXT NOT NULL,
	changed INTEGER NOT NULL,
	created_ms INTEGER NOT NULL
) STRICT;

CREATE TABLE registrations (
	id INTEGER PRIMARY KEY,
	entity_id INTEGER NOT NULL REFERENCES entities (id),
	key TEXT NOT NULL,
	nqn TEXT NOT NULL,
	adrfam INTEGER NOT NULL,
	traddr TEXT NOT NULL,
	trsvcid TEXT NOT NULL,
	subtype INTEGER NOT NULL,
	treq INTEGER NOT NULL,
	sectype INTEGER NOT NULL,
	portid INTEGER NOT NULL,
	cntlid INTEGER NOT NULL,
	asqsz INTEGER NOT NULL,
	port_local INTEGER NOT NULL,
	host_id BLOB NOT NULL CHECK (length(host_id) = 16),
	label TEXT NOT NULL,
	verified INTEGER NOT NULL,
	changed INTEGER NOT NULL,
	created_ms INTEGER NOT NULL,
	UNIQUE (entity_id, key)
) STRICT;
