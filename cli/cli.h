/* SPDX-License-Identifier: Apache-2.0 */
/* cli/cli.h - what a command of `pharos` is made of: a row that says how it is called, and a function.
 * Owns: struct cli is main.c's, for the process's life.  Thread: one.  May block: yes, it is a command line.
 *
 * A new command: one row in the table of its area's file; a new area: its table in cli/commands.c too. */
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stddef.h>

/* Exit statuses, documented in docs/pharos.1. */
enum cli_exit {
	CLI_OK,
	CLI_FAILED, /* the operation failed, or the worker could not do it */
	CLI_USAGE, /* the command line is wrong */
	CLI_UNREACHABLE, /* nobody answers: discoveryd, or the address to discover or probe */
	CLI_NOT_FOUND, /* the object isn't there */
	CLI_CONFLICT, /* it exists already, is in use, or was changed meanwhile */
	CLI_REFUSED, /* a value isn't valid, or the request isn't allowed */
	CLI_EXIT_COUNT
};

/* Where the value of an option goes. */
enum cli_where {
	CLI_BODY, /* a member of the request's body */
	CLI_QUERY, /* a parameter of the request */
	CLI_LOCAL, /* for the command itself, by cli_text() and its like */
	CLI_WHERE_COUNT
};

enum cli_kind {
	CLI_TEXT,
	CLI_NUMBER,
	CLI_BOOL, /* --x yes|no */
	CLI_FLAG, /* --x: true */
	CLI_NULL, /* --x: null, which takes a setting away */
	CLI_LIST, /* may be given several times */
	CLI_KIND_COUNT
};

struct cli_option {
	const char *name; /* without the dashes */
	const char *key; /* name of the member or parameter */
	enum cli_kind kind;
	enum cli_where where;
	const char *arg; /* what usage calls its value; NULL for flags */
	const char *help;
};

struct cli;

struct cli_command {
	const char *area; /* "subsystem"; NULL: the verb stands alone */
	const char *verb;
	const char *
		args; /* as usage shows them; "[X]" is one that may be left out, so it also gives their number */
	const char *help;
	const struct cli_option *options; /* ends with a name of NULL; may be NULL */
	enum cli_exit (*run)(struct cli *cli);
};

/* Ends with a verb of NULL. */
extern const struct cli_command *const cli_areas[];

struct cli {
	const char *api; /* base URL, no slash at the end */
	bool json;
	bool color;
	long also_ok; /* an HTTP status that isn't taken for a failure, though it looks like one */
	const struct cli_command *cmd;
	char **argv; /* what isn't an option, after area and verb */
	int argc;
	struct json_object *values[CLI_WHERE_COUNT]; /* objects: options by key */
};

/* -- options (options.c) ---------------------------------------------------------------------------------------- */
/* Takes area, verb, options and arguments apart.  On anything but CLI_OK it has said why.  cli->cmd stays NULL when only
 * help or the version was wanted, which has then been printed. */
enum cli_exit cli_parse(struct cli *cli, int argc, char **argv);
const char *cli_arg(const struct cli *cli, int index); /* NULL when left out */
/* A local option's value, or the default. */
const char *cli_text(const struct cli *cli, const char *key, const char *otherwise);
unsigned long long cli_number(const struct cli *cli, const char *key, unsigned long long otherwise);
bool cli_flag(const struct cli *cli, const char *key);

/* -- what is said (say.c) ------------------------------------------------------------------------------------------- */
/* "pharos: ..." on stderr; hint (may be NULL) on a line of its own. */
void cli_error(const char *hint, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void cli_note(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void cli_print_json(struct json_object *doc);
void cli_usage(const struct cli_command *cmd, bool to_stdout); /* of one command; NULL: of all */

/* -- REST (rest.c) ------------------------------------------------------------------------------------------------ */
/* "/api/v1" and each segment, percent-encoded; ends with NULL.  free() it. */
char *cli_path(const char *segment, ...) __attribute__((sentinel));
/* One request with cli->values[CLI_QUERY]; body may be NULL.  On anything but CLI_OK the error has been told. *ret_doc (may be
 * NULL) is the answer, to be put by the caller; NULL when there is none. */
enum cli_exit cli_request(struct cli *cli, const char *method, const char *path,
			  struct json_object *body, struct json_object **ret_doc);
/* Every item of a list, page after page. */
enum cli_exit cli_list(struct cli *cli, const char *path, struct json_object **ret_items);

/* A text/event-stream: message() for each, with its type and data (borrowed), until it says false or the stream ends. */
enum cli_exit cli_follow(struct cli *cli, const char *path,
			 bool (*message)(void *arg, const char *type, struct json_object *data),
			 void *arg);

/* -- tables (table.c) ----------------------------------------------------------------------------------------------- */
enum cli_cell {
	CELL_TEXT,
	CELL_NUMBER, /* to the right */
	CELL_SIZE, /* bytes, shown as 1GiB */
	CELL_STATE, /* coloured: ready, pending, failed and their like */
	CELL_COUNT, /* how many elements an array has */
	CELL_KIND_COUNT
};

struct cli_column {
	const char *title;
	const char *path; /* "status.state" */
	enum cli_cell kind;
	/* Instead of path, what doesn't follow from one member.  Returns buf or a constant. */
	const char *(*text)(struct json_object *item, char *buf, size_t size);
};

struct json_object *cli_member(struct json_object *obj,
			       const char *path); /* NULL: not there, or null */
const char *cli_member_text(struct json_object *obj, const char *path); /* "" when absent */
/* columns ends with a title of NULL. */
void cli_table(struct cli *cli, const struct cli_column *columns, struct json_object *items);
/* Every member of an object, a line each. */
void cli_record(struct cli *cli, struct json_object *obj);

/* -- what most resources do (resource.c) -------------------------------------------------------------------------- */
enum cli_exit cli_run_list(struct cli *cli, const char *path, const struct cli_column *columns);
enum cli_exit cli_run_show(struct cli *cli, const char *path);
/* Sends values[CLI_BODY], shows the object that comes back and, on stderr, whether its worker has confirmed it. */
enum cli_exit cli_run_write(struct cli *cli, const char *method, const char *path);
enum cli_exit cli_run_delete(struct cli *cli, const char *path);

extern const struct cli_option cli_wait_options[]; /* --wait */
extern const struct cli_option cli_delete_options[]; /* --force --wait */

#define CLI_WAIT_OPTION                                                                            \
	{                                                                                          \
		"wait", "wait", CLI_NUMBER, CLI_QUERY, "SECONDS",                                  \
			"how long to wait for the worker's confirmation (2)"                       \
	}
#define CLI_FORCE_OPTION                                                                           \
	{                                                                                          \
		"force", "force", CLI_FLAG, CLI_QUERY, NULL, "even though it is in use"            \
	}

#endif
