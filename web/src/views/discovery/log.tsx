// SPDX-License-Identifier: Apache-2.0
// views/discovery/log.tsx - the log that a host would be told, and why a subsystem isn't in it.
import { useState } from 'preact/hooks';
import { api } from '../../api/client';
import { usePoll } from '../../api/poll';
import type { DiscoveryLog, DiscoveryRecord } from '../../api/types';
import { Field } from '../../components/field';
import { count } from '../../components/format';
import { HostInput } from '../../components/hostinput';
import { Nqn, SubsystemLink } from '../../components/nqn';
import { Show } from '../../components/polled';
import { href } from '../../components/router';
import { Table, type Column } from '../../components/table';

type Missing = DiscoveryLog['missing'][number];

const RECORD_COLUMNS: Array<Column<DiscoveryRecord>> = [
  { title: 'Subsystem', by: (r) => r.subnqn, cell: (r) => <Nqn nqn={r.subnqn} /> },
  { title: 'Address', by: (r) => r.traddr, cell: (r) => r.traddr },
  { title: 'Port', number: true, by: (r) => Number(r.trsvcid), cell: (r) => r.trsvcid },
  { title: 'Type', by: (r) => r.subtype, cell: (r) => r.subtype },
  { title: 'Port ID', number: true, by: (r) => r.portid, cell: (r) => r.portid },
  { title: 'Flags', cell: (r) => r.eflags },
  { title: 'Security', cell: (r) => r.sectype },
];

const MISSING_COLUMNS: Array<Column<Missing>> = [
  { title: 'Subsystem', by: (m) => m.nqn, cell: (m) => <SubsystemLink nqn={m.nqn} /> },
  { title: 'Why not', by: (m) => m.detail, cell: (m) => m.detail },
];

function Ask({ host, via }: { host: string; via: string }) {
  const [given, setGiven] = useState({ host, via });
  const ask = (event: Event) => {
    event.preventDefault();
    location.hash = href('discovery', { host: given.host.trim(), via: given.via.trim() });
  };
  return (
    <form class="ask" onSubmit={ask}>
      <Field label="Host NQN">{(aria) => <HostInput aria={aria} value={given.host} set={(nqn) => setGiven({ ...given, host: nqn })} />}</Field>
      <Field label="Reaches us at">
        {(aria) => <input {...aria} name="via" autocomplete="off" spellcheck={false} value={given.via} placeholder="127.0.0.1"
          onInput={(event) => setGiven({ ...given, via: event.currentTarget.value })} />}
      </Field>
      <button type="submit">Show log</button>
    </form>
  );
}

function Log({ log }: { log: DiscoveryLog }) {
  return (
    <>
      <p class="summary">{count(log.records.length, 'record')}, generation {log.genctr}, as told at {log.via}</p>
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

/** brief: without what it isn't told. */
export function LogOf({ host, via, brief = false }: { host: string; via: string; brief?: boolean }) {
  const polled = usePoll(`log ${host} ${via}`, (signal) => api.discoveryLog(host, via, signal));
  return <Show of={polled}>{(log) => <Log log={brief ? { ...log, missing: [] } : log} />}</Show>;
}

export function LogTab({ params }: { params: URLSearchParams }) {
  const host = params.get('host') ?? '';
  const via = params.get('via') ?? '';
  return (
    <>
      <Ask key={`${host} ${via}`} host={host} via={via} />
      {host ? <LogOf host={host} via={via} /> : <p class="empty">Whose log? Give a host NQN, or choose one under Hosts.</p>}
    </>
  );
}
