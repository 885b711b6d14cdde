/* SPDX-License-Identifier: Apache-2.0 */
/* cli/scrub.c - see scrub.h.  Formats: NVM Express Base 2.1, 8.3.5.5.7 (DHHC-1); TCP Transport 1.1, 3.6.1.5 (NVMeTLSkey-1). */
#include "cli/scrub.h"

#include <regex.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REMOVED "[removed]"

/* The rest of a setting's name and its value: in JSON, logfmt, INI, or on a command line. */
#define VALUE "[a-z0-9_-]*\"?[ \t]*[:=][ \t]*\"?)([^\" \t,;]+)"
#define REST "([^ \t\",;]+)"

/* What group 2 matches goes.  The needle is looked for first, which is quick. */
static const struct {
	const char *needle, *pattern;
} rules[] = {
	{ "dhhc-1:", "(dhhc-1:)" REST },
	{ "nvmetlskey-1:", "(nvmetlskey-1:)" REST },
	{ "bearer", "(bearer[ \t]+)" REST },
	{ "basic ", "(authorization:?[ \t]*basic[ \t]+)" REST },
	{ "://", "(://[^/@: \t\"]*:)([^/@ \t\"]+)@" },
	{ "secret", "(secret" VALUE },
	{ "passw", "(passw" VALUE },
	{ "passphrase", "(passphrase" VALUE },
	{ "token", "(token" VALUE },
	{ "psk", "(psk" VALUE },
	{ "chap", "(chap[a-z_-]*key" VALUE },
	{ "tls", "(tls[_-]key" VALUE },
	{ "private", "(private[_-]?key" VALUE },
};
#define RULES (sizeof(rules) / sizeof(*rules))

/* One line, by one rule, to its end. */
static void scrub_line(const regex_t *regex, const char *line, FILE *out)
{
	regmatch_t match[3];

	while (*line && regexec(regex, line, 3, match, 0) == 0 && match[2].rm_eo > 0) {
		fwrite(line, 1, (size_t)match[2].rm_so, out);
		fputs(REMOVED, out);
		line += match[2].rm_eo;
	}
	fputs(line, out);
}

static char *apply(const regex_t *regex, char *line)
{
	char *result = NULL;
	size_t size;
	FILE *out = open_memstream(&result, &size);

	if (!out)
		return line;
	scrub_line(regex, line, out);
	fclose(out);
	free(line);
	return result;
}

/* Between its first and its last line a private key has nothing that any rule would know. */
static bool in_key(const char *line, bool inside)
{
	if (strstr(line, "PRIVATE KEY-----"))
		return strstr(line, "-----BEGIN") != NULL;
	return inside;
}

static void scrub_text(regex_t *regexes, const char *text, FILE *out)
{
	bool inside = false;

	for (size_t len; *text; text += len + (text[len] == '\n')) {
		char *line;

		len = strcspn(text, "\n");
		line = strndup(text, len);
		if (inside && in_key(line, true)) {
			strcpy(line, len >= sizeof(REMOVED) ? REMOVED : "");
		} else {
			inside = in_key(line, inside);
			for (size_t i = 0; line && i < RULES; i++)
				if (strcasestr(line, rules[i].needle))
					line = apply(&regexes[i], line);
		}
		fputs(line ? line : "", out);
		if (text[len])
			fputc('\n', out);
		free(line);
	}
}

char *cli_scrub(const char *text)
{
	regex_t regexes[RULES];
	char *result = NULL;
	size_t size;
	FILE *out = open_memstream(&result, &size);

	if (!out)
		return NULL;
	for (size_t i = 0; i < RULES; i++)
		if (regcomp(&regexes[i], rules[i].pattern, REG_EXTENDED | REG_ICASE) != 0)
			abort(); /* a constant of ours */
	scrub_text(regexes, text, out);
	for (size_t i = 0; i < RULES; i++)
		regfree(&regexes[i]);
	fclose(out);
	return result;
}
