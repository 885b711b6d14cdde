// SPDX-License-Identifier: Apache-2.0
// views/zones/active.tsx - the zones that are enforced: ours, and those that other discovery controllers sent.
import { useMemo, useState } from 'preact/hooks';
import { ALL, api } from '../../api/client';
import { usePoll } from '../../api/poll';
import type { ActiveZoneGroup } from '../../api/types';
import { Dialog } from '../../components/dialog';
import { clock, count } from '../../components/format';
import { Nqn } from '../../components/nqn';
import { Show } from '../../components/polled';
import { Table, type Column } from '../../components/table';
import { Member, inWords, keyOf, roleOf } from './member';

type Zone = ActiveZoneGroup['zones'][number];

interface Row {
  group: ActiveZoneGroup;
  zone: Zone;
}

const of = (zone: Zone, role: string) => zone.members.filter((m) => m.role === role).length;

const columns = (show: (zone: Zone) => void): Array<Column<Row>> => [
  { title: 'Zone group', by: (r) => r.group.name, cell: (r) => r.group.name },
  { title: 'Zone', by: (r) => r.zone.name, cell: (r) => r.zone.name },
  { title: 'From', by: (r) => r.group.originator ?? '', cell: (r) => (r.group.originator ? <Nqn nqn={r.group.originator} /> : 'here') },
  { title: 'Hosts', number: true, by: (r) => of(r.zone, 'host'), cell: (r) => of(r.zone, 'host') },
  { title: 'Subsystems', number: true, by: (r) => of(r.zone, 'subsystem'), cell: (r) => of(r.zone, 'subsystem') },
  { title: 'Since', by: (r) => r.group.activated_at, cell: (r) => <><time dateTime={r.group.activated_at}>{clock(r.group.activated_at)}</time>, change {r.group.change}</> },
  { title: 'Members', cell: (r) => <button type="button" aria-label={`Members of ${r.group.name}/${r.zone.name}`} onClick={() => show(r.zone)}>Show</button> },
];

const MEMBERS: Array<Column<Zone['members'][number]>> = [
  { title: 'Role', by: roleOf, cell: roleOf },
  { title: 'Member', by: inWords, cell: (m) => <Member member={m} /> },
];

/** Groups as they were enforced at some time. */
export function Zones({ groups, empty }: { groups: ActiveZoneGroup[]; empty: string }) {
  const [shown, show] = useState<Zone>();
  const rows = useMemo(() => groups.flatMap((group): Row[] => group.zones.map((zone) => ({ group, zone }))), [groups]);
  return (
    <>
      <Table caption="Enforced zones" columns={columns(show)} items={rows} keyOf={(r) => `${r.group.originator} ${r.group.name} ${r.zone.name}`} empty={empty} />
      {shown && (
        <Dialog title={`Members of zone ${shown.name}`} close={() => show(undefined)} large>
          <Table caption={`Members of ${shown.name}`} columns={MEMBERS} items={shown.members} keyOf={keyOf} empty="None." />
          <div class="actions"><button type="button" onClick={() => show(undefined)}>Close</button></div>
        </Dialog>
      )}
    </>
  );
}

export function Active() {
  const polled = usePoll('active zones', (signal) => api.activeZoning(ALL, signal), { kinds: [], events: ['zoning.activated', 'zoning.rolled_back', 'zoning.ddc'] });
  return (
    <Show of={polled}>
      {({ items }) => (
        <>
          <p class="summary">{count(items.length, 'group')}, with their aliases and groups of hosts as they were when they were activated.</p>
          <Zones groups={items} empty="No zone is enforced." />
        </>
      )}
    </Show>
  );
}
