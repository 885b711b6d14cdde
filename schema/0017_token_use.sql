-- SPDX-License-Identifier: Apache-2.0
-- About when a token was last used, ms since 1970; 0: never.
ALTER TABLE tokens ADD COLUMN used_ms INTEGER NOT NULL DEFAULT 0;
