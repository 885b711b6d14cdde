-- SPDX-License-Identifier: Apache-2.0
-- Generation that a host's host discovery log has reached; as in views, it outlives what was registered.
CREATE TABLE host_views (
	host_nqn TEXT PRIMARY KEY,
	gen INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
