// SPDX-License-Identifier: Apache-2.0
// views/hosts/detail.tsx - one host: what it has, what it would discover and why not the rest.
import { useState } from 'preact/hooks';
import { api } from '../../api/client';
import { usePoll } from '../../api/poll';
import type { Host } from '../../api/types';
import { Confirm } from '../../components/dialog';
import { Few } from '../../components/few';
import { Field } from '../../components/field';
import { Edit, Form } from '../../components/form';
import { clock, count } from '../../components/format';
import { SubsystemLink } from '../../components/nqn';
import { Show } from '../../components/polled';
import { href } from '../../components/router';
import { State } from '../../components/state';
import { useSubmit } from '../../components/submit';
import { Explain } from '../discovery/explain';
import { Connections } from './connections';
import { Admit, Groups } from './waiting';

function Forget({ host, close }: { host: Host; close: () => void }) {
  return (
    <Confirm title="Forget this host?" verb="Forget" close={close} preview={() => api.wouldDelete.host(host.nqn)} act={(force) => api.deleteHost(host.nqn, force)}
      done={() => { location.hash = href('hosts'); }}>
      <p><code>{host.nqn}</code>{host.name && ` (${host.name})`}: allowed on {count(host.subsystems.length, 'subsystem')},
        {' '}{count(host.controller_count, 'controller')} connected.</p>
    </Confirm>
  );
}

function Fields({ now, tag, again, close }: { now: Host; tag: string | undefined; again: () => void; close: () => void }) {
  const submit = useSubmit(['name', 'groups']);
  const [name, setName] = useState(now.name);
  const [groups, setGroups] = useState(now.groups);
  return (
    <Form submit={submit} go={() => void submit.run(() => api.patchHost(now.nqn, { name, groups }, tag), close)} verb="Save" close={close} again={again}>
      <Field label="Name" error={submit.at('name')} hint="For people.">
        {(aria) => <input {...aria} name="name" autocomplete="off" value={name} onInput={(event) => setName(event.currentTarget.value)} />}
      </Field>
      <Groups chosen={groups} set={setGroups} />
      {submit.at('groups') && <p class="wrong" role="alert">{submit.at('groups')}</p>}
    </Form>
  );
}

function Facts({ host }: { host: Host }) {
  const [asked, ask] = useState<'edit' | 'forget' | 'admit'>();
  const close = () => ask(undefined);
  const waits = host.state === 'waiting';
  return (
    <>
      <div class="head">
        <p class="summary">{waits && <><State state="waiting" />{' '}</>}<State state={host.connected ? 'connected' : 'not connected'} /></p>
        <div class="buttons">
          <a class="button" href={href('topology', { focus: host.nqn })}>Topology</a>
          {!waits && <button type="button" onClick={() => ask('edit')}>Edit</button>}
          {!waits && <button type="button" class="destroys" onClick={() => ask('forget')}>Forget host</button>}
          {waits && <button type="button" class="first" onClick={() => ask('admit')}>Admit…</button>}
        </div>
      </div>
      <dl class="facts">
        <div><dt>Name</dt><dd>{host.name || '–'}</dd></div>
        <div><dt>Groups</dt><dd><Few of={host.groups} none="none">{(g) => <a href={href('hosts', { tab: 'groups', group: g })}>{g}</a>}</Few></dd></div>
        <div><dt>Controllers</dt><dd>{host.controller_count}{host.discovery_controller_count > 0 && `, ${host.discovery_controller_count} for discovery`}</dd></div>
        <div><dt>Authenticates</dt><dd>{host.auth.dhchap ? <>by <a href={href('settings', { tab: 'keys' })}>its key</a> <code>{host.auth.fingerprint}</code>{host.auth.dhchap_ctrl && ', and we may too'}</> : 'no: it has no key'}</dd></div>
        <div><dt>Last seen from</dt><dd>{host.address ?? '–'}</dd></div>
        {host.registered.length > 0 && <div><dt>Registered</dt><dd>{host.registered.join(', ')}</dd></div>}
        <div><dt>{host.state === 'waiting' ? 'Waits since' : 'Admitted'}</dt><dd><time dateTime={host.created_at}>{clock(host.created_at)}</time></dd></div>
        <div class="wide"><dt>Allowed on</dt><dd>
          <Few of={host.subsystems} none="none by name or group">{(nqn) => <SubsystemLink nqn={nqn} />}</Few>
        </dd></div>
      </dl>
      {asked === 'edit' && (
        <Edit<Host> title="Edit host" close={close} load={(signal) => api.taggedHost(host.nqn, signal)}>
          {(now, tag, again) => <Fields now={now} tag={tag} again={again} close={close} />}
        </Edit>
      )}
      {asked === 'admit' && <Admit host={host} close={close} />}
      {asked === 'forget' && <Forget host={host} close={close} />}
    </>
  );
}

export function Detail({ nqn }: { nqn: string }) {
  const polled = usePoll(`host ${nqn}`, (signal) => api.host(nqn, signal));
  return (
    <>
      <Show of={polled}>{(host) => <Facts host={host} />}</Show>
      <section aria-labelledby="connected">
        <h2 id="connected">Connected now</h2>
        <Connections host={nqn} />
      </section>
      <section aria-labelledby="discovers">
        <h2 id="discovers">What it discovers, and why</h2>
        {(polled.data || polled.error) && <Explain host={nqn} from={polled.data?.address ?? ''} />}
      </section>
    </>
  );
}
