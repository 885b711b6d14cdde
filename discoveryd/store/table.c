/* SPDX-License-Identifier: Apache-2.0 */
/* discoveryd/store/table.c - rows to columns and back: one table of columns per kind of row, from which the SQL is made.
 * Owns: prepared statements.  Thread: the store's (or the opener's before it starts).  May block: as SQLite does. */
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "discoveryd/events/audit.h"
#include "discoveryd/events/events.h"
#include "discoveryd/model/zone_rows.h"
#include "discoveryd/store/store_impl.h"

enum column_type {
	COL_END,
	COL_U64,
	COL_U32,
	COL_U16,
	COL_U8,
	COL_BOOL,
	COL_TEXT, /* char[] */
	COL_STR, /* char *, never NULL */
	COL_STR_NULL, /* char *, may be NULL */
	COL_BLOB,
	COL_BACKEND,
};

struct column {
	const char *name;
	enum column_type type;
	size_t offset, size;
	bool key;
};

#define COL(type, kind, member)                                                                    \
	COL_##type, offsetof(struct kind, member), sizeof(((struct kind *)0)->member)
#define C(name, type, kind, member)                                                                \
	{                                                                                          \
		name, COL(type, kind, member), false                                               \
	}
#define K(name, type, kind, member)                                                                \
	{                                                                                          \
		name, COL(type, kind, member), true                                                \
	}
#define END                                                                                        \
	{                                                                                          \
		NULL, COL_END, 0, 0, false                                                         \
	}

static const struct column node_columns[] = {
	K("id", U64, dsc_node, id),
	C("name", TEXT, dsc_node, name),
	END,
};

static const struct column worker_columns[] = {
	K("id", U64, dsc_worker, id),
	C("node_id", U64, dsc_worker, node_id),
	C("name", TEXT, dsc_worker, name),
	C("reactors", U32, dsc_worker, reactors),
	C("cpu_list", TEXT, dsc_worker, cpu_list),
	C("changed", U64, dsc_worker, changed),
	C("created_ms", U64, dsc_worker, created_ms),
	C("confirmed", U64, dsc_worker, confirmed),
	C("incarnation", U64, dsc_worker, incarnation),
	C("degraded", BOOL, dsc_worker, degraded),
	END,
};

static const struct column portal_columns[] = {
	K("id", U64, dsc_portal, id),
	C("worker_id", U64, dsc_portal, worker_id),
	C("name", TEXT, dsc_portal, name),
	C("kind", U8, dsc_portal, kind),
	C("portid", U16, dsc_portal, portid),
	C("address", TEXT, dsc_portal, address),
	C("port", U16, dsc_portal, port),
	C("advertise", TEXT, dsc_portal, advertise),
	C("secure_channel", U8, dsc_portal, secure_channel),
	C("since", U64, dsc_portal, since),
	C("changed", U64, dsc_portal, changed),
	C("created_ms", U64, dsc_portal, created_ms),
	END,
};

static const struct column ana_group_columns[] = {
	K("id", U64, dsc_ana_group, id),
	C("description", TEXT, dsc_ana_group, description),
	C("changed", U64, dsc_ana_group, changed),
	C("created_ms", U64, dsc_ana_group, created_ms),
	END,
};

static const struct column ana_state_columns[] = {
	K("group_id", U64, dsc_ana_state, group_id),
	K("portal_id", U64, dsc_ana_state, portal_id),
	C("state", U8, dsc_ana_state, state),
	C("since", U64, dsc_ana_state, since),
	END,
};

static const struct column host_columns[] = {
	K("id", U64, dsc_host, id),
	C("nqn", TEXT, dsc_host, nqn),
	C("name", TEXT, dsc_host, name),
	C("changed", U64, dsc_host, changed),
	C("created_ms", U64, dsc_host, created_ms),
	END,
};

static const struct column group_columns[] = {
	K("id", U64, dsc_group, id),
	C("name", TEXT, dsc_group, name),
	C("description", TEXT, dsc_group, description),
	C("path_policy", U8, dsc_group, path_policy),
	C("max_paths", U32, dsc_group, max_paths),
	C("changed", U64, dsc_group, changed),
	C("created_ms", U64, dsc_group, created_ms),
	END,
};

static const struct column member_columns[] = {
	K("group_id", U64, dsc_member, group_id),
	K("host_id", U64, dsc_member, host_id),
	C("since", U64, dsc_member, since),
	END,
};

static const struct column subsys_columns[] = {
	K("id", U64, dsc_subsys, id),
	C("worker_id", U64, dsc_subsys, worker_id),
	C("nqn", TEXT, dsc_subsys, nqn),
	C("serial", TEXT, dsc_subsys, serial),
	C("model", TEXT, dsc_subsys, model),
	C("label", TEXT, dsc_subsys, label),
	C("label_since", U64, dsc_subsys, label_since),
	C("allow_any_host", BOOL, dsc_subsys, allow_any),
	C("all_portals", BOOL, dsc_subsys, all_portals),
	C("require_auth", BOOL, dsc_subsys, require_auth),
	C("path_policy", U8, dsc_subsys, path_policy),
	C("max_paths", U32, dsc_subsys, max_paths),
	C("since", U64, dsc_subsys, since),
	C("any_since", U64, dsc_subsys, any_since),
	C("portals_since", U64, dsc_subsys, portals_since),
	C("changed", U64, dsc_subsys, changed),
	C("created_ms", U64, dsc_subsys, created_ms),
	END,
};

static const struct column ns_columns[] = {
	K("subsystem_id", U64, dsc_ns, subsys_id),
	K("nsid", U32, dsc_ns, nsid),
	C("uuid", BLOB, dsc_ns, uuid),
	C("nguid", BLOB, dsc_ns, nguid),
	C("eui64", BLOB, dsc_ns, eui64),
	C("backend", BACKEND, dsc_ns, backend),
	C("size", U64, dsc_ns, size),
	C("block_size", U32, dsc_ns, block_size),
	C("path", STR_NULL, dsc_ns, path),
	C("read_only", BOOL, dsc_ns, read_only),
	C("restricted", BOOL, dsc_ns, restricted),
	C("ana_group", U32, dsc_ns, ana_group),
	C("changed", U64, dsc_ns, changed),
	C("created_ms", U64, dsc_ns, created_ms),
	END,
};

static const struct column allow_columns[] = {
	K("subsystem_id", U64, dsc_allow, subsys_id),
	K("who_id", U64, dsc_allow, who_id),
	C("since", U64, dsc_allow, since),
	END,
};

static const struct column serve_columns[] = {
	K("subsystem_id", U64, dsc_serve, subsys_id),
	K("portal_id", U64, dsc_serve, portal_id),
	C("since", U64, dsc_serve, since),
	END,
};

static const struct column ns_allow_columns[] = {
	K("subsystem_id", U64, dsc_ns_allow, subsys_id),
	K("nsid", U32, dsc_ns_allow, nsid),
	K("who_id", U64, dsc_ns_allow, who_id),
	END,
};

static const struct column fail_columns[] = {
	K("subsystem_id", U64, dsc_fail, subsys_id), K("nsid", U32, dsc_fail, nsid),
	K("portal_id", U64, dsc_fail, portal_id),    C("field", TEXT, dsc_fail, field),
	C("reason", TEXT, dsc_fail, reason),	     END,
};

static const struct column view_columns[] = {
	K("host_nqn", TEXT, dsc_view, nqn),
	C("gen", U64, dsc_view, gen),
	C("past_any", U64, dsc_view, past_any),
	END,
};

static const struct column host_view_columns[] = {
	K("host_nqn", TEXT, dsc_view, nqn),
	C("gen", U64, dsc_view, gen),
	END,
};

static const struct column dc_columns[] = {
	K("id", U64, dsc_dc, id),
	C("name", TEXT, dsc_dc, name),
	C("source", U8, dsc_dc, source),
	C("traddr", TEXT, dsc_dc, traddr),
	C("port", U16, dsc_dc, port),
	C("nqn", TEXT, dsc_dc, nqn),
	C("own_nqn", TEXT, dsc_dc, own_nqn),
	C("host_nqn", TEXT, dsc_dc, host_nqn),
	C("host_addr", TEXT, dsc_dc, host_addr),
	C("dctype", U8, dsc_dc, dctype),
	C("central", BOOL, dsc_dc, central),
	C("enabled", BOOL, dsc_dc, enabled),
	C("admitted", BOOL, dsc_dc, admitted),
	C("all_hosts", BOOL, dsc_dc, all_hosts),
	C("hosts", STR, dsc_dc, hosts),
	C("changed", U64, dsc_dc, changed),
	C("created_ms", U64, dsc_dc, created_ms),
	END,
};

static const struct column entity_columns[] = {
	K("id", U64, dsc_entity, id),
	C("dc_id", U64, dsc_entity, dc_id),
	C("away", BOOL, dsc_entity, away),
	C("eid", TEXT, dsc_entity, eid),
	C("owner", TEXT, dsc_entity, owner),
	C("etype", U8, dsc_entity, etype),
	C("name", TEXT, dsc_entity, name),
	C("version", TEXT, dsc_entity, version),
	C("changed", U64, dsc_entity, changed),
	C("created_ms", U64, dsc_entity, created_ms),
	END,
};

static const struct column reg_columns[] = {
	K("id", U64, dsc_reg, id),
	C("entity_id", U64, dsc_reg, entity_id),
	C("key", STR, dsc_reg, key),
	C("nqn", TEXT, dsc_reg, nqn),
	C("adrfam", U8, dsc_reg, adrfam),
	C("traddr", TEXT, dsc_reg, traddr),
	C("trsvcid", TEXT, dsc_reg, trsvcid),
	C("subtype", U8, dsc_reg, subtype),
	C("treq", U8, dsc_reg, treq),
	C("sectype", U8, dsc_reg, sectype),
	C("portid", U16, dsc_reg, portid),
	C("cntlid", U16, dsc_reg, cntlid),
	C("asqsz", U16, dsc_reg, asqsz),
	C("port_local", BOOL, dsc_reg, port_local),
	C("host_id", BLOB, dsc_reg, host_id),
	C("label", STR, dsc_reg, label),
	C("label_since", U64, dsc_reg, label_since),
	C("verified", BOOL, dsc_reg, verified),
	C("changed", U64, dsc_reg, changed),
	C("created_ms", U64, dsc_reg, created_ms),
	END,
};

static const struct column referral_columns[] = {
	K("id", U64, dsc_referral, id),
	C("name", TEXT, dsc_referral, name),
	C("nqn", TEXT, dsc_referral, nqn),
	C("traddr", TEXT, dsc_referral, traddr),
	C("port", U16, dsc_referral, port),
	C("all_hosts", BOOL, dsc_referral, all_hosts),
	C("hosts", STR, dsc_referral, hosts),
	C("changed", U64, dsc_referral, changed),
	C("created_ms", U64, dsc_referral, created_ms),
	END,
};

static const struct column zone_settings_columns[] = {
	K("id", U64, dsc_zone_settings, id),
	C("enabled", BOOL, dsc_zone_settings, enabled),
	C("closed", BOOL, dsc_zone_settings, closed),
	C("ddcs", STR, dsc_zone_settings, ddcs),
	C("changed", U64, dsc_zone_settings, changed),
	END,
};

static const struct column zone_group_columns[] = {
	K("id", U64, dsc_zone_group, id),
	C("name", TEXT, dsc_zone_group, name),
	C("description", STR, dsc_zone_group, description),
	C("changed", U64, dsc_zone_group, changed),
	C("created_ms", U64, dsc_zone_group, created_ms),
	END,
};

static const struct column zone_columns[] = {
	K("id", U64, dsc_zone, id),
	C("group_id", U64, dsc_zone, group_id),
	C("name", TEXT, dsc_zone, name),
	C("enforced", BOOL, dsc_zone, enforced),
	C("members", STR, dsc_zone, members),
	C("changed", U64, dsc_zone, changed),
	C("created_ms", U64, dsc_zone, created_ms),
	END,
};

static const struct column zone_alias_columns[] = {
	K("id", U64, dsc_zone_alias, id),
	C("name", TEXT, dsc_zone_alias, name),
	C("members", STR, dsc_zone_alias, members),
	C("changed", U64, dsc_zone_alias, changed),
	C("created_ms", U64, dsc_zone_alias, created_ms),
	END,
};

static const struct column zone_active_columns[] = {
	K("id", U64, dsc_zone_active, id),
	C("name", TEXT, dsc_zone_active, name),
	C("originator", TEXT, dsc_zone_active, originator),
	C("generation", U32, dsc_zone_active, generation),
	C("key", U32, dsc_zone_active, key),
	C("since", U64, dsc_zone_active, since),
	C("until", U64, dsc_zone_active, until),
	C("activated_ms", U64, dsc_zone_active, activated_ms),
	C("zones", STR, dsc_zone_active, zones),
	END,
};

static const struct column zone_past_columns[] = {
	K("change", U64, dsc_zone_past, change),   C("wall_ms", U64, dsc_zone_past, wall_ms),
	C("kind", U8, dsc_zone_past, kind),	   C("enabled", BOOL, dsc_zone_past, enabled),
	C("closed", BOOL, dsc_zone_past, closed),  C("grace", BOOL, dsc_zone_past, grace),
	C("ddcs", STR, dsc_zone_past, ddcs),	   C("note", STR, dsc_zone_past, note),
	C("summary", STR, dsc_zone_past, summary), END,
};

static const struct column event_columns[] = {
	K("id", U64, dsc_event, id),
	C("wall_ms", U64, dsc_event, wall_ms),
	C("severity", U8, dsc_event, severity),
	C("kind", TEXT, dsc_event, kind),
	C("text", STR, dsc_event, text),
	C("data", STR, dsc_event, data),
	END,
};

static const struct column audit_columns[] = {
	K("id", U64, dsc_audit, id),
	C("wall_ms", U64, dsc_audit, wall_ms),
	C("user", TEXT, dsc_audit, user),
	C("address", TEXT, dsc_audit, address),
	C("operation", TEXT, dsc_audit, operation),
	C("path", STR, dsc_audit, path),
	C("once", STR, dsc_audit, once),
	C("location", STR, dsc_audit, location),
	C("changes", STR, dsc_audit, changes),
	END,
};

static const struct column user_columns[] = {
	K("id", U64, dsc_user, id),
	C("name", TEXT, dsc_user, name),
	C("role", U8, dsc_user, role),
	C("description", TEXT, dsc_user, description),
	C("changed", U64, dsc_user, changed),
	C("created_ms", U64, dsc_user, created_ms),
	END,
};

static const struct column key_columns[] = {
	K("id", U64, dsc_key, id),
	C("name", TEXT, dsc_key, name),
	C("host_id", U64, dsc_key, host_id),
	C("kind", U8, dsc_key, key_kind),
	C("description", TEXT, dsc_key, description),
	C("secret", TEXT, dsc_key, secret),
	C("hashes", U8, dsc_key, hashes),
	C("dhgroups", U8, dsc_key, dhgroups),
	C("changed", U64, dsc_key, changed),
	C("created_ms", U64, dsc_key, created_ms),
	END,
};

static const struct column token_columns[] = {
	K("id", U64, dsc_token, id),
	C("name", TEXT, dsc_token, name),
	C("user_id", U64, dsc_token, user_id),
	C("description", TEXT, dsc_token, description),
	C("hash", BLOB, dsc_token, hash),
	C("expires_ms", U64, dsc_token, expires_ms),
	C("used_ms", U64, dsc_token, used_ms),
	C("changed", U64, dsc_token, changed),
	C("created_ms", U64, dsc_token, created_ms),
	END,
};

static const struct column nssnap_columns[] = {
	K("id", U64, dsc_nssnap, id),
	C("name", TEXT, dsc_nssnap, name),
	C("nqn", TEXT, dsc_nssnap, nqn),
	C("nsid", U32, dsc_nssnap, nsid),
	C("uuid", BLOB, dsc_nssnap, uuid),
	C("worker", TEXT, dsc_nssnap, worker),
	C("size", U64, dsc_nssnap, size),
	C("block_size", U32, dsc_nssnap, block_size),
	C("path", STR, dsc_nssnap, path),
	C("description", TEXT, dsc_nssnap, description),
	C("state", U8, dsc_nssnap, state),
	C("deleting", U64, dsc_nssnap, deleting),
	C("shared", BOOL, dsc_nssnap, shared),
	C("max_hold_ms", U32, dsc_nssnap, max_hold_ms),
	C("held_ms", U32, dsc_nssnap, held_ms),
	C("error", U32, dsc_nssnap, error),
	C("field", TEXT, dsc_nssnap, field),
	C("reason", TEXT, dsc_nssnap, reason),
	C("taken_ms", U64, dsc_nssnap, taken_ms),
	C("changed", U64, dsc_nssnap, changed),
	C("created_ms", U64, dsc_nssnap, created_ms),
	END,
};

static const struct column restore_columns[] = {
	K("id", U64, dsc_restore, id),
	C("snapshot_id", U64, dsc_restore, nssnap_id),
	C("subsystem_id", U64, dsc_restore, subsys_id),
	C("nsid", U32, dsc_restore, nsid),
	C("path", STR, dsc_restore, path),
	C("size", U64, dsc_restore, size),
	END,
};

/* In the order in which they are read: parents first. */
static const struct {
	enum dsc_row_kind kind;
	const char *name;
	const struct column *columns;
} tables[] = {
	{ DSC_ROW_NODE, "nodes", node_columns },
	{ DSC_ROW_WORKER, "workers", worker_columns },
	{ DSC_ROW_PORTAL, "portals", portal_columns },
	{ DSC_ROW_ANA_GROUP, "ana_groups", ana_group_columns },
	{ DSC_ROW_ANA_STATE, "ana_states", ana_state_columns },
	{ DSC_ROW_HOST, "hosts", host_columns },
	{ DSC_ROW_GROUP, "host_groups", group_columns },
	{ DSC_ROW_MEMBER, "group_members", member_columns },
	{ DSC_ROW_SUBSYS, "subsystems", subsys_columns },
	{ DSC_ROW_ALLOW, "subsystem_hosts", allow_columns },
	{ DSC_ROW_SERVE, "subsystem_portals", serve_columns },
	{ DSC_ROW_NS, "namespaces", ns_columns },
	{ DSC_ROW_NS_ALLOW, "namespace_hosts", ns_allow_columns },
	{ DSC_ROW_FAIL, "failures", fail_columns },
	{ DSC_ROW_VIEW, "views", view_columns },
	{ DSC_ROW_DC, "discovery_controllers", dc_columns },
	{ DSC_ROW_ENTITY, "entities", entity_columns },
	{ DSC_ROW_REG, "registrations", reg_columns },
	{ DSC_ROW_HOST_VIEW, "host_views", host_view_columns },
	{ DSC_ROW_REFERRAL, "referrals", referral_columns },
	{ DSC_ROW_ZONE_SETTINGS, "zone_settings", zone_settings_columns },
	{ DSC_ROW_ZONE_GROUP, "zone_groups", zone_group_columns },
	{ DSC_ROW_ZONE, "zones", zone_columns },
	{ DSC_ROW_ZONE_ALIAS, "zone_aliases", zone_alias_columns },
	{ DSC_ROW_ZONE_ACTIVE, "zone_actives", zone_active_columns },
	{ DSC_ROW_ZONE_PAST, "zone_pasts", zone_past_columns },
	{ DSC_ROW_EVENT, "events", event_columns },
	{ DSC_ROW_AUDIT, "audit", audit_columns },
	{ DSC_ROW_USER, "users", user_columns },
	{ DSC_ROW_TOKEN, "tokens", token_columns },
	{ DSC_ROW_KEY, "keys", key_columns },
	{ DSC_ROW_NSSNAP, "snapshots", nssnap_columns },
	{ DSC_ROW_RESTORE, "restores", restore_columns },
};

#define SQL_MAX 2048
#define NR_TABLES (sizeof(tables) / sizeof(tables[0]))

struct dsc_tables {
	sqlite3 *db;
	struct {
		sqlite3_stmt *put, *del;
		const struct column *columns;
	} of[DSC_ROW_COUNT];
	sqlite3_stmt *trim_events, *trim_audit;
};

/* -- making SQL ------------------------------------------------------------------------------------- */
/* Appends "name<suffix>" of the columns, of keys or of the others or of both, with sep between. */
static void list(char *sql, size_t size, const struct column *c, int which, const char *fmt)
{
	bool first = true;

	for (; c->name; c++) {
		size_t used = strlen(sql);

		if (which >= 0 && c->key != (which == 1))
			continue;
		if (!first)
			used += (size_t)snprintf(sql + used, size - used, "%s",
						 strstr(fmt, "=?") ? " AND " : ", ");
		if (strcmp(fmt, "=excluded") == 0)
			snprintf(sql + used, size - used, "%s = excluded.%s", c->name, c->name);
		else if (strcmp(fmt, "?") == 0)
			snprintf(sql + used, size - used, "?");
		else if (strcmp(fmt, "=?") == 0)
			snprintf(sql + used, size - used, "%s = ?", c->name);
		else
			snprintf(sql + used, size - used, "%s", c->name);
		first = false;
	}
}

static void append(char *sql, size_t size, const char *text)
{
	size_t used = strlen(sql);

	snprintf(sql + used, size - used, "%s", text);
}

static bool only_keys(const struct column *c)
{
	while (c->name && c->key)
		c++;
	return !c->name;
}

static void make_put(char *sql, size_t size, const char *table, const struct column *c)
{
	snprintf(sql, size, "INSERT INTO %s (", table);
	list(sql, size, c, -1, "");
	append(sql, size, ") VALUES (");
	list(sql, size, c, -1, "?");
	append(sql, size, ") ON CONFLICT (");
	list(sql, size, c, 1, "");
	if (only_keys(c)) {
		append(sql, size, ") DO NOTHING");
		return;
	}
	append(sql, size, ") DO UPDATE SET ");
	list(sql, size, c, 0, "=excluded");
}

static void make_del(char *sql, size_t size, const char *table, const struct column *c)
{
	snprintf(sql, size, "DELETE FROM %s WHERE ", table);
	list(sql, size, c, 1, "=?");
}

static int prepare(sqlite3 *db, const char *sql, sqlite3_stmt **ret, struct cmn_err *err)
{
	int rc = sqlite3_prepare_v3(db, sql, -1, SQLITE_PREPARE_PERSISTENT, ret, NULL);

	if (rc == SQLITE_OK)
		return 0;
	return cmn_err_set(err, dsc_store_errno(rc), NULL, "%s in: %s", sqlite3_errmsg(db), sql);
}

struct dsc_tables *dsc_tables_open(sqlite3 *db, struct cmn_err *err)
{
	struct dsc_tables *t = dsc_zalloc(sizeof(*t));
	char sql[SQL_MAX];
	int rc = 0;

	t->db = db;
	for (size_t i = 0; i < NR_TABLES && rc == 0; i++) {
		enum dsc_row_kind kind = tables[i].kind;

		t->of[kind].columns = tables[i].columns;
		make_put(sql, sizeof(sql), tables[i].name, tables[i].columns);
		rc = prepare(db, sql, &t->of[kind].put, err);
		if (rc)
			break;
		make_del(sql, sizeof(sql), tables[i].name, tables[i].columns);
		rc = prepare(db, sql, &t->of[kind].del, err);
	}
	if (!rc)
		rc = prepare(db, "DELETE FROM events WHERE id <= ?", &t->trim_events, err);
	if (!rc)
		rc = prepare(db, "DELETE FROM audit WHERE id <= ?", &t->trim_audit, err);
	if (!rc)
		return t;
	dsc_tables_close(t);
	return NULL;
}

void dsc_tables_close(struct dsc_tables *t)
{
	if (!t)
		return;
	for (int i = 0; i < DSC_ROW_COUNT; i++) {
		sqlite3_finalize(t->of[i].put);
		sqlite3_finalize(t->of[i].del);
	}
	sqlite3_finalize(t->trim_events);
	sqlite3_finalize(t->trim_audit);
	free(t);
}

/* -- binding ---------------------------------------------------------------------------------------- */
static uint64_t load_uint(const void *p, size_t size)
{
	switch (size) {
	case 1:
		return *(const uint8_t *)p;
	case 2:
		return *(const uint16_t *)p;
	case 4:
		return *(const uint32_t *)p;
	default:
		return *(const uint64_t *)p;
	}
}

static int bind_column(sqlite3_stmt *stmt, int at, const struct column *c, const void *p)
{
	switch (c->type) {
	case COL_TEXT:
		return sqlite3_bind_text(stmt, at, p, -1, SQLITE_STATIC);
	case COL_STR:
	case COL_STR_NULL: /* a NULL pointer binds NULL */
		return sqlite3_bind_text(stmt, at, *(char *const *)p, -1, SQLITE_STATIC);
	case COL_BLOB:
		return sqlite3_bind_blob(stmt, at, p, (int)c->size, SQLITE_STATIC);
	case COL_BACKEND:
		return sqlite3_bind_text(stmt, at, dsc_backend_name[*(const uint8_t *)p], -1,
					 SQLITE_STATIC);
	default:
		return sqlite3_bind_int64(stmt, at, (sqlite3_int64)load_uint(p, c->size));
	}
}

static int run(sqlite3_stmt *stmt, const struct column *c, const struct dsc_row *row, bool keys)
{
	int at = 0, rc = SQLITE_OK;

	for (; c->name && rc == SQLITE_OK; c++) {
		if (!keys || c->key)
			rc = bind_column(stmt, ++at, c, (const char *)row + c->offset);
	}
	if (rc == SQLITE_OK) {
		rc = sqlite3_step(stmt);
		if (rc == SQLITE_DONE)
			rc = SQLITE_OK;
	}
	sqlite3_reset(stmt);
	sqlite3_clear_bindings(stmt);
	return rc;
}

/* What would not fit into the ring in memory goes. */
static int trim(sqlite3_stmt *stmt, uint64_t id, uint64_t max)
{
	int rc;

	if (id <= max)
		return SQLITE_OK;
	sqlite3_bind_int64(stmt, 1, (sqlite3_int64)(id - max));
	rc = sqlite3_step(stmt);
	sqlite3_reset(stmt);
	return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

int dsc_tables_write(struct dsc_tables *t, const struct dsc_write *w)
{
	enum dsc_row_kind kind = w->row->kind;
	int rc;

	if (!t->of[kind].put) /* derived */
		return SQLITE_OK;
	if (w->del) {
		rc = run(t->of[kind].del, t->of[kind].columns, w->row, true);
		if (rc == SQLITE_OK && sqlite3_changes(t->db) == 0)
			return SQLITE_NOTFOUND;
		return rc;
	}
	rc = run(t->of[kind].put, t->of[kind].columns, w->row, false);
	if (rc == SQLITE_OK && kind == DSC_ROW_EVENT)
		rc = trim(t->trim_events, ((const struct dsc_event *)w->row)->id, DSC_EVENTS_MAX);
	if (rc == SQLITE_OK && kind == DSC_ROW_AUDIT)
		rc = trim(t->trim_audit, ((const struct dsc_audit *)w->row)->id, DSC_AUDIT_MAX);
	return rc;
}

/* -- reading ---------------------------------------------------------------------------------------- */
static void store_uint(void *p, size_t size, uint64_t value)
{
	switch (size) {
	case 1:
		*(uint8_t *)p = (uint8_t)value;
		break;
	case 2:
		*(uint16_t *)p = (uint16_t)value;
		break;
	case 4:
		*(uint32_t *)p = (uint32_t)value;
		break;
	default:
		*(uint64_t *)p = value;
	}
}

static const char *text_of(sqlite3_stmt *stmt, int at)
{
	const char *text = (const char *)sqlite3_column_text(stmt, at);

	return text ? text : "";
}

static bool read_backend(uint8_t *p, const char *name)
{
	for (uint8_t i = 0; i < DSC_BACKEND_COUNT; i++) {
		if (strcmp(dsc_backend_name[i], name) == 0) {
			*p = i;
			return true;
		}
	}
	return false;
}

/* False when the column holds what it can't. */
static bool read_column(sqlite3_stmt *stmt, int at, const struct column *c, void *p)
{
	switch (c->type) {
	case COL_TEXT:
		return snprintf(p, c->size, "%s", text_of(stmt, at)) < (int)c->size;
	case COL_STR:
		*(char **)p = dsc_strdup(text_of(stmt, at));
		return true;
	case COL_STR_NULL:
		if (sqlite3_column_type(stmt, at) != SQLITE_NULL)
			*(char **)p = dsc_strdup(text_of(stmt, at));
		return true;
	case COL_BLOB:
		if (sqlite3_column_bytes(stmt, at) != (int)c->size)
			return false;
		memcpy(p, sqlite3_column_blob(stmt, at), c->size);
		return true;
	case COL_BACKEND:
		return read_backend(p, text_of(stmt, at));
	default:
		store_uint(p, c->size, (uint64_t)sqlite3_column_int64(stmt, at));
		return true;
	}
}

static int read_row(sqlite3_stmt *stmt, size_t table, dsc_store_row_fn *fn, void *arg,
		    struct cmn_err *err)
{
	struct dsc_row *row = dsc_row_new(tables[table].kind);
	const struct column *c = tables[table].columns;
	int rc = 0;

	for (int at = 0; c[at].name && !rc; at++) {
		if (!read_column(stmt, at, &c[at], (char *)row + c[at].offset))
			rc = cmn_err_set(err, -EUCLEAN, NULL,
					 "table %s, column %s holds what this version doesn't know",
					 tables[table].name, c[at].name);
	}
	if (!rc)
		rc = fn(arg, row);
	dsc_row_put(row);
	return rc;
}

static int read_table(sqlite3 *db, size_t table, dsc_store_row_fn *fn, void *arg,
		      struct cmn_err *err)
{
	sqlite3_stmt *stmt = NULL;
	char sql[SQL_MAX] = "SELECT ";
	int rc;

	list(sql, sizeof(sql), tables[table].columns, -1, "");
	append(sql, sizeof(sql), " FROM ");
	append(sql, sizeof(sql), tables[table].name);
	append(sql, sizeof(sql), " ORDER BY ");
	list(sql, sizeof(sql), tables[table].columns, 1, "");
	rc = prepare(db, sql, &stmt, err);
	while (!rc && (rc = sqlite3_step(stmt)) == SQLITE_ROW)
		rc = read_row(stmt, table, fn, arg, err);
	if (rc > 0 && rc != SQLITE_DONE)
		rc = cmn_err_set(err, dsc_store_errno(rc), NULL, "reading %s: %s",
				 tables[table].name, sqlite3_errmsg(db));
	sqlite3_finalize(stmt);
	return rc < 0 ? rc : 0;
}

int dsc_tables_read(struct dsc_tables *t, sqlite3 *db, dsc_store_row_fn *fn, void *arg,
		    struct cmn_err *err)
{
	int rc = 0;

	(void)t;
	for (size_t i = 0; i < NR_TABLES && !rc; i++)
		rc = read_table(db, i, fn, arg, err);
	return rc;
}
