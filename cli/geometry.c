/* SPDX-License-Identifier: Apache-2.0 */
/* cli/geometry.c - see geometry.h. */
#include "cli/geometry.h"

#include <endian.h>
#include <errno.h>

#include "cli/target.h"

static int identify(struct net_client *client, uint8_t cns, uint32_t nsid, void *data,
		    struct cmn_err *err)
{
	struct nvme_cmd cmd = fab_cmd_identify(cns, nsid, 0, 0);
	struct nvme_cqe cqe = { 0 };
	int res = net_client_admin(client, &cmd, data, 4096, FAB_HOST_IN, &cqe);

	return cli_check_status(res, &cqe, "Identify", err);
}

int cli_geometry(struct net_client *client, uint32_t nsid, struct cli_geometry *ret,
		 struct cmn_err *err)
{
	struct nvme_id_ns id;
	const struct nvme_lbaf *format;
	int res = identify(client, NVME_CNS_NS, nsid, &id, err);

	if (res < 0)
		return res;
	format = &id.lbaf[(id.flbas & 0xf) | (id.flbas >> 5 & 0x3) << 4];
	if (format->ms || format->lbads < 9 || format->lbads > 16 || !id.nsze)
		return cmn_err_set(err, -EOPNOTSUPP, NULL,
				   "can't use 2^%u-byte blocks with %u bytes of metadata",
				   format->lbads, le16toh(format->ms));
	ret->blocks = le64toh(id.nsze);
	ret->block_size = 1u << format->lbads;
	ret->write_protected = id.nsattr & NVME_NSATTR_WP;
	return 0;
}

int cli_active_namespaces(struct net_client *client, uint32_t last, uint32_t ret_nsids[1024],
			  struct cmn_err *err)
{
	int res = identify(client, NVME_CNS_ACTIVE_NS_LIST, last, ret_nsids, err), n = 0;

	if (res < 0)
		return res;
	for (; n < 1024 && le32toh(ret_nsids[n]) > last; n++) {
		ret_nsids[n] = le32toh(ret_nsids[n]);
		last = ret_nsids[n];
	}
	return n;
}
