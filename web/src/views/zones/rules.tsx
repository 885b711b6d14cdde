// SPDX-License-Identifier: Apache-2.0
// views/zones/rules.tsx - whether zones are enforced, what holds for a subsystem in none, and who else may make some.
import { useState } from 'preact/hooks';
import { api } from '../../api/client';
import { usePoll } from '../../api/poll';
import type { Zoning } from '../../api/types';
import { Edit, Form } from '../../components/form';
import { Suggested } from '../../components/hostinput';
import { useId } from '../../components/id';
import { useSubmit } from '../../components/submit';
import { Grace } from './activate';
import { Preview, usePreview } from './preview';

type Ddc = Zoning['ddcs'][number];

/** By which those that are followed are hosts of ours. */
const namesOf = (signal: AbortSignal) => api.discoveryControllers(1, signal)
  .then((all) => all.items.map((dc) => dc.host_nqn).filter((nqn) => nqn !== null));

function Ddcs({ list, set }: { list: Ddc[]; set: (list: Ddc[]) => void }) {
  const id = useId();
  const known = usePoll('zoning controllers', namesOf).data ?? [];
  const [typed, type] = useState('');
  const add = () => {
    const nqn = typed.trim();
    if (nqn && !list.some((ddc) => ddc.nqn === nqn)) set([...list, { nqn, own_subsystems: false }]);
    type('');
  };
  return (
    <fieldset>
      <legend>Discovery controllers that may zone what they present</legend>
      {list.length > 0 && (
        <ul class="chosen">
          {list.map((ddc) => (
            <li key={ddc.nqn}>
              <code>{ddc.nqn}</code>
              <label class="choice">
                <input type="checkbox" checked={ddc.own_subsystems === true} aria-label={`${ddc.nqn} may zone our subsystems too`}
                  onChange={(event) => set(list.map((one) => (one === ddc ? { ...ddc, own_subsystems: event.currentTarget.checked } : one)))} />
                ours too
              </label>
              <button type="button" aria-label={`Remove ${ddc.nqn}`} onClick={() => set(list.filter((one) => one !== ddc))}>Remove</button>
            </li>
          ))}
        </ul>
      )}
      <div class="inline add" onKeyDown={(event) => { if (event.key === 'Enter') { event.preventDefault(); add(); } }}>
        <Suggested aria={{ id, 'aria-label': 'NQN of a discovery controller' }} name="ddc" value={typed} set={type} from={known} />
        <button type="button" onClick={add}>Add</button>
      </div>
    </fieldset>
  );
}

interface Props {
  now: Zoning;
  tag: string | undefined;
  again: () => void;
  close: () => void;
}

function Fields({ now, tag, again, close }: Props) {
  const submit = useSubmit(['default_zone', 'ddcs']);
  const [given, set] = useState({ enabled: now.enabled, default_zone: now.default_zone, ddcs: now.ddcs });
  const [grace, setGrace] = useState(false);
  const differs = given.enabled !== now.enabled || given.default_zone !== now.default_zone;
  const foreseen = usePreview(differs ? { groups: [], enabled: given.enabled, default_zone: given.default_zone } : undefined);
  const choice = (value: Zoning['default_zone'], words: string) => (
    <label class="choice">
      <input type="radio" name="default_zone" checked={given.default_zone === value} onChange={() => set({ ...given, default_zone: value })} /> {words}
    </label>
  );
  return (
    <Form submit={submit} go={() => void submit.run(() => api.patchZoning({ ...given, grace }, tag), close)} verb="Save" close={close} again={again}>
      <label class="choice">
        <input type="checkbox" checked={given.enabled} onChange={(event) => set({ ...given, enabled: event.currentTarget.checked })} /> Zones are enforced
      </label>
      <fieldset>
        <legend>A subsystem in no zone</legend>
        {choice('open', 'is told to all hosts that it allows (open)')}
        {choice('closed', 'is told to nobody (closed)')}
      </fieldset>
      <Ddcs list={given.ddcs} set={(ddcs) => set({ ...given, ddcs })} />
      {submit.at('ddcs') && <p class="wrong" role="alert">{submit.at('ddcs')}</p>}
      {differs && <Preview of={foreseen} grace={grace} />}
      {differs && <Grace on={grace} set={setGrace} />}
      <p class="hint">Holds at once.</p>
    </Form>
  );
}

export function Rules({ close }: { close: () => void }) {
  return (
    <Edit<Zoning> title="Rules of zoning" close={close} large load={(signal) => api.taggedZoning(signal)}>
      {(now, tag, again) => <Fields now={now} tag={tag} again={again} close={close} />}
    </Edit>
  );
}
