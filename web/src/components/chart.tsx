// SPDX-License-Identifier: Apache-2.0
// components/chart.tsx - lines over time.  The colours are those of the page; a text says for everyone what the lines end in, and of
// the moment that one points at, in all charts of the page at once.
import { useEffect, useRef, useState } from 'preact/hooks';
import uPlot from 'uplot';
import { REPAINT } from './theme';

const HEIGHT = 180;
/** What the chart covers. */
const SPAN_S = 120;

export interface Line {
  title: string;
  colour: 'first' | 'second' | 'third';
  values: Array<number | null>;
}

interface Props {
  label: string;
  times: number[];
  lines: Line[];
  format: (value: number) => string;
  /** The scale reaches at least so far, so that noise near zero doesn't fill the chart. */
  least: number;
  /** Of two, not of ten. */
  binary?: boolean;
}

const POWERS = Array.from({ length: 50 }, (_, n) => 2 ** n);
const timeOf = (t: number) => new Date(t * 1000).toLocaleTimeString([], { hour12: false });

/** What a variable of the style sheet comes to, light or dark. */
export function colourOf(host: HTMLElement, name: string): string {
  host.style.color = `var(--${name})`;
  const colour = getComputedStyle(host).color;
  host.style.color = '';
  return colour;
}

function options(host: HTMLElement, { lines, format, least, binary }: Props, point: (index: number | undefined) => void): uPlot.Options {
  const colour = (name: string) => colourOf(host, name);
  const axis = { stroke: colour('quiet'), font: '11px Inter, system-ui, sans-serif', grid: { stroke: colour('line'), width: 1 }, ticks: { show: false } };
  return {
    width: Math.max(host.clientWidth, 100),
    height: HEIGHT,
    legend: { show: false },
    cursor: { drag: { x: false, y: false }, points: { show: true, size: 7 }, y: false, sync: { key: 'time' } },
    hooks: { setCursor: [(plot) => point(plot.cursor.idx ?? undefined)] },
    scales: { x: { range: (_plot, _first, last) => [last - SPAN_S, last] }, y: { range: (_plot, _low, high) => [0, Math.max((high ?? 0) * 1.1, least)] } },
    padding: [8, 24, 0, 0],
    axes: [
      { ...axis, size: 28, space: 90, values: (_plot, ticks) => ticks.map(timeOf) },
      { ...axis, size: 74, space: 36, ...(binary && { incrs: POWERS }), values: (_plot, ticks) => ticks.map(format) },
    ],
    series: [{}, ...lines.map((line) => ({ label: line.title, stroke: colour(line.colour), width: 2, points: { show: false } }))],
  };
}

const dataOf = ({ times, lines }: Props): uPlot.AlignedData => [times, ...lines.map((line) => line.values)];

function inWords({ lines, format }: Props, index: number): string[] {
  return lines.map((line) => {
    const value = line.values[index];
    return `${line.title} ${value == null ? '–' : format(value)}`;
  });
}

export function Chart(props: Props) {
  const host = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot>();
  const shown = useRef(props);
  const [pointed, point] = useState<number>();
  shown.current = props;

  useEffect(() => {
    const element = host.current!;
    const draw = () => {
      plot.current?.destroy();
      plot.current = new uPlot(options(element, shown.current, point), dataOf(shown.current), element);
    };
    const fit = new ResizeObserver(() => plot.current?.setSize({ width: Math.max(element.clientWidth, 100), height: HEIGHT }));
    draw();
    fit.observe(element);
    addEventListener(REPAINT, draw);
    return () => {
      fit.disconnect();
      removeEventListener(REPAINT, draw);
      plot.current?.destroy();
    };
  }, []);

  useEffect(() => plot.current?.setData(dataOf(props)), [props.times]);

  const end = props.times.length - 1;
  const at = pointed !== undefined && pointed <= end ? pointed : end;
  const words = inWords(props, at);
  return (
    <figure class="chart">
      <figcaption>
        <span class="chart-title">{props.label}{at !== end && <span class="quiet"> at {timeOf(props.times[at]!)}</span>}</span>
        {props.lines.map((line, i) => <span key={line.title} class={`line-${line.colour}`}>{words[i]}</span>)}
      </figcaption>
      <div ref={host} role="img" aria-label={`${props.label} in the last minutes; now: ${inWords(props, end).join(', ')}`} />
    </figure>
  );
}
