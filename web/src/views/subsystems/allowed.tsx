// SPDX-License-Identifier: Apache-2.0
// views/subsystems/allowed.tsx - who may connect to a subsystem.
import { useEffect, useState } from 'preact/hooks';
import { api } from '../../api/client';
import { usePoll } from '../../api/poll';
import type { AllowedHost } from '../../api/types';
import { Confirm } from '../../components/dialog';
import { Field, Wrong } from '../../components/field';
import { HostInput } from '../../components/hostinput';
import { HostLink } from '../../components/nqn';
import { Show } from '../../components/polled';
import { State } from '../../components/state';
import { useSubmit } from '../../components/submit';
import { Table, type Column } from '../../components/table';

function Allow({ nqn }: { nqn: string }) {
  const submit = useSubmit(['host_nqn', 'nqn']);
  const [host, setHost] = useState('');
  const go = (event: Event) => {
    event.preventDefault();
    void submit.run(() => api.allowHost(nqn, host.trim()), () => setHost(''));
  };
  return (
    <form class="inline" onSubmit={go}>
      <Field label="Host NQN or group" error={submit.at('host_nqn') ?? submit.at('nqn')} hint={<>A host has its own in <code>/etc/nvme/hostnqn</code>; or <code>group:</code> and the name of a group.</>}>
        {(aria) => <HostInput aria={aria} value={host} set={setHost} />}
      </Field>
      <button type="submit" disabled={submit.busy}>Allow</button>
      <Wrong text={submit.other} />
    </form>
  );
}

function AnyHost({ nqn, any }: { nqn: string; any: boolean }) {
  const submit = useSubmit();
  const [wanted, setWanted] = useState<boolean>(); // shown until the list says the same, or the write went wrong
  const set = (allow_any_host: boolean) => {
    setWanted(allow_any_host);
    void submit.run(() => api.patchSubsystem(nqn, { allow_any_host }));
  };
  useEffect(() => {
    if (wanted === any || submit.other) setWanted(undefined);
  }, [any, submit.other]);
  return (
    <>
      <label class="choice">
        <input type="checkbox" checked={wanted ?? any} disabled={submit.busy} onChange={(event) => set(event.currentTarget.checked)} /> Any host may connect
      </label>
      <Wrong text={submit.other} />
    </>
  );
}

function columns(ask: (host: AllowedHost) => void): Array<Column<AllowedHost>> {
  return [
    { title: 'Host', cell: (h) => <HostLink nqn={h.host_nqn} /> },
    { title: 'Connected', cell: (h) => <State state={h.connected ? 'connected' : 'no'} /> },
    { title: 'Change', cell: (h) => <button type="button" aria-label={`Disallow ${h.host_nqn}`} onClick={() => ask(h)}>Disallow</button> },
  ];
}

export function Allowed({ nqn }: { nqn: string }) {
  const polled = usePoll(`allowed ${nqn}`, (signal) => api.allowedHosts(nqn, signal));
  const [asked, ask] = useState<AllowedHost>();
  return (
    <section aria-labelledby="allowed">
      <h2 id="allowed">Hosts allowed</h2>
      <Show of={polled}>
        {(list) => (
          <>
            <AnyHost nqn={nqn} any={list.allow_any_host ?? false} />
            <Table caption={`Hosts allowed to connect to ${nqn}`} columns={columns(ask)} items={list.items} keyOf={(h) => h.host_nqn}
              empty={list.allow_any_host ? 'None by name.' : 'None yet: nobody can connect.'} />
          </>
        )}
      </Show>
      <Allow nqn={nqn} />
      {asked && (
        <Confirm title="Disallow this host?" verb="Disallow" close={() => ask(undefined)} preview={() => api.wouldDelete.allowedHost(nqn, asked.host_nqn)}
          act={(force) => api.disallowHost(nqn, asked.host_nqn, force)}>
          <p><code>{asked.host_nqn}</code> {asked.connected
            ? 'is connected: its connections to this subsystem end at once, and what it has mounted fails.'
            : 'is not connected now.'}</p>
        </Confirm>
      )}
    </section>
  );
}
