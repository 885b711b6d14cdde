// SPDX-License-Identifier: Apache-2.0
// views/zones - which hosts may know of which subsystems: what is configured, what of it is enforced, and what was.
import { useState } from 'preact/hooks';
import { api } from '../../api/client';
import { usePoll } from '../../api/poll';
import type { Zoning } from '../../api/types';
import { clock, count } from '../../components/format';
import { Show } from '../../components/polled';
import { State } from '../../components/state';
import { Tabs, tabOf, type Tab } from '../../components/tabs';
import type { View } from '../view';
import { Activate } from './activate';
import { Active } from './active';
import { Alias, Aliases } from './aliases';
import { AllGroups, Group } from './groups';
import { History } from './history';
import { Rules } from './rules';
import { Zone } from './zone';

const FRESH = { kinds: ['zone group', 'zone', 'zone alias', 'group'], events: ['zoning.activated', 'zoning.rolled_back', 'zoning.settings', 'zoning.ddc'] };

function Facts({ zoning }: { zoning: Zoning }) {
  const [asked, ask] = useState<'activate' | 'rules'>();
  const close = () => ask(undefined);
  return (
    <>
      <dl class="facts">
        <div><dt>Zones are</dt><dd><State state={zoning.enabled ? 'enforced' : 'not enforced'} /></dd></div>
        <div class="wide"><dt>A subsystem in no zone</dt><dd>{zoning.default_zone === 'open' ? 'is told to all that it allows (open)' : 'is told to nobody (closed)'}</dd></div>
        <div><dt>Configured</dt><dd>{count(zoning.zones, 'zone')} in {count(zoning.groups, 'group')}</dd></div>
        <div>
          <dt>Enforced{zoning.changed_at && <> since <time dateTime={zoning.changed_at}>{clock(zoning.changed_at)}</time></>}</dt>
          <dd>{count(zoning.active_zones, 'zone')} in {count(zoning.active_groups, 'group')}</dd>
        </div>
      </dl>
      <div class="head after-facts">
        <p class="summary">{zoning.pending ? <State state="changed" reason="What is configured is not what is enforced." /> : 'What is configured is what is enforced.'}</p>
        <div class="buttons">
          <button type="button" onClick={() => ask('rules')}>Rules…</button>
          <button type="button" class={zoning.pending ? 'first' : undefined} onClick={() => ask('activate')}>Preview and activate…</button>
        </div>
      </div>
      {asked === 'activate' && <Activate close={close} />}
      {asked === 'rules' && <Rules close={close} />}
    </>
  );
}

const TABS: Tab[] = [
  { key: '', title: 'Zone groups' },
  { key: 'aliases', title: 'Aliases' },
  { key: 'active', title: 'Enforced' },
  { key: 'history', title: 'History' },
];

function Lists({ params }: { params: URLSearchParams }) {
  const zoning = usePoll('zoning', api.zoning, FRESH);
  const tab = tabOf(TABS, params);
  return (
    <>
      <Show of={zoning}>{(now) => <Facts zoning={now} />}</Show>
      <Tabs label="Zones" path="zones" tabs={TABS} current={tab} />
      {tab === '' && <AllGroups />}
      {tab === 'aliases' && <Aliases />}
      {tab === 'active' && <Active />}
      {tab === 'history' && <History />}
    </>
  );
}

function Zones({ params }: { params: URLSearchParams }) {
  const [group, zone, alias] = ['group', 'zone', 'alias'].map((name) => params.get(name));
  if (group && zone) return <Zone key={`${group}/${zone}`} group={group} name={zone} />;
  if (group) return <Group key={group} name={group} />;
  if (alias) return <Alias key={alias} name={alias} />;
  return <Lists params={params} />;
}

const titleOf = (params: URLSearchParams) => params.get('zone') ?? params.get('group') ?? params.get('alias') ?? undefined;

export const zones: View = { path: 'zones', title: 'Zones', icon: 'zones', titleOf, component: Zones };
