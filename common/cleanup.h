/* SPDX-License-Identifier: Apache-2.0 */
/* common/cleanup.h - locals that free themselves at the end of their scope.
 *
 *     cmn_autofree char *path = NULL;
 *     cmn_autoclose int fd = -1;
 *
 * Always initialise them.  cmn_take_ptr()/cmn_take_fd() hand the value on.  Thread: any. */
#ifndef COMMON_CLEANUP_H
#define COMMON_CLEANUP_H

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static inline void cmn_cleanup_free(void *p)
{
	free(*(void **)p);
}

static inline void cmn_cleanup_close(int *fd)
{
	int saved = errno;

	if (*fd >= 0)
		close(*fd);
	errno = saved;
}

static inline void cmn_cleanup_fclose(FILE **f)
{
	int saved = errno;

	if (*f)
		fclose(*f);
	errno = saved;
}

static inline int cmn_take_fd(int *fd)
{
	int taken = *fd;

	*fd = -1;
	return taken;
}

#define cmn_autofree __attribute__((cleanup(cmn_cleanup_free)))
#define cmn_autoclose __attribute__((cleanup(cmn_cleanup_close)))
#define cmn_autofclose __attribute__((cleanup(cmn_cleanup_fclose)))

#define cmn_take_ptr(p)                                                                            \
	({                                                                                         \
		__typeof__(p) taken_ = (p);                                                        \
		(p) = NULL;                                                                        \
		taken_;                                                                            \
	})

#endif
