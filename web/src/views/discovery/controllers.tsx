// SPDX-License-Identifier: Apache-2.0
// views/discovery/controllers.tsx - other discovery controllers, whose entries hosts are told of too once they are admitted.
import { useState } from 'preact/hooks';
import { ALL, api } from '../../api/client';
import { usePoll } from '../../api/poll';
import type { DiscoveryController } from '../../api/types';
import { Confirm } from '../../components/dialog';
import { Choose } from '../../components/filter';
import { Edit, Form } from '../../components/form';
import { clock, count } from '../../components/format';
import { More } from '../../components/more';
import { Nqn } from '../../components/nqn';
import { Show } from '../../components/polled';
import { State } from '../../components/state';
import { useSubmit } from '../../components/submit';
import { Table, type Column } from '../../components/table';
import { AddForm } from './addform';
import { ToldTo, type Hosts } from './toldto';

const SOURCES: Record<DiscoveryController['source'], string> = {
  configured: 'added here', registered: 'it registered', mdns: 'heard by mDNS', kickstart: 'it asked for it',
};

const STATES: Array<DiscoveryController['state']> = ['waiting', 'connected', 'polled', 'connecting', 'lost', 'disabled', 'itself'];

/** What isn't to be seen in the word alone. */
const WHY: Partial<Record<DiscoveryController['state'], string>> = {
  waiting: 'for somebody to admit it', itself: 'it is this one', polled: 'it tells of no changes, so it is asked every now and then',
};

const useControllers = () => usePoll('discovery controllers', (signal) => api.discoveryControllers(ALL, signal), { every: 5000 });

export const useWaitingControllers = () => usePoll('waiting controllers', api.waitingDiscoveryControllers,
  { kinds: ['discovery controller'], events: ['dc.waiting'], every: 10000 }).data?.items.length ?? 0;

interface FieldsProps {
  now: DiscoveryController;
  tag: string | undefined;
  again: () => void;
  close: () => void;
}

function Admission({ now, tag, again, close }: FieldsProps) {
  const submit = useSubmit(['hosts']);
  const [hosts, setHosts] = useState<Hosts>(now.hosts);
  const go = () => void submit.run(() => api.patchDiscoveryController(now.id, { admitted: true, hosts }, tag), close);
  return (
    <Form submit={submit} go={go} verb="Admit" close={close} again={again}>
      <p>{now.own_nqn && <><Nqn nqn={now.own_nqn} />{' '}</>}at {now.traddr}, port {now.trsvcid}: {SOURCES[now.source]}.
        It is connected to then, and hosts are told of what it has: {count(now.entries, 'entry', 'entries')} by now.</p>
      <ToldTo hosts={hosts} set={setHosts} error={submit.at('hosts')} />
    </Form>
  );
}

function Change({ now, tag, again, close }: FieldsProps) {
  const submit = useSubmit(['hosts']);
  const [given, set] = useState({ hosts: now.hosts as Hosts, enabled: now.enabled, admitted: now.admitted });
  const box = (key: 'enabled' | 'admitted', words: string) => (
    <label class="choice"><input type="checkbox" checked={given[key]} onChange={(event) => set({ ...given, [key]: event.currentTarget.checked })} /> {words}</label>
  );
  return (
    <Form submit={submit} go={() => void submit.run(() => api.patchDiscoveryController(now.id, given, tag), close)} verb="Save" close={close} again={again}>
      {box('admitted', 'Admitted: hosts are told of what it has')}
      {box('enabled', 'Followed: it is connected to, and its log is read')}
      <ToldTo hosts={given.hosts} set={(hosts) => set({ ...given, hosts })} error={submit.at('hosts')} />
    </Form>
  );
}

type Asked = { dc: DiscoveryController; what: 'admit' | 'change' | 'forget' } | 'add' | undefined;

const place = (dc: DiscoveryController) => `${dc.traddr}, port ${dc.trsvcid}`;

function Buttons({ dc, ask }: { dc: DiscoveryController; ask: (asked: Asked) => void }) {
  const button = (what: 'admit' | 'change' | 'forget', word: string) => (
    <button type="button" aria-label={`${word.replace('…', '')} ${dc.id}`} onClick={() => ask({ dc, what })}>{word}</button>
  );
  return <span class="buttons">{dc.admitted ? button('change', 'Edit') : button('admit', 'Admit…')}{button('forget', 'Forget')}</span>;
}

const columns = (ask: (asked: Asked) => void): Array<Column<DiscoveryController>> => [
  {
    title: 'Controller', by: (dc) => dc.traddr,
    cell: (dc) => <><span class="place">{place(dc)}</span>{dc.own_nqn && <div><Nqn nqn={dc.own_nqn} /></div>}</>,
  },
  { title: 'State', by: (dc) => dc.state, cell: (dc) => <State state={dc.state} reason={dc.error ?? WHY[dc.state] ?? null} /> },
  {
    title: 'How it came', by: (dc) => dc.source,
    cell: (dc) => (
      <>
        {SOURCES[dc.source]}{dc.dctype && <span class="quiet"> ({dc.dctype.toUpperCase()})</span>}
        {dc.announced && <div class="quiet">announces itself by mDNS now</div>}
      </>
    ),
  },
  {
    title: 'Entries', number: true, by: (dc) => dc.entries,
    cell: (dc) => <>{dc.entries}{dc.skipped > 0 && <span class="quiet" title="Another transport, a referral, or what we serve ourselves"> ({dc.skipped} skipped)</span>}</>,
  },
  { title: 'Log read', by: (dc) => dc.read_at ?? '', cell: (dc) => (dc.read_at ? <time dateTime={dc.read_at}>{clock(dc.read_at)}</time> : 'never') },
  { title: 'Told to', by: (dc) => dc.hosts?.length ?? Infinity, cell: (dc) => (!dc.admitted ? 'nobody' : dc.hosts ? count(dc.hosts.length, 'host') : 'every host') },
  { title: 'Change', cell: (dc) => <Buttons dc={dc} ask={ask} /> },
];

function Forget({ dc, close }: { dc: DiscoveryController; close: () => void }) {
  return (
    <Confirm title="Forget this discovery controller?" verb="Forget" close={close}
      preview={() => api.wouldDelete.discoveryController(dc.id)} act={() => api.deleteDiscoveryController(dc.id)}>
      <p>{place(dc)}: what it registered and what was read of it is told to hosts no longer. {dc.source !== 'configured' && 'Should it come again, it waits to be admitted.'}</p>
    </Confirm>
  );
}

export function Controllers() {
  const polled = useControllers();
  const [asked, ask] = useState<Asked>();
  const [which, setWhich] = useState('');
  const close = () => ask(undefined);
  const edit = (dc: DiscoveryController, title: string, Fields: typeof Change) => (
    <Edit<DiscoveryController> title={title} close={close} load={(signal) => api.taggedDiscoveryController(dc.id, signal)}>
      {(now, tag, again) => <Fields now={now} tag={tag} again={again} close={close} />}
    </Edit>
  );
  return (
    <>
      <div class="head">
        <p class="summary">Those that register or are found wait to be admitted. Of one that is lost the entries have the flag NCC.</p>
        <button type="button" class="first" onClick={() => ask('add')}>Follow another</button>
      </div>
      <Show of={polled}>
        {(list) => (
          <>
            <div class="bar">
              <Choose label="Which" value={which} set={setWhich} from={[...STATES, ['announced', 'seen by mDNS now']]} />
            </div>
            <Table caption="Discovery controllers" columns={columns(ask)} items={list.items.filter((dc) => !which || (which === 'announced' ? dc.announced : dc.state === which))}
              keyOf={(dc) => dc.id} empty={list.items.length ? 'No discovery controller is like that.' : 'No other discovery controller is known.'} />
            <More of={list} />
          </>
        )}
      </Show>
      {asked === 'add' && <AddForm title="Follow a discovery controller" verb="Follow" create={api.createDiscoveryController} close={close} />}
      {typeof asked === 'object' && asked.what === 'admit' && edit(asked.dc, 'Admit this discovery controller', Admission)}
      {typeof asked === 'object' && asked.what === 'change' && edit(asked.dc, `Discovery controller ${asked.dc.id}`, Change)}
      {typeof asked === 'object' && asked.what === 'forget' && <Forget dc={asked.dc} close={close} />}
    </>
  );
}
