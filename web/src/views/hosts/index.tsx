// SPDX-License-Identifier: Apache-2.0
// views/hosts - who is known and who is connected; by its parameters one host.
import { useMemo, useState } from 'preact/hooks';
import { api, type Items } from '../../api/client';
import type { Host } from '../../api/types';
import { Dialog } from '../../components/dialog';
import { Field } from '../../components/field';
import { Choose, Search, ofAll } from '../../components/filter';
import { Form } from '../../components/form';
import { count } from '../../components/format';
import { More, useList } from '../../components/more';
import { HostLink } from '../../components/nqn';
import { Show } from '../../components/polled';
import { State } from '../../components/state';
import { useSubmit } from '../../components/submit';
import { Table, type Column } from '../../components/table';
import { Tabs, tabOf, type Tab } from '../../components/tabs';
import type { View } from '../view';
import { Connections } from './connections';
import { Detail } from './detail';
import { AllGroups } from './groups';
import { Groups, Waiting, useWaiting } from './waiting';

/** discovering: it is connected to the discovery controller alone. */
const STATES = ['connected', 'discovering', 'not connected'];
const stateOf = (h: Host) => STATES[h.controller_count > 0 ? 0 : h.connected ? 1 : 2]!;

const COLUMNS: Array<Column<Host>> = [
  { title: 'Host', by: (h) => h.name || h.nqn, cell: (h) => <HostLink nqn={h.nqn} /> },
  { title: 'State', by: stateOf, cell: (h) => <State state={stateOf(h)} /> },
  { title: 'Groups', by: (h) => h.groups.join(), cell: (h) => h.groups.join(', ') || '–' },
  { title: 'Subsystems', number: true, by: (h) => h.subsystems.length, cell: (h) => h.subsystems.length },
  { title: 'Controllers', number: true, by: (h) => h.controller_count, cell: (h) => h.controller_count },
  { title: 'From', by: (h) => h.address ?? '', cell: (h) => h.address ?? '–' },
];

function Admit({ close }: { close: () => void }) {
  const submit = useSubmit(['nqn', 'name', 'groups']);
  const [groups, setGroups] = useState<string[]>([]);
  const [nqn, setNqn] = useState('');
  const [name, setName] = useState('');
  const go = () => void submit.run(() => api.createHost({ nqn: nqn.trim(), ...(name && { name }), ...(groups.length && { groups }) }), close);
  return (
    <Dialog title="Admit a host" close={close}>
      <Form submit={submit} go={go} verb="Admit" close={close}>
        <Field label="NQN" error={submit.at('nqn')} hint={<>A host has its own in <code>/etc/nvme/hostnqn</code>.</>}>
          {(aria) => <input {...aria} name="nqn" required autocomplete="off" spellcheck={false} value={nqn}
            placeholder="nqn.2014-08.org.nvmexpress:uuid:…" onInput={(event) => setNqn(event.currentTarget.value)} />}
        </Field>
        <Field label="Name (optional)" error={submit.at('name')} hint="For people.">
          {(aria) => <input {...aria} name="name" autocomplete="off" value={name} onInput={(event) => setName(event.currentTarget.value)} />}
        </Field>
        <Groups chosen={groups} set={setGroups} />
        {submit.at('groups') && <p class="wrong" role="alert">{submit.at('groups')}</p>}
      </Form>
    </Dialog>
  );
}

function Known({ list }: { list: Items<Host> }) {
  const [filter, setFilter] = useState('');
  const [state, setState] = useState('');
  const [admitting, admit] = useState(false);
  const shown = useMemo(() => list.items.filter((h) => (!state || stateOf(h) === state)
    && `${h.nqn} ${h.name}`.toLowerCase().includes(filter.trim().toLowerCase())), [list.items, filter, state]);
  return (
    <>
      <div class="bar">
        <p class="summary">{ofAll(shown.length, list.items.length, count(list.items.length, 'host'))}</p>
        <Choose label="State" value={state} from={STATES} set={setState} />
        <Search label="Filter by NQN or name" value={filter} set={setFilter} />
        <button type="button" class="first" onClick={() => admit(true)}>Admit host</button>
      </div>
      <Table caption="Admitted hosts" columns={COLUMNS} items={shown} keyOf={(h) => h.nqn}
        empty={list.items.length ? 'No host is like that.' : 'No host is admitted. Allowing one on a subsystem admits it.'} />
      <More of={list} />
      {admitting && <Admit close={() => admit(false)} />}
    </>
  );
}

function AllHosts() {
  const polled = useList('hosts of view', api.hosts);
  return <Show of={polled}>{(list) => <Known list={list} />}</Show>;
}

const tabsOf = (waiting: number | undefined): Tab[] => [
  { key: '', title: 'Admitted' },
  { key: 'waiting', title: 'Waiting', count: waiting },
  { key: 'connections', title: 'Connected now' },
  { key: 'groups', title: 'Groups' },
];

const useCount = () => useWaiting().data?.items.length ?? 0;

function Lists({ params }: { params: URLSearchParams }) {
  const tabs = tabsOf(useWaiting().data?.items.length);
  const tab = tabOf(tabs, params);
  return (
    <>
      <Tabs label="Hosts" path="hosts" tabs={tabs} current={tab} />
      {tab === '' && <AllHosts />}
      {tab === 'waiting' && <Waiting />}
      {tab === 'connections' && <Connections />}
      {tab === 'groups' && <AllGroups only={params.get('group') ?? ''} />}
    </>
  );
}

function Hosts({ params }: { params: URLSearchParams }) {
  const nqn = params.get('nqn');
  return nqn ? <Detail key={nqn} nqn={nqn} /> : <Lists params={params} />;
}

export const hosts: View = { path: 'hosts', title: 'Hosts', icon: 'host', useCount, titleOf: (params) => params.get('nqn') ?? undefined, component: Hosts };
