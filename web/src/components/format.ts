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

/** 12345 -> "12.3k" */
export function perSecond(n: number): string {
  return new Intl.NumberFormat('en', { notation: 'compact', maximumFractionDigits: 1 }).format(n);
}

export function count(n: number, one: string, many = one + 's'): string {
  return `${n.toLocaleString('en')} ${n === 1 ? one : many}`;
}

/** The time of day, with the date when it wasn't today. */
export function clock(time: string | number): string {
  const date = new Date(time);
  const today = date.toDateString() === new Date().toDateString();
  return today ? date.toLocaleTimeString() : date.toLocaleString();
}
