// SPDX-License-Identifier: Apache-2.0
// settings.test.mjs - who changed what; and who may look at all.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';
import { HOST, at, axeFindsNothing, button, dialog, field, gone, heading, link, row, setUp, visit } from './harness.mjs';

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
  await at.daemon.rest('PATCH', '/zoning', { default_zone: 'closed' });
  await row('patchZoning', 'change of zoning').waitFor();
  assert.equal(await at.page.getByText('undefined').count(), 0);
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

test('a key is made for a host, shown once, made anew, and deleted', async () => {
  await visit('#/settings?tab=keys');
  await button('New key').click();
  await field('Host NQN').fill(HOST);
  await button('Make').click();
  const secret = await dialog().locator('.command code').textContent();
  assert.match(secret, /^--dhchap-secret=DHHC-1:01:/);
  await button('Close').click();
  await row('k1', HOST, 'dhchap').waitFor();
  assert.equal(await at.page.getByText('DHHC-1').count(), 0);
  await visit(`#/hosts?nqn=${encodeURIComponent(HOST)}`);
  await at.page.getByText('by its key').waitFor();
  await visit('#/settings?tab=keys');
  await button('New secret for key k1').click();
  await button('Make').click();
  assert.notEqual(await dialog().locator('.command code').textContent(), secret);
  await button('Close').click();
  await button('Delete key k1').click();
  await button('Delete').click();
  await at.page.getByText('No keys').waitFor();
});

test('users and their tokens are made and deleted; where discoveryd wants a token it is asked for, and kept for this tab', async () => {
  await visit('#/settings?tab=users');
  await at.page.getByText('discoveryd wants no tokens').waitFor();
  for (const [name, role] of [['ada', 'admin'], ['eve', 'viewer']]) {
    await button('Add user').click();
    await field('Name').fill(name);
    await dialog().getByRole('radio', { name: role }).check();
    await button('Add').click();
    await row(name, role).waitFor();
  }
  const tokens = {};
  for (const user of ['ada', 'eve']) {
    await button('New token').click();
    await field('User').selectOption(user);
    await button('Make').click();
    tokens[user] = await dialog().locator('.command code').textContent();
    await button('Close').click();
    await at.page.getByRole('table', { name: 'Tokens' }).getByText(user, { exact: true }).waitFor();
  }
  await at.daemon.wantTokens(tokens.ada);
  await heading('Pharos').waitFor();
  assert.equal(await at.page.getByRole('alert').count(), 0);
  await axeFindsNothing('sign in');
  await field('Token').fill(`${tokens.eve.slice(0, -1)}x`);
  await button('Sign in').click();
  await at.page.getByRole('alert').filter({ hasText: 'no such token' }).waitFor();
  await field('Token').fill(tokens.eve);
  await field('Token').press('Enter');
  await link('eve, viewer').waitFor();
  await at.page.reload();
  await link('eve, viewer').waitFor();
  await visit('#/hosts');
  await at.daemon.rest('PATCH', `/hosts/${HOST}`, { name: 'told' }); // the stream, too, says who asks
  await row('told').waitFor();
  await button('Admit host').click();
  await field('NQN').fill('nqn.2026-11.example:not-by-a-viewer');
  await button('Admit').click();
  await dialog().getByRole('alert').filter({ hasText: 'viewer' }).waitFor();
  await button('Cancel').click();
  await button('Sign out').click();
  await field('Token').fill(tokens.ada);
  await field('Token').press('Enter');
  await visit('#/settings?tab=users');
  await at.page.getByText('You are ada, admin.').waitFor();
  assert.doesNotMatch(await row(tokens.eve.split('_')[1]).textContent(), /never/); // it was used above
  await button('Delete user eve').click();
  await button('Delete').click();
  await row('eve').waitFor(gone);
  await button(`Delete token ${tokens.ada.split('_')[1]}`).click();
  await button('Delete').click();
  await heading('Pharos').waitFor();
});
