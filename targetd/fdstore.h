/* SPDX-License-Identifier: Apache-2.0 */
/* targetd/fdstore.h - named descriptors that outlive this process in discoveryd's hands: listening sockets, memory of namespaces.
 * Owns: its descriptors.  Thread: the control thread.  May block: never. */
#ifndef TARGETD_FDSTORE_H
#define TARGETD_FDSTORE_H

#include <stddef.h>
#include <stdint.h>

struct tgt_fdstore;

struct tgt_fdstore *tgt_fdstore_create(void);
void tgt_fdstore_destroy(struct tgt_fdstore *store);
/* Takes fd over; one of the same name is replaced. */
int tgt_fdstore_put(struct tgt_fdstore *store, const char *name, int fd);
/* Borrowed; -1: none. */
int tgt_fdstore_get(const struct tgt_fdstore *store, const char *name);
void tgt_fdstore_drop(struct tgt_fdstore *store, const char *name);
size_t tgt_fdstore_count(const struct tgt_fdstore *store);
/* All of them, up to max; the names are borrowed.  Returns how many. */
size_t tgt_fdstore_list(const struct tgt_fdstore *store, const char **names, int *fds, size_t max);

const char *tgt_fdstore_ns_name(const uint8_t uuid[16], char buf[48]); /* "ns:<uuid>" */
const char *tgt_fdstore_portal_name(const char *id, char buf[80]); /* "portal:<id>" */

#endif
