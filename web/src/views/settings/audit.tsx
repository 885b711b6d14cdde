// SPDX-License-Identifier: Apache-2.0
// views/settings/audit.tsx - who changed what, with what it was.
import { useEffect, useMemo, useState } from 'preact/hooks';
import { api } from '../../api/client';
import { listen } from '../../api/live';
import { usePoll } from '../../api/poll';
import type { Audit as Entry, AuditChange } from '../../api/types';
import { Dialog } from '../../components/dialog';
import { Choose, Search, ofAll } from '../../components/filter';
import { clock, count } from '../../components/format';
import { Show } from '../../components/polled';
import { Table, type Column } from '../../components/table';

interface Read {
  /** Newest first. */
  entries: Entry[];
  next: number;
}

const nothing = (): Read => ({ entries: [], next: 0 });

/** What has been read is not asked for again, unless discoveryd was away: it may have another past then. */
let read = nothing();

async function load(signal: AbortSignal): Promise<Entry[]> {
  for (const mine = read; ;) {
    const page = await api.audit(mine.next, signal);
    if (page.items.length === 0) return mine.entries;
    mine.entries = [...page.items.reverse(), ...mine.entries];
    mine.next = page.next;
  }
}

const VERBS = { create: 'made', change: 'changed', delete: 'deleted' };

function name({ action, kind, id, nqn, more }: AuditChange): string {
  if (more !== undefined) return `and ${count(more, 'further change')}`;
  return `${kind} ${id}${nqn ? ` of ${nqn}` : ''} ${action ? VERBS[action] : ''}`;
}

/** The first of its changes; some have none that could be told one by one. */
const what = ({ changes: [first], path }: Entry) => (first ? name(first) : path);

const columns = (show: (entry: Entry) => void): Array<Column<Entry>> => [
  { title: 'Time', by: (e) => e.id, cell: (e) => <time dateTime={e.time}>{clock(e.time)}</time> },
  { title: 'Who', by: (e) => e.user, cell: (e) => <>{e.user} <span class="quiet">{e.address}</span></> },
  { title: 'What', by: (e) => e.operation, cell: (e) => <>{what(e)}{e.changes.length > 1 && <span class="quiet"> and {count(e.changes.length - 1, 'more', 'more')}</span>}</> },
  { title: 'By', by: (e) => e.operation, cell: (e) => <code class="place">{e.operation}</code> },
  { title: 'Detail', cell: (e) => <button type="button" aria-label={`Show change ${e.id}`} onClick={() => show(e)}>Show</button> },
];

interface Difference {
  member: string;
  from: unknown;
  to: unknown;
}

const text = (value: unknown) => (value === undefined ? '–' : typeof value === 'string' ? value : JSON.stringify(value));

/** What was made, or is gone, has each member on one side alone. */
function differences({ action, members, object }: AuditChange): Difference[] {
  const changed = Object.entries(members ?? {}).map(([member, both]) => ({ member, ...(both as { from: unknown; to: unknown }) }));
  const whole = Object.entries(object ?? {}).map(([member, value]) => (
    { member, from: action === 'delete' ? value : undefined, to: action === 'delete' ? undefined : value }));
  return [...changed, ...whole];
}

const DIFFERENCES: Array<Column<Difference>> = [
  { title: 'Member', cell: (d) => <code>{d.member}</code> },
  { title: 'Was', cell: (d) => text(d.from) },
  { title: 'Is', cell: (d) => text(d.to) },
];

function Detail({ entry, close }: { entry: Entry; close: () => void }) {
  return (
    <Dialog title={`Change ${entry.id}`} close={close} large>
      <p>{entry.user} at {entry.address}, {clock(entry.time)}: <code>{entry.operation}</code> by <code>{entry.path}</code></p>
      {entry.changes.map((change, i) => (
        <section key={i}>
          <h3>{name(change)}</h3>
          <Table caption={name(change)} columns={DIFFERENCES} items={differences(change)} keyOf={(d) => d.member} empty="Nothing more is known." />
        </section>
      ))}
      <div class="actions"><button type="button" onClick={close}>Close</button></div>
    </Dialog>
  );
}

function List({ all }: { all: Entry[] }) {
  const [filter, set] = useState({ user: '', text: '' });
  const [shown, show] = useState<Entry>();
  const users = useMemo(() => [...new Set(all.map((e) => e.user))].sort(), [all]);
  const passing = useMemo(() => all.filter((e) => (!filter.user || e.user === filter.user)
    && `${e.operation} ${e.path} ${e.changes.map(name).join(' ')}`.toLowerCase().includes(filter.text.trim().toLowerCase())), [all, filter]);
  return (
    <>
      <div class="bar">
        <p class="summary">{ofAll(passing.length, all.length, count(all.length, 'change'))}</p>
        <Choose label="Who" value={filter.user} from={users} set={(user) => set({ ...filter, user })} />
        <Search label="Object or operation" value={filter.text} set={(words) => set({ ...filter, text: words })} />
      </div>
      <Table caption="Who changed what, newest first" columns={columns(show)} items={passing} keyOf={(e) => String(e.id)}
        empty={all.length ? 'No change is like that.' : 'Nothing was changed yet.'} />
      {shown && <Detail entry={shown} close={() => show(undefined)} />}
    </>
  );
}

export function Audit() {
  useEffect(() => listen({ resync: () => { read = nothing(); } }), []);
  const polled = usePoll('audit', load, { every: 10000 });
  return <Show of={polled}>{(all) => <List all={all} />}</Show>;
}
