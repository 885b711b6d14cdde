// SPDX-License-Identifier: Apache-2.0
// components/size.tsx - a size with its unit.
import type { FieldAria } from './field';

const UNITS = ['MiB', 'GiB', 'TiB'];

export interface Size {
  amount: string;
  unit: string;
}

/** In the largest unit that it is a whole number of. */
export function sizeOf(n: number): Size {
  const unit = [...UNITS].reverse().find((_, i) => n % 1024 ** (4 - i) === 0) ?? 'MiB';
  return { amount: String(n / 1024 ** (UNITS.indexOf(unit) + 2)), unit };
}

/** Exact in bytes; the API says what is wrong with one that isn't a number of blocks. */
export const inBytes = ({ amount, unit }: Size) => Math.round(Number(amount) * 1024 ** (UNITS.indexOf(unit) + 2));

export function SizeInput({ aria, size, set }: { aria: FieldAria; size: Size; set: (size: Size) => void }) {
  return (
    <div class="size">
      <input {...aria} name="size" type="number" min="0" step="any" required value={size.amount}
        onInput={(event) => set({ ...size, amount: event.currentTarget.value })} />
      <select aria-label="Unit" value={size.unit} onChange={(event) => set({ ...size, unit: event.currentTarget.value })}>
        {UNITS.map((unit) => <option key={unit}>{unit}</option>)}
      </select>
    </div>
  );
}
