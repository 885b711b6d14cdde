// SPDX-License-Identifier: Apache-2.0
// views/hosts/connections.tsx - the controllers of connected hosts: of all, or of one host.
import { useState } from 'preact/hooks';
import { api } from '../../api/client';
import type { Controller } from '../../api/types';
import { Confirm } from '../../components/dialog';
import { clock } from '../../components/format';
import { More, useList } from '../../components/more';
import { HostLink, SubsystemLink } from '../../components/nqn';
import { Show } from '../../components/polled';
import { Table, type Column } from '../../components/table';

function digests(c: Controller): string {
  const on = [c.header_digest && 'header', c.data_digest && 'data'].filter(Boolean);
  return on.length ? on.join(' and ') : 'none';
}

const columns = (ask: (controller: Controller) => void): Array<Column<Controller>> => [
  { title: 'Host', by: (c) => c.host_nqn, cell: (c) => <HostLink nqn={c.host_nqn} /> },
  { title: 'Address', by: (c) => c.host_addr, cell: (c) => c.host_addr },
  { title: 'Subsystem', by: (c) => c.nqn, cell: (c) => <SubsystemLink nqn={c.nqn} /> },
  { title: 'Through', by: (c) => c.portal ?? '', cell: (c) => `${c.portal ?? 'no portal'}, ${c.worker}` },
  { title: 'Controller', number: true, by: (c) => c.cntlid, cell: (c) => c.cntlid },
  { title: 'Queues', number: true, by: (c) => c.qpairs, cell: (c) => c.qpairs },
  { title: 'Keep alive', number: true, by: (c) => c.kato_ms, cell: (c) => (c.kato_ms ? `${c.kato_ms / 1000} s` : 'none') },
  { title: 'Digests', by: digests, cell: digests },
  { title: 'Since', by: (c) => c.connected_at, cell: (c) => <time dateTime={c.connected_at}>{clock(c.connected_at)}</time> },
  {
    title: 'Change',
    cell: (c) => <button type="button" aria-label={`Disconnect controller ${c.cntlid} of ${c.nqn}`} onClick={() => ask(c)}>Disconnect</button>,
  },
];

export function Connections({ host }: { host?: string }) {
  const polled = useList(`controllers ${host}`, (pages, signal) => api.controllers(host ? { host_nqn: host } : {}, pages, signal));
  const [asked, ask] = useState<Controller>();
  const shown = columns(ask).filter((column) => !host || column.title !== 'Host');
  return (
    <>
      <Show of={polled}>
        {(list) => (
          <>
            <Table caption="Controllers of connected hosts" columns={shown} items={list.items}
              keyOf={(c) => `${c.nqn} ${c.cntlid}`} empty={host ? 'It is not connected.' : 'No host is connected.'} />
            <More of={list} />
          </>
        )}
      </Show>
      {asked && (
        <Confirm title="Disconnect this controller?" verb="Disconnect" close={() => ask(undefined)} act={() => api.endController(asked.nqn, asked.cntlid)}>
          <p>The connections of <code>{asked.host_nqn}</code> to <code>{asked.nqn}</code> through controller {asked.cntlid} are closed. A host that
            is still allowed comes back by itself; one that shall not is disallowed at the subsystem.</p>
        </Confirm>
      )}
    </>
  );
}
