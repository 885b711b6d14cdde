// SPDX-License-Identifier: Apache-2.0
// snapshots.test.mjs - snapshots while they are taken and when they fail: with a worker that does as the file's name says (tests/lib/fakeworker.py).
// subsystems.test.mjs has one that a real worker takes.
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { after } from 'node:test';
import { fileURLToPath } from 'node:url';
import { NARROW, at, axeFindsNothing, button, dialog, field, gone, link, open, row, setUp, until, visit } from './harness.mjs';

const NQN = 'nqn.2026-11.example:copied';
const folder = mkdtempSync(join(tmpdir(), 'pharos-snapshots-'));
const file = (name) => join(folder, name);

setUp(async (daemon) => {
  await daemon.rest('POST', '/subsystems', { nqn: NQN });
  await daemon.rest('POST', `/subsystems/${NQN}/namespaces`, { size: '8MiB' });
  await daemon.rest('POST', `/subsystems/${NQN}/namespaces`, { size: '8MiB', backend: 'null' });
}, ['--targetd', fileURLToPath(new URL('../lib/fakeworker.py', import.meta.url))]);
after(() => rmSync(folder, { recursive: true }));

const snapshots = () => visit(`#/subsystems?nqn=${encodeURIComponent(NQN)}&tab=snapshots`);

async function take(name) {
  await button('Take snapshot').click();
  await field('Namespace').selectOption('1');
  await field('Id (optional)').fill(name);
  await field('File (optional)').fill(file(name));
  await button('Take').click();
}

test('how far one is stands there while it is taken, and that it is ready as soon as it is', async () => {
  await snapshots();
  await at.page.getByText('No snapshots:').waitFor();
  await take('slow');
  await row('slow', 'creating', '25 % of 8 MiB').waitFor();
  assert.equal(await button('Restore snapshot slow').count(), 0);
  await axeFindsNothing('a snapshot that is being taken');
  writeFileSync(file('slow.go'), '');
  await row('slow', 'ready', '12 ms').waitFor();
  await link('Snapshots 1').waitFor();
});

test('one that fails says why; one that will not do is told at its field', async () => {
  await snapshots();
  await take('limit');
  await row('limit', 'failed', 'was not enough').waitFor();
  await visit('#/');
  await at.page.locator('.findings li').filter({ hasText: 'was not enough' }).getByRole('link', { name: 'Snapshot limit' }).click();
  await row('limit', 'failed').waitFor();
  await snapshots();
  await button('Delete snapshot limit').click();
  await dialog().getByText('It has no file').waitFor();
  await button('Delete').click();
  await row('limit').waitFor(gone);
  await take('slow');
  await dialog().getByRole('alert').waitFor();
  assert.equal(await field('Id (optional)').getAttribute('aria-invalid'), 'true');
  await field('Id (optional)').fill('a b');
  await button('Take').click();
  await dialog().getByRole('alert').filter({ hasText: 'may hold letters' }).waitFor();
  await axeFindsNothing('what is asked before one is taken');
  await button('Cancel').click();
});

test('one is described, and given up while it is taken', async () => {
  await snapshots();
  await take('slow2');
  await button('Edit snapshot slow2').click();
  await field('Description').fill('Not needed');
  await button('Save').click();
  await row('slow2', 'Not needed', 'creating').waitFor();
  await button('Delete snapshot slow2').click();
  await dialog().getByText('It is given up').waitFor();
  await button('Delete').click();
  await row('slow2').waitFor(gone);
  assert.deepEqual(readdirSync(folder).filter((name) => name.startsWith('slow2')), []);
});

test('while a namespace is made from one it is seen how far, it is not deleted, and what goes wrong stands at its field', async () => {
  const restore = async (name) => {
    await button('Restore snapshot slow').click();
    await field('Path').fill(file(name));
    await button('Restore').click();
  };
  await snapshots();
  await restore('unopenable');
  await dialog().getByRole('alert').filter({ hasText: 'it is not to be opened' }).waitFor();
  assert.equal(await field('Path').getAttribute('aria-invalid'), 'true');
  await field('Path').fill(file('slow-r'));
  await field('Size').fill('4');
  await button('Restore').click();
  await dialog().getByRole('alert').waitFor();
  assert.equal(await field('Size').getAttribute('aria-invalid'), 'true');
  await field('Size').fill('8');
  await button('Restore').click();
  await dialog().getByText('25 % of 8 MiB').waitFor();
  await axeFindsNothing('a namespace that is being made');
  await button('Cancel').click();
  await button('Delete snapshot slow').click();
  await button('Delete').click();
  await dialog().getByRole('alert').filter({ hasText: 'is being made from it' }).waitFor();
  assert.equal(await button('Delete all the same').count(), 0);
  writeFileSync(file('slow-r.go'), '');
  await until(async () => (await at.daemon.rest('GET', `/subsystems/${NQN}/namespaces`)).items.some((ns) => ns.path === file('slow-r')));
  await button('Cancel').click();
});

test('they are listed without their subsystem, on a narrow screen too; what has nothing to copy offers none', async () => {
  await visit(`#/subsystems?nqn=${encodeURIComponent(NQN)}`);
  await button('Take snapshot of namespace 1').waitFor();
  assert.equal(await button('Take snapshot of namespace 2').count(), 0);
  await at.daemon.rest('DELETE', `/subsystems/${NQN}?force=true`);
  await open({ viewport: NARROW });
  await visit('#/subsystems');
  await at.page.getByRole('link', { name: /^Snapshots/ }).click();
  await row('slow', 'copied', 'ready').waitFor();
  await axeFindsNothing('all snapshots');
});
