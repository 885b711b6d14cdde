// SPDX-License-Identifier: Apache-2.0
// views/settings/operations.tsx - work that outlasts the request that began it.
import { ALL, api } from '../../api/client';
import { usePoll } from '../../api/poll';
import type { Operation } from '../../api/types';
import { clock, percent } from '../../components/format';
import { Show } from '../../components/polled';
import { State } from '../../components/state';
import { Table, type Column } from '../../components/table';

function progress({ state, progress: p }: Operation): string {
  if (state !== 'running' || !p) return '–';
  return p.total ? `${percent(p.done / p.total)} of ${p.total.toLocaleString('en')} ${p.unit}` : `${p.done.toLocaleString('en')} ${p.unit}`;
}

/** It failed. */
export const why = ({ error }: Operation) => (error as { detail?: string } | null)?.detail ?? null;

const COLUMNS: Array<Column<Operation>> = [
  { title: 'Begun', by: (o) => o.created_at, cell: (o) => <time dateTime={o.created_at}>{clock(o.created_at)}</time> },
  { title: 'Operation', by: (o) => o.operation, cell: (o) => <><code>{o.operation}</code> <span class="quiet">{o.request}</span></> },
  { title: 'Who', by: (o) => o.user, cell: (o) => o.user },
  { title: 'State', by: (o) => o.state, cell: (o) => <State state={o.state} reason={why(o)} /> },
  { title: 'Progress', cell: progress },
  { title: 'Ended', by: (o) => o.ended_at ?? '', cell: (o) => (o.ended_at ? <time dateTime={o.ended_at}>{clock(o.ended_at)}</time> : '–') },
];

export function Operations() {
  const polled = usePoll('operations', (signal) => api.operations(ALL, signal));
  return (
    <Show of={polled}>
      {({ items }) => <Table caption="Operations" columns={COLUMNS} items={items} keyOf={(o) => o.id} empty="Nothing that takes long is under way, or was of late." />}
    </Show>
  );
}
