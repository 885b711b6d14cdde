-- SPDX-License-Identifier: Apache-2.0
-- What hosts are told of a portal's security: bits 1:0 of TREQ (0 not specified, 2 not required).
ALTER TABLE portals ADD COLUMN secure_channel INTEGER NOT NULL DEFAULT 0;
