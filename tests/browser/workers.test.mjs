// SPDX-License-Identifier: Apache-2.0
// workers.test.mjs - what serves and how it does: workers, portals, topology, performance, events.
import assert from 'node:assert/strict';
import test from 'node:test';
import { HOST, OTHER, at, alert, button, dialog, field, gone, heading, row, setUp, until, visit } from './harness.mjs';

const NQN = 'nqn.2026-11.example:pictured';

setUp(async (daemon) => {
  await daemon.rest('POST', '/subsystems', { nqn: NQN, hosts: [HOST] });
  await daemon.rest('POST', `/subsystems/${NQN}/namespaces`, { size: '64MiB' });
  await daemon.rest('POST', '/hosts', { nqn: OTHER, name: 'spare' });
});

const card = (name) => at.page.getByRole('article', { name });

test('a worker shows its memory and how busy its reactors are; killed, its next process and the restart', async () => {
  const [before] = (await at.daemon.rest('GET', '/workers')).items;
  await visit('#/workers');
  await card('Worker w1').getByText(String(before.pid), { exact: true }).waitFor();
  await card('Worker w1').getByText(/^[\d.]+ MiB$/).waitFor();
  await card('Worker w1').getByText(/^[\d.]+ % busy$/).first().waitFor();
  await at.daemon.killWorker();
  await card('Worker w1').getByText(String(before.pid), { exact: true }).waitFor(gone);
  await card('Worker w1').filter({ hasText: 'Restarts1' }).getByText('running').waitFor();
  await visit('#/events');
  await row('worker.died').waitFor();
});

test('a worker is added, changed and deleted; one that serves something is not', async () => {
  await visit('#/workers');
  await button('Add worker').click();
  await field('Name (optional)').fill('w 2');
  await button('Add').click();
  await dialog().getByRole('alert').waitFor();
  await field('Name (optional)').fill('w2');
  await field('Threads').fill('1');
  await button('Add').click();
  await card('Worker w2').getByText('running').waitFor();
  await button('Edit worker w2').click();
  await field('Cores').fill('0');
  await button('Save').click();
  await card('Worker w2').getByText('Cores0').or(card('Worker w2').filter({ hasText: 'Cores0' })).first().waitFor();
  await button('Delete worker w2').click();
  await button('Delete').click();
  await card('Worker w2').waitFor(gone);
  await button('Delete worker w1').click();
  await button('Delete').click();
  await dialog().locator('.users').getByText(NQN).waitFor();
});

test('a portal is added, told as another address, and deleted; a host that uses it is named', async () => {
  const port = String(await at.daemon.freePort());
  await visit('#/workers?tab=portals');
  await button('Add portal').click();
  await field('Address').fill('127.0.0.2');
  await field('Port').fill('99999');
  await button('Add').click();
  await dialog().getByRole('alert').waitFor();
  assert.equal(await field('Port').getAttribute('aria-invalid'), 'true');
  await field('Port').fill(port);
  await field('Name (optional)').fill('second');
  await button('Add').click();
  await row('second', 'ready').waitFor();
  await button('Edit portal second').click();
  await field('Told as').fill('192.0.2.9');
  await button('Save').click();
  await row('second', '192.0.2.9').waitFor();
  await at.daemon.connect(NQN, HOST, { portal: 'second' });
  await until(async () => (await at.daemon.rest('GET', '/controllers')).items.length === 1);
  await button('Delete portal second').click();
  await button('Delete').click();
  await dialog().getByText(HOST, { exact: true }).waitFor();
  await button('Delete all the same').click();
  await row('second').waitFor(gone);
  await at.daemon.disconnect(HOST);
});

test('what a portal says of an ANA group is set; that it is taken out of use is asked', async () => {
  await visit('#/workers?tab=portals');
  await button('Access by portal io1').click();
  await field(/^Group 1/).selectOption('non-optimized');
  await button('Save').click();
  await row('io1', 'non-optimized').waitFor();
  await button('Access by portal io1').click();
  await field(/^Group 1/).selectOption('inaccessible');
  await button('Save').click();
  await dialog().getByText(/They stay connected/).waitFor();
  await button('Take out of use').click();
  await row('io1', 'inaccessible').waitFor();
  assert.equal((await at.daemon.rest('GET', '/ana-groups/1')).states.io1, 'inaccessible');
  await at.daemon.rest('PATCH', '/ana-groups/1', { states: { io1: null } });
  await row('io1', 'optimized').waitFor();
});

test('events are filtered by severity, kind and text', async () => {
  await visit('#/events');
  const table = at.page.getByRole('table', { name: 'Events, newest first' });
  await table.getByText('discoveryd.started').waitFor();
  await field('Severity').selectOption('error');
  await table.getByText('discoveryd.started').waitFor(gone);
  await field('Severity').selectOption('');
  await field('Kind').selectOption('discoveryd.started');
  await row('discoveryd.started').waitFor();
  await at.page.getByText(/^1 of \d+ events$/).waitFor();
  await field('Text or object').fill('no such text');
  await at.page.getByText('No event is like that.').waitFor();
});

test('events go on after discoveryd was away', async () => {
  await visit('#/events');
  await row('discoveryd.started').waitFor();
  const before = await at.page.getByText('discoveryd.started').count();
  await at.daemon.kill();
  await at.page.getByText("discoveryd doesn't answer").waitFor();
  await at.daemon.start();
  await at.page.getByRole('cell', { name: 'discoveryd.started' }).nth(before - 1).waitFor();
  await row('worker.adopted').waitFor();
});

test('the picture follows: lines in use where a host is connected, a missing path, what is asked for alone; its boxes lead on', async () => {
  const used = at.page.locator('.topology .path.used');
  await visit('#/topology');
  await at.page.getByRole('link', { name: `${NQN}: ready` }).waitFor();
  assert.equal(await used.count(), 0);
  await at.daemon.connect(NQN, HOST);
  await at.page.getByRole('link', { name: `${HOST}: 1 controller` }).waitFor();
  assert.equal(await used.count(), 4); // host, portal, worker, subsystem, namespace
  await row(HOST.slice(-41), 'connected').waitFor();
  await at.daemon.rest('POST', '/portals', { id: 'other', traddr: '127.0.0.3', trsvcid: String(await at.daemon.freePort()) });
  await row('other', 'missing').waitFor();
  await at.daemon.rest('PATCH', '/ana-groups/1', { states: { other: 'non_optimized' } });
  await row('other', 'non-optimized').waitFor();
  await at.page.locator('.topology .path.missing.non_optimized').waitFor();
  await at.page.getByRole('searchbox').fill('spare');
  await at.page.getByRole('link', { name: `${OTHER}: not connected` }).waitFor();
  assert.equal(await at.page.getByRole('link', { name: `${NQN}: ready` }).count(), 0);
  await at.page.getByRole('searchbox').fill('');
  await field('Only connected').check();
  await at.page.getByRole('link', { name: `${OTHER}: not connected` }).waitFor(gone);
  await at.page.getByRole('link', { name: `namespace 1 of ${NQN}` }).focus();
  assert.ok(await at.page.locator('.topology.focused .box.near').count() >= 5);
  await at.page.keyboard.press('Enter');
  await heading(NQN).waitFor();
  await at.daemon.disconnect(HOST);
  await at.daemon.rest('DELETE', '/portals/other');
});

test('what `pharos bench` does is seen: how long commands took, by namespace, by host, and at the reactors', async () => {
  await at.daemon.bench(NQN, HOST, '1 4096 randrw 70', 60);
  await visit('#/performance');
  const some = (table) => at.page.getByRole('table', { name: table }).getByRole('row').filter({ hasText: table.endsWith('host') ? HOST.slice(-41) : 'pictured' });
  await some('I/O by namespace').getByRole('cell').filter({ hasText: /^[\d.]+K$/ }).waitFor();
  await some('I/O by namespace').getByRole('cell').filter({ hasText: /^[\d.]+ (µs|ms)$/ }).nth(3).waitFor(); // two percentiles of reads, two of writes
  const heat = at.page.getByRole('img', { name: /^Heat map .*half of them less than \d.*99 of 100 less than \d/ });
  await heat.waitFor();
  const drawn = (image) => image.evaluate((canvas) => {
    const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
    return data.some((n, i) => i % 4 === 3 && n > 0);
  });
  assert.equal(await drawn(heat), true);
  await at.page.getByRole('row').filter({ hasText: '99.9 %' }).getByText(/(µs|ms)$/).first().waitFor();
  await field('Of').selectOption({ label: NQN });
  await at.page.getByRole('heading', { name: 'Where the time went' }).waitFor();
  await field('Of').selectOption({ label: `host ${HOST}` });
  await at.page.getByRole('heading', { name: 'Where the time went' }).waitFor(gone); // of a host only all of it is known
  await at.page.getByRole('link', { name: 'Hosts' }).last().click();
  await some('I/O by host').getByRole('cell').filter({ hasText: /^[\d.]+K$/ }).waitFor();
  await at.page.getByRole('searchbox').fill('nothing');
  await at.page.getByText('No host is like that.').waitFor();
  await at.page.getByRole('link', { name: 'Reactors' }).click();
  await at.page.getByRole('table', { name: 'Reactors' }).getByText(/^ ?[1-9][\d.]* %$/).first().waitFor();
});
