// SPDX-License-Identifier: Apache-2.0
// views/subsystems/namespaceform.tsx - a new namespace, and what can be changed of one that is there.
import { useState } from 'preact/hooks';
import { api } from '../../api/client';
import type { Namespace, NamespaceCreate } from '../../api/types';
import { Field, Wrong } from '../../components/field';
import { Edit, Form } from '../../components/form';
import { bytes } from '../../components/format';
import { HostList } from '../../components/hostinput';
import { SizeInput, inBytes, sizeOf, type Size } from '../../components/size';
import { useSubmit } from '../../components/submit';

interface Given {
  backend: 'ram' | 'file';
  size: Size;
  path: string;
  block: '512' | '4096';
  readOnly: boolean;
}

/** A file's own size is used when none is given. */
function bodyOf(given: Given): NamespaceCreate {
  const block_size = given.block === '512' ? 512 : 4096;
  const what = given.backend === 'ram' ? { backend: 'ram' as const, size: inBytes(given.size) } : { path: given.path.trim() };
  return { ...what, block_size, ...(given.readOnly && { read_only: true }) };
}

const FIELDS = ['backend', 'size', 'path', 'block_size'];

function BackendChoice({ given, set }: { given: Given; set: (given: Given) => void }) {
  const radio = (backend: Given['backend'], text: string) => (
    <label class="choice">
      <input type="radio" name="backend" checked={given.backend === backend} onChange={() => set({ ...given, backend })} /> {text}
    </label>
  );
  return (
    <fieldset>
      <legend>Kept in</legend>
      {radio('ram', 'Memory (gone when this machine restarts)')}
      {radio('file', 'A file or block device of this machine')}
    </fieldset>
  );
}

function ReadOnly({ on, set }: { on: boolean; set: (on: boolean) => void }) {
  return <label class="choice"><input type="checkbox" checked={on} onChange={(event) => set(event.currentTarget.checked)} /> Read only</label>;
}

interface FormProps {
  nqn: string;
  done: () => void;
  submitText: string;
  /** Beside the submit button. */
  other: preact.JSX.Element;
}

export function NamespaceForm({ nqn, done, submitText, other }: FormProps) {
  const submit = useSubmit(FIELDS);
  const [given, set] = useState<Given>({ backend: 'ram', size: { amount: '1', unit: 'GiB' }, path: '', block: '512', readOnly: false });
  const go = (event: Event) => {
    event.preventDefault();
    void submit.run(() => api.createNamespace(nqn, bodyOf(given)), done);
  };
  return (
    <form class="sheet" onSubmit={go}>
      <BackendChoice given={given} set={set} />
      {given.backend === 'ram'
        ? <Field label="Size" error={submit.at('size')}>{(aria) => <SizeInput aria={aria} size={given.size} set={(size) => set({ ...given, size })} />}</Field>
        : <Field label="Path" hint="It has to exist; its size is the namespace's." error={submit.at('path') ?? submit.at('size')}>
            {(aria) => <input {...aria} name="path" required value={given.path} spellcheck={false} autocomplete="off"
              placeholder="/srv/pharos/vol1.img" onInput={(event) => set({ ...given, path: event.currentTarget.value })} />}
          </Field>}
      <Field label="Block size" error={submit.at('block_size') ?? submit.at('backend')}>
        {(aria) => (
          <select {...aria} value={given.block} onChange={(event) => set({ ...given, block: event.currentTarget.value as Given['block'] })}>
            <option value="512">512 bytes</option><option value="4096">4096 bytes</option>
          </select>
        )}
      </Field>
      <ReadOnly on={given.readOnly} set={(readOnly) => set({ ...given, readOnly })} />
      <Wrong text={submit.other} />
      <div class="actions">{other}<button type="submit" disabled={submit.busy}>{submit.busy ? 'Adding…' : submitText}</button></div>
    </form>
  );
}

interface EditProps {
  now: Namespace;
  tag: string | undefined;
  again: () => void;
  close: () => void;
}

function SeenBy({ hosts, set }: { hosts: string[] | null; set: (hosts: string[] | null) => void }) {
  return (
    <fieldset>
      <legend>Seen by</legend>
      <label class="choice">
        <input type="checkbox" checked={hosts === null} onChange={(event) => set(event.currentTarget.checked ? null : [])} /> every host of the subsystem
      </label>
      {hosts && <HostList label="hosts that see it" hosts={hosts} set={set} />}
      {hosts?.length === 0 && <p class="hint">Nobody in the list: no host sees it.</p>}
    </fieldset>
  );
}

/** Never by force: making it smaller stays refused, since workers can't (a namespace that they then report as failed is no help). */
function Fields({ now, tag, again, close }: EditProps) {
  const submit = useSubmit(['size', 'hosts', 'read_only']);
  const [size, setSize] = useState(sizeOf(now.size));
  const [readOnly, setReadOnly] = useState(now.read_only);
  const [hosts, setHosts] = useState(now.hosts);
  const go = () => void submit.run(
    () => api.patchNamespace(now.nqn, now.nsid, { size: inBytes(size), read_only: readOnly, hosts }, tag), close);
  return (
    <Form submit={submit} go={go} verb="Save" close={close} again={again}>
      <Field label="Size" error={submit.at('size')} hint={`${bytes(now.size)} now. It can grow while it is in use; connected hosts learn of it at once.`}>
        {(aria) => <SizeInput aria={aria} size={size} set={setSize} />}
      </Field>
      <ReadOnly on={readOnly} set={setReadOnly} />
      <SeenBy hosts={hosts} set={setHosts} />
      {(submit.at('hosts') ?? submit.at('read_only')) && <p class="wrong" role="alert">{submit.at('hosts') ?? submit.at('read_only')}</p>}
    </Form>
  );
}

export function EditNamespace({ ns, close }: { ns: Namespace; close: () => void }) {
  return (
    <Edit<Namespace> title={`Edit namespace ${ns.nsid}`} close={close} load={(signal) => api.taggedNamespace(ns.nqn, ns.nsid, signal)}>
      {(now, tag, again) => <Fields now={now} tag={tag} again={again} close={close} />}
    </Edit>
  );
}
