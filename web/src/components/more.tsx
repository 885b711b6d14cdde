// SPDX-License-Identifier: Apache-2.0
// components/more.tsx - a list, whole up to a bound that no page should pass.
import { ALL, type Items } from '../api/client';
import { usePoll, type Freshness, type Polled } from '../api/poll';

/** Polls all pages of a list; kinds as in Freshness. */
export function useList<T>(key: string, load: (pages: number, signal: AbortSignal) => Promise<Items<T>>, kinds?: Freshness['kinds']): Polled<Items<T>> {
  return usePoll(key, (signal) => load(ALL, signal), kinds && { kinds });
}

export function More<T>({ of }: { of: Items<T> }) {
  return of.more ? <p class="more">Only the first {of.items.length.toLocaleString('en')} are shown.</p> : null;
}
