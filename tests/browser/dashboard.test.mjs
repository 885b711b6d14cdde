// SPDX-License-Identifier: Apache-2.0
// dashboard.test.mjs - what holds for the whole dashboard: loading, policy, budgets, keyboard, loss of the daemon, tabs in step.
import assert from 'node:assert/strict';
import test from 'node:test';
import { HOST, NARROW, OTHER, at, dialog, field, heading, button, alert, gone, link, open, openTab, row, setUp, until, visit } from './harness.mjs';

const OPEN = 'nqn.2026-11.example:open';
const CLOSED = 'nqn.2026-11.example:closed';
const BUNDLE_BYTES = 150 * 1024;
const PAINT_MS = 1000;

setUp(async (daemon) => {
  await daemon.rest('POST', '/subsystems', { nqn: OPEN, allow_any_host: true });
  await daemon.rest('POST', `/subsystems/${OPEN}/namespaces`, { size: '64MiB' });
  await daemon.rest('POST', '/subsystems', { nqn: CLOSED, hosts: [OTHER] });
  await daemon.rest('POST', '/hosts', { nqn: HOST, name: '<img src=x onerror=alert(1)>' });
});

const focused = (what) => at.page.evaluate((name) => document.activeElement[name], what);

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

test('the whole bundle is below its budget, zipped, kept for ever where its name has its content, and the first paint is quick', async () => {
  const seen = new Map();
  at.page.on('response', async (response) => {
    const { pathname } = new URL(response.url());
    if (!pathname.startsWith('/api/')) seen.set(pathname.replace(/-\w+\./, '.'), { headers: response.headers(), size: (await response.request().sizes()).responseBodySize });
  });
  await visit();
  await heading('Overview').waitFor();
  await until(() => seen.has('/favicon.svg'));
  const total = [...seen.values()].reduce((sum, { size }) => sum + size, 0);
  assert.ok(total > 10000 && total < BUNDLE_BYTES, `${total} bytes`);
  const { headers } = seen.get('/assets/app.js');
  assert.match(headers['cache-control'], /immutable/);
  assert.equal(headers['content-encoding'], 'gzip');
  assert.doesNotMatch(seen.get('/').headers['cache-control'] ?? '', /immutable/);
  let paint = Infinity; // the best of some, as other tests may keep the machine busy
  for (let tries = 0; tries < 5 && paint >= PAINT_MS; tries++) {
    await visit('#/none');
    await at.page.reload();
    paint = await until(() => at.page.evaluate(() => performance.getEntriesByName('first-contentful-paint')[0]?.startTime));
  }
  assert.ok(paint < PAINT_MS, `first paint after ${paint} ms`);
  console.log(`# bundle ${total} bytes zipped, first contentful paint ${Math.round(paint)} ms`);
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

test('the first Tab reaches the skip link, the menu follows, and a new view takes the focus', async () => {
  await visit();
  await heading('Overview').waitFor();
  await at.page.keyboard.press('Tab');
  assert.equal(await focused('textContent'), 'Skip to content');
  await at.page.keyboard.press('Tab');
  for (let tabs = 0; tabs < 20 && (await focused('textContent')).trim() !== 'Hosts'; tabs++) await at.page.keyboard.press('Tab');
  await at.page.keyboard.press('Enter');
  await heading('Hosts').waitFor();
  assert.equal(await focused('id'), 'main');
  assert.equal(await link('Hosts').getAttribute('aria-current'), 'page');
  await at.page.goBack();
  await heading('Overview').waitFor();
});

test('a dialog is opened, filled, left by Escape, and gives the focus back', async () => {
  await visit('#/hosts');
  await button('Admit host').press('Enter');
  await dialog().waitFor();
  assert.equal(await focused('name'), 'nqn');
  await at.page.keyboard.press('Escape');
  await dialog().waitFor(gone);
  assert.equal(await focused('textContent'), 'Admit host');
});

test('on a phone the menu opens, leads on, and is shut again', async () => {
  await open({ viewport: NARROW });
  await visit();
  await heading('Overview').waitFor();
  assert.equal(await link('Workers').isVisible(), false);
  await button('Menu').click();
  assert.equal(await button('Menu').getAttribute('aria-expanded'), 'true');
  await link('Workers').click();
  await heading('Workers').waitFor();
  assert.equal(await link('Events').isVisible(), false);
});

test('the colours follow the system until one chooses, and then stay chosen', async () => {
  const dark = () => at.page.evaluate(() => getComputedStyle(document.body).backgroundColor === 'rgb(16, 20, 26)');
  await open({ colorScheme: 'dark' });
  await visit('#/settings');
  await heading('Settings').waitFor();
  assert.equal(await dark(), true);
  await field('Colours').selectOption('light');
  await until(async () => !await dark());
  await at.page.reload();
  await heading('Settings').waitFor();
  assert.equal(await dark(), false);
});

test('what a name holds is text, never markup', async () => {
  await visit('#/hosts');
  await at.page.getByText('<img src=x onerror=alert(1)>').waitFor();
  assert.deepEqual(at.complaints, []);
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
  await link('Events').click();
  await at.page.getByText('Nothing to show before discoveryd answers.').first().waitFor();
  await at.daemon.start();
  await away.waitFor(gone);
  await row('discoveryd.started').first().waitFor();
  assert.equal(await at.page.locator('main').getAttribute('data-stale'), null);
});

test('two tabs are in step by what discoveryd tells, not by asking', async () => {
  const nqn = 'nqn.2026-11.example:two-tabs';
  await at.context.addInitScript(() => { // what poll.ts asks for every few seconds now is every few minutes; what is told may take its time
    const { setTimeout } = globalThis;
    globalThis.setTimeout = (what, ms, ...more) => setTimeout(what, ms === 3000 || ms === 20000 ? ms * 100 : ms, ...more);
  });
  await visit('#/subsystems');
  await link(OPEN).waitFor();
  const second = await openTab();
  await second.goto(`${at.daemon.url}/#/subsystems?new=subsystem`);
  await second.getByLabel('NQN').fill(nqn);
  await second.getByRole('button', { name: 'Create subsystem' }).click();
  await link(nqn).waitFor();
  await second.goto(`${at.daemon.url}/#/subsystems?nqn=${nqn}`);
  await second.getByRole('button', { name: 'Delete subsystem' }).waitFor();
  await link(nqn).click();
  await button('Delete subsystem').click();
  await dialog().getByRole('button', { name: 'Delete', exact: true }).click();
  await second.getByRole('alert').filter({ hasText: 'no subsystem' }).waitFor();
});

test('a view that fails says so, and the others go on', async () => {
  await at.page.route('**/api/v1/workers?*', (route) => route.fulfill({ json: { items: [null], next: null } }));
  await visit('#/workers');
  await alert('This view has failed').waitFor();
  await link('Hosts').click();
  await button('Admit host').waitFor();
});

test('Ctrl+K finds a subsystem, a host and a view by some letters', async () => {
  await visit();
  await heading('Overview').waitFor();
  await at.page.keyboard.press('Control+K');
  await dialog().getByRole('option', { name: /Workers/ }).waitFor();
  await at.page.keyboard.type('subsystem clos');
  await dialog().getByRole('option', { name: new RegExp(CLOSED) }).waitFor();
  await at.page.keyboard.press('Enter');
  await heading(CLOSED).waitFor();
  await at.page.keyboard.press('/');
  await at.page.keyboard.type('host 1111');
  await dialog().getByRole('option', { name: /onerror/ }).waitFor();
  await at.page.keyboard.press('ArrowDown');
  await at.page.keyboard.press('ArrowUp');
  await at.page.keyboard.press('Enter');
  await heading(HOST).waitFor();
});
