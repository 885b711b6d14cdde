// SPDX-License-Identifier: Apache-2.0
// components/hostinput.tsx - an input for a host's NQN that proposes those known, and a list of such.
import { useState } from 'preact/hooks';
import { ALL, api } from '../api/client';
import { usePoll } from '../api/poll';
import type { FieldAria } from './field';
import { useId } from './id';

/** So many are proposed; with more typed, others. */
const PROPOSED = 30;

interface Props {
  aria?: FieldAria;
  value: string;
  set: (value: string) => void;
  required?: boolean;
}

export function HostInput({ aria, value, set, required = true }: Props) {
  const id = useId();
  const known = usePoll('hosts', (signal) => api.hosts(ALL, signal), { kinds: ['host'] }).data?.items ?? [];
  const wanted = value.toLowerCase();
  const proposed = known.filter((h) => `${h.nqn} ${h.name}`.toLowerCase().includes(wanted)).slice(0, PROPOSED);
  return (
    <>
      <input {...aria} name="host" required={required} list={id} autocomplete="off" spellcheck={false} value={value}
        placeholder="nqn.2014-08.org.nvmexpress:uuid:…" onInput={(event) => set(event.currentTarget.value)} />
      <datalist id={id}>{proposed.map((h) => <option key={h.nqn} value={h.nqn} label={h.name} />)}</datalist>
    </>
  );
}

/** Several hosts. What is being typed is the last one, so that it counts also when nobody presses Add. */
export function HostList({ label, hosts, set }: { label: string; hosts: string[]; set: (hosts: string[]) => void }) {
  const id = useId();
  const [typing, setTyping] = useState(false);
  const chosen = typing ? hosts.slice(0, -1) : hosts;
  const typed = typing ? hosts[hosts.length - 1] ?? '' : '';
  const type = (text: string) => {
    set(text.trim() ? [...chosen, text.trim()] : chosen);
    setTyping(text.trim() !== '');
  };
  const add = () => {
    if (chosen.includes(typed)) set(chosen);
    setTyping(false);
  };
  return (
    <div role="group" aria-label={label}>
      {chosen.length > 0 && (
        <ul class="chosen">
          {chosen.map((nqn) => (
            <li key={nqn}>
              <code>{nqn}</code>
              <button type="button" aria-label={`Remove ${nqn}`} onClick={() => { set(hosts.filter((other) => other !== nqn)); }}>Remove</button>
            </li>
          ))}
        </ul>
      )}
      <div class="inline add" onKeyDown={(event) => { if (event.key === 'Enter') { event.preventDefault(); add(); } }}>
        <HostInput aria={{ id, 'aria-label': `Add to ${label}` }} value={typed} set={type} required={false} />
        <button type="button" onClick={add}>Add</button>
      </div>
    </div>
  );
}
