// SPDX-License-Identifier: Apache-2.0
// views/workers/portals.tsx - the addresses that workers listen on.
import { useState } from 'preact/hooks';
import { ALL, api } from '../../api/client';
import { usePoll } from '../../api/poll';
import type { AnaGroup, Portal } from '../../api/types';
import { Confirm, Dialog } from '../../components/dialog';
import { Field } from '../../components/field';
import { Form } from '../../components/form';
import { More, useList } from '../../components/more';
import { Show } from '../../components/polled';
import { State } from '../../components/state';
import { useSubmit } from '../../components/submit';
import { Table, type Column } from '../../components/table';
import { Access, AccessCell } from './access';

type Asked = { portal: Portal; what: 'edit' | 'access' | 'delete' } | 'add' | undefined;

const columns = (groups: AnaGroup[], ask: (asked: Asked) => void): Array<Column<Portal>> => [
  { title: 'Portal', by: (p) => p.id, cell: (p) => p.id },
  { title: 'State', by: (p) => p.status.state, cell: (p) => <State state={p.status.state} reason={p.status.reason} /> },
  { title: 'Access', cell: (p) => <AccessCell portal={p} groups={groups} /> },
  { title: 'Address', by: (p) => p.traddr, cell: (p) => <code>{p.traddr}</code> },
  { title: 'Port', number: true, by: (p) => Number(p.trsvcid), cell: (p) => p.trsvcid },
  { title: 'Told as', by: (p) => p.advertise ?? '', cell: (p) => p.advertise ?? 'the same' },
  { title: 'Port ID', number: true, by: (p) => p.portid, cell: (p) => p.portid },
  { title: 'Worker', by: (p) => p.worker ?? '', cell: (p) => p.worker ?? 'none' },
  {
    title: 'Change',
    cell: (p) => (
      <span class="buttons">
        <button type="button" aria-label={`Edit portal ${p.id}`} onClick={() => ask({ portal: p, what: 'edit' })}>Edit</button>
        <button type="button" aria-label={`Access by portal ${p.id}`} onClick={() => ask({ portal: p, what: 'access' })}>Access</button>
        <button type="button" aria-label={`Delete portal ${p.id}`} onClick={() => ask({ portal: p, what: 'delete' })}>Delete</button>
      </span>
    ),
  },
];

function Advertise({ portal, close }: { portal: Portal; close: () => void }) {
  const submit = useSubmit(['advertise']);
  const [given, set] = useState(portal.advertise ?? '');
  const go = () => void submit.run(() => api.patchPortal(portal.id, { advertise: given.trim() || null }), close);
  return (
    <Dialog title={`Edit portal ${portal.id}`} close={close}>
      <Form submit={submit} go={go} verb="Save" close={close}>
        <Field label="Told as" error={submit.at('advertise')} hint={`The address that hosts are told instead of ${portal.traddr}; empty: that one.`}>
          {(aria) => <input {...aria} name="advertise" autocomplete="off" value={given} onInput={(event) => set(event.currentTarget.value)} />}
        </Field>
      </Form>
    </Dialog>
  );
}

function Add({ close }: { close: () => void }) {
  const workers = usePoll('workers of form', (signal) => api.workers(ALL, signal), { kinds: ['worker'] }).data?.items ?? [];
  const submit = useSubmit(['traddr', 'trsvcid', 'id', 'worker']);
  const [given, set] = useState({ traddr: '', trsvcid: '4420', id: '', worker: '' });
  const text = (key: keyof typeof given, placeholder = '') => ({
    name: key, value: given[key], autocomplete: 'off', placeholder,
    onInput: (event: { currentTarget: HTMLInputElement }) => set({ ...given, [key]: event.currentTarget.value.trim() }),
  });
  const body = { traddr: given.traddr, trsvcid: given.trsvcid, ...(given.id && { id: given.id }), ...(given.worker && { worker: given.worker }) };
  return (
    <Dialog title="Add a portal" close={close}>
      <Form submit={submit} go={() => void submit.run(() => api.createPortal(body), close)} verb="Add" close={close}>
        <Field label="Address" error={submit.at('traddr')} hint="Of this machine; 0.0.0.0 or :: for all.">
          {(aria) => <input {...aria} {...text('traddr', '192.0.2.1')} required />}
        </Field>
        <Field label="Port" error={submit.at('trsvcid')}>{(aria) => <input {...aria} {...text('trsvcid')} required />}</Field>
        <Field label="Name (optional)" error={submit.at('id')}>{(aria) => <input {...aria} {...text('id')} />}</Field>
        <Field label="Worker" error={submit.at('worker')}>
          {(aria) => (
            <select {...aria} value={given.worker} onChange={(event) => set({ ...given, worker: event.currentTarget.value })}>
              <option value="">the least loaded</option>
              {workers.map((w) => <option key={w.id}>{w.id}</option>)}
            </select>
          )}
        </Field>
      </Form>
    </Dialog>
  );
}

export function Portals() {
  const polled = useList('portals of view', api.portals);
  const groups = useList('ana groups', api.anaGroups, ['ana group', 'portal', 'namespace']).data?.items ?? [];
  const [asked, ask] = useState<Asked>();
  const close = () => ask(undefined);
  return (
    <>
      <div class="head">
        <p class="summary">Where hosts connect to. Those named io1, io2, … follow discoveryd's command line.</p>
        <button type="button" class="first" onClick={() => ask('add')}>Add portal</button>
      </div>
      <Show of={polled}>
        {(list) => (
          <>
            <Table caption="Portals" columns={columns(groups, ask)} items={list.items} keyOf={(p) => p.id} empty="There is no portal: no host can connect." />
            <More of={list} />
          </>
        )}
      </Show>
      {asked === 'add' && <Add close={close} />}
      {typeof asked === 'object' && asked.what === 'edit' && <Advertise portal={asked.portal} close={close} />}
      {typeof asked === 'object' && asked.what === 'access' && <Access portal={asked.portal} groups={groups} close={close} />}
      {typeof asked === 'object' && asked.what === 'delete' && (
        <Confirm title={`Delete portal ${asked.portal.id}?`} verb="Delete" close={close}
          preview={() => api.wouldDelete.portal(asked.portal.id)} act={(force) => api.deletePortal(asked.portal.id, force)}>
          <p>{asked.portal.traddr}, port {asked.portal.trsvcid}: hosts that are connected through it lose that path, and are told of it no longer.</p>
        </Confirm>
      )}
    </>
  );
}
