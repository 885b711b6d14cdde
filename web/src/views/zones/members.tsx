// SPDX-License-Identifier: Apache-2.0
// views/zones/members.tsx - the members of a zone or of an alias. Each one that comes or goes is written at once: nothing of it is
// enforced before it is activated.
import { useMemo, useState } from 'preact/hooks';
import type { ZoneMember } from '../../api/types';
import { Wrong } from '../../components/field';
import { Choose, Search, ofAll } from '../../components/filter';
import { count } from '../../components/format';
import { State } from '../../components/state';
import { useSubmit } from '../../components/submit';
import { Table, type Column } from '../../components/table';
import { Member, inWords, keyOf, plain, roleOf } from './member';
import { MemberForm } from './memberform';

interface Props {
  of: string;
  members: ZoneMember[];
  /** What is to be said of some, by their keys. */
  notes?: Map<string, string>;
  change: (change: { add?: ZoneMember[]; remove?: ZoneMember[] }) => Promise<unknown>;
  aliases: boolean;
}

const columns = (notes: Map<string, string>, remove: (member: ZoneMember) => void): Array<Column<ZoneMember>> => [
  { title: 'Role', by: roleOf, cell: roleOf },
  { title: 'Member', by: inWords, cell: (m) => <Member member={m} /> },
  { title: 'State', by: (m) => notes.get(keyOf(m)) ?? '', cell: (m) => (notes.has(keyOf(m)) ? <State state={notes.get(keyOf(m))!} /> : '–') },
  { title: 'Change', cell: (m) => <button type="button" aria-label={`Remove ${roleOf(m)} ${inWords(m)}`} onClick={() => remove(m)}>Remove</button> },
];

export function Members({ of, members, notes = new Map<string, string>(), change, aliases }: Props) {
  const submit = useSubmit();
  const [filter, setFilter] = useState('');
  const [role, setRole] = useState('');
  const shown = useMemo(() => members.filter((m) => (!role || roleOf(m) === role) && inWords(m).toLowerCase().includes(filter.trim().toLowerCase())), [members, filter, role]);
  const all = columns(notes, (m) => void submit.run(() => change({ remove: [plain(m)] })));
  return (
    <>
      <MemberForm add={(member) => change({ add: [member] })} aliases={aliases} />
      <div class="bar">
        <p class="summary">{ofAll(shown.length, members.length, count(members.length, 'member'))}</p>
        <Choose label="Role" value={role} from={['host', 'subsystem', ...(aliases ? ['alias'] : [])]} set={setRole} />
        <Search label="Filter members" value={filter} set={setFilter} />
      </div>
      <Wrong text={submit.other} />
      <Table caption={`Members of ${of}`} columns={notes.size ? all : all.filter((c) => c.title !== 'State')} items={shown} keyOf={keyOf}
        empty={members.length ? 'No member is like that.' : 'No members. Hosts and subsystems that are in a zone together may meet.'} />
    </>
  );
}
