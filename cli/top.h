/* SPDX-License-Identifier: Apache-2.0 */
/* cli/top.h - where the time of commands went, from two answers of /stats.  Owns: nothing.  Thread: one.  May block: never. */
#ifndef CLI_TOP_H
#define CLI_TOP_H

#include <json-c/json.h>

/* The record that a row (worker, nqn, perhaps nsid) is of in an answer of /stats; NULL: it has none. */
struct json_object *cli_top_find(struct json_object *stats, struct json_object *row);

/* Adds to a row "split": for read and write the mean time of each part in milliseconds, as the buckets of its record `now` tell that have
 * been filled since the record `before` (NULL: since ever).  bounds: upper ends of the buckets, in ns. */
void cli_top_split(struct json_object *row, struct json_object *now, struct json_object *before,
		   struct json_object *bounds);

#endif
