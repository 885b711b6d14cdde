// SPDX-License-Identifier: Apache-2.0
// views/index.ts - the views in the groups and the order of the menu: the one list that a new view is added to.
import { discovery } from './discovery';
import { events } from './events';
import { hosts } from './hosts';
import { overview } from './overview';
import { performance } from './performance';
import { settings } from './settings';
import { subsystems } from './subsystems';
import { topology } from './topology';
import type { View } from './view';
import { workers } from './workers';
import { zones } from './zones';

export const menu: View[][] = [
  [overview, topology, performance],
  [subsystems, hosts, zones, discovery],
  [workers, events, settings],
];

export const views = menu.flat();
