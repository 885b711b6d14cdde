// SPDX-License-Identifier: Apache-2.0
// dashboard.test.mjs - the dashboard as people meet it: Chromium, a real discoveryd with a real worker, real connections.
// PHAROS_SCREENSHOTS=FOLDER keeps a picture of each view, light and dark, wide and narrow.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import test, { after, afterEach, before, beforeEach } from 'node:test';
import { chromium } from 'playwright-core';
import { startDaemon } from './daemon.mjs';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const FLAGS = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync', '--disable-dev-shm-usage'];
const HOST = 'nqn.2014-08.org.nvmexpress:uuid:11111111-2222-4333-8444-555555555555';
const OTHER = 'nqn.2014-08.org.nvmexpress:uuid:99999999-2222-4333-8444-555555555555';
const OPEN = 'nqn.2026-11.example:open';
const CLOSED = 'nqn.2026-11.example:closed';
const VIEWS = { subsystems: '', hosts: '#/hosts', discovery: `#/discovery?host=${encodeURIComponent(HOST)}` };
const WIDE = { width: 1280, height: 800 };
const NARROW = { width: 390, height: 844 };

let daemon, browser, context, page, complaints, requests;

before(async () => {
  daemon = await startDaemon();
  await daemon.rest('POST', '/subsystems', { nqn: OPEN, allow_any_host: true });
  await daemon.rest('POST', `/subsystems/${OPEN}/namespaces`, { size: '64MiB' });
  await daemon.rest('POST', '/subsystems', { nqn: CLOSED, hosts: [OTHER] });
  await daemon.rest('POST', '/hosts', { nqn: HOST, name: '<img src=x onerror=alert(1)>' });
  browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: FLAGS });
});

after(async () => {
  await browser?.close();
  await daemon?.stop();
});

async function open(options = {}) {
  await context?.close();
  context = await browser.newContext({ viewport: WIDE, ...options });
  page = await context.newPage();
  complaints = [];
  requests = [];
  page.setDefaultTimeout(15000);
  page.on('console', (message) => message.type() === 'log' || complaints.push(`${message.type()}: ${message.text()}`));
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('request', (request) => requests.push(request.url()));
}

const visit = (hash = '') => page.goto(`${daemon.url}/${hash}`);
const heading = (name) => page.getByRole('heading', { level: 1, name });
/** The row that has all these texts. */
const row = (...texts) => texts.reduce((rows, hasText) => rows.filter({ hasText }), page.getByRole('row')).first();

beforeEach(() => open());
afterEach(async () => {
  await context?.close();
  context = undefined;
});

test('the page loads without a complaint of console or CSP, and asks nobody else', async () => {
  const response = await visit();
  assert.equal(response.status(), 200);
  assert.match(response.headers()['content-security-policy'], /default-src 'none'.*script-src 'self'/);
  assert.doesNotMatch(response.headers()['content-security-policy'], /unsafe/);
  await heading('Subsystems').waitFor();
  await page.getByRole('button', { name: OPEN }).waitFor();
  assert.equal(await page.title(), 'Subsystems · Pharos');
  assert.deepEqual(complaints, []);
  assert.deepEqual(requests.filter((url) => !url.startsWith(daemon.url)), []);
});

test('assets are zipped and kept for ever, the page itself is not', async () => {
  const seen = {};
  page.on('response', (response) => { seen[new URL(response.url()).pathname.replace(/-\w+\./, '.')] = response.headers(); });
  await visit();
  await heading('Subsystems').waitFor();
  assert.match(seen['/assets/app.js']['cache-control'], /immutable/);
  assert.equal(seen['/assets/app.js']['content-encoding'], 'gzip');
  assert.doesNotMatch(seen['/']['cache-control'] ?? '', /immutable/);
});

test('inline script is refused by the page', async () => {
  await visit();
  const ran = await page.evaluate(() => {
    const script = document.createElement('script');
    script.textContent = 'window.ran = true';
    document.head.append(script);
    return window.ran === true;
  });
  assert.equal(ran, false);
});

test('a subsystem created over REST appears, with its namespace and state, and goes when deleted', async () => {
  const nqn = 'nqn.2026-11.example:created-meanwhile';
  await visit();
  await page.getByRole('button', { name: OPEN }).waitFor();
  await daemon.rest('POST', '/subsystems', { nqn });
  await daemon.rest('POST', `/subsystems/${nqn}/namespaces`, { size: '2MiB', block_size: 4096 });
  await row(nqn, 'ready').waitFor();
  await row('2 MiB', '4096', 'ram').waitFor();
  await daemon.rest('DELETE', `/subsystems/${nqn}?force=true`);
  await page.getByRole('button', { name: nqn }).waitFor({ state: 'detached' });
});

test('the filter narrows, the keyboard folds and unfolds', async () => {
  await visit();
  const open = page.getByRole('button', { name: OPEN });
  await page.getByRole('searchbox', { name: 'Filter by NQN' }).fill('OPEN');
  await page.getByRole('button', { name: CLOSED }).waitFor({ state: 'detached' });
  await open.focus();
  assert.equal(await open.getAttribute('aria-expanded'), 'true');
  await page.keyboard.press('Enter');
  assert.equal(await open.getAttribute('aria-expanded'), 'false');
  await row('64 MiB').waitFor({ state: 'detached' });
});

test('the first Tab reaches the skip link, the menu follows, and a new view takes the focus', async () => {
  await visit();
  await heading('Subsystems').waitFor();
  await page.keyboard.press('Tab');
  assert.equal(await page.evaluate(() => document.activeElement.textContent), 'Skip to content');
  await page.keyboard.press('Tab');
  await page.keyboard.press('Tab');
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  await heading('Hosts').waitFor();
  assert.equal(await page.evaluate(() => document.activeElement.id), 'main');
  assert.equal(await page.getByRole('link', { name: 'Hosts' }).getAttribute('aria-current'), 'page');
  await page.goBack();
  await heading('Subsystems').waitFor();
});

test('connected hosts come and go', async () => {
  await visit('#/hosts');
  await page.getByText('No host is connected.').waitFor();
  await daemon.connect(OPEN, HOST);
  await row(HOST, OPEN).getByRole('cell', { name: '3', exact: true }).waitFor(); // queues: one for administration, two for I/O
  await daemon.disconnect(HOST);
  await page.getByText('No host is connected.').waitFor();
});

test('what a name holds is text, never markup', async () => {
  await visit('#/hosts');
  await page.getByText('<img src=x onerror=alert(1)>').waitFor();
  assert.deepEqual(complaints, []);
});

test('the log of a host, and why a subsystem is not in it', async () => {
  await visit('#/discovery');
  await page.getByLabel('Host NQN').fill(HOST);
  await page.getByRole('button', { name: 'Show log' }).click();
  const records = page.getByRole('table', { name: 'Records of the discovery log' });
  await records.getByRole('row').filter({ hasText: OPEN }).filter({ hasText: '127.0.0.1' }).waitFor();
  assert.equal(await records.getByText(CLOSED).count(), 0);
  await page.getByRole('table', { name: /aren't in the log/ }).getByText(CLOSED).waitFor();
  await daemon.rest('PUT', `/subsystems/${CLOSED}/hosts/${HOST}`);
  await records.getByText(CLOSED).waitFor();
  await daemon.rest('DELETE', `/subsystems/${CLOSED}/hosts/${HOST}`);
  await records.getByText(CLOSED).waitFor({ state: 'detached' });
  await page.reload();
  await records.getByText(OPEN).waitFor(); // the address says it all
});

test('a host NQN that is not valid is told by the API, in words', async () => {
  await visit('#/discovery?host=nonsense');
  await page.getByRole('alert').waitFor();
  assert.match(await page.getByRole('alert').textContent(), /nqn|NQN/);
});

test('while discoveryd is away what is shown stays, marked as stale; it comes back by itself', async () => {
  await visit();
  await row(OPEN, 'ready').waitFor();
  await daemon.kill();
  const away = page.getByRole('status').filter({ hasText: "discoveryd doesn't answer" });
  await away.waitFor();
  assert.match(await away.textContent(), /as it was at \d/);
  assert.equal(await page.locator('main').getAttribute('data-stale'), 'true');
  assert.equal(await row(OPEN, 'ready').isVisible(), true);
  await page.getByRole('link', { name: 'Hosts' }).click();
  await page.getByText('Nothing to show before discoveryd answers.').first().waitFor();
  await daemon.start();
  await away.waitFor({ state: 'detached' });
  await page.getByRole('table', { name: 'Registered hosts' }).waitFor();
  assert.equal(await page.locator('main').getAttribute('data-stale'), null);
});

for (const colorScheme of ['light', 'dark']) {
  for (const [size, viewport] of Object.entries({ wide: WIDE, narrow: NARROW })) {
    test(`axe finds nothing: ${colorScheme}, ${size}`, async () => {
      await open({ colorScheme, viewport });
      await daemon.connect(OPEN, OTHER);
      for (const [name, hash] of Object.entries(VIEWS)) {
        await visit(hash);
        await page.getByRole('table').first().waitFor();
        await page.waitForLoadState('networkidle');
        if (process.env.PHAROS_SCREENSHOTS)
          await page.screenshot({ path: join(process.env.PHAROS_SCREENSHOTS, `${name}-${colorScheme}-${size}.png`), fullPage: true });
        await page.evaluate(axe);
        const { violations } = await page.evaluate(() => globalThis.axe.run());
        assert.deepEqual(violations.map((v) => `${name}: ${v.id}: ${v.nodes.map((n) => n.html).join(' ')}`), []);
        const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
        assert.ok(overflow <= 0, `${name} is ${overflow} px too wide`);
      }
      await daemon.disconnect(OTHER);
    });
  }
}
