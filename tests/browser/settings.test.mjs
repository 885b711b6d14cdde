// SPDX-License-Identifier: Apache-2.0
// settings.test.mjs - who changed what; and who may look at all.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';
import { HOST, at, button, dialog, gone, row, setUp, visit } from './harness.mjs';

setUp(async (daemon) => {
  await daemon.rest('POST', '/hosts', { nqn: HOST, name: 'before' });
  await daemon.rest('PATCH', `/hosts/${HOST}`, { name: 'after' });
});

test('the audit log has who changed what, with what it was, as it happens', async () => {
  const nqn = 'nqn.2026-11.example:audited';
  await visit('#/settings?tab=audit');
  await row('createHost', `host ${HOST} made`, 'local').waitFor();
  await row('patchHost').getByRole('button').click();
  await dialog().getByRole('row').filter({ hasText: 'before' }).filter({ hasText: 'after' }).waitFor();
  await button('Close').click();
  await at.daemon.rest('POST', '/subsystems', { nqn });
  await row(`subsystem ${nqn} made`).waitFor();
  await at.page.getByRole('searchbox').fill('createsub');
  await row('createHost').waitFor(gone);
  await at.page.getByText(/^1 of \d+ changes$/).waitFor();
});

test('a backup is made, downloaded, and deleted', async () => {
  await visit('#/settings?tab=backups');
  await button('Back up now').click();
  await at.page.getByRole('status').filter({ hasText: 'succeeded' }).waitFor();
  await row('KiB').waitFor();
  const [download] = await Promise.all([at.page.waitForEvent('download'), row('KiB').getByRole('button', { name: /^Download/ }).click()]);
  assert.match(download.suggestedFilename(), /^pharos-.*\.db$/);
  assert.equal(readFileSync(await download.path()).subarray(0, 15).toString(), 'SQLite format 3');
  await row('KiB').getByRole('button', { name: /^Delete/ }).click();
  await button('Delete').click();
  await at.page.getByText('No backups are kept here.').waitFor();
});
