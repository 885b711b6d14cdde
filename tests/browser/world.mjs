// SPDX-License-Identifier: Apache-2.0
// world.mjs - a small installation as one could meet it: some subsystems, hosts and workers, with I/O going on. What the pictures in
// docs/ show, and what axe looks at.

export const host = (n) => `nqn.2014-08.org.nvmexpress:uuid:${String(n).repeat(8)}-2222-4333-8444-555555555555`;
export const nqn = (name) => `nqn.2026-11.org.example.storage:${name}`;
export const DATABASE = nqn('postgres-main');
const MIB = 1 << 20;

/** name, label, namespaces in MiB, hosts, its worker */
const SUBSYSTEMS = [
  ['postgres-main', 'Main database', [256, 64], [1, 2], 'w1'],
  ['postgres-replica', 'Replica, second rack', [256], [2], 'w2'],
  ['vm-images', 'Virtual machines', [128, 128, 32], ['group:hypervisors', 4], 'w1'],
  ['scratch', '', [512], [], 'w2'],
  ['backup-target', 'Nightly backups', [64], [4], 'w2'],
  ['kafka-broker-with-a-rather-long-name-as-provisioners-make-them-pvc-0f8fad5b', '', [64], [5], 'w1'],
  ['new-and-bare', '', [], [], 'w1'],
];
const NAMES = { 1: 'db-01', 2: 'db-02', 3: 'hypervisor-17', 4: 'backup', 5: 'k8s-node-a', 6: 'spare, not racked yet' };

async function fillPlaces(daemon) {
  await daemon.rest('POST', '/workers', { id: 'w2', reactors: 1 });
  for (const [id, traddr, worker] of [['rack-a', '127.0.0.2', 'w1'], ['rack-b', '127.0.0.3', 'w2']])
    await daemon.rest('POST', '/portals', { id, traddr, trsvcid: String(await daemon.freePort()), worker });
  await daemon.rest('PATCH', '/ana-groups/1', { states: { io1: 'non_optimized' } });
}

async function fillSubsystems(daemon) {
  for (const [n, name] of Object.entries(NAMES)) await daemon.rest('POST', '/hosts', { nqn: host(n), name });
  await daemon.rest('POST', '/groups', { name: 'hypervisors', description: 'Rack 3 and 4', members: [host(3), host(6)] });
  await daemon.rest('POST', '/groups', { name: 'databases', description: 'Primary and replica', members: [host(1), host(2)] });
  for (const [name, label, sizes, hosts, worker] of SUBSYSTEMS) {
    await daemon.rest('POST', '/subsystems', { nqn: nqn(name), ...(label && { label }), hosts: hosts.map((one) => (typeof one === 'string' ? one : host(one))), worker, allow_any_host: name === 'scratch' });
    for (const size of sizes) await daemon.rest('POST', `/subsystems/${nqn(name)}/namespaces`, { size: size * MIB });
  }
  await daemon.rest('POST', '/referrals', { traddr: '192.0.2.77', hosts: [host(1), host(2)] });
  await daemon.rest('POST', '/referrals', { traddr: '192.0.2.80', trsvcid: '8009' });
}

async function connectHosts(daemon) {
  const at = (name, h, portal) => daemon.connect(nqn(name), host(h), { name: `${name} ${h} ${portal}`, portal });
  await at('postgres-main', 1, 'rack-a');
  await at('postgres-main', 1, 'io1');
  await at('postgres-main', 2, 'rack-a');
  await at('postgres-replica', 2, 'rack-b');
  await at('vm-images', 3, 'rack-a');
  await at('scratch', 3, 'rack-b');
}

/** Known ones, and two that nobody has admitted yet. */
async function discoverAndRegister(daemon) {
  await daemon.discover(host(1), { label: 'db-01, rack 1' });
  await daemon.discover(host(3), { label: 'hypervisor-17', traddr: '192.0.2.17' });
  await daemon.discover(host(7), { label: 'new-node' });
  await daemon.discover(host(8));
}

/** Paced, so that pictures have something to show and the machine stays idle. */
export async function beginIo(daemon) {
  await daemon.io('postgres-main 1 rack-a', 240, 90);
  await daemon.io('postgres-main 2 rack-a', 60, 10);
  await daemon.io('vm-images 3 rack-a', 40, 70);
  await daemon.io('scratch 3 rack-b', 10, 30);
}

/** One that is followed and one that waits. */
async function followOthers(daemon) {
  await daemon.ddc('nqn.2026-11.org.example:array-1', [[nqn('archive'), '192.0.2.40'], [nqn('media'), '192.0.2.41']]);
  const [{ id }] = (await daemon.rest('GET', '/discovery-controllers')).items;
  await daemon.rest('PATCH', `/discovery-controllers/${id}`, { admitted: true });
  await daemon.ddc('nqn.2026-11.org.example:array-2', []);
}

const asHost = (n) => ({ role: 'host', nqn: host(n) });
const asSubsystem = (name, more = {}) => ({ role: 'subsystem', nqn: nqn(name), ...more });

async function makeZones(daemon) {
  const zone = (group, name, members) => daemon.rest('POST', `/zone-groups/${group}/zones`, { name, members });
  await daemon.rest('POST', '/zone-groups', { name: 'production', description: 'What must not be touched by others' });
  await daemon.rest('POST', '/zone-groups', { name: 'lab' });
  await daemon.rest('POST', '/zone-aliases', { name: 'rack-3', members: [asHost(3), asHost(6)] });
  await daemon.rest('POST', '/zone-aliases', { name: 'backup-hosts', members: [asHost(4)] });
  await zone('production', 'databases', [asHost(1), asHost(2), { role: 'host', label: 'db-03' }, { role: 'host', address: '192.0.2.0/24' }, asSubsystem('postgres-main'),
    asSubsystem('postgres-replica', { address: '127.0.0.3' })]);
  await zone('production', 'virtual-machines', [{ alias: 'rack-3' }, asHost(4), asSubsystem('vm-images')]);
  await daemon.rest('POST', '/zoning/activate', { note: 'First zones' });
  await zone('lab', 'kafka', [asHost(5), asSubsystem('kafka-broker-with-a-rather-long-name-as-provisioners-make-them-pvc-0f8fad5b')]);
  await daemon.rest('POST', '/zoning/activate', { note: 'Kafka apart' });
  await zone('production', 'backup', [{ alias: 'backup-hosts' }, asSubsystem('backup-target')]);
  await daemon.rest('PATCH', '/zone-aliases/rack-3', { members: [asHost(6)] });
  await daemon.rest('PATCH', '/zone-groups/lab', { description: 'Come and go' });
}

async function letIn(daemon) {
  const DAY = 86400;
  await daemon.rest('POST', '/users', { name: 'ada', role: 'admin', description: 'Storage team' });
  await daemon.rest('POST', '/users', { name: 'csi', role: 'operator', description: 'Provisioner of the cluster' });
  await daemon.rest('POST', '/users', { name: 'grafana', role: 'viewer' });
  await daemon.rest('POST', '/tokens', { user: 'csi', description: 'k8s-prod', expires_in: 90 * DAY });
  await daemon.rest('POST', '/tokens', { user: 'ada', description: 'Her laptop' });
  await daemon.rest('POST', '/backups', {});
}

async function takeSnapshots(daemon) {
  const take = (name, id, description) => daemon.rest('POST', '/snapshots?wait=20', { nqn: nqn(name), nsid: 1, ...(id && { id, description }) });
  await take('postgres-main', 'before-17.2', 'Before the upgrade to 17.2');
  await take('postgres-main');
  await take('vm-images', 'golden', 'Debian 12, as installed');
}

export async function fill(daemon) {
  await fillPlaces(daemon);
  await fillSubsystems(daemon);
  await connectHosts(daemon);
  await discoverAndRegister(daemon);
  await followOthers(daemon);
  await makeZones(daemon);
  await letIn(daemon);
  await takeSnapshots(daemon);
}
