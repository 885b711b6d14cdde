// SPDX-License-Identifier: Apache-2.0
// views/overview/attention.ts - what an operator should look at, worst first, from what the API tells of everything.
import type { Controller, DiscoveryController, Health, Host, Portal, Snapshot, Subsystem, Worker, Zoning } from '../../api/types';
import { count } from '../../components/format';
import { href } from '../../components/router';

export interface Facts {
  health: Health;
  subsystems: Subsystem[];
  portals: Portal[];
  workers: Worker[];
  controllers: Controller[];
  /** How many are admitted. */
  hosts: number;
  waiting: Host[];
  discovery: DiscoveryController[];
  zoning: Zoning;
  failedSnapshots: Snapshot[];
}

export interface Finding {
  tone: 'failed' | 'pending' | 'waiting' | 'incomplete' | 'hint';
  what: string;
  why: string;
  link?: string;
}

const toneOf = (state: string) => (state === 'failed' ? 'failed' : 'pending');
const inWords = (status: { state: string; reason: string | null }) => [status.state, status.reason].filter(Boolean).join(': ');

function health({ health: { checks } }: Facts): Finding[] {
  return checks.filter((check) => check.status !== 'ok' && check.name !== 'workers')
    .map((check) => ({ tone: toneOf(check.status), what: check.name, why: check.detail }));
}

function workers({ workers: list }: Facts): Finding[] {
  const link = href('workers');
  if (!list.length) return [{ tone: 'failed', what: 'Workers', why: 'there is none, so nothing is served', link }];
  return list.filter((w) => w.state !== 'running').map((w) => ({
    tone: w.state === 'degraded' ? 'failed' : 'pending',
    what: `Worker ${w.id}`,
    why: [`is ${w.state}`, w.status.reason].filter(Boolean).join(': '),
    link,
  }));
}

function portals({ portals: list }: Facts): Finding[] {
  return list.filter((p) => p.status.state !== 'ready').map((p) => (
    { tone: toneOf(p.status.state), what: `Portal ${p.id} (${p.traddr}, port ${p.trsvcid})`, why: inWords(p.status), link: href('workers', { tab: 'portals' }) }));
}

/** The portals that a subsystem is served on. */
export function portalsOf(subsystem: Subsystem, list: Portal[]): Portal[] {
  return list.filter((p) => p.worker === subsystem.worker && (subsystem.portals === null || subsystem.portals.includes(p.id)));
}

function lacks(s: Subsystem, all: Portal[]): string[] {
  return [
    portalsOf(s, all).length === 0 && 'no portal, so no host can reach it',
    s.namespace_count === 0 && 'no namespace, so hosts see no disk',
    !s.allow_any_host && s.hosts.length === 0 && 'no host is allowed',
  ].filter((lack) => lack !== false);
}

function subsystems({ subsystems: list, portals: all }: Facts): Finding[] {
  return list.flatMap((s): Finding[] => {
    const link = href('subsystems', { nqn: s.nqn });
    if (s.status.state !== 'ready') return [{ tone: toneOf(s.status.state), what: s.nqn, why: inWords(s.status), link }];
    const missing = lacks(s, all);
    return missing.length ? [{ tone: 'incomplete', what: s.nqn, why: missing.join('; '), link }] : [];
  });
}

/** One finding for all: with one portal it holds for every subsystem. */
function paths({ subsystems: list, portals: all, controllers }: Facts): Finding[] {
  const used = new Set(controllers.map((c) => c.nqn));
  const single = list.filter((s) => used.has(s.nqn) && portalsOf(s, all).length === 1);
  if (!single.length) return [];
  const which = single.length === 1 ? single[0]!.nqn : count(single.length, 'subsystem');
  return [{ tone: 'hint', what: which, why: 'in use through a single path: a second portal would survive the loss of one' }];
}

function waiting({ waiting: list }: Facts): Finding[] {
  if (!list.length) return [];
  const [first] = list;
  const what = list.length === 1 ? `Host ${first!.name || first!.nqn}` : count(list.length, 'host');
  return [{ tone: 'waiting', what, why: `${list.length === 1 ? 'has' : 'have'} come without being known: to be admitted, or not`, link: href('hosts', { tab: 'waiting' }) }];
}

function discovery({ discovery: list }: Facts): Finding[] {
  const link = href('discovery', { tab: 'controllers' });
  const name = (dc: DiscoveryController) => `Discovery controller ${dc.traddr}, port ${dc.trsvcid}`;
  const waits = list.filter((dc) => dc.state === 'waiting');
  return [
    ...list.filter((dc) => dc.state === 'lost').map((dc): Finding => ({ tone: 'pending', what: name(dc), why: `is lost: ${dc.error ?? 'it went away'}`, link })),
    ...(waits.length ? [{
      tone: 'waiting' as const, what: waits.length === 1 ? name(waits[0]!) : count(waits.length, 'discovery controller'), why: 'to be admitted, or not', link,
    }] : []),
  ];
}

function zones({ zoning }: Facts): Finding[] {
  if (!zoning.pending) return [];
  return [{ tone: 'hint', what: 'Zones', why: 'what is configured is not what is enforced', link: href('zones') }];
}

/** Until they are deleted: who relies on one shall learn that there is none. */
function snapshots({ failedSnapshots: list }: Facts): Finding[] {
  return list.map((s) => ({
    tone: 'failed', what: `Snapshot ${s.id}`, why: `of namespace ${s.nsid} of ${s.nqn} failed: ${s.reason}`, link: href('subsystems', { tab: 'snapshots' }),
  }));
}

const RANK = { failed: 0, pending: 1, waiting: 2, incomplete: 3, hint: 4 };

export function findings(facts: Facts): Finding[] {
  return [health, workers, portals, waiting, discovery, subsystems, snapshots, paths, zones].flatMap((look) => look(facts))
    .sort((a, b) => RANK[a.tone] - RANK[b.tone]);
}
