/* SPDX-License-Identifier: Apache-2.0 */
/* targetd/subsystem.h - a live subsystem: its namespaces, its controllers, and the views that its hosts have.
 * Owns: its volumes and pictures, its CNTLIDs, one reference on each view that is current.
 * Thread: any with the registry's mutex held; volumes are opened and closed by the control thread alone.
 * May block: never. */
#ifndef TARGETD_SUBSYSTEM_H
#define TARGETD_SUBSYSTEM_H

#include "fabrics/ctrl.h"
#include "targetd/namespace.h"

struct tgt_ctrl;
struct tgt_host_io;
struct net_conn;
struct net_msg;

/* A namespace that is served. */
struct tgt_live {
	struct tgt_volume *vol;
	struct tgt_ns *pic;
	struct tgt_hosts *hosts; /* borrowed from the subsystem's spec */
};

/* What hosts see: those that no namespace's list names share a view, and so do the portals by which every group is optimized. */
struct tgt_view_of {
	UT_hash_handle hh;
	struct tgt_view *view;
	char key[TGT_NQN_LEN +
		 TGT_PORTAL_ID_MAX]; /* "NQN portal", each empty where views are shared */
};

struct tgt_subsystem {
	UT_hash_handle hh; /* registry, by id.nqn */
	struct fab_subsys_id id;
	struct tgt_subsys_spec *spec;
	struct fab_cntlids *cntlids;
	unsigned int nr_reactors;
	unsigned int refs; /* the registry and each controller */
	struct tgt_subsystem *next_dead;
	bool changing; /* the control thread's, during a barrier: queues of this one switch views */
	bool named; /* the control thread's: the change at hand says what it shall be */

	unsigned int nr_live;
	struct tgt_live *live; /* by NSID, ascending */
	struct tgt_view_of *views; /* each made when the first host comes that it is for */
	TAILQ_HEAD(tgt_ctrl_list, tgt_ctrl) ctrls; /* in order of connecting */
	struct tgt_host_io *host_io; /* targetd/host_io.h */
};

struct tgt_subsystem *tgt_subsystem_create(struct tgt_subsys_spec *spec, unsigned int nr_reactors);
void tgt_subsystem_free(
	struct tgt_subsystem *ss); /* no controllers, no views; volumes are closed by now */

bool tgt_subsystem_on_portal(const struct tgt_subsystem *ss, const char *portal_id);
/* What hostnqn sees by the portal (NULL: by one that is gone): one reference for the caller; NULL: no memory. */
struct tgt_view *tgt_subsystem_view(struct tgt_subsystem *ss, const char *hostnqn,
				    const struct tgt_portal_spec *portal);

/* Views that were current until a change; the barrier waits until no command runs under them. */
struct tgt_view_list {
	unsigned int nr, size;
	struct tgt_view **view;
};
int tgt_view_list_add(struct tgt_view_list *list,
		      struct tgt_view *view); /* takes a reference of its own */
void tgt_view_list_clear(struct tgt_view_list *list);
/* Forgets the views: those that are made from now on show the namespaces of now. */
int tgt_subsystem_retire_views(struct tgt_subsystem *ss, struct tgt_view_list *old);

struct tgt_live *tgt_subsystem_find_live(struct tgt_subsystem *ss, uint32_t nsid);
int tgt_subsystem_add_live(struct tgt_subsystem *ss, struct tgt_volume *vol, struct tgt_ns *pic,
			   struct tgt_hosts *hosts);

#endif
