// SPDX-License-Identifier: Apache-2.0
// dashboard.test.mjs - what holds for the whole dashboard, and its lists: loading, policy, keyboard, loss of the daemon, two tabs.
import assert from 'node:assert/strict';
import test from 'node:test';
import { HOST, OTHER, at, heading, looks, openTab, row, setUp, visit } from './harness.mjs';

const OPEN = 'nqn.2026-11.example:open';
const CLOSED = 'nqn.2026-11.example:closed';

setUp(async (daemon) => {
  await daemon.rest('POST', '/subsystems', { nqn: OPEN, allow_any_host: true });
  await daemon.rest('POST', `/subsystems/${OPEN}/namespaces`, { size: '64MiB' });
  await daemon.rest('POST', '/subsystems', { nqn: CLOSED, hosts: [OTHER] });
  await daemon.rest('POST', '/hosts', { nqn: HOST, name: '<img src=x onerror=alert(1)>' });
});

const link = (name) => at.page.getByRole('link', { name, exact: true });

test('the page loads without a complaint of console or CSP, and asks nobody else', async () => {
  const response = await visit('#/subsystems');
  assert.equal(response.status(), 200);
  assert.match(response.headers()['content-security-policy'], /default-src 'none'.*script-src 'self'/);
  assert.doesNotMatch(response.headers()['content-security-policy'], /unsafe/);
  await heading('Subsystems').waitFor();
  await link(OPEN).waitFor();
  assert.equal(await at.page.title(), 'Subsystems · Pharos');
  assert.deepEqual(at.complaints, []);
  assert.deepEqual(at.requests.filter((url) => !url.startsWith(at.daemon.url)), []);
});

test('assets are zipped and kept for ever, the page itself is not', async () => {
  const seen = {};
  at.page.on('response', (response) => { seen[new URL(response.url()).pathname.replace(/-\w+\./, '.')] = response.headers(); });
  await visit('#/subsystems');
  await heading('Subsystems').waitFor();
  assert.match(seen['/assets/app.js']['cache-control'], /immutable/);
  assert.equal(seen['/assets/app.js']['content-encoding'], 'gzip');
  assert.doesNotMatch(seen['/']['cache-control'] ?? '', /immutable/);
});

test('inline script is refused by the page', async () => {
  await visit();
  const ran = await at.page.evaluate(() => {
    const script = document.createElement('script');
    script.textContent = 'window.ran = true';
    document.head.append(script);
    return window.ran === true;
  });
  assert.equal(ran, false);
});

test('a subsystem created over REST appears, with its state, and goes when deleted', async () => {
  const nqn = 'nqn.2026-11.example:created-meanwhile';
  await visit('#/subsystems');
  await link(OPEN).waitFor();
  await at.daemon.rest('POST', '/subsystems', { nqn });
  await at.daemon.rest('POST', `/subsystems/${nqn}/namespaces`, { size: '2MiB', block_size: 4096 });
  await row(nqn, 'ready').waitFor();
  await row(nqn).getByRole('cell', { name: '1', exact: true }).waitFor();
  await at.daemon.rest('DELETE', `/subsystems/${nqn}?force=true`);
  await link(nqn).waitFor({ state: 'detached' });
});

test('the filter narrows', async () => {
  await visit('#/subsystems');
  await at.page.getByRole('searchbox', { name: 'Filter by NQN' }).fill('OPEN');
  await link(CLOSED).waitFor({ state: 'detached' });
  await link(OPEN).waitFor();
});

test('the first Tab reaches the skip link, the menu follows, and a new view takes the focus', async () => {
  await visit('#/subsystems');
  await heading('Subsystems').waitFor();
  await at.page.keyboard.press('Tab');
  assert.equal(await at.page.evaluate(() => document.activeElement.textContent), 'Skip to content');
  for (let i = 0; i < 4; i++) await at.page.keyboard.press('Tab');
  await at.page.keyboard.press('Enter');
  await heading('Hosts').waitFor();
  assert.equal(await at.page.evaluate(() => document.activeElement.id), 'main');
  assert.equal(await at.page.getByRole('link', { name: 'Hosts' }).getAttribute('aria-current'), 'page');
  await at.page.goBack();
  await heading('Subsystems').waitFor();
});

test('connected hosts come and go', async () => {
  await visit('#/hosts');
  await at.page.getByText('No host is connected.').waitFor();
  await at.daemon.connect(OPEN, HOST);
  await row(HOST, OPEN).getByRole('cell', { name: '3', exact: true }).waitFor(); // queues: one for administration, two for I/O
  await at.daemon.disconnect(HOST);
  await at.page.getByText('No host is connected.').waitFor();
});

test('what a name holds is text, never markup', async () => {
  await visit('#/hosts');
  await at.page.getByText('<img src=x onerror=alert(1)>').waitFor();
  assert.deepEqual(at.complaints, []);
});

test('the log of a host, and why a subsystem is not in it', async () => {
  await visit('#/discovery');
  await at.page.getByLabel('Host NQN').fill(HOST);
  await at.page.getByRole('button', { name: 'Show log' }).click();
  const records = at.page.getByRole('table', { name: 'Records of the discovery log' });
  await records.getByRole('row').filter({ hasText: OPEN }).filter({ hasText: '127.0.0.1' }).waitFor();
  assert.equal(await records.getByText(CLOSED).count(), 0);
  await at.page.getByRole('table', { name: /aren't in the log/ }).getByText(CLOSED).waitFor();
  await at.daemon.rest('PUT', `/subsystems/${CLOSED}/hosts/${HOST}`);
  await records.getByText(CLOSED).waitFor();
  await at.daemon.rest('DELETE', `/subsystems/${CLOSED}/hosts/${HOST}`);
  await records.getByText(CLOSED).waitFor({ state: 'detached' });
  await at.page.reload();
  await records.getByText(OPEN).waitFor(); // the address says it all
});

test('a host NQN that is not valid is told by the API, in words', async () => {
  await visit('#/discovery?host=nonsense');
  await at.page.getByRole('alert').waitFor();
  assert.match(await at.page.getByRole('alert').textContent(), /nqn|NQN/);
});

test('while discoveryd is away what is shown stays, marked as stale; it comes back by itself', async () => {
  await visit('#/subsystems');
  await row(OPEN, 'ready').waitFor();
  await at.daemon.kill();
  const away = at.page.getByRole('status').filter({ hasText: "discoveryd doesn't answer" });
  await away.waitFor();
  assert.match(await away.textContent(), /as it was at \d/);
  assert.equal(await at.page.locator('main').getAttribute('data-stale'), 'true');
  assert.equal(await row(OPEN, 'ready').isVisible(), true);
  await at.page.getByRole('link', { name: 'Hosts' }).click();
  await at.page.getByText('Nothing to show before discoveryd answers.').first().waitFor();
  await at.daemon.start();
  await away.waitFor({ state: 'detached' });
  await at.page.getByRole('table', { name: 'Registered hosts' }).waitFor();
  assert.equal(await at.page.locator('main').getAttribute('data-stale'), null);
});

test('what one tab does another shows', async () => {
  const nqn = 'nqn.2026-11.example:two-tabs';
  await visit('#/subsystems');
  await link(OPEN).waitFor();
  const second = await openTab();
  await second.goto(`${at.daemon.url}/#/subsystems?new=subsystem`);
  await second.getByLabel('NQN').fill(nqn);
  await second.getByRole('button', { name: 'Create subsystem' }).click();
  await link(nqn).waitFor();
  await second.goto(`${at.daemon.url}/#/subsystems?nqn=${nqn}`);
  await second.getByRole('heading', { name: 'Hosts allowed' }).waitFor();
  await at.daemon.rest('DELETE', `/subsystems/${nqn}`);
  await second.getByRole('alert').first().waitFor();
  assert.match(await second.getByRole('alert').first().textContent(), /no subsystem/);
});

const table = (page) => page.getByRole('table').first().waitFor();
looks({
  subsystems: { hash: '#/subsystems', ready: table },
  discovery: { hash: `#/discovery?host=${encodeURIComponent(HOST)}`, ready: table },
}, { begin: (daemon) => daemon.connect(OPEN, OTHER), end: (daemon) => daemon.disconnect(OTHER) });
