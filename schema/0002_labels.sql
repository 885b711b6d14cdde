-- SPDX-License-Identifier: Apache-2.0
-- Administrative labels of subsystems, as extended entries of the discovery log tell them; '' is none.
ALTER TABLE subsystems ADD COLUMN label TEXT NOT NULL DEFAULT '';
