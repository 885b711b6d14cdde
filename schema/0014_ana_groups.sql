-- SPDX-License-Identifier: Apache-2.0
-- ANA groups: id is the ANAGRPID that hosts are told.  Group 1 is every namespace's until another is said.
CREATE TABLE ana_groups (
	id INTEGER PRIMARY KEY,
	description TEXT NOT NULL,
	changed INTEGER NOT NULL,
	created_ms INTEGER NOT NULL
) STRICT;
INSERT INTO ana_groups VALUES (1, '', 1, unixepoch() * 1000);

-- What portals say of them, enum nvme_ana_state; a portal that isn't here says optimized.
CREATE TABLE ana_states (
	group_id INTEGER NOT NULL REFERENCES ana_groups (id),
	portal_id INTEGER NOT NULL REFERENCES portals (id),
	state INTEGER NOT NULL,
	since INTEGER NOT NULL,
	PRIMARY KEY (group_id, portal_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX ana_states_portal ON ana_states (portal_id);

ALTER TABLE namespaces ADD COLUMN ana_group INTEGER NOT NULL DEFAULT 1;
