// SPDX-License-Identifier: Apache-2.0
// views/workers - the processes that serve, and the addresses that they listen on.
import { api } from '../../api/client';
import type { Portal, Worker } from '../../api/types';
import { clock } from '../../components/format';
import { More, useList } from '../../components/more';
import { Show } from '../../components/polled';
import { State } from '../../components/state';
import { Table, type Column } from '../../components/table';
import type { View } from '../view';

const WORKER_COLUMNS: Array<Column<Worker>> = [
  { title: 'Worker', cell: (w) => w.id },
  { title: 'State', cell: (w) => <State state={w.state} reason={w.status.reason} /> },
  { title: 'PID', number: true, cell: (w) => w.pid ?? '–' },
  { title: 'Restarts', number: true, cell: (w) => w.restarts },
  { title: 'Reactors', number: true, cell: (w) => w.reactors || 'one per core' },
  { title: 'Cores', cell: (w) => w.cpu_list || 'not pinned' },
  { title: 'Generation', number: true, cell: (w) => w.generation },
  { title: 'Subsystems', number: true, cell: (w) => w.subsystem_count },
  { title: 'Controllers', number: true, cell: (w) => w.controller_count },
  { title: 'Node', cell: (w) => w.node },
];

const PORTAL_COLUMNS: Array<Column<Portal>> = [
  { title: 'Portal', cell: (p) => p.id },
  { title: 'State', cell: (p) => <State state={p.status.state} reason={p.status.reason} /> },
  { title: 'Address', cell: (p) => p.traddr },
  { title: 'Port', number: true, cell: (p) => p.trsvcid },
  { title: 'Told as', cell: (p) => p.advertise ?? 'the same' },
  { title: 'Port ID', number: true, cell: (p) => p.portid },
  { title: 'Worker', cell: (p) => p.worker ?? 'none' },
  { title: 'Created', cell: (p) => <time dateTime={p.created_at}>{clock(p.created_at)}</time> },
];

function Workers() {
  const workerList = useList('workers', api.workers);
  const portalList = useList('portals', api.portals);
  return (
    <>
      <Show of={workerList}>
        {(list) => (
          <>
            <Table caption="Workers" columns={WORKER_COLUMNS} items={list.items} keyOf={(w) => w.id} empty="There is no worker: nothing is served." />
            <More of={list} />
          </>
        )}
      </Show>
      <section aria-labelledby="portals">
        <h2 id="portals">Portals</h2>
        <Show of={portalList}>
          {(list) => (
            <>
              <Table caption="Portals" columns={PORTAL_COLUMNS} items={list.items} keyOf={(p) => p.id} empty="There is no portal: no host can connect." />
              <More of={list} />
            </>
          )}
        </Show>
      </section>
    </>
  );
}

export const workers: View = { path: 'workers', title: 'Workers', component: Workers };
