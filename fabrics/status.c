/* SPDX-License-Identifier: Apache-2.0 */
/* fabrics/status.c - names of statuses, for counters and people; see status.h. */
#include "fabrics/status.h"

#include "common/container.h"
#include "fabrics/spec/nvme.h"

struct name {
	uint16_t code;
	const char *name;
};

static const struct name names[] = {
	{ NVME_SC_INVALID_OPCODE, "invalid_opcode" },
	{ NVME_SC_INVALID_FIELD, "invalid_field" },
	{ NVME_SC_DATA_XFER_ERROR, "data_transfer_error" },
	{ NVME_SC_INTERNAL, "internal_error" },
	{ NVME_SC_ABORT_REQ, "abort_requested" },
	{ NVME_SC_INVALID_NS, "invalid_namespace" },
	{ NVME_SC_CMD_SEQ_ERROR, "command_sequence_error" },
	{ NVME_SC_SGL_INVALID_DATA_LEN, "data_sgl_length_invalid" },
	{ NVME_SC_SGL_INVALID_TYPE, "sgl_type_invalid" },
	{ NVME_SC_SGL_INVALID_OFFSET, "sgl_offset_invalid" },
	{ NVME_SC_OP_DENIED, "operation_denied" },
	{ NVME_SC_KATO_EXPIRED, "keep_alive_timeout_expired" },
	{ NVME_SC_KATO_INVALID, "keep_alive_timeout_invalid" },
	{ NVME_SC_NS_WRITE_PROTECTED, "namespace_write_protected" },
	{ NVME_SC_CMD_INTERRUPTED, "command_interrupted" },
	{ NVME_SC_TRANSIENT_TRANSPORT, "transient_transport_error" },
	{ NVME_SC_LBA_RANGE, "lba_out_of_range" },
	{ NVME_SC_CAPACITY_EXCEEDED, "capacity_exceeded" },
	{ NVME_SC_NS_NOT_READY, "namespace_not_ready" },
	{ NVME_SC_RESERVATION_CONFLICT, "reservation_conflict" },
	{ NVME_SC_QID_INVALID, "invalid_queue_identifier" },
	{ NVME_SC_QUEUE_SIZE, "invalid_queue_size" },
	{ NVME_SC_AER_LIMIT, "asynchronous_event_limit_exceeded" },
	{ NVME_SC_INVALID_LOG_PAGE, "invalid_log_page" },
	{ NVME_SC_FID_NOT_SAVEABLE, "feature_not_saveable" },
	{ NVME_SC_FID_NOT_CHANGEABLE, "feature_not_changeable" },
	{ NVME_SC_FID_NOT_PER_NS, "feature_not_namespace_specific" },
	{ NVME_SC_INVALID_DISCOVERY_INFO, "invalid_discovery_information" },
	{ NVME_SC_ZONING_LOCKED, "zoning_data_structure_locked" },
	{ NVME_SC_ZONING_NOT_FOUND, "zoning_data_structure_not_found" },
	{ NVME_SC_DISCOVERY_RESOURCES, "insufficient_discovery_resources" },
	{ NVME_SC_FUNCTION_DISABLED, "requested_function_disabled" },
	{ NVME_SC_WRITE_FAULT, "write_fault" },
	{ NVME_SC_READ_ERROR, "unrecovered_read_error" },
	{ NVME_SC_COMPARE_FAILED, "compare_failure" },
	{ NVME_SC_ACCESS_DENIED, "access_denied" },
};

/* The same codes mean one thing of fabrics commands and another of the NVM command set's. */
static const struct name fabrics_names[] = {
	{ NVME_SC_CONNECT_FORMAT, "incompatible_format" },
	{ NVME_SC_CONNECT_BUSY, "controller_busy" },
	{ NVME_SC_CONNECT_PARAM, "connect_invalid_parameters" },
	{ NVME_SC_CONNECT_RESTART_DISC, "connect_restart_discovery" },
	{ NVME_SC_CONNECT_HOST, "connect_invalid_host" },
	{ NVME_SC_INVALID_QUEUE_TYPE, "invalid_queue_type" },
	{ NVME_SC_DISCOVERY_RESTART, "discovery_restart" },
	{ NVME_SC_AUTH_REQUIRED, "authentication_required" },
};
static const struct name nvm_names[] = {
	{ NVME_SC_CONFLICTING_ATTRS, "conflicting_attributes" },
	{ NVME_SC_INVALID_PI, "invalid_protection_information" },
	{ NVME_SC_READ_ONLY_RANGE, "write_to_read_only_range" },
	{ NVME_SC_CMD_SIZE_LIMIT, "command_size_limit_exceeded" },
};

static const char *find(const struct name *table, size_t nr, uint16_t code)
{
	for (size_t i = 0; i < nr; i++) {
		if (table[i].code == code)
			return table[i].name;
	}
	return NULL;
}

const char *fab_status_name(uint16_t code, bool io)
{
	const char *name = find(names, ARRAY_SIZE(names), code);

	if (!name && io)
		name = find(nvm_names, ARRAY_SIZE(nvm_names), code);
	return name ? name : find(fabrics_names, ARRAY_SIZE(fabrics_names), code);
}
