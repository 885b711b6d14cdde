// SPDX-License-Identifier: Apache-2.0
// api/client.ts - the requests that views make; the only place that talks to the network.
import { linkDown, linkUp } from './link';
import type {
  AllowedHostPage, Controller, DiscoveryLog, Event, Health, Host, Namespace, NamespaceCreate, NamespacePatch, Portal, Problem, Stats,
  Subsystem, SubsystemCreate, SubsystemPatch, Version, Worker,
} from './types';

const TIMEOUT_MS = 8000;
const PAGE = 1000;
/** Of a list that is wanted whole; a bound all the same. */
export const ALL = 50;

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

async function ask(address: string, signal: AbortSignal, init: RequestInit = {}): Promise<Response> {
  const timeout = new AbortController();
  const timer = setTimeout(() => timeout.abort(), TIMEOUT_MS);
  const stop = () => timeout.abort();
  signal.addEventListener('abort', stop);
  try {
    return await fetch(address, { headers: { Accept: 'application/json' }, cache: 'no-store', ...init, signal: timeout.signal });
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', stop);
  }
}

/** One exchange; undefined where there is nothing to say (204). */
async function exchange(address: string, signal: AbortSignal, init?: RequestInit): Promise<{ response: Response; body: unknown }> {
  try {
    const response = await ask(address, signal, init);
    const body: unknown = response.status === 204 ? undefined : await response.json();
    linkUp();
    return { response, body };
  } catch (cause) {
    if (!signal.aborted) linkDown();
    throw new Unreachable(String(cause));
  }
}

async function get<T>(path: string[], query: Query, signal: AbortSignal, alsoOk = 0): Promise<T> {
  const { response, body } = await exchange(url(path, query), signal);
  if (!response.ok && response.status !== alsoOk) throw new ApiError(response.status, body as Partial<Problem>);
  return body as T;
}

interface Change {
  body?: unknown;
  force?: boolean;
  /** The ETag of what the change is based on. */
  ifMatch?: string | undefined;
}

/** Writes aren't aborted with the view that began them: whether they were done would not be known. */
async function change<T>(method: string, path: string[], { body, force, ifMatch }: Change = {}): Promise<T> {
  const headers: Record<string, string> = { Accept: 'application/json' };
  if (body !== undefined) headers['Content-Type'] = method === 'PATCH' ? 'application/merge-patch+json' : 'application/json';
  if (ifMatch) headers['If-Match'] = ifMatch;
  const init: RequestInit = { method, headers, ...(body !== undefined && { body: JSON.stringify(body) }) };
  const answer = await exchange(url(path, { force: force ? 'true' : undefined }), new AbortController().signal, init);
  if (!answer.response.ok) throw new ApiError(answer.response.status, answer.body as Partial<Problem>);
  return answer.body as T;
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

const subsystemOf = (nqn: string) => ['subsystems', nqn];
const namespaceOf = (nqn: string, nsid: number) => ['subsystems', nqn, 'namespaces', String(nsid)];

export const api = {
  version: (signal: AbortSignal) => get<Version>(['version'], {}, signal),
  health: (signal: AbortSignal) => get<Health>(['health'], {}, signal, 503),
  stats: (signal: AbortSignal) => get<Stats>(['stats'], {}, signal),

  subsystems: (pages: number, signal: AbortSignal) => list<Subsystem>(['subsystems'], {}, pages, signal),
  subsystem: (nqn: string, signal: AbortSignal) => get<Subsystem>(subsystemOf(nqn), {}, signal),
  createSubsystem: (body: SubsystemCreate) => change<Subsystem>('POST', ['subsystems'], { body }),
  patchSubsystem: (nqn: string, body: SubsystemPatch) => change<Subsystem>('PATCH', subsystemOf(nqn), { body }),
  deleteSubsystem: (nqn: string, force: boolean) => change<void>('DELETE', subsystemOf(nqn), { force }),

  namespaces: (nqn: string, pages: number, signal: AbortSignal) =>
    list<Namespace>(['subsystems', nqn, 'namespaces'], {}, pages, signal),
  createNamespace: (nqn: string, body: NamespaceCreate) => change<Namespace>('POST', ['subsystems', nqn, 'namespaces'], { body }),
  /** The ETag that a change of the namespace, as it is now, has to match. */
  namespaceTag: async (nqn: string, nsid: number, signal: AbortSignal) =>
    (await exchange(url(namespaceOf(nqn, nsid), {}), signal)).response.headers.get('ETag') ?? undefined,
  patchNamespace: (nqn: string, nsid: number, body: NamespacePatch, ifMatch?: string) =>
    change<Namespace>('PATCH', namespaceOf(nqn, nsid), { body, ifMatch }),
  deleteNamespace: (nqn: string, nsid: number, force: boolean) => change<void>('DELETE', namespaceOf(nqn, nsid), { force }),

  allowedHosts: (nqn: string, signal: AbortSignal) => get<AllowedHostPage>(['subsystems', nqn, 'hosts'], {}, signal),
  allowHost: (nqn: string, host: string) => change<unknown>('PUT', ['subsystems', nqn, 'hosts', host]),
  disallowHost: (nqn: string, host: string, force: boolean) => change<void>('DELETE', ['subsystems', nqn, 'hosts', host], { force }),

  hosts: (pages: number, signal: AbortSignal) => list<Host>(['hosts'], {}, pages, signal),
  host: (nqn: string, signal: AbortSignal) => get<Host>(['hosts', nqn], {}, signal),
  deleteHost: (nqn: string, force: boolean) => change<void>('DELETE', ['hosts', nqn], { force }),
  controllers: (of: { nqn?: string; host_nqn?: string }, pages: number, signal: AbortSignal) =>
    list<Controller>(['controllers'], of, pages, signal),
  discoveryLog: (host: string, via: string, signal: AbortSignal) =>
    get<DiscoveryLog>(['discovery-log'], { host_nqn: host, via }, signal),

  portals: (pages: number, signal: AbortSignal) => list<Portal>(['portals'], {}, pages, signal),
  workers: (pages: number, signal: AbortSignal) => list<Worker>(['workers'], {}, pages, signal),
  /** The events after that id; without one the newest. */
  events: (since: number | undefined, signal: AbortSignal) =>
    get<{ items: Event[]; next: number }>(['events'], { since, limit: PAGE }, signal),
};
