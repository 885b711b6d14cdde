-- SPDX-License-Identifier: Apache-2.0
-- Other discovery controllers that hosts are told of.  hosts: NQNs, each ended by a newline; used unless all_hosts.
CREATE TABLE referrals (
	id INTEGER PRIMARY KEY,
	name TEXT NOT NULL UNIQUE,
	nqn TEXT NOT NULL,
	traddr TEXT NOT NULL,
	port INTEGER NOT NULL CHECK (port BETWEEN 1 AND 65535),
	all_hosts INTEGER NOT NULL,
	hosts TEXT NOT NULL,
	changed INTEGER NOT NULL,
	created_ms INTEGER NOT NULL,
	UNIQUE (traddr, port, nqn)
) STRICT;
