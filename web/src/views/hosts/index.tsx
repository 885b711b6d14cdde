// SPDX-License-Identifier: Apache-2.0
// views/hosts - who is connected, who is known, and of one host what it has, what it would discover and why not.
import { useState } from 'preact/hooks';
import { api } from '../../api/client';
import { usePoll } from '../../api/poll';
import type { Controller, Host } from '../../api/types';
import { Confirm } from '../../components/dialog';
import { clock, count } from '../../components/format';
import { More, useList } from '../../components/more';
import { Show } from '../../components/polled';
import { href } from '../../components/router';
import { Table, type Column } from '../../components/table';
import { LogOf } from '../discovery';
import type { View } from '../view';

function digests(c: Controller): string {
  const on = [c.header_digest && 'header', c.data_digest && 'data'].filter(Boolean);
  return on.length ? on.join(' and ') : 'none';
}

const hostLink = (nqn: string) => <a href={href('hosts', { nqn })}><code>{nqn}</code></a>;
const subsystemLink = (nqn: string) => <a href={href('subsystems', { nqn })}><code>{nqn}</code></a>;

const CONTROLLER_COLUMNS: Array<Column<Controller>> = [
  { title: 'Host', cell: (c) => hostLink(c.host_nqn) },
  { title: 'Address', cell: (c) => c.host_addr },
  { title: 'Subsystem', cell: (c) => subsystemLink(c.nqn) },
  { title: 'Controller', number: true, cell: (c) => c.cntlid },
  { title: 'Queues', number: true, cell: (c) => c.qpairs },
  { title: 'Digests', cell: digests },
  { title: 'Since', cell: (c) => <time dateTime={c.connected_at}>{clock(c.connected_at)}</time> },
];

const HOST_COLUMNS: Array<Column<Host>> = [
  { title: 'NQN', cell: (h) => hostLink(h.nqn) },
  { title: 'Name', cell: (h) => h.name || '–' },
  { title: 'Subsystems', number: true, cell: (h) => h.subsystems.length },
  { title: 'Connections', number: true, cell: (h) => h.controller_count },
];

function Connected({ host }: { host?: string }) {
  const polled = useList(`controllers ${host}`, (pages, signal) => api.controllers(host ? { host_nqn: host } : {}, pages, signal));
  const columns = CONTROLLER_COLUMNS.filter((column) => !host || column.title !== 'Host');
  return (
    <section aria-labelledby="connected">
      <h2 id="connected">Connected now</h2>
      <Show of={polled}>
        {(list) => (
          <>
            <Table caption="Controllers of connected hosts" columns={columns} items={list.items}
              keyOf={(c) => `${c.nqn} ${c.cntlid}`} empty={host ? 'It is not connected.' : 'No host is connected.'} />
            <More of={list} />
          </>
        )}
      </Show>
    </section>
  );
}

function Known() {
  const polled = useList('hosts', api.hosts);
  const [filter, setFilter] = useState('');
  const matches = (h: Host) => `${h.nqn} ${h.name}`.toLowerCase().includes(filter.toLowerCase());
  return (
    <section aria-labelledby="known">
      <h2 id="known">Registered</h2>
      <Show of={polled}>
        {(list) => (
          <>
            <div class="bar">
              <p class="summary">{count(list.items.length, 'host')}</p>
              <label class="filter">Filter by NQN or name
                <input type="search" value={filter} onInput={(event) => setFilter(event.currentTarget.value)} />
              </label>
            </div>
            <Table caption="Registered hosts" columns={HOST_COLUMNS} items={list.items.filter(matches)} keyOf={(h) => h.nqn}
              empty={filter ? 'No host has that in its NQN or name.' : 'No host is registered. Allowing one on a subsystem registers it.'} />
            <More of={list} />
          </>
        )}
      </Show>
    </section>
  );
}

function Delete({ host, close }: { host: Host; close: () => void }) {
  return (
    <Confirm title="Forget this host?" verb="Forget" close={close} act={(force) => api.deleteHost(host.nqn, force)}
      done={() => { location.hash = href('hosts'); }}>
      <p><code>{host.nqn}</code>{host.name && ` (${host.name})`}: allowed by name on {count(host.subsystems.length, 'subsystem')},
        {' '}{count(host.controller_count, 'controller')} connected.</p>
    </Confirm>
  );
}

function Facts({ host }: { host: Host }) {
  const [deleting, setDeleting] = useState(false);
  return (
    <>
      <dl class="facts">
        <div><dt>Name</dt><dd>{host.name || '–'}</dd></div>
        <div><dt>Connections</dt><dd>{host.controller_count}</dd></div>
        <div><dt>Registered</dt><dd><time dateTime={host.created_at}>{clock(host.created_at)}</time></dd></div>
        <div><dt>Allowed on</dt><dd>{host.subsystems.length ? host.subsystems.map((nqn) => <div key={nqn}>{subsystemLink(nqn)}</div>) : 'none by name'}</dd></div>
      </dl>
      <div class="actions"><button type="button" class="destroys" onClick={() => setDeleting(true)}>Forget host</button></div>
      {deleting && <Delete host={host} close={() => setDeleting(false)} />}
    </>
  );
}

function Detail({ nqn }: { nqn: string }) {
  const polled = usePoll(`host ${nqn}`, (signal) => api.host(nqn, signal));
  return (
    <>
      <p class="crumb"><a href={href('hosts')}>All hosts</a></p>
      <Show of={polled}>{(host) => <Facts host={host} />}</Show>
      <Connected host={nqn} />
      <section aria-labelledby="discovers">
        <h2 id="discovers">What it discovers</h2>
        <LogOf host={nqn} via="" />
      </section>
    </>
  );
}

function Hosts({ params }: { params: URLSearchParams }) {
  const nqn = params.get('nqn');
  return nqn ? <Detail key={nqn} nqn={nqn} /> : <><Connected /><Known /></>;
}

export const hosts: View = { path: 'hosts', title: 'Hosts', titleOf: (params) => params.get('nqn') ?? undefined, component: Hosts };
