// SPDX-License-Identifier: Apache-2.0
// components/window.ts - which rows of a long list are near what is seen; only these are in the page.
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { RefObject } from 'preact';

/** Shorter lists are shown whole. */
const WHOLE = 150;
/** Rows beyond both ends of what is seen. */
const MARGIN = 20;
const GUESS_PX = 40;

export interface Part {
  first: number;
  end: number;
  /** What stands for the rows that aren't there, in pixels. */
  before: number;
  after: number;
}

function partOf(body: HTMLElement, count: number, height: number): { first: number; end: number } {
  const above = -body.getBoundingClientRect().top;
  const first = Math.floor(above / height) - MARGIN;
  const end = Math.ceil((above + innerHeight) / height) + MARGIN;
  const clamp = (n: number) => Math.min(Math.max(n, 0), count);
  return { first: clamp(Math.min(first, count - 2 * MARGIN)), end: clamp(Math.max(end, 2 * MARGIN)) };
}

/** The rows of body to show, of so many; body's rows with data-row are measured for the height of the others. */
export function useWindow(body: RefObject<HTMLElement>, count: number): Part {
  const [range, setRange] = useState({ first: 0, end: 2 * MARGIN });
  const height = useRef(GUESS_PX);
  const whole = count <= WHOLE;

  useLayoutEffect(() => {
    const rows = body.current?.querySelectorAll<HTMLElement>('[data-row]');
    const [a, b] = [rows?.[0], rows?.[rows.length - 1]];
    if (whole || !rows || !a || !b) return;
    const measured = (b.getBoundingClientRect().bottom - a.getBoundingClientRect().top) / rows.length;
    if (Math.abs(measured - height.current) > height.current / 8) {
      height.current = measured; // a small difference would only make the scroll bar tremble
      setRange({ ...range });
    }
  });

  useEffect(() => {
    if (whole) return;
    let frame = 0;
    const look = () => {
      frame = 0;
      if (!body.current) return;
      const next = partOf(body.current, count, height.current);
      setRange((now) => (now.first === next.first && now.end === next.end ? now : next));
    };
    const soon = () => { frame ||= requestAnimationFrame(look); };
    soon();
    addEventListener('scroll', soon, { passive: true, capture: true }); // of whatever scrolls: the page, or a part of a dialog
    addEventListener('resize', soon);
    return () => {
      cancelAnimationFrame(frame);
      removeEventListener('scroll', soon, { capture: true });
      removeEventListener('resize', soon);
    };
  }, [count, whole]);

  if (whole) return { first: 0, end: count, before: 0, after: 0 };
  const first = Math.min(range.first, count);
  const end = Math.min(range.end, count);
  return { first, end, before: first * height.current, after: (count - end) * height.current };
}
