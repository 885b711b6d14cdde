// SPDX-License-Identifier: Apache-2.0
// components/more.tsx - a list that shows its first page and offers the next.
import { useState } from 'preact/hooks';
import type { Items } from '../api/client';
import { usePoll, type Polled } from '../api/poll';

/** Polls the pages shown so far; showMore adds one. */
export function usePages<T>(key: string, load: (pages: number, signal: AbortSignal) => Promise<Items<T>>):
    { polled: Polled<Items<T>>; showMore: () => void } {
  const [pages, setPages] = useState(1);
  const [last, setLast] = useState<Items<T>>();
  const polled = usePoll(`${key} ${pages}`, async (signal) => {
    const items = await load(pages, signal);
    setLast(items);
    return items;
  });
  const data = polled.data ?? (polled.error ? undefined : last); // while the longer list is on its way
  return {
    polled: { ...polled, ...(data && { data }) },
    showMore: () => setPages((n) => n + 1),
  };
}

export function More<T>({ of, showMore }: { of: Items<T>; showMore: () => void }) {
  if (!of.more) return null;
  return (
    <p class="more">
      The first {of.items.length} are shown. <button type="button" onClick={showMore}>Show more</button>
    </p>
  );
}
