-- SPDX-License-Identifier: Apache-2.0
-- DH-HMAC-CHAP secrets: by which a host authenticates (kind 0), and by which controllers do towards it (1).  secret: as text, DHHC-1:...; hashes, dhgroups: bit n allows
-- the identifier n of the specification, 0 all.  require_auth: hosts that have no key are refused.
CREATE TABLE keys (
	id INTEGER PRIMARY KEY,
	name TEXT NOT NULL UNIQUE,
	host_id INTEGER NOT NULL REFERENCES hosts (id),
	kind INTEGER NOT NULL CHECK (kind BETWEEN 0 AND 1),
	description TEXT NOT NULL,
	secret TEXT NOT NULL,
	hashes INTEGER NOT NULL,
	dhgroups INTEGER NOT NULL,
	changed INTEGER NOT NULL,
	created_ms INTEGER NOT NULL,
	UNIQUE (host_id, kind)
) STRICT;

ALTER TABLE subsystems ADD COLUMN require_auth INTEGER NOT NULL DEFAULT 0;
