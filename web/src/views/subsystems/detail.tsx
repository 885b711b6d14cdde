// SPDX-License-Identifier: Apache-2.0
// views/subsystems/detail.tsx - one subsystem, and all that can be done to it.
import { useState } from 'preact/hooks';
import { api } from '../../api/client';
import { usePoll } from '../../api/poll';
import { useRates } from '../../api/rates';
import type { Subsystem } from '../../api/types';
import { Confirm } from '../../components/dialog';
import { clock, count } from '../../components/format';
import { LoadCharts } from '../../components/load';
import { Show } from '../../components/polled';
import { href } from '../../components/router';
import { State } from '../../components/state';
import { Tabs, tabOf, type Tab } from '../../components/tabs';
import { Allowed } from './allowed';
import { Connect } from './connect';
import { EditSubsystem } from './edit';
import { Namespaces } from './namespaces';
import { Snapshots, useSnapshots } from './snapshots';

type Asked = 'edit' | 'delete' | undefined;

function Facts({ s, ask }: { s: Subsystem; ask: (what: Asked) => void }) {
  return (
    <>
      <div class="head">
        <p class="summary"><State state={s.status.state} reason={s.status.reason} /></p>
        <div class="buttons">
          <a class="button" href={href('topology', { focus: s.nqn })}>Topology</a>
          <button type="button" onClick={() => ask('edit')}>Edit</button>
          <button type="button" class="destroys" onClick={() => ask('delete')}>Delete subsystem</button>
        </div>
      </div>
      <dl class="facts">
        {s.label && <div><dt>Label</dt><dd>{s.label}</dd></div>}
        <div><dt>Serial</dt><dd>{s.serial}</dd></div>
        <div><dt>Model</dt><dd>{s.model}</dd></div>
        <div><dt>Worker</dt><dd>{s.worker ? <a href={href('workers')}>{s.worker}</a> : 'none'}</dd></div>
        <div><dt>Portals</dt><dd>{s.portals ? s.portals.join(', ') || 'none' : 'all of its worker'}</dd></div>
        <div><dt>Connected</dt><dd>{count(s.controller_count, 'controller')}</dd></div>
        <div><dt>Created</dt><dd><time dateTime={s.created_at}>{clock(s.created_at)}</time></dd></div>
      </dl>
    </>
  );
}

function Delete({ s, close }: { s: Subsystem; close: () => void }) {
  return (
    <Confirm title="Delete this subsystem?" verb="Delete" close={close} preview={() => api.wouldDelete.subsystem(s.nqn)} act={(force) => api.deleteSubsystem(s.nqn, force)}
      done={() => { location.hash = href('subsystems'); }}>
      <p><code>{s.nqn}</code> with {count(s.namespace_count, 'namespace')}; {count(s.controller_count, 'controller')} connected. What is
        kept in memory is gone for good, files stay.</p>
    </Confirm>
  );
}

function Load({ nqn }: { nqn: string }) {
  const rates = useRates();
  return <Show of={rates}>{(samples) => <LoadCharts tail samples={samples} of={(sample) => sample.subsystems.get(nqn)} />}</Show>;
}

const tabsOf = (s: Subsystem, snapshots: number | undefined): Tab[] => [
  { key: '', title: 'Namespaces', count: s.namespace_count },
  { key: 'snapshots', title: 'Snapshots', count: snapshots },
  { key: 'hosts', title: 'Hosts', ...(!s.allow_any_host && { count: s.hosts.length }) },
  { key: 'connect', title: 'Connect' },
  { key: 'load', title: 'I/O' },
];

function One({ s, params }: { s: Subsystem; params: URLSearchParams }) {
  const [asked, ask] = useState<Asked>();
  const tabs = tabsOf(s, useSnapshots(s.nqn).data?.items.length);
  const tab = tabOf(tabs, params);
  const close = () => ask(undefined);
  return (
    <>
      <Facts s={s} ask={ask} />
      <Tabs label="Of this subsystem" path="subsystems" params={{ nqn: s.nqn }} tabs={tabs} current={tab} />
      {tab === '' && <Namespaces nqn={s.nqn} />}
      {tab === 'snapshots' && <Snapshots nqn={s.nqn} />}
      {tab === 'hosts' && <Allowed nqn={s.nqn} />}
      {tab === 'connect' && <Connect nqn={s.nqn} />}
      {tab === 'load' && <Load nqn={s.nqn} />}
      {asked === 'edit' && <EditSubsystem nqn={s.nqn} close={close} />}
      {asked === 'delete' && <Delete s={s} close={close} />}
    </>
  );
}

export function Detail({ nqn, params }: { nqn: string; params: URLSearchParams }) {
  const polled = usePoll(`subsystem ${nqn}`, (signal) => api.subsystem(nqn, signal));
  return <Show of={polled}>{(s) => <One s={s} params={params} />}</Show>;
}
