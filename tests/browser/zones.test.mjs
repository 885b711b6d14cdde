// SPDX-License-Identifier: Apache-2.0
// zones.test.mjs - zones: edited, previewed, activated, rolled back; and what hosts are told then.
import assert from 'node:assert/strict';
import test from 'node:test';
import { HOST, OTHER, at, button, dialog, field, gone, heading, link, row, setUp, until, visit } from './harness.mjs';

const A = 'nqn.2026-11.example:alpha';
const B = 'nqn.2026-11.example:beta';

setUp(async (daemon) => {
  for (const nqn of [A, B]) await daemon.rest('POST', '/subsystems', { nqn, hosts: [HOST, OTHER] });
  await daemon.rest('POST', `/subsystems/${B}/namespaces`, { size: '16MiB' });
});

const told = async (host) => (await at.daemon.rest('GET', `/discovery-log?host_nqn=${host}`)).records.map((r) => r.subnqn).filter((nqn) => nqn === A || nqn === B).sort();
const zoning = () => at.daemon.rest('GET', '/zoning');
const members = () => at.page.getByRole('table', { name: /^Members of/ });

async function add(way, fields) {
  await field('Add').selectOption({ label: way });
  for (const [name, value] of Object.entries(fields)) await at.page.getByRole('form', { name: 'Add a member' }).getByLabel(name, { exact: true }).fill(value);
  await button('Add').click();
}

test('a group, a zone and its members are made, with what is wrong at its field; nothing of it is enforced', async () => {
  await visit('#/zones');
  await at.page.getByText('No zone groups.').waitFor();
  await button('Add zone group').click();
  await field('Name').fill('no good');
  await button('Add').click();
  await dialog().getByRole('alert').waitFor();
  await field('Name').fill('prod');
  await button('Add').click();
  await heading('prod').waitFor();
  await button('Add zone').click();
  await field('Name').fill('web');
  await button('Add').click();
  await heading('web').waitFor();
  await add('Host by NQN', { NQN: 'nonsense' });
  await at.page.getByRole('alert').waitFor();
  assert.equal(await field('NQN').getAttribute('aria-invalid'), 'true');
  await add('Host by NQN', { NQN: HOST });
  await members().getByText(HOST.slice(-41)).waitFor();
  await add('Subsystem by NQN', { NQN: A });
  await members().getByText('alpha').waitFor();
  await add('Host by NQN', { NQN: 'nqn.2026-11.example:nobody' });
  await row('nobody', 'nobody known').waitFor();
  await add('Hosts by address', { Address: '192.0.2.0/24' });
  await row('any address in 192.0.2.0/24').waitFor();
  await button('Remove host at 192.0.2.0/24').click();
  await row('any address in 192.0.2.0/24').waitFor(gone);
  assert.deepEqual((await at.daemon.rest('GET', '/zone-groups/prod/zones/web')).members.map((m) => m.nqn).sort(), [A, 'nqn.2026-11.example:nobody', HOST].sort());
  await visit('#/zones');
  await row('prod', 'inactive').waitFor();
  assert.deepEqual([await told(HOST), await told(OTHER)], [[A, B], [A, B]]);
});

test('what an activation would do is told; grace lets connected hosts stay', async () => {
  await at.daemon.connect(A, OTHER, { name: 'other' });
  await visit('#/zones');
  await button('Preview and activate…').click();
  await dialog().getByText('0 hosts gain, 1 host loses.').waitFor();
  await dialog().getByRole('row').filter({ hasText: OTHER.slice(-41) }).getByText('alpha').first().waitFor();
  await dialog().getByText('1 host is connected to what it loses').waitFor();
  await dialog().getByText('1 member matches nothing known').waitFor();
  await dialog().getByRole('checkbox', { name: /may stay/ }).check();
  await field('Note (optional)').fill('first try');
  await button('Activate').click();
  await dialog().waitFor(gone);
  await row('prod', 'active').waitFor();
  await at.page.getByText('What is configured is what is enforced.').waitFor();
  assert.deepEqual([await told(HOST), await told(OTHER)], [[A, B], [B]]);
  assert.equal((await at.daemon.rest('GET', `/controllers?host_nqn=${OTHER}`)).items.length, 1);
  await link('Enforced').click();
  await row('prod', 'web', 'here').waitFor();
  await button('Members of prod/web').click();
  await dialog().getByText('nobody').waitFor();
});

test('an alias stands for its members, and is named by what uses it', async () => {
  await visit('#/zones?tab=aliases');
  await button('Add alias').click();
  await field('Name').fill('front');
  await button('Add').click();
  await heading('front').waitFor();
  await add('Host by NQN', { NQN: OTHER });
  await members().getByText(OTHER.slice(-41)).waitFor();
  await visit('#/zones?group=prod&zone=web');
  await add('Alias', { Alias: 'front' });
  await link('front').click();
  await link('prod/web').waitFor();
  await button('Delete alias').click();
  await button('Delete').click();
  await dialog().locator('.users').getByText('zone prod/web').waitFor();
  await button('Cancel').click();
  await visit('#/zones?group=prod');
  await at.page.getByText('not enforced as it is configured').waitFor();
  await button('Activate…').click();
  await dialog().getByText('1 host gains, 0 hosts lose.').waitFor();
  await button('Activate').click();
  await dialog().waitFor(gone);
  assert.deepEqual(await told(OTHER), [A, B]);
});

test('the history leads back, after it has told what that changes', async () => {
  const { items } = await at.daemon.rest('GET', '/zoning/history');
  await visit('#/zones?tab=history');
  await row('first try').waitFor();
  await button(`Show change ${items[0].change}`).click();
  await dialog().getByRole('row').filter({ hasText: 'web' }).waitFor();
  await button('Close').click();
  await button(`Roll back to change ${items[0].change}`).click();
  await dialog().getByText('loses').waitFor();
  await button('Roll back').click();
  await dialog().waitFor(gone);
  await row('roll-back').waitFor();
  assert.deepEqual(await told(OTHER), [B]);
  assert.deepEqual((await at.daemon.rest('GET', `/controllers?host_nqn=${OTHER}`)).items, []);
  await at.daemon.disconnect('other');
});

test('the rules: what holds for a subsystem in no zone, and whether zones are enforced at all', async () => {
  await visit('#/zones');
  await button('Rules…').click();
  await dialog().getByRole('radio', { name: /closed/ }).check();
  await dialog().getByText('0 hosts gain, 2 hosts lose.').waitFor();
  await at.daemon.rest('PATCH', '/zoning', { ddcs: [{ nqn: 'nqn.2026-11.example:ddc' }] });
  await button('Save').click();
  await button('Begin again with what it is now').click(); // another has changed them meanwhile
  await dialog().getByText('nqn.2026-11.example:ddc').waitFor();
  await dialog().getByRole('radio', { name: /closed/ }).check();
  await button('Save').click();
  await dialog().waitFor(gone);
  await at.page.getByText('is told to nobody (closed)').waitFor();
  assert.deepEqual(await told(HOST), [A]);
  await button('Rules…').click();
  await dialog().getByRole('checkbox', { name: 'Zones are enforced' }).uncheck();
  await dialog().getByText(/2 hosts gain/).waitFor();
  await button('Save').click();
  await dialog().waitFor(gone);
  await at.page.getByText('not enforced', { exact: true }).waitFor();
  assert.deepEqual(await told(OTHER), [A, B]);
  assert.equal((await zoning()).ddcs.length, 1);
});

test('a zone and a group are deleted; what is enforced stays until the next activation', async () => {
  await visit('#/zones?group=prod');
  await button('Delete zone web').click();
  await button('Delete').click();
  await at.page.getByText('No zones in this group yet.').waitFor();
  await button('Delete group').click();
  await button('Delete').click();
  await heading('Zones').waitFor();
  await at.page.getByText('What is configured is not what is enforced.').waitFor();
  await button('Preview and activate…').click();
  await dialog().getByText('No known host gains or loses anything.').waitFor(); // zones aren't enforced
  await button('Activate').click();
  await until(async () => (await zoning()).active_groups === 0);
});
