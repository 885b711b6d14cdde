// SPDX-License-Identifier: Apache-2.0
// views/topology/graph.ts - the picture's boxes and lines, and where they are: five columns, ordered by dagre so that few lines cross.
import { Graph, layout } from '@dagrejs/dagre';
import { bytes, count } from '../../components/format';
import { href } from '../../components/router';
import { inWords, worst, type AnaState } from '../../components/ana';
import { accessBy, pathsOf, type Facts } from './facts';

export interface Box {
  id: string;
  column: number;
  title: string;
  detail: string;
  /** For who can't see the whole title. */
  full: string;
  state: string;
  link: string;
  /** Whose rate is this box's load; see rateOf(). */
  load?: string;
  x: number;
  y: number;
}

export interface Line {
  from: Box;
  to: Box;
  state: 'used' | 'missing' | 'possible' | 'failed';
  access: AnaState;
}

export interface Picture {
  boxes: Box[];
  lines: Line[];
  width: number;
  height: number;
  /** Of each column so many aren't shown. */
  left: number[];
}

export const WIDTH = 208;
export const HEIGHT = 46;
const STEP = WIDTH + 72;
const TOP = 30;
/** A column shows so many; the rest is counted below it. */
const MOST = 40;
const LETTERS = 25;
export const COLUMNS = ['Hosts', 'Portals', 'Workers', 'Subsystems', 'Namespaces'];
export const columnX = (column: number) => column * STEP;

type Draft = Omit<Box, 'x' | 'y' | 'column'>;
type Link = [from: string, to: string, state: Line['state'], access: AnaState];

/** What tells long names apart: the part behind the colon, and of that the end. */
function short(name: string): string {
  const text = name.startsWith('nqn.') ? name.slice(name.indexOf(':') + 1) : name;
  return text.length <= LETTERS ? text : '…' + text.slice(1 - LETTERS);
}

function hostDrafts({ hosts, controllers }: Facts): Draft[] {
  const names = new Map(hosts.map((h) => [h.nqn, h.name]));
  const connected = new Map<string, number>();
  for (const c of controllers) connected.set(c.host_nqn, (connected.get(c.host_nqn) ?? 0) + 1);
  const nqns = [...new Set([...connected.keys(), ...names.keys()])]; // those that are connected first
  return nqns.map((nqn) => ({
    id: `host ${nqn}`, title: short(names.get(nqn) || nqn), full: nqn, link: href('hosts', { nqn }),
    detail: connected.has(nqn) ? count(connected.get(nqn)!, 'controller') : 'not connected', state: connected.has(nqn) ? 'ready' : 'idle',
  }));
}

/** What there is to say of a portal: its state, or that hosts are to take another. */
function portalDetail({ namespaces, groups }: Facts, p: Facts['portals'][number]): string {
  const access = accessBy(p.id, namespaces, groups);
  return p.status.state !== 'ready' || access === 'optimized' ? p.status.state : inWords(access);
}

const drafts = (facts: Facts): Draft[][] => [
  hostDrafts(facts),
  facts.portals.map((p) => ({
    id: `portal ${p.id}`, title: short(`${p.traddr}:${p.trsvcid}`), full: `portal ${p.id}`, link: href('workers', { tab: 'portals' }),
    detail: `${p.id}, ${portalDetail(facts, p)}`, state: p.status.state,
  })),
  facts.workers.map((w) => ({
    id: `worker ${w.id}`, title: `worker ${w.id}`, full: `worker ${w.id}`, link: href('workers'), detail: w.state,
    state: w.state === 'running' ? 'ready' : w.state === 'degraded' ? 'failed' : w.state, load: `worker ${w.id}`,
  })),
  facts.subsystems.map((s) => ({
    id: `subsystem ${s.nqn}`, title: short(s.nqn), full: s.nqn, link: href('subsystems', { nqn: s.nqn }),
    detail: s.status.state, state: s.status.state, load: s.nqn,
  })),
  facts.namespaces.map((ns) => ({
    id: `namespace ${ns.nqn} ${ns.nsid}`, title: `${ns.nsid}: ${bytes(ns.size)}`, full: `namespace ${ns.nsid} of ${ns.nqn}`,
    link: href('subsystems', { nqn: ns.nqn }), detail: ns.backend, state: ns.status.state, load: `${ns.nqn} ${ns.nsid}`,
  })),
];

const RANK = { used: 3, failed: 2, missing: 1, possible: 0 };

/** Of several ways between the same two boxes the line shows the one that matters most, and the worst access. */
function links(facts: Facts): Link[] {
  const all = new Map<string, Link>();
  const add = (from: string, to: string, state: Line['state'], access: AnaState = 'optimized') => {
    const key = `${from}|${to}`;
    const known = all.get(key);
    const most = known && RANK[known[2]] >= RANK[state] ? known[2] : state;
    all.set(key, [from, to, most, worst([access, known?.[3] ?? 'optimized'])]);
  };
  const broken = new Set(facts.portals.filter((p) => p.status.state === 'failed').map((p) => p.id));
  for (const path of pathsOf(facts)) add(`host ${path.host}`, `portal ${path.portal}`, broken.has(path.portal) ? 'failed' : path.state, path.access);
  const busy = { portals: new Set(facts.controllers.map((c) => c.portal)), nqns: new Set(facts.controllers.map((c) => c.nqn)) };
  for (const p of facts.portals) if (p.worker) add(`portal ${p.id}`, `worker ${p.worker}`, broken.has(p.id) ? 'failed' : busy.portals.has(p.id) ? 'used' : 'possible');
  const stateOf = (nqn: string, failed: boolean) => (failed ? 'failed' : busy.nqns.has(nqn) ? 'used' : 'possible');
  for (const s of facts.subsystems) if (s.worker) add(`worker ${s.worker}`, `subsystem ${s.nqn}`, stateOf(s.nqn, s.status.state === 'failed'));
  for (const ns of facts.namespaces) add(`subsystem ${ns.nqn}`, `namespace ${ns.nqn} ${ns.nsid}`, stateOf(ns.nqn, ns.status.state === 'failed'));
  return [...all.values()];
}

/** Stands before the first column, for boxes that no line leads to. */
const START = 'start';

/** Dagre's rows; its columns would follow the lines, and a box without any would stand in the first. */
function rows(boxes: Box[], lines: Line[]): Map<string, number> {
  const graph = new Graph();
  graph.setGraph({ rankdir: 'LR', nodesep: 12, ranksep: 60 });
  graph.setDefaultEdgeLabel(() => ({}));
  graph.setNode(START, { width: 1, height: 1 });
  for (const box of boxes) graph.setNode(box.id, { width: WIDTH, height: HEIGHT });
  for (const { from, to } of lines) graph.setEdge(from.id, to.id, {});
  const led = new Set(lines.map(({ to }) => to.id));
  for (const box of boxes) if (!led.has(box.id)) graph.setEdge(START, box.id, { minlen: box.column + 1, weight: 0 });
  layout(graph);
  return new Map(boxes.map((box) => [box.id, graph.node(box.id).y ?? 0]));
}

/** Without gaps where lines made dagre leave some, but never above what it said. */
function place(boxes: Box[], at: Map<string, number>) {
  const top = Math.min(...at.values());
  for (const [column] of COLUMNS.entries()) {
    let free = TOP;
    for (const box of boxes.filter((b) => b.column === column).sort((a, b) => at.get(a.id)! - at.get(b.id)!)) {
      box.x = columnX(column);
      box.y = Math.max(free, TOP + at.get(box.id)! - top);
      free = box.y + HEIGHT + 12;
    }
  }
}

export function picture(facts: Facts): Picture {
  const columns = drafts(facts);
  const boxes = columns.flatMap((column, i) => column.slice(0, MOST).map((draft): Box => ({ ...draft, column: i, x: 0, y: 0 })));
  const byId = new Map(boxes.map((box) => [box.id, box]));
  const lines = links(facts).flatMap(([a, b, state, access]): Line[] => {
    const [from, to] = [byId.get(a), byId.get(b)];
    return from && to ? [{ from, to, state, access }] : [];
  });
  if (boxes.length) place(boxes, rows(boxes, lines));
  return {
    boxes, lines: lines.sort((a, b) => RANK[a.state] - RANK[b.state]), // those in use are drawn above the others
    width: columnX(COLUMNS.length - 1) + WIDTH, height: Math.max(TOP, ...boxes.map((box) => box.y + HEIGHT)) + 24,
    left: columns.map((column) => Math.max(0, column.length - MOST)),
  };
}

/** All boxes that lead to this one or that it leads to. */
export function near({ lines }: Picture, id: string): Set<string> {
  const found = new Set([id]);
  const walk = (at: string, ahead: boolean) => {
    for (const { from, to } of lines) {
      const [here, there] = ahead ? [from.id, to.id] : [to.id, from.id];
      if (here !== at || found.has(there)) continue;
      found.add(there);
      walk(there, ahead);
    }
  };
  walk(id, true);
  walk(id, false);
  return found;
}
