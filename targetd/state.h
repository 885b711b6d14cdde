/* SPDX-License-Identifier: Apache-2.0 */
/* targetd/state.h - the desired state: a JSON document (docs/control-protocol.md) turned into plain, checked data.
 * Owns: its strings and arrays.  Thread: the control thread.  May block: never.
 *
 * Nothing in here is live.  A document that parses is bounded and consistent in itself: whether a file exists or an
 * address can be bound shows only when it is applied. */
#ifndef TARGETD_STATE_H
#define TARGETD_STATE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>
#include <uthash.h>

#include "common/err.h"
#include "common/uuid.h"
#include "fabrics/ana.h"
#include "net/ip.h"

struct json_object;
struct tgt_access;
struct tgt_host_set;
struct tgt_keys;

#define TGT_PORTALS_MAX 256
#define TGT_SUBSYSTEMS_MAX 65536
#define TGT_NAMESPACES_MAX 4096 /* in a subsystem; also the highest NSID */
#define TGT_HOSTS_MAX 65536
#define TGT_PORTAL_ID_MAX 64
#define TGT_NQN_LEN 224 /* with the NUL */
#define TGT_STATE_DEPTH 16
#define TGT_STATE_SIZE_MAX (64u << 20)

/* States of the ANA groups by one portal. */
struct tgt_ana {
	bool any; /* one of them isn't optimized */
	uint8_t state[FAB_ANA_GROUPS + 1]; /* [ANAGRPID]: enum nvme_ana_state; [0] 0 */
};

/* A set of host NQNs, or everybody. */
struct tgt_hosts {
	bool any;
	unsigned int nr;
	char **nqn; /* sorted, no duplicates */
};

struct tgt_portal_spec {
	char id[TGT_PORTAL_ID_MAX];
	uint16_t portid;
	char address[64]; /* numeric */
	uint16_t port;
	bool advertised; /* hosts are told `told`, not where it listens */
	struct net_ip told;
	uint8_t secure_channel; /* told: NVMF_TREQ_SECURE_ of TREQ */
	struct tgt_ana ana;
	char congestion[16]; /* TCP congestion control of its connections; "": the system's */
	struct sockaddr_storage sa;
	socklen_t sa_len;
};

struct tgt_ns_spec {
	uint32_t nsid;
	uint8_t uuid[16], nguid[16], eui64[8];
	uint8_t derived; /* 1 << enum tgt_id_kind: not in the document, made from NQN and NSID */
	char backend[32];
	char *path; /* NULL: none */
	uint64_t size; /* 0: what is there */
	uint32_t block_size;
	bool read_only;
	uint32_t ana_group;
	struct tgt_hosts hosts;
	struct json_object *json; /* the namespace's object: a backend's own keys */
};

struct tgt_subsys_spec {
	char nqn[TGT_NQN_LEN], serial[21], model[41];
	struct tgt_hosts hosts;
	struct tgt_access *access; /* NULL: no further rules */
	bool require_auth; /* a host that has no key is refused */
	bool all_portals;
	unsigned int nr_portals;
	char (*portals)[TGT_PORTAL_ID_MAX];
	uint16_t cntlid_cursor;
	unsigned int nr_ns;
	struct tgt_ns_spec *ns; /* by NSID, ascending */
};

struct tgt_state {
	unsigned int nr_portals, nr_subsystems;
	struct tgt_portal_spec *portals;
	struct tgt_subsys_spec **subsystems; /* a taker sets its entry to NULL */
	struct tgt_keys *keys; /* NULL: it says nothing of them; a taker sets it to NULL */
};

/* strict: a key that isn't known is an error (a file written by hand), else it is ignored (a newer discoveryd).
 * 0, or -errno with err->field = the JSON path. */
int tgt_state_parse(struct json_object *doc, bool strict, struct tgt_state *ret,
		    struct cmn_err *err);
void tgt_state_clear(struct tgt_state *state);
/* `portals`, `subsystems` and `host_keys` of obj alone, any may be absent: a difference. */
int tgt_state_parse_parts(struct json_object *obj, bool strict, struct tgt_state *ret,
			  struct cmn_err *err);

void tgt_subsys_spec_free(struct tgt_subsys_spec *spec);
/* A member "hosts"; absent, it is anybody or nobody. */
int tgt_hosts_parse(struct json_object *obj, bool absent_is_any, struct tgt_hosts *ret,
		    struct cmn_err *err);
void tgt_hosts_clear(struct tgt_hosts *hosts);
bool tgt_hosts_has(const struct tgt_hosts *hosts, const char *nqn);
bool tgt_hosts_equal(const struct tgt_hosts *a, const struct tgt_hosts *b);

/* Who has which identifier: UUID, NGUID, EUI64 must differ over everything that a host may see. */
enum tgt_id_kind { TGT_ID_UUID, TGT_ID_NGUID, TGT_ID_EUI64, TGT_ID_KIND_COUNT };
extern const char *const tgt_id_key[TGT_ID_KIND_COUNT]; /* "uuid", ... : as in the document */
struct tgt_idset;

struct tgt_idset *tgt_idset_create(void);
void tgt_idset_destroy(struct tgt_idset *set);
/* Adds the identifiers of ns as those of nqn.  0; -EEXIST with err->field = the key and err->msg naming who has it. */
int tgt_idset_add(struct tgt_idset *set, const char *nqn, const struct tgt_ns_spec *ns,
		  struct cmn_err *err);
void tgt_idset_del(struct tgt_idset *set, const char *nqn, const struct tgt_ns_spec *ns);

/* Identifiers for what the document leaves out: always the same for the same NQN and NSID. */
void tgt_derive_serial(const char *nqn, char ret[21]);
/* A worker alone makes its own memory: what was derived for `ram` namespaces is derived anew for this run, so that no host takes
 * a disk that came back empty for the one it knew. */
void tgt_state_renew_ram(struct tgt_state *state, const struct cmn_uuid *run);
void tgt_derive_id(const char *nqn, uint32_t nsid, enum tgt_id_kind kind, uint8_t *ret);

#endif
