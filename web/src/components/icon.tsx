// SPDX-License-Identifier: Apache-2.0
// components/icon.tsx - a small picture beside a word that says the same; lines on a ground of 24 by 24.

export const ICONS = {
  overview: 'M4 4h7v9H4zM13 4h7v5h-7zM4 16h7v4H4zM13 12h7v8h-7z',
  topology: 'M8 5.5a2.5 2.5 0 1 1-5 0 2.5 2.5 0 0 1 5 0zM8 18.5a2.5 2.5 0 1 1-5 0 2.5 2.5 0 0 1 5 0zM21 12a2.5 2.5 0 1 1-5 0 2.5 2.5 0 0 1 5 0zM7.7 6.8l8.6 4M7.7 17.2l8.6-4',
  performance: 'M4 4v16h16M7.5 15l3.5-5 3.5 3L20 6',
  disks: 'M5 6c0-1.7 3.1-3 7-3s7 1.3 7 3-3.1 3-7 3-7-1.3-7-3zM5 6v12c0 1.7 3.1 3 7 3s7-1.3 7-3V6M5 12c0 1.7 3.1 3 7 3s7-1.3 7-3',
  host: 'M3 5h18v11H3zM9 20h6M12 16v4',
  zones: 'M15.5 9.5a6 6 0 1 1-12 0 6 6 0 0 1 12 0zM20.5 14.5a6 6 0 1 1-12 0 6 6 0 0 1 12 0z',
  search: 'M17 10.5a6.5 6.5 0 1 1-13 0 6.5 6.5 0 0 1 13 0zM15.2 15.2L21 21',
  chip: 'M7 7h10v10H7zM10 3v4M14 3v4M10 17v4M14 17v4M3 10h4M3 14h4M17 10h4M17 14h4',
  list: 'M9 6h11M9 12h11M9 18h11M4.5 6h.01M4.5 12h.01M4.5 18h.01',
  settings: 'M4 7h9M17 7h3M4 17h3M11 17h9M15 5v4M9 15v4',
  menu: 'M4 7h16M4 12h16M4 17h16',
} as const;

export type IconName = keyof typeof ICONS;

export function Icon({ name }: { name: IconName }) {
  return <svg class="icon" viewBox="0 0 24 24" aria-hidden="true"><path d={ICONS[name]} /></svg>;
}
