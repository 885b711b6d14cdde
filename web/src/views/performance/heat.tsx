// SPDX-License-Identifier: Apache-2.0
// views/performance/heat.tsx - how long commands took, over time: the more commands took so long in a second, the stronger the colour.
import { useEffect, useRef, useState } from 'preact/hooks';
import type { Buckets } from '../../api/times';
import { colourOf } from '../../components/chart';
import { seconds } from '../../components/format';
import { REPAINT } from '../../components/theme';

const SPAN_S = 120;
/** At least so many rows are shown. */
const ROWS = 8;
const LEFT = 64;
const BOTTOM = 22;
/** Labels stand so far apart. */
const LABEL_PX = 26;

interface Cell {
  time: number;
  buckets: Buckets;
}

interface Props {
  cells: Cell[];
  bounds: number[];
  now: number;
  label: string;
}

interface Rows {
  first: number;
  end: number;
}

/** The rows with something in them, and a few more so that a single one isn't a wall. */
function rowsOf(cells: Cell[], count: number): Rows {
  const used = cells.flatMap(({ buckets }) => buckets.flatMap((n, i) => (n > 0 ? [i] : [])));
  const low = used.length ? Math.min(...used) : 3;
  const high = used.length ? Math.max(...used) : low;
  const missing = Math.max(0, ROWS - (high - low + 1));
  const first = Math.max(0, low - Math.ceil(missing / 2));
  return { first, end: Math.min(count, Math.max(high + 1, first + ROWS)) };
}

const upper = (bounds: number[], i: number) => (bounds[i] === undefined ? 'longer' : seconds(bounds[i]! / 1e9));

class Painter {
  private readonly context: CanvasRenderingContext2D;
  readonly width: number;
  readonly height: number;

  constructor(private readonly canvas: HTMLCanvasElement, private readonly props: Props, private readonly rows: Rows) {
    const scale = devicePixelRatio || 1;
    this.width = canvas.clientWidth;
    this.height = canvas.clientHeight;
    canvas.width = this.width * scale;
    canvas.height = this.height * scale;
    this.context = canvas.getContext('2d')!;
    this.context.scale(scale, scale);
    this.context.font = '11px Inter, system-ui, sans-serif';
  }

  get rowHeight() { return (this.height - BOTTOM) / (this.rows.end - this.rows.first); }
  get columnWidth() { return (this.width - LEFT) / SPAN_S; }

  x(time: number) { return this.width - (this.props.now - time + 1) * this.columnWidth; }
  y(row: number) { return this.height - BOTTOM - (row - this.rows.first + 1) * this.rowHeight; }

  labels() {
    const { context, props: { bounds, now }, rows } = this;
    context.fillStyle = colourOf(this.canvas, 'quiet');
    context.textAlign = 'right';
    context.textBaseline = 'middle';
    const step = Math.max(1, Math.ceil(LABEL_PX / this.rowHeight));
    for (let row = rows.first; row < rows.end; row += step) context.fillText(upper(bounds, row), LEFT - 8, Math.max(6, this.y(row)));
    context.textAlign = 'center';
    context.textBaseline = 'bottom';
    for (let ago = 0; ago < SPAN_S; ago += 30) {
      const time = Math.floor(now / 30) * 30 - ago;
      if (this.x(time) > LEFT + 20) context.fillText(new Date(time * 1000).toLocaleTimeString([], { hour12: false }), Math.min(this.x(time), this.width - 28), this.height);
    }
  }

  cells() {
    const { context, props: { cells }, rows } = this;
    const most = Math.max(1, ...cells.flatMap(({ buckets }) => buckets));
    context.fillStyle = colourOf(this.canvas, 'first');
    for (const { time, buckets } of cells) {
      const x = this.x(time);
      if (x < LEFT) continue;
      for (let row = rows.first; row < rows.end; row++) {
        if (!buckets[row]) continue;
        context.globalAlpha = .12 + .88 * Math.log1p(buckets[row]!) / Math.log1p(most);
        context.fillRect(x, this.y(row), this.columnWidth + .5, this.rowHeight - 1);
      }
    }
    context.globalAlpha = 1;
  }
}

/** What the mouse points at, in words. */
function inWords({ cells, bounds, now }: Props, rows: Rows, canvas: HTMLCanvasElement, event: MouseEvent): string {
  const box = canvas.getBoundingClientRect();
  const ago = (box.right - event.clientX) / ((box.width - LEFT) / SPAN_S);
  const row = rows.first + Math.floor((box.bottom - BOTTOM - event.clientY) / ((box.height - BOTTOM) / (rows.end - rows.first)));
  const cell = cells.find((one) => Math.abs(now - one.time + .5 - ago) <= .6);
  if (!cell || row < rows.first || row >= rows.end) return '';
  const all = cell.buckets.reduce((a, b) => a + b, 0);
  const n = cell.buckets[row] ?? 0;
  const range = `${row ? upper(bounds, row - 1) : '0'} to ${upper(bounds, row)}`;
  return `${new Date(cell.time * 1000).toLocaleTimeString([], { hour12: false })}, ${range}: ${n.toLocaleString('en')} of ${all.toLocaleString('en')} commands`;
}

export function HeatMap(props: Props) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const [pointed, point] = useState('');
  const [, repaint] = useState(0);
  const rows = rowsOf(props.cells, props.bounds.length + 1);

  useEffect(() => {
    const again = () => repaint((n) => n + 1);
    const fit = new ResizeObserver(again);
    fit.observe(canvas.current!);
    addEventListener(REPAINT, again);
    return () => {
      fit.disconnect();
      removeEventListener(REPAINT, again);
    };
  }, []);

  useEffect(() => {
    const painter = new Painter(canvas.current!, props, rows);
    painter.labels();
    painter.cells();
  });

  return (
    <figure class="heat">
      <figcaption><strong>How long commands took</strong><span class="quiet">{pointed || 'in the last two minutes'}</span></figcaption>
      <canvas ref={canvas} role="img" aria-label={props.label} onMouseMove={(event) => point(inWords(props, rows, canvas.current!, event))} onMouseLeave={() => point('')} />
    </figure>
  );
}
