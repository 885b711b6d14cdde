// SPDX-License-Identifier: Apache-2.0
// views/events/follow.ts - all events that discoveryd keeps, and those that come.
import { useEffect, useState } from 'preact/hooks';
import { ApiError, api } from '../../api/client';
import { listen } from '../../api/live';
import type { Polled } from '../../api/poll';
import type { Event as PharosEvent } from '../../api/types';

/** So many are kept in the page. */
const KEEP = 10000;
const AGAIN_MS = 3000;

/** All of them, newest first. */
async function readAll(signal: AbortSignal): Promise<PharosEvent[]> {
  const all: PharosEvent[] = [];
  for (let since = 0; ;) {
    const page = await api.events(since, signal);
    if (page.items.length === 0) return all.reverse().slice(0, KEEP);
    all.push(...page.items);
    since = page.next;
  }
}

/** Once discoveryd has been away all is read anew: it may be another one, which counts from its own first event. */
export function useEvents(): Polled<PharosEvent[]> {
  const [state, set] = useState<Polled<PharosEvent[]>>({});
  useEffect(() => {
    const stop = new AbortController();
    let timer = 0;
    const read = async () => {
      clearTimeout(timer);
      try {
        const data = await readAll(stop.signal);
        if (!stop.signal.aborted) set({ data });
      } catch (error) {
        if (stop.signal.aborted) return;
        if (error instanceof ApiError) set({ error });
        timer = window.setTimeout(() => void read(), AGAIN_MS);
      }
    };
    const add = (event: PharosEvent) => set(({ data }) => (
      !data || (data[0] && data[0].id >= event.id) ? { ...(data && { data }) } : { data: [event, ...data].slice(0, KEEP) }));
    const end = listen({ event: add, resync: () => void read() });
    void read();
    return () => {
      stop.abort();
      clearTimeout(timer);
      end();
    };
  }, []);
  return state;
}
