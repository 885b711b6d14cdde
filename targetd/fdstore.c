/* SPDX-License-Identifier: Apache-2.0 */
/* targetd/fdstore.c - see targetd/fdstore.h. */
#include "config.h"

#include "targetd/fdstore.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <uthash.h>

#include "common/uuid.h"

struct held {
	UT_hash_handle hh;
	int fd;
	char name[];
};

struct tgt_fdstore {
	struct held *head;
};

struct tgt_fdstore *tgt_fdstore_create(void)
{
	return calloc(1, sizeof(struct tgt_fdstore));
}

static struct held *find(const struct tgt_fdstore *store, const char *name)
{
	struct held *h;

	HASH_FIND_STR(store->head, name, h);
	return h;
}

static void drop(struct tgt_fdstore *store, struct held *h)
{
	HASH_DEL(store->head, h);
	close(h->fd);
	free(h);
}

void tgt_fdstore_destroy(struct tgt_fdstore *store)
{
	struct held *h, *next;

	if (!store)
		return;
	HASH_ITER(hh, store->head, h, next)
		drop(store, h);
	free(store);
}

int tgt_fdstore_put(struct tgt_fdstore *store, const char *name, int fd)
{
	struct held *h = find(store, name);
	size_t len = strlen(name);

	if (h) {
		close(h->fd);
		h->fd = fd;
		return 0;
	}
	h = malloc(sizeof(*h) + len + 1);
	if (!h) {
		close(fd);
		return -ENOMEM;
	}
	h->fd = fd;
	memcpy(h->name, name, len + 1);
	HASH_ADD_STR(store->head, name, h);
	return 0;
}

int tgt_fdstore_get(const struct tgt_fdstore *store, const char *name)
{
	const struct held *h = find(store, name);

	return h ? h->fd : -1;
}

void tgt_fdstore_drop(struct tgt_fdstore *store, const char *name)
{
	struct held *h = find(store, name);

	if (h)
		drop(store, h);
}

size_t tgt_fdstore_count(const struct tgt_fdstore *store)
{
	return HASH_COUNT(store->head);
}

size_t tgt_fdstore_list(const struct tgt_fdstore *store, const char **names, int *fds, size_t max)
{
	const struct held *h;
	size_t nr = 0;

	for (h = store->head; h && nr < max; h = h->hh.next, nr++) {
		names[nr] = h->name;
		fds[nr] = h->fd;
	}
	return nr;
}

const char *tgt_fdstore_ns_name(const uint8_t uuid[16], char buf[48])
{
	struct cmn_uuid id;
	char text[CMN_UUID_STR_LEN + 1];

	memcpy(id.b, uuid, sizeof(id.b));
	snprintf(buf, 48, "ns:%s", cmn_uuid_format(&id, text));
	return buf;
}

const char *tgt_fdstore_portal_name(const char *id, char buf[80])
{
	snprintf(buf, 80, "portal:%.70s", id);
	return buf;
}
