// SPDX-License-Identifier: Apache-2.0
// views/events - what happened, newest first, as it happens.
import { useState } from 'preact/hooks';
import { api } from '../../api/client';
import { usePoll } from '../../api/poll';
import type { Event as PharosEvent } from '../../api/types';
import { clock, count } from '../../components/format';
import { Show } from '../../components/polled';
import { State } from '../../components/state';
import { Table, type Column } from '../../components/table';
import type { View } from '../view';

const EVERY_MS = 2000;
/** So many are kept in the page; discoveryd has the others. */
const KEEP = 10000;

/** Newest first; what was read stays for as long as the page lives. */
let seen: PharosEvent[] = [];
let next: number | undefined;

/** Once discoveryd has been away all is read anew: it may be another one, which counts from its own first event. */
async function read(signal: AbortSignal): Promise<{ items: PharosEvent[]; next: number }> {
  try {
    return await api.events(next, signal);
  } catch (error) {
    next = undefined;
    throw error;
  }
}

async function load(signal: AbortSignal): Promise<PharosEvent[]> {
  for (;;) {
    const asked = next;
    const page = await read(signal);
    seen = [...page.items.reverse(), ...(asked === undefined ? [] : seen)].slice(0, KEEP);
    next = page.next;
    if (page.items.length === 0 || asked === undefined) return seen;
  }
}

const COLUMNS: Array<Column<PharosEvent>> = [
  { title: 'Time', cell: (e) => <time dateTime={e.time}>{clock(e.time)}</time> },
  { title: 'Severity', cell: (e) => <State state={e.severity} /> },
  { title: 'Kind', cell: (e) => <code>{e.kind}</code> },
  { title: 'What', cell: (e) => e.text },
];

interface Filter {
  severity: string;
  kind: string;
  text: string;
}

function passes(e: PharosEvent, { severity, kind, text }: Filter): boolean {
  return (!severity || e.severity === severity) && (!kind || e.kind === kind)
    && `${e.text} ${JSON.stringify(e.data)}`.toLowerCase().includes(text.toLowerCase());
}

function Choose({ label, value, from, set }: { label: string; value: string; from: string[]; set: (value: string) => void }) {
  return (
    <label class="filter">{label}
      <select value={value} onChange={(event) => set(event.currentTarget.value)}>
        <option value="">all</option>
        {from.map((one) => <option key={one}>{one}</option>)}
      </select>
    </label>
  );
}

function List({ all }: { all: PharosEvent[] }) {
  const [filter, set] = useState<Filter>({ severity: '', kind: '', text: '' });
  const shown = all.filter((e) => passes(e, filter));
  const kinds = [...new Set(all.map((e) => e.kind))].sort();
  return (
    <>
      <div class="bar">
        <p class="summary">{shown.length === all.length ? count(all.length, 'event') : `${shown.length} of ${count(all.length, 'event')}`}</p>
        <Choose label="Severity" value={filter.severity} from={['info', 'warning', 'error']} set={(severity) => set({ ...filter, severity })} />
        <Choose label="Kind" value={filter.kind} from={kinds} set={(kind) => set({ ...filter, kind })} />
        <label class="filter">Text or object
          <input type="search" value={filter.text} onInput={(event) => set({ ...filter, text: event.currentTarget.value })} />
        </label>
      </div>
      <Table caption="Events, newest first" columns={COLUMNS} items={shown} keyOf={(e) => String(e.id)}
        empty={all.length ? 'No event is like that.' : 'Nothing has happened yet.'} />
    </>
  );
}

function Events() {
  const polled = usePoll('events', load, EVERY_MS);
  return <Show of={polled}>{(all) => <List all={all} />}</Show>;
}

export const events: View = { path: 'events', title: 'Events', component: Events };
