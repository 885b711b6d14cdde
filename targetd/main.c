/* SPDX-License-Identifier: Apache-2.0 */
/* targetd/main.c - targetd, the NVMe/TCP storage worker. */
#include "config.h"

#include "targetd/worker.h"

int main(int argc, char **argv)
{
	struct tgt_options options;
	int ret = tgt_options_parse(argc, argv, &options);

	if (ret != 0)
		return ret < 0 ? 2 : 0;
	cmn_log_init("targetd");
	cmn_log_set_level(options.log_level);
	if (options.has_log_form)
		cmn_log_set_form(options.log_form);
	return tgt_worker_run(&options);
}
