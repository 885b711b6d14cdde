// SPDX-License-Identifier: Apache-2.0
// views/subsystems/namespaces.tsx - the disks of a subsystem: seen, added, changed, deleted.
import { useState } from 'preact/hooks';
import { api } from '../../api/client';
import { IDLE, iops, useNow, type Rate } from '../../api/rates';
import type { Namespace } from '../../api/types';
import { Confirm, Dialog } from '../../components/dialog';
import { bytes, count, perSecond } from '../../components/format';
import { More, useList } from '../../components/more';
import { Show } from '../../components/polled';
import { State } from '../../components/state';
import { Table, type Column } from '../../components/table';
import { EditNamespace, NamespaceForm } from './namespaceform';
import { TakeSnapshot } from './snapshotforms';

function Delete({ ns, close }: { ns: Namespace; close: () => void }) {
  return (
    <Confirm title={`Delete namespace ${ns.nsid}?`} verb="Delete" close={close}
      preview={() => api.wouldDelete.namespace(ns.nqn, ns.nsid)} act={(force) => api.deleteNamespace(ns.nqn, ns.nsid, force)}>
      <p>{bytes(ns.size)} of <code>{ns.nqn}</code>. {ns.path ? <>The file <code>{ns.path}</code> stays as it is.</> : 'What is in it is gone for good.'}</p>
    </Confirm>
  );
}

type Asked = { ns: Namespace; what: 'edit' | 'snapshot' | 'delete' } | 'add' | undefined;

function columns(rates: Map<string, Rate> | undefined, ask: (asked: Asked) => void): Array<Column<Namespace>> {
  const load = (ns: Namespace) => (rates ? iops(rates.get(`${ns.nqn} ${ns.nsid}`) ?? IDLE) : -1);
  return [
    { title: 'NSID', number: true, by: (ns) => ns.nsid, cell: (ns) => ns.nsid },
    { title: 'State', by: (ns) => ns.status.state, cell: (ns) => <State state={ns.status.state} reason={ns.status.reason} /> },
    { title: 'Size', number: true, by: (ns) => ns.size, cell: (ns) => bytes(ns.size) },
    { title: 'Block', number: true, cell: (ns) => ns.block_size },
    { title: 'Backend', by: (ns) => `${ns.backend} ${ns.path}`, cell: (ns) => <>{ns.backend}{ns.path && <> <code>{ns.path}</code></>}{ns.read_only && ', read only'}</> },
    { title: 'Seen by', by: (ns) => ns.hosts?.length ?? Infinity, cell: (ns) => (ns.hosts ? count(ns.hosts.length, 'host') : 'all its hosts') },
    { title: 'IOPS', number: true, by: load, cell: (ns) => (load(ns) < 0 ? '–' : perSecond(load(ns))) },
    { title: 'UUID', cell: (ns) => <code>{ns.uuid}</code> },
    {
      title: 'Change',
      cell: (ns) => (
        <span class="buttons">
          <button type="button" aria-label={`Edit namespace ${ns.nsid}`} onClick={() => ask({ ns, what: 'edit' })}>Edit</button>
          {ns.backend !== 'null' && <button type="button" aria-label={`Take snapshot of namespace ${ns.nsid}`} onClick={() => ask({ ns, what: 'snapshot' })}>Snapshot</button>}
          <button type="button" aria-label={`Delete namespace ${ns.nsid}`} onClick={() => ask({ ns, what: 'delete' })}>Delete</button>
        </span>
      ),
    },
  ];
}

export function Namespaces({ nqn }: { nqn: string }) {
  const polled = useList(`namespaces ${nqn}`, (pages, signal) => api.namespaces(nqn, pages, signal), ['namespace']);
  const rates = useNow()?.namespaces;
  const [asked, ask] = useState<Asked>();
  const close = () => ask(undefined);
  return (
    <section aria-labelledby="namespaces">
      <div class="head"><h2 id="namespaces">Namespaces</h2><button type="button" onClick={() => ask('add')}>Add namespace</button></div>
      <Show of={polled}>
        {(list) => (
          <>
            <Table caption={`Namespaces of ${nqn}`} columns={columns(rates, ask)} items={list.items} keyOf={(ns) => String(ns.nsid)}
              empty="No namespaces yet: hosts that connect see no disk." />
            <More of={list} />
          </>
        )}
      </Show>
      {asked === 'add' && (
        <Dialog title="Add namespace" close={close}>
          <NamespaceForm nqn={nqn} done={close} submitText="Add" other={<button type="button" onClick={close}>Cancel</button>} />
        </Dialog>
      )}
      {typeof asked === 'object' && asked.what === 'edit' && <EditNamespace ns={asked.ns} close={close} />}
      {typeof asked === 'object' && asked.what === 'snapshot' && <TakeSnapshot nqn={nqn} of={asked.ns.nsid} close={close} />}
      {typeof asked === 'object' && asked.what === 'delete' && <Delete ns={asked.ns} close={close} />}
    </section>
  );
}
