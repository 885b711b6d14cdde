/* SPDX-License-Identifier: Apache-2.0 */
/* api/limits.h - how much one client may ask of the API. */
#ifndef API_LIMITS_H
#define API_LIMITS_H

#define API_BODY_MAX (1024u * 1024) /* larger bodies are refused with 413 ... */
#define API_BODY_DISCARD_MAX                                                                       \
	(4u * 1024 * 1024) /* ... after reading at most so much of one without Content-Length */
#define API_BODIES_MAX (64u * 1024 * 1024) /* of all requests together; beyond it 503 */
#define API_JSON_DEPTH_MAX 16
#define API_HEADER_MEMORY (32u * 1024) /* request line and headers, per connection */

#define API_CONNS_MAX 2048 /* accepted at the same time */
#define API_CONNS_CROWDED 1536 /* from here on the quietest connection goes when another comes */
#define API_RECV_MS 15000 /* to send a whole request, or to stay idle between two */
#define API_ANSWER_MS 75000 /* from a whole request to the end of its answer */

#define API_STREAM_BLOCK (16u * 1024) /* of an answer that is made as it is taken */
#define API_SCRAPES_MAX                                                                            \
	4 /* answers to /metrics at the same time; each has a copy of what it tells */

#define API_OPERATIONS_MAX 256 /* that have ended and can still be read */

#define API_STREAMS_MAX 1024 /* that follow the events */
#define API_BEAT_MS 10000 /* a sign of life for each of them */
#define API_FOLLOW_SNDBUF                                                                          \
	(64 * 1024) /* what the kernel holds for each of them, which is else up to 4 MiB */
#define API_FOLLOW_MS 30000 /* one that takes nothing for so long is closed */

#define API_SEGMENTS_MAX 10 /* of a path */
#define API_QUERY_MAX 32 /* parameters */
#define API_PARAMS_MAX 4 /* {names} in a path template */
#define API_HEADERS_MAX 8 /* that a handler adds to its answer */

#define API_PAGE_DEFAULT 100
#define API_PAGE_MAX 1000
#define API_WAIT_DEFAULT_MS 2000
#define API_WAIT_MAX_MS 30000

#endif
