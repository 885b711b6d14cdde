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
	CLI_GLOBAL, /* for every command: options.c takes it into struct cli */
	CLI_WHERE_COUNT
};

enum cli_kind {
	CLI_TEXT,
	CLI_NUMBER,
	CLI_BOOL, /* --x yes|no */
	CLI_FLAG, /* --x: true */
	CLI_NULL, /* --x: null, which takes a setting away */
	CLI_LIST, /* may be given several times */
	CLI_EVERY, /* --x or --x=SECONDS: 2 when left out */
	CLI_KIND_COUNT
};

struct cli_option {
	const char *name; /* without the dashes */
	const char *key; /* name of the member or parameter */
	enum cli_kind kind;
	enum cli_where where;
	const char *arg; /* what usage calls its value; "a|b" are all it may be; NULL for flags */
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

/* Each ends with a verb of NULL, and the list with NULL (commands.c). */
extern const struct cli_command *const cli_areas[];

/* What an area is about: its other name, its line of help, and where its objects are listed, for completion. */
struct cli_resource {
	const char *area, *alias;
	const char *help;
	const char *collection; /* segment below /api/v1; NULL: not listed there */
	const char *key; /* the member that names one */
};
extern const struct cli_resource cli_resources[]; /* ends with an area of NULL */

enum cli_form {
	CLI_TABLE,
	CLI_WIDE, /* with the columns that are CELL_WIDE */
	CLI_NAME, /* only what names each object */
	CLI_FORM_COUNT
};

struct cli {
	const char *api; /* base URL, no slash at the end */
	const char *token; /* for the API; NULL: none */
	enum cli_form form;
	bool json;
	bool color;
	bool no_headers;
	bool yes; /* don't ask before something is destroyed */
	bool dry_run; /* of what changes something: only tell what it would do */
	bool only_reads; /* a request that writes is refused: it is going to be repeated */
	bool later; /* of what takes long: answer by an operation, at once */
	bool quiet; /* an API that doesn't answer is no news */
	const char *columns; /* "NQN,STATE": these and no others; NULL: those of the form */
	unsigned long long every; /* seconds between two looks; 0: one look */
	long timeout_s; /* of a request; 0: the usual one */
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
extern const struct cli_option cli_global_options[];
char cli_short_option(const char *name); /* 'o' of "output"; 0: it has none */

/* -- finding commands (lookup.c) -------------------------------------------------------------------------------- */
/* The command that one or two words name; second may be NULL.  Other names count too: "ns", "portals", "rm". */
const struct cli_command *cli_find_command(const char *first, const char *second);
/* The area that a word names: its proper name, NULL for none. */
const char *cli_find_area(const char *word);
const struct cli_resource *cli_find_resource(const char *area); /* NULL: not in the table */
/* Says that there is no such command or verb, and which one was perhaps meant. */
enum cli_exit cli_unknown_command(const char *first, const char *second);
/* The option of a command, or the global one; NULL: none. */
const struct cli_option *cli_find_option(const struct cli_command *cmd, const char *name);
const struct cli_option *cli_find_short_option(const struct cli_command *cmd, char letter);
/* How unlike two words are: letters to change, to add, to leave out, or to swap with the next. */
unsigned int cli_distance(const char *a, const char *b);
/* Keeps in *best the word that is most like the one that was typed; NULL as long as none is like it at all. */
void cli_closest(const char *typed, const char *word, const char **best);
/* A local option's value, or the default. */
const char *cli_text(const struct cli *cli, const char *key, const char *otherwise);
unsigned long long cli_number(const struct cli *cli, const char *key, unsigned long long otherwise);
bool cli_flag(const struct cli *cli, const char *key);

/* -- what is said (say.c) ------------------------------------------------------------------------------------------- */
/* "pharos: ..." on stderr; hint (may be NULL) on a line of its own. */
void cli_error(const char *hint, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void cli_note(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void cli_print_json(struct json_object *doc);
/* Is there somebody to ask? */
bool cli_asks(const struct cli *cli);
/* Asks on a terminal, where --yes wasn't given: "... [y/N]".  CLI_OK: go on; else it has said that nothing was done. */
enum cli_exit cli_confirm(const struct cli *cli, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
/* A bar on the terminal, how much of total is done; nothing where stderr isn't one.  done >= total wipes it away. */
void cli_progress(const struct cli *cli, unsigned long long done, unsigned long long total,
		  const char *what);

/* -- help (help.c) ---------------------------------------------------------------------------------------------- */
void cli_usage(const struct cli_command *cmd, bool to_stdout); /* of one command; NULL: of all */
void cli_area_usage(const char *area, bool to_stdout);

/* -- repeating (repeat.c) --------------------------------------------------------------------------------------- */
/* Runs the command every cli->every seconds until it fails or a signal ends us, and shows what it says: on a terminal in place of
 * what it said before, elsewhere only where that has changed. */
enum cli_exit cli_repeat(struct cli *cli);

/* -- REST (rest.c) ------------------------------------------------------------------------------------------------ */
/* "/api/v1" and each segment, percent-encoded; ends with NULL.  free() it. */
char *cli_path(const char *segment, ...) __attribute__((sentinel));
/* One request with cli->values[CLI_QUERY]; body may be NULL.  On anything but CLI_OK the error has been told. *ret_doc (may be
 * NULL) is the answer, to be put by the caller; NULL when there is none. */
enum cli_exit cli_request(struct cli *cli, const char *method, const char *path,
			  struct json_object *body, struct json_object **ret_doc);
/* Tells a problem document that came in another way than as the answer to a request, such as that of an operation. */
enum cli_exit cli_problem(const struct cli *cli, struct json_object *problem);
/* The text that a GET of a path below the root answers with, to be freed. */
enum cli_exit cli_fetch(struct cli *cli, const char *path, char **ret_text);
/* What a GET of a path below the root answers with, of any length, into a file. */
enum cli_exit cli_download(struct cli *cli, const char *path, int fd);
/* Every item of a list, page after page. */
enum cli_exit cli_list(struct cli *cli, const char *path, struct json_object **ret_items);

/* A text/event-stream: message() for each, with its type and data (borrowed), until it says false.  A stream that ends is begun
 * again where it ended, every second until that works; only one that never began, or that is refused, is a failure. */
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
	CELL_AGE, /* a time, shown as how long ago it was */
	CELL_KIND_COUNT,
	/* Beside one of these: */
	CELL_KIND_MASK = 0xff,
	CELL_WIDE = 0x100, /* only with -o wide, and where it is asked for by name */
	CELL_KEY = 0x200 /* names the object; a table without any is named by its first column */
};

struct cli_column {
	const char *title;
	const char *path; /* "status.state" */
	unsigned int kind; /* enum cli_cell */
	/* Instead of path, what doesn't follow from one member.  Returns buf or a constant. */
	const char *(*text)(struct json_object *item, char *buf, size_t size);
};

struct json_object *cli_member(struct json_object *obj,
			       const char *path); /* NULL: not there, or null */
const char *cli_member_text(struct json_object *obj, const char *path); /* "" when absent */
double cli_parse_time(const char *text); /* "2026-11-23T09:00:00.5Z": seconds since 1970; 0: none */
/* columns ends with a title of NULL. */
void cli_table(struct cli *cli, const struct cli_column *columns, struct json_object *items);
/* Every member of an object, a line each. */
void cli_record(struct cli *cli, struct json_object *obj);

/* -- differences (diff.c) ------------------------------------------------------------------------------------------- */
/* What a change did, or with dry_run would do, as the API answers: objects, discovery logs, what was kept. */
void cli_print_diff(struct cli *cli, struct json_object *diff);

/* -- what most resources do (resource.c) -------------------------------------------------------------------------- */
enum cli_exit cli_run_list(struct cli *cli, const char *path, const struct cli_column *columns);
enum cli_exit cli_run_show(struct cli *cli, const char *path);
/* Sends values[CLI_BODY], shows the object that comes back and, on stderr, whether its worker has confirmed it. */
enum cli_exit cli_run_write(struct cli *cli, const char *method, const char *path);
enum cli_exit cli_run_delete(struct cli *cli, const char *path);

/* -- what takes long (operation.c) ---------------------------------------------------------------------------------- */
/* Has an operation begun, by a POST of values[CLI_BODY], and waits for its end, with a bar on the terminal.  *ret_doc is the operation,
 * which has succeeded; to be put by the caller. */
enum cli_exit cli_operate(struct cli *cli, const char *path, struct json_object **ret_doc);
/* The same, and shows what it has made; with --no-wait the operation, at once. */
enum cli_exit cli_run_make(struct cli *cli, const char *path);

extern const struct cli_option cli_wait_options[]; /* --wait */
extern const struct cli_option cli_delete_options[]; /* --force --wait */

#define CLI_WAIT_OPTION                                                                            \
	{                                                                                          \
		"wait", "wait", CLI_NUMBER, CLI_QUERY, "SECONDS",                                  \
			"how long to wait for the worker's confirmation (2)"                       \
	}
#define CLI_NO_WAIT_OPTION                                                                         \
	{                                                                                          \
		"no-wait", "no_wait", CLI_FLAG, CLI_LOCAL, NULL,                                   \
			"don't wait for the end: answer with the operation"                        \
	}
#define CLI_FORCE_OPTION                                                                           \
	{                                                                                          \
		"force", "force", CLI_FLAG, CLI_QUERY, NULL, "even though it is in use"            \
	}

#endif
