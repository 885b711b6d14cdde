// SPDX-License-Identifier: Apache-2.0
// components/chart.tsx - lines over time.  The colours are those of the page; a text says for everyone what the lines end in.
import { useEffect, useRef } from 'preact/hooks';
import uPlot from 'uplot';

const HEIGHT = 190;
/** What the chart covers. */
const SPAN_S = 120;
const DARK = matchMedia('(prefers-color-scheme: dark)');

export interface Line {
  title: string;
  /** The name of a colour in style.css. */
  colour: string;
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

function options(host: HTMLElement, { lines, format, least, binary }: Props): uPlot.Options {
  const style = getComputedStyle(host);
  const colour = (name: string) => style.getPropertyValue(`--${name}`).trim();
  const axis = {
    stroke: colour('quiet'),
    font: '12px system-ui, sans-serif',
    grid: { stroke: colour('line'), width: 1 },
    ticks: { show: false },
  };
  return {
    width: Math.max(host.clientWidth, 100),
    height: HEIGHT,
    legend: { show: false },
    cursor: { show: false },
    scales: { x: { range: (_plot, _first, last) => [last - SPAN_S, last] }, y: { range: (_plot, _low, high) => [0, Math.max((high ?? 0) * 1.1, least)] } },
    padding: [8, 32, 0, 0],
    axes: [
      { ...axis, size: 32, space: 90, values: (_plot, ticks) => ticks.map((t) => new Date(t * 1000).toLocaleTimeString([], { hour12: false })) },
      { ...axis, size: 84, space: 40, ...(binary && { incrs: POWERS }), values: (_plot, ticks) => ticks.map(format) },
    ],
    series: [{}, ...lines.map((line) => ({
      label: line.title, stroke: colour(line.colour), width: 2, points: { show: false },
    }))],
  };
}

const dataOf = ({ times, lines }: Props): uPlot.AlignedData => [times, ...lines.map((line) => line.values)];

export function Chart(props: Props) {
  const host = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot>();
  const shown = useRef(props);
  shown.current = props;

  useEffect(() => {
    const element = host.current!;
    const draw = () => {
      plot.current?.destroy();
      plot.current = new uPlot(options(element, shown.current), dataOf(shown.current), element);
    };
    const fit = new ResizeObserver(() => plot.current?.setSize({ width: Math.max(element.clientWidth, 100), height: HEIGHT }));
    draw();
    fit.observe(element);
    DARK.addEventListener('change', draw);
    return () => {
      fit.disconnect();
      DARK.removeEventListener('change', draw);
      plot.current?.destroy();
    };
  }, []);

  useEffect(() => plot.current?.setData(dataOf(props)), [props.times]);

  const ends = props.lines.map((line) => {
    const value = line.values[line.values.length - 1];
    return `${line.title} ${value == null ? 'not known' : props.format(value)}`;
  });
  return (
    <figure class="chart">
      <figcaption>
        <span class="chart-title">{props.label}</span>
        {props.lines.map((line, i) => <span key={line.title} class={`line-${line.colour}`}>{ends[i]}</span>)}
      </figcaption>
      <div ref={host} role="img" aria-label={`${props.label} in the last minutes; now: ${ends.join(', ')}`} />
    </figure>
  );
}
