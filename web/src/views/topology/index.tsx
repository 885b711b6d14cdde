// SPDX-License-Identifier: Apache-2.0
// views/topology - who reaches what through what, as a picture; every box leads to the page of what it stands for.
import { ALL, api } from '../../api/client';
import { usePoll } from '../../api/poll';
import { useRates } from '../../api/rates';
import { perSecond } from '../../components/format';
import { Show } from '../../components/polled';
import type { View } from '../view';
import { COLUMNS, HEIGHT, WIDTH, columnX, picture, type Box, type Facts, type Path } from './layout';

/** The namespaces of so many subsystems are asked for, as many as the picture shows. */
const SUBSYSTEMS = 40;

async function load(signal: AbortSignal): Promise<Facts> {
  const [subsystems, portals, hosts, controllers] = await Promise.all([
    api.subsystems(ALL, signal), api.portals(ALL, signal), api.hosts(ALL, signal), api.controllers({}, ALL, signal),
  ]);
  const shown = subsystems.items.filter((s) => s.namespace_count > 0).slice(0, SUBSYSTEMS);
  // One that was deleted meanwhile has none.
  const namespaces = await Promise.all(shown.map((s) => api.namespaces(s.nqn, 1, signal).then((list) => list.items, () => [])));
  return {
    subsystems: subsystems.items, portals: portals.items, hosts: hosts.items, controllers: controllers.items, namespaces: namespaces.flat(),
  };
}

function Line({ path: { from, to, used } }: { path: Path }) {
  const [x1, y1, x2, y2] = [from.x + WIDTH, from.y + HEIGHT / 2, to.x, to.y + HEIGHT / 2];
  const middle = (x1 + x2) / 2;
  return <path class={used ? 'path used' : 'path'} d={`M${x1},${y1} C${middle},${y1} ${middle},${y2} ${x2},${y2}`} />;
}

function BoxOf({ box }: { box: Box }) {
  return (
    <a href={box.link} class={`box box-${box.state}`} aria-label={`${box.full}: ${box.detail}`}>
      <title>{box.full}</title>
      <rect x={box.x + 1} y={box.y} width={WIDTH - 2} height={HEIGHT} rx="8" />
      <rect class="edge" x={box.x + 1} y={box.y + 8} width="4" height={HEIGHT - 16} rx="2" />
      <text class="box-title" x={box.x + 16} y={box.y + 22}>{box.title}</text>
      <text class="box-detail" x={box.x + 16} y={box.y + 40}>{box.detail}</text>
    </a>
  );
}

function Picture({ facts, iops }: { facts: Facts; iops: (nqn: string) => string }) {
  const drawn = picture(facts, iops);
  if (!drawn.boxes.length) return <p class="empty">There is nothing to draw yet.</p>;
  return (
    <>
      <p class="summary">Thick lines: a host is connected through it now. Thin ones: it could be.</p>
      <div class="topology" role="region" aria-label="Picture" tabIndex={0}>
        <svg width={drawn.width} height={drawn.height} viewBox={`0 0 ${drawn.width} ${drawn.height}`}>
          {COLUMNS.map((title, i) => <text key={title} class="column" x={columnX(i)} y="16">{title}</text>)}
          {drawn.paths.map((path) => <Line key={`${path.from.id}|${path.to.id}`} path={path} />)}
          {drawn.boxes.map((box) => <BoxOf key={box.id} box={box} />)}
          {drawn.left.map((n, i) => n > 0 && <text key={i} class="column" x={columnX(i)} y={drawn.height - 6}>and {n} more</text>)}
        </svg>
      </div>
    </>
  );
}

function Topology() {
  const facts = usePoll('topology', load);
  const samples = useRates().data;
  const now = samples?.[samples.length - 1];
  const iops = (nqn: string) => {
    const rate = now?.subsystems.get(nqn);
    return rate ? `${perSecond(rate.reads + rate.writes)} IOPS` : '';
  };
  return <Show of={facts}>{(data) => <Picture facts={data} iops={iops} />}</Show>;
}

export const topology: View = { path: 'topology', title: 'Topology', component: Topology };
