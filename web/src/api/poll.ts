// SPDX-License-Identifier: Apache-2.0
// api/poll.ts - keeps what a view shows fresh: asks again when discoveryd tells of a change, and every few seconds for what isn't told
// of; while the page is seen. The last answer is kept when none comes.
import { useEffect, useState } from 'preact/hooks';
import { ApiError } from './http';
import { isLive, listen } from './live';
import type { Change } from './types';

/** How often things are asked for of which no change is told, such as who is connected. */
const EVERY_MS = 3000;
/** And those of which it is, in case. */
const TOLD_MS = 20000;
/** Changes come in bursts. */
const SETTLE_MS = 120;
/** What takes long is asked more seldom: so many times as long passes without asking. */
const REST = 4;
/** Every view with a list that may be stale after a write asks again when it hears this. */
const CHANGED = 'pharos-changed';

/** Something was written here: what is shown is asked for again at once. */
export const changed = () => void dispatchEvent(new Event(CHANGED));

export interface Polled<T> {
  /** The last good answer; kept while discoveryd is away. */
  data?: T;
  /** What the API said instead; not for a daemon that is away (see link.ts). */
  error?: ApiError;
}

export interface Freshness {
  every?: number;
  /** It changes only with these, which are told. Otherwise: with anything, and with what isn't told too. */
  kinds?: Array<Change['kind']>;
  /** And with events of these kinds. */
  events?: string[];
  /** No change matters: only the clock. */
  deaf?: boolean;
}

class Asking<T> {
  private readonly stop = new AbortController();
  private timer = 0;
  private busy = false;
  private again = false; // asked for while an answer that may be older was on its way
  private rest = 0;

  constructor(private readonly load: (signal: AbortSignal) => Promise<T>, private readonly fresh: Freshness,
    private readonly show: (polled: Polled<T>) => void) {}

  end() {
    this.stop.abort();
    clearTimeout(this.timer);
  }

  private wait(ms: number) {
    clearTimeout(this.timer);
    if (!this.stop.signal.aborted && !document.hidden) this.timer = window.setTimeout(() => void this.now(), ms);
  }

  /** Soon, with whatever else changes until then. */
  soon = () => (this.busy ? void (this.again = true) : this.wait(Math.max(SETTLE_MS, this.rest)));

  now = async (): Promise<void> => {
    if (this.stop.signal.aborted) return;
    if (this.busy) return void (this.again = true);
    clearTimeout(this.timer);
    this.busy = true;
    const began = performance.now();
    try {
      const data = await this.load(this.stop.signal);
      if (!this.stop.signal.aborted) this.show({ data });
    } catch (error) {
      if (!this.stop.signal.aborted && error instanceof ApiError) this.show({ error });
    }
    this.busy = false;
    this.rest = REST * (performance.now() - began);
    const { kinds, every = EVERY_MS } = this.fresh;
    this.wait(Math.max(this.again ? SETTLE_MS : kinds && isLive() ? TOLD_MS : every, this.rest));
    this.again = false;
  };
}

/** What several parts of the page may show at once, asked for once; kept for a while, so that one who comes back sees it at once. */
class Shared<T> {
  readonly watchers = new Set<(polled: Polled<T>) => void>();
  last: Polled<T> = {};
  private asking: Asking<T> | undefined;
  private unlisten: (() => void) | undefined;

  constructor(private readonly load: (signal: AbortSignal) => Promise<T>, private readonly fresh: Freshness) {}

  watch(watcher: (polled: Polled<T>) => void): () => void {
    this.watchers.add(watcher);
    if (this.watchers.size === 1) this.begin();
    return () => {
      this.watchers.delete(watcher);
      if (this.watchers.size === 0) this.end();
    };
  }

  now = () => void (document.hidden || this.asking?.now());

  private begin() {
    const { kinds, events, deaf } = this.fresh;
    const asking = this.asking = new Asking(this.load, this.fresh, (polled) => {
      this.last = polled;
      this.watchers.forEach((watcher) => watcher(polled));
    });
    this.unlisten = listen({
      change: (change) => !deaf && (kinds?.includes(change.kind) ?? true) && asking.soon(),
      event: (event) => events?.includes(event.kind) && asking.soon(),
      resync: this.now,
    });
    document.addEventListener('visibilitychange', this.now);
    addEventListener(CHANGED, this.now);
    void asking.now();
  }

  private end() {
    this.asking?.end();
    this.unlisten?.();
    document.removeEventListener('visibilitychange', this.now);
    removeEventListener(CHANGED, this.now);
  }
}

/** So many that nobody watches are kept. */
const KEPT = 20;
const all = new Map<string, Shared<unknown>>();

function shared<T>(key: string, load: (signal: AbortSignal) => Promise<T>, fresh: Freshness): Shared<T> {
  const known = (all.get(key) ?? new Shared<unknown>(load, fresh)) as Shared<T>;
  all.delete(key);
  all.set(key, known as Shared<unknown>); // those used last stand last
  const idle = [...all].filter(([, one]) => one.watchers.size === 0 && one !== known);
  idle.slice(0, Math.max(0, idle.length - KEPT)).forEach(([name]) => all.delete(name));
  return known;
}

/** Calls load at once, then as fresh says; of what has the same key once for all who want it. */
export function usePoll<T>(key: string, load: (signal: AbortSignal) => Promise<T>, fresh: Freshness = {}): Polled<T> {
  const [state, setState] = useState<{ key: string; polled: Polled<T> }>();
  useEffect(() => {
    const one = shared(key, load, fresh);
    setState({ key, polled: one.last });
    return one.watch((polled) => setState({ key, polled }));
  }, [key]);
  return state?.key === key ? state.polled : (all.get(key)?.last as Polled<T> | undefined) ?? {};
}
