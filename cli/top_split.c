/* SPDX-License-Identifier: Apache-2.0 */
/* cli/top_split.c - see top.h. */
#include "cli/top.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"

/* The item of a list whose member is this; NULL: none. */
static struct json_object *find_in(struct json_object *list, const char *member, const char *value)
{
	for (size_t i = 0; list && i < json_object_array_length(list); i++) {
		struct json_object *item = json_object_array_get_idx(list, i);

		if (strcmp(cli_member_text(item, member), value) == 0)
			return item;
	}
	return NULL;
}

struct json_object *cli_top_find(struct json_object *stats, struct json_object *row)
{
	struct json_object *found;

	found = find_in(cli_member(stats, "workers"), "worker", cli_member_text(row, "worker"));
	found = find_in(cli_member(found, "subsystems"), "nqn", cli_member_text(row, "nqn"));
	if (found && cli_member(row, "nsid"))
		found = find_in(cli_member(found, "namespaces"), "nsid",
				cli_member_text(row, "nsid"));
	return found;
}

static double bucket(struct json_object *buckets, size_t i)
{
	return buckets ? json_object_get_double(json_object_array_get_idx(buckets, i)) : 0;
}

/* Commands are taken to lie in the middle of their bucket, which is twice as wide as the one below it. */
static double middle(struct json_object *bounds, size_t i)
{
	size_t nr = json_object_array_length(bounds);
	double end = bucket(bounds, i < nr ? i : nr - 1);

	return i == 0 ? end / 2 : i < nr ? end * 0.75 : end * 1.5;
}

/* The mean of what came into the buckets meanwhile, in ms. */
static double mean_ms(struct json_object *now, struct json_object *before,
		      struct json_object *bounds)
{
	double count = 0, sum = 0, more;

	for (size_t i = 0; now && i < json_object_array_length(now); i++) {
		more = bucket(now, i) - bucket(before, i);
		if (more < 0) /* another process since */
			more = bucket(now, i);
		count += more;
		sum += more * middle(bounds, i);
	}
	return count > 0 ? sum / count / 1e6 : 0;
}

void cli_top_split(struct json_object *row, struct json_object *now, struct json_object *before,
		   struct json_object *bounds)
{
	static const char *const ways[] = { "read", "write" };
	static const char *const parts[] = { "transport", "backend", "queue" };
	struct json_object *split = json_object_new_object(), *in;
	char path[40], text[32];
	double ms;

	for (int w = 0; w < 2; w++) {
		in = json_object_new_object();
		for (int p = 0; p < 3; p++) {
			snprintf(path, sizeof(path), "times.%s.%s", ways[w], parts[p]);
			ms = mean_ms(cli_member(now, path), cli_member(before, path), bounds);
			snprintf(text, sizeof(text), "%.3f", ms);
			json_object_object_add(in, parts[p], json_object_new_double_s(ms, text));
		}
		json_object_object_add(split, ways[w], in);
	}
	json_object_object_add(row, "split", split);
}
