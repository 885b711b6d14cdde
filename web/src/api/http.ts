// SPDX-License-Identifier: Apache-2.0
// api/http.ts - one exchange with the API: address, time limit, problems, pages of lists.
import { linkDown, linkUp } from './link';
import { authorization, refused } from './token';
import type { Problem } from './types';

const TIMEOUT_MS = 8000;
/** What is written may wait for a worker. */
const WRITE_TIMEOUT_MS = 35000;
const PAGE = 1000;
/** It isn't known who asks. */
export const UNKNOWN = 401;
export const BASE = '/api/v1/';

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

export type Query = Record<string, string | number | boolean | undefined>;

export function url(path: string[], query: Query = {}): string {
  const given = Object.entries(query).filter(([, value]) => value !== undefined && value !== '' && value !== false);
  const search = new URLSearchParams(given.map(([key, value]) => [key, String(value)])).toString();
  return BASE + path.map(encodeURIComponent).join('/') + (search ? '?' + search : '');
}

async function ask(address: string, signal: AbortSignal, init: RequestInit): Promise<Response> {
  const timeout = new AbortController();
  const timer = setTimeout(() => timeout.abort(), init.method ? WRITE_TIMEOUT_MS : TIMEOUT_MS);
  const stop = () => timeout.abort();
  signal.addEventListener('abort', stop);
  try {
    return await fetch(address, { cache: 'no-store', ...init, signal: timeout.signal });
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', stop);
  }
}

interface Answer {
  response: Response;
  body: unknown;
}

/** One exchange; no body where there is nothing to say (204). */
async function exchange(address: string, signal: AbortSignal, init: RequestInit = {}): Promise<Answer> {
  const by = authorization();
  try {
    const response = await ask(address, signal, { ...init, headers: { Accept: 'application/json', ...by, ...(init.headers as Record<string, string>) } });
    const body: unknown = response.status === 204 ? undefined : await response.json();
    linkUp();
    if (response.status === UNKNOWN) refused(by, (body as Partial<Problem>).detail ?? '');
    return { response, body };
  } catch (cause) {
    if (!signal.aborted) linkDown();
    throw new Unreachable(String(cause));
  }
}

export async function get<T>(path: string[], query: Query, signal: AbortSignal, alsoOk = 0): Promise<T> {
  const { response, body } = await exchange(url(path, query), signal);
  if (!response.ok && response.status !== alsoOk) throw new ApiError(response.status, body as Partial<Problem>);
  return body as T;
}

/** What is no JSON, whole. It may take long. */
export async function file(path: string[]): Promise<Blob> {
  const response = await fetch(url(path), { headers: authorization(), cache: 'no-store' });
  if (!response.ok) throw new ApiError(response.status, await response.json() as Partial<Problem>);
  return response.blob();
}

export interface Tagged<T> {
  value: T;
  /** What a change that is based on it gives as ifMatch. */
  tag: string | undefined;
}

export async function getTagged<T>(path: string[], signal: AbortSignal): Promise<Tagged<T>> {
  const { response, body } = await exchange(url(path), signal);
  if (!response.ok) throw new ApiError(response.status, body as Partial<Problem>);
  return { value: body as T, tag: response.headers.get('ETag') ?? undefined };
}

export interface Change {
  body?: unknown;
  query?: Query;
  /** The ETag of what the change is based on. */
  ifMatch?: string | undefined;
  /** Of what takes long: the answer is an operation, at once. */
  later?: boolean;
}

/** Writes aren't aborted with the view that began them: whether they were done would not be known. */
export async function change<T>(method: string, path: string[], { body, query, ifMatch, later }: Change = {}): Promise<T> {
  const headers: Record<string, string> = {};
  if (body !== undefined) headers['Content-Type'] = method === 'PATCH' ? 'application/merge-patch+json' : 'application/json';
  if (ifMatch) headers['If-Match'] = ifMatch;
  if (later) headers.Prefer = 'respond-async';
  const init: RequestInit = { method, headers, ...(body !== undefined && { body: JSON.stringify(body) }) };
  const answer = await exchange(url(path, query), new AbortController().signal, init);
  if (!answer.response.ok) throw new ApiError(answer.response.status, answer.body as Partial<Problem>);
  return answer.body as T;
}

/** The first `pages` pages of a list. */
export async function list<T>(path: string[], query: Query, pages: number, signal: AbortSignal): Promise<Items<T>> {
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
