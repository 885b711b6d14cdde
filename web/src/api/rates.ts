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

export interface Rate {
  reads: number;
  writes: number;
  readBytes: number;
  writeBytes: number;
}

export interface Sample {
  /** Seconds, as charts have them. */
  time: number;
  /** null: nothing is known of that moment. */
  all: Rate | null;
  /** By NQN. */
  subsystems: Map<string, Rate>;
}

type Counters = Map<string, Rate>;

const zero = (): Rate => ({ reads: 0, writes: 0, readBytes: 0, writeBytes: 0 });
const KEYS = ['reads', 'writes', 'readBytes', 'writeBytes'] as const;

const samples: Sample[] = [];
/** Per worker: its last counters by subsystem, and what they came to per second. */
const last = new Map<string, { at: number; counters: Counters; rates: Counters }>();

function number(value: unknown): number {
  return typeof value === 'number' ? value : 0;
}

function countersOf(worker: Stats['workers'][number]): Counters {
  return new Map(worker.subsystems.map((subsystem) => {
    const sum = zero();
    for (const ns of subsystem.namespaces) {
      sum.reads += number(ns.reads);
      sum.writes += number(ns.writes);
      sum.readBytes += number(ns.read_bytes);
      sum.writeBytes += number(ns.write_bytes);
    }
    return [subsystem.nqn, sum];
  }));
}

/** A counter that fell began anew (another worker process, a namespace gone): what it had before is not known. */
function perSecond(now: Rate, before: Rate, seconds: number): Rate {
  const rate = zero();
  for (const key of KEYS) rate[key] = Math.max(0, now[key] - before[key]) / seconds;
  return rate;
}

/** The rates of one worker; those of before when it has said nothing since. */
function ratesOf(worker: Stats['workers'][number], now: number): Counters | undefined {
  const known = last.get(worker.worker);
  if (!worker.time) return undefined;
  const at = Date.parse(worker.time);
  if (known && at === known.at) return now - at < GAP_MS ? known.rates : undefined;
  const counters = countersOf(worker);
  const rates: Counters = new Map();
  if (known && at > known.at) {
    for (const [nqn, sum] of counters) {
      const before = known.counters.get(nqn);
      if (before) rates.set(nqn, perSecond(sum, before, (at - known.at) / 1000));
    }
  }
  last.set(worker.worker, { at, counters, rates });
  return known ? rates : undefined;
}

/** Adds what an answer says to the samples. */
function take(stats: Stats): Sample[] {
  const now = Date.parse(stats.time);
  const subsystems = new Map<string, Rate>();
  let known = false;
  for (const worker of stats.workers) {
    const rates = ratesOf(worker, now);
    if (rates) known = true;
    rates?.forEach((rate, nqn) => subsystems.set(nqn, rate));
  }
  const all = zero();
  for (const rate of subsystems.values()) for (const key of KEYS) all[key] += rate[key];
  const before = samples[samples.length - 1];
  if (before && now - before.time * 1000 > GAP_MS) samples.push({ time: now / 1000 - 1, all: null, subsystems: new Map() });
  if (!before || now > before.time * 1000) samples.push({ time: now / 1000, all: known ? all : null, subsystems });
  samples.splice(0, Math.max(0, samples.length - KEEP));
  return [...samples];
}

/** The last minutes, oldest first; a new one each second while a view that uses it is shown. */
export function useRates(): Polled<Sample[]> {
  return usePoll('stats', async (signal) => take(await api.stats(signal)), EVERY_MS);
}
