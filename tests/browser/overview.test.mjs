// SPDX-License-Identifier: Apache-2.0
// overview.test.mjs - the first page: what there is, what needs attention, what goes through.
import assert from 'node:assert/strict';
import test from 'node:test';
import { HOST, at, heading, looks, setUp, visit } from './harness.mjs';

const NQN = 'nqn.2026-11.example:busy';
const BARE = 'nqn.2026-11.example:bare';

setUp();

const tile = (name) => at.page.getByRole('link', { name });
const finding = (...texts) => texts.reduce((items, hasText) => items.filter({ hasText }), at.page.getByRole('listitem')).first();

test('an empty system offers to create the first subsystem', async () => {
  await visit();
  await heading('Overview').waitFor();
  await at.page.getByRole('link', { name: 'Create the first one' }).click();
  await heading('New subsystem').waitFor();
});

test('a subsystem that nobody can use needs attention until it has what it lacks', async () => {
  await visit();
  await at.daemon.rest('POST', '/subsystems', { nqn: NQN });
  await finding(NQN, 'no namespace', 'no host is allowed').waitFor();
  await at.daemon.rest('POST', `/subsystems/${NQN}/namespaces`, { size: '64MiB' });
  await at.daemon.rest('PUT', `/subsystems/${NQN}/hosts/${HOST}`);
  await at.page.getByText('Nothing: changes are stored').waitFor();
  await tile('Subsystems 1 1 namespace').waitFor();
});

test('a connected host is counted, and its single path is told', async () => {
  await visit();
  await at.daemon.connect(NQN, HOST);
  await tile('Hosts connected 1 1 registered').waitFor();
  await tile('Controllers 1 3 queues').waitFor();
  await finding('single path').waitFor();
  await at.daemon.disconnect(HOST);
  await tile('Hosts connected 0').waitFor();
});

test('what hosts write shows in the chart', async () => {
  await visit();
  await at.daemon.connect(NQN, HOST);
  const bandwidth = at.page.getByRole('img', { name: /^Bandwidth/ });
  await bandwidth.waitFor();
  let label = '';
  for (const end = Date.now() + 15000; Date.now() < end && !/written [1-9][0-9.]* \w+\/s/.test(label);) {
    await at.daemon.write(HOST, 200);
    label = await bandwidth.getAttribute('aria-label');
  }
  assert.match(label, /written [1-9][0-9.]* \w+\/s/);
  assert.ok(await at.page.locator('.uplot canvas').count() === 2);
  assert.deepEqual(at.complaints, []); // a chart, too, keeps to the policy against inline styles
  await at.daemon.disconnect(HOST);
});

test('a worker that keeps dying is told, until it stays', async () => {
  await visit();
  const nothing = at.page.getByText('Nothing: changes are stored').or(finding('single path'));
  await nothing.waitFor();
  const shown = finding('Worker w1', /restarting|degraded|starting/);
  for (const end = Date.now() + 30000; Date.now() < end && !await shown.isVisible();) {
    await at.daemon.killWorker().catch(() => undefined);
    await at.page.waitForTimeout(300);
  }
  await shown.waitFor();
  await nothing.waitFor({ timeout: 45000 });
});

looks({
  overview: {
    hash: '',
    ready: async (page) => {
      await page.getByRole('img', { name: /^IOPS/ }).waitFor();
      for (let i = 0; i < 10; i++) {
        await at.daemon.write(HOST, 150 + 100 * (i % 3));
        await page.waitForTimeout(400);
      }
    },
  },
}, {
  begin: async (daemon) => {
    await daemon.rest('POST', '/subsystems', { nqn: BARE });
    await daemon.connect(NQN, HOST);
  },
  end: async (daemon) => {
    await daemon.disconnect(HOST);
    await daemon.rest('DELETE', `/subsystems/${BARE}`);
  },
});
