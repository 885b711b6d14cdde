/* SPDX-License-Identifier: Apache-2.0 */
/* targetd/subsystem.c - live subsystems and what each host sees of them; see targetd/subsystem.h. */
#include "config.h"

#include "targetd/subsystem.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/container.h"
#include "common/util.h"
#include "fabrics/spec/nvmf.h"
#include "targetd/host_io.h"

#define FIRMWARE "0.1"

struct tgt_subsystem *tgt_subsystem_create(struct tgt_subsys_spec *spec, unsigned int nr_reactors)
{
	struct tgt_subsystem *ss = calloc(1, sizeof(*ss));

	if (!ss)
		return NULL;
	ss->cntlids = fab_cntlids_create(NVMF_CNTLID_MIN, NVMF_CNTLID_MAX, spec->cntlid_cursor);
	if (!ss->cntlids) {
		free(ss);
		return NULL;
	}
	cmn_strlcpy(ss->id.nqn, spec->nqn, sizeof(ss->id.nqn));
	cmn_strlcpy(ss->id.serial, spec->serial, sizeof(ss->id.serial));
	cmn_strlcpy(ss->id.model, spec->model, sizeof(ss->id.model));
	cmn_strlcpy(ss->id.firmware, FIRMWARE, sizeof(ss->id.firmware));
	ss->spec = spec;
	ss->nr_reactors = nr_reactors;
	ss->refs = 1;
	TAILQ_INIT(&ss->ctrls);
	return ss;
}

void tgt_subsystem_free(struct tgt_subsystem *ss)
{
	if (!ss)
		return;
	tgt_subsystem_retire_views(ss, NULL);
	tgt_host_io_clear(ss);
	fab_cntlids_destroy(ss->cntlids);
	tgt_subsys_spec_free(ss->spec);
	free(ss->live);
	free(ss);
}

bool tgt_subsystem_on_portal(const struct tgt_subsystem *ss, const char *portal_id)
{
	if (ss->spec->all_portals)
		return true;
	for (unsigned int i = 0; i < ss->spec->nr_portals; i++)
		if (strcmp(ss->spec->portals[i], portal_id) == 0)
			return true;
	return false;
}

/* -- views ------------------------------------------------------------------------------------------------------ */
static void view_destroy(struct fab_view *fab)
{
	struct tgt_view *view = cmn_container_of(fab, struct tgt_view, fab);

	free(view->fab.slot);
	free(view);
}

static struct tgt_view *view_alloc(uint32_t nr_slots, unsigned int nr_reactors)
{
	static _Atomic uint64_t generation;
	size_t size = offsetof(struct tgt_view, use) + nr_reactors * sizeof(struct tgt_view_use);
	struct tgt_view *view = cmn_alloc_lines(size);

	if (!view)
		return NULL;
	view->fab.slot = calloc(nr_slots + 1, sizeof(*view->fab.slot));
	if (!view->fab.slot) {
		free(view);
		return NULL;
	}
	atomic_init(&view->fab.refs, 1);
	view->fab.generation = atomic_fetch_add(&generation, 1) + 1;
	view->fab.nr_slots = nr_slots;
	view->fab.destroy = view_destroy;
	return view;
}

/* hostnqn NULL: a host that no namespace names. */
static bool sees(const struct tgt_live *live, const char *hostnqn)
{
	return hostnqn ? tgt_hosts_has(live->hosts, hostnqn) : live->hosts->any;
}

static struct tgt_view *view_make(struct tgt_subsystem *ss, const char *hostnqn,
				  const struct tgt_ana *ana)
{
	uint32_t slots = 0;
	struct tgt_view *view;

	for (unsigned int i = 0; i < ss->nr_live; i++)
		if (sees(&ss->live[i], hostnqn))
			slots = ss->live[i].vol->nsid;
	view = view_alloc(slots, ss->nr_reactors);
	if (view && ana) {
		memcpy(view->ana, ana->state, sizeof(view->ana));
		view->fab.ana = view->ana;
	}
	for (unsigned int i = 0; view && i < ss->nr_live; i++) {
		if (!sees(&ss->live[i], hostnqn))
			continue;
		view->fab.slot[ss->live[i].vol->nsid - 1] = &ss->live[i].pic->fab;
		view->fab.nr_active++;
	}
	return view;
}

static bool is_named(const struct tgt_subsystem *ss, const char *hostnqn)
{
	for (unsigned int i = 0; i < ss->nr_live; i++)
		if (!ss->live[i].hosts->any && tgt_hosts_has(ss->live[i].hosts, hostnqn))
			return true;
	return false;
}

static struct tgt_view_of *view_place(struct tgt_subsystem *ss, const char *hostnqn,
				      const char *portal)
{
	struct tgt_view_of *place;
	char key[sizeof(place->key)];

	snprintf(key, sizeof(key), "%s %s", hostnqn ? hostnqn : "", portal);
	HASH_FIND_STR(ss->views, key, place);
	if (place)
		return place;
	place = calloc(1, sizeof(*place));
	if (!place)
		return NULL;
	cmn_strlcpy(place->key, key, sizeof(place->key));
	HASH_ADD_STR(ss->views, key, place);
	return place;
}

struct tgt_view *tgt_subsystem_view(struct tgt_subsystem *ss, const char *hostnqn,
				    const struct tgt_portal_spec *portal)
{
	const char *name = is_named(ss, hostnqn) ? hostnqn : NULL;
	const struct tgt_ana *ana = portal && portal->ana.any ? &portal->ana : NULL;
	struct tgt_view_of *place = view_place(ss, name, ana ? portal->id : "");

	if (!place)
		return NULL;
	if (!place->view)
		place->view = view_make(ss, name, ana);
	if (place->view)
		fab_view_get(&place->view->fab);
	return place->view;
}

int tgt_view_list_add(struct tgt_view_list *list, struct tgt_view *view)
{
	if (list->nr == list->size) {
		unsigned int size = list->size ? 2 * list->size : 8;
		struct tgt_view **p = reallocarray(list->view, size, sizeof(*p));

		if (!p)
			return -ENOMEM;
		list->view = p;
		list->size = size;
	}
	list->view[list->nr++] = view;
	fab_view_get(&view->fab);
	return 0;
}

void tgt_view_list_clear(struct tgt_view_list *list)
{
	for (unsigned int i = 0; i < list->nr; i++)
		fab_view_put(&list->view[i]->fab);
	free(list->view);
	memset(list, 0, sizeof(*list));
}

static int retire(struct tgt_view *view, struct tgt_view_list *old)
{
	int ret = view && old ? tgt_view_list_add(old, view) : 0;

	if (view && ret == 0)
		fab_view_put(&view->fab);
	return ret;
}

int tgt_subsystem_retire_views(struct tgt_subsystem *ss, struct tgt_view_list *old)
{
	struct tgt_view_of *place, *next;
	int ret;

	HASH_ITER(hh, ss->views, place, next) {
		ret = retire(place->view, old);
		if (ret < 0)
			return ret;
		HASH_DEL(ss->views, place);
		free(place);
	}
	return 0;
}

/* -- namespaces ------------------------------------------------------------------------------------------------- */
struct tgt_live *tgt_subsystem_find_live(struct tgt_subsystem *ss, uint32_t nsid)
{
	for (unsigned int i = 0; i < ss->nr_live; i++)
		if (ss->live[i].vol->nsid == nsid)
			return &ss->live[i];
	return NULL;
}

int tgt_subsystem_add_live(struct tgt_subsystem *ss, struct tgt_volume *vol, struct tgt_ns *pic,
			   struct tgt_hosts *hosts)
{
	struct tgt_live *p = reallocarray(ss->live, ss->nr_live + 1, sizeof(*p));
	unsigned int at = ss->nr_live;

	if (!p)
		return -ENOMEM;
	ss->live = p;
	while (at > 0 && p[at - 1].vol->nsid > vol->nsid)
		at--;
	memmove(p + at + 1, p + at, (ss->nr_live - at) * sizeof(*p));
	p[at] = (struct tgt_live){ .vol = vol, .pic = pic, .hosts = hosts };
	ss->nr_live++;
	return 0;
}
