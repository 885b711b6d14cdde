// SPDX-License-Identifier: Apache-2.0
// views/zones/preview.tsx - what an activation, or other settings, would do to whom.
import { useEffect, useState } from 'preact/hooks';
import { api } from '../../api/client';
import type { ZoningPreview, ZoningPreviewRequest } from '../../api/types';
import { Few } from '../../components/few';
import { count } from '../../components/format';
import { HostLink, Nqn } from '../../components/nqn';
import { Table, type Column } from '../../components/table';
import { Member, keyOf } from './member';

type Host = ZoningPreview['hosts'][number];
type Named = ZoningPreview['unknown_members'][number];

/** So many names are shown of what one host gains or loses. */
const NAMES = 4;

export interface Foreseen {
  preview?: ZoningPreview;
  /** Why there is none. */
  problem?: string;
}

/** Asked for anew when the request differs, or round; undefined asks nothing. */
export function usePreview(request: ZoningPreviewRequest | undefined, round: unknown = 0): Foreseen {
  const [foreseen, set] = useState<Foreseen>({});
  const asked = request && JSON.stringify(request);
  useEffect(() => {
    set({});
    if (!request) return undefined;
    let here = true;
    api.previewZoning(request).then((preview) => here && set({ preview }), (error: Error) => here && set({ problem: error.message }));
    return () => { here = false; };
  }, [asked, round]);
  return foreseen;
}

const Names = ({ of }: { of: string[] }) => <Few of={of} most={NAMES} none="–">{(nqn) => <Nqn nqn={nqn} />}</Few>;

const COLUMNS: Array<Column<Host>> = [
  { title: 'Host', by: (h) => h.nqn, cell: (h) => <HostLink nqn={h.nqn} /> },
  { title: 'Gains', by: (h) => h.gains.length, cell: (h) => <Names of={h.gains} /> },
  { title: 'Loses', by: (h) => h.loses.length, cell: (h) => <Names of={h.loses} /> },
  { title: 'Connected to', by: (h) => h.connected.length, cell: (h) => <Names of={h.connected} /> },
];

/** words: of one, and of several. */
function Some({ words: [one, several], of }: { words: [string, string]; of: Named[] }) {
  if (!of.length) return null;
  return (
    <details>
      <summary>{count(of.length, 'member')} {of.length === 1 ? one : several}</summary>
      <ul>{of.map((m) => <li key={`${m.group} ${m.zone} ${keyOf(m.member)}`}>{m.group}/{m.zone}: {m.member.role} <Member member={m.member} /></li>)}</ul>
    </details>
  );
}

function Summary({ of, grace }: { of: ZoningPreview; grace: boolean }) {
  const cut = of.hosts.filter((h) => h.connected.length > 0).length;
  if (!of.gaining && !of.losing) return <p>No known host gains or loses anything.</p>;
  return (
    <>
      <p><b>{count(of.gaining, 'host')} {of.gaining === 1 ? 'gains' : 'gain'}, {count(of.losing, 'host')} {of.losing === 1 ? 'loses' : 'lose'}.</b></p>
      {cut > 0 && (
        <p class="waiting">{count(cut, 'host')} {cut === 1 ? 'is' : 'are'} connected to what {cut === 1 ? 'it loses' : 'they lose'}
          {grace ? ', and may stay until they leave.' : ': these connections end at once, unless they are let stay.'}</p>
      )}
    </>
  );
}

export function Preview({ of: { preview, problem }, grace }: { of: Foreseen; grace: boolean }) {
  if (problem) return <p class="problem" role="alert">{problem}</p>;
  if (!preview) return <p role="status" class="quiet">Looking who gains and who loses…</p>;
  const { anyone } = preview;
  return (
    <div class="consequences" role="status">
      <Summary of={preview} grace={grace} />
      {preview.hosts.length > 0 && (
        <div class="preview" tabIndex={0} role="group" aria-label="Hosts that gain or lose">
          <Table caption="Hosts that gain or lose" columns={COLUMNS} items={preview.hosts} keyOf={(h) => h.nqn} empty="" />
        </div>
      )}
      {preview.truncated && <p>There is more than is listed here.</p>}
      {anyone.gains.length > 0 && <p>A host that nobody knows gains {count(anyone.gains.length, 'subsystem')}.</p>}
      {anyone.loses.length > 0 && <p>A host that nobody knows loses {count(anyone.loses.length, 'subsystem')}.</p>}
      <Some words={['matches nothing known', 'match nothing known']} of={preview.unknown_members} />
      <Some words={['names', 'name'].map((verb) => `${verb} what another discovery controller presents: whether hosts may connect there is up to that one`) as [string, string]}
        of={preview.foreign_members} />
    </div>
  );
}
