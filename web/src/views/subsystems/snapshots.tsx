// SPDX-License-Identifier: Apache-2.0
// views/subsystems/snapshots.tsx - copies of namespaces at one moment: of one subsystem, or all, which outlive what they were taken of.
import { useState } from 'preact/hooks';
import { api } from '../../api/client';
import { usePoll } from '../../api/poll';
import type { Snapshot } from '../../api/types';
import { Confirm } from '../../components/dialog';
import { bytes, clock, seconds } from '../../components/format';
import { More, useList } from '../../components/more';
import { SubsystemLink } from '../../components/nqn';
import { Show } from '../../components/polled';
import { State } from '../../components/state';
import { Table, type Column } from '../../components/table';
import { Copied, EditSnapshot, Restore, TakeSnapshot } from './snapshotforms';

/** nqn: '' for all. */
export const useSnapshots = (nqn: string) => useList(`snapshots ${nqn}`, (pages, signal) => api.snapshots(nqn, pages, signal), ['snapshot']);

function Creating({ s }: { s: Snapshot }) {
  const operations = usePoll('running', api.runningOperations, { every: 1000 }).data?.items ?? [];
  return <Copied of={operations.find((one) => one.location === `/api/v1/snapshots/${s.id}`)} />;
}

function Delete({ s, close }: { s: Snapshot; close: () => void }) {
  return (
    <Confirm title="Delete this snapshot?" verb="Delete" close={close} act={() => api.deleteSnapshot(s.id)}>
      <p><code>{s.id}</code>, {bytes(s.size)}, of namespace {s.nsid} of <code>{s.nqn}</code>. {s.state === 'failed'
        ? 'It has no file.'
        : <>{s.state === 'creating' && 'It is given up. '}Its file <code>{s.path}</code> goes too; namespaces that were made from it stay.</>}</p>
    </Confirm>
  );
}

interface Asked {
  s: Snapshot;
  what: 'restore' | 'edit' | 'delete';
}

function columns(all: boolean, ask: (asked: Asked) => void): Array<Column<Snapshot>> {
  const press = (s: Snapshot, what: Asked['what'], verb: string) => (
    <button type="button" aria-label={`${verb} snapshot ${s.id}`} onClick={() => ask({ s, what })}>{verb}</button>);
  return [
    { title: 'Snapshot', by: (s) => s.id, cell: (s) => <><code>{s.id}</code>{s.description && <div class="quiet">{s.description}</div>}</> },
    all
      ? { title: 'Of', by: (s) => `${s.nqn} ${s.nsid}`, cell: (s) => <><SubsystemLink nqn={s.nqn} /><div class="quiet place">namespace {s.nsid}</div></> }
      : { title: 'Namespace', number: true, by: (s) => s.nsid, cell: (s) => s.nsid },
    { title: 'State', by: (s) => s.state, cell: (s) => <><State state={s.state} reason={s.reason} />{s.state === 'creating' && <Creating s={s} />}</> },
    { title: 'Size', number: true, by: (s) => s.size, cell: (s) => bytes(s.size) },
    { title: 'Taken', by: (s) => s.taken_at ?? s.created_at, cell: (s) => (s.taken_at ? <time dateTime={s.taken_at}>{clock(s.taken_at)}</time> : '–') },
    { title: 'Writes waited', number: true, by: (s) => s.held_ms ?? -1, cell: (s) => (s.held_ms === null ? '–' : s.held_ms === 0 ? 'under 1 ms' : seconds(s.held_ms / 1000)) },
    { title: 'File', by: (s) => s.path, cell: (s) => <><code>{s.path}</code>{s.shared && <div class="quiet">shares what has not changed</div>}</> },
    {
      title: 'Change',
      cell: (s) => (
        <span class="buttons">
          {s.state === 'ready' && press(s, 'restore', 'Restore')}
          {press(s, 'edit', 'Edit')}
          {press(s, 'delete', 'Delete')}
        </span>
      ),
    },
  ];
}

/** nqn: '' for all. */
export function Snapshots({ nqn }: { nqn: string }) {
  const polled = useSnapshots(nqn);
  const [asked, ask] = useState<Asked | 'take'>();
  const close = () => ask(undefined);
  return (
    <section aria-labelledby="snapshots">
      <div class="head"><h2 id="snapshots">Snapshots</h2>{nqn && <button type="button" onClick={() => ask('take')}>Take snapshot</button>}</div>
      <Show of={polled}>
        {(list) => (
          <>
            <Table caption={nqn ? `Snapshots of ${nqn}` : 'Snapshots of all subsystems'} columns={columns(!nqn, ask)} items={list.items} keyOf={(s) => s.id}
              empty="No snapshots: one is a namespace as it is at one moment, copied while hosts use it." />
            <More of={list} />
          </>
        )}
      </Show>
      {asked === 'take' && <TakeSnapshot nqn={nqn} close={close} />}
      {typeof asked === 'object' && asked.what === 'restore' && <Restore s={asked.s} close={close} />}
      {typeof asked === 'object' && asked.what === 'edit' && <EditSnapshot s={asked.s} close={close} />}
      {typeof asked === 'object' && asked.what === 'delete' && <Delete s={asked.s} close={close} />}
    </section>
  );
}
