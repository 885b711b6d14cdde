// SPDX-License-Identifier: Apache-2.0
// views/subsystems - what hosts connect to: the list, and by its parameters one of them or the making of a new one.
import { useState } from 'preact/hooks';
import { api, type Items } from '../../api/client';
import type { Subsystem } from '../../api/types';
import { count } from '../../components/format';
import { More, useList } from '../../components/more';
import { Show } from '../../components/polled';
import { href } from '../../components/router';
import { State } from '../../components/state';
import { Table, type Column } from '../../components/table';
import type { View } from '../view';
import { Detail } from './detail';
import { Wizard } from './wizard';

const COLUMNS: Array<Column<Subsystem>> = [
  { title: 'NQN', cell: (s) => <a href={href('subsystems', { nqn: s.nqn })}><code>{s.nqn}</code></a> },
  { title: 'State', cell: (s) => <State state={s.status.state} reason={s.status.reason} /> },
  { title: 'Namespaces', number: true, cell: (s) => s.namespace_count },
  { title: 'Hosts allowed', number: true, cell: (s) => (s.allow_any_host ? 'any' : s.hosts.length) },
  { title: 'Connected', number: true, cell: (s) => s.controller_count },
  { title: 'Worker', cell: (s) => s.worker ?? 'none' },
];

function Summary({ list }: { list: Items<Subsystem> }) {
  const notReady = list.items.filter((s) => s.status.state !== 'ready').length;
  return <p class="summary">{count(list.items.length, 'subsystem')}{notReady > 0 && `, ${notReady} not ready`}</p>;
}

function List() {
  const polled = useList('subsystems', api.subsystems);
  const [filter, setFilter] = useState('');
  return (
    <Show of={polled}>
      {(list) => (
        <>
          <div class="bar">
            <Summary list={list} />
            <label class="filter">Filter by NQN
              <input type="search" value={filter} onInput={(event) => setFilter(event.currentTarget.value)} />
            </label>
            <a class="button first" href={href('subsystems', { new: 'subsystem' })}>New subsystem</a>
          </div>
          <Table caption="Subsystems" columns={COLUMNS} keyOf={(s) => s.nqn}
            items={list.items.filter((s) => s.nqn.toLowerCase().includes(filter.toLowerCase()))}
            empty={filter ? 'No subsystem has that in its NQN.' : 'No subsystems yet. A new one takes a minute: name, size, host.'} />
          <More of={list} />
        </>
      )}
    </Show>
  );
}

function Subsystems({ params }: { params: URLSearchParams }) {
  const nqn = params.get('nqn');
  const step = params.get('new');
  if (step) return <Wizard step={step} nqn={nqn ?? ''} />;
  return nqn ? <Detail key={nqn} nqn={nqn} /> : <List />;
}

function titleOf(params: URLSearchParams): string | undefined {
  return params.has('new') ? 'New subsystem' : params.get('nqn') ?? undefined;
}

export const subsystems: View = { path: 'subsystems', title: 'Subsystems', titleOf, component: Subsystems };
