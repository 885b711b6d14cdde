// SPDX-License-Identifier: Apache-2.0
// views/view.ts - what a view is.
import type { ComponentType } from 'preact';
import type { IconName } from '../components/icon';

export interface View {
  /** After '#/' in the address; '' is where one starts. */
  path: string;
  /** In the menu. */
  title: string;
  icon: IconName;
  /** A hook: how many things in it wait for somebody; shown in the menu. */
  useCount?: () => number;
  /** Of what the view shows with these parameters; undefined: that of the menu. */
  titleOf?: (params: URLSearchParams) => string | undefined;
  component: ComponentType<{ params: URLSearchParams }>;
}
