// SPDX-License-Identifier: Apache-2.0
// views/discovery/registrations.tsx - what hosts and other discovery controllers have registered here.
import { useState } from 'preact/hooks';
import { api } from '../../api/client';
import type { Registration } from '../../api/types';
import { Confirm } from '../../components/dialog';
import { Search, ofAll } from '../../components/filter';
import { clock, count } from '../../components/format';
import { More, useList } from '../../components/more';
import { Nqn } from '../../components/nqn';
import { Show } from '../../components/polled';
import { State } from '../../components/state';
import { Table, type Column } from '../../components/table';

const KINDS = { host: 'host', ddc: 'direct discovery controller', cdc: 'central discovery controller' };

const columns = (forget: (registration: Registration) => void): Array<Column<Registration>> => [
  { title: 'Registered', by: (r) => r.nqn, cell: (r) => <Nqn nqn={r.nqn} /> },
  { title: 'Address', by: (r) => r.traddr, cell: (r) => <>{r.traddr}{r.trsvcid && `, port ${r.trsvcid}`} <State state={r.verified ? 'verified' : 'unverified'} /></> },
  { title: 'Type', by: (r) => r.subtype ?? 'host', cell: (r) => r.subtype ?? 'host' },
  { title: 'Label', by: (r) => r.label, cell: (r) => r.label || '–' },
  { title: 'By', by: (r) => r.entity_id, cell: (r) => <>{KINDS[r.entity_type]}{r.entity_id !== r.nqn && <> <code>{r.entity_id}</code></>} <span class="quiet">{r.entity_name} {r.entity_version}</span></> },
  { title: 'Since', by: (r) => r.created_at, cell: (r) => <time dateTime={r.created_at}>{clock(r.created_at)}</time> },
  { title: 'Change', cell: (r) => <button type="button" aria-label={`Forget the registration of ${r.nqn} at ${r.traddr}`} onClick={() => forget(r)}>Forget</button> },
];

export function Registrations() {
  const polled = useList('registrations', api.registrations);
  const [filter, setFilter] = useState('');
  const [asked, ask] = useState<Registration>();
  const passes = (r: Registration) => `${r.nqn} ${r.traddr} ${r.label} ${r.entity_id} ${r.entity_name}`.toLowerCase().includes(filter.trim().toLowerCase());
  return (
    <>
      <Show of={polled}>
        {(list) => {
          const shown = list.items.filter(passes);
          return (
            <>
              <div class="bar">
                <p class="summary">{ofAll(shown.length, list.items.length, count(list.items.length, 'registration'))}</p>
                <Search label="Filter by NQN, address, label" value={filter} set={setFilter} />
              </div>
              <Table caption="Registrations" columns={columns(ask)} items={shown} keyOf={(r) => String(r.id)}
                empty={list.items.length ? 'No registration is like that.' : 'Nobody has registered here. nvme-stas does by itself; nvme-cli by `nvme dim`.'} />
              <More of={list} />
            </>
          );
        }}
      </Show>
      {asked && (
        <Confirm title="Forget this registration?" verb="Forget" close={() => ask(undefined)} act={() => api.deleteRegistration(asked.id)}>
          <p><code>{asked.nqn}</code> at {asked.traddr}. Whoever registered it may do so again.</p>
        </Confirm>
      )}
    </>
  );
}
