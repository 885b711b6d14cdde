// SPDX-License-Identifier: Apache-2.0
// views/hosts - who is connected, and who is known.
import { api } from '../../api/client';
import type { Controller, Host } from '../../api/types';
import { clock } from '../../components/format';
import { More, useList } from '../../components/more';
import { Show } from '../../components/polled';
import { href } from '../../components/router';
import { Table, type Column } from '../../components/table';
import type { View } from '../view';

function digests(c: Controller): string {
  const on = [c.header_digest && 'header', c.data_digest && 'data'].filter(Boolean);
  return on.length ? on.join(' and ') : 'none';
}

function LogLink({ nqn }: { nqn: string }) {
  return <a href={href('discovery', { host: nqn })} aria-label={`What ${nqn} discovers`}>log</a>;
}

const CONTROLLER_COLUMNS: Array<Column<Controller>> = [
  { title: 'Host', cell: (c) => <code>{c.host_nqn}</code> },
  { title: 'Address', cell: (c) => c.host_addr },
  { title: 'Subsystem', cell: (c) => <code>{c.nqn}</code> },
  { title: 'Controller', number: true, cell: (c) => c.cntlid },
  { title: 'Queues', number: true, cell: (c) => c.qpairs },
  { title: 'Digests', cell: digests },
  { title: 'Since', cell: (c) => <time dateTime={c.connected_at}>{clock(c.connected_at)}</time> },
];

const HOST_COLUMNS: Array<Column<Host>> = [
  { title: 'NQN', cell: (h) => <code>{h.nqn}</code> },
  { title: 'Name', cell: (h) => h.name || '–' },
  { title: 'Subsystems', number: true, cell: (h) => h.subsystems.length },
  { title: 'Connections', number: true, cell: (h) => h.controller_count },
  { title: 'Discovers', cell: (h) => <LogLink nqn={h.nqn} /> },
];

function Connected() {
  const polled = useList('controllers', (pages, signal) => api.controllers({}, pages, signal));
  return (
    <section aria-labelledby="connected">
      <h2 id="connected">Connected now</h2>
      <Show of={polled}>
        {(list) => (
          <>
            <Table caption="Controllers of connected hosts" columns={CONTROLLER_COLUMNS} items={list.items}
              keyOf={(c) => `${c.nqn} ${c.cntlid}`} empty="No host is connected." />
            <More of={list} />
          </>
        )}
      </Show>
    </section>
  );
}

function Known() {
  const polled = useList('hosts', api.hosts);
  return (
    <section aria-labelledby="known">
      <h2 id="known">Registered</h2>
      <Show of={polled}>
        {(list) => (
          <>
            <Table caption="Registered hosts" columns={HOST_COLUMNS} items={list.items} keyOf={(h) => h.nqn}
              empty={<>No host is registered. <code>pharos subsystem allow NQN HOST_NQN</code> registers one.</>} />
            <More of={list} />
          </>
        )}
      </Show>
    </section>
  );
}

function Hosts() {
  return <><Connected /><Known /></>;
}

export const hosts: View = { path: 'hosts', title: 'Hosts', component: Hosts };
