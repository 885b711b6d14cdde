// SPDX-License-Identifier: Apache-2.0
// views/zones/groups.tsx - zone groups as they are configured, and one of them with its zones.
import { useState } from 'preact/hooks';
import { api } from '../../api/client';
import { usePoll } from '../../api/poll';
import type { ZoneGroup, ZoneSummary } from '../../api/types';
import { Confirm, Dialog } from '../../components/dialog';
import { Field } from '../../components/field';
import { Form } from '../../components/form';
import { clock, count } from '../../components/format';
import { More, useList } from '../../components/more';
import { Show } from '../../components/polled';
import { href } from '../../components/router';
import { State } from '../../components/state';
import { useSubmit } from '../../components/submit';
import { Table, type Column } from '../../components/table';
import { Activate } from './activate';

export const WHY: Partial<Record<ZoneGroup['state'], string>> = {
  changed: 'not enforced as it is configured', invalid: 'it names what there is not', inactive: 'not enforced',
};

function Fields({ now, close }: { now?: ZoneGroup; close: () => void }) {
  const submit = useSubmit(['name', 'description']);
  const [given, set] = useState({ name: '', description: now?.description ?? '' });
  const input = (key: keyof typeof given) => (aria: object) => (
    <input {...aria} name={key} autocomplete="off" required={key === 'name'} value={given[key]} onInput={(event) => set({ ...given, [key]: event.currentTarget.value })} />
  );
  const write = () => (now
    ? api.patchZoneGroup(now.name, { description: given.description })
    : api.createZoneGroup({ name: given.name.trim(), description: given.description }));
  const done = ({ name }: ZoneGroup) => {
    close();
    if (!now) location.hash = href('zones', { group: name });
  };
  return (
    <Dialog title={now ? `Edit zone group ${now.name}` : 'Add a zone group'} close={close}>
      <Form submit={submit} go={() => void submit.run(write, done)} verb={now ? 'Save' : 'Add'} close={close}>
        {!now && <Field label="Name" error={submit.at('name')} hint="Letters, digits, . _ -">{input('name')}</Field>}
        <Field label="Description (optional)" error={submit.at('description')}>{input('description')}</Field>
      </Form>
    </Dialog>
  );
}

const COLUMNS: Array<Column<ZoneGroup>> = [
  { title: 'Zone group', by: (g) => g.name, cell: (g) => <a href={href('zones', { group: g.name })}>{g.name}</a> },
  { title: 'Description', by: (g) => g.description, cell: (g) => g.description || '–' },
  { title: 'State', by: (g) => g.state, cell: (g) => <State state={g.state} reason={WHY[g.state] ?? null} /> },
  { title: 'Zones', number: true, by: (g) => g.zones, cell: (g) => g.zones },
  { title: 'Activated', by: (g) => g.activated_at ?? '', cell: (g) => (g.activated_at ? <time dateTime={g.activated_at}>{clock(g.activated_at)}</time> : 'never') },
];

const TOLD = ['zone group', 'zone', 'zone alias', 'group'];
const EVENTS = ['zoning.activated', 'zoning.rolled_back'];

export function AllGroups() {
  const polled = usePoll('zone groups', (signal) => api.zoneGroups(50, signal), { kinds: TOLD, events: EVENTS });
  const [adding, add] = useState(false);
  return (
    <>
      <div class="head">
        <p class="summary">Hosts and subsystems that are in a zone together may meet. A group of zones is activated as a whole.</p>
        <button type="button" class="first" onClick={() => add(true)}>Add zone group</button>
      </div>
      <Show of={polled}>
        {(list) => (
          <>
            <Table caption="Zone groups" columns={COLUMNS} items={list.items} keyOf={(g) => g.name}
              empty="No zone groups. Without zones every host is told of all that it is allowed on." />
            <More of={list} />
          </>
        )}
      </Show>
      {adding && <Fields close={() => add(false)} />}
    </>
  );
}

function AddZone({ group, close }: { group: string; close: () => void }) {
  const submit = useSubmit(['name']);
  const [name, setName] = useState('');
  return (
    <Dialog title="Add a zone" close={close}>
      <Form submit={submit} verb="Add" close={close}
        go={() => void submit.run(() => api.createZone(group, { name: name.trim() }), (zone) => { location.hash = href('zones', { group, zone: zone.name }); })}>
        <Field label="Name" error={submit.at('name')} hint="Letters, digits, . _ -">
          {(aria) => <input {...aria} name="name" required autocomplete="off" value={name} onInput={(event) => setName(event.currentTarget.value)} />}
        </Field>
      </Form>
    </Dialog>
  );
}

const zoneColumns = (remove: (zone: ZoneSummary) => void): Array<Column<ZoneSummary>> => [
  { title: 'Zone', by: (z) => z.name, cell: (z) => <a href={href('zones', { group: z.group, zone: z.name })}>{z.name}</a> },
  { title: 'Members', number: true, by: (z) => z.member_count, cell: (z) => z.member_count },
  { title: 'Created', by: (z) => z.created_at, cell: (z) => <time dateTime={z.created_at}>{clock(z.created_at)}</time> },
  { title: 'Change', cell: (z) => <button type="button" aria-label={`Delete zone ${z.name}`} onClick={() => remove(z)}>Delete</button> },
];

const STAYS = 'What is enforced stays as it is until the next activation.';

function Facts({ group }: { group: ZoneGroup }) {
  const [asked, ask] = useState<'edit' | 'delete' | 'activate' | 'add'>();
  const close = () => ask(undefined);
  return (
    <div class="head">
      <p class="summary"><State state={group.state} reason={WHY[group.state] ?? null} />{group.description && <> · {group.description}</>}</p>
      <div class="buttons">
        <button type="button" onClick={() => ask('edit')}>Edit</button>
        <button type="button" class="destroys" onClick={() => ask('delete')}>Delete group</button>
        {group.state !== 'active' && <button type="button" onClick={() => ask('activate')}>Activate…</button>}
        <button type="button" class="first" onClick={() => ask('add')}>Add zone</button>
      </div>
      {asked === 'edit' && <Fields now={group} close={close} />}
      {asked === 'add' && <AddZone group={group.name} close={close} />}
      {asked === 'activate' && <Activate only={group.name} close={close} />}
      {asked === 'delete' && (
        <Confirm title={`Delete zone group ${group.name}?`} verb="Delete" close={close} act={() => api.deleteZoneGroup(group.name)}
          done={() => { location.hash = href('zones'); }}>
          <p>With its {count(group.zones, 'zone')}. {STAYS}</p>
        </Confirm>
      )}
    </div>
  );
}

export function Group({ name }: { name: string }) {
  const group = usePoll(`zone group ${name}`, (signal) => api.zoneGroup(name, signal), { kinds: TOLD, events: EVENTS });
  const zones = useList(`zones of ${name}`, (pages, signal) => api.zones(name, pages, signal), ['zone', 'zone group']);
  const [removed, remove] = useState<ZoneSummary>();
  return (
    <>
      <Show of={group}>{(now) => <Facts group={now} />}</Show>
      {!group.error && (
        <Show of={zones}>
          {(list) => (
            <>
              <Table caption={`Zones of ${name}`} columns={zoneColumns(remove)} items={list.items} keyOf={(z) => z.name} empty="No zones in this group yet." />
              <More of={list} />
            </>
          )}
        </Show>
      )}
      {removed && (
        <Confirm title={`Delete zone ${removed.name}?`} verb="Delete" close={() => remove(undefined)} act={() => api.deleteZone(name, removed.name)}>
          <p>It has {count(removed.member_count, 'member')}. {STAYS}</p>
        </Confirm>
      )}
    </>
  );
}
