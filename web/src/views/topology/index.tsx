// SPDX-License-Identifier: Apache-2.0
// views/topology - who reaches what through what, as a picture; every box leads to the page of what it stands for.
import { useMemo, useState } from 'preact/hooks';
import { iops, useNow, type Sample } from '../../api/rates';
import type { Worker } from '../../api/types';
import { inWords } from '../../components/ana';
import { Search } from '../../components/filter';
import { count, perSecond } from '../../components/format';
import { HostLink, SubsystemLink } from '../../components/nqn';
import { Show } from '../../components/polled';
import { State } from '../../components/state';
import { Table, type Column } from '../../components/table';
import type { View } from '../view';
import { about, pathsOf, useFacts, type Facts, type Path } from './facts';
import { COLUMNS, HEIGHT, WIDTH, columnX, near, picture, type Box, type Line, type Picture } from './graph';

type Load = (key: string | undefined) => number | undefined;

/** I/O per second of a worker, a subsystem or a namespace. */
function loadOf(now: Sample | undefined, facts: Facts): Load {
  const workers = new Map<string, number>();
  for (const s of facts.subsystems) {
    const rate = now?.subsystems.get(s.nqn);
    if (rate && s.worker) workers.set(`worker ${s.worker}`, (workers.get(`worker ${s.worker}`) ?? 0) + iops(rate));
  }
  return (key) => {
    const rate = key === undefined ? undefined : now?.namespaces.get(key) ?? now?.subsystems.get(key);
    return rate ? iops(rate) : workers.get(key ?? '');
  };
}

/** Ten times the load, one step wider. */
const thickness = (load: number | undefined) => 2 + Math.min(7, 1.3 * Math.log10(1 + (load ?? 0)));

function LineOf({ line: { from, to, state, access }, load, lit }: { line: Line; load: Load; lit: boolean }) {
  const [x1, y1, x2, y2] = [from.x + WIDTH, from.y + HEIGHT / 2, to.x, to.y + HEIGHT / 2];
  const middle = (x1 + x2) / 2;
  const width = state === 'used' ? { 'stroke-width': thickness(load(to.load ?? from.load)) } : {};
  return <path class={`path ${state} ${access}${lit ? ' near' : ''}`} {...width} d={`M${x1},${y1} C${middle},${y1} ${middle},${y2} ${x2},${y2}`} />;
}

function BoxOf({ box, load, lit, point }: { box: Box; load: number | undefined; lit: boolean; point: (id: string | undefined) => void }) {
  const detail = load === undefined ? box.detail : `${box.detail}, ${perSecond(load)} IOPS`;
  return (
    <a href={box.link} class={`box box-${box.state}${lit ? ' near' : ''}`} aria-label={`${box.full}: ${detail}`}
      onMouseEnter={() => point(box.id)} onMouseLeave={() => point(undefined)} onFocus={() => point(box.id)} onBlur={() => point(undefined)}>
      <title>{box.full}</title>
      <rect x={box.x + 1} y={box.y} width={WIDTH - 2} height={HEIGHT} rx="8" />
      <rect class="edge" x={box.x + 1} y={box.y + 8} width="4" height={HEIGHT - 16} rx="2" />
      <text class="box-title" x={box.x + 14} y={box.y + 19}>{box.title}</text>
      <text class="box-detail" x={box.x + 14} y={box.y + 36}>{detail}</text>
    </a>
  );
}

function Drawn({ drawn, load }: { drawn: Picture; load: Load }) {
  const [pointed, point] = useState<string>();
  const lit = useMemo(() => (pointed ? near(drawn, pointed) : undefined), [drawn, pointed]);
  return (
    <div class={lit ? 'topology focused' : 'topology'} role="region" aria-label="Picture" tabIndex={0}>
      <svg viewBox={`0 0 ${drawn.width} ${drawn.height}`}>
        {COLUMNS.map((title, i) => <text key={title} class="column" x={columnX(i)} y="14">{title}</text>)}
        {drawn.lines.map((line) => (
          <LineOf key={`${line.from.id}|${line.to.id}`} line={line} load={load} lit={Boolean(lit?.has(line.from.id) && lit.has(line.to.id))} />
        ))}
        {drawn.boxes.map((box) => <BoxOf key={box.id} box={box} load={load(box.load)} lit={Boolean(lit?.has(box.id))} point={point} />)}
        {drawn.left.map((n, i) => n > 0 && <text key={i} class="column" x={columnX(i)} y={drawn.height - 6}>and {n} more</text>)}
      </svg>
    </div>
  );
}

const SAMPLE = 'M0,5 H32';

function Legend() {
  const line = (state: string, text: string) => (
    <li><svg viewBox="0 0 32 10" aria-hidden="true"><path class={`path ${state}`} stroke-width={state.startsWith('used') ? 4 : 2} d={SAMPLE} /></svg>{text}</li>
  );
  return (
    <ul class="legend">
      {line('used', 'in use; the wider, the more I/O')}
      {line('missing', 'missing: the host is connected, but not this way')}
      {line('possible', 'possible')}
      {line('used non_optimized', 'non-optimized')}
      {line('used inaccessible', 'inaccessible')}
      {line('failed', 'failed')}
    </ul>
  );
}

const STATES: Array<Path['state']> = ['used', 'missing', 'possible'];
const IN_WORDS = { used: 'connected', missing: 'missing', possible: 'possible' };

const pathColumns = (workerOf: Map<string, string | null>): Array<Column<Path>> => [
  { title: 'Host', by: (p) => p.host, cell: (p) => <HostLink nqn={p.host} /> },
  { title: 'Portal', by: (p) => p.portal, cell: (p) => p.portal },
  { title: 'Worker', by: (p) => workerOf.get(p.portal) ?? '', cell: (p) => workerOf.get(p.portal) ?? 'none' },
  { title: 'Subsystem', by: (p) => p.nqn, cell: (p) => <SubsystemLink nqn={p.nqn} /> },
  { title: 'State', by: (p) => STATES.indexOf(p.state), cell: (p) => <State state={IN_WORDS[p.state]} /> },
  { title: 'Access', by: (p) => p.access, cell: (p) => inWords(p.access) },
];

function Paths({ facts }: { facts: Facts }) {
  const paths = useMemo(() => pathsOf(facts).sort((a, b) => STATES.indexOf(a.state) - STATES.indexOf(b.state)), [facts]);
  const workerOf = new Map(facts.portals.map((p): [string, Worker['id'] | null] => [p.id, p.worker]));
  return (
    <section aria-labelledby="paths">
      <h2 id="paths">{count(paths.length, 'path')}</h2>
      <Table caption="Paths" columns={pathColumns(workerOf)} items={paths} keyOf={(p) => `${p.host} ${p.portal} ${p.nqn}`}
        empty="No host is connected, or allowed by name." />
    </section>
  );
}

function Pictured({ all, focus }: { all: Facts; focus: string }) {
  const [text, setText] = useState(focus);
  const [onlyConnected, setOnly] = useState(false);
  const now = useNow();
  const facts = useMemo(() => about(all, text, onlyConnected), [all, text, onlyConnected]);
  const drawn = useMemo(() => picture(facts), [facts]);
  const load = loadOf(now, facts);
  return (
    <>
      <div class="bar">
        <Legend />
        <label class="choice"><input type="checkbox" checked={onlyConnected} onChange={(event) => setOnly(event.currentTarget.checked)} /> Only connected</label>
        <Search label="Only about host or subsystem" value={text} set={setText} />
      </div>
      {drawn.boxes.length ? <Drawn drawn={drawn} load={load} /> : <p class="empty">{text ? 'Nothing has that in its name.' : 'There is nothing to draw yet.'}</p>}
      <Paths facts={facts} />
    </>
  );
}

function Topology({ params }: { params: URLSearchParams }) {
  const facts = useFacts();
  const focus = params.get('focus') ?? '';
  return <Show of={facts}>{(all) => <Pictured key={focus} all={all} focus={focus} />}</Show>;
}

export const topology: View = { path: 'topology', title: 'Topology', icon: 'topology', component: Topology };
