/* SPDX-License-Identifier: Apache-2.0 */
/* fabrics/nqn.c - the form of an NVMe Qualified Name.
 * Owns: nothing.  Thread: any.  May block: never.  Spec: NVM Express Base 2.1, 4.7.
 *
 *   nqn.yyyy-mm.reverse.domain[:user string]     at most 223 bytes of UTF-8; Discovery's own name has no user string
 *   nqn.2014-08.org.nvmexpress:uuid:<36 characters of a UUID> */
#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "fabrics/connect.h"
#include "fabrics/spec/nvmf.h"

static bool is_uuid(const char *s, size_t len)
{
	if (len != 36)
		return false;
	for (size_t i = 0; i < len; i++) {
		bool dash = i == 8 || i == 13 || i == 18 || i == 23;

		if (dash ? s[i] != '-' : !isxdigit((unsigned char)s[i]))
			return false;
	}
	return true;
}

/* "nqn.yyyy-mm." */
static bool is_dated(const char *s)
{
	static const char form[] = "nqn.dddd-dd.";

	for (size_t i = 0; i < sizeof(form) - 1; i++)
		if (form[i] == 'd' ? !isdigit((unsigned char)s[i]) : s[i] != form[i])
			return false;
	return (s[9] == '0' && s[10] > '0') || (s[9] == '1' && s[10] <= '2');
}

/* Labels of letters, digits and hyphens, separated by dots. */
static bool is_domain(const char *s, size_t len)
{
	size_t label = 0;

	for (size_t i = 0; i < len; i++) {
		if (s[i] == '.') {
			if (!label)
				return false;
			label = 0;
		} else if (!isalnum((unsigned char)s[i]) && s[i] != '-') {
			return false;
		} else {
			label++;
		}
	}
	return label > 0;
}

/* Length of the UTF-8 sequence at s, 0 if there is none. */
static size_t utf8_len(const unsigned char *s, size_t left)
{
	size_t n = s[0] < 0x80 ? 1 : s[0] >> 5 == 6 ? 2 : s[0] >> 4 == 14 ? 3 : s[0] >> 3 == 30 ? 4 : 0;

	if (!n || n > left || (n == 2 && s[0] < 0xc2) || (n == 4 && s[0] > 0xf4))
		return 0;
	for (size_t i = 1; i < n; i++)
		if (s[i] >> 6 != 2)
			return 0;
	if ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xf0 && s[1] < 0x90))
		return 0;
	return n;
}

static bool is_text(const char *text, size_t len)
{
	const unsigned char *s = (const unsigned char *)text;
	size_t n;

	for (size_t i = 0; i < len; i += n) {
		n = utf8_len(s + i, len - i);
		if (!n || s[i] < 0x20 || s[i] == 0x7f)
			return false;
	}
	return len > 0;
}

int fab_nqn_check(const char *nqn, size_t size)
{
	static const char uuid_prefix[] = NVMF_UUID_NQN_PREFIX;
	const size_t prefix_len = sizeof(uuid_prefix) - 1, dated_len = 12;
	size_t len = strnlen(nqn, size), domain_len;
	const char *colon;

	if (len == size || len > NVMF_NQN_MAX || len <= dated_len || !is_dated(nqn))
		return -EINVAL;
	if (len >= prefix_len && !memcmp(nqn, uuid_prefix, prefix_len))
		return is_uuid(nqn + prefix_len, len - prefix_len) ? 0 : -EINVAL;
	colon = memchr(nqn, ':', len);
	domain_len = (colon ? (size_t)(colon - nqn) : len) - dated_len;
	if ((colon && colon < nqn + dated_len) || !is_domain(nqn + dated_len, domain_len))
		return -EINVAL;
	if (colon && !is_text(colon + 1, len - (size_t)(colon + 1 - nqn)))
		return -EINVAL;
	return 0;
}
