// SPDX-License-Identifier: Apache-2.0
// api/link.ts - is discoveryd there?  Every request says so; the page shows it.
import { useEffect, useState } from 'preact/hooks';

export interface Link {
  up: boolean;
  /** When it last answered; 0: never so far. */
  heard: number;
}

let link: Link = { up: true, heard: 0 };
const listeners = new Set<() => void>();

function change(next: Link) {
  const told = next.up !== link.up || (link.heard === 0 && next.heard !== 0);
  link = next;
  if (told) listeners.forEach((listener) => listener());
}

export const linkUp = () => change({ up: true, heard: Date.now() });
export const linkDown = () => change({ up: false, heard: link.heard });

export function useLink(): Link {
  const [, redraw] = useState(0);
  useEffect(() => {
    const listener = () => redraw((n) => n + 1);
    listeners.add(listener);
    listener(); // it may have changed between rendering and now
    return () => void listeners.delete(listener);
  }, []);
  return link;
}
