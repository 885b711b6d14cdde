// SPDX-License-Identifier: Apache-2.0
// views/settings/backups.tsx - copies of the database that discoveryd keeps.
import { useState } from 'preact/hooks';
import { ALL, api } from '../../api/client';
import { usePoll } from '../../api/poll';
import type { Backup } from '../../api/types';
import { Confirm } from '../../components/dialog';
import { Wrong } from '../../components/field';
import { bytes, clock } from '../../components/format';
import { Show } from '../../components/polled';
import { State } from '../../components/state';
import { useSubmit } from '../../components/submit';
import { Table, type Column } from '../../components/table';
import { why } from './operations';

/** By a link that holds the file: one that holds its address could not say who asks. */
async function save(backup: Backup) {
  const address = URL.createObjectURL(await api.backupFile(backup.id));
  const link = document.createElement('a');
  link.href = address;
  link.download = `pharos-${backup.id}.db`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 60000);
}

const columns = (download: (backup: Backup) => void, remove: (backup: Backup) => void): Array<Column<Backup>> => [
  { title: 'Backup', by: (b) => b.id, cell: (b) => <code>{b.id}</code> },
  { title: 'Made', by: (b) => b.created_at, cell: (b) => <time dateTime={b.created_at}>{clock(b.created_at)}</time> },
  { title: 'Size', number: true, by: (b) => b.size, cell: (b) => bytes(b.size) },
  {
    title: 'Change',
    cell: (b) => (
      <span class="buttons">
        <button type="button" aria-label={`Download backup ${b.id}`} onClick={() => download(b)}>Download</button>
        <button type="button" aria-label={`Delete backup ${b.id}`} onClick={() => remove(b)}>Delete</button>
      </span>
    ),
  },
];

/** How the one that was asked for gets on. */
function Making({ id }: { id: string }) {
  const operation = usePoll(`operation ${id}`, (signal) => api.operation(id, signal), { every: 1000 }).data;
  return <p role="status">{operation && <>The backup: <State state={operation.state} reason={why(operation)} /></>}</p>;
}

export function Backups() {
  const polled = usePoll('backups', (signal) => api.backups(ALL, signal));
  const submit = useSubmit();
  const [making, make] = useState('');
  const [removed, remove] = useState<Backup>();
  const all = columns((backup) => void submit.run(() => save(backup)), remove);
  return (
    <>
      <div class="head">
        <p class="summary">Checked copies of all that discoveryd knows, secrets too; not of what hosts have stored. One is put in the place of pharos.db while discoveryd is down.</p>
        <button type="button" class="first" disabled={submit.busy} onClick={() => void submit.run(api.createBackup, (operation) => make(operation.id))}>Back up now</button>
      </div>
      <Wrong text={submit.other} />
      {making && <Making key={making} id={making} />}
      <Show of={polled}>
        {({ items }) => <Table caption="Backups" columns={all} items={items} keyOf={(b) => b.id} empty="No backups are kept here." />}
      </Show>
      {removed && (
        <Confirm title="Delete this backup?" verb="Delete" close={() => remove(undefined)} act={() => api.deleteBackup(removed.id)}>
          <p><code>{removed.id}</code>, {bytes(removed.size)}.</p>
        </Confirm>
      )}
    </>
  );
}
