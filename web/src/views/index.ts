// SPDX-License-Identifier: Apache-2.0
// views/index.ts - the views, in the order of the menu: the one list that a new view is added to.
import { discovery } from './discovery';
import { events } from './events';
import { hosts } from './hosts';
import { overview } from './overview';
import { subsystems } from './subsystems';
import { topology } from './topology';
import type { View } from './view';
import { workers } from './workers';

export const views: View[] = [overview, subsystems, hosts, workers, topology, discovery, events];
