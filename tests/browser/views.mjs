// SPDX-License-Identifier: Apache-2.0
// views.mjs - every view as it is looked at, by axe and for docs/: its address, what it has when it is there, and what is opened on it.
import { DATABASE, host } from './world.mjs';

const table = (name) => (page) => page.getByRole('table', { name }).first().waitFor();
const text = (what) => (page) => page.getByText(what).first().waitFor();
const button = (name) => (page) => page.getByRole('button', { name }).first().waitFor();
const press = (name) => (page) => page.getByRole('button', { name }).first().click();
const of = (nqn, tab = '') => `#/subsystems?nqn=${encodeURIComponent(nqn)}${tab && `&tab=${tab}`}`;

export const VIEWS = {
  overview: { hash: '#/', ready: (page) => page.getByRole('img', { name: /^Latency/ }).waitFor() },
  topology: { hash: '#/topology', ready: (page) => page.locator('.topology .path.used').first().waitFor({ state: 'attached' }) },
  performance: { hash: '#/performance', ready: table('I/O by namespace') },
  'performance-hosts': { hash: '#/performance?tab=hosts', ready: table('I/O by host') },
  'performance-reactors': { hash: '#/performance?tab=reactors', ready: table('Reactors') },
  subsystems: { hash: '#/subsystems', ready: table('Subsystems') },
  subsystem: { hash: of(DATABASE), ready: table(/^Namespaces of/) },
  'subsystem-hosts': { hash: of(DATABASE, 'hosts'), ready: table(/^Hosts allowed/) },
  'subsystem-connect': { hash: of(DATABASE, 'connect'), ready: text('nvme connect ') },
  'subsystem-io': { hash: of(DATABASE, 'load'), ready: (page) => page.getByRole('img', { name: /^Latency/ }).waitFor() },
  'subsystem-edit': { hash: of(DATABASE), ready: button('Edit'), act: press('Edit') },
  'subsystem-delete': { hash: of(DATABASE), ready: button('Delete subsystem'), act: press('Delete subsystem') },
  'namespace-edit': { hash: of(DATABASE), ready: button('Edit namespace 1'), act: press('Edit namespace 1') },
  'wizard-1': { hash: '#/subsystems?new=subsystem', ready: button('Create subsystem') },
  'wizard-2': { hash: `#/subsystems?new=namespace&nqn=${DATABASE}`, ready: button('Add namespace') },
  'wizard-3': { hash: `#/subsystems?new=hosts&nqn=${DATABASE}`, ready: button(/^Disallow/) },
  'wizard-4': { hash: `#/subsystems?new=connect&nqn=${DATABASE}`, ready: text('nvme connect ') },
  hosts: { hash: '#/hosts', ready: table('Admitted hosts') },
  'hosts-waiting': { hash: '#/hosts?tab=waiting', ready: table('Waiting hosts') },
  'host-admit': { hash: '#/hosts?tab=waiting', ready: table('Waiting hosts'), act: press(/^Admit nqn/) },
  groups: { hash: '#/hosts?tab=groups', ready: table('Groups of hosts') },
  'group-edit': { hash: '#/hosts?tab=groups', ready: button('Edit group hypervisors'), act: press('Edit group hypervisors') },
  'hosts-connections': { hash: '#/hosts?tab=connections', ready: table(/^Controllers/) },
  host: { hash: `#/hosts?nqn=${host(1)}`, ready: table('What the host would discover, and why') },
  zones: { hash: '#/zones', ready: table('Zone groups') },
  'zones-activate': { hash: '#/zones', ready: button('Preview and activate'), act: async (page) => { await press('Preview and activate')(page); await page.getByText(/gain/).first().waitFor(); } },
  'zones-rules': { hash: '#/zones', ready: button('Rules'), act: async (page) => { await press('Rules')(page); await page.getByRole('radio').first().waitFor(); } },
  'zones-aliases': { hash: '#/zones?tab=aliases', ready: table('Aliases') },
  'zones-active': { hash: '#/zones?tab=active', ready: table('Enforced zones') },
  'zones-history': { hash: '#/zones?tab=history', ready: table(/^Changes of what/) },
  'zone-group': { hash: '#/zones?group=production', ready: table('Zones of production') },
  zone: { hash: '#/zones?group=production&zone=databases', ready: text('nobody known') },
  'zone-alias': { hash: '#/zones?alias=rack-3', ready: table('Members of alias rack-3') },
  discovery: { hash: `#/discovery?host=${host(1)}`, ready: table('Records of the discovery log') },
  controllers: { hash: '#/discovery?tab=controllers', ready: button(/^Admit /) },
  'controller-admit': { hash: '#/discovery?tab=controllers', ready: button(/^Admit /), act: async (page) => { await press(/^Admit /)(page); await button('Admit')(page); } },
  registrations: { hash: '#/discovery?tab=registrations', ready: table('Registrations') },
  referrals: { hash: '#/discovery?tab=referrals', ready: table('Referrals') },
  workers: { hash: '#/workers', ready: button('Edit worker w1') },
  portals: { hash: '#/workers?tab=portals', ready: table('Portals') },
  'portal-access': { hash: '#/workers?tab=portals', ready: button('Access by portal io1'), act: press('Access by portal io1') },
  events: { hash: '#/events', ready: table(/^Events/) },
  users: { hash: '#/settings?tab=users', ready: table('Tokens') },
  'token-new': { hash: '#/settings?tab=users', ready: button('New token'), act: press('New token') },
  keys: { hash: '#/settings?tab=keys', ready: text('No keys') },
  'key-new': { hash: '#/settings?tab=keys', ready: button('New key'), act: press('New key') },
  audit: { hash: '#/settings?tab=audit', ready: table(/^Who changed/) },
  'audit-change': { hash: '#/settings?tab=audit', ready: table(/^Who changed/), act: press(/^Show change/) },
  backups: { hash: '#/settings?tab=backups', ready: table('Backups') },
  operations: { hash: '#/settings?tab=operations', ready: table('Operations') },
  find: { hash: '#/settings', ready: button('Find'), act: press('Find') },
  settings: { hash: '#/settings', ready: text('Discovery NQN') },
};
