// SPDX-License-Identifier: Apache-2.0
// components/ana.ts - how well hosts get at namespaces by a portal (Asymmetric Namespace Access).
import type { AnaGroup } from '../api/types';

/** From the best to the worst. */
export const ANA_STATES = ['optimized', 'non_optimized', 'inaccessible', 'persistent_loss'] as const;
export type AnaState = (typeof ANA_STATES)[number];

export const stateOf = (group: AnaGroup, portal: string): AnaState => group.states[portal] ?? 'optimized';
/** For people. */
export const inWords = (state: AnaState) => state.replace('_', '-');
export const isServed = (state: AnaState) => state === 'optimized' || state === 'non_optimized';
export const worst = (states: AnaState[]): AnaState => ANA_STATES[Math.max(0, ...states.map((s) => ANA_STATES.indexOf(s)))]!;
