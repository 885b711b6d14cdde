-- SPDX-License-Identifier: Apache-2.0
-- Who may use the API, and the tokens by which they are known.  hash: SHA-256 of the token; it itself is nowhere.  expires_ms: 0 never.
CREATE TABLE users (
	id INTEGER PRIMARY KEY,
	name TEXT NOT NULL UNIQUE,
	role INTEGER NOT NULL CHECK (role BETWEEN 0 AND 2),
	description TEXT NOT NULL,
	changed INTEGER NOT NULL,
	created_ms INTEGER NOT NULL
) STRICT;

CREATE TABLE tokens (
	id INTEGER PRIMARY KEY,
	name TEXT NOT NULL UNIQUE,
	user_id INTEGER NOT NULL REFERENCES users (id),
	description TEXT NOT NULL,
	hash BLOB NOT NULL CHECK (length(hash) = 32),
	expires_ms INTEGER NOT NULL,
	changed INTEGER NOT NULL,
	created_ms INTEGER NOT NULL
) STRICT;
