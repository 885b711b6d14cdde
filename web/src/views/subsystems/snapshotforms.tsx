// SPDX-License-Identifier: Apache-2.0
// views/subsystems/snapshotforms.tsx - what is asked before a snapshot is taken, described, or made a namespace of.
import { useState } from 'preact/hooks';
import { ALL, api } from '../../api/client';
import { ended } from '../../api/operation';
import { usePoll } from '../../api/poll';
import type { Operation, Snapshot } from '../../api/types';
import { Dialog } from '../../components/dialog';
import { Field, type FieldAria } from '../../components/field';
import { Edit, Form } from '../../components/form';
import { bytes, percent } from '../../components/format';
import { Suggested } from '../../components/hostinput';
import { href } from '../../components/router';
import { SizeInput, inBytes, sizeOf } from '../../components/size';
import { useSubmit } from '../../components/submit';

/** How much is copied. */
export function Copied({ of }: { of: Operation | undefined }) {
  const progress = of?.progress;
  if (!progress?.total) return null;
  const part = progress.done / progress.total;
  return (
    <div role="status">
      <span class="meter" aria-hidden="true"><span style={{ width: percent(part).replace(' ', '') }} /></span> {percent(part)} of {bytes(progress.total)}
    </div>
  );
}

interface TextProps {
  aria: FieldAria;
  name: string;
  value: string;
  set: (value: string) => void;
  placeholder?: string;
  required?: boolean;
}

function Text({ aria, name, value, set, placeholder, required = false }: TextProps) {
  return <input {...aria} name={name} required={required} value={value} placeholder={placeholder} autocomplete="off" spellcheck={false}
    onInput={(event) => set(event.currentTarget.value)} />;
}

/** Those that have something to copy. */
function Which({ aria, nqn, nsid, set }: { aria: FieldAria; nqn: string; nsid: number | undefined; set: (nsid: number) => void }) {
  const list = usePoll(`to copy ${nqn}`, (signal) => api.namespaces(nqn, ALL, signal), { kinds: ['namespace'] }).data?.items ?? [];
  return (
    <select {...aria} required value={nsid ?? ''} onChange={(event) => set(Number(event.currentTarget.value))}>
      {nsid === undefined && <option value="">which one</option>}
      {list.filter((ns) => ns.backend !== 'null').map((ns) => <option key={ns.nsid} value={ns.nsid}>{ns.nsid}, {bytes(ns.size)}{ns.path && ` in ${ns.path}`}</option>)}
    </select>
  );
}

/** of: the namespace, where it is known. Ends where it is seen to be taken. */
export function TakeSnapshot({ nqn, of, close }: { nqn: string; of?: number; close: () => void }) {
  const submit = useSubmit(['nsid', 'id', 'description', 'path', 'max_hold_ms']);
  const [nsid, setNsid] = useState(of);
  const [given, set] = useState({ id: '', description: '', path: '', hold: '5000' });
  const go = () => void submit.run(() => api.takeSnapshot({
    nqn, nsid: nsid ?? 0, max_hold_ms: Number(given.hold),
    ...(given.id.trim() && { id: given.id.trim() }), ...(given.description && { description: given.description }), ...(given.path.trim() && { path: given.path.trim() }),
  }), () => {
    close();
    location.hash = href('subsystems', { nqn, tab: 'snapshots' });
  });
  return (
    <Dialog title="Take snapshot" close={close}>
      <Form submit={submit} go={go} verb="Take" close={close}>
        <Field label="Namespace" error={submit.at('nsid')}>{(aria) => <Which aria={aria} nqn={nqn} nsid={nsid} set={setNsid} />}</Field>
        <Field label="Id (optional)" error={submit.at('id')} hint="Letters, digits, . _ -; made up when it is left out.">
          {(aria) => <Text aria={aria} name="id" value={given.id} set={(id) => set({ ...given, id })} />}
        </Field>
        <Field label="Description (optional)" error={submit.at('description')}>
          {(aria) => <Text aria={aria} name="description" value={given.description} set={(description) => set({ ...given, description })} />}
        </Field>
        <Field label="File (optional)" error={submit.at('path')} hint="Nothing may be there yet. Else beside the namespace's file, or in the state folder for memory and block devices.">
          {(aria) => <Text aria={aria} name="path" value={given.path} set={(path) => set({ ...given, path })} placeholder="/srv/pharos/vol1.snap" />}
        </Field>
        <Field label="Writes may wait, in ms" error={submit.at('max_hold_ms')}
          hint="While the last blocks are copied; not where its file is on the same XFS or btrfs as the namespace's. After that it is given up. Reads never wait.">
          {(aria) => <input {...aria} name="hold" type="number" min="100" max="20000" required value={given.hold} onInput={(event) => set({ ...given, hold: event.currentTarget.value })} />}
        </Field>
      </Form>
    </Dialog>
  );
}

function Description({ now, tag, again, close }: { now: Snapshot; tag: string | undefined; again: () => void; close: () => void }) {
  const submit = useSubmit(['description']);
  const [description, set] = useState(now.description);
  const go = () => void submit.run(() => api.patchSnapshot(now.id, { description }, tag), close);
  return (
    <Form submit={submit} go={go} verb="Save" close={close} again={again}>
      <Field label="Description" error={submit.at('description')}>{(aria) => <Text aria={aria} name="description" value={description} set={set} />}</Field>
    </Form>
  );
}

export function EditSnapshot({ s, close }: { s: Snapshot; close: () => void }) {
  return (
    <Edit<Snapshot> title={`Edit snapshot ${s.id}`} close={close} load={(signal) => api.taggedSnapshot(s.id, signal)}>
      {(now, tag, again) => <Description now={now} tag={tag} again={again} close={close} />}
    </Edit>
  );
}

/** Ends with the commands that connect a host to what was made. */
export function Restore({ s, close }: { s: Snapshot; close: () => void }) {
  const submit = useSubmit(['path', 'size']);
  const known = usePoll('subsystem names', (signal) => api.subsystems(ALL, signal), { kinds: ['subsystem'] }).data?.items ?? [];
  const [given, set] = useState({ nqn: s.nqn, path: '', size: sizeOf(s.size) });
  const [copying, tell] = useState<Operation>();
  const nqn = given.nqn.trim();
  const size = inBytes(given.size);
  const make = async () => ended(await api.restoreSnapshot(nqn, { snapshot: s.id, path: given.path.trim(), ...(size !== s.size && { size }) }), tell);
  const go = () => void submit.run(make, () => {
    close();
    location.hash = href('subsystems', { nqn, tab: 'connect' });
  });
  return (
    <Dialog title={`Restore snapshot ${s.id}`} close={close}>
      <p>A new namespace with what the snapshot has, {bytes(s.size)} in blocks of {s.block_size}. Hosts take it for another disk; the snapshot stays.</p>
      <Form submit={submit} go={go} verb="Restore" close={close}>
        <Field label="Subsystem">{(aria) => <Suggested aria={aria} name="nqn" required value={given.nqn} set={(name) => set({ ...given, nqn: name })} from={known.map((one) => one.nqn)} />}</Field>
        <Field label="Path" error={submit.at('path')} hint="Of the file that is made for it; nothing may be there yet.">
          {(aria) => <Text aria={aria} name="path" required value={given.path} set={(path) => set({ ...given, path })} placeholder="/srv/pharos/restored.img" />}
        </Field>
        <Field label="Size" error={submit.at('size')} hint="As large as the snapshot, or larger.">
          {(aria) => <SizeInput aria={aria} size={given.size} set={(to) => set({ ...given, size: to })} />}
        </Field>
        {submit.busy && <Copied of={copying} />}
      </Form>
    </Dialog>
  );
}
