/* SPDX-License-Identifier: Apache-2.0 */
/* common/uuid.h - UUIDs (RFC 9562) in network byte order.
 * Owns: nothing.  Thread: any.  May block: cmn_uuid_random() only while the kernel's generator isn't seeded. */
#ifndef COMMON_UUID_H
#define COMMON_UUID_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CMN_UUID_LEN 16
#define CMN_UUID_STR_LEN 36 /* without the end */

struct cmn_uuid {
	uint8_t b[CMN_UUID_LEN];
};

/* Version 4.  -errno when the kernel gives no random bytes. */
int cmn_uuid_random(struct cmn_uuid *ret_uuid);

/* 8-4-4-4-12 hexadecimal, either case, nothing around it.  -EINVAL otherwise. */
int cmn_uuid_parse(const char *text, struct cmn_uuid *ret_uuid);

/* Lower case; returns buf. */
char *cmn_uuid_format(const struct cmn_uuid *uuid, char buf[CMN_UUID_STR_LEN + 1]);

/* Version 5: the same name in the same name space always gives the same UUID. */
void cmn_uuid_from_name(const struct cmn_uuid *space, const void *name, size_t len,
			struct cmn_uuid *ret_uuid);

bool cmn_uuid_is_nil(const struct cmn_uuid *uuid);

/* Fills buf with random bytes from the kernel; 0 or -errno. */
int cmn_random_bytes(void *buf, size_t len);

#endif
