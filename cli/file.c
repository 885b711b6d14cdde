/* SPDX-License-Identifier: Apache-2.0 */
/* cli/file.c - see file.h. */
#include "cli/file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/json.h"

#define FILE_MAX (64u << 20)
#define DEPTH_MAX 32

static char *read_stream(FILE *in, size_t *ret_len)
{
	char *text = NULL, *more;
	size_t len = 0, got;

	do {
		more = realloc(text, len + 65536);
		if (!more)
			break;
		text = more;
		got = fread(text + len, 1, 65536, in);
		len += got;
	} while (got && len < FILE_MAX);
	*ret_len = len;
	return text;
}

enum cli_exit cli_read_json(const char *name, struct json_object **ret_doc)
{
	bool is_stdin = strcmp(name, "-") == 0;
	FILE *in = is_stdin ? stdin : fopen(name, "re");
	cmn_autofree char *text = NULL;
	struct cmn_err err = { 0 };
	size_t len = 0;

	if (in)
		text = read_stream(in, &len);
	if (!in || ferror(in) || !text) {
		cli_error(NULL, "%s: %s", name, strerror(errno));
		if (in && !is_stdin)
			fclose(in);
		return CLI_FAILED;
	}
	if (!is_stdin)
		fclose(in);
	if (cmn_json_parse(text, len, DEPTH_MAX, FILE_MAX, ret_doc, &err) == 0)
		return CLI_OK;
	cli_error(NULL, "%s is not a JSON document: %s", name, err.msg);
	return CLI_REFUSED;
}

bool cli_read_word(const char *name, char *buf, size_t size)
{
	cmn_autofclose FILE *file = fopen(name, "re");

	if (!file || !fgets(buf, (int)size, file))
		return false;
	buf[strcspn(buf, " \t\r\n")] = 0;
	return *buf;
}

enum cli_exit cli_text_or_file(struct cli *cli, const char *option, char *buf, size_t size,
			       const char **ret)
{
	*ret = cli_text(cli, option, NULL);
	if (!*ret || **ret != '@')
		return CLI_OK;
	if (!cli_read_word(*ret + 1, buf, size)) {
		cli_error(NULL, "--%s: %s can't be read", option, *ret + 1);
		return CLI_USAGE;
	}
	*ret = buf;
	return CLI_OK;
}
