// SPDX-License-Identifier: Apache-2.0
// api/client.ts - the requests that views make; the only place that talks to the network.
import { linkDown, linkUp } from './link';
import type {
  Controller, DiscoveryLog, Health, Host, Namespace, Problem, Subsystem, Version,
} from './types';

const TIMEOUT_MS = 8000;
const PAGE = 100;

/** What the API answered with a status of 400 or more. */
export class ApiError extends Error {
  constructor(readonly status: number, readonly problem: Partial<Problem>) {
    super(problem.detail ?? problem.title ?? `status ${status}`);
  }
}

/** No answer at all: the daemon is away, or what answered isn't its API. */
export class Unreachable extends Error {}

export interface Items<T> {
  items: T[];
  /** There are further pages. */
  more: boolean;
}

type Query = Record<string, string | number | undefined>;

function url(path: string[], query: Query): string {
  const given = Object.entries(query).filter(([, value]) => value !== undefined && value !== '');
  const search = new URLSearchParams(given.map(([key, value]) => [key, String(value)])).toString();
  return '/api/v1/' + path.map(encodeURIComponent).join('/') + (search ? '?' + search : '');
}

async function ask(address: string, signal: AbortSignal): Promise<Response> {
  const timeout = new AbortController();
  const timer = setTimeout(() => timeout.abort(), TIMEOUT_MS);
  const stop = () => timeout.abort();
  signal.addEventListener('abort', stop);
  try {
    return await fetch(address, { signal: timeout.signal, headers: { Accept: 'application/json' }, cache: 'no-store' });
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', stop);
  }
}

async function get<T>(path: string[], query: Query, signal: AbortSignal, alsoOk = 0): Promise<T> {
  let response: Response, body: unknown;
  try {
    response = await ask(url(path, query), signal);
    body = await response.json();
  } catch (cause) {
    if (!signal.aborted) linkDown();
    throw new Unreachable(String(cause));
  }
  linkUp();
  if (!response.ok && response.status !== alsoOk) throw new ApiError(response.status, body as Partial<Problem>);
  return body as T;
}

/** The first `pages` pages of a list. */
async function list<T>(path: string[], query: Query, pages: number, signal: AbortSignal): Promise<Items<T>> {
  const items: T[] = [];
  let cursor: string | undefined;
  for (let page = 0; page < pages; page++) {
    const answer = await get<{ items: T[]; next: string | null }>(path, { ...query, limit: PAGE, cursor }, signal);
    items.push(...answer.items);
    if (answer.next === null) return { items, more: false };
    cursor = answer.next;
  }
  return { items, more: true };
}

export const api = {
  version: (signal: AbortSignal) => get<Version>(['version'], {}, signal),
  health: (signal: AbortSignal) => get<Health>(['health'], {}, signal, 503),
  subsystems: (pages: number, signal: AbortSignal) => list<Subsystem>(['subsystems'], {}, pages, signal),
  namespaces: (nqn: string, pages: number, signal: AbortSignal) =>
    list<Namespace>(['subsystems', nqn, 'namespaces'], {}, pages, signal),
  hosts: (pages: number, signal: AbortSignal) => list<Host>(['hosts'], {}, pages, signal),
  controllers: (pages: number, signal: AbortSignal) => list<Controller>(['controllers'], {}, pages, signal),
  discoveryLog: (host: string, via: string, signal: AbortSignal) =>
    get<DiscoveryLog>(['discovery-log'], { host_nqn: host, via }, signal),
};
