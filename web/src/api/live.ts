// SPDX-License-Identifier: Apache-2.0
// api/live.ts - what discoveryd tells as it happens. One stream for the page, held only while the page is seen: browsers allow few
// connections to a server, and tabs in the background need none.
import { BASE } from './http';
import type { Change, Event as PharosEvent } from './types';

const AGAIN_MS = 1000;

export interface Listener {
  /** That resource was written. */
  change?: (change: Change) => unknown;
  event?: (event: PharosEvent) => unknown;
  /** Something may have been missed: all that is shown has to be asked for again. */
  resync?: () => void;
}

const listeners = new Set<Listener>();
let source: EventSource | undefined;
let open = false;
let timer = 0;

/** Changes are told; who polls may rest. */
export const isLive = () => open;

const tell = (how: (listener: Listener) => void) => [...listeners].forEach(how);
const parsed = <T>(message: Event): T => JSON.parse((message as MessageEvent<string>).data) as T;

function shut() {
  clearTimeout(timer);
  source?.close();
  source = undefined;
  open = false;
}

/** It's gone: what is asked now finds out whether discoveryd is, too. */
function lost() {
  const wasOpen = open;
  shut();
  timer = window.setTimeout(follow, AGAIN_MS);
  if (wasOpen) tell((listener) => listener.resync?.());
}

/** Whoever begins anew reads all it shows again; so no place in the stream needs to be kept. */
function follow() {
  shut();
  if (document.hidden || listeners.size === 0) return;
  source = new EventSource(BASE + 'events/stream');
  source.addEventListener('ready', () => {
    open = true;
    tell((listener) => listener.resync?.());
  });
  source.addEventListener('missed', () => tell((listener) => listener.resync?.()));
  source.addEventListener('change', (message) => {
    const change = parsed<Change>(message);
    tell((listener) => listener.change?.(change));
  });
  source.addEventListener('event', (message) => {
    const event = parsed<PharosEvent>(message);
    tell((listener) => listener.event?.(event));
  });
  source.addEventListener('error', lost);
}

document.addEventListener('visibilitychange', () => (document.hidden ? shut() : follow()));
addEventListener('pagehide', shut);

/** Returns what ends it. */
export function listen(listener: Listener): () => void {
  listeners.add(listener);
  if (!source) follow();
  return () => void listeners.delete(listener);
}
