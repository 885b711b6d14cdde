-- SPDX-License-Identifier: Apache-2.0
-- Zoning.  What operators edit: zone_groups, zones, zone_aliases.  What is enforced: zone_actives, each from one change until another
-- (until 0: now), and zone_pasts, one for every change of it.  Members are lines of text, as discoveryd/model/zone_member.h has it.
CREATE TABLE zone_settings (
	id INTEGER PRIMARY KEY CHECK (id = 1),
	enabled INTEGER NOT NULL,
	closed INTEGER NOT NULL,
	ddcs TEXT NOT NULL,
	changed INTEGER NOT NULL
) STRICT;

CREATE TABLE zone_groups (
	id INTEGER PRIMARY KEY,
	name TEXT NOT NULL UNIQUE,
	description TEXT NOT NULL,
	changed INTEGER NOT NULL,
	created_ms INTEGER NOT NULL
) STRICT;

CREATE TABLE zones (
	id INTEGER PRIMARY KEY,
	group_id INTEGER NOT NULL REFERENCES zone_groups (id),
	name TEXT NOT NULL,
	enforced INTEGER NOT NULL,
	members TEXT NOT NULL,
	changed INTEGER NOT NULL,
	created_ms INTEGER NOT NULL,
	UNIQUE (group_id, name)
) STRICT;

CREATE TABLE zone_aliases (
	id INTEGER PRIMARY KEY,
	name TEXT NOT NULL UNIQUE,
	members TEXT NOT NULL,
	changed INTEGER NOT NULL,
	created_ms INTEGER NOT NULL
) STRICT;

CREATE TABLE zone_actives (
	id INTEGER PRIMARY KEY,
	name TEXT NOT NULL,
	originator TEXT NOT NULL,
	generation INTEGER NOT NULL,
	key INTEGER NOT NULL,
	since INTEGER NOT NULL,
	until INTEGER NOT NULL,
	activated_ms INTEGER NOT NULL,
	zones TEXT NOT NULL
) STRICT;

CREATE TABLE zone_pasts (
	change INTEGER PRIMARY KEY,
	wall_ms INTEGER NOT NULL,
	kind INTEGER NOT NULL,
	enabled INTEGER NOT NULL,
	closed INTEGER NOT NULL,
	grace INTEGER NOT NULL,
	ddcs TEXT NOT NULL,
	note TEXT NOT NULL,
	summary TEXT NOT NULL
) STRICT;

-- Since which change a subsystem, or a registered host, has this label.
ALTER TABLE subsystems ADD COLUMN label_since INTEGER NOT NULL DEFAULT 0;
ALTER TABLE registrations ADD COLUMN label_since INTEGER NOT NULL DEFAULT 0;
