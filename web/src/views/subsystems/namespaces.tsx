// SPDX-License-Identifier: Apache-2.0
// views/subsystems/namespaces.tsx - the disks of a subsystem: seen, added, resized, deleted.
import { useEffect, useRef, useState } from 'preact/hooks';
import { api } from '../../api/client';
import type { Namespace, NamespaceCreate } from '../../api/types';
import { Confirm, Dialog } from '../../components/dialog';
import { Field, Wrong, type FieldAria } from '../../components/field';
import { bytes, count } from '../../components/format';
import { More, useList } from '../../components/more';
import { Show } from '../../components/polled';
import { State } from '../../components/state';
import { useSubmit } from '../../components/submit';
import { Table, type Column } from '../../components/table';

const UNITS = ['MiB', 'GiB', 'TiB'];

interface Size {
  amount: string;
  unit: string;
}

function sizeOf(n: number): Size {
  const unit = [...UNITS].reverse().find((_, i) => n % 1024 ** (4 - i) === 0) ?? 'MiB';
  return { amount: String(n / 1024 ** (UNITS.indexOf(unit) + 2)), unit };
}

/** Exact in bytes; the API says what is wrong with one that isn't a number of blocks. */
const inBytes = ({ amount, unit }: Size) => Math.round(Number(amount) * 1024 ** (UNITS.indexOf(unit) + 2));

function SizeInput({ aria, size, set }: { aria: FieldAria; size: Size; set: (size: Size) => void }) {
  return (
    <div class="size">
      <input {...aria} name="size" type="number" min="0" step="any" required value={size.amount}
        onInput={(event) => set({ ...size, amount: event.currentTarget.value })} />
      <select aria-label="Unit" value={size.unit} onChange={(event) => set({ ...size, unit: event.currentTarget.value })}>
        {UNITS.map((unit) => <option key={unit}>{unit}</option>)}
      </select>
    </div>
  );
}

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
      <label class="choice">
        <input type="checkbox" checked={given.readOnly} onChange={(event) => set({ ...given, readOnly: event.currentTarget.checked })} /> Read only
      </label>
      <Wrong text={submit.other} />
      <div class="actions">{other}<button type="submit" disabled={submit.busy}>{submit.busy ? 'Adding…' : submitText}</button></div>
    </form>
  );
}

/** Never by force: making it smaller stays refused, since workers can't (a namespace that they then report as failed is no help).
 * The change is based on the namespace as it was when the dialog came up: what another tab did meanwhile is told. */
function Resize({ ns, close }: { ns: Namespace; close: () => void }) {
  const submit = useSubmit(['size']);
  const [size, setSize] = useState(sizeOf(ns.size));
  const tag = useRef<Promise<string | undefined>>();
  useEffect(() => {
    tag.current = api.namespaceTag(ns.nqn, ns.nsid, new AbortController().signal).catch(() => undefined);
  }, []);
  const go = (event: Event) => {
    event.preventDefault();
    void submit.run(async () => api.patchNamespace(ns.nqn, ns.nsid, { size: inBytes(size) }, await tag.current), close);
  };
  return (
    <Dialog title={`Resize namespace ${ns.nsid}`} close={close}>
      <form onSubmit={go}>
        <p>It has {bytes(ns.size)} now. Connected hosts learn of the new size at once.</p>
        <Field label="New size" error={submit.at('size')}>
          {(aria) => <SizeInput aria={aria} size={size} set={setSize} />}
        </Field>
        <Wrong text={submit.other} />
        <div class="actions">
          <button type="button" onClick={close}>Cancel</button>
          <button type="submit" disabled={submit.busy}>Resize</button>
        </div>
      </form>
    </Dialog>
  );
}

function Delete({ ns, close }: { ns: Namespace; close: () => void }) {
  return (
    <Confirm title={`Delete namespace ${ns.nsid}?`} verb="Delete" close={close}
      act={(force) => api.deleteNamespace(ns.nqn, ns.nsid, force)}>
      <p>{bytes(ns.size)} of <code>{ns.nqn}</code>. {ns.path ? <>The file <code>{ns.path}</code> stays as it is.</> : 'What is in it is gone for good.'}</p>
    </Confirm>
  );
}

type Asked = { ns: Namespace; what: 'resize' | 'delete' } | 'add' | undefined;

function columns(ask: (asked: Asked) => void): Array<Column<Namespace>> {
  return [
    { title: 'NSID', number: true, cell: (ns) => ns.nsid },
    { title: 'State', cell: (ns) => <State state={ns.status.state} reason={ns.status.reason} /> },
    { title: 'Size', number: true, cell: (ns) => bytes(ns.size) },
    { title: 'Block', number: true, cell: (ns) => ns.block_size },
    { title: 'Backend', cell: (ns) => <>{ns.backend}{ns.path && <> <code>{ns.path}</code></>}{ns.read_only && ', read only'}</> },
    { title: 'Seen by', cell: (ns) => (ns.hosts ? count(ns.hosts.length, 'host') : 'all its hosts') },
    { title: 'UUID', cell: (ns) => <code>{ns.uuid}</code> },
    {
      title: 'Change',
      cell: (ns) => (
        <span class="buttons">
          <button type="button" aria-label={`Resize namespace ${ns.nsid}`} onClick={() => ask({ ns, what: 'resize' })}>Resize</button>
          <button type="button" aria-label={`Delete namespace ${ns.nsid}`} onClick={() => ask({ ns, what: 'delete' })}>Delete</button>
        </span>
      ),
    },
  ];
}

export function Namespaces({ nqn }: { nqn: string }) {
  const polled = useList(`namespaces ${nqn}`, (pages, signal) => api.namespaces(nqn, pages, signal));
  const [asked, ask] = useState<Asked>();
  const close = () => ask(undefined);
  return (
    <section aria-labelledby="namespaces">
      <div class="head"><h2 id="namespaces">Namespaces</h2><button type="button" onClick={() => ask('add')}>Add namespace</button></div>
      <Show of={polled}>
        {(list) => (
          <>
            <Table caption={`Namespaces of ${nqn}`} columns={columns(ask)} items={list.items} keyOf={(ns) => String(ns.nsid)} empty="No namespaces yet." />
            <More of={list} />
          </>
        )}
      </Show>
      {asked === 'add' && (
        <Dialog title="Add namespace" close={close}>
          <NamespaceForm nqn={nqn} done={close} submitText="Add" other={<button type="button" onClick={close}>Cancel</button>} />
        </Dialog>
      )}
      {typeof asked === 'object' && (asked.what === 'resize' ? <Resize ns={asked.ns} close={close} /> : <Delete ns={asked.ns} close={close} />)}
    </section>
  );
}
