// SPDX-License-Identifier: Apache-2.0
// components/filter.tsx - what narrows a list: a text, or one of several.
import { useId } from './id';

interface Props {
  label: string;
  value: string;
  set: (value: string) => void;
}

export function Search({ label, value, set }: Props) {
  const id = useId();
  return (
    <div class="filter">
      <label for={id}>{label}</label>
      <input id={id} type="search" value={value} onInput={(event) => set(event.currentTarget.value)} />
    </div>
  );
}

/** from: values, or values with what they are called. */
export function Choose({ label, value, from, set, all = 'all' }: Props & { from: Array<string | [string, string]>; all?: string | null }) {
  const id = useId();
  return (
    <div class="filter">
      <label for={id}>{label}</label>
      <select id={id} value={value} onChange={(event) => set(event.currentTarget.value)}>
        {all !== null && <option value="">{all}</option>}
        {from.map((one) => {
          const [key, title] = typeof one === 'string' ? [one, one] : one;
          return <option key={key} value={key}>{title}</option>;
        })}
      </select>
    </div>
  );
}

/** "3 of 10 hosts" */
export const ofAll = (shown: number, all: number, inWords: string) =>
  (shown === all ? inWords : `${shown.toLocaleString('en')} of ${inWords}`);
