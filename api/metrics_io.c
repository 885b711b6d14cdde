/* SPDX-License-Identifier: Apache-2.0 */
/* api/metrics_io.c - counters and histograms of I/O, of whatever they are: a worker, subsystem, namespace, host or queue.
 * Thread: the control loop.  May block: never. */
#include "api/metrics.h"

#include <stdio.h>
#include <string.h>

#include "common/container.h"
#include "fabrics/status.h"

/* Every second bound of those that are counted by is told. */
static const char *const io_bounds[] = {
	"2.048e-06",   "8.192e-06",   "3.2768e-05",  "0.000131072", "0.000524288", "0.002097152",
	"0.008388608", "0.033554432", "0.134217728", "0.536870912", "2.147483648", "8.589934592",
};
const struct api_bounds api_bounds_io = { ARRAY_SIZE(io_bounds), io_bounds };

const struct api_set_limit api_set_limits[API_SET_COUNT] = {
	[API_SET_SUBSYS_TIMES] = { 512, "subsystem_latency" },
	[API_SET_SUBSYS_PARTS] = { 768, "subsystem_latency" },
	[API_SET_NS] = { 0, "namespace" },
	[API_SET_NS_META] = { 0, "namespace" },
	[API_SET_NS_IO] = { 0, "namespace" },
	[API_SET_NS_TIMES] = { 1024, "namespace_latency" },
	[API_SET_NS_PARTS] = { 12288, "namespace_latency" },
	[API_SET_NS_FAILED] = { 4096, "namespace_status" },
	[API_SET_HOST] = { 0, "host" },
	[API_SET_PAIR] = { 0, "host" },
	[API_SET_HOST_IO] = { 8192, "host_io" },
	[API_SET_HOST_TIMES] = { 1024, "host_latency" },
	[API_SET_QUEUE_IO] = { 4096, "queue" },
};

static void add_times(struct api_scrape *scrape, enum api_set set, const struct api_labels *labels,
		      const struct cmn_latency *l, uint64_t ns)
{
	uint64_t *v = api_scrape_values(scrape, ARRAY_SIZE(io_bounds) + 2);

	v[0] = l->bucket[0];
	for (unsigned int i = 1; i < CMN_LATENCY_BUCKETS; i++)
		v[(i + 1) / 2] += l->bucket[i];
	v[ARRAY_SIZE(io_bounds) + 1] = ns;
	api_scrape_add(scrape, set, api_scrape_text(scrape, labels), v);
}

static void add_parts(struct api_scrape *scrape, enum api_set set, const struct api_labels *labels,
		      const struct dsc_io_times *t, unsigned int way)
{
	for (unsigned int i = 0; i < DSC_IO_PARTS; i++) {
		struct api_labels part = *labels;

		api_label(&part, "part", dsc_io_part_name[i]);
		add_times(scrape, set, &part, &t->part[way][i], t->part_ns[way][i]);
	}
}

void api_scrape_times(struct api_scrape *scrape, enum api_set total, enum api_set parts,
		      const struct api_labels *labels, const struct dsc_io *io)
{
	static const enum dsc_io_count ns[DSC_IO_WAYS] = { DSC_IO_READ_NS, DSC_IO_WRITE_NS };

	for (unsigned int way = 0; io->times && way < DSC_IO_WAYS; way++) {
		struct api_labels in = *labels;

		if (!cmn_latency_count(&io->times->total[way]))
			continue;
		api_label(&in, "operation", dsc_io_way_name[way]);
		add_times(scrape, total, &in, &io->times->total[way], io->count[ns[way]]);
		if (parts != API_SET_COUNT)
			add_parts(scrape, parts, &in, io->times, way);
	}
}

void api_scrape_failed(struct api_scrape *scrape, enum api_set set, const struct api_labels *labels,
		       const struct dsc_io_failed *failed, unsigned int nr)
{
	for (unsigned int i = 0; i < nr; i++) {
		bool other = failed[i].status == DSC_IO_STATUS_OTHER;
		bool io = !other && !(failed[i].status & DSC_IO_STATUS_ADMIN);
		uint16_t code = failed[i].status & (uint16_t)~DSC_IO_STATUS_ADMIN;
		const char *name = other ? "other" : fab_status_name(code, io);
		uint64_t *v = api_scrape_values(scrape, 1);
		struct api_labels in = *labels;
		char text[16];

		*v = failed[i].times;
		if (set == API_SET_WORKER_FAILED)
			api_label(&in, "queue", other ? "any" : io ? "io" : "admin");
		snprintf(text, sizeof(text), "0x%03x", code);
		api_label(&in, "status", name ? name : text);
		api_scrape_add(scrape, set, api_scrape_text(scrape, &in), v);
	}
}

void api_scrape_io(struct api_scrape *scrape, enum api_set set, const char *labels,
		   const struct dsc_io *io, uint64_t inflight)
{
	uint64_t *v = api_scrape_values(scrape, IO_FIELDS);

	memcpy(v, io->count, sizeof(io->count));
	v[IO_INFLIGHT] = inflight;
	api_scrape_add(scrape, set, labels, v);
}
