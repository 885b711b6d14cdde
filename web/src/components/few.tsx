// SPDX-License-Identifier: Apache-2.0
// components/few.tsx - the first of what may be many, a line each, and how many more there are.
import type { ComponentChildren } from 'preact';

export function Few({ of, most = 20, none, children }: { of: string[]; most?: number; none: string; children: (name: string) => ComponentChildren }) {
  if (!of.length) return <>{none}</>;
  return (
    <>
      {of.slice(0, most).map((name) => <div key={name}>{children(name)}</div>)}
      {of.length > most && <div class="quiet">and {(of.length - most).toLocaleString('en')} more</div>}
    </>
  );
}
