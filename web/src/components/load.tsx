// SPDX-License-Identifier: Apache-2.0
// components/load.tsx - the charts of what goes through: of everything, or of one thing.
import { IDLE, type Rate, type Sample } from '../api/rates';
import { Chart } from './chart';
import { bytesPerSecond, perSecond, seconds } from './format';

/** Scales of latency reach at least so far. */
const QUICK = 20e-6;
const inSeconds = (ns: number | undefined) => (ns === undefined ? null : ns / 1e9);

interface Props {
  samples: Sample[];
  /** undefined: it did nothing. */
  of: (sample: Sample) => Rate | undefined;
  /** With the slowest commands. */
  tail?: boolean;
}

export function LoadCharts({ samples, of, tail = false }: Props) {
  const times = samples.map((sample) => sample.time);
  const rates = samples.map((sample) => sample.all && (of(sample) ?? IDLE));
  const pick = (how: (rate: Rate) => number | null) => rates.map((rate) => rate && how(rate));
  if (!rates.some(Boolean)) return <p class="empty">Waiting for the counters of the workers…</p>;
  return (
    <div class={tail ? 'charts four' : 'charts'}>
      <Chart label="IOPS" times={times} least={10} format={perSecond} lines={[
        { title: 'reads', colour: 'first', values: pick((rate) => rate.reads) },
        { title: 'writes', colour: 'second', values: pick((rate) => rate.writes) },
      ]} />
      <Chart label="Bandwidth" binary times={times} least={1024} format={bytesPerSecond} lines={[
        { title: 'read', colour: 'first', values: pick((rate) => rate.read_bytes) },
        { title: 'written', colour: 'second', values: pick((rate) => rate.write_bytes) },
      ]} />
      <Chart label="Latency" times={times} least={QUICK} format={seconds} lines={[
        { title: 'reads', colour: 'first', values: pick((rate) => inSeconds(rate.read?.mean_ns)) },
        { title: 'writes', colour: 'second', values: pick((rate) => inSeconds(rate.write?.mean_ns)) },
      ]} />
      {tail && (
        <Chart label="99 % are faster than" times={times} least={QUICK} format={seconds} lines={[
          { title: 'reads', colour: 'first', values: pick((rate) => inSeconds(rate.read?.p99_ns)) },
          { title: 'writes', colour: 'second', values: pick((rate) => inSeconds(rate.write?.p99_ns)) },
        ]} />
      )}
    </div>
  );
}
