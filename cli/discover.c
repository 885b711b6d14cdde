/* SPDX-License-Identifier: Apache-2.0 */
/* cli/discover.c - `pharos discover`: reads the log of any NVMe/TCP discovery controller, as `nvme discover` does, without the kernel. */
#include "cli/commands.h"

#include <stdlib.h>

#include "cli/target.h"
#include "fabrics/discovery_text.h"

static const struct cli_column columns[] = {
	{ "SUBNQN", "subnqn", CELL_TEXT, NULL },
	{ "ADDRESS", "traddr", CELL_TEXT, NULL },
	{ "PORT", "trsvcid", CELL_NUMBER, NULL },
	{ "TRANSPORT", "trtype", CELL_TEXT, NULL },
	{ "SUBTYPE", "subtype", CELL_TEXT, NULL },
	{ "PORTID", "portid", CELL_NUMBER, NULL },
	{ "SECURITY", "sectype", CELL_TEXT, NULL },
	{ "TREQ", "treq", CELL_TEXT | CELL_WIDE, NULL },
	{ "FLAGS", "eflags", CELL_TEXT | CELL_WIDE, NULL },
	{ NULL, NULL, 0, NULL },
};

static const struct cli_option options[] = {
	{ "nqn", "nqn", CLI_TEXT, CLI_LOCAL, "NQN",
	  "of the discovery controller (the well-known one)" },
	CLI_HOST_OPTIONS,
	{ 0 },
};

static void add(struct json_object *obj, const char *key, const char *text)
{
	json_object_object_add(obj, key, json_object_new_string(text));
}

static struct json_object *record_json(const struct fab_disc_record *rec)
{
	struct json_object *obj = json_object_new_object();

	add(obj, "trtype", fab_disc_trtype_text(rec->trtype));
	add(obj, "adrfam", fab_disc_adrfam_text(rec->adrfam));
	add(obj, "subtype", fab_disc_subtype_text(rec->subtype));
	add(obj, "treq", fab_disc_treq_text(rec->treq));
	json_object_object_add(obj, "portid", json_object_new_int(rec->portid));
	add(obj, "trsvcid", rec->trsvcid);
	add(obj, "subnqn", rec->subnqn);
	add(obj, "traddr", rec->traddr);
	add(obj, "eflags", fab_disc_eflags_text(rec->eflags));
	add(obj, "sectype", fab_disc_sectype_text(rec->sectype));
	return obj;
}

/* As nvme-cli's `nvme discover -o json`; there is no kernel device here. */
static struct json_object *log_json(const struct cli_log *log)
{
	struct json_object *doc = json_object_new_object(), *records = json_object_new_array();

	for (size_t i = 0; i < log->nr; i++)
		json_object_array_add(records, record_json(&log->records[i]));
	json_object_object_add(doc, "device", NULL);
	json_object_object_add(doc, "genctr", json_object_new_uint64(log->genctr));
	json_object_object_add(doc, "records", records);
	return doc;
}

static enum cli_exit discover(struct cli *cli)
{
	struct cmn_err err = { 0 };
	struct json_object *doc;
	struct cli_target target;
	struct cli_log log;
	enum cli_exit res = cli_target_init(cli, cli_arg(cli, 0), 8009, &target);

	if (res != CLI_OK)
		return res;
	res = cli_target_read_log(&target, cli_text(cli, "nqn", NVMF_DISC_NQN), &log, &err);
	if (res != CLI_OK) {
		cli_error(res == CLI_UNREACHABLE ? "is that a discovery controller's address?"
						 : NULL,
			  "%s", err.msg);
		return res;
	}
	doc = log_json(&log);
	if (cli->json)
		cli_print_json(doc);
	else
		cli_table(cli, columns, cli_member(doc, "records"));
	json_object_put(doc);
	free(log.records);
	return CLI_OK;
}

const struct cli_command cli_discover_commands[] = {
	{ NULL, "discover", "ADDRESS[:PORT]", "read a discovery log (port 8009)", options,
	  discover },
	{ 0 },
};
