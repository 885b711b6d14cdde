/* SPDX-License-Identifier: Apache-2.0 */
/* cli/convert.h - configurations of other NVMe/TCP targets as a document for PUT /config, and what it can't hold: keys.
 * Owns: what they return belongs to the caller.  Thread: any.  May block: never; they only look at their arguments. */
#ifndef CLI_CONVERT_H
#define CLI_CONVERT_H

#include <json-c/json.h>
#include <stdbool.h>

/* unmapped: an array, to which a sentence is added for each thing that can't be taken over.  Beside the lists of a document the answer may have
 * "keys", which the caller takes out: host_nqn, kind, and the file that holds the secret (relative to configfs of the kernel's target). */
typedef struct json_object *cli_convert_fn(struct json_object *in, struct json_object *unmapped);
cli_convert_fn cli_convert_nvmetcli; /* nvmetcli save */
cli_convert_fn cli_convert_spdk; /* rpc.py save_config */

/* Portals of the document that listen where one of `there` (of GET /portals) does become that one. */
void cli_convert_reuse_portals(struct json_object *doc, struct json_object *there);

/* Referrals of the document to where one of `there` (of GET /referrals) goes are taken out. */
void cli_convert_drop_referrals(struct json_object *doc, struct json_object *there);

/* -- for the converters ------------------------------------------------------------------------------ */
struct cli_conversion {
	struct json_object *doc, *unmapped;
	struct json_object *hosts, *portals, *subsystems; /* of doc */
	const char *prefix; /* of the ids of portals */
};
void cli_conversion_begin(struct cli_conversion *c, struct json_object *unmapped,
			  const char *prefix);
void cli_unmapped(struct cli_conversion *c, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
/* Text or number of a member, as text; "" when absent or anything else. */
const char *cli_conv_text(struct json_object *obj, const char *key);
/* "1", 1 and true. */
bool cli_conv_is_set(struct json_object *obj, const char *key);
struct json_object *cli_conv_obj(struct json_object *obj, const char *key); /* NULL if it is none */
/* The elements of an array; none for anything else. */
size_t cli_conv_count(struct json_object *obj, const char *key);
struct json_object *cli_conv_at(struct json_object *obj, const char *key, size_t index);
void cli_conv_add(struct json_object *obj, const char *key, const char *text);
/* Adds the text to an array of obj, unless there is none or it is in it. */
void cli_conv_add_to(struct json_object *obj, const char *key, const char *text);
void cli_conv_host(struct cli_conversion *c, const char *nqn);
/* The subsystem of the document, made when it isn't there; NULL for an NQN that is none, and for discovery. */
struct json_object *cli_conv_subsys(struct cli_conversion *c, const char *nqn);
/* The id of the portal there, made when it isn't there. */
const char *cli_conv_portal(struct cli_conversion *c, const char *traddr, const char *trsvcid);
/* Adds one, to the well-known discovery NQN where nqn is empty; false: it is no TCP address, or has no port. */
bool cli_conv_referral(struct cli_conversion *c, const char *trtype, const char *traddr,
		       const char *trsvcid, const char *nqn);
/* A host's key; false: it has another one of that kind already. */
bool cli_conv_key(struct cli_conversion *c, const char *host, const char *kind, const char *file);
/* The ANA group of a namespace; false: told that it can't be. */
bool cli_conv_ana_group(struct cli_conversion *c, struct json_object *ns, const char *group);
/* What a portal says of a group, in the other target's words; false: there is no such state, or no such group. */
bool cli_conv_ana_state(struct cli_conversion *c, const char *group, const char *portal,
			const char *state);
/* Identifier without dashes, in lower case, added unless it is absent or all zero. */
void cli_conv_add_id(struct json_object *obj, const char *key, const char *text, bool dashes);

#endif
