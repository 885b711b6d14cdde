// SPDX-License-Identifier: Apache-2.0
// views/subsystems/edit.tsx - what can be changed of a subsystem: its label, and the portals that it is served on.
import { useState } from 'preact/hooks';
import { ALL, api } from '../../api/client';
import { usePoll } from '../../api/poll';
import type { Portal, Subsystem } from '../../api/types';
import { Field } from '../../components/field';
import { Edit, Form } from '../../components/form';
import { PathsFields, type Paths } from '../../components/paths';
import { useSubmit } from '../../components/submit';

type Chosen = string[] | null;

function Choice({ portals, chosen, set }: { portals: Portal[]; chosen: Chosen; set: (chosen: Chosen) => void }) {
  const toggle = (id: string, on: boolean) => set([...(chosen ?? []).filter((other) => other !== id), ...(on ? [id] : [])]);
  return (
    <fieldset>
      <legend>Served on</legend>
      <label class="choice">
        <input type="checkbox" checked={chosen === null} onChange={(event) => set(event.currentTarget.checked ? null : portals.map((p) => p.id))} />
        every portal of its worker
      </label>
      {chosen && portals.map((p) => (
        <label class="choice" key={p.id}>
          <input type="checkbox" checked={chosen.includes(p.id)} onChange={(event) => toggle(p.id, event.currentTarget.checked)} />
          {p.id} <span class="quiet">{p.traddr}, port {p.trsvcid}</span>
        </label>
      ))}
      {chosen?.length === 0 && <p class="hint">On none: no host will reach it, and those connected are cut off.</p>}
    </fieldset>
  );
}

interface Props {
  now: Subsystem;
  tag: string | undefined;
  again: () => void;
  close: () => void;
}

function Fields({ now, tag, again, close }: Props) {
  const portals = usePoll('portals', (signal) => api.portals(ALL, signal), { kinds: ['portal'] }).data?.items ?? [];
  const submit = useSubmit(['label', 'portals', 'path_policy', 'max_paths']);
  const [label, setLabel] = useState(now.label);
  const [chosen, setChosen] = useState<Chosen>(now.portals);
  const [paths, setPaths] = useState<Paths>(now);
  const go = () => void submit.run(() => api.patchSubsystem(now.nqn, { label, portals: chosen, path_policy: paths.path_policy, max_paths: paths.max_paths }, tag), close);
  return (
    <Form submit={submit} go={go} verb="Save" close={close} again={again}>
      <Field label="Label" error={submit.at('label')} hint="For people; told to hosts that ask for extended entries.">
        {(aria) => <input {...aria} name="label" autocomplete="off" value={label} onInput={(event) => setLabel(event.currentTarget.value)} />}
      </Field>
      <Choice portals={portals.filter((p) => p.worker === now.worker)} chosen={chosen} set={setChosen} />
      {submit.at('portals') && <p class="wrong" role="alert">{submit.at('portals')}</p>}
      <PathsFields paths={paths} set={setPaths} submit={submit} />
    </Form>
  );
}

export function EditSubsystem({ nqn, close }: { nqn: string; close: () => void }) {
  return (
    <Edit<Subsystem> title="Edit subsystem" close={close} load={(signal) => api.taggedSubsystem(nqn, signal)}>
      {(now, tag, again) => <Fields now={now} tag={tag} again={again} close={close} />}
    </Edit>
  );
}
