-- SPDX-License-Identifier: Apache-2.0
-- Groups of hosts, usable wherever a host is.
CREATE TABLE host_groups (
	id INTEGER PRIMARY KEY,
	name TEXT NOT NULL UNIQUE,
	description TEXT NOT NULL,
	changed INTEGER NOT NULL,
	created_ms INTEGER NOT NULL
) STRICT;

CREATE TABLE group_members (
	group_id INTEGER NOT NULL REFERENCES host_groups (id),
	host_id INTEGER NOT NULL REFERENCES hosts (id),
	since INTEGER NOT NULL,
	PRIMARY KEY (group_id, host_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX group_members_host ON group_members (host_id);

-- who_id is the id of a host or of a group, which are of one sequence; so it can't be a foreign key.
ALTER TABLE subsystem_hosts RENAME TO old_subsystem_hosts;
CREATE TABLE subsystem_hosts (
	subsystem_id INTEGER NOT NULL REFERENCES subsystems (id),
	who_id INTEGER NOT NULL,
	since INTEGER NOT NULL,
	PRIMARY KEY (subsystem_id, who_id)
) STRICT, WITHOUT ROWID;
INSERT INTO subsystem_hosts SELECT subsystem_id, host_id, since FROM old_subsystem_hosts;
DROP TABLE old_subsystem_hosts;

ALTER TABLE namespace_hosts RENAME TO old_namespace_hosts;
CREATE TABLE namespace_hosts (
	subsystem_id INTEGER NOT NULL,
	nsid INTEGER NOT NULL,
	who_id INTEGER NOT NULL,
	PRIMARY KEY (subsystem_id, nsid, who_id),
	FOREIGN KEY (subsystem_id, nsid) REFERENCES namespaces (subsystem_id, nsid)
) STRICT, WITHOUT ROWID;
INSERT INTO namespace_hosts SELECT subsystem_id, nsid, host_id FROM old_namespace_hosts;
DROP TABLE old_namespace_hosts;
