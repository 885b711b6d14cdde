// SPDX-License-Identifier: Apache-2.0
// views/zones/history.tsx - what was enforced when, and the way back to it.
import { useState } from 'preact/hooks';
import { ALL, api } from '../../api/client';
import { usePoll } from '../../api/poll';
import type { ZoningChange } from '../../api/types';
import { Confirm, Dialog } from '../../components/dialog';
import { clock } from '../../components/format';
import { Show } from '../../components/polled';
import { State } from '../../components/state';
import { Table, type Column } from '../../components/table';
import { Grace, Note } from './activate';
import { Zones } from './active';

const KINDS: Record<ZoningChange['kind'], string> = { activation: 'activation', rollback: 'roll-back', settings: 'rules', ddc: 'by a discovery controller' };

type Asked = { past: ZoningChange; what: 'show' | 'back' } | undefined;

const columns = (latest: number, ask: (asked: Asked) => void): Array<Column<ZoningChange>> => [
  { title: 'Number', number: true, by: (h) => h.change, cell: (h) => h.change },
  { title: 'When', by: (h) => h.at, cell: (h) => <time dateTime={h.at}>{clock(h.at)}</time> },
  { title: 'What', by: (h) => h.kind, cell: (h) => <>{KINDS[h.kind]} <span class="quiet">{h.summary}{h.grace && ', connected hosts let stay'}</span></> },
  { title: 'Note', by: (h) => h.note, cell: (h) => h.note || '–' },
  { title: 'Then', by: (h) => String(h.enabled), cell: (h) => <State state={h.enabled ? 'enforced' : 'not enforced'} reason={`default ${h.default_zone}`} /> },
  {
    title: 'Change',
    cell: (h) => (
      <span class="buttons">
        <button type="button" aria-label={`Show change ${h.change}`} onClick={() => ask({ past: h, what: 'show' })}>Show</button>
        {h.change !== latest && <button type="button" aria-label={`Roll back to change ${h.change}`} onClick={() => ask({ past: h, what: 'back' })}>Roll back…</button>}
      </span>
    ),
  },
];

function Past({ past: { change }, close }: { past: ZoningChange; close: () => void }) {
  const polled = usePoll(`zoning ${change}`, (signal) => api.zoningPast(change, signal), { kinds: [] });
  return (
    <Dialog title={`Enforced from change ${change} on`} close={close} large>
      <Show of={polled}>{(past) => <Zones groups={past.groups} empty="No zone was enforced." />}</Show>
      <div class="actions"><button type="button" onClick={close}>Close</button></div>
    </Dialog>
  );
}

function Back({ past, close }: { past: ZoningChange; close: () => void }) {
  const [grace, setGrace] = useState(false);
  const [note, setNote] = useState('');
  return (
    <Confirm title={`Roll back to change ${past.change}?`} verb="Roll back" close={close} preview={() => api.wouldRollBackZoning(past.change)}
      act={() => api.rollBackZoning(past.change, { grace, ...(note.trim() && { note: note.trim() }) })}>
      <p>Our zones, whether they are enforced, and the default are again as they were from {clock(past.at)} on. What is configured stays.</p>
      <Grace on={grace} set={setGrace} />
      <Note error={undefined} value={note} set={setNote} />
    </Confirm>
  );
}

export function History() {
  const polled = usePoll('zoning history', (signal) => api.zoningHistory(ALL, signal),
    { kinds: [], events: ['zoning.activated', 'zoning.rolled_back', 'zoning.settings', 'zoning.ddc'] });
  const [asked, ask] = useState<Asked>();
  const close = () => ask(undefined);
  return (
    <>
      <Show of={polled}>
        {({ items }) => (
          <Table caption="Changes of what is enforced, newest first" columns={columns(items[0]?.change ?? 0, ask)} items={items} keyOf={(h) => String(h.change)}
            empty="Nothing was ever activated." />
        )}
      </Show>
      {asked?.what === 'show' && <Past past={asked.past} close={close} />}
      {asked?.what === 'back' && <Back past={asked.past} close={close} />}
    </>
  );
}
