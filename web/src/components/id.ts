// SPDX-License-Identifier: Apache-2.0
// components/id.ts - identifiers of elements. Preact's own start again from 0 where a part of the page is drawn anew, so that two
// elements may have the same.
import { useState } from 'preact/hooks';

let last = 0;

export function useId(): string {
  return useState(() => `id${++last}`)[0];
}
