// SPDX-License-Identifier: Apache-2.0
// components/load.tsx - the three charts of what goes through: of everything, or of one subsystem.
import { latency, type Rate, type Sample } from '../api/rates';
import { Chart } from './chart';
import { bytesPerSecond, perSecond, seconds } from './format';

const QUICK = 20e-6;

export function LoadCharts({ samples, of }: { samples: Sample[]; of: (sample: Sample) => Rate | null }) {
  const times = samples.map((sample) => sample.time);
  const rates = samples.map(of);
  const pick = (how: (rate: Rate) => number | null) => rates.map((rate) => rate && how(rate));
  if (!rates.some(Boolean)) return <p class="empty">Waiting for the counters of the workers…</p>;
  return (
    <div class="charts">
      <Chart label="IOPS" times={times} least={10} format={perSecond} lines={[
        { title: 'reads', colour: 'first', values: pick((rate) => rate.reads) },
        { title: 'writes', colour: 'second', values: pick((rate) => rate.writes) },
      ]} />
      <Chart label="Bandwidth" binary times={times} least={1024} format={bytesPerSecond} lines={[
        { title: 'read', colour: 'first', values: pick((rate) => rate.readBytes) },
        { title: 'written', colour: 'second', values: pick((rate) => rate.writeBytes) },
      ]} />
      <Chart label="Latency" times={times} least={QUICK} format={seconds} lines={[
        { title: 'of reads', colour: 'first', values: pick((rate) => latency(rate, 'read')) },
        { title: 'of writes', colour: 'second', values: pick((rate) => latency(rate, 'write')) },
      ]} />
    </div>
  );
}
