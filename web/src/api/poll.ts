// SPDX-License-Identifier: Apache-2.0
// api/poll.ts - keeps what a view shows fresh: asks every few seconds while the page is seen, keeps the last answer when none comes.
import { useEffect, useState } from 'preact/hooks';
import { ApiError } from './client';

const EVERY_MS = 3000;

export interface Polled<T> {
  /** The last good answer; kept while discoveryd is away. */
  data?: T;
  /** What the API said instead; not for a daemon that is away (see link.ts). */
  error?: ApiError;
}

/** Calls load at once, every few seconds, and when the page is seen again. A new key starts afresh. */
export function usePoll<T>(key: string, load: (signal: AbortSignal) => Promise<T>): Polled<T> {
  const [state, setState] = useState<Polled<T> & { key: string }>({ key });

  useEffect(() => {
    const stop = new AbortController();
    let timer = 0;
    let busy = false;

    async function turn() {
      if (busy || stop.signal.aborted) return;
      clearTimeout(timer);
      busy = true;
      try {
        const data = await load(stop.signal);
        if (!stop.signal.aborted) setState({ key, data });
      } catch (error) {
        if (!stop.signal.aborted && error instanceof ApiError) setState({ key, error });
      }
      busy = false;
      if (!stop.signal.aborted && !document.hidden) timer = window.setTimeout(turn, EVERY_MS);
    }

    const seen = () => void (document.hidden || turn());
    document.addEventListener('visibilitychange', seen);
    void turn();
    return () => {
      stop.abort();
      clearTimeout(timer);
      document.removeEventListener('visibilitychange', seen);
    };
  }, [key]);

  return state.key === key ? state : {};
}
