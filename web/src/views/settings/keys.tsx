// SPDX-License-Identifier: Apache-2.0
// views/settings/keys.tsx - the keys by which hosts authenticate: made, rotated, deleted; a secret is shown once.
import { useState } from 'preact/hooks';
import { api } from '../../api/client';
import type { Key } from '../../api/types';
import { Command } from '../../components/copy';
import { Confirm, Dialog } from '../../components/dialog';
import { Field } from '../../components/field';
import { Form } from '../../components/form';
import { clock } from '../../components/format';
import { HostInput } from '../../components/hostinput';
import { More, useList } from '../../components/more';
import { Show } from '../../components/polled';
import { useSubmit } from '../../components/submit';
import { Table, type Column } from '../../components/table';

const KINDS: Array<[Key['kind'], string]> = [
  ['dhchap', 'the host proves who it is; it has to, from its next connection on'],
  ['dhchap_ctrl', 'controllers prove who they are, to this host, if it asks them to'],
];

/** What has been made is shown once, here. */
function Secret({ made, close }: { made: Key; close: () => void }) {
  return (
    <Dialog title={`The secret of ${made.id}`} close={close}>
      <p>It is shown only now. On the host it goes to <code>nvme connect</code>:</p>
      <Command text={`--dhchap-${made.kind === 'dhchap' ? 'secret' : 'ctrl-secret'}=${made.secret}`} label="the option" />
      <div class="actions"><button type="button" onClick={close}>Close</button></div>
    </Dialog>
  );
}

function NewKey({ close }: { close: () => void }) {
  const submit = useSubmit(['host_nqn', 'kind', 'description', 'secret']);
  const [given, set] = useState({ host_nqn: '', kind: KINDS[0]![0], description: '', secret: '' });
  const [made, setMade] = useState<Key>();
  const { host_nqn, kind, description, secret } = given;
  const body = { host_nqn: host_nqn.trim(), kind, ...(description && { description }), ...(secret && { secret: secret.trim() }) };
  const done = (key: Key) => (key.secret ? setMade(key) : close());
  if (made) return <Secret made={made} close={close} />;
  return (
    <Dialog title="New key" close={close}>
      <Form submit={submit} go={() => void submit.run(() => api.createKey(body), done)} verb="Make" close={close}>
        <Field label="Host NQN" error={submit.at('host_nqn')}>
          {(aria) => <HostInput aria={aria} value={host_nqn} set={(nqn) => set({ ...given, host_nqn: nqn })} groups={false} />}
        </Field>
        <fieldset>
          <legend>Kind</legend>
          {KINDS.map(([value, words]) => (
            <label class="choice" key={value}>
              <input type="radio" name="kind" checked={kind === value} onChange={() => set({ ...given, kind: value })} /> <span>{value} <span class="quiet">{words}</span></span>
            </label>
          ))}
        </fieldset>
        <Field label="Secret (optional)" error={submit.at('secret')} hint="DHHC-1:…, as nvme gen-dhchap-key makes it; made when empty.">
          {(aria) => <input {...aria} name="secret" type="password" autocomplete="off" value={secret} onInput={(event) => set({ ...given, secret: event.currentTarget.value })} />}
        </Field>
        <Field label="Description (optional)" error={submit.at('description')}>
          {(aria) => <input {...aria} name="description" autocomplete="off" value={description} onInput={(event) => set({ ...given, description: event.currentTarget.value })} />}
        </Field>
      </Form>
    </Dialog>
  );
}

function Rotate({ of, close }: { of: Key; close: () => void }) {
  const submit = useSubmit(['secret']);
  const [made, setMade] = useState<Key>();
  if (made) return <Secret made={made} close={close} />;
  return (
    <Dialog title={`A new secret for ${of.id}?`} close={close}>
      <Form submit={submit} go={() => void submit.run(() => api.patchKey(of.id, { secret: null }), setMade)} verb="Make" close={close}>
        <p>The next connection of <code>{of.host_nqn}</code> needs it; those that are there stay.</p>
      </Form>
    </Dialog>
  );
}

type Asked = { key: Key; what: 'rotate' | 'delete' } | 'new' | undefined;

const columns = (ask: (asked: Asked) => void): Array<Column<Key>> => [
  { title: 'Key', by: (k) => k.id, cell: (k) => k.id },
  { title: 'Host', by: (k) => k.host_nqn, cell: (k) => <code>{k.host_nqn}</code> },
  { title: 'Kind', by: (k) => k.kind, cell: (k) => k.kind },
  { title: 'Fingerprint', by: (k) => k.fingerprint, cell: (k) => <code>{k.fingerprint}</code> },
  { title: 'Description', by: (k) => k.description, cell: (k) => k.description || '–' },
  { title: 'Created', by: (k) => k.created_at, cell: (k) => <time dateTime={k.created_at}>{clock(k.created_at)}</time> },
  {
    title: 'Change',
    cell: (k) => (
      <span class="buttons">
        <button type="button" aria-label={`New secret for key ${k.id}`} onClick={() => ask({ key: k, what: 'rotate' })}>New secret</button>
        <button type="button" aria-label={`Delete key ${k.id}`} onClick={() => ask({ key: k, what: 'delete' })}>Delete</button>
      </span>
    ),
  },
];

function Asks({ asked, close }: { asked: Asked; close: () => void }) {
  if (!asked) return null;
  if (asked === 'new') return <NewKey close={close} />;
  const { key, what } = asked;
  if (what === 'rotate') return <Rotate of={key} close={close} />;
  return (
    <Confirm title={`Delete key ${key.id}?`} verb="Delete" close={close} act={() => api.deleteKey(key.id)}>
      <p>{key.kind === 'dhchap'
        ? <>From its next connection on <code>{key.host_nqn}</code> is let in without proving who it is, unless a subsystem requires a key.</>
        : <>Controllers can't prove to <code>{key.host_nqn}</code> who they are any more.</>}</p>
    </Confirm>
  );
}

export function Keys() {
  const keys = useList('keys', api.keys, ['key', 'host']);
  const [asked, ask] = useState<Asked>();
  return (
    <>
      <div class="head">
        <p class="summary">A host that has a key has to authenticate (DH-HMAC-CHAP).</p>
        <button type="button" class="first" onClick={() => ask('new')}>New key</button>
      </div>
      <Show of={keys}>
        {(list) => (
          <>
            <Table caption="Keys" columns={columns(ask)} items={list.items} keyOf={(k) => k.id} empty="No keys: every host is believed." />
            <More of={list} />
          </>
        )}
      </Show>
      <Asks asked={asked} close={() => ask(undefined)} />
    </>
  );
}
