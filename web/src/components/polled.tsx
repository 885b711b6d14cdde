// SPDX-License-Identifier: Apache-2.0
// components/polled.tsx - what stands where data will be, or can't be.
import type { ComponentChildren } from 'preact';
import { useLink } from '../api/link';
import type { Polled } from '../api/poll';

export function Show<T>({ of, children }: { of: Polled<T>; children: (data: T) => ComponentChildren }) {
  const link = useLink();
  if (of.error) return <p class="problem" role="alert">{of.error.message}</p>;
  if (of.data !== undefined) return <>{children(of.data)}</>;
  return <p class="empty">{link.up ? 'Loading…' : 'Nothing to show before discoveryd answers.'}</p>;
}
