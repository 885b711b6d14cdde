// SPDX-License-Identifier: Apache-2.0
// views/performance - how fast, for whom, and how busy that keeps the workers.
import { useMemo, useState } from 'preact/hooks';
import { busiest, iops, latency, useRates, type Rate, type Sample } from '../../api/rates';
import { useWorkerLoads } from '../../api/reactors';
import { Search, ofAll } from '../../components/filter';
import { bytesPerSecond, count, percent, perSecond, seconds } from '../../components/format';
import { LoadCharts } from '../../components/load';
import { SubsystemLink } from '../../components/nqn';
import { Show } from '../../components/polled';
import { Table, type Column } from '../../components/table';
import type { View } from '../view';

/** Of more the busiest are shown. */
const MOST = 10000;

interface Row {
  nqn: string;
  nsid: string;
  rate: Rate;
}

const time = (rate: Rate, what: 'read' | 'write') => latency(rate, what) ?? -1;
const inWords = (rate: Rate, what: 'read' | 'write') => {
  const t = latency(rate, what);
  return t === null ? '–' : seconds(t);
};

const COLUMNS: Array<Column<Row>> = [
  { title: 'Subsystem', by: (r) => r.nqn, cell: (r) => <SubsystemLink nqn={r.nqn} tab="load" /> },
  { title: 'NSID', number: true, by: (r) => Number(r.nsid), cell: (r) => r.nsid },
  { title: 'IOPS', number: true, by: (r) => iops(r.rate), cell: (r) => perSecond(iops(r.rate)) },
  { title: 'Read', number: true, by: (r) => r.rate.readBytes, cell: (r) => bytesPerSecond(r.rate.readBytes) },
  { title: 'Written', number: true, by: (r) => r.rate.writeBytes, cell: (r) => bytesPerSecond(r.rate.writeBytes) },
  { title: 'Read latency', number: true, by: (r) => time(r.rate, 'read'), cell: (r) => inWords(r.rate, 'read') },
  { title: 'Write latency', number: true, by: (r) => time(r.rate, 'write'), cell: (r) => inWords(r.rate, 'write') },
  { title: 'Errors', number: true, by: (r) => r.rate.errors, cell: (r) => perSecond(r.rate.errors) },
];

function Namespaces({ now }: { now: Sample }) {
  const [filter, setFilter] = useState('');
  const all = useMemo(() => busiest(now.namespaces, MOST).map(([key, rate]): Row => {
    const space = key.lastIndexOf(' ');
    return { nqn: key.slice(0, space), nsid: key.slice(space + 1), rate };
  }), [now]);
  const shown = all.filter((row) => row.nqn.toLowerCase().includes(filter.trim().toLowerCase()));
  return (
    <>
      <div class="bar">
        <p class="summary">{ofAll(shown.length, all.length, count(all.length, 'namespace'))}, the busiest first</p>
        <Search label="Filter by NQN" value={filter} set={setFilter} />
      </div>
      <Table caption="I/O by namespace" columns={COLUMNS} items={shown} keyOf={(row) => `${row.nqn} ${row.nsid}`}
        empty={all.length ? 'No namespace is like that.' : 'There is no namespace.'} />
    </>
  );
}

interface Thread {
  worker: string;
  index: number;
  busy: number | null;
  turns: number | null;
}

const THREADS: Array<Column<Thread>> = [
  { title: 'Worker', by: (t) => t.worker, cell: (t) => t.worker },
  { title: 'Reactor', number: true, by: (t) => t.index, cell: (t) => t.index },
  { title: 'Busy', by: (t) => t.busy ?? -1, cell: (t) => <span class="busy"><span class="meter" aria-hidden="true"><span style={{ width: percent(t.busy ?? 0).replace(' ', '') }} /></span> {t.busy === null ? '–' : percent(t.busy)}</span> },
  { title: 'Turns per second', number: true, by: (t) => t.turns ?? -1, cell: (t) => (t.turns === null ? '–' : perSecond(t.turns)) },
];

function Reactors() {
  const loads = useWorkerLoads();
  const threads = [...loads].flatMap(([worker, load]) => load.reactors.map((reactor) => ({ worker, ...reactor })));
  return (
    <section aria-labelledby="reactors">
      <h2 id="reactors">Reactors</h2>
      <Table caption="Reactors" columns={THREADS} items={threads} keyOf={(t) => `${t.worker} ${t.index}`} empty="Waiting for the counters of the workers…" />
    </section>
  );
}

function Performance() {
  const rates = useRates();
  return (
    <>
      <Show of={rates}>
        {(samples) => (
          <>
            <LoadCharts samples={samples} of={(sample) => sample.all} />
            <section aria-labelledby="namespaces">
              <h2 id="namespaces">By namespace</h2>
              {samples.length > 0 && <Namespaces now={samples[samples.length - 1]!} />}
            </section>
          </>
        )}
      </Show>
      <Reactors />
    </>
  );
}

export const performance: View = { path: 'performance', title: 'Performance', icon: 'performance', component: Performance };
