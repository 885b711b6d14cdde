// SPDX-License-Identifier: Apache-2.0
// views/performance - how fast, for whom, and how busy that keeps the workers.
import { useState } from 'preact/hooks';
import { busiest, useRates, type Rate, type Sample } from '../../api/rates';
import { Choose } from '../../components/filter';
import { LoadCharts } from '../../components/load';
import { useHostName } from '../../components/nqn';
import { Show } from '../../components/polled';
import { Tabs, tabOf, type Tab } from '../../components/tabs';
import type { View } from '../view';
import { Hosts, Namespaces, Reactors } from './tables';
import { Times, type Which } from './times';

/** So many of each are proposed, the busiest. */
const PROPOSED = 15;

/** Keys as in api/times.ts. */
function rateOf(sample: Sample, key: string): Rate | undefined {
  const [kind, ...rest] = key.split(' ');
  if (kind === 'subsystem') return sample.subsystems.get(rest[0]!);
  if (kind === 'host') return sample.hosts.get(rest[0]!);
  return sample.all ?? undefined;
}

/** What did something in the last minutes, or is chosen. */
function proposals(samples: Sample[], chosen: string, nameOf: (nqn: string) => string): Array<[string, string]> {
  const some = (of: (sample: Sample) => Map<string, Rate>) => new Set(samples.slice(-60).flatMap((sample) => busiest(of(sample), PROPOSED).map(([nqn]) => nqn)));
  const list: Array<[string, string]> = [
    ...[...some((sample) => sample.subsystems)].map((nqn): [string, string] => [`subsystem ${nqn}`, nqn]),
    ...[...some((sample) => sample.hosts)].map((nqn): [string, string] => [`host ${nqn}`, `host ${nameOf(nqn) || nqn}`]),
  ];
  return chosen && !list.some(([key]) => key === chosen) ? [...list, [chosen, chosen]] : list;
}

const TABS: Tab[] = [{ key: '', title: 'Namespaces' }, { key: 'hosts', title: 'Hosts' }, { key: 'reactors', title: 'Reactors' }];

function Performance({ params }: { params: URLSearchParams }) {
  const rates = useRates();
  const nameOf = useHostName();
  const [of, choose] = useState('');
  const [which, setWhich] = useState<Which>('all');
  const tab = tabOf(TABS, params);
  const now = rates.data?.[rates.data.length - 1];
  return (
    <>
      <div class="bar">
        <Choose label="Of" value={of} set={choose} all="everything" from={proposals(rates.data ?? [], of, nameOf)} />
        <Choose label="Commands" value={which} set={(value) => setWhich(value as Which)} all={null} from={['all', 'reads', 'writes']} />
      </div>
      <Times of={of} which={which} />
      <section aria-label="Charts">
        <Show of={rates}>{(samples) => <LoadCharts tail samples={samples} of={(sample) => rateOf(sample, of)} />}</Show>
      </section>
      <section aria-label="Tables">
        <Tabs label="By" path="performance" tabs={TABS} current={tab} />
        {tab === '' && now && <Namespaces now={now} />}
        {tab === 'hosts' && now && <Hosts now={now} />}
        {tab === 'reactors' && <Reactors />}
      </section>
    </>
  );
}

export const performance: View = { path: 'performance', title: 'Performance', icon: 'performance', component: Performance };
