// SPDX-License-Identifier: Apache-2.0
// views/discovery - the log that a host would be told, and why a subsystem isn't in it.
import { useState } from 'preact/hooks';
import { api } from '../../api/client';
import { usePoll } from '../../api/poll';
import type { DiscoveryLog, DiscoveryRecord } from '../../api/types';
import { count } from '../../components/format';
import { useList } from '../../components/more';
import { Show } from '../../components/polled';
import { href } from '../../components/router';
import { Table, type Column } from '../../components/table';
import type { View } from '../view';

type Missing = DiscoveryLog['missing'][number];

const RECORD_COLUMNS: Array<Column<DiscoveryRecord>> = [
  { title: 'Subsystem', cell: (r) => <code>{r.subnqn}</code> },
  { title: 'Address', cell: (r) => r.traddr },
  { title: 'Port', number: true, cell: (r) => r.trsvcid },
  { title: 'Type', cell: (r) => r.subtype },
  { title: 'Port ID', number: true, cell: (r) => r.portid },
  { title: 'Flags', cell: (r) => r.eflags },
  { title: 'Security', cell: (r) => r.sectype },
];

const MISSING_COLUMNS: Array<Column<Missing>> = [
  { title: 'Subsystem', cell: (m) => <code>{m.nqn}</code> },
  { title: 'Why not', cell: (m) => m.detail },
];

function Ask({ host, via }: { host: string; via: string }) {
  const known = useList('hosts', api.hosts).data?.items ?? [];
  const [given, setGiven] = useState({ host, via });
  const ask = (event: Event) => {
    event.preventDefault();
    location.hash = href('discovery', { host: given.host.trim(), via: given.via.trim() });
  };
  return (
    <form class="bar" onSubmit={ask}>
      <label class="wide">Host NQN
        <input name="host" required list="known-hosts" autocomplete="off" spellcheck={false} value={given.host}
          placeholder="nqn.2014-08.org.nvmexpress:uuid:…"
          onInput={(event) => setGiven({ ...given, host: event.currentTarget.value })} />
      </label>
      <datalist id="known-hosts">{known.map((h) => <option key={h.nqn} value={h.nqn} label={h.name} />)}</datalist>
      <label>Reaches us at
        <input name="via" autocomplete="off" spellcheck={false} value={given.via} placeholder="127.0.0.1"
          onInput={(event) => setGiven({ ...given, via: event.currentTarget.value })} />
      </label>
      <button type="submit">Show log</button>
    </form>
  );
}

function Log({ log }: { log: DiscoveryLog }) {
  return (
    <>
      <p class="summary">
        {count(log.records.length, 'record')}, generation {log.genctr}, as told at {log.via}
      </p>
      <Table caption="Records of the discovery log" columns={RECORD_COLUMNS} items={log.records}
        keyOf={(r) => `${r.subnqn} ${r.portid} ${r.traddr}`} empty="The log is empty." />
      {log.missing.length > 0 && (
        <section aria-labelledby="missing">
          <h2 id="missing">Not told</h2>
          <Table caption="Subsystems that aren't in the log" columns={MISSING_COLUMNS} items={log.missing} keyOf={(m) => m.nqn}
            empty="" />
        </section>
      )}
    </>
  );
}

export function LogOf({ host, via }: { host: string; via: string }) {
  const polled = usePoll(`log ${host} ${via}`, (signal) => api.discoveryLog(host, via, signal));
  return <Show of={polled}>{(log) => <Log log={log} />}</Show>;
}

function Discovery({ params }: { params: URLSearchParams }) {
  const host = params.get('host') ?? '';
  const via = params.get('via') ?? '';
  return (
    <>
      <Ask key={`${host} ${via}`} host={host} via={via} />
      {host ? <LogOf host={host} via={via} /> : <p class="empty">Whose log? Give a host NQN, or choose one under Hosts.</p>}
    </>
  );
}

export const discovery: View = { path: 'discovery', title: 'Discovery log', component: Discovery };
