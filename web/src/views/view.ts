// SPDX-License-Identifier: Apache-2.0
// views/view.ts - what a view is.
import type { ComponentType } from 'preact';

export interface View {
  /** After '#/' in the address; '' is where one starts. */
  path: string;
  title: string;
  component: ComponentType<{ params: URLSearchParams }>;
}
