-- SPDX-License-Identifier: Apache-2.0
-- past_any: meta.gen_any up to here is not this host's, since what every other host was told changed nothing for it.
ALTER TABLE views ADD COLUMN past_any INTEGER NOT NULL DEFAULT 0;
-- A worker in a crash loop stays out of the log over a restart, as its hosts' generations say.
ALTER TABLE workers ADD COLUMN degraded INTEGER NOT NULL DEFAULT 0;
