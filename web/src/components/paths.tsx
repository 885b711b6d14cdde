// SPDX-License-Identifier: Apache-2.0
// components/paths.tsx - which portals a host is told, in which order, and how many.
import { Field } from './field';
import type { Submit } from './submit';

export interface Paths {
  path_policy: 'all' | 'local_first' | 'spread' | null;
  max_paths: number | null;
}

const WORDS: Array<[NonNullable<Paths['path_policy']>, string]> = [
  ['all', 'in the order in which they were made'], ['local_first', 'those near to it first'], ['spread', 'each host in an order of its own'],
];

/** unsaid: what null means, where it is a choice of its own. */
export function PathsFields({ paths, set, submit, unsaid }: { paths: Paths; set: (paths: Paths) => void; submit: Submit; unsaid?: string }) {
  return (
    <>
      <Field label="Order of paths" error={submit.at('path_policy')}>
        {(aria) => (
          <select {...aria} value={paths.path_policy ?? ''} onChange={(event) => set({ ...paths, path_policy: (event.currentTarget.value || null) as Paths['path_policy'] })}>
            {unsaid && <option value="">{unsaid}</option>}
            {WORDS.map(([value, words]) => <option key={value} value={value}>{words}</option>)}
          </select>
        )}
      </Field>
      <Field label="Paths at most" error={submit.at('max_paths')} hint={`The first of that order; empty: ${unsaid ?? 'all'}.`}>
        {(aria) => (
          <input {...aria} name="max_paths" type="number" min="1" step="1" value={paths.max_paths ?? ''}
            onInput={(event) => set({ ...paths, max_paths: event.currentTarget.value ? Number(event.currentTarget.value) : null })} />
        )}
      </Field>
    </>
  );
}
