/* SPDX-License-Identifier: Apache-2.0 */
/* common/probe.h - static tracepoints (USDT) of provider "pharos": a nop in the code and a note in the program, for perf, bpftrace
 * and SystemTap; docs/performance.md lists them.  Nothing at all where configure found no <sys/sdt.h> or was told --disable-probes.
 * Owns: nothing.  Thread: any.  May block: never. */
#ifndef COMMON_PROBE_H
#define COMMON_PROBE_H

#include "config.h"

#if defined(HAVE_SYS_SDT_H) && defined(ENABLE_PROBES)
#include <sys/sdt.h>
#define CMN_PROBE4(name, a, b, c, d) DTRACE_PROBE4(pharos, name, a, b, c, d)
#define CMN_PROBE5(name, a, b, c, d, e) DTRACE_PROBE5(pharos, name, a, b, c, d, e)
#else
#define CMN_PROBE4(name, a, b, c, d) ((void)0)
#define CMN_PROBE5(name, a, b, c, d, e) ((void)0)
#endif

#endif
