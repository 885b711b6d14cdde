// SPDX-License-Identifier: Apache-2.0
// api/rates.ts - what happens per second, as discoveryd tells it.  The last minutes are kept for as long as the page lives, so that a
// chart isn't empty when one comes back to it.
import { api } from './client';
import { usePoll, type Polled } from './poll';
import type { IoQuantiles, IoRate, Stats } from './types';

const EVERY_MS = 1000;
const KEEP = 300;
/** A longer silence is a gap, not a line. */
const GAP_MS = 5000;
/** Of so many subsystems and hosts, the busiest, the past is kept. */
const PAST = 64;

export type Rate = NonNullable<IoRate>;
type Times = NonNullable<IoQuantiles>;

export interface Sample {
  /** Seconds, as charts have them. */
  time: number;
  /** null: nothing is known of that moment. */
  all: Rate | null;
  /** By NQN; those without any I/O aren't there, and of the past only the busiest are. */
  subsystems: Map<string, Rate>;
  /** By NQN, over all subsystems. */
  hosts: Map<string, Rate>;
  /** By "NQN NSID"; only of now. */
  namespaces: Map<string, Rate>;
}

export const IDLE: Rate = { reads: 0, writes: 0, other: 0, read_bytes: 0, write_bytes: 0, errors: 0, read: null, write: null };
export const iops = (rate: Rate) => rate.reads + rate.writes;
const SUMS = ['reads', 'writes', 'other', 'read_bytes', 'write_bytes', 'errors'] as const;
const TAILS = ['p50_ns', 'p90_ns', 'p99_ns', 'p999_ns'] as const;

/** Of two lots of commands. The mean is exact; of percentiles the larger one is an upper bound. */
function together(a: IoQuantiles, n: number, b: IoQuantiles, m: number): IoQuantiles {
  if (!a || !b) return a ?? b;
  const times: Times = { mean_ns: n + m > 0 ? (a.mean_ns * n + b.mean_ns * m) / (n + m) : 0 };
  for (const tail of TAILS) {
    const [x, y] = [a[tail], b[tail]];
    if (x !== undefined && y !== undefined) times[tail] = Math.max(x, y);
  }
  return times;
}

export function sum(a: Rate, b: Rate): Rate {
  const rate: Rate = { ...a, read: together(a.read, a.reads, b.read, b.reads), write: together(a.write, a.writes, b.write, b.writes) };
  for (const key of SUMS) rate[key] += b[key];
  return rate;
}

/** The busiest first. */
export const busiest = (rates: Map<string, Rate>, most: number) =>
  [...rates].sort(([, a], [, b]) => iops(b) - iops(a) || b.read_bytes + b.write_bytes - a.read_bytes - a.write_bytes).slice(0, most);

/** What is over keeps little, so that ten thousand of each don't fill the memory. */
function forget(sample: Sample | undefined) {
  if (!sample) return;
  sample.namespaces = new Map();
  for (const by of ['subsystems', 'hosts'] as const) if (sample[by].size > PAST) sample[by] = new Map(busiest(sample[by], PAST));
}

/** What a worker said last counts, unless that is long ago. */
const isFresh = (worker: Stats['workers'][number], now: number) =>
  Boolean(worker.time && worker.interval_ms && now - Date.parse(worker.time) < GAP_MS);

function sampleOf(stats: Stats, now: number): Sample {
  const sample: Sample = { time: now / 1000, all: null, subsystems: new Map(), hosts: new Map(), namespaces: new Map() };
  for (const worker of stats.workers.filter((one) => isFresh(one, now))) {
    sample.all = sum(sample.all ?? IDLE, worker.rate ?? IDLE);
    for (const subsystem of worker.subsystems) {
      if (subsystem.rate) sample.subsystems.set(subsystem.nqn, subsystem.rate);
      for (const ns of subsystem.namespaces) if (ns.rate) sample.namespaces.set(`${subsystem.nqn} ${ns.nsid}`, ns.rate);
      for (const host of subsystem.hosts) if (host.rate) sample.hosts.set(host.host_nqn, sum(sample.hosts.get(host.host_nqn) ?? IDLE, host.rate));
    }
  }
  return sample;
}

const samples: Sample[] = [];
const gap = (time: number): Sample => ({ time, all: null, subsystems: new Map(), hosts: new Map(), namespaces: new Map() });

/** Adds what an answer says to the samples. */
function take(stats: Stats): Sample[] {
  const now = Date.parse(stats.time);
  const before = samples[samples.length - 1];
  if (before && now <= before.time * 1000) return [...samples];
  forget(before);
  if (before && now - before.time * 1000 > GAP_MS) samples.push(gap(now / 1000 - 1));
  samples.push(sampleOf(stats, now));
  samples.splice(0, Math.max(0, samples.length - KEEP));
  return [...samples];
}

/** The last minutes, oldest first; a new one each second while a view that uses it is shown. */
export function useRates(): Polled<Sample[]> {
  return usePoll('stats', async (signal) => take(await api.stats({ active: true }, signal)), { every: EVERY_MS, deaf: true });
}

/** What happens now; undefined while that isn't known. */
export function useNow(): Sample | undefined {
  const all = useRates().data;
  return all?.[all.length - 1];
}
