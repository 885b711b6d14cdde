// SPDX-License-Identifier: Apache-2.0
// api/rates.ts - what happens per second, from the counters of the workers.  The last minutes are kept for as long as the page
// lives, so that a chart isn't empty when one comes back to it.
import { api } from './client';
import { usePoll, type Polled } from './poll';
import type { Stats } from './types';

const EVERY_MS = 1000;
const KEEP = 300;
/** A longer silence is a gap, not a line. */
const GAP_MS = 5000;
/** Of so many subsystems, the busiest, the past is kept. */
const PAST = 64;

type Counters = Record<string, unknown>;
type Worker = Stats['workers'][number];

/** Per second; ns: of the time that commands took, so that ns/reads is what one took. */
export interface Rate {
  reads: number;
  writes: number;
  readBytes: number;
  writeBytes: number;
  readNs: number;
  writeNs: number;
  errors: number;
}

const NAMES: Record<keyof Rate, string> = {
  reads: 'reads', writes: 'writes', readBytes: 'read_bytes', writeBytes: 'write_bytes', readNs: 'read_ns', writeNs: 'write_ns', errors: 'errors',
};
const KEYS = Object.keys(NAMES) as Array<keyof Rate>;

export interface Sample {
  /** Seconds, as charts have them. */
  time: number;
  /** null: nothing is known of that moment. */
  all: Rate | null;
  /** By NQN; of the past only the busiest. */
  subsystems: Map<string, Rate>;
  /** By "NQN NSID"; only of now. */
  namespaces: Map<string, Rate>;
}

export const iops = (rate: Rate) => rate.reads + rate.writes;
/** Seconds that a read, or a write, took; null when there was none, or it wasn't measured. */
export const latency = (rate: Rate, what: 'read' | 'write') => {
  const [ns, n] = what === 'read' ? [rate.readNs, rate.reads] : [rate.writeNs, rate.writes];
  return n > 0 && ns > 0 ? ns / n / 1e9 : null;
};

const fill = (of: (key: keyof Rate) => number) => Object.fromEntries(KEYS.map((key) => [key, of(key)])) as unknown as Rate;
const zero = () => fill(() => 0);

function add(to: Rate, rate: Rate) {
  for (const key of KEYS) to[key] += rate[key];
}

export function number(of: Counters, name: string): number {
  const value = of[name];
  return typeof value === 'number' ? value : 0;
}

const samples: Sample[] = [];
/** Per worker: its last counters by "NQN NSID", and what they came to per second. */
const last = new Map<string, { at: number; counters: Map<string, Rate>; rates: Map<string, Rate> }>();

const countersOf = (worker: Worker) => new Map(worker.subsystems.flatMap((subsystem) => subsystem.namespaces
  .map((ns) => [`${subsystem.nqn} ${number(ns, 'nsid')}`, fill((key) => number(ns, NAMES[key]))] as const)));

/** A counter that fell began anew (another worker process, another namespace): what it had before is not known. */
const perSecond = (now: Rate, before: Rate, seconds: number) => fill((key) => Math.max(0, now[key] - before[key]) / seconds);

/** The rates of one worker; those of before when it has said nothing since. */
function ratesOf(worker: Worker, now: number): Map<string, Rate> | undefined {
  const known = last.get(worker.worker);
  if (!worker.time) return undefined;
  const at = Date.parse(worker.time);
  if (known && at === known.at) return now - at < GAP_MS ? known.rates : undefined;
  const counters = countersOf(worker);
  const rates = new Map<string, Rate>();
  if (known && at > known.at) {
    for (const [key, sum] of counters) {
      const before = known.counters.get(key);
      if (before) rates.set(key, perSecond(sum, before, (at - known.at) / 1000));
    }
  }
  last.set(worker.worker, { at, counters, rates });
  return known ? rates : undefined;
}

function bySubsystem(namespaces: Map<string, Rate>): Map<string, Rate> {
  const sums = new Map<string, Rate>();
  for (const [key, rate] of namespaces) {
    const nqn = key.slice(0, key.lastIndexOf(' '));
    const sum = sums.get(nqn);
    if (sum) add(sum, rate);
    else sums.set(nqn, { ...rate });
  }
  return sums;
}

/** The busiest first. */
export const busiest = (rates: Map<string, Rate>, most: number) =>
  [...rates].sort(([, a], [, b]) => iops(b) - iops(a) || b.readBytes + b.writeBytes - a.readBytes - a.writeBytes).slice(0, most);

/** What is over keeps little, so that ten thousand subsystems don't fill the memory. */
function forget(sample: Sample | undefined) {
  if (!sample) return;
  sample.namespaces = new Map();
  if (sample.subsystems.size > PAST) sample.subsystems = new Map(busiest(sample.subsystems, PAST));
}

/** Adds what an answer says to the samples. */
function take(stats: Stats): Sample[] {
  const now = Date.parse(stats.time);
  const namespaces = new Map<string, Rate>();
  let known = false;
  for (const worker of stats.workers) {
    const rates = ratesOf(worker, now);
    if (rates) known = true;
    rates?.forEach((rate, key) => namespaces.set(key, rate));
  }
  const all = zero();
  for (const rate of namespaces.values()) add(all, rate);
  const before = samples[samples.length - 1];
  if (before && now <= before.time * 1000) return [...samples];
  forget(before);
  if (before && now - before.time * 1000 > GAP_MS) samples.push({ time: now / 1000 - 1, all: null, subsystems: new Map(), namespaces: new Map() });
  samples.push({ time: now / 1000, all: known ? all : null, subsystems: bySubsystem(namespaces), namespaces });
  samples.splice(0, Math.max(0, samples.length - KEEP));
  return [...samples];
}

/** The last minutes, oldest first; a new one each second while a view that uses it is shown. */
export function useRates(): Polled<Sample[]> {
  return usePoll('stats', async (signal) => take(await api.stats(signal)), { every: EVERY_MS, deaf: true });
}

/** What happens now; undefined while that isn't known. */
export function useNow(): Sample | undefined {
  const samples = useRates().data;
  return samples?.[samples.length - 1];
}
