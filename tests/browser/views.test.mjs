// SPDX-License-Identifier: Apache-2.0
// views.test.mjs - hosts one by one, workers, events, topology, and lists of 10,000.
import assert from 'node:assert/strict';
import test from 'node:test';
import { HOST, OTHER, at, heading, looks, row, setUp, visit } from './harness.mjs';

const NQN = 'nqn.2026-11.example:pictured';
const CLOSED = 'nqn.2026-11.example:closed';

setUp(async (daemon) => {
  await daemon.rest('POST', '/subsystems', { nqn: NQN, hosts: [HOST] });
  await daemon.rest('POST', `/subsystems/${NQN}/namespaces`, { size: '64MiB' });
  await daemon.rest('POST', '/subsystems', { nqn: CLOSED });
  await daemon.rest('POST', '/hosts', { nqn: OTHER, name: 'spare' });
});

const button = (name) => at.page.getByRole('button', { name, exact: true });
const dialog = () => at.page.getByRole('dialog');

test('a host shows its connections, what it discovers, and why not', async () => {
  await at.daemon.connect(NQN, HOST);
  await visit('#/hosts');
  await at.page.getByRole('link', { name: HOST }).first().click();
  await heading(HOST).waitFor();
  await at.page.getByRole('table', { name: 'Controllers of connected hosts' }).getByText(NQN).waitFor();
  await at.page.getByRole('table', { name: 'Records of the discovery log' }).getByText(NQN).waitFor();
  await at.page.getByRole('table', { name: /aren't in the log/ }).getByText(CLOSED).waitFor();
  await at.daemon.disconnect(HOST);
  await at.page.getByText('It is not connected.').waitFor();
});

test('forgetting a host that is allowed somewhere names where, and needs a second word', async () => {
  await at.daemon.rest('PUT', `/subsystems/${CLOSED}/hosts/${OTHER}`);
  await visit(`#/hosts?nqn=${OTHER}`);
  await button('Forget host').click();
  await button('Forget').click();
  await dialog().getByText(CLOSED, { exact: true }).waitFor();
  await button('Forget all the same').click();
  await heading('Hosts').waitFor();
  assert.deepEqual((await at.daemon.rest('GET', '/hosts')).items.map((h) => h.nqn), [HOST]);
  await at.daemon.rest('POST', '/hosts', { nqn: OTHER, name: 'spare' });
});

test('a killed worker shows its next process and the restart, and events tell of it', async () => {
  const [before] = (await at.daemon.rest('GET', '/workers')).items;
  await visit('#/workers');
  await row('w1', 'running').getByText(String(before.pid), { exact: true }).waitFor();
  await at.daemon.killWorker();
  await row('w1', 'running').getByText(String(before.pid), { exact: true }).waitFor({ state: 'detached' });
  await row('w1').filter({ has: at.page.getByRole('cell', { name: '1', exact: true }) }).waitFor();
  await visit('#/events');
  await row('worker.died').waitFor();
});

test('events are filtered by severity, kind and text', async () => {
  await visit('#/events');
  const table = at.page.getByRole('table', { name: 'Events, newest first' });
  await table.getByText('discoveryd.started').waitFor();
  await at.page.getByLabel('Severity').selectOption('error');
  await table.getByText('discoveryd.started').waitFor({ state: 'detached' });
  await at.page.getByLabel('Severity').selectOption('');
  await at.page.getByLabel('Kind').selectOption('discoveryd.started');
  await row('discoveryd.started').waitFor();
  await at.page.getByText(/^1 of \d+ events$/).waitFor();
  await at.page.getByLabel('Text or object').fill('no such text');
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

test('the picture follows: a line in use where a host is connected; its boxes lead on by keyboard', async () => {
  await visit('#/topology');
  await at.page.getByRole('link', { name: `${NQN}: ready` }).waitFor();
  assert.equal(await at.page.locator('.path.used').count(), 0);
  await at.daemon.connect(NQN, HOST);
  await at.page.getByRole('link', { name: `${HOST}: connected: 1` }).waitFor();
  assert.equal(await at.page.locator('.path.used').count(), 3); // host, portal, subsystem, namespace
  await at.daemon.disconnect(HOST);
  await at.page.getByRole('link', { name: `${HOST}: not connected` }).waitFor();
  await at.page.getByRole('link', { name: `namespace 1 of ${NQN}` }).focus();
  await at.page.keyboard.press('Enter');
  await heading(NQN).waitFor();
});

test('10,000 hosts scroll without a long pause, with few rows in the page', async () => {
  const nqn = (i) => `nqn.2026-11.example:host-${String(i).padStart(5, '0')}`;
  const items = Array.from({ length: 10000 }, (_, i) => (
    { nqn: nqn(i), name: '', subsystems: [], controller_count: 0, created_at: '2026-11-23T10:00:00.000Z' }));
  await at.page.route('**/api/v1/hosts?*', (route) => { // a database of so many would take the test minutes
    const from = Number(new URL(route.request().url()).searchParams.get('cursor') ?? 0);
    const next = from + 1000 < items.length ? String(from + 1000) : null;
    return route.fulfill({ json: { items: items.slice(from, from + 1000), next } });
  });
  await visit('#/hosts');
  await at.page.getByText('10,000 hosts').waitFor();
  assert.ok(await at.page.getByRole('row').count() < 200);
  await at.page.evaluate(() => {
    globalThis.longest = 0;
    new PerformanceObserver((list) => { for (const e of list.getEntries()) globalThis.longest = Math.max(globalThis.longest, e.duration); })
      .observe({ entryTypes: ['longtask'] });
  });
  for (let part = 1; part <= 10; part++) {
    await at.page.evaluate((p) => scrollTo(0, document.documentElement.scrollHeight * p / 10), part);
    await at.page.waitForTimeout(100);
  }
  await at.page.getByText(nqn(9999)).waitFor();
  assert.ok(await at.page.getByRole('row').count() < 200);
  assert.equal(await row(nqn(9999)).getAttribute('aria-rowindex'), '10001');
  const longest = await at.page.evaluate(() => globalThis.longest);
  assert.ok(longest < 400, `a pause of ${longest} ms`);
  await at.page.getByRole('searchbox').fill('host-05000');
  await row(nqn(5000)).waitFor();
});

const table = (page) => page.getByRole('table').first().waitFor();
looks({
  hosts: { hash: '#/hosts', ready: table },
  host: { hash: `#/hosts?nqn=${HOST}`, ready: (page) => page.getByRole('table', { name: 'Records of the discovery log' }).waitFor() },
  workers: { hash: '#/workers', ready: table },
  events: { hash: '#/events', ready: table },
  topology: { hash: '#/topology', ready: (page) => page.getByRole('link', { name: /connected: 1/ }).waitFor() },
}, { begin: (daemon) => daemon.connect(NQN, HOST), end: (daemon) => daemon.disconnect(HOST) });
