-- SPDX-License-Identifier: Apache-2.0
-- Which portals a host is told first, and how many: enum dsc_path_policy (1 all; of a group 0: says nothing), and max_paths (0: no limit, or says nothing).
ALTER TABLE subsystems ADD COLUMN path_policy INTEGER NOT NULL DEFAULT 1;
ALTER TABLE subsystems ADD COLUMN max_paths INTEGER NOT NULL DEFAULT 0;
ALTER TABLE host_groups ADD COLUMN path_policy INTEGER NOT NULL DEFAULT 0;
ALTER TABLE host_groups ADD COLUMN max_paths INTEGER NOT NULL DEFAULT 0;
