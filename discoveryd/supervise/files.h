/* SPDX-License-Identifier: Apache-2.0 */
/* discoveryd/supervise/files.h - what is done to the files of snapshots, and of namespaces that are made from them.
 * Owns: nothing.  Thread: any, but not the control loop.  May block: for as long as the file system takes: seconds, where a large file goes. */
#ifndef DISCOVERYD_SUPERVISE_FILES_H
#define DISCOVERYD_SUPERVISE_FILES_H

#include <stdint.h>

/* All return 0 or -errno. */
/* A file that we made goes, for good; one that isn't there has gone. */
int sup_file_remove(const char *path, uint64_t size);
/* What a copy of size bytes has left that nobody heard the end of: the file under the name that it has until it is whole, and the whole one, if it
 * is what that would be.  Whoever still makes it fails. */
int sup_file_clean(const char *path, uint64_t size);
/* Zeroes up to size bytes behind what is there. */
int sup_file_grow(const char *path, uint64_t size);

#endif
