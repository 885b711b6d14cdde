// SPDX-License-Identifier: Apache-2.0
// views/events - what happened, newest first, as it happens.
import { useMemo, useState } from 'preact/hooks';
import type { Event as PharosEvent } from '../../api/types';
import { Choose, Search, ofAll } from '../../components/filter';
import { clock, count } from '../../components/format';
import { Show } from '../../components/polled';
import { href } from '../../components/router';
import { State } from '../../components/state';
import { Table, type Column } from '../../components/table';
import type { View } from '../view';
import { useEvents } from './follow';

/** What an event is about, as links where there is a page. */
function Objects({ data }: { data: Record<string, unknown> }) {
  const entries = Object.entries(data).filter(([, value]) => typeof value === 'string' || typeof value === 'number');
  const link = (name: string, value: string) => (
    name === 'nqn' ? href('subsystems', { nqn: value })
      : name === 'host_nqn' ? href('hosts', { nqn: value })
        : name === 'worker' ? href('workers') : undefined);
  return (
    <span class="objects">
      {entries.map(([name, value]) => {
        const to = link(name, String(value));
        return <span key={name}>{name} {to ? <a href={to}><code>{String(value)}</code></a> : <code>{String(value)}</code>}</span>;
      })}
    </span>
  );
}

const COLUMNS: Array<Column<PharosEvent>> = [
  { title: 'Time', cell: (e) => <time dateTime={e.time}>{clock(e.time)}</time> },
  { title: 'Severity', cell: (e) => <State state={e.severity} /> },
  { title: 'Kind', cell: (e) => <code>{e.kind}</code> },
  { title: 'What', cell: (e) => e.text },
  { title: 'About', cell: (e) => <Objects data={e.data} /> },
];

interface Filter {
  severity: string;
  kind: string;
  text: string;
}

function passes(e: PharosEvent, { severity, kind, text }: Filter): boolean {
  return (!severity || e.severity === severity) && (!kind || e.kind === kind)
    && `${e.text} ${JSON.stringify(e.data)}`.toLowerCase().includes(text.trim().toLowerCase());
}

function List({ all }: { all: PharosEvent[] }) {
  const [filter, set] = useState<Filter>({ severity: '', kind: '', text: '' });
  const shown = useMemo(() => all.filter((e) => passes(e, filter)), [all, filter]);
  const kinds = useMemo(() => [...new Set(all.map((e) => e.kind))].sort(), [all]);
  return (
    <>
      <div class="bar">
        <p class="summary">{ofAll(shown.length, all.length, count(all.length, 'event'))}</p>
        <Choose label="Severity" value={filter.severity} from={['info', 'warning', 'error']} set={(severity) => set({ ...filter, severity })} />
        <Choose label="Kind" value={filter.kind} from={kinds} set={(kind) => set({ ...filter, kind })} />
        <Search label="Text or object" value={filter.text} set={(text) => set({ ...filter, text })} />
      </div>
      <Table caption="Events, newest first" columns={COLUMNS} items={shown} keyOf={(e) => String(e.id)}
        empty={all.length ? 'No event is like that.' : 'Nothing has happened yet.'} />
    </>
  );
}

function Events() {
  const polled = useEvents();
  return <Show of={polled}>{(all) => <List all={all} />}</Show>;
}

export const events: View = { path: 'events', title: 'Events', icon: 'list', component: Events };
