/* SPDX-License-Identifier: Apache-2.0 */
/* cli/rest.c - requests to discoveryd's REST API (api/openapi.yaml), and how its problems are told. */
#include "cli/cli.h"

#include <curl/curl.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/json.h"

#define ANSWER_MAX (64u << 20)
#define USERS_SHOWN 10

/* The two words that a problem's users and the HTTP status decide about. */
static const struct {
	long status;
	enum cli_exit code;
	const char *hint;
} outcomes[] = {
	{ 401, CLI_REFUSED,
	  "PHAROS_TOKEN or ~/.config/pharos/token has the token; an admin makes one by pharos "
	  "token create" },
	{ 403, CLI_REFUSED, NULL },
	{ 404, CLI_NOT_FOUND, NULL },
	{ 409, CLI_CONFLICT, NULL },
	{ 412, CLI_CONFLICT, "it was changed meanwhile: look again" },
	{ 421, CLI_REFUSED, "use a loopback address or a name that discoveryd is configured with" },
	{ 503, CLI_FAILED, "discoveryd is starting or stopping: try again" },
	{ 507, CLI_FAILED, "there is no room left: memory, or the disk of the state folder" },
};

struct text {
	char *data;
	size_t len;
};

/* -- text that grows -------------------------------------------------------------------------------------------- */

static void text_add(struct text *text, const char *data, size_t len)
{
	char *bigger = realloc(text->data, text->len + len + 1);

	if (!bigger) {
		cli_error(NULL, "out of memory");
		exit(CLI_FAILED);
	}
	memcpy(bigger + text->len, data, len);
	text->data = bigger;
	text->len += len;
	text->data[text->len] = 0;
}

static void text_adds(struct text *text, const char *string)
{
	text_add(text, string, strlen(string));
}

static void text_add_escaped(struct text *text, const char *string)
{
	char *escaped = curl_easy_escape(NULL, string, 0);

	text_adds(text, escaped ? escaped : "");
	curl_free(escaped);
}

static size_t receive(char *data, size_t size, size_t nmemb, void *arg)
{
	struct text *text = arg;

	if (text->len + size * nmemb > ANSWER_MAX)
		return 0;
	text_add(text, data, size * nmemb);
	return size * nmemb;
}

/* -- URLs ------------------------------------------------------------------------------------------------------- */

char *cli_path(const char *segment, ...)
{
	struct text path = { 0 };
	va_list ap;

	text_adds(&path, "/api/v1");
	va_start(ap, segment);
	for (; segment; segment = va_arg(ap, const char *)) {
		text_adds(&path, "/");
		text_add_escaped(&path, segment);
	}
	va_end(ap);
	return path.data;
}

static char *make_url(const struct cli *cli, const char *path)
{
	struct text url = { 0 };
	char separator[2] = "?";

	if (!strstr(cli->api, "://"))
		text_adds(&url, "http://");
	text_adds(&url, cli->api);
	while (url.len && url.data[url.len - 1] == '/')
		url.data[--url.len] = 0;
	text_adds(&url, path);
	json_object_object_foreach(cli->values[CLI_QUERY], key, value) {
		text_adds(&url, separator);
		text_adds(&url, key);
		text_adds(&url, "=");
		text_add_escaped(&url, json_object_get_string(value));
		separator[0] = '&';
	}
	return url.data;
}

/* -- problems --------------------------------------------------------------------------------------------------- */

static void tell_users(struct json_object *users)
{
	size_t nr = json_object_array_length(users);

	for (size_t i = 0; i < nr && i < USERS_SHOWN; i++)
		fprintf(stderr, "  used by %s\n",
			json_object_get_string(json_object_array_get_idx(users, i)));
	if (nr > USERS_SHOWN)
		fprintf(stderr, "  and %zu more\n", nr - USERS_SHOWN);
}

static bool takes_force(const struct cli *cli)
{
	for (const struct cli_option *o = cli->cmd ? cli->cmd->options : NULL; o && o->name; o++)
		if (strcmp(o->name, "force") == 0)
			return true;
	return false;
}

/* The option that a problem's field was given by: "size" -> "--size".  Completion has no command. */
static const char *option_of(const struct cli *cli, const char *field)
{
	for (const struct cli_option *o = cli->cmd ? cli->cmd->options : NULL; o && o->name; o++)
		if (o->where != CLI_LOCAL && strcmp(o->key, field) == 0)
			return o->name;
	return NULL;
}

static void tell_problem(const struct cli *cli, struct json_object *problem, const char *hint)
{
	struct json_object *users = cli_member(problem, "users");
	struct json_object *errors = cli_member(problem, "errors");
	struct json_object *first = json_object_is_type(errors, json_type_array)
					    ? json_object_array_get_idx(errors, 0)
					    : NULL;
	const char *detail = cli_member_text(problem, "detail"),
		   *field = cli_member_text(first, "field");
	const char *valid = cli_member_text(first, "valid"), *opt = option_of(cli, field);

	if (cli->json) {
		fprintf(stderr, "%s\n",
			json_object_to_json_string_ext(problem, JSON_C_TO_STRING_NOSLASHESCAPE));
		return;
	}
	if (!*detail)
		detail = cli_member_text(problem, "title");
	if (!*field || strncmp(detail, field, strlen(field)) == 0)
		cli_error(NULL, "%s", detail);
	else
		cli_error(NULL, "%s%s: %s", opt ? "--" : "", opt ? opt : field, detail);
	if (json_object_is_type(users, json_type_array)) {
		tell_users(users);
		if (takes_force(cli))
			hint = "--force does it all the same";
	}
	if (*valid)
		fprintf(stderr, "valid: %s\n", valid);
	if (hint)
		fprintf(stderr, "hint: %s\n", hint);
}

static enum cli_exit failed_answer(const struct cli *cli, long status, struct json_object *doc)
{
	enum cli_exit code = status >= 500 ? CLI_FAILED : CLI_REFUSED;
	const char *hint = NULL;

	for (size_t i = 0; i < sizeof(outcomes) / sizeof(*outcomes); i++) {
		if (outcomes[i].status == status) {
			code = outcomes[i].code;
			hint = outcomes[i].hint;
		}
	}
	if (json_object_is_type(doc, json_type_object))
		tell_problem(cli, doc, hint);
	else
		cli_error("is it really discoveryd's API?", "%s answered with status %ld", cli->api,
			  status);
	return code;
}

enum cli_exit cli_problem(const struct cli *cli, struct json_object *problem)
{
	return failed_answer(cli, json_object_get_int(cli_member(problem, "status")), problem);
}

/* -- requests --------------------------------------------------------------------------------------------------- */

static void set_body(CURL *curl, const char *method, struct json_object *body,
		     struct curl_slist **headers)
{
	const char *text;

	*headers = curl_slist_append(*headers, "Accept: application/json");
	if (!body)
		return;
	text = json_object_to_json_string_ext(body, JSON_C_TO_STRING_PLAIN);
	*headers =
		curl_slist_append(*headers, strcmp(method, "PATCH") == 0
						    ? "Content-Type: application/merge-patch+json"
						    : "Content-Type: application/json");
	curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE, (long)strlen(text));
	curl_easy_setopt(curl, CURLOPT_POSTFIELDS, text);
}

/* What every request has in common. */
static void set_up(CURL *curl, const struct cli *cli, const char *url)
{
	curl_easy_setopt(curl, CURLOPT_URL, url);
	curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(curl, CURLOPT_PROXY, ""); /* it is on this machine, or on this network */
	curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, 5L);
	if (cli->token) {
		curl_easy_setopt(curl, CURLOPT_HTTPAUTH, CURLAUTH_BEARER);
		curl_easy_setopt(curl, CURLOPT_XOAUTH2_BEARER, cli->token);
	}
}

/* The HTTP status, 0 when nobody answers (then it has been told). */
static long transfer(const struct cli *cli, const char *method, const char *path,
		     struct json_object *body, struct text *ret_answer)
{
	cmn_autofree char *url = make_url(cli, path);
	struct curl_slist *headers = NULL;
	CURL *curl = curl_easy_init();
	long status = 0;
	CURLcode res;

	if (!curl)
		return 0;
	set_up(curl, cli, url);
	curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, method);
	curl_easy_setopt(curl, CURLOPT_TIMEOUT, /* discoveryd waits for its worker up to 30 s */
			 cli->timeout_s ? cli->timeout_s : 60L);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, receive);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, ret_answer);
	set_body(curl, method, body, &headers);
	if (cli->later && strcmp(method, "GET") != 0)
		headers = curl_slist_append(headers, "Prefer: respond-async");
	curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
	res = curl_easy_perform(curl);
	if (res == CURLE_OK)
		curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
	else if (!cli->quiet)
		cli_error("is discoveryd running?  --api URL or PHAROS_API say where",
			  "no answer from %s: %s", cli->api, curl_easy_strerror(res));
	curl_slist_free_all(headers);
	curl_easy_cleanup(curl);
	return status;
}

enum cli_exit cli_request(struct cli *cli, const char *method, const char *path,
			  struct json_object *body, struct json_object **ret_doc)
{
	struct text answer = { 0 };
	struct json_object *doc = NULL;
	struct cmn_err err = { 0 };
	enum cli_exit res = CLI_OK;
	long status;
	int bad = 0;

	if (cli->only_reads && strcmp(method, "GET") != 0) {
		cli_error(NULL, "--watch is for commands that change nothing");
		return CLI_USAGE;
	}
	if (cli->dry_run && strcmp(method, "GET") != 0)
		json_object_object_add(cli->values[CLI_QUERY], "dry_run",
				       json_object_new_boolean(true));
	status = transfer(cli, method, path, body, &answer);
	json_object_object_del(cli->values[CLI_QUERY], "dry_run");
	if (answer.len)
		bad = cmn_json_parse(answer.data, answer.len, 0, ANSWER_MAX, &doc, &err);
	free(answer.data);
	if (status == 0) {
		res = CLI_UNREACHABLE;
	} else if (status >= 400 && status != cli->also_ok) {
		res = failed_answer(cli, status, doc);
	} else if (bad) {
		cli_error("is it really discoveryd's API?", "%s answered with what isn't JSON: %s",
			  cli->api, err.msg);
		res = CLI_FAILED;
	}
	if (res == CLI_OK && ret_doc)
		*ret_doc = doc;
	else
		json_object_put(doc);
	return res;
}

enum cli_exit cli_fetch(struct cli *cli, const char *path, char **ret_text)
{
	struct text answer = { 0 };
	struct json_object *doc = NULL;
	long status = transfer(cli, "GET", path, NULL, &answer);
	enum cli_exit res = CLI_UNREACHABLE;

	text_adds(&answer, "");
	if (status >= 400) {
		cmn_json_parse(answer.data, answer.len, 0, ANSWER_MAX, &doc, NULL);
		res = failed_answer(cli, status, doc);
		json_object_put(doc);
	} else if (status) {
		*ret_text = answer.data;
		return CLI_OK;
	}
	free(answer.data);
	return res;
}

static size_t write_out(char *data, size_t size, size_t nmemb, void *arg)
{
	size_t len = size * nmemb, done = 0;
	ssize_t n;

	while (done < len && (n = write(*(int *)arg, data + done, len - done)) > 0)
		done += (size_t)n;
	return done;
}

enum cli_exit cli_download(struct cli *cli, const char *path, int fd)
{
	cmn_autofree char *url = make_url(cli, path);
	CURL *curl = curl_easy_init();
	CURLcode res = CURLE_FAILED_INIT;
	long status = 0;

	if (curl) {
		set_up(curl, cli, url);
		curl_easy_setopt(curl, CURLOPT_FAILONERROR, 1L);
		curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, write_out);
		curl_easy_setopt(curl, CURLOPT_WRITEDATA, &fd);
		res = curl_easy_perform(curl);
		curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
		curl_easy_cleanup(curl);
	}
	if (res == CURLE_OK)
		return CLI_OK;
	cli_error(NULL, "%s: %s", url, curl_easy_strerror(res));
	return status == 404 ? CLI_NOT_FOUND : status >= 400 ? CLI_REFUSED : CLI_FAILED;
}

/* -- streams ---------------------------------------------------------------------------------------------------- */

struct follow {
	struct cli *cli;
	struct text line, id, type, data;
	bool (*message)(void *arg, const char *type, struct json_object *data);
	void *arg;
	bool lives; /* it has said something */
	bool lost; /* and then ended, which has been told */
	bool enough;
};

static void set(struct text *text, const char *string)
{
	text->len = 0;
	text_adds(text, string);
}

static void take_message(struct follow *f)
{
	struct json_object *data = NULL;

	if (cmn_json_parse(f->data.data, f->data.len, 0, ANSWER_MAX, &data, NULL) < 0)
		return;
	if (f->lost)
		cli_note("%s answers again", f->cli->api);
	f->lost = false;
	f->lives = true;
	f->enough = !f->message(f->arg, f->type.data, data);
	json_object_put(data);
}

/* An empty line ends a message; of its fields three are for us. */
static void take_line(struct follow *f, const char *line)
{
	if (strncmp(line, "id: ", 4) == 0)
		set(&f->id, line + 4);
	else if (strncmp(line, "event: ", 7) == 0)
		set(&f->type, line + 7);
	else if (strncmp(line, "data: ", 6) == 0)
		set(&f->data, line + 6);
	else if (!*line && f->type.len && f->data.len)
		take_message(f);
	if (!*line) {
		set(&f->type, "");
		set(&f->data, "");
	}
}

static size_t receive_stream(char *data, size_t size, size_t nmemb, void *arg)
{
	struct follow *f = arg;
	const char *at = data, *end = data + size * nmemb, *newline;

	while (!f->enough && (newline = memchr(at, '\n', (size_t)(end - at)))) {
		text_add(&f->line, at, (size_t)(newline - at));
		take_line(f, f->line.data);
		set(&f->line, "");
		at = newline + 1;
	}
	if (f->line.len > ANSWER_MAX)
		return 0;
	text_add(&f->line, at, (size_t)(end - at));
	return f->enough ? 0 : size * nmemb;
}

/* Until the stream ends.  Begins where it ended, as far as that is known. */
static CURLcode follow_once(struct follow *f, const char *path, long *ret_status)
{
	cmn_autofree char *url = make_url(f->cli, path);
	struct text resume = { 0 };
	struct curl_slist *headers = NULL;
	CURL *curl = curl_easy_init();
	CURLcode res = CURLE_FAILED_INIT;

	*ret_status = 0;
	if (!curl)
		return res;
	set(&f->line, "");
	if (f->id.len) {
		text_adds(&resume, "Last-Event-ID: ");
		text_adds(&resume, f->id.data);
		headers = curl_slist_append(NULL, resume.data);
	}
	set_up(curl, f->cli, url);
	curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(curl, CURLOPT_FAILONERROR, 1L);
	curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
	curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, 30L); /* three signs of life */
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, receive_stream);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, f);
	res = curl_easy_perform(curl);
	curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, ret_status);
	curl_slist_free_all(headers);
	curl_easy_cleanup(curl);
	free(resume.data);
	return res;
}

enum cli_exit cli_follow(struct cli *cli, const char *path,
			 bool (*message)(void *arg, const char *type, struct json_object *data),
			 void *arg)
{
	struct follow f = { .cli = cli, .message = message, .arg = arg };
	CURLcode res;
	long status;

	for (;;) {
		res = follow_once(&f, path, &status);
		if (f.enough || !f.lives || (status >= 400 && status < 500))
			break;
		if (!f.lost)
			cli_note("no answer from %s any more: trying again until there is one",
				 cli->api);
		f.lost = true;
		sleep(1);
	}
	free(f.line.data);
	free(f.id.data);
	free(f.type.data);
	free(f.data.data);
	if (f.enough)
		return CLI_OK;
	cli_error("is discoveryd running?  --api URL or PHAROS_API say where",
		  "the stream of %s ended: %s", cli->api,
		  res == CURLE_OK ? "it was closed" : curl_easy_strerror(res));
	return status >= 400 && status < 500 ? CLI_REFUSED : CLI_UNREACHABLE;
}

/* -- lists ------------------------------------------------------------------------------------------------------ */

static void move_items(struct json_object *page, struct json_object *items)
{
	struct json_object *from = cli_member(page, "items");

	for (size_t i = 0; from && i < json_object_array_length(from); i++)
		json_object_array_add(items, json_object_get(json_object_array_get_idx(from, i)));
}

enum cli_exit cli_list(struct cli *cli, const char *path, struct json_object **ret_items)
{
	struct json_object *query = cli->values[CLI_QUERY], *items = json_object_new_array();
	struct json_object *page, *next;
	enum cli_exit res;
	bool more;

	do {
		page = NULL;
		res = cli_request(cli, "GET", path, NULL, &page);
		if (res != CLI_OK)
			break;
		move_items(page, items);
		next = cli_member(page, "next");
		more = json_object_is_type(next, json_type_string);
		if (more)
			json_object_object_add(query, "cursor", json_object_get(next));
		json_object_put(page);
	} while (more);
	json_object_object_del(query, "cursor");
	if (res == CLI_OK)
		*ret_items = items;
	else
		json_object_put(items);
	return res;
}
