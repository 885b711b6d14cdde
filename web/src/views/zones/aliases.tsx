// SPDX-License-Identifier: Apache-2.0
// views/zones/aliases.tsx - names for members that several zones have.
import { useState } from 'preact/hooks';
import { api } from '../../api/client';
import { usePoll } from '../../api/poll';
import type { ZoneAlias, ZoneAliasSummary } from '../../api/types';
import { Confirm, Dialog } from '../../components/dialog';
import { Field } from '../../components/field';
import { Form } from '../../components/form';
import { clock } from '../../components/format';
import { More, useList } from '../../components/more';
import { Show } from '../../components/polled';
import { href } from '../../components/router';
import { useSubmit } from '../../components/submit';
import { Table, type Column } from '../../components/table';
import { Members } from './members';

const to = (alias: string) => href('zones', { tab: 'aliases', alias });

function Add({ close }: { close: () => void }) {
  const submit = useSubmit(['name']);
  const [name, setName] = useState('');
  return (
    <Dialog title="Add an alias" close={close}>
      <Form submit={submit} verb="Add" close={close} go={() => void submit.run(() => api.createZoneAlias({ name: name.trim() }), (alias) => { location.hash = to(alias.name); })}>
        <Field label="Name" error={submit.at('name')} hint="Letters, digits, . _ -">
          {(aria) => <input {...aria} name="name" required autocomplete="off" value={name} onInput={(event) => setName(event.currentTarget.value)} />}
        </Field>
      </Form>
    </Dialog>
  );
}

const COLUMNS: Array<Column<ZoneAliasSummary>> = [
  { title: 'Alias', by: (a) => a.name, cell: (a) => <a href={to(a.name)}>{a.name}</a> },
  { title: 'Created', by: (a) => a.created_at, cell: (a) => <time dateTime={a.created_at}>{clock(a.created_at)}</time> },
];

export function Aliases() {
  const polled = useList('zone aliases', api.zoneAliases, ['zone alias']);
  const [adding, add] = useState(false);
  return (
    <>
      <div class="head">
        <p class="summary">Zones that name an alias get its members when they are activated.</p>
        <button type="button" class="first" onClick={() => add(true)}>Add alias</button>
      </div>
      <Show of={polled}>
        {(list) => (
          <>
            <Table caption="Aliases" columns={COLUMNS} items={list.items} keyOf={(a) => a.name} empty="No aliases." />
            <More of={list} />
          </>
        )}
      </Show>
      {adding && <Add close={() => add(false)} />}
    </>
  );
}

/** "zone GROUP/ZONE" as a link. */
function User({ user }: { user: string }) {
  const [group, zone] = user.replace(/^zone /, '').split('/', 2);
  return group && zone ? <a href={href('zones', { group, zone })}>{group}/{zone}</a> : <>{user}</>;
}

function Editor({ alias }: { alias: ZoneAlias }) {
  const [deleting, ask] = useState(false);
  return (
    <>
      <div class="head">
        <p class="summary">Alias, named by {alias.used_by.length === 0 && 'no zone'}{alias.used_by.map((user, i) => <span key={user}>{i > 0 && ', '}<User user={user} /></span>)}.</p>
        <div class="buttons"><button type="button" class="destroys" onClick={() => ask(true)}>Delete alias</button></div>
      </div>
      <Members of={`alias ${alias.name}`} members={alias.members} aliases={false} change={(body) => api.changeZoneAliasMembers(alias.name, body)} />
      {deleting && (
        <Confirm title={`Delete alias ${alias.name}?`} verb="Delete" close={() => ask(false)} act={(force) => api.deleteZoneAlias(alias.name, force)}
          done={() => { location.hash = href('zones', { tab: 'aliases' }); }}>
          <p>A zone that names it can't be activated then.</p>
        </Confirm>
      )}
    </>
  );
}

export function Alias({ name }: { name: string }) {
  const polled = usePoll(`zone alias ${name}`, (signal) => api.zoneAlias(name, signal), { kinds: ['zone alias', 'zone', 'zone group', 'group'] });
  return <Show of={polled}>{(alias) => <Editor alias={alias} />}</Show>;
}
