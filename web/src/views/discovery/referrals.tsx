// SPDX-License-Identifier: Apache-2.0
// views/discovery/referrals.tsx - other discovery controllers that hosts are told of.
import { useState } from 'preact/hooks';
import { api } from '../../api/client';
import type { Referral } from '../../api/types';
import { Confirm, Dialog } from '../../components/dialog';
import { Form } from '../../components/form';
import { clock, count } from '../../components/format';
import { More, useList } from '../../components/more';
import { Show } from '../../components/polled';
import { useSubmit } from '../../components/submit';
import { Table, type Column } from '../../components/table';
import { AddForm } from './addform';
import { ToldTo, type Hosts } from './toldto';

function Change({ referral, close }: { referral: Referral; close: () => void }) {
  const submit = useSubmit(['hosts']);
  const [hosts, setHosts] = useState<Hosts>(referral.hosts);
  return (
    <Dialog title={`Referral to ${referral.traddr}`} close={close}>
      <Form submit={submit} go={() => void submit.run(() => api.patchReferral(referral.id, { hosts }), close)} verb="Save" close={close}>
        <ToldTo hosts={hosts} set={setHosts} error={submit.at('hosts')} />
      </Form>
    </Dialog>
  );
}

type Asked = { referral: Referral; what: 'change' | 'delete' } | 'add' | undefined;

const columns = (ask: (asked: Asked) => void): Array<Column<Referral>> => [
  { title: 'Address', by: (r) => r.traddr, cell: (r) => r.traddr },
  { title: 'Port', number: true, by: (r) => Number(r.trsvcid), cell: (r) => r.trsvcid },
  { title: 'NQN', by: (r) => r.nqn, cell: (r) => <code>{r.nqn}</code> },
  { title: 'Told to', by: (r) => r.hosts?.length ?? Infinity, cell: (r) => (r.hosts ? count(r.hosts.length, 'host') : 'every host') },
  { title: 'Since', by: (r) => r.created_at, cell: (r) => <time dateTime={r.created_at}>{clock(r.created_at)}</time> },
  {
    title: 'Change',
    cell: (r) => (
      <span class="buttons">
        <button type="button" aria-label={`Edit referral to ${r.traddr}`} onClick={() => ask({ referral: r, what: 'change' })}>Edit</button>
        <button type="button" aria-label={`Delete referral to ${r.traddr}`} onClick={() => ask({ referral: r, what: 'delete' })}>Delete</button>
      </span>
    ),
  },
];

export function Referrals() {
  const polled = useList('referrals', api.referrals);
  const [asked, ask] = useState<Asked>();
  const close = () => ask(undefined);
  return (
    <>
      <div class="head">
        <p class="summary">Other discovery controllers that hosts learn of in their log.</p>
        <button type="button" class="first" onClick={() => ask('add')}>Add referral</button>
      </div>
      <Show of={polled}>
        {(list) => (
          <>
            <Table caption="Referrals" columns={columns(ask)} items={list.items} keyOf={(r) => r.id} empty="No referrals." />
            <More of={list} />
          </>
        )}
      </Show>
      {asked === 'add' && <AddForm title="Add a referral" verb="Add" create={api.createReferral} close={close} />}
      {typeof asked === 'object' && asked.what === 'change' && <Change referral={asked.referral} close={close} />}
      {typeof asked === 'object' && asked.what === 'delete' && (
        <Confirm title="Delete this referral?" verb="Delete" close={close} act={() => api.deleteReferral(asked.referral.id)}>
          <p>{asked.referral.hosts ? count(asked.referral.hosts.length, 'host') : 'Every host'} will no longer be told
            of {asked.referral.traddr}, port {asked.referral.trsvcid}. What they are connected to stays.</p>
        </Confirm>
      )}
    </>
  );
}
