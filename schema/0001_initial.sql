-- SPDX-License-Identifier: Apache-2.0
-- Desired state, and what workers last confirmed of it.  Numbers named since, changed, confirmed and gen are
-- change numbers: meta.change is the last one given out.  Times are milliseconds since 1970.
CREATE TABLE meta (
	id INTEGER PRIMARY KEY CHECK (id = 1),
	identity TEXT NOT NULL,
	epoch INTEGER NOT NULL,
	change INTEGER NOT NULL,
	gen_any INTEGER NOT NULL,
	next_id INTEGER NOT NULL
) STRICT;

CREATE TABLE nodes (
	id INTEGER PRIMARY KEY,
	name TEXT NOT NULL UNIQUE
) STRICT;

CREATE TABLE workers (
	id INTEGER PRIMARY KEY,
	node_id INTEGER NOT NULL REFERENCES nodes (id),
	name TEXT NOT NULL UNIQUE,
	reactors INTEGER NOT NULL,
	cpu_list TEXT NOT NULL,
	changed INTEGER NOT NULL,
	created_ms INTEGER NOT NULL,
	confirmed INTEGER NOT NULL,
	incarnation INTEGER NOT NULL
) STRICT;

CREATE TABLE portals (
	id INTEGER PRIMARY KEY,
	worker_id INTEGER NOT NULL REFERENCES workers (id),
	name TEXT NOT NULL UNIQUE,
	kind INTEGER NOT NULL,
	portid INTEGER NOT NULL UNIQUE CHECK (portid BETWEEN 1 AND 65534),
	address TEXT NOT NULL,
	port INTEGER NOT NULL CHECK (port BETWEEN 1 AND 65535),
	advertise TEXT NOT NULL,
	since INTEGER NOT NULL,
	changed INTEGER NOT NULL,
	created_ms INTEGER NOT NULL,
	UNIQUE (address, port)
) STRICT;
CREATE INDEX portals_worker ON portals (worker_id);

CREATE TABLE hosts (
	id INTEGER PRIMARY KEY,
	nqn TEXT NOT NULL UNIQUE,
	name TEXT NOT NULL,
	changed INTEGER NOT NULL,
	created_ms INTEGER NOT NULL
) STRICT;

CREATE TABLE subsystems (
	id INTEGER PRIMARY KEY,
	worker_id INTEGER NOT NULL REFERENCES workers (id),
	nqn TEXT NOT NULL UNIQUE,
	serial TEXT NOT NULL,
	model TEXT NOT NULL,
	allow_any_host INTEGER NOT NULL,
	all_portals INTEGER NOT NULL,
	since INTEGER NOT NULL,
	any_since INTEGER NOT NULL,
	portals_since INTEGER NOT NULL,
	changed INTEGER NOT NULL,
	created_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX subsystems_worker ON subsystems (worker_id);

CREATE TABLE subsystem_hosts (
	subsystem_id INTEGER NOT NULL REFERENCES subsystems (id),
	host_id INTEGER NOT NULL REFERENCES hosts (id),
	since INTEGER NOT NULL,
	PRIMARY KEY (subsystem_id, host_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX subsystem_hosts_host ON subsystem_hosts (host_id);

CREATE TABLE subsystem_portals (
	subsystem_id INTEGER NOT NULL REFERENCES subsystems (id),
	portal_id INTEGER NOT NULL REFERENCES portals (id),
	since INTEGER NOT NULL,
	PRIMARY KEY (subsystem_id, portal_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX subsystem_portals_portal ON subsystem_portals (portal_id);

CREATE TABLE namespaces (
	subsystem_id INTEGER NOT NULL REFERENCES subsystems (id),
	nsid INTEGER NOT NULL CHECK (nsid BETWEEN 1 AND 4096),
	uuid BLOB NOT NULL UNIQUE CHECK (length(uuid) = 16),
	nguid BLOB NOT NULL CHECK (length(nguid) = 16),
	eui64 BLOB NOT NULL CHECK (length(eui64) = 8),
	backend TEXT NOT NULL,
	size INTEGER NOT NULL,
	block_size INTEGER NOT NULL,
	path TEXT UNIQUE,
	read_only INTEGER NOT NULL,
	restricted INTEGER NOT NULL,
	changed INTEGER NOT NULL,
	created_ms INTEGER NOT NULL,
	PRIMARY KEY (subsystem_id, nsid)
) STRICT, WITHOUT ROWID;

CREATE TABLE namespace_hosts (
	subsystem_id INTEGER NOT NULL,
	nsid INTEGER NOT NULL,
	host_id INTEGER NOT NULL REFERENCES hosts (id),
	PRIMARY KEY (subsystem_id, nsid, host_id),
	FOREIGN KEY (subsystem_id, nsid) REFERENCES namespaces (subsystem_id, nsid)
) STRICT, WITHOUT ROWID;
CREATE INDEX namespace_hosts_host ON namespace_hosts (host_id);

-- What a worker said that it could not do.  0 stands for none, so there are no foreign keys.
CREATE TABLE failures (
	subsystem_id INTEGER NOT NULL,
	nsid INTEGER NOT NULL,
	portal_id INTEGER NOT NULL,
	field TEXT NOT NULL,
	reason TEXT NOT NULL,
	PRIMARY KEY (subsystem_id, nsid, portal_id)
) STRICT, WITHOUT ROWID;

-- Generation that a host's discovery log has reached.  Outlives the host's row: a generation never goes back.
CREATE TABLE views (
	host_nqn TEXT PRIMARY KEY,
	gen INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE events (
	id INTEGER PRIMARY KEY,
	wall_ms INTEGER NOT NULL,
	severity INTEGER NOT NULL,
	kind TEXT NOT NULL,
	text TEXT NOT NULL,
	data TEXT NOT NULL
) STRICT;
