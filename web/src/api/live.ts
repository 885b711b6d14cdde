// SPDX-License-Identifier: Apache-2.0
// api/live.ts - what discoveryd tells as it happens. One stream for the page, held only while the page is seen: browsers allow few
// connections to a server, and tabs in the background need none.
import { BASE, UNKNOWN } from './http';
import { authorization, isWanted, onToken, refused } from './token';
import type { Change, Event as PharosEvent, Problem } from './types';

const AGAIN_MS = 1000;

export interface Listener {
  /** That resource was written. */
  change?: (change: Change) => unknown;
  event?: (event: PharosEvent) => unknown;
  /** Something may have been missed: all that is shown has to be asked for again. */
  resync?: () => void;
}

const listeners = new Set<Listener>();
let stop: AbortController | undefined;
let open = false;
let timer = 0;

/** Changes are told; who polls may rest. */
export const isLive = () => open;

const tell = (how: (listener: Listener) => void) => [...listeners].forEach(how);

function shut() {
  clearTimeout(timer);
  stop?.abort();
  stop = undefined;
  open = false;
}

/** It's gone: what is asked now finds out whether discoveryd is, too. */
function lost() {
  const wasOpen = open;
  shut();
  timer = window.setTimeout(follow, AGAIN_MS);
  if (wasOpen) tell((listener) => listener.resync?.());
}

/** One message of the stream, by the name that it begins with. */
function take(message: string) {
  const member = (name: string) => message.split('\n').find((line) => line.startsWith(name + ': '))?.slice(name.length + 2);
  const data = member('data') ?? '{}';
  switch (member('event')) {
    case 'ready':
      open = true;
      return tell((listener) => listener.resync?.());
    case 'missed':
      return tell((listener) => listener.resync?.());
    case 'change': {
      const change = JSON.parse(data) as Change;
      return tell((listener) => listener.change?.(change));
    }
    case 'event': {
      const event = JSON.parse(data) as PharosEvent;
      return tell((listener) => listener.event?.(event));
    }
  }
}

/** Until the stream ends; not by EventSource, which can't say who asks. */
async function read(signal: AbortSignal) {
  const by = authorization();
  const response = await fetch(BASE + 'events/stream', { headers: { Accept: 'text/event-stream', ...by }, cache: 'no-store', signal });
  if (response.status === UNKNOWN) refused(by, ((await response.json()) as Partial<Problem>).detail ?? '');
  if (!response.ok || !response.body) return;
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  for (let text = ''; ;) {
    const { value, done } = await reader.read();
    if (done || signal.aborted) return;
    const messages = (text + value).split('\n\n');
    text = messages.pop() ?? '';
    messages.forEach(take);
  }
}

/** Whoever begins anew reads all it shows again; so no place in the stream needs to be kept. */
function follow() {
  shut();
  if (document.hidden || listeners.size === 0 || isWanted()) return;
  const mine = stop = new AbortController();
  const end = () => void (mine === stop && lost());
  read(mine.signal).then(end, end);
}

document.addEventListener('visibilitychange', () => (document.hidden ? shut() : follow()));
addEventListener('pagehide', shut);
onToken(follow);

/** Returns what ends it. */
export function listen(listener: Listener): () => void {
  listeners.add(listener);
  if (!stop) follow();
  return () => void listeners.delete(listener);
}
