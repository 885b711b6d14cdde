// SPDX-License-Identifier: Apache-2.0
// views/hosts/groups.tsx - groups of hosts, which stand wherever a host could.
import { useState } from 'preact/hooks';
import { api } from '../../api/client';
import type { Group, GroupSummary } from '../../api/types';
import { Confirm, Dialog } from '../../components/dialog';
import { Few } from '../../components/few';
import { Field } from '../../components/field';
import { Edit, Form } from '../../components/form';
import { count } from '../../components/format';
import { HostList } from '../../components/hostinput';
import { More, useList } from '../../components/more';
import { PathsFields, type Paths } from '../../components/paths';
import { Show } from '../../components/polled';
import { href } from '../../components/router';
import { useSubmit } from '../../components/submit';
import { Table, type Column } from '../../components/table';

interface Props {
  now?: Group;
  tag?: string | undefined;
  again?: () => void;
  close: () => void;
}

function Fields({ now, tag, again, close }: Props) {
  const submit = useSubmit(['name', 'description', 'members', 'path_policy', 'max_paths']);
  const [given, set] = useState({ name: '', description: now?.description ?? '' });
  const [members, setMembers] = useState(now?.members ?? []);
  const [paths, setPaths] = useState<Paths>(now ?? { path_policy: null, max_paths: null });
  const input = (key: keyof typeof given) => (aria: object) => (
    <input {...aria} name={key} autocomplete="off" required={key === 'name'} value={given[key]} onInput={(event) => set({ ...given, [key]: event.currentTarget.value })} />
  );
  const body = { description: given.description, members, path_policy: paths.path_policy, max_paths: paths.max_paths };
  const write = () => (now ? api.patchGroup(now.name, body, tag) : api.createGroup({ name: given.name.trim(), ...body }));
  return (
    <Form submit={submit} go={() => void submit.run(write, close)} verb={now ? 'Save' : 'Add'} close={close} {...(again && { again })}>
      {!now && <Field label="Name" error={submit.at('name')} hint="Letters, digits, . _ -">{input('name')}</Field>}
      <Field label="Description (optional)" error={submit.at('description')}>{input('description')}</Field>
      <fieldset>
        <legend>Hosts</legend>
        <HostList label="hosts of the group" hosts={members} set={setMembers} groups={false} />
      </fieldset>
      {submit.at('members') && <p class="wrong" role="alert">{submit.at('members')}</p>}
      <PathsFields paths={paths} set={setPaths} submit={submit} unsaid="as each subsystem says" />
      {now && now.used_by.length > 0 && <p class="hint">A host that leaves loses what only the group gave it, connections included.</p>}
    </Form>
  );
}

function Users({ of }: { of: string[] }) {
  return <Few of={of} none="nothing">{(user) => (user.startsWith('nqn.') ? <a href={href('subsystems', { nqn: user, tab: 'hosts' })}>{user}</a> : user)}</Few>;
}

type Asked = { group: GroupSummary; what: 'edit' | 'delete' } | 'add' | undefined;

const columns = (ask: (asked: Asked) => void): Array<Column<GroupSummary>> => [
  { title: 'Group', by: (g) => g.name, cell: (g) => g.name },
  { title: 'Description', by: (g) => g.description, cell: (g) => g.description || '–' },
  { title: 'Hosts', number: true, by: (g) => g.member_count, cell: (g) => g.member_count },
  { title: 'Named by', by: (g) => g.used_by.length, cell: (g) => <Users of={g.used_by} /> },
  {
    title: 'Change',
    cell: (g) => (
      <span class="buttons">
        <button type="button" aria-label={`Edit group ${g.name}`} onClick={() => ask({ group: g, what: 'edit' })}>Edit</button>
        <button type="button" aria-label={`Delete group ${g.name}`} onClick={() => ask({ group: g, what: 'delete' })}>Delete</button>
      </span>
    ),
  },
];

/** only: of these names the one that was asked for. */
export function AllGroups({ only }: { only: string }) {
  const polled = useList('groups of view', api.groups, ['group', 'subsystem', 'namespace', 'referral']);
  const [asked, ask] = useState<Asked>();
  const close = () => ask(undefined);
  return (
    <>
      <div class="head">
        <p class="summary">{only ? <>Only {only}. <a href={href('hosts', { tab: 'groups' })}>All groups</a></> : <><code>group:NAME</code> does wherever a host's NQN does.</>}</p>
        <button type="button" class="first" onClick={() => ask('add')}>Add group</button>
      </div>
      <Show of={polled}>
        {(list) => (
          <>
            <Table caption="Groups of hosts" columns={columns(ask)} items={list.items.filter((g) => !only || g.name === only)} keyOf={(g) => g.name}
              empty={only ? `There is no group ${only}.` : 'No groups. With them a subsystem need not name each host.'} />
            <More of={list} />
          </>
        )}
      </Show>
      {asked === 'add' && <Dialog title="Add a group" close={close}><Fields close={close} /></Dialog>}
      {typeof asked === 'object' && asked.what === 'edit' && (
        <Edit<Group> title={`Edit group ${asked.group.name}`} close={close} load={(signal) => api.taggedGroup(asked.group.name, signal)}>
          {(now, tag, again) => <Fields now={now} tag={tag} again={again} close={close} />}
        </Edit>
      )}
      {typeof asked === 'object' && asked.what === 'delete' && (
        <Confirm title={`Delete group ${asked.group.name}?`} verb="Delete" close={close}
          preview={() => api.wouldDelete.group(asked.group.name)} act={(force) => api.deleteGroup(asked.group.name, force)}>
          <p>Its {count(asked.group.member_count, 'host')} stay, and lose what only the group gave them.</p>
        </Confirm>
      )}
    </>
  );
}
