// SPDX-License-Identifier: Apache-2.0
// api/reactors.ts - how busy the threads of the workers are, and what memory these have, from two answers in a row.
import { api } from './client';
import { usePoll } from './poll';
import type { Stats } from './types';

const EVERY_MS = 2000;

export interface Reactor {
  index: number;
  /** 0 to 1; null: not known yet. */
  busy: number | null;
  turns: number | null;
}

export interface WorkerLoad {
  memory: number | undefined;
  /** When it said so. */
  time: string | undefined;
  reactors: Reactor[];
}

type Told = Stats['workers'][number];
type Counters = Told['reactors'][number];

function number(of: Counters, name: string): number {
  const value = of[name];
  return typeof value === 'number' ? value : 0;
}

function reactorOf(now: Counters, before: Counters | undefined, seconds: number): Reactor {
  const index = number(now, 'index');
  if (!before || seconds <= 0) return { index, busy: null, turns: null };
  const past = (name: string) => Math.max(0, number(now, name) - number(before, name));
  const all = past('busy_ns') + past('idle_ns');
  return { index, busy: all > 0 ? past('busy_ns') / all : 0, turns: past('loops') / seconds };
}

function loadOf(now: Told, before: Told | undefined): WorkerLoad {
  const seconds = before?.time && now.time ? (Date.parse(now.time) - Date.parse(before.time)) / 1000 : 0;
  return {
    memory: now.resident_bytes, time: now.time ?? undefined,
    reactors: now.reactors.map((reactor, i) => reactorOf(reactor, before?.reactors[i], seconds)),
  };
}

const told = new Map<string, Told>();
let loads = new Map<string, WorkerLoad>();

/** By worker; what it said last stands until it says something new. */
async function load(signal: AbortSignal): Promise<Map<string, WorkerLoad>> {
  const next = new Map<string, WorkerLoad>();
  for (const worker of (await api.stats({ active: true }, signal)).workers) {
    const before = told.get(worker.worker);
    const known = loads.get(worker.worker);
    next.set(worker.worker, known && before?.time === worker.time ? known : loadOf(worker, before));
    told.set(worker.worker, worker);
  }
  loads = next;
  return loads;
}

export function useWorkerLoads(): Map<string, WorkerLoad> {
  return usePoll('reactors', load, { every: EVERY_MS, deaf: true }).data ?? loads;
}
