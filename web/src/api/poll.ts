// SPDX-License-Identifier: Apache-2.0
// api/poll.ts - keeps what a view shows fresh: asks every few seconds while the page is seen, keeps the last answer when none comes.
import { useEffect, useState } from 'preact/hooks';
import { ApiError } from './client';

const EVERY_MS = 3000;
/** What takes long is asked more seldom: so many times as long passes without asking. */
const REST = 4;
/** Every view with a list that may be stale after a write asks again when it hears this. */
const CHANGED = 'pharos-changed';

/** Something was written: what is shown is asked for again at once. */
export const changed = () => void dispatchEvent(new Event(CHANGED));

export interface Polled<T> {
  /** The last good answer; kept while discoveryd is away. */
  data?: T;
  /** What the API said instead; not for a daemon that is away (see link.ts). */
  error?: ApiError;
}

/** Calls load at once, every few seconds, and when the page is seen again. A new key starts afresh. */
export function usePoll<T>(key: string, load: (signal: AbortSignal) => Promise<T>, every = EVERY_MS): Polled<T> {
  const [state, setState] = useState<Polled<T> & { key: string }>({ key });

  useEffect(() => {
    const stop = new AbortController();
    let timer = 0;
    let busy = false;
    let again = false; // written to while an answer that may be older was on its way

    async function turn(): Promise<void> {
      if (busy || stop.signal.aborted) return;
      clearTimeout(timer);
      busy = true;
      const began = performance.now();
      try {
        const data = await load(stop.signal);
        if (!stop.signal.aborted) setState({ key, data });
      } catch (error) {
        if (!stop.signal.aborted && error instanceof ApiError) setState({ key, error });
      }
      busy = false;
      if (again) {
        again = false;
        return turn();
      }
      if (!stop.signal.aborted && !document.hidden) timer = window.setTimeout(turn, Math.max(every, REST * (performance.now() - began)));
    }

    const written = () => void (busy ? again = true : turn());
    const seen = () => void (document.hidden || turn());
    document.addEventListener('visibilitychange', seen);
    addEventListener(CHANGED, written);
    void turn();
    return () => {
      stop.abort();
      clearTimeout(timer);
      document.removeEventListener('visibilitychange', seen);
      removeEventListener(CHANGED, written);
    };
  }, [key]);

  return state.key === key ? state : {};
}
