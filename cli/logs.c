/* SPDX-License-Identifier: Apache-2.0 */
/* cli/logs.c - `pharos logs`: what discoveryd and its workers wrote last, one stream by time.
 * The API says where each of them writes (/logs); it is read here, from files or by journalctl(1), so on that machine. */
#include "cli/logs.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/commands.h"
#include "common/cleanup.h"
#include "common/log.h"

#define TAIL_BYTES (4u << 20) /* looked through, of each file */
#define SOURCES_MAX 70
#define FOLLOW_US 300000

extern char **environ;

/* Levels as lines name them, the worst first. */
static const char *const level_names[] = { "error", "warn", "info", "debug" };
enum { LEVELS = 4 };

struct source {
	const char *name; /* of the API's answer */
	FILE *file;
};

struct logs {
	struct cli *cli;
	struct json_object *items;
	struct source sources[SOURCES_MAX];
	size_t nr;
	const char *unit; /* of those that write to the journal */
	char pid[32]; /* "_PID=N": of these only that one; "" for all */
	int level; /* lines of this one and worse */
};

/* What a file's last lines are: kept until all are there to be sorted. */
struct line {
	char *text;
	char when[32];
	size_t order;
	const struct source *source;
};

struct lines {
	struct line *line;
	size_t nr;
};

static const struct cli_option options[] = {
	{ "lines", "lines", CLI_NUMBER, CLI_LOCAL, "N", "the last N lines (100)" },
	{ "level", "level", CLI_TEXT, CLI_LOCAL, "error|warn|info|debug", "these and worse" },
	{ "set-level", "set-level", CLI_TEXT, CLI_LOCAL, "error|warn|info|debug",
	  "log so much from now on, until the next start" },
	{ "follow", "follow", CLI_FLAG, CLI_LOCAL, NULL, "go on, until interrupted" },
	{ 0 },
};

/* -- files and programs ------------------------------------------------------------------------------------------- */

int cli_log_tail(const char *path, size_t most, FILE *out)
{
	cmn_autofclose FILE *in = fopen(path, "re");
	char buf[65536];
	size_t n;
	int c;

	if (!in)
		return -errno;
	if (fseek(in, -(long)most, SEEK_END) == 0 && ftell(in) > 0)
		while ((c = fgetc(in)) != EOF && c != '\n')
			;
	while ((n = fread(buf, 1, sizeof(buf), in)) > 0)
		fwrite(buf, 1, n, out);
	return ferror(in) ? -EIO : 0;
}

int cli_run_program(const char *const argv[], FILE *out)
{
	posix_spawn_file_actions_t files;
	int status, rc;
	pid_t pid;

	fflush(NULL);
	posix_spawn_file_actions_init(&files);
	posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	if (out) {
		posix_spawn_file_actions_adddup2(&files, fileno(out), STDOUT_FILENO);
		posix_spawn_file_actions_adddup2(&files, fileno(out), STDERR_FILENO);
	}
	rc = posix_spawnp(&pid, argv[0], &files, NULL, (char *const *)argv, environ);
	posix_spawn_file_actions_destroy(&files);
	if (rc)
		return -rc;
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* -- lines -------------------------------------------------------------------------------------------------------- */

/* A member of a record, "" for none; one that needs no escapes. */
static const char *field(const char *text, const char *name, char *buf, size_t size)
{
	char start[32];
	const char *at;

	snprintf(start, sizeof(start), "\"%s\":\"", name);
	at = *text == '{' ? strstr(text, start) : NULL;
	at = at ? at + strlen(start) : "";
	snprintf(buf, size, "%.*s", (int)strcspn(at, "\"\n"), at);
	return buf;
}

static int level_of(const char *text)
{
	char name[16];

	field(text, "level", name, sizeof(name));
	for (int i = 0; i < LEVELS; i++)
		if (strcmp(level_names[i], name) == 0)
			return i;
	return 0; /* what has none came from a library, or from a crash: never left out */
}

/* A record for people: time, level, program, event, and the rest as name=value. */
static void print_record(struct json_object *json)
{
	static const char *const first[] = { "ts", "level", "prog", "event" };

	printf("%s %-5s %-10s %s", cli_member_text(json, "ts"), cli_member_text(json, "level"),
	       cli_member_text(json, "prog"), cli_member_text(json, "event"));
	json_object_object_foreach(json, key, value) {
		bool told = false;

		for (size_t i = 0; i < sizeof(first) / sizeof(*first); i++)
			told |= strcmp(key, first[i]) == 0;
		if (!told)
			printf(" %s=%s", key, CMN_Q(json_object_get_string(value)));
	}
}

static void print_json(const struct source *source, struct json_object *record, const char *text)
{
	struct json_object *json = json_object_new_object();

	json_object_object_add(json, "source", json_object_new_string(source->name));
	if (record) {
		json_object_object_foreach(record, key, value)
			json_object_object_add(json, key, json_object_get(value));
	} else {
		json_object_object_add(json, "level", json_object_new_string(level_names[0]));
		json_object_object_add(json, "text",
				       json_object_new_string_len(text, (int)strcspn(text, "\n")));
	}
	puts(json_object_to_json_string_ext(json, JSON_C_TO_STRING_PLAIN |
							  JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(json);
}

static void print_line(const struct logs *l, const struct source *source, const char *text)
{
	static const char *const colors[LEVELS] = { "\033[31m", "\033[33m", "", "\033[2m" };
	struct json_object *record = *text == '{' ? json_tokener_parse(text) : NULL;
	int level = level_of(text);
	bool plain = !l->cli->color || !*colors[level];

	if (!json_object_is_type(record, json_type_object)) {
		json_object_put(record);
		record = NULL;
	}
	if (l->cli->json) {
		print_json(source, record, text);
	} else {
		printf("%s", plain ? "" : colors[level]);
		if (record)
			print_record(record);
		else
			printf("%.*s", (int)strcspn(text, "\n"), text);
		printf("%s\n", plain ? "" : "\033[0m");
	}
	json_object_put(record);
}

/* A line without a time belongs to the one before it. */
static void keep(struct lines *lines, const struct source *source, char *text)
{
	struct line *bigger = realloc(lines->line, (lines->nr + 1) * sizeof(*bigger));
	struct line *line;

	if (!bigger) {
		cli_error(NULL, "out of memory");
		exit(CLI_FAILED);
	}
	lines->line = bigger;
	line = &bigger[lines->nr];
	*line = (struct line){ .text = text, .order = lines->nr, .source = source };
	field(text, "ts", line->when, sizeof(line->when));
	if (!*line->when && lines->nr && line[-1].source == source)
		memcpy(line->when, line[-1].when, sizeof(line->when));
	lines->nr++;
}

static int by_time(const void *a, const void *b)
{
	const struct line *x = a, *y = b;
	int order = strcmp(x->when, y->when);

	return order ? order : x->order < y->order ? -1 : 1;
}

/* -- the files ---------------------------------------------------------------------------------------------------- */

/* Reads what is there to its end, so that following goes on from there. */
static void collect(struct logs *l, struct source *source, struct lines *lines)
{
	char *text = NULL;
	size_t size = 0;

	if (fseek(source->file, -(long)TAIL_BYTES, SEEK_END) == 0 &&
	    getline(&text, &size, source->file) < 0) /* half a line */
		cli_note("%s: nothing in it", source->name);
	while (getline(&text, &size, source->file) > 0) {
		if (level_of(text) > l->level)
			continue;
		keep(lines, source, text);
		text = NULL;
		size = 0;
	}
	free(text);
}

static void print_last(struct logs *l, size_t most)
{
	struct lines lines = { 0 };

	for (size_t i = 0; i < l->nr; i++)
		collect(l, &l->sources[i], &lines);
	if (lines.nr)
		qsort(lines.line, lines.nr, sizeof(*lines.line), by_time);
	for (size_t i = 0; i < lines.nr; i++) {
		if (i + most >= lines.nr)
			print_line(l, lines.line[i].source, lines.line[i].text);
		free(lines.line[i].text);
	}
	free(lines.line);
}

static void follow(struct logs *l)
{
	char *text = NULL;
	size_t size = 0;

	while (!ferror(stdout)) {
		for (size_t i = 0; i < l->nr; i++) {
			clearerr(l->sources[i].file);
			while (getline(&text, &size, l->sources[i].file) > 0)
				if (level_of(text) <= l->level)
					print_line(l, &l->sources[i], text);
		}
		fflush(stdout);
		usleep(FOLLOW_US);
	}
	free(text);
}

/* -- the journal -------------------------------------------------------------------------------------------------- */

static enum cli_exit journal(const struct logs *l, unsigned long long lines, bool go_on)
{
	static const char *const priorities[LEVELS] = { "err", "warning", "info", "debug" };
	char number[24];
	const char *argv[] = { "journalctl",
			       "--unit",
			       l->unit,
			       "--lines",
			       number,
			       "--priority",
			       priorities[l->level],
			       "--no-pager",
			       go_on ? "--follow" : "--quiet",
			       *l->pid ? l->pid : NULL,
			       NULL };
	int rc;

	snprintf(number, sizeof(number), "%llu", lines);
	rc = cli_run_program(argv, NULL);
	if (rc < 0)
		cli_error("the log is in the journal of the machine that discoveryd runs on",
			  "journalctl: %s", strerror(-rc));
	return rc ? CLI_FAILED : CLI_OK;
}

/* -- the command -------------------------------------------------------------------------------------------------- */

static enum cli_exit open_source(struct logs *l, struct json_object *item)
{
	const char *path = cli_member_text(item, "path"), *unit = cli_member_text(item, "unit");
	struct source *source = &l->sources[l->nr];

	if (*path && l->nr < SOURCES_MAX) {
		source->name = cli_member_text(item, "source");
		source->file = fopen(path, "re");
		if (!source->file) {
			cli_error("it is on the machine that discoveryd runs on, for the user that "
				  "it runs as",
				  "%s: %s", path, strerror(errno));
			return CLI_FAILED;
		}
		l->nr++;
	} else if (*unit) {
		l->unit = unit;
	}
	return CLI_OK;
}

static enum cli_exit open_sources(struct logs *l, const char *wanted)
{
	enum cli_exit res = CLI_OK;
	bool found = false;

	for (size_t i = 0; i < json_object_array_length(l->items) && res == CLI_OK; i++) {
		struct json_object *item = json_object_array_get_idx(l->items, i);

		if (wanted && strcmp(wanted, cli_member_text(item, "source")) != 0)
			continue;
		found = true;
		if (wanted)
			snprintf(l->pid, sizeof(l->pid), "_PID=%s", cli_member_text(item, "pid"));
		res = open_source(l, item);
	}
	if (!found) {
		cli_error("discoveryd, or the name of a worker", "there is no log of %s", wanted);
		return CLI_NOT_FOUND;
	}
	if (res == CLI_OK && !l->nr && !l->unit) {
		cli_error("its stderr is neither a file nor the journal", "no log is kept");
		return CLI_FAILED;
	}
	return res;
}

static enum cli_exit choose_level(struct logs *l)
{
	const char *name = cli_text(l->cli, "level", "debug");

	for (l->level = 0; l->level < LEVELS; l->level++)
		if (strcmp(level_names[l->level], name) == 0)
			return CLI_OK;
	cli_error("error, warn, info, debug", "no level '%s'", name);
	return CLI_USAGE;
}

/* Of one source, or of all. */
static enum cli_exit set_level(struct logs *l, const char *level, const char *wanted)
{
	enum cli_exit res = CLI_OK;
	bool found = false;

	for (size_t i = 0; i < json_object_array_length(l->items) && res == CLI_OK; i++) {
		const char *source =
			cli_member_text(json_object_array_get_idx(l->items, i), "source");
		cmn_autofree char *path = cli_path("logs", source, NULL);
		struct json_object *body, *answer = NULL;

		if (wanted && strcmp(wanted, source) != 0)
			continue;
		found = true;
		body = json_object_new_object();
		json_object_object_add(body, "level", json_object_new_string(level));
		res = cli_request(l->cli, "PATCH", path, body, &answer);
		json_object_put(answer);
		json_object_put(body);
	}
	if (found)
		return res;
	cli_error("discoveryd, or the name of a worker", "there is no log of %s", wanted);
	return CLI_NOT_FOUND;
}

static enum cli_exit logs(struct cli *cli)
{
	unsigned long long lines = cli_number(cli, "lines", 100);
	bool go_on = cli_flag(cli, "follow");
	cmn_autofree char *path = cli_path("logs", NULL);
	struct logs l = { .cli = cli };
	enum cli_exit res = choose_level(&l);

	if (res == CLI_OK)
		res = cli_list(cli, path, &l.items);
	if (res == CLI_OK && cli_text(cli, "set-level", NULL)) {
		res = set_level(&l, cli_text(cli, "set-level", NULL), cli_arg(cli, 0));
		json_object_put(l.items);
		return res;
	}
	if (res == CLI_OK)
		res = open_sources(&l, cli_arg(cli, 0));
	if (res == CLI_OK && l.nr) {
		print_last(&l, lines);
		if (go_on)
			follow(&l);
	} else if (res == CLI_OK) {
		res = journal(&l, lines, go_on);
	}
	for (size_t i = 0; i < l.nr; i++)
		fclose(l.sources[i].file);
	json_object_put(l.items);
	return res;
}

const struct cli_command cli_logs_commands[] = {
	{ NULL, "logs", "[SOURCE]", "what discoveryd and its workers wrote last", options, logs },
	{ 0 },
};
