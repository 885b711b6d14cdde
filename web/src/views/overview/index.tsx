// SPDX-License-Identifier: Apache-2.0
// views/overview - is all well, how much is there, what needs attention, what goes through now, and what has happened.
import { ALL, api } from '../../api/client';
import { usePoll } from '../../api/poll';
import { busiest, iops, useRates, type Sample } from '../../api/rates';
import { bytesPerSecond, clock, count, perSecond } from '../../components/format';
import { LoadCharts } from '../../components/load';
import { Show } from '../../components/polled';
import { SubsystemLink } from '../../components/nqn';
import { href } from '../../components/router';
import { State } from '../../components/state';
import { Table, type Column } from '../../components/table';
import type { View } from '../view';
import { findings, type Facts, type Finding } from './attention';

/** So many findings are shown; the rest is counted. */
const SHOWN = 50;
const BUSIEST = 5;
const EVENTS = 8;

async function load(signal: AbortSignal): Promise<Facts> {
  const [health, subsystems, portals, workers, controllers, hosts, waiting, discovery, zoning, failed] = await Promise.all([
    api.health(signal), api.subsystems(ALL, signal), api.portals(ALL, signal), api.workers(ALL, signal),
    api.controllers({}, ALL, signal), api.hostNames(signal), api.waitingHosts(signal),
    api.discoveryControllers(ALL, signal), api.zoning(signal), api.failedSnapshots(signal),
  ]);
  return {
    health, subsystems: subsystems.items, portals: portals.items, workers: workers.items, controllers: controllers.items, hosts: hosts.items.length,
    waiting: waiting.items, discovery: discovery.items, zoning, failedSnapshots: failed.items,
  };
}

function Tile({ title, value, more, path }: { title: string; value: number; more: string; path: string }) {
  return (
    <a class="tile" href={href(path)}>
      <span class="tile-title">{title}</span>{' '}
      <span class="tile-value">{value.toLocaleString('en')}</span>{' '}
      <span class="tile-more">{more}</span>
    </a>
  );
}

function Tiles({ facts: { subsystems, controllers, workers, portals, hosts } }: { facts: Facts }) {
  const namespaces = subsystems.reduce((sum, s) => sum + s.namespace_count, 0);
  const connected = new Set(controllers.map((c) => c.host_nqn)).size;
  const queues = controllers.reduce((sum, c) => sum + c.qpairs, 0);
  const running = workers.filter((w) => w.state === 'running').length;
  return (
    <div class="tiles">
      <Tile title="Subsystems" value={subsystems.length} more={count(namespaces, 'namespace')} path="subsystems" />
      <Tile title="Hosts connected" value={connected} more={`${hosts.toLocaleString('en')} admitted`} path="hosts" />
      <Tile title="Controllers" value={controllers.length} more={count(queues, 'queue')} path="topology" />
      <Tile title="Workers running" value={running} more={`of ${workers.length}, ${count(portals.length, 'portal')}`} path="workers" />
    </div>
  );
}

function What({ finding }: { finding: Finding }) {
  return finding.link ? <a href={finding.link}>{finding.what}</a> : <>{finding.what}</>;
}

function Attention({ facts }: { facts: Facts }) {
  const list = findings(facts);
  return (
    <section aria-labelledby="attention">
      <h2 id="attention">Needs attention</h2>
      {list.length === 0 && <p class="fine">Nothing: {facts.health.checks.map((check) => check.detail).join(', ')}.</p>}
      {list.length > 0 && (
        <ul class="findings">
          {list.slice(0, SHOWN).map((finding) => (
            <li key={finding.what + finding.why}>
              <span><State state={finding.tone} /></span>
              <span><strong><What finding={finding} /></strong> {finding.why}</span>
            </li>
          ))}
        </ul>
      )}
      {list.length > SHOWN && <p class="summary">and {count(list.length - SHOWN, 'further one', 'further ones')}</p>}
    </section>
  );
}

type Busy = ReturnType<typeof busiest>[number];

const BUSY_COLUMNS: Array<Column<Busy>> = [
  { title: 'Subsystem', cell: ([nqn]) => <SubsystemLink nqn={nqn} /> },
  { title: 'IOPS', number: true, cell: ([, rate]) => perSecond(iops(rate)) },
  { title: 'Read', number: true, cell: ([, rate]) => bytesPerSecond(rate.read_bytes) },
  { title: 'Written', number: true, cell: ([, rate]) => bytesPerSecond(rate.write_bytes) },
];

function Busiest({ now }: { now: Sample | undefined }) {
  const list = now ? busiest(now.subsystems, BUSIEST).filter(([, rate]) => iops(rate) > 0) : [];
  return (
    <section aria-labelledby="busiest">
      <h2 id="busiest">Busiest now</h2>
      <Table caption="Busiest subsystems" columns={BUSY_COLUMNS} items={list} keyOf={([nqn]) => nqn} empty="No I/O at the moment." />
    </section>
  );
}

function Recent() {
  const polled = usePoll('recent', (signal) => api.latestEvents(EVENTS, signal));
  return (
    <section aria-labelledby="recent">
      <div class="head"><h2 id="recent">Latest events</h2><a href={href('events')}>All events</a></div>
      <Show of={polled}>
        {({ items }) => (items.length ? (
          <ul class="events">
            {[...items].reverse().map((event) => (
              <li key={event.id}>
                <time dateTime={event.time}>{clock(event.time)}</time>
                <span>{event.severity !== 'info' && <><State state={event.severity} />{' '}</>}{event.text}</span>
              </li>
            ))}
          </ul>
        ) : <p class="empty">Nothing has happened yet.</p>)}
      </Show>
    </section>
  );
}

function First() {
  return (
    <p class="empty">
      There are no subsystems yet: a new one takes a minute.<br />
      <a class="button first" href={href('subsystems', { new: 'subsystem' })}>Create the first one</a>
    </p>
  );
}

function Overview() {
  const facts = usePoll('facts', load, { events: ['host.waiting', 'dc.waiting', 'dc.lost', 'dc.connected', 'zoning.activated', 'zoning.rolled_back', 'snapshot.failed', 'snapshot.deleted'] });
  const rates = useRates();
  return (
    <>
      <Show of={facts}>
        {(data) => (
          <>
            <Tiles facts={data} />
            {data.subsystems.length === 0 && <section aria-label="Begin"><First /></section>}
            <Attention facts={data} />
          </>
        )}
      </Show>
      <section aria-labelledby="load">
        <h2 id="load">I/O now</h2>
        <Show of={rates}>{(samples) => <LoadCharts samples={samples} of={(sample) => sample.all ?? undefined} />}</Show>
      </section>
      <div class="columns">
        <Busiest now={rates.data?.[rates.data.length - 1]} />
        <Recent />
      </div>
    </>
  );
}

export const overview: View = { path: '', title: 'Overview', icon: 'overview', component: Overview };
