// SPDX-License-Identifier: Apache-2.0
// api/times.ts - how long commands took, second by second, as histograms: of everything, and of each subsystem, namespace and host
// that does something.  Kept like rates.ts does.
import { api } from './client';
import { usePoll } from './poll';
import type { Io, IoTimes, Stats } from './types';

const EVERY_MS = 1000;
const KEEP = 120;
/** Of so many things the past is kept; of those that did nothing for longest it isn't. */
const MOST = 200;

/** Commands per bucket. */
export type Buckets = number[];

export interface Second {
  time: number;
  read: Buckets;
  write: Buckets;
  /** Where the time went, in commands per bucket each; absent of a host. */
  parts?: Record<'transport' | 'backend' | 'queue', Buckets>;
}

export interface Histories {
  bounds: number[];
  now: number;
  /** By '' (everything), "subsystem NQN", "namespace NQN NSID", "host NQN"; oldest first, without seconds of nothing. */
  of: Map<string, Second[]>;
}

type Told = NonNullable<Io['times']>;

const kept: Histories = { bounds: [], now: 0, of: new Map() };
/** What each record's counters were when it was told last. */
const before = new Map<string, Told>();

const plus = (a: Buckets, b: Buckets): Buckets => b.map((n, i) => n + (a[i] ?? 0));
const PARTS = ['transport', 'backend', 'queue'] as const;

/** A counter that fell began anew: the worker is another process. */
function grown(now: Buckets, then: Buckets | undefined): Buckets {
  if (!then || now.some((n, i) => n < (then[i] ?? 0))) return then ? now : now.map(() => 0);
  return now.map((n, i) => n - (then[i] ?? 0));
}

/** The bucket-wise growth of reads and writes since it was told last. */
function secondOf(key: string, told: Told, time: number): Second {
  const then = before.get(key);
  before.set(key, told);
  const second: Second = { time, read: grown(told.read.total, then?.read.total), write: grown(told.write.total, then?.write.total) };
  if (!told.read.backend) return second;
  const part = (name: (typeof PARTS)[number]) => {
    const of = (times: IoTimes | undefined) => times?.[name];
    return plus(grown(of(told.read) ?? [], of(then?.read)), grown(of(told.write) ?? [], of(then?.write)));
  };
  return { ...second, parts: { transport: part('transport'), backend: part('backend'), queue: part('queue') } };
}

const isNothing = ({ read, write }: Second) => !read.some(Boolean) && !write.some(Boolean);

function add(into: Map<string, Second>, key: string, second: Second) {
  const known = into.get(key);
  if (!known) return void into.set(key, { ...second, ...(second.parts && { parts: { ...second.parts } }) });
  known.read = plus(known.read, second.read);
  known.write = plus(known.write, second.write);
  if (known.parts && second.parts) for (const name of PARTS) known.parts[name] = plus(known.parts[name], second.parts[name]);
}

/** What happened in this second, by all of its keys. */
function secondsOf(stats: Stats, time: number): Map<string, Second> {
  const now = new Map<string, Second>();
  for (const { worker, subsystems } of stats.workers) {
    for (const { nqn, namespaces, hosts, times } of subsystems) {
      if (times) {
        const second = secondOf(`${worker} ${nqn}`, times, time);
        add(now, '', second);
        add(now, `subsystem ${nqn}`, second);
      }
      for (const ns of namespaces) if (ns.times) add(now, `namespace ${nqn} ${ns.nsid}`, secondOf(`${worker} ${nqn} ${ns.nsid}`, ns.times, time));
      for (const host of hosts) if (host.times) add(now, `host ${host.host_nqn}`, secondOf(`${worker} ${nqn} ${host.host_nqn}`, host.times, time));
    }
  }
  return now;
}

function take(stats: Stats): Histories {
  const time = Date.parse(stats.time) / 1000;
  for (const [key, second] of secondsOf(stats, time)) {
    if (isNothing(second)) continue;
    const history = [...(kept.of.get(key) ?? []), second].filter((one) => one.time > time - KEEP);
    kept.of.delete(key);
    kept.of.set(key, history); // those that did something last stand last
  }
  for (const key of [...kept.of.keys()].slice(0, Math.max(0, kept.of.size - MOST))) if (key) kept.of.delete(key);
  kept.bounds = stats.bounds_ns;
  kept.now = time;
  return { ...kept };
}

export function useTimes(): Histories | undefined {
  return usePoll('times', async (signal) => take(await api.stats({ active: true, times: true }, signal)), { every: EVERY_MS, deaf: true }).data;
}

/** All seconds in one. */
export function total(seconds: Second[], of: (second: Second) => Buckets | undefined): Buckets {
  return seconds.reduce<Buckets>((all, second) => plus(all, of(second) ?? []), []);
}

/** In nanoseconds, as if commands were spread evenly in their bucket; null when there are none. */
export function quantile(buckets: Buckets, bounds: number[], share: number): number | null {
  const all = buckets.reduce((a, b) => a + b, 0);
  let left = all * share;
  for (const [i, n] of buckets.entries()) {
    const [low, high] = [bounds[i - 1] ?? 0, bounds[i] ?? 2 * (bounds[i - 1] ?? 0)];
    if (n > 0 && left <= n) return low + (high - low) * (left / n);
    left -= n;
  }
  return null;
}

/** The time of all of them together, estimated by the middle of each bucket. */
export const timeOf = (buckets: Buckets, bounds: number[]) =>
  buckets.reduce((time, n, i) => time + n * ((bounds[i - 1] ?? 0) + (bounds[i] ?? 2 * (bounds[i - 1] ?? 0))) / 2, 0);
