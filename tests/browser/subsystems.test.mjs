// SPDX-License-Identifier: Apache-2.0
// subsystems.test.mjs - the wizard, and all that can be done to a subsystem.
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { HOST, OTHER, at, alert, axeFindsNothing, button, dialog, field, gone, heading, link, row, setUp, until, visit } from './harness.mjs';

const NQN = 'nqn.2026-11.example:detail';
const MADE = 'nqn.2026-11.example:made';

setUp(async (daemon) => {
  await daemon.rest('POST', '/subsystems', { nqn: NQN, hosts: [HOST], label: 'Shown in detail' });
  await daemon.rest('POST', `/subsystems/${NQN}/namespaces`, { size: '64MiB' });
});

const detail = (tab = '') => visit(`#/subsystems?nqn=${encodeURIComponent(NQN)}&tab=${tab}`);

test('the wizard leads from nothing to a connected host', async () => {
  await at.context.grantPermissions(['clipboard-read', 'clipboard-write']);
  await visit('#/subsystems');
  await at.page.getByRole('link', { name: 'New subsystem' }).click();
  await heading('New subsystem').waitFor();
  await until(async () => await field('NQN').inputValue() === 'nqn.2026-11.example:'); // as the others begin
  await field('NQN').fill(MADE);
  await field('NQN').press('Enter');
  await field('Size').fill('32');
  await field('Unit').selectOption('MiB');
  await button('Add namespace').click();
  await field('Host NQN or group').fill(HOST);
  await button('Allow').click();
  await row(HOST.slice(-12), 'no').waitFor();
  await at.page.getByRole('link', { name: 'Continue' }).click();
  await at.page.getByText('Waiting for a host to connect').waitFor();
  await at.page.getByRole('button', { name: /^Copy: nvme connect through/ }).click();
  await at.page.getByText('Copied.').waitFor();
  const command = await at.page.evaluate(() => navigator.clipboard.readText());
  const portal = (await at.daemon.rest('GET', '/portals')).items[0];
  assert.equal(command, `nvme connect -t tcp -a ${portal.traddr} -s ${portal.trsvcid} -n ${MADE}`);
  await at.page.reload(); // the address holds the step
  await at.page.getByText('Waiting for a host to connect').waitFor();
  await at.daemon.connect(MADE, HOST);
  await at.page.getByRole('status').filter({ hasText: '1 controller connected' }).filter({ hasText: HOST }).waitFor();
  await at.daemon.disconnect(HOST);
  const [ns] = (await at.daemon.rest('GET', `/subsystems/${MADE}/namespaces`)).items;
  assert.equal(ns.size, 32 * 1024 * 1024);
});

test('what the API has against a value stands at its field', async () => {
  await visit('#/subsystems?new=subsystem');
  await field('NQN').fill('nonsense');
  await button('Create subsystem').click();
  await at.page.getByRole('alert').waitFor();
  assert.match(await at.page.getByRole('alert').textContent(), /not an NQN.*Valid: /);
  assert.equal(await field('NQN').getAttribute('aria-invalid'), 'true');
  assert.equal(await field('NQN').getAttribute('aria-describedby').then((ids) => ids.split(' ').length), 2);
  await axeFindsNothing('wizard with an error');
  await field('NQN').fill(NQN);
  await button('Create subsystem').click();
  await alert('exists already').waitFor();
});

test('a host NQN that will not do, and a size that does not fit, are told at their fields', async () => {
  await detail('hosts');
  await field('Host NQN or group').fill('nonsense');
  await button('Allow').click();
  await alert(/NQN/).waitFor();
  assert.equal(await field('Host NQN or group').getAttribute('aria-invalid'), 'true');
  await detail();
  await button('Add namespace').click();
  await field('Size').fill('9999');
  await field('Unit').selectOption('TiB');
  await button('Add').click();
  await dialog().getByRole('alert').filter({ hasText: "doesn't fit" }).waitFor();
  assert.equal(await field('Size').getAttribute('aria-invalid'), 'true');
});

test('a file becomes a namespace; one that is not there is told at the path', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'pharos-file-'));
  const path = join(folder, 'disk.img');
  await detail();
  await button('Add namespace').click();
  await dialog().getByRole('radio', { name: /^A file/ }).check();
  await field('Path').fill(path);
  await button('Add').click();
  await dialog().getByRole('alert').filter({ hasText: 'No such file' }).waitFor();
  assert.equal(await field('Path').getAttribute('aria-invalid'), 'true');
  writeFileSync(path, '');
  truncateSync(path, 16 << 20);
  await button('Add').click();
  await row('16 MiB', path, 'ready').waitFor();
  await row(path).getByRole('button', { name: /^Delete/ }).click();
  await dialog().getByText('stays as it is').waitFor();
  await dialog().getByRole('button', { name: 'Delete' }).click();
  await row(path).waitFor(gone);
  rmSync(folder, { recursive: true });
});

test('a snapshot is taken, a namespace made from it, which hosts can connect to, and both are deleted', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'pharos-snapshot-'));
  await detail();
  await button('Take snapshot of namespace 1').click();
  await field('Id (optional)').fill('monday');
  await field('Description (optional)').fill('Before the upgrade');
  await field('File (optional)').fill(join(folder, 'monday.img'));
  await button('Take').click();
  await row('monday', 'Before the upgrade', 'ready', '64 MiB', ' ms').waitFor();
  await button('Restore snapshot monday').click();
  await field('Path').fill(join(folder, 'copy.img'));
  await field('Size').fill('80');
  await button('Restore').click();
  await at.page.getByRole('button', { name: /^Copy: nvme connect through/ }).waitFor();
  const made = (await at.daemon.rest('GET', `/subsystems/${NQN}/namespaces`)).items.find((ns) => ns.path === join(folder, 'copy.img'));
  assert.deepEqual([made.size, made.backend, made.status.state], [80 << 20, 'file', 'ready']);
  await at.daemon.rest('DELETE', `/subsystems/${NQN}/namespaces/${made.nsid}`);
  await detail('snapshots');
  await button('Delete snapshot monday').click();
  await dialog().getByText('goes too').waitFor();
  await button('Delete').click();
  await at.page.getByText('No snapshots:').waitFor();
  assert.deepEqual(readdirSync(folder), ['copy.img']);
  rmSync(folder, { recursive: true });
});

test('a namespace grows; making it smaller is refused at its field, and changes nothing', async () => {
  await detail();
  await button('Edit namespace 1').click();
  await field('Size').fill('72');
  await button('Save').click();
  await row('72 MiB', 'ready').waitFor();
  await button('Edit namespace 1').click();
  await field('Size').fill('64');
  await button('Save').click();
  await dialog().getByRole('alert').filter({ hasText: 'grow, not shrink' }).waitFor();
  assert.equal(await field('Size').getAttribute('aria-invalid'), 'true');
  await button('Cancel').click();
  await row('72 MiB', 'ready').waitFor();
});

test('a namespace is kept to some hosts, and opened again', async () => {
  await detail();
  await button('Edit namespace 1').click();
  await field('every host of the subsystem').uncheck();
  await at.page.getByText('no host sees it').waitFor();
  await field('Add to hosts that see it').fill(HOST);
  await field('Add to hosts that see it').press('Enter');
  await button(`Remove ${HOST}`).waitFor();
  await field('Read only').check();
  await button('Save').click();
  await row('1 host', 'read only').waitFor();
  await button('Edit namespace 1').click();
  await field('every host of the subsystem').check();
  await field('Read only').uncheck();
  await button('Save').click();
  await row('all its hosts').waitFor();
  const ns = await at.daemon.rest('GET', `/subsystems/${NQN}/namespaces/1`);
  assert.deepEqual([ns.hosts, ns.read_only], [null, false]);
});

test('a change based on what another tab has changed meanwhile is refused, and begins again with what it is now', async () => {
  await detail();
  await button('Edit namespace 1').click();
  await field('Size').fill('96');
  await at.daemon.rest('PATCH', `/subsystems/${NQN}/namespaces/1`, { size: '80MiB' });
  await button('Save').click();
  await dialog().getByRole('alert').waitFor();
  await button('Begin again with what it is now').click();
  await dialog().getByText('80 MiB now').waitFor();
  assert.equal(await field('Size').inputValue(), '80');
  await field('Size').fill('96');
  await button('Save').click();
  await row('96 MiB').waitFor();
});

test('label and portals of a subsystem are edited', async () => {
  await detail();
  await button('Edit').click();
  await field('Label').fill('Edited');
  await field('every portal of its worker').uncheck();
  await dialog().getByRole('checkbox', { name: /^io1/ }).waitFor();
  await button('Save').click();
  await at.page.locator('.facts').getByText('Edited').waitFor();
  await at.page.locator('.facts').getByText('io1').waitFor();
  await button('Edit').click();
  await field('every portal of its worker').check();
  await button('Save').click();
  await at.page.locator('.facts').getByText('all of its worker').waitFor();
});

test('deleting what a host uses names the host, and needs a second word', async () => {
  await at.daemon.rest('POST', `/subsystems/${NQN}/namespaces`, { size: '8MiB', nsid: 7 });
  await at.daemon.connect(NQN, HOST);
  await detail();
  await at.page.locator('.facts').getByText('1 controller').waitFor();
  await row('8 MiB').getByRole('button', { name: 'Delete namespace 7' }).click();
  await dialog().getByRole('button', { name: 'Delete', exact: true }).click();
  await dialog().getByText(HOST, { exact: true }).waitFor();
  await axeFindsNothing('dialog');
  await dialog().getByRole('button', { name: 'Delete all the same' }).click();
  await row('8 MiB').waitFor(gone);
  await at.daemon.disconnect(HOST);
});

test('hosts are allowed and disallowed; a connected one is told to be cut off', async () => {
  await at.daemon.connect(NQN, HOST);
  await detail('hosts');
  await field('Host NQN or group').fill(OTHER);
  await button('Allow').click();
  await row(OTHER.slice(-41), 'no').waitFor();
  await button(`Disallow ${OTHER}`).click();
  await dialog().getByText('is not connected now').waitFor();
  await button('Disallow').click();
  await link(OTHER).waitFor(gone);
  await row(HOST.slice(-41), 'connected').waitFor();
  await button(`Disallow ${HOST}`).click();
  await dialog().getByText('end at once').waitFor();
  await button('Disallow').click();
  await link(HOST).waitFor(gone);
  await at.page.getByText('nobody can connect').waitFor();
  await at.daemon.disconnect(HOST);
  await at.page.getByLabel('Any host may connect').click();
  await at.page.getByText('None by name.').waitFor();
  await at.daemon.rest('PATCH', `/subsystems/${NQN}`, { allow_any_host: false, hosts: [HOST] });
  await row(HOST.slice(-41), 'no').waitFor();
});

test('a write while discoveryd is away says that it is not known', async () => {
  await detail('hosts');
  await field('Host NQN or group').fill(OTHER);
  await at.daemon.kill();
  await button('Allow').click();
  await alert('not known').waitFor();
  await at.daemon.start();
  await button('Allow').click();
  await link(OTHER).waitFor();
  await at.daemon.rest('DELETE', `/subsystems/${NQN}/hosts/${OTHER}`);
});

test('the list filters, sorts, and shows what comes and goes', async () => {
  const nqn = 'nqn.2026-11.example:zz-created-meanwhile';
  await visit('#/subsystems');
  await link(NQN).waitFor();
  await at.daemon.rest('POST', '/subsystems', { nqn, label: 'Elsewhere' });
  await row('created-meanwhile', 'ready').waitFor();
  const first = () => at.page.getByRole('row').nth(1).textContent();
  await button('NQN').click();
  await button('NQN').click();
  assert.match(await first(), /created-meanwhile/);
  assert.equal(await at.page.getByRole('columnheader', { name: 'NQN' }).getAttribute('aria-sort'), 'descending');
  await at.page.getByRole('searchbox', { name: 'Filter by NQN or label' }).fill('ELSEWH');
  await link(NQN).waitFor(gone);
  await at.page.getByText(/^1 of \d+ subsystems/).waitFor();
  await at.daemon.rest('DELETE', `/subsystems/${nqn}`);
  await at.page.getByText('No subsystem has that').waitFor();
});

test('deleting a subsystem names what it holds, and leads back to the list', async () => {
  await visit(`#/subsystems?nqn=${MADE}`);
  await button('Delete subsystem').click();
  await dialog().getByText('1 namespace').waitFor();
  await dialog().getByRole('button', { name: 'Delete', exact: true }).click();
  await dialog().getByText('namespace 1', { exact: true }).waitFor();
  await button('Delete all the same').click();
  await heading('Subsystems').waitFor();
  await at.page.getByRole('link', { name: NQN }).waitFor();
  assert.equal(await at.page.getByRole('link', { name: MADE }).count(), 0);
});
