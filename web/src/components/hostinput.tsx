// SPDX-License-Identifier: Apache-2.0
// components/hostinput.tsx - an input that proposes what is known: of a host's NQN, and of any name; and a list of hosts.
import { useState } from 'preact/hooks';
import { ALL, api, type HostName } from '../api/client';
import { usePoll } from '../api/poll';
import type { FieldAria } from './field';
import { useId } from './id';
import { GROUP } from './nqn';

/** So many are proposed; with more typed, others. */
const PROPOSED = 30;
/** So many of those chosen are shown at once. */
const SHOWN = 100;

interface Props {
  aria?: FieldAria;
  value: string;
  set: (value: string) => void;
  required?: boolean;
  /** Groups of hosts will do too. */
  groups?: boolean;
}

export function HostInput({ aria, value, set, required = true, groups = true }: Props) {
  const id = useId();
  const known = usePoll('host names', api.hostNames, { kinds: ['host'] }).data?.items ?? [];
  const named = usePoll('groups', (signal) => api.groups(ALL, signal), { kinds: ['group'] }).data?.items ?? [];
  const wanted = value.toLowerCase();
  const all = [...(groups ? named.map((g): HostName => ({ nqn: GROUP + g.name, name: g.description })) : []), ...known];
  const proposed = all.filter((h) => `${h.nqn} ${h.name}`.toLowerCase().includes(wanted)).slice(0, PROPOSED);
  return (
    <>
      <input {...aria} name="host" required={required} list={id} autocomplete="off" spellcheck={false} value={value}
        placeholder="nqn.2014-08.org.nvmexpress:uuid:…" onInput={(event) => set(event.currentTarget.value)} />
      <datalist id={id}>{proposed.map((h) => <option key={h.nqn} value={h.nqn} label={h.name} />)}</datalist>
    </>
  );
}

interface SuggestedProps {
  aria: FieldAria;
  name: string;
  value: string;
  set: (value: string) => void;
  from: string[];
  required?: boolean;
}

/** Of names that need no name for people. */
export function Suggested({ aria, name, value, set, from, required = false }: SuggestedProps) {
  const id = useId();
  const proposed = from.filter((one) => one.toLowerCase().includes(value.toLowerCase())).slice(0, PROPOSED);
  return (
    <>
      <input {...aria} name={name} required={required} list={id} autocomplete="off" spellcheck={false} value={value}
        onInput={(event) => set(event.currentTarget.value)} />
      <datalist id={id}>{proposed.map((one) => <option key={one} value={one} />)}</datalist>
    </>
  );
}

/** Several hosts. What is being typed is the last one, so that it counts also when nobody presses Add. */
export function HostList({ label, hosts, set, groups = true }: { label: string; hosts: string[]; set: (hosts: string[]) => void; groups?: boolean }) {
  const id = useId();
  const [typing, setTyping] = useState(false);
  const chosen = typing ? hosts.slice(0, -1) : hosts;
  const typed = typing ? hosts[hosts.length - 1] ?? '' : '';
  const shown = chosen.length > SHOWN ? chosen.filter((nqn) => nqn.includes(typed)).slice(0, SHOWN) : chosen;
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
          {shown.map((nqn) => (
            <li key={nqn}>
              <code>{nqn}</code>
              <button type="button" aria-label={`Remove ${nqn}`} onClick={() => { set(hosts.filter((other) => other !== nqn)); }}>Remove</button>
            </li>
          ))}
          {chosen.length > shown.length && <li class="quiet">of {chosen.length}; what is typed below narrows the list</li>}
        </ul>
      )}
      <div class="inline add" onKeyDown={(event) => { if (event.key === 'Enter') { event.preventDefault(); add(); } }}>
        <HostInput aria={{ id, 'aria-label': `Add to ${label}` }} value={typed} set={type} required={false} groups={groups} />
        <button type="button" onClick={add}>Add</button>
      </div>
    </div>
  );
}
