// SPDX-License-Identifier: Apache-2.0
// views/discovery/explain.tsx - each entry that a host could be told of, and what shows or hides it.
import { useMemo, useState } from 'preact/hooks';
import { api } from '../../api/client';
import { usePoll } from '../../api/poll';
import type { Explanation, ExplanationRow } from '../../api/types';
import { Choose, Search } from '../../components/filter';
import { count } from '../../components/format';
import { Nqn } from '../../components/nqn';
import { Show } from '../../components/polled';
import { href } from '../../components/router';
import { State } from '../../components/state';
import { Table, type Column } from '../../components/table';

/** Of rules that say nothing of the one thing that they are about; those of what is hidden may have words of their own. */
const RULES: Record<string, string> = {
  allow_list: 'the subsystem allows it by its NQN', any_host: 'the subsystem allows any host', allowed_group: 'the subsystem allows a group that it is of',
  followed: 'another discovery controller has it', referral: 'a referral', not_admitted: 'that discovery controller waits to be admitted',
  disabled: 'that discovery controller is not followed', not_for_host: 'it is told to other hosts only', loop: 'the host told us of it itself',
  duplicate: 'another entry says the same', own_address: 'it is an address of ours',
};

/** What may be all there is to it: how many paths, and in which order. */
function policy(r: ExplanationRow): string {
  const by = (group: string | null | undefined) => (group ? ` by group ${group}` : '');
  return [
    r.path_policy && r.path_policy !== 'all' && `${r.path_policy === 'spread' ? 'paths in an order of its own' : 'near paths first'}${by(r.path_policy_of)}`,
    r.max_paths && `at most ${count(r.max_paths, 'path')}${by(r.max_paths_of)}`,
  ].filter(Boolean).join(', ');
}

function Why({ row: r }: { row: ExplanationRow }) {
  const group = r.allowed_by?.startsWith('group:') ? r.allowed_by.slice('group:'.length) : '';
  const more = policy(r);
  return (
    <>
      {(r.shown ? RULES[r.rule] : r.detail ?? RULES[r.rule]) ?? r.rule}
      {r.shown && group && <>: <a href={href('hosts', { tab: 'groups', group })}>{group}</a></>}
      {r.zone && <>, zone <a href={href('zones', { group: r.zone.group, zone: r.zone.zone })}>{r.zone.group}/{r.zone.zone}</a></>}
      {r.discovery_controller && <>, <a href={href('discovery', { tab: 'controllers' })}>{r.discovery_controller}</a></>}
      {more && <span class="quiet"> ({more})</span>}
    </>
  );
}

const place = (r: ExplanationRow) => [r.traddr, r.trsvcid && `port ${r.trsvcid}`].filter(Boolean).join(', ') || '–';

const COLUMNS: Array<Column<ExplanationRow>> = [
  { title: 'State', by: (r) => r.order ?? Infinity, cell: (r) => <State state={r.shown ? 'told' : 'not told'} /> },
  { title: 'Subsystem', by: (r) => r.nqn, cell: (r) => <Nqn nqn={r.nqn} /> },
  { title: 'At', by: place, cell: (r) => <>{place(r)}{r.portal && <span class="quiet"> ({r.portal})</span>}</> },
  { title: 'Why', by: (r) => r.rule, cell: (r) => <Why row={r} /> },
];

const keyOf = (r: ExplanationRow) => [r.shown, r.order, r.nqn, r.traddr, r.trsvcid, r.portal, r.discovery_controller, r.referral, r.rule].join(' ');

function List({ of }: { of: Explanation }) {
  const [filter, set] = useState({ state: '', text: '' });
  const told = of.items.filter((r) => r.shown).length;
  const shown = useMemo(() => of.items.filter((r) => (!filter.state || r.shown === (filter.state === 'told'))
    && `${r.nqn} ${place(r)} ${r.rule} ${r.detail}`.toLowerCase().includes(filter.text.trim().toLowerCase())), [of, filter]);
  return (
    <>
      <div class="bar">
        <p class="summary">{count(told, 'entry', 'entries')} told, {count(of.items.length - told, 'entry', 'entries')} not, at {of.via}, generation {of.genctr}</p>
        <Choose label="State" value={filter.state} from={['told', 'not told']} set={(state) => set({ ...filter, state })} />
        <Search label="Subsystem, address or reason" value={filter.text} set={(text) => set({ ...filter, text })} />
      </div>
      <Table caption="What the host would discover, and why" columns={COLUMNS} items={shown} keyOf={keyOf}
        empty={of.items.length ? 'No entry is like that.' : 'There is nothing that any host could be told of.'} />
      {of.more && <p class="more">There are more than these.</p>}
    </>
  );
}

/** from: the address that it was last seen at. */
export function Explain({ host, from }: { host: string; from: string }) {
  const polled = usePoll(`explain ${host} ${from}`, (signal) => api.explain(host, from, signal));
  return <Show of={polled}>{(explanation) => <List of={explanation} />}</Show>;
}
