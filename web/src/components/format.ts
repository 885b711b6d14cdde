// SPDX-License-Identifier: Apache-2.0
// components/format.ts - numbers and times for people.

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB', 'EiB'];

/** 1073741824 -> "1 GiB", with at most two decimals. */
export function bytes(n: number, decimals = 2): string {
  let unit = 0;
  while (n >= 1024 && unit < UNITS.length - 1) {
    n /= 1024;
    unit++;
  }
  return `${Number(n.toFixed(decimals))} ${UNITS[unit]}`;
}

/** Three digits are enough of what changes each second. */
export function bytesPerSecond(n: number): string {
  const [amount, unit] = bytes(n).split(' ');
  return `${Number(Number(amount).toPrecision(Number(amount) < 1000 ? 3 : 4))} ${unit}/s`;
}

/** 12345 -> "12.3k" */
export function perSecond(n: number): string {
  return new Intl.NumberFormat('en', { notation: 'compact', maximumFractionDigits: n < 10 ? 1 : n < 1000 ? 0 : 1 }).format(n);
}

/** 0.000123 -> "123 µs"; three digits. */
export function seconds(s: number): string {
  const [scale, unit] = s === 0 ? [1, 's'] : s < 1e-3 ? [1e6, 'µs'] : s < 1 ? [1e3, 'ms'] : [1, 's'];
  return `${Number((s * scale).toPrecision(3))} ${unit}`;
}

/** 93784 s -> "1 d 2 h"; the two largest units. */
export function span(s: number): string {
  const parts = ([['d', 86400], ['h', 3600], ['min', 60], ['s', 1]] as const)
    .map(([unit, of], i, all) => [unit, Math.floor((i ? s % all[i - 1]![1] : s) / of)] as const);
  const first = parts.findIndex(([, n]) => n > 0);
  return first < 0 ? '0 s' : parts.slice(first, first + 2).filter(([, n]) => n > 0).map(([unit, n]) => `${n} ${unit}`).join(' ');
}

export const percent = (part: number) => `${Number((100 * part).toFixed(part < .1 ? 1 : 0))} %`;

export function count(n: number, one: string, many = one + 's'): string {
  return `${n.toLocaleString('en')} ${n === 1 ? one : many}`;
}

/** The time of day, with the date when it wasn't today. */
export function clock(time: string | number): string {
  const date = new Date(time);
  const today = date.toDateString() === new Date().toDateString();
  return today ? date.toLocaleTimeString([], { hour12: false }) : date.toLocaleString([], { hour12: false });
}
