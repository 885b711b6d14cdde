// SPDX-License-Identifier: Apache-2.0
// views/hosts/waiting.tsx - hosts that came without being known, and their admission.
import { useState } from 'preact/hooks';
import { ALL, api } from '../../api/client';
import { usePoll } from '../../api/poll';
import type { Host } from '../../api/types';
import { Confirm, Dialog } from '../../components/dialog';
import { Field } from '../../components/field';
import { Form } from '../../components/form';
import { clock, count } from '../../components/format';
import { Nqn } from '../../components/nqn';
import { Show } from '../../components/polled';
import { State } from '../../components/state';
import { useSubmit } from '../../components/submit';
import { Table, type Column } from '../../components/table';
import { LogOf } from '../discovery/log';

export const useWaiting = () => usePoll('waiting hosts', api.waitingHosts, { kinds: ['host'], events: ['host.waiting'], every: 10000 });

/** Those that there are, to be of or not. */
export function Groups({ chosen, set }: { chosen: string[]; set: (groups: string[]) => void }) {
  const groups = usePoll('groups', (signal) => api.groups(ALL, signal), { kinds: ['group'] }).data?.items ?? [];
  const toggle = (name: string, on: boolean) => set([...chosen.filter((other) => other !== name), ...(on ? [name] : [])]);
  if (!groups.length) return null;
  return (
    <fieldset class="scrolls">
      <legend>Groups</legend>
      {groups.map((g) => (
        <label class="choice" key={g.name}>
          <input type="checkbox" checked={chosen.includes(g.name)} onChange={(event) => toggle(g.name, event.currentTarget.checked)} />
          <span>{g.name} <span class="quiet">{g.description}</span></span>
        </label>
      ))}
    </fieldset>
  );
}

export function Admit({ host, close }: { host: Host; close: () => void }) {
  const submit = useSubmit(['name', 'groups']);
  const [name, setName] = useState(host.name);
  const [groups, setGroups] = useState<string[]>([]);
  const body = { nqn: host.nqn, ...(name.trim() && { name: name.trim() }), ...(groups.length && { groups }) };
  return (
    <Dialog title="Admit this host" close={close} large>
      <Form submit={submit} go={() => void submit.run(() => api.createHost(body), close)} verb="Admit" close={close}>
        <p><code>{host.nqn}</code>{host.address && `, last seen from ${host.address}`}</p>
        <Field label="Name (optional)" error={submit.at('name')} hint="For people.">
          {(aria) => <input {...aria} name="name" autocomplete="off" value={name} onInput={(event) => setName(event.currentTarget.value)} />}
        </Field>
        <Groups chosen={groups} set={setGroups} />
        {submit.at('groups') && <p class="wrong" role="alert">{submit.at('groups')}</p>}
        <h3>What it is told now</h3>
        <div class="preview"><LogOf host={host.nqn} via="" brief /></div>
      </Form>
    </Dialog>
  );
}

const columns = (admit: (host: Host) => void): Array<Column<Host>> => [
  { title: 'Host', by: (h) => h.nqn, cell: (h) => <Nqn nqn={h.nqn} /> },
  { title: 'State', by: (h) => Number(h.connected), cell: (h) => <State state={h.connected ? 'connected' : 'gone again'} /> },
  { title: 'From', by: (h) => h.address ?? '', cell: (h) => h.address ?? '–' },
  { title: 'Last seen', by: (h) => h.last_seen ?? '', cell: (h) => (h.last_seen ? <time dateTime={h.last_seen}>{clock(h.last_seen)}</time> : '–') },
  { title: 'Registered', by: (h) => h.registered.length, cell: (h) => h.registered.join(', ') || '–' },
  { title: 'Change', cell: (h) => <button type="button" aria-label={`Admit ${h.nqn}`} onClick={() => admit(h)}>Admit…</button> },
];

export function Waiting() {
  const polled = useWaiting();
  const [asked, ask] = useState<Host | 'all'>();
  const close = () => ask(undefined);
  const all = polled.data?.items ?? [];
  return (
    <>
      <div class="head">
        <p class="summary">They came to the discovery controller or registered there, and are told what every host is.</p>
        {all.length > 1 && <button type="button" onClick={() => ask('all')}>Admit all…</button>}
      </div>
      <Show of={polled}>
        {(list) => <Table caption="Waiting hosts" columns={columns(ask)} items={list.items} keyOf={(h) => h.nqn} empty="No host waits to be admitted." />}
      </Show>
      {asked === 'all' && (
        <Confirm title="Admit all that wait?" verb="Admit all" close={close} act={() => api.putConfig({ hosts: all.map((h) => ({ nqn: h.nqn })) }, {})}>
          <p>{count(all.length, 'host')}, in one step. Being admitted alone gives them nothing: subsystems name them, or groups that they are put into.</p>
        </Confirm>
      )}
      {typeof asked === 'object' && <Admit host={asked} close={close} />}
    </>
  );
}
