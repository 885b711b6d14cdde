// SPDX-License-Identifier: Apache-2.0
// views/zones/memberform.tsx - one more member, by any of the ways in which a host or a subsystem can be told.
import { useState } from 'preact/hooks';
import { ALL, ApiError, api } from '../../api/client';
import { usePoll } from '../../api/poll';
import type { ZoneMember } from '../../api/types';
import { Field, Wrong, type FieldAria } from '../../components/field';
import { HostInput, Suggested } from '../../components/hostinput';
import { useSubmit } from '../../components/submit';

type Part = 'nqn' | 'address' | 'port' | 'portid' | 'family' | 'label' | 'group' | 'alias';

interface Way {
  key: string;
  title: string;
  role?: 'host' | 'subsystem';
  /** The first one is needed. */
  parts: Part[];
}

const WAYS: Way[] = [
  { key: 'host-nqn', title: 'Host by NQN', role: 'host', parts: ['nqn', 'address'] },
  { key: 'host-group', title: 'Group of hosts', role: 'host', parts: ['group'] },
  { key: 'host-address', title: 'Hosts by address', role: 'host', parts: ['address'] },
  { key: 'host-label', title: 'Host by label', role: 'host', parts: ['label'] },
  { key: 'subsystem-nqn', title: 'Subsystem by NQN', role: 'subsystem', parts: ['nqn', 'address', 'port', 'portid', 'family'] },
  { key: 'subsystem-address', title: 'Subsystems by address', role: 'subsystem', parts: ['address', 'port'] },
  { key: 'subsystem-label', title: 'Subsystem by label', role: 'subsystem', parts: ['label'] },
  { key: 'alias', title: 'Alias', parts: ['alias'] },
];

const TITLES: Record<Part, string> = {
  nqn: 'NQN', address: 'Address', port: 'Port', portid: 'Port ID', family: 'Family', label: 'Label', group: 'Group', alias: 'Alias',
};
const NUMBERS: Part[] = ['port', 'portid'];

const HINTS: Record<string, string> = {
  'host-address': 'Or a prefix, such as 192.0.2.0/24.',
  'subsystem-address': 'Or a prefix, such as 192.0.2.0/24.',
  'host-label': 'That it registered.',
  'subsystem-label': 'As it is set here, or was registered.',
};

type Given = Partial<Record<Part, string>>;

function bodyOf(way: Way, given: Given): ZoneMember {
  const parts = way.parts.filter((part) => given[part]?.trim()).map((part) => {
    const text = given[part]!.trim();
    return [part, NUMBERS.includes(part) ? Number(text) : text];
  });
  return { ...(way.role && { role: way.role }), ...Object.fromEntries(parts) };
}

/** What the API says of add[0].nqn is about nqn here. */
async function ofFirst<T>(write: () => Promise<T>): Promise<T> {
  try {
    return await write();
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    const errors = error.problem.errors?.map((one) => ({ ...one, field: one.field.replace(/^add\[0\]\.?/, '') }));
    throw new ApiError(error.status, { ...error.problem, ...(errors && { errors }) });
  }
}

interface InputProps {
  way: Way;
  part: Part;
  aria: FieldAria;
  value: string;
  set: (value: string) => void;
}

function Known({ part, aria, value, set }: InputProps) {
  const load = {
    nqn: (signal: AbortSignal) => api.subsystems(ALL, signal).then((all) => all.items.map((s) => s.nqn)),
    group: (signal: AbortSignal) => api.groups(ALL, signal).then((all) => all.items.map((g) => g.name)),
    alias: (signal: AbortSignal) => api.zoneAliases(ALL, signal).then((all) => all.items.map((a) => a.name)),
  }[part as 'nqn' | 'group' | 'alias'];
  const known = usePoll(`member ${part}`, load, { kinds: ['subsystem', 'group', 'zone alias'] }).data ?? [];
  return <Suggested aria={aria} name={part} value={value} set={set} from={known} required />;
}

function Input({ way, part, aria, value, set }: InputProps) {
  if (part === 'nqn' && way.role === 'host') return <HostInput aria={aria} value={value} set={set} groups={false} />;
  if (part === 'nqn' || part === 'group' || part === 'alias') return <Known key={part} way={way} part={part} aria={aria} value={value} set={set} />;
  if (part === 'family') {
    return (
      <select {...aria} value={value} onChange={(event) => set(event.currentTarget.value)}>
        <option value="">any</option>
        <option value="ipv4">IPv4</option>
        <option value="ipv6">IPv6</option>
      </select>
    );
  }
  return (
    <input {...aria} name={part} required={way.parts[0] === part} autocomplete="off" spellcheck={false} value={value}
      {...(NUMBERS.includes(part) && { inputMode: 'numeric' as const })} onInput={(event) => set(event.currentTarget.value)} />
  );
}

/** add writes it. aliases: an alias will do, too. */
export function MemberForm({ add, aliases }: { add: (member: ZoneMember) => Promise<unknown>; aliases: boolean }) {
  const submit = useSubmit(['nqn', 'address', 'port', 'portid', 'family', 'label', 'group', 'alias']);
  const ways = WAYS.filter((way) => aliases || way.role);
  const [way, setWay] = useState(ways[0]!);
  const [given, set] = useState<Given>({});
  const [said, say] = useState('');
  const go = (event: Event) => {
    event.preventDefault();
    say('');
    void submit.run(() => ofFirst(() => add(bodyOf(way, given))), () => {
      set({});
      say('Added.');
    });
  };
  const choose = (key: string) => {
    setWay(ways.find((one) => one.key === key)!);
    set({});
  };
  return (
    <form class="card new-member" aria-label="Add a member" onSubmit={go}>
      <Field label="Add">
        {(aria) => (
          <select {...aria} value={way.key} onChange={(event) => choose(event.currentTarget.value)}>
            {ways.map(({ key, title }) => <option key={key} value={key}>{title}</option>)}
          </select>
        )}
      </Field>
      {way.parts.map((part, i) => (
        <Field key={`${way.key} ${part}`} label={TITLES[part] + (i ? ' (optional)' : '')} error={submit.at(part)} hint={i === 0 && HINTS[way.key]}>
          {(aria) => <Input way={way} part={part} aria={aria} value={given[part] ?? ''} set={(value) => set({ ...given, [part]: value })} />}
        </Field>
      ))}
      <div class="field"><button type="submit" disabled={submit.busy}>Add</button></div>
      <span role="status" class="said">{said}</span>
      <Wrong text={submit.other} />
    </form>
  );
}
