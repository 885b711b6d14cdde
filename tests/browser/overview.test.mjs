// SPDX-License-Identifier: Apache-2.0
// overview.test.mjs - the first page: what there is, what needs attention, what goes through.
import assert from 'node:assert/strict';
import test from 'node:test';
import { HOST, at, heading, setUp, until, visit } from './harness.mjs';

const NQN = 'nqn.2026-11.example:busy';

setUp();

const tile = (name) => at.page.getByRole('link', { name });
const finding = (...texts) => texts.reduce((items, hasText) => items.filter({ hasText }), at.page.locator('.findings li')).first();

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
  await tile('Hosts connected 1 1 admitted').waitFor();
  await tile('Controllers 1 3 queues').waitFor();
  await finding('single path').waitFor();
  await at.daemon.disconnect(HOST);
  await tile('Hosts connected 0').waitFor();
});

test('what hosts write shows in the charts, and who is busiest', async () => {
  await visit();
  await at.daemon.connect(NQN, HOST);
  await at.daemon.io(HOST, 50, 100);
  const bandwidth = at.page.getByRole('img', { name: /^Bandwidth/ });
  await bandwidth.waitFor();
  await until(async () => /read [1-9][0-9.]* \w+\/s, written [1-9][0-9.]* \w+\/s/.test(await bandwidth.getAttribute('aria-label')));
  await at.page.getByRole('table', { name: 'Busiest subsystems' }).getByText('busy').waitFor();
  assert.equal(await at.page.locator('.uplot canvas').count(), 3);
  await at.page.locator('.u-over').first().hover();
  await at.page.getByText(/^IOPS at \d/).waitFor();
  await at.page.getByText(/^Bandwidth at \d/).waitFor(); // all charts tell of the same moment
  assert.deepEqual(at.complaints, []); // a chart, too, keeps to the policy against inline styles
  await at.daemon.restIo();
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
  await at.page.locator('.events li').filter({ hasText: 'error' }).filter({ hasText: 'w1' }).first().waitFor();
  await nothing.waitFor({ timeout: 45000 });
});
