-- SPDX-License-Identifier: Apache-2.0
-- Other discovery controllers that are followed, or wait for an operator to admit them.  nqn: what they are asked by; own_nqn: what
-- they call themselves; host_nqn: what they call themselves as hosts of ours, host_addr: from
-- where they come; hosts: as of referrals.
CREATE TABLE discovery_controllers (
	id INTEGER PRIMARY KEY,
	name TEXT NOT NULL UNIQUE,
	source INTEGER NOT NULL,
	traddr TEXT NOT NULL,
	port INTEGER NOT NULL CHECK (port BETWEEN 1 AND 65535),
	nqn TEXT NOT NULL,
	own_nqn TEXT NOT NULL,
	host_nqn TEXT NOT NULL,
	host_addr TEXT NOT NULL,
	dctype INTEGER NOT NULL,
	central INTEGER NOT NULL,
	enabled INTEGER NOT NULL,
	admitted INTEGER NOT NULL,
	all_hosts INTEGER NOT NULL,
	hosts TEXT NOT NULL,
	changed INTEGER NOT NULL,
	created_ms INTEGER NOT NULL,
	UNIQUE (traddr, port, nqn)
) STRICT;

-- dc_id: the discovery controller that it is, or whose log was read into it; 0 for hosts.  away: it is not connected.
ALTER TABLE entities ADD COLUMN dc_id INTEGER NOT NULL DEFAULT 0;
ALTER TABLE entities ADD COLUMN away INTEGER NOT NULL DEFAULT 0;
