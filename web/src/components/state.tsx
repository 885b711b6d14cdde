// SPDX-License-Identifier: Apache-2.0
// components/state.tsx - a state in one word, with a colour that is not the only sign.

const TONES: Record<string, string> = {
  ready: 'good', ok: 'good', running: 'good', yes: 'good', connected: 'good', admitted: 'good', active: 'good', enforced: 'good', changed: 'wait', invalid: 'bad', verified: 'good', done: 'good', told: 'good', succeeded: 'good', polled: 'good',
  pending: 'wait', creating: 'wait', incomplete: 'wait', degraded: 'wait', starting: 'wait', restarting: 'wait', stopping: 'wait', warning: 'wait', away: 'wait',
  waiting: 'wait', missing: 'wait', connecting: 'wait', unverified: 'wait', 'nobody known': 'wait', 'not enforced': 'wait', lost: 'bad',
  'non-optimized': 'wait', inaccessible: 'bad', 'persistent-loss': 'bad',
  failed: 'bad', error: 'bad',
};

export function State({ state, reason }: { state: string; reason?: string | null }) {
  return (
    <span class="state-and-reason">
      <span class={`state ${TONES[state] ?? 'plain'}`}>{state}</span>
      {reason && <span class="reason">{reason}</span>}
    </span>
  );
}
