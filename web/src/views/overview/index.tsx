// SPDX-License-Identifier: Apache-2.0
// views/overview - is all well, how much is there, what needs attention, and what goes through now.
import { ALL, api } from '../../api/client';
import { usePoll } from '../../api/poll';
import { useRates, type Rate, type Sample } from '../../api/rates';
import { Chart } from '../../components/chart';
import { bytes, count, perSecond } from '../../components/format';
import { Show } from '../../components/polled';
import { href } from '../../components/router';
import { State } from '../../components/state';
import type { View } from '../view';
import { findings, type Facts, type Finding } from './attention';

/** So many findings are shown; the rest is counted. */
const SHOWN = 50;

type All = Facts & { hostCount: number };

async function load(signal: AbortSignal): Promise<All> {
  const [health, subsystems, portals, workers, controllers, hosts] = await Promise.all([
    api.health(signal), api.subsystems(ALL, signal), api.portals(ALL, signal), api.workers(ALL, signal),
    api.controllers({}, ALL, signal), api.hosts(ALL, signal),
  ]);
  return {
    health, subsystems: subsystems.items, portals: portals.items, workers: workers.items, controllers: controllers.items,
    hostCount: hosts.items.length,
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

function Tiles({ facts: { subsystems, controllers, workers, portals, hostCount } }: { facts: All }) {
  const namespaces = subsystems.reduce((sum, s) => sum + s.namespace_count, 0);
  const connected = new Set(controllers.map((c) => c.host_nqn)).size;
  const queues = controllers.reduce((sum, c) => sum + c.qpairs, 0);
  const running = workers.filter((w) => w.state === 'running').length;
  return (
    <div class="tiles">
      <Tile title="Subsystems" value={subsystems.length} more={count(namespaces, 'namespace')} path="subsystems" />
      <Tile title="Hosts connected" value={connected} more={`${hostCount} registered`} path="hosts" />
      <Tile title="Controllers" value={controllers.length} more={count(queues, 'queue')} path="hosts" />
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
              <State state={finding.tone} />
              <span><strong><What finding={finding} /></strong> {finding.why}</span>
            </li>
          ))}
        </ul>
      )}
      {list.length > SHOWN && <p class="summary">and {count(list.length - SHOWN, 'further one', 'further ones')}</p>}
    </section>
  );
}

const pick = (samples: Sample[], key: keyof Rate) => samples.map((sample) => sample.all && sample.all[key]);

function Charts({ samples }: { samples: Sample[] }) {
  const times = samples.map((sample) => sample.time);
  if (!samples.some((sample) => sample.all)) return <p class="empty">Waiting for the counters of the workers…</p>;
  return (
    <div class="charts">
      <Chart label="IOPS" times={times} least={10} format={perSecond} lines={[
        { title: 'reads', colour: 'first', values: pick(samples, 'reads') },
        { title: 'writes', colour: 'second', values: pick(samples, 'writes') },
      ]} />
      <Chart label="Bandwidth" binary times={times} least={1024} format={(value) => `${bytes(value, 1)}/s`} lines={[
        { title: 'read', colour: 'first', values: pick(samples, 'readBytes') },
        { title: 'written', colour: 'second', values: pick(samples, 'writeBytes') },
      ]} />
    </div>
  );
}

function Load() {
  const rates = useRates();
  return (
    <section aria-labelledby="load">
      <h2 id="load">I/O now</h2>
      <Show of={rates}>{(samples) => <Charts samples={samples} />}</Show>
    </section>
  );
}

function First() {
  return (
    <p class="empty">
      There are no subsystems yet. <a class="button" href={href('subsystems', { new: 'subsystem' })}>Create the first one</a>
    </p>
  );
}

function Overview() {
  const facts = usePoll('facts', load);
  return (
    <>
      <Show of={facts}>
        {(data) => (
          <>
            <Tiles facts={data} />
            {data.subsystems.length === 0 && <First />}
            <Attention facts={data} />
          </>
        )}
      </Show>
      <Load />
    </>
  );
}

export const overview: View = { path: '', title: 'Overview', component: Overview };
