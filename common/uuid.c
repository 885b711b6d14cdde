/* SPDX-License-Identifier: Apache-2.0 */
/* common/uuid.c - makes, reads and writes UUIDs.  Thread: any.  RFC 9562, 4, 5.4 and 5.5. */
#include "common/uuid.h"

#include "common/sha1.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>

int cmn_random_bytes(void *buf, size_t len)
{
	uint8_t *p = buf;

	while (len) {
		ssize_t n = getrandom(p, len, 0);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		p += n;
		len -= (size_t)n;
	}
	return 0;
}

static void set_version(struct cmn_uuid *uuid, unsigned int version)
{
	uuid->b[6] = (uint8_t)((uuid->b[6] & 0x0f) | version << 4);
	uuid->b[8] = (uint8_t)((uuid->b[8] & 0x3f) | 0x80);
}

int cmn_uuid_random(struct cmn_uuid *ret_uuid)
{
	struct cmn_uuid uuid;
	int rc = cmn_random_bytes(uuid.b, sizeof(uuid.b));

	if (rc < 0)
		return rc;
	set_version(&uuid, 4);
	*ret_uuid = uuid;
	return 0;
}

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

static bool dash_before(size_t byte)
{
	return byte == 4 || byte == 6 || byte == 8 || byte == 10;
}

int cmn_uuid_parse(const char *text, struct cmn_uuid *ret_uuid)
{
	struct cmn_uuid uuid;

	for (size_t i = 0; i < CMN_UUID_LEN; i++) {
		int high, low;

		if (dash_before(i) && *text++ != '-')
			return -EINVAL;
		high = hex_value(text[0]);
		low = high < 0 ? -1 : hex_value(text[1]);
		if (low < 0)
			return -EINVAL;
		uuid.b[i] = (uint8_t)(high << 4 | low);
		text += 2;
	}
	if (*text)
		return -EINVAL;
	*ret_uuid = uuid;
	return 0;
}

char *cmn_uuid_format(const struct cmn_uuid *uuid, char buf[CMN_UUID_STR_LEN + 1])
{
	static const char hex[] = "0123456789abcdef";
	char *p = buf;

	for (size_t i = 0; i < CMN_UUID_LEN; i++) {
		if (dash_before(i))
			*p++ = '-';
		*p++ = hex[uuid->b[i] >> 4];
		*p++ = hex[uuid->b[i] & 15];
	}
	*p = '\0';
	return buf;
}

void cmn_uuid_from_name(const struct cmn_uuid *space, const void *name, size_t len,
			struct cmn_uuid *ret_uuid)
{
	uint8_t digest[CMN_SHA1_LEN];
	struct cmn_sha1 s;

	cmn_sha1_init(&s);
	cmn_sha1_update(&s, space->b, sizeof(space->b));
	cmn_sha1_update(&s, name, len);
	cmn_sha1_final(&s, digest);
	memcpy(ret_uuid->b, digest, sizeof(ret_uuid->b));
	set_version(ret_uuid, 5);
}

bool cmn_uuid_is_nil(const struct cmn_uuid *uuid)
{
	static const struct cmn_uuid nil;

	return memcmp(uuid, &nil, sizeof(nil)) == 0;
}
