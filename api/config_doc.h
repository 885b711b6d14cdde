/* SPDX-License-Identifier: Apache-2.0 */
/* api/config_doc.h - the configuration as one document: written from a state of the model, applied.
 * Owns: what it returns belongs to the caller.  Thread: the control loop.
 * May block: applying looks at the files of new namespaces (model/commands.h); else never. */
#ifndef API_CONFIG_DOC_H
#define API_CONFIG_DOC_H

#include "api/render.h"
#include "api/zone_json.h"

/* Workers, hosts, groups, zones as they are configured, portals, ANA groups, subsystems with their namespaces, referrals and discovery
 * controllers; no secrets, nothing observed. */
struct json_object *api_config_render(const struct dsc_snapshot *snap);
struct json_object *api_config_group(const struct dsc_snapshot *snap, const struct dsc_group *g);
struct json_object *api_config_ana_group(const struct dsc_snapshot *snap,
					 const struct dsc_ana_group *g);
struct json_object *api_config_portal(const struct dsc_snapshot *snap, const struct dsc_portal *p);
struct json_object *api_config_subsys(const struct dsc_snapshot *snap, const struct dsc_subsys *s);
struct json_object *api_config_ns(const struct dsc_snapshot *snap, const struct dsc_ns *ns);

/* Lists whose objects are just what their resource takes (config_listed.c). */
enum api_config_listed {
	API_CONFIG_WORKERS,
	API_CONFIG_REFERRALS,
	API_CONFIG_DCS,
	API_CONFIG_LISTED_COUNT
};
void api_config_listed_render(const struct dsc_snapshot *snap, enum api_config_listed which,
			      struct json_object *doc);

struct api_config_call {
	struct dsc_app *app;
	struct json_object *doc;
	bool prune; /* what the document doesn't name goes */
	bool force; /* even though it is in use */
	struct json_object *kept; /* array; what only prune would have taken away */
	const char *nqn; /* of the subsystem whose namespaces it is at */
	const char *zone_group; /* whose zones it is at */
	enum api_config_listed listed; /* which of those lists it is at */
};
/* Within a batch.  On failure err->field is the path in the document; the caller aborts the batch. */
int api_config_apply(struct api_config_call *call, struct cmn_err *err);

/* config_listed.c, for config_apply.c and config_prune.c */
int api_config_listed_apply(struct api_config_call *call, enum api_config_listed which,
			    struct cmn_err *err);
int api_config_listed_prune(struct api_config_call *call, enum api_config_listed which,
			    struct cmn_err *err);

/* config_apply.c, for config_listed.c */
/* Calls apply for each object of the list; err->field is then its path. */
int api_config_each(struct api_config_call *call, struct json_object *doc, const char *list,
		    int (*apply)(struct api_config_call *call, struct json_object *item,
				 struct cmn_err *err),
		    struct cmn_err *err);
/* -EINVAL when doc says something else of those members (NULL-ended) than is there. */
int api_config_check_fixed(struct json_object *doc, struct json_object *there,
			   const char *const *members, struct cmn_err *err);

/* config_prune.c, for both */
/* A list that the document doesn't have is none of its business. */
bool api_config_has_list(struct json_object *doc, const char *list);
/* The object of a list whose member key is text. */
struct json_object *api_config_find(struct json_object *doc, const char *list, const char *key,
				    const char *text);
/* Subsystems and namespaces, before the document is applied; everything else, after it. */
int api_config_prune_subsystems(struct api_config_call *call, struct cmn_err *err);
int api_config_prune_rest(struct api_config_call *call, struct cmn_err *err);
void api_config_keep(struct api_config_call *call, const char *kind, const char *id,
		     const char *member);
/* An error about an object that the document doesn't name. */
int api_config_blame(struct cmn_err *err, const char *kind, const char *id);
/* Portals that follow discoveryd's command line: they are neither made nor taken away by a document. */
bool api_config_is_own(const struct dsc_portal *p);

extern const struct api_kind api_kind_ana_group, api_kind_dc, api_kind_group, api_kind_host,
	api_kind_namespace, api_kind_portal, api_kind_referral, api_kind_subsystem, api_kind_worker;
/* Bodies of subsystems, namespaces, groups and portals that have been checked, as their resources read them. */
int api_subsys_read(struct json_object *doc, struct dsc_subsys_in *in, struct cmn_err *err);
int api_ns_read(struct json_object *doc, struct dsc_ns_in *in, struct cmn_err *err);
int api_ana_group_read(struct json_object *doc, struct dsc_ana_group_in *in,
		       struct cmn_err *err); /* in->states is freed by the caller */
int api_group_read(struct json_object *doc, struct dsc_group_in *in, struct cmn_err *err);
int api_portal_read(struct json_object *doc, struct dsc_portal_in *in, struct cmn_err *err);
/* The members of it that can be changed. */
void api_portal_read_told(struct json_object *doc, struct dsc_portal_in *in);

#endif
