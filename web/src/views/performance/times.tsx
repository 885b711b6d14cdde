// SPDX-License-Identifier: Apache-2.0
// views/performance/times.tsx - of what is chosen: the heat map, its percentiles, and where the time went.
import { quantile, timeOf, total, useTimes, type Histories, type Second } from '../../api/times';
import { percent, seconds } from '../../components/format';
import { Table, type Column } from '../../components/table';
import { HeatMap } from './heat';

const SHARES: Array<[string, number]> = [['50 %', .5], ['90 %', .9], ['99 %', .99], ['99.9 %', .999]];

interface Row {
  title: string;
  read: number | null;
  write: number | null;
}

const cell = (ns: number | null) => (ns === null ? '–' : seconds(ns / 1e9));

const COLUMNS: Array<Column<Row>> = [
  { title: 'Faster than', cell: (r) => r.title },
  { title: 'Reads', number: true, cell: (r) => cell(r.read) },
  { title: 'Writes', number: true, cell: (r) => cell(r.write) },
];

function Percentiles({ history, bounds }: { history: Second[]; bounds: number[] }) {
  const [read, write] = [total(history, (s) => s.read), total(history, (s) => s.write)];
  const rows = SHARES.map(([title, share]): Row => ({ title, read: quantile(read, bounds, share), write: quantile(write, bounds, share) }));
  return <Table caption="Percentiles of the last two minutes" columns={COLUMNS} items={rows} keyOf={(r) => r.title} empty="" />;
}

const PARTS = [
  ['transport', 'Network', 'receiving data and waiting for the host'],
  ['backend', 'Storage', 'in memory, file or device'],
  ['queue', 'Waiting', 'for another command or a buffer'],
] as const;

/** Where the time of all commands went. */
function Shares({ history, bounds }: { history: Second[]; bounds: number[] }) {
  const times = PARTS.map(([part]) => timeOf(total(history, (s) => s.parts?.[part]), bounds));
  const all = times.reduce((a, b) => a + b, 0);
  if (!all) return null;
  return (
    <section aria-labelledby="shares">
      <h2 id="shares">Where the time went</h2>
      <dl class="shares">
        {PARTS.map(([part, title, hint], i) => (
          <div key={part} title={hint}>
            <dt>{title}</dt>
            <dd class="meter" aria-hidden="true"><span style={{ width: percent(times[i]! / all).replace(' ', '') }} /></dd>
            <dd>{percent(times[i]! / all)}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}

export type Which = 'all' | 'reads' | 'writes';

function cellsOf(history: Second[], which: Which) {
  return history.map(({ time, read, write }) => ({
    time, buckets: which === 'reads' ? read : which === 'writes' ? write : read.map((n, i) => n + (write[i] ?? 0)),
  }));
}

function describe(history: Second[], { bounds }: Histories): string {
  const read = total(history, (s) => s.read.map((n, i) => n + (s.write[i] ?? 0)));
  const [half, tail] = [quantile(read, bounds, .5), quantile(read, bounds, .99)];
  return `Heat map of the time that commands took in the last two minutes: ${half === null || tail === null ? 'there were none'
    : `half of them less than ${cell(half)}, 99 of 100 less than ${cell(tail)}`}`;
}

export function Times({ of, which }: { of: string; which: Which }) {
  const all = useTimes();
  if (!all) return <p class="empty">Waiting for the counters of the workers…</p>;
  const history = all.of.get(of) ?? [];
  return (
    <div class="heat-and">
      <HeatMap cells={cellsOf(history, which)} bounds={all.bounds} now={all.now} label={describe(history, all)} />
      <div>
        <Percentiles history={history} bounds={all.bounds} />
        <Shares history={history} bounds={all.bounds} />
      </div>
    </div>
  );
}
