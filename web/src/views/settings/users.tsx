// SPDX-License-Identifier: Apache-2.0
// views/settings/users.tsx - who may use the API, and by which tokens.
import { useState } from 'preact/hooks';
import { ALL, api } from '../../api/client';
import { usePoll } from '../../api/poll';
import type { Token, User, Whoami } from '../../api/types';
import { Command } from '../../components/copy';
import { Confirm, Dialog } from '../../components/dialog';
import { Field } from '../../components/field';
import { Edit, Form } from '../../components/form';
import { clock, count } from '../../components/format';
import { More, useList } from '../../components/more';
import { Show } from '../../components/polled';
import { useSubmit } from '../../components/submit';
import { Table, type Column } from '../../components/table';

const ROLES: Array<[User['role'], string]> = [
  ['viewer', 'reads'], ['operator', 'changes storage too'], ['admin', 'does everything: workers, users, backups, whole configurations'],
];
const DAY = 86400;

interface Props {
  now?: User;
  tag?: string | undefined;
  again?: () => void;
  close: () => void;
}

function Fields({ now, tag, again, close }: Props) {
  const submit = useSubmit(['name', 'role', 'description']);
  const [given, set] = useState({ name: '', role: now?.role ?? ROLES[0]![0], description: now?.description ?? '' });
  const input = (key: 'name' | 'description') => (aria: object) => (
    <input {...aria} name={key} autocomplete="off" required={key === 'name'} value={given[key]} onInput={(event) => set({ ...given, [key]: event.currentTarget.value })} />
  );
  const { role, description } = given;
  const write = () => (now ? api.patchUser(now.name, { role, description }, tag) : api.createUser({ name: given.name.trim(), role, description }));
  return (
    <Form submit={submit} go={() => void submit.run(write, close)} verb={now ? 'Save' : 'Add'} close={close} {...(again && { again })}>
      {!now && <Field label="Name" error={submit.at('name')} hint="Letters, digits, . _ -">{input('name')}</Field>}
      <fieldset>
        <legend>Role</legend>
        {ROLES.map(([value, words]) => (
          <label class="choice" key={value}>
            <input type="radio" name="role" checked={role === value} onChange={() => set({ ...given, role: value })} /> <span>{value} <span class="quiet">{words}</span></span>
          </label>
        ))}
      </fieldset>
      <Field label="Description (optional)" error={submit.at('description')}>{input('description')}</Field>
    </Form>
  );
}

/** What has been made is shown once, here. */
function NewToken({ users, close }: { users: User[]; close: () => void }) {
  const submit = useSubmit(['user', 'description', 'expires_in']);
  const [given, set] = useState({ user: users[0]?.name ?? '', description: '', days: '' });
  const [made, setMade] = useState<Token>();
  const body = { user: given.user, ...(given.description && { description: given.description }), ...(given.days && { expires_in: Number(given.days) * DAY }) };
  if (made?.token) {
    return (
      <Dialog title={`A token for ${made.user}`} close={close}>
        <p>It is shown only now.</p>
        <Command text={made.token} label="the token" />
        <div class="actions"><button type="button" onClick={close}>Close</button></div>
      </Dialog>
    );
  }
  return (
    <Dialog title="New token" close={close}>
      <Form submit={submit} go={() => void submit.run(() => api.createToken(body), setMade)} verb="Make" close={close}>
        <Field label="User" error={submit.at('user')}>
          {(aria) => (
            <select {...aria} value={given.user} onChange={(event) => set({ ...given, user: event.currentTarget.value })}>
              {users.map((user) => <option key={user.name}>{user.name}</option>)}
            </select>
          )}
        </Field>
        <Field label="Description (optional)" error={submit.at('description')} hint="Such as what will use it.">
          {(aria) => <input {...aria} name="description" autocomplete="off" value={given.description} onInput={(event) => set({ ...given, description: event.currentTarget.value })} />}
        </Field>
        <Field label="Days (optional)" error={submit.at('expires_in')} hint="It counts for so many days; until it is deleted when empty.">
          {(aria) => <input {...aria} name="days" type="number" min="1" step="1" value={given.days} onInput={(event) => set({ ...given, days: event.currentTarget.value })} />}
        </Field>
      </Form>
    </Dialog>
  );
}

type Asked = { user: User; what: 'edit' | 'delete' } | { token: Token } | 'user' | 'token' | undefined;

const userColumns = (ask: (asked: Asked) => void): Array<Column<User>> => [
  { title: 'User', by: (u) => u.name, cell: (u) => u.name },
  { title: 'Role', by: (u) => u.role, cell: (u) => u.role },
  { title: 'Description', by: (u) => u.description, cell: (u) => u.description || '–' },
  { title: 'Tokens', number: true, by: (u) => u.token_count, cell: (u) => u.token_count },
  { title: 'Created', by: (u) => u.created_at, cell: (u) => <time dateTime={u.created_at}>{clock(u.created_at)}</time> },
  {
    title: 'Change',
    cell: (u) => (
      <span class="buttons">
        <button type="button" aria-label={`Edit user ${u.name}`} onClick={() => ask({ user: u, what: 'edit' })}>Edit</button>
        <button type="button" aria-label={`Delete user ${u.name}`} onClick={() => ask({ user: u, what: 'delete' })}>Delete</button>
      </span>
    ),
  },
];

const tokenColumns = (me: string | null, ask: (asked: Asked) => void): Array<Column<Token>> => [
  { title: 'Token', by: (t) => t.id, cell: (t) => <><code>{t.id}</code>{t.id === me && <span class="quiet"> (yours now)</span>}</> },
  { title: 'User', by: (t) => t.user, cell: (t) => t.user },
  { title: 'Description', by: (t) => t.description, cell: (t) => t.description || '–' },
  { title: 'Counts until', by: (t) => t.expires_at ?? '~', cell: (t) => (t.expires_at ? <time dateTime={t.expires_at}>{clock(t.expires_at)}</time> : 'it is deleted') },
  { title: 'Created', by: (t) => t.created_at, cell: (t) => <time dateTime={t.created_at}>{clock(t.created_at)}</time> },
  { title: 'Last used', by: (t) => t.last_used ?? '', cell: (t) => (t.last_used ? <time dateTime={t.last_used}>{clock(t.last_used)}</time> : 'never') },
  { title: 'Change', cell: (t) => <button type="button" aria-label={`Delete token ${t.id}`} onClick={() => ask({ token: t })}>Delete</button> },
];

function Asks({ asked, users, close }: { asked: Asked; users: User[]; close: () => void }) {
  if (!asked) return null;
  if (asked === 'user') return <Dialog title="Add a user" close={close}><Fields close={close} /></Dialog>;
  if (asked === 'token') return <NewToken users={users} close={close} />;
  if ('token' in asked) {
    const { token } = asked;
    return (
      <Confirm title={`Delete token ${token.id}?`} verb="Delete" close={close} act={() => api.deleteToken(token.id)}>
        <p>It is {token.user}'s{token.description && `, ${token.description}`}. It counts no more, at once.</p>
      </Confirm>
    );
  }
  const { user, what } = asked;
  if (what === 'delete') {
    return (
      <Confirm title={`Delete user ${user.name}?`} verb="Delete" close={close} act={(force) => api.deleteUser(user.name, force)}>
        <p>With {count(user.token_count, 'token')}, which {user.token_count === 1 ? 'counts' : 'count'} no more, at once.</p>
      </Confirm>
    );
  }
  return (
    <Edit<User> title={`Edit user ${user.name}`} close={close} load={(signal) => api.taggedUser(user.name, signal)}>
      {(now, tag, again) => <Fields now={now} tag={tag} again={again} close={close} />}
    </Edit>
  );
}

const inWords = (me: Whoami) => (me.authentication
  ? `You are ${me.user}, ${me.role}.`
  : 'discoveryd wants no tokens: whoever may use this machine may do everything. With --api-auth it wants them.');

export function Users() {
  const me = usePoll('whoami', api.whoami, { every: 60000, kinds: ['user', 'token'] }).data;
  const users = useList('users', api.users, ['user', 'token']);
  const tokens = usePoll('tokens', (signal) => api.tokens(ALL, signal), { kinds: ['user', 'token'] });
  const [asked, ask] = useState<Asked>();
  return (
    <>
      <div class="head">
        <p class="summary">{me && inWords(me)}</p>
        <button type="button" class="first" onClick={() => ask('user')}>Add user</button>
      </div>
      <Show of={users}>
        {(list) => (
          <>
            <Table caption="Users" columns={userColumns(ask)} items={list.items} keyOf={(u) => u.name} empty="No users." />
            <More of={list} />
          </>
        )}
      </Show>
      <section aria-labelledby="tokens">
        <div class="head">
          <h2 id="tokens">Tokens</h2>
          {users.data && users.data.items.length > 0 && <button type="button" onClick={() => ask('token')}>New token</button>}
        </div>
        <Show of={tokens}>
          {(list) => <Table caption="Tokens" columns={tokenColumns(me?.token ?? null, ask)} items={list.items} keyOf={(t) => t.id} empty="No tokens." />}
        </Show>
      </section>
      <Asks asked={asked} users={users.data?.items ?? []} close={() => ask(undefined)} />
    </>
  );
}
