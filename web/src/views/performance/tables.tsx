// SPDX-License-Identifier: Apache-2.0
// views/performance/tables.tsx - I/O and its times by namespace, by host and by reactor.
import { useMemo, useState } from 'preact/hooks';
import { busiest, iops, type Rate, type Sample } from '../../api/rates';
import { useWorkerLoads, type Reactor } from '../../api/reactors';
import { Search, ofAll } from '../../components/filter';
import { bytesPerSecond, count, percent, perSecond, seconds } from '../../components/format';
import { HostLink, SubsystemLink, useHostName } from '../../components/nqn';
import { Table, type Column } from '../../components/table';

/** Of more the busiest are shown. */
const MOST = 10000;

interface Row {
  /** What is filtered by. */
  name: string;
  nqn: string;
  nsid: string;
  rate: Rate;
}

type Quantile = 'p50_ns' | 'p99_ns';

const time = (title: string, what: 'read' | 'write', quantile: Quantile): Column<Row> => ({
  title, number: true, by: (r) => r.rate[what]?.[quantile] ?? -1,
  cell: (r) => { const ns = r.rate[what]?.[quantile]; return ns === undefined ? '–' : seconds(ns / 1e9); },
});

const IO: Array<Column<Row>> = [
  { title: 'IOPS', number: true, by: (r) => iops(r.rate), cell: (r) => perSecond(iops(r.rate)) },
  { title: 'Read', number: true, by: (r) => r.rate.read_bytes, cell: (r) => bytesPerSecond(r.rate.read_bytes) },
  { title: 'Written', number: true, by: (r) => r.rate.write_bytes, cell: (r) => bytesPerSecond(r.rate.write_bytes) },
  time('Read 50 %', 'read', 'p50_ns'), time('Read 99 %', 'read', 'p99_ns'),
  time('Write 50 %', 'write', 'p50_ns'), time('Write 99 %', 'write', 'p99_ns'),
  { title: 'Errors', number: true, by: (r) => r.rate.errors, cell: (r) => perSecond(r.rate.errors) },
];

const NAMESPACES: Array<Column<Row>> = [
  { title: 'Subsystem', by: (r) => r.nqn, cell: (r) => <SubsystemLink nqn={r.nqn} tab="load" /> },
  { title: 'NSID', number: true, by: (r) => Number(r.nsid), cell: (r) => r.nsid },
  ...IO,
];
const HOSTS: Array<Column<Row>> = [{ title: 'Host', by: (r) => r.name, cell: (r) => <HostLink nqn={r.nqn} /> }, ...IO];

interface Props {
  caption: string;
  one: string;
  rows: Row[];
  columns: Array<Column<Row>>;
  filter: string;
}

function Listed({ caption, one, rows, columns, filter }: Props) {
  const [text, setText] = useState('');
  const shown = rows.filter((row) => row.name.toLowerCase().includes(text.trim().toLowerCase()));
  return (
    <>
      <div class="bar">
        <p class="summary">{ofAll(shown.length, rows.length, count(rows.length, one))} with I/O now, the busiest first</p>
        <Search label={filter} value={text} set={setText} />
      </div>
      <Table caption={caption} columns={columns} items={shown} keyOf={(row) => `${row.nqn} ${row.nsid}`}
        empty={rows.length ? `No ${one} is like that.` : 'No I/O at the moment.'} />
    </>
  );
}

export function Namespaces({ now }: { now: Sample }) {
  const rows = useMemo(() => busiest(now.namespaces, MOST).map(([key, rate]): Row => {
    const space = key.lastIndexOf(' ');
    return { name: key.slice(0, space), nqn: key.slice(0, space), nsid: key.slice(space + 1), rate };
  }), [now]);
  return <Listed caption="I/O by namespace" one="namespace" rows={rows} columns={NAMESPACES} filter="Filter by NQN" />;
}

export function Hosts({ now }: { now: Sample }) {
  const nameOf = useHostName();
  const rows = useMemo(() => busiest(now.hosts, MOST).map(([nqn, rate]): Row => ({ name: `${nameOf(nqn)} ${nqn}`, nqn, nsid: '', rate })), [now]);
  return <Listed caption="I/O by host" one="host" rows={rows} columns={HOSTS} filter="Filter by NQN or name" />;
}

type Thread = Reactor & { worker: string };

const THREADS: Array<Column<Thread>> = [
  { title: 'Worker', by: (t) => t.worker, cell: (t) => t.worker },
  { title: 'Reactor', number: true, by: (t) => t.index, cell: (t) => t.index },
  {
    title: 'Busy', by: (t) => t.busy ?? -1,
    cell: (t) => (
      <span class="busy">
        <span class="meter" aria-hidden="true"><span style={{ width: percent(t.busy ?? 0).replace(' ', '') }} /></span> {t.busy === null ? '–' : percent(t.busy)}
      </span>
    ),
  },
  { title: 'Turns per second', number: true, by: (t) => t.turns ?? -1, cell: (t) => (t.turns === null ? '–' : perSecond(t.turns)) },
];

export function Reactors() {
  const threads = [...useWorkerLoads()].flatMap(([worker, load]) => load.reactors.map((reactor): Thread => ({ worker, ...reactor })));
  return <Table caption="Reactors" columns={THREADS} items={threads} keyOf={(t) => `${t.worker} ${t.index}`} empty="Waiting for the counters of the workers…" />;
}
