// SPDX-License-Identifier: Apache-2.0
// subsystems.test.mjs - the wizard, and all that can be done to a subsystem.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { HOST, OTHER, at, axeFindsNothing, heading, looks, row, setUp, visit } from './harness.mjs';

const NQN = 'nqn.2026-11.example:detail';
const MADE = 'nqn.2026-11.example:made';

setUp(async (daemon) => {
  await daemon.rest('POST', '/subsystems', { nqn: NQN, hosts: [HOST], label: 'Shown in detail' });
  await daemon.rest('POST', `/subsystems/${NQN}/namespaces`, { size: '64MiB' });
});

const button = (name) => at.page.getByRole('button', { name, exact: true });
const field = (name) => at.page.getByLabel(name, { exact: true });
const dialog = () => at.page.getByRole('dialog');
const detail = () => visit(`#/subsystems?nqn=${encodeURIComponent(NQN)}`);

test('the wizard leads from nothing to a connected host', async () => {
  await at.context.grantPermissions(['clipboard-read', 'clipboard-write']);
  await visit('#/subsystems');
  await at.page.getByRole('link', { name: 'New subsystem' }).click();
  await heading('New subsystem').waitFor();
  await field('NQN').fill(MADE);
  await field('NQN').press('Enter');
  await field('Size').fill('32');
  await field('Unit').selectOption('MiB');
  await button('Add namespace').click();
  await field('Host NQN').fill(HOST);
  await button('Allow').click();
  await row(HOST, 'no').waitFor();
  await at.page.getByRole('link', { name: 'Continue' }).click();
  await at.page.getByText('Waiting for a host to connect').waitFor();
  await at.page.getByRole('button', { name: /^Copy: nvme connect/ }).click();
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
  await at.page.getByRole('alert').filter({ hasText: 'exists already' }).waitFor();
});

test('a host NQN that will not do, and a size that does not fit, are told at their fields', async () => {
  await detail();
  await field('Host NQN').fill('nonsense');
  await button('Allow').click();
  await at.page.getByRole('alert').filter({ hasText: /NQN/ }).waitFor();
  assert.equal(await field('Host NQN').getAttribute('aria-invalid'), 'true');
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
  await row(path).waitFor({ state: 'detached' });
  rmSync(folder, { recursive: true });
});

test('a namespace grows; making it smaller is refused at its field, and changes nothing', async () => {
  await detail();
  await button('Resize namespace 1').click();
  await field('New size').fill('72');
  await button('Resize').click();
  await row('72 MiB', 'ready').waitFor();
  await button('Resize namespace 1').click();
  await field('New size').fill('64');
  await button('Resize').click();
  await dialog().getByRole('alert').filter({ hasText: 'grow, not shrink' }).waitFor();
  assert.equal(await field('New size').getAttribute('aria-invalid'), 'true');
  await button('Cancel').click();
  await row('72 MiB', 'ready').waitFor();
});

test('a resize based on what another tab has changed meanwhile is refused', async () => {
  await detail();
  await button('Resize namespace 1').click();
  await dialog().waitFor();
  await at.page.waitForLoadState('networkidle').catch(() => undefined);
  await at.page.waitForTimeout(300);
  await at.daemon.rest('PATCH', `/subsystems/${NQN}/namespaces/1`, { size: '80MiB' });
  await field('New size').fill('96');
  await button('Resize').click();
  await dialog().getByRole('alert').waitFor();
  await at.page.keyboard.press('Escape');
  await dialog().waitFor({ state: 'detached' });
  await row('80 MiB').waitFor();
});

test('deleting what a host uses names the host, and needs a second word', async () => {
  await at.daemon.rest('POST', `/subsystems/${NQN}/namespaces`, { size: '8MiB', nsid: 7 });
  await at.daemon.connect(NQN, HOST);
  await detail();
  await at.page.getByRole('status').filter({ hasText: '1 controller connected' }).waitFor();
  await row('8 MiB').getByRole('button', { name: 'Delete namespace 7' }).click();
  await dialog().getByRole('button', { name: 'Delete', exact: true }).click();
  await dialog().getByText(HOST, { exact: true }).waitFor();
  await axeFindsNothing('dialog');
  await dialog().getByRole('button', { name: 'Delete all the same' }).click();
  await row('8 MiB').waitFor({ state: 'detached' });
  await at.daemon.disconnect(HOST);
});

test('hosts are allowed and disallowed; a connected one is told to be cut off', async () => {
  await at.daemon.connect(NQN, HOST);
  await detail();
  await field('Host NQN').fill(OTHER);
  await button('Allow').click();
  await row(OTHER, 'no').waitFor();
  await button(`Disallow ${OTHER}`).click();
  await dialog().getByText('is not connected now').waitFor();
  await button('Disallow').click();
  await row(OTHER).waitFor({ state: 'detached' });
  await row(HOST, 'connected').waitFor();
  await button(`Disallow ${HOST}`).click();
  await dialog().getByText('end at once').waitFor();
  await button('Disallow').click();
  await row(HOST).waitFor({ state: 'detached' });
  await at.page.getByText('Waiting for a host to connect').waitFor();
  await at.daemon.disconnect(HOST);
  await at.page.getByLabel('Any host may connect').click();
  await at.page.getByText('None by name.').waitFor();
  await at.daemon.rest('PATCH', `/subsystems/${NQN}`, { allow_any_host: false, hosts: [HOST] });
  await row(HOST, 'no').waitFor();
});

test('a write while discoveryd is away says that it is not known', async () => {
  await detail();
  await field('Host NQN').fill(OTHER);
  await at.daemon.kill();
  await button('Allow').click();
  await at.page.getByRole('alert').filter({ hasText: 'not known' }).waitFor();
  await at.daemon.start();
  await button('Allow').click();
  await row(OTHER).waitFor();
  await at.daemon.rest('DELETE', `/subsystems/${NQN}/hosts/${OTHER}`);
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

const connect = (page) => page.getByRole('button', { name: /^Copy: nvme connect/ }).waitFor();
const shown = (name) => (page) => page.getByRole('button', { name }).waitFor();
looks({
  'subsystem': { hash: `#/subsystems?nqn=${NQN}`, ready: connect },
  'wizard-1-subsystem': { hash: '#/subsystems?new=subsystem', ready: shown('Create subsystem') },
  'wizard-2-namespace': { hash: `#/subsystems?new=namespace&nqn=${NQN}`, ready: shown('Add namespace') },
  'wizard-3-hosts': { hash: `#/subsystems?new=hosts&nqn=${NQN}`, ready: shown(/^Disallow/) },
  'wizard-4-connect': { hash: `#/subsystems?new=connect&nqn=${NQN}`, ready: connect },
}, { begin: (daemon) => daemon.connect(NQN, HOST), end: (daemon) => daemon.disconnect(HOST) });
