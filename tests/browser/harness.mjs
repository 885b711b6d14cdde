// SPDX-License-Identifier: Apache-2.0
// harness.mjs - what every test of the dashboard starts from: a real discoveryd with a real worker, Chromium, one page per test.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { after, afterEach, before, beforeEach } from 'node:test';
import { chromium } from 'playwright-core';
import { startDaemon } from './daemon.mjs';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const FLAGS = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync', '--disable-dev-shm-usage'];
export const LAUNCH = { executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: FLAGS };
export const HOST = 'nqn.2014-08.org.nvmexpress:uuid:11111111-2222-4333-8444-555555555555';
export const OTHER = 'nqn.2014-08.org.nvmexpress:uuid:99999999-2222-4333-8444-555555555555';
export const WIDE = { width: 1280, height: 800 };
export const NARROW = { width: 390, height: 844 };

/** What the tests of a file share; filled before the first one, page before each. */
export const at = { daemon: null, browser: null, context: null, page: null, complaints: [], requests: [] };

export async function open(options = {}) {
  await at.context?.close();
  at.context = await at.browser.newContext({ viewport: WIDE, ...options });
  at.page = await openTab();
}

export async function openTab() {
  const page = await at.context.newPage();
  at.complaints = [];
  at.requests = [];
  page.setDefaultTimeout(30000);
  page.on('console', (message) => message.type() === 'log' || at.complaints.push(`${message.type()}: ${message.text()}`));
  page.on('pageerror', (error) => at.complaints.push(String(error)));
  page.on('request', (request) => at.requests.push(request.url()));
  return page;
}

export const visit = (hash = '') => at.page.goto(`${at.daemon.url}/${hash}`);
export const heading = (name) => at.page.getByRole('heading', { level: 1, name });
export const button = (name) => at.page.getByRole('button', { name, exact: true });
export const link = (name) => at.page.getByRole('link', { name, exact: true });
export const field = (name) => at.page.getByLabel(name, { exact: true });
export const dialog = () => at.page.getByRole('dialog');
export const alert = (text) => at.page.getByRole('alert').filter({ hasText: text });
/** The row that has all these texts. */
export const row = (...texts) => texts.reduce((rows, hasText) => rows.filter({ hasText }), at.page.getByRole('row')).first();
export const gone = { state: 'detached' };

/** Until what() is truthy; returns it. */
export async function until(what, seconds = 30) {
  for (const end = Date.now() + seconds * 1000; ;) {
    const value = await what();
    if (value) return value;
    if (Date.now() > end) throw new Error(`not within ${seconds} s: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** Of the test file: fill prepares what all its tests find; options are discoveryd's. */
export function setUp(fill, options = []) {
  before(async () => {
    at.daemon = await startDaemon(options);
    await fill?.(at.daemon);
    at.browser = await chromium.launch(LAUNCH);
  });
  after(async () => {
    await at.browser?.close();
    await at.daemon?.stop();
  });
  beforeEach(() => open());
  afterEach(async () => {
    await at.context?.close();
    at.context = null;
  });
}

/** options, context: of axe.run(). */
export async function axeFindsNothing(name, options = {}, context = null) {
  if (!(await at.page.evaluate(() => 'axe' in globalThis))) await at.page.evaluate(axe);
  const { violations } = await at.page.evaluate(([where, given]) => globalThis.axe.run(where ?? document, { resultTypes: ['violations'], ...given }), [context, options]);
  assert.deepEqual(violations.map((v) => `${name}: ${v.id}: ${v.nodes.map((n) => n.html).join(' ')}`), []);
  const twice = await at.page.evaluate(() => {
    const ids = [...document.querySelectorAll('[id]')].map((element) => element.id);
    return ids.filter((id, i) => ids.indexOf(id) !== i);
  });
  assert.deepEqual(twice, [], `${name}: two elements with the same id`);
  const overflow = await at.page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  assert.ok(overflow <= 0, `${name} is ${overflow} px too wide`);
}
