/* SPDX-License-Identifier: Apache-2.0 */
/* cli/diff.c - tells what a change would do, or has done: of objects, and of hosts' discovery logs. */
#include "cli/cli.h"

#include <stdio.h>
#include <string.h>

static const char *plain(struct json_object *value)
{
	return value ? json_object_to_json_string_ext(value, JSON_C_TO_STRING_PLAIN |
								     JSON_C_TO_STRING_NOSLASHESCAPE)
		     : "null";
}

static void print_change(struct cli *cli, struct json_object *change)
{
	static const char *const marks[][3] = { { "create", "+", "\033[32m" },
						{ "change", "~", "\033[33m" },
						{ "delete", "-", "\033[31m" } };
	const char *action = cli_member_text(change, "action"),
		   *nqn = cli_member_text(change, "nqn");
	struct json_object *members = cli_member(change, "members");
	const char *mark = "?", *color = "";

	for (size_t i = 0; i < sizeof(marks) / sizeof(*marks); i++) {
		if (strcmp(marks[i][0], action) == 0) {
			mark = marks[i][1];
			color = marks[i][2];
		}
	}
	printf("%s%s %s %s%s%s%s\n", cli->color ? color : "", mark, cli_member_text(change, "kind"),
	       nqn, *nqn ? " " : "", cli_member_text(change, "id"), cli->color ? "\033[0m" : "");
	if (!members)
		return;
	json_object_object_foreach(members, name, pair) {
		printf("    %s: %s", name, plain(json_object_object_get(pair, "from")));
		printf(" -> %s\n", plain(json_object_object_get(pair, "to")));
	}
}

static void print_entries(struct json_object *host, const char *what)
{
	struct json_object *entries = cli_member(host, what), *entry;
	const char *nqn = cli_member_text(host, "host_nqn"), *at;

	for (size_t i = 0; i < json_object_array_length(entries); i++) {
		entry = json_object_array_get_idx(entries, i);
		at = cli_member_text(entry, "portal");
		printf("  %s %s %s at %s%s\n", *nqn ? nqn : "any other host", what,
		       cli_member_text(entry, "nqn"), *at ? "" : "referral ",
		       *at ? at : cli_member_text(entry, "referral"));
	}
}

static void print_kept(struct json_object *kept)
{
	const char *member = cli_member_text(kept, "member"), *nqn = cli_member_text(kept, "nqn");

	printf("  %s %s%s%s%s%s\n", cli_member_text(kept, "kind"), nqn, *nqn ? " " : "",
	       cli_member_text(kept, "id"), *member ? ": " : "", member);
}

static size_t count(struct json_object *list)
{
	return list ? json_object_array_length(list) : 0;
}

void cli_print_diff(struct cli *cli, struct json_object *diff)
{
	struct json_object *changes = cli_member(diff, "changes"),
			   *hosts = cli_member(diff, "hosts");
	struct json_object *kept = cli_member(diff, "kept"), *complete;

	for (size_t i = 0; i < count(changes); i++)
		print_change(cli, json_object_array_get_idx(changes, i));
	if (!count(changes))
		puts("nothing to change");
	if (count(hosts))
		puts("discovery logs:");
	for (size_t i = 0; i < count(hosts); i++) {
		print_entries(json_object_array_get_idx(hosts, i), "loses");
		print_entries(json_object_array_get_idx(hosts, i), "gains");
	}
	complete = cli_member(diff, "hosts_complete");
	if (complete && !json_object_get_boolean(complete))
		puts("  and more hosts");
	if (count(kept))
		puts("kept, though the document doesn't name it (--prune takes it away):");
	for (size_t i = 0; i < count(kept); i++)
		print_kept(json_object_array_get_idx(kept, i));
}
