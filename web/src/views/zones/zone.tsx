// SPDX-License-Identifier: Apache-2.0
// views/zones/zone.tsx - one zone: its members, and which of them nobody knows.
import { useMemo, useState } from 'preact/hooks';
import { api } from '../../api/client';
import { usePoll } from '../../api/poll';
import type { Zone as ZoneType } from '../../api/types';
import { Confirm } from '../../components/dialog';
import { Wrong } from '../../components/field';
import { count } from '../../components/format';
import { Show } from '../../components/polled';
import { href } from '../../components/router';
import { useSubmit } from '../../components/submit';
import { keyOf } from './member';
import { Members } from './members';
import { usePreview } from './preview';

/** Of members of this zone as it is configured, by their keys; nothing where the group can't be activated. */
function useNotes(zone: ZoneType): Map<string, string> {
  const { preview } = usePreview({ groups: [zone.group] }, JSON.stringify(zone.members));
  return useMemo(() => {
    const here = (list: NonNullable<typeof preview>['unknown_members'] = []) => list.filter((m) => m.group === zone.group && m.zone === zone.name);
    return new Map([...here(preview?.unknown_members).map((m) => [keyOf(m.member), 'nobody known'] as const),
      ...here(preview?.foreign_members).map((m) => [keyOf(m.member), 'elsewhere'] as const)]);
  }, [preview, zone]);
}

function Editor({ zone }: { zone: ZoneType }) {
  const submit = useSubmit();
  const [deleting, ask] = useState(false);
  const notes = useNotes(zone);
  const enforce = (fabric_enforced: boolean) => void submit.run(() => api.patchZone(zone.group, zone.name, { fabric_enforced }));
  return (
    <>
      <div class="head">
        <p class="summary">Zone of group <a href={href('zones', { group: zone.group })}>{zone.group}</a>. Holds once the group is activated.</p>
        <label class="choice">
          <input type="checkbox" checked={zone.fabric_enforced} onChange={(event) => enforce(event.currentTarget.checked)} /> enforced by the fabric
        </label>
        <div class="buttons"><button type="button" class="destroys" onClick={() => ask(true)}>Delete zone</button></div>
      </div>
      <Wrong text={submit.other} />
      <Members of={`zone ${zone.name}`} members={zone.members} notes={notes} aliases change={(body) => api.changeZoneMembers(zone.group, zone.name, body)} />
      {deleting && (
        <Confirm title={`Delete zone ${zone.name}?`} verb="Delete" close={() => ask(false)} act={() => api.deleteZone(zone.group, zone.name)}
          done={() => { location.hash = href('zones', { group: zone.group }); }}>
          <p>It has {count(zone.members.length, 'member')}. What is enforced stays as it is until the next activation.</p>
        </Confirm>
      )}
    </>
  );
}

export function Zone({ group, name }: { group: string; name: string }) {
  const polled = usePoll(`zone ${group}/${name}`, (signal) => api.zone(group, name, signal), { kinds: ['zone', 'zone group', 'group'] });
  return <Show of={polled}>{(zone) => <Editor zone={zone} />}</Show>;
}
