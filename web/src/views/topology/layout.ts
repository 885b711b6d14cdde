// SPDX-License-Identifier: Apache-2.0
// views/topology/layout.ts - where each box of the picture is: four columns, lines between neighbours.
import type { Controller, Host, Namespace, Portal, Subsystem } from '../../api/types';
import { bytes } from '../../components/format';
import { href } from '../../components/router';
import { portalsOf } from '../overview/attention';

export interface Facts {
  subsystems: Subsystem[];
  portals: Portal[];
  hosts: Host[];
  controllers: Controller[];
  namespaces: Namespace[];
}

export interface Box {
  id: string;
  title: string;
  detail: string;
  /** For who can't see the whole title. */
  full: string;
  state: string;
  link: string;
  x: number;
  y: number;
}

export interface Path {
  from: Box;
  to: Box;
  /** Somebody is connected through it now. */
  used: boolean;
}

export const WIDTH = 232;
export const HEIGHT = 52;
const COLUMN = WIDTH + 84;
const ROW = HEIGHT + 14;
const TOP = 34;
/** A column shows so many; the rest is counted below it. */
const MOST = 40;
const LETTERS = 27;

export const COLUMNS = ['Hosts', 'Portals', 'Subsystems', 'Namespaces'];

export interface Picture {
  boxes: Box[];
  paths: Path[];
  width: number;
  height: number;
  left: number[];
}

export const columnX = (column: number) => column * COLUMN;

/** Of long names the end tells them apart. */
function short(name: string): string {
  const text = name.replace('nqn.2014-08.org.nvmexpress:uuid:', 'uuid:');
  if (text.length > LETTERS && text.length - 12 < LETTERS) return text.replace(/^nqn\.\d{4}-\d\d\./, '…');
  return text.length <= LETTERS ? text : '…' + text.slice(1 - LETTERS);
}

type Draft = Omit<Box, 'x' | 'y'>;

function hostDrafts({ hosts, controllers }: Facts): Draft[] {
  const names = new Map(hosts.map((h) => [h.nqn, h.name]));
  const connected = new Map<string, number>();
  for (const c of controllers) connected.set(c.host_nqn, (connected.get(c.host_nqn) ?? 0) + 1);
  const nqns = [...new Set([...connected.keys(), ...names.keys()])]; // those that are connected first
  return nqns.map((nqn) => ({
    id: `host ${nqn}`, title: short(names.get(nqn) || nqn), full: nqn, link: href('hosts', { nqn }),
    detail: connected.has(nqn) ? `connected: ${connected.get(nqn)}` : 'not connected', state: connected.has(nqn) ? 'ready' : 'idle',
  }));
}

const portalDrafts = ({ portals }: Facts): Draft[] => portals.map((p) => ({
  id: `portal ${p.id}`, title: short(`${p.traddr}:${p.trsvcid}`), full: `portal ${p.id}`, link: href('workers'),
  detail: `${p.id}, worker ${p.worker ?? 'none'}`, state: p.status.state,
}));

const subsystemDrafts = ({ subsystems }: Facts, iops: (nqn: string) => string): Draft[] => subsystems.map((s) => ({
  id: `subsystem ${s.nqn}`, title: short(s.nqn), full: s.nqn, link: href('subsystems', { nqn: s.nqn }),
  detail: [s.status.state, iops(s.nqn)].filter(Boolean).join(', '), state: s.status.state,
}));

const namespaceDrafts = ({ namespaces }: Facts): Draft[] => namespaces.map((ns) => ({
  id: `namespace ${ns.nqn} ${ns.nsid}`, title: `${ns.nsid}: ${bytes(ns.size)}`, full: `namespace ${ns.nsid} of ${ns.nqn}`,
  link: href('subsystems', { nqn: ns.nqn }), detail: `${ns.backend}, ${ns.status.state}`, state: ns.status.state,
}));

/** [from, to, used] */
function links({ subsystems, portals, controllers, namespaces }: Facts): Array<[string, string, boolean]> {
  const all = new Map<string, [string, string, boolean]>();
  const add = (from: string, to: string, used: boolean) => {
    const key = `${from}|${to}`;
    all.set(key, [from, to, used || (all.get(key)?.[2] ?? false)]);
  };
  for (const s of subsystems) for (const p of portalsOf(s, portals)) add(`portal ${p.id}`, `subsystem ${s.nqn}`, false);
  for (const c of controllers) {
    if (!c.portal) continue;
    add(`host ${c.host_nqn}`, `portal ${c.portal}`, true);
    add(`portal ${c.portal}`, `subsystem ${c.nqn}`, true);
  }
  const used = new Set(controllers.map((c) => c.nqn));
  for (const ns of namespaces) add(`subsystem ${ns.nqn}`, `namespace ${ns.nqn} ${ns.nsid}`, used.has(ns.nqn));
  return [...all.values()];
}

export function picture(facts: Facts, iops: (nqn: string) => string): Picture {
  const columns = [hostDrafts(facts), portalDrafts(facts), subsystemDrafts(facts, iops), namespaceDrafts(facts)];
  const boxes = columns.flatMap((column, i) => column.slice(0, MOST)
    .map((draft, row) => ({ ...draft, x: columnX(i), y: TOP + row * ROW })));
  const byId = new Map(boxes.map((box) => [box.id, box]));
  const paths = links(facts).flatMap(([a, b, used]) => {
    const from = byId.get(a);
    const to = byId.get(b);
    return from && to ? [{ from, to, used }] : [];
  });
  const rows = Math.max(1, ...columns.map((column) => Math.min(column.length, MOST)));
  return {
    boxes, paths: paths.sort((a, b) => Number(a.used) - Number(b.used)), // those in use are drawn above the others
    width: 3 * COLUMN + WIDTH, height: TOP + rows * ROW + 24, left: columns.map((column) => Math.max(0, column.length - MOST)),
  };
}
