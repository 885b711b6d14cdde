// SPDX-License-Identifier: Apache-2.0
// views/subsystems - what hosts connect to, each with its namespaces.
import { useState } from 'preact/hooks';
import { api, type Items } from '../../api/client';
import type { Namespace, Subsystem } from '../../api/types';
import { bytes, count } from '../../components/format';
import { More, usePages } from '../../components/more';
import { Show } from '../../components/polled';
import { State } from '../../components/state';
import { Table, type Column } from '../../components/table';
import type { View } from '../view';

/** Up to so many subsystems show their namespaces without being asked. */
const OPEN_AT_FIRST = 5;

const NAMESPACE_COLUMNS: Array<Column<Namespace>> = [
  { title: 'NSID', number: true, cell: (ns) => ns.nsid },
  { title: 'State', cell: (ns) => <State state={ns.status.state} reason={ns.status.reason} /> },
  { title: 'Size', number: true, cell: (ns) => bytes(ns.size) },
  { title: 'Block', number: true, cell: (ns) => ns.block_size },
  { title: 'Backend', cell: (ns) => <>{ns.backend}{ns.path && <> <code>{ns.path}</code></>}{ns.read_only && ', read only'}</> },
  { title: 'Seen by', cell: (ns) => (ns.hosts ? count(ns.hosts.length, 'host') : 'all its hosts') },
  { title: 'UUID', cell: (ns) => <code>{ns.uuid}</code> },
];

function Namespaces({ nqn }: { nqn: string }) {
  const { polled, showMore } = usePages(`namespaces ${nqn}`, (pages, signal) => api.namespaces(nqn, pages, signal));
  return (
    <Show of={polled}>
      {(list) => (
        <>
          <Table caption={`Namespaces of ${nqn}`} columns={NAMESPACE_COLUMNS} items={list.items} keyOf={(ns) => String(ns.nsid)}
            empty="No namespaces yet." />
          <More of={list} showMore={showMore} />
        </>
      )}
    </Show>
  );
}

function columns(isOpen: (s: Subsystem) => boolean, toggle: (s: Subsystem) => void): Array<Column<Subsystem>> {
  return [
    {
      title: 'NQN',
      cell: (s) => (
        <button type="button" class="disclose" aria-expanded={isOpen(s)} onClick={() => toggle(s)}>{s.nqn}</button>
      ),
    },
    { title: 'State', cell: (s) => <State state={s.status.state} reason={s.status.reason} /> },
    { title: 'Namespaces', number: true, cell: (s) => s.namespace_count },
    { title: 'Hosts allowed', number: true, cell: (s) => (s.allow_any_host ? 'any' : s.hosts.length) },
    { title: 'Connected', number: true, cell: (s) => s.controller_count },
    { title: 'Worker', cell: (s) => s.worker ?? 'none' },
  ];
}

function Summary({ list }: { list: Items<Subsystem> }) {
  const notReady = list.items.filter((s) => s.status.state !== 'ready').length;
  const total = list.more ? `More than ${list.items.length} subsystems` : count(list.items.length, 'subsystem');
  return <p class="summary">{total}{notReady > 0 && `, ${notReady} not ready`}</p>;
}

function Subsystems() {
  const { polled, showMore } = usePages('subsystems', api.subsystems);
  const [filter, setFilter] = useState('');
  const [toggled, setToggled] = useState(new Map<string, boolean>());
  const few = (polled.data?.items.length ?? 0) <= OPEN_AT_FIRST;
  const isOpen = (s: Subsystem) => toggled.get(s.nqn) ?? few;
  const toggle = (s: Subsystem) => setToggled(new Map(toggled).set(s.nqn, !isOpen(s)));

  return (
    <Show of={polled}>
      {(list) => (
        <>
          <div class="bar">
            <Summary list={list} />
            <label class="filter">Filter by NQN
              <input type="search" value={filter} onInput={(event) => setFilter(event.currentTarget.value)} />
            </label>
          </div>
          <Table caption="Subsystems" columns={columns(isOpen, toggle)} keyOf={(s) => s.nqn}
            items={list.items.filter((s) => s.nqn.toLowerCase().includes(filter.toLowerCase()))}
            detail={(s) => isOpen(s) && <Namespaces nqn={s.nqn} />}
            empty={filter ? 'No subsystem has that in its NQN.' : <>No subsystems yet. <code>pharos subsystem create NQN</code> makes one.</>} />
          <More of={list} showMore={showMore} />
        </>
      )}
    </Show>
  );
}

export const subsystems: View = { path: '', title: 'Subsystems', component: Subsystems };
