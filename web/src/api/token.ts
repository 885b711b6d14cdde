// SPDX-License-Identifier: Apache-2.0
// api/token.ts - the token by which discoveryd knows who asks, where it wants one. Kept by the browser for this tab alone.
import { useEffect, useState } from 'preact/hooks';

const KEY = 'pharos-token';

function kept(): string {
  try {
    return sessionStorage.getItem(KEY) ?? '';
  } catch {
    return '';
  }
}

function keep(value: string) {
  try {
    if (value) sessionStorage.setItem(KEY, value);
    else sessionStorage.removeItem(KEY);
  } catch {
    // then it holds for this page
  }
}

let token = kept();
/** Why one has to be given; undefined: it need not. */
let wanted: string | undefined;
const listeners = new Set<() => void>();

function tell() {
  [...listeners].forEach((listener) => listener());
}

/** What requests say of who asks. */
export const authorization = (): Record<string, string> => (token ? { Authorization: `Bearer ${token}` } : {});

/** It was asked by that, and isn't known: of one that has been given since nothing is said. */
export function refused(by: Record<string, string>, why: string) {
  if (wanted !== undefined || by['Authorization'] !== authorization()['Authorization']) return;
  wanted = token ? why || 'It does not count any more.' : '';
  tell();
}

export const isWanted = () => wanted !== undefined;

/** '' forgets it: who goes on has to give one again, where one is wanted. */
export function give(value: string) {
  token = value;
  keep(value);
  wanted = undefined;
  tell();
}

/** Returns what ends it. */
export function onToken(listener: () => void): () => void {
  listeners.add(listener);
  return () => void listeners.delete(listener);
}

export function useToken(): { wanted: string | undefined; given: boolean } {
  const [, redraw] = useState(0);
  useEffect(() => onToken(() => redraw((n) => n + 1)), []);
  return { wanted, given: token !== '' };
}
