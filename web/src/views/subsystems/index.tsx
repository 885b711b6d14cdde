// SPDX-License-Identifier: Apache-2.0
// views/subsystems - what hosts connect to: the list, and by its parameters one of them or the making of a new one.
import { useMemo, useState } from 'preact/hooks';
import { api, type Items } from '../../api/client';
import { IDLE, iops, useNow, type Rate } from '../../api/rates';
import type { Subsystem } from '../../api/types';
import { Search, ofAll } from '../../components/filter';
import { count, perSecond } from '../../components/format';
import { More, useList } from '../../components/more';
import { SubsystemLink } from '../../components/nqn';
import { Show } from '../../components/polled';
import { href } from '../../components/router';
import { State } from '../../components/state';
import { Table, type Column } from '../../components/table';
import { Tabs, tabOf, type Tab } from '../../components/tabs';
import type { View } from '../view';
import { Detail } from './detail';
import { Snapshots, useSnapshots } from './snapshots';
import { Wizard } from './wizard';

function columns(rates: Map<string, Rate> | undefined): Array<Column<Subsystem>> {
  const load = (s: Subsystem) => rates && iops(rates.get(s.nqn) ?? IDLE);
  return [
    {
      title: 'NQN', by: (s) => s.nqn,
      cell: (s) => <><SubsystemLink nqn={s.nqn} />{s.label && <div class="quiet">{s.label}</div>}</>,
    },
    { title: 'State', by: (s) => s.status.state, cell: (s) => <State state={s.status.state} reason={s.status.reason} /> },
    { title: 'Namespaces', number: true, by: (s) => s.namespace_count, cell: (s) => s.namespace_count },
    { title: 'Hosts allowed', number: true, by: (s) => (s.allow_any_host ? Infinity : s.hosts.length), cell: (s) => (s.allow_any_host ? 'any' : s.hosts.length) },
    { title: 'Connected', number: true, by: (s) => s.controller_count, cell: (s) => s.controller_count },
    { title: 'IOPS', number: true, by: (s) => load(s) ?? -1, cell: (s) => { const now = load(s); return now === undefined ? '–' : perSecond(now); } },
    { title: 'Worker', by: (s) => s.worker ?? '', cell: (s) => s.worker ?? 'none' },
  ];
}

function Listed({ list }: { list: Items<Subsystem> }) {
  const [filter, setFilter] = useState('');
  const rates = useNow()?.subsystems;
  const shown = useMemo(
    () => list.items.filter((s) => `${s.nqn} ${s.label}`.toLowerCase().includes(filter.trim().toLowerCase())), [list.items, filter]);
  const notReady = list.items.filter((s) => s.status.state !== 'ready').length;
  return (
    <>
      <div class="bar">
        <p class="summary">{ofAll(shown.length, list.items.length, count(list.items.length, 'subsystem'))}{notReady > 0 && `, ${notReady} not ready`}</p>
        <Search label="Filter by NQN or label" value={filter} set={setFilter} />
        <a class="button first" href={href('subsystems', { new: 'subsystem' })}>New subsystem</a>
      </div>
      <Table caption="Subsystems" columns={columns(rates)} keyOf={(s) => s.nqn} items={shown}
        empty={list.items.length ? 'No subsystem has that in its NQN or label.' : 'No subsystems yet. A new one takes a minute: name, size, host.'} />
      <More of={list} />
    </>
  );
}

function All({ params }: { params: URLSearchParams }) {
  const polled = useList('subsystems', api.subsystems);
  const tabs: Tab[] = [
    { key: '', title: 'Subsystems', count: polled.data?.items.length },
    { key: 'snapshots', title: 'Snapshots', count: useSnapshots('').data?.items.length },
  ];
  const tab = tabOf(tabs, params);
  return (
    <>
      <Tabs label="Subsystems and snapshots" path="subsystems" tabs={tabs} current={tab} />
      {tab === '' ? <Show of={polled}>{(list) => <Listed list={list} />}</Show> : <Snapshots nqn="" />}
    </>
  );
}

function Subsystems({ params }: { params: URLSearchParams }) {
  const nqn = params.get('nqn');
  const step = params.get('new');
  if (step) return <Wizard step={step} nqn={nqn ?? ''} />;
  return nqn ? <Detail key={nqn} nqn={nqn} params={params} /> : <All params={params} />;
}

function titleOf(params: URLSearchParams): string | undefined {
  return params.has('new') ? 'New subsystem' : params.get('nqn') ?? undefined;
}

export const subsystems: View = { path: 'subsystems', title: 'Subsystems', icon: 'disks', titleOf, component: Subsystems };
