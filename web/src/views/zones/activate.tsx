// SPDX-License-Identifier: Apache-2.0
// views/zones/activate.tsx - what is configured becomes what is enforced, in one step, after a look at what that does to whom.
import { useState } from 'preact/hooks';
import { ALL, api } from '../../api/client';
import { usePoll } from '../../api/poll';
import { Dialog } from '../../components/dialog';
import { Field } from '../../components/field';
import { Form } from '../../components/form';
import { useSubmit } from '../../components/submit';
import { Preview, usePreview } from './preview';

/** Configured ones, and those that are active still. */
async function groupNames(signal: AbortSignal): Promise<string[]> {
  const [configured, active] = await Promise.all([api.zoneGroups(ALL, signal), api.activeZoning(ALL, signal)]);
  const ours = active.items.filter((g) => g.originator === null);
  return [...new Set([...configured.items, ...ours].map((g) => g.name))].sort();
}

function Which({ chosen, choose }: { chosen: string[] | null; choose: (groups: string[] | null) => void }) {
  const names = usePoll('zone groups to activate', groupNames, { kinds: ['zone group'] }).data ?? [];
  if (names.length < 2) return null;
  const toggle = (name: string, on: boolean) => choose([...(chosen ?? []).filter((other) => other !== name), ...(on ? [name] : [])]);
  return (
    <fieldset class="scrolls">
      <legend>Zone groups</legend>
      <label class="choice"><input type="checkbox" checked={chosen === null} onChange={(event) => choose(event.currentTarget.checked ? null : [])} /> all</label>
      {chosen && names.map((name) => (
        <label class="choice" key={name}><input type="checkbox" checked={chosen.includes(name)} onChange={(event) => toggle(name, event.currentTarget.checked)} /> {name}</label>
      ))}
    </fieldset>
  );
}

export function Grace({ on, set }: { on: boolean; set: (on: boolean) => void }) {
  return (
    <label class="choice">
      <input type="checkbox" checked={on} onChange={(event) => set(event.currentTarget.checked)} />
      Hosts that are connected to what they lose may stay until they leave
    </label>
  );
}

export function Note({ error, value, set }: { error: string | undefined; value: string; set: (value: string) => void }) {
  return (
    <Field label="Note (optional)" error={error} hint="For the history.">
      {(aria) => <input {...aria} name="note" autocomplete="off" value={value} onInput={(event) => set(event.currentTarget.value)} />}
    </Field>
  );
}

/** only: of this group alone. */
export function Activate({ only, close }: { only?: string | undefined; close: () => void }) {
  const submit = useSubmit(['note']);
  const [chosen, choose] = useState<string[] | null>(only ? [only] : null);
  const [grace, setGrace] = useState(false);
  const [note, setNote] = useState('');
  const zoning = usePoll('zoning', api.zoning).data;
  const foreseen = usePreview({ groups: chosen }, zoning?.change);
  const write = () => api.activateZoning({ groups: chosen, grace, ...(note.trim() && { note: note.trim() }) });
  return (
    <Dialog title={only ? `Activate zone group ${only}` : 'Activate zones'} close={close} large>
      <Form submit={submit} go={() => void submit.run(write, close)} verb="Activate" close={close}>
        {!only && <Which chosen={chosen} choose={choose} />}
        {zoning?.enabled === false && <p class="waiting">Zones are not enforced, so nothing changes for hosts before that is set too.</p>}
        <Preview of={foreseen} grace={grace} />
        <Grace on={grace} set={setGrace} />
        <Note error={submit.at('note')} value={note} set={setNote} />
      </Form>
    </Dialog>
  );
}
