// SPDX-License-Identifier: Apache-2.0
// api/client.ts - the requests that views make, by resource.
import { change, file, get, getTagged, list } from './http';
import type {
  ActiveZoneGroup, AllowedHostPage, AnaGroup, AnaGroupPatch, AuditPage, Backup, Changes, ConfigDiff, Config, Controller, DiscoveryController,
  DiscoveryControllerCreate, DiscoveryControllerPatch, DiscoveryLog, EventPage, Explanation, Group, GroupCreate, GroupPatch, GroupSummary, Health, Host, HostCreate, HostPage, HostPatch, Key, KeyCreate, KeyPatch, Namespace, NamespaceCreate, NamespacePatch,
  Operation, Portal, PortalCreate, PortalPatch, Referral, ReferralCreate, ReferralPatch, Registration, Snapshot, SnapshotCreate, SnapshotPatch, Stats, Subsystem, SubsystemCreate, SubsystemPatch,
  Token, TokenCreate, User, UserCreate, UserPatch, Version, Whoami, Worker, WorkerCreate, WorkerPatch, Zone, ZoneAlias, ZoneAliasCreate, ZoneAliasSummary, ZoneCreate, ZoneGroup, ZoneGroupCreate,
  ZoneGroupPatch, ZoneMembersChange, ZonePatch, ZoneSummary, Zoning, ZoningActivation, ZoningChange, ZoningPast, ZoningPatch, ZoningPreview,
  ZoningPreviewRequest, ZoningRollback,
} from './types';

export { ApiError, Unreachable, type Items, type Tagged } from './http';

const PAGE = 1000;
/** Of a list that is wanted whole; a bound all the same. */
export const ALL = 50;

export type HostName = Pick<Host, 'nqn' | 'name'>;

/** Of a deletion by force: what would go, and what hosts would be told no longer. */
const wouldDelete = (...path: string[]) => change<Changes>('DELETE', path, { query: { dry_run: true, force: true } });

const subsystemOf = (nqn: string) => ['subsystems', nqn];
const zoneOf = (group: string, zone: string) => ['zone-groups', group, 'zones', zone];
const namespaceOf = (nqn: string, nsid: number) => ['subsystems', nqn, 'namespaces', String(nsid)];

export const api = {
  version: (signal: AbortSignal) => get<Version>(['version'], {}, signal),
  health: (signal: AbortSignal) => get<Health>(['health'], {}, signal, 503),
  stats: (what: { active?: boolean; times?: boolean }, signal: AbortSignal) => get<Stats>(['stats'], what, signal),

  subsystems: (pages: number, signal: AbortSignal) => list<Subsystem>(['subsystems'], {}, pages, signal),
  subsystem: (nqn: string, signal: AbortSignal) => get<Subsystem>(subsystemOf(nqn), {}, signal),
  taggedSubsystem: (nqn: string, signal: AbortSignal) => getTagged<Subsystem>(subsystemOf(nqn), signal),
  createSubsystem: (body: SubsystemCreate) => change<Subsystem>('POST', ['subsystems'], { body }),
  patchSubsystem: (nqn: string, body: SubsystemPatch, ifMatch?: string) => change<Subsystem>('PATCH', subsystemOf(nqn), { body, ifMatch }),
  deleteSubsystem: (nqn: string, force: boolean) => change<void>('DELETE', subsystemOf(nqn), { query: { force } }),

  allNamespaces: (signal: AbortSignal) => list<Namespace>(['namespaces'], {}, ALL, signal),
  namespaces: (nqn: string, pages: number, signal: AbortSignal) =>
    list<Namespace>(['subsystems', nqn, 'namespaces'], {}, pages, signal),
  createNamespace: (nqn: string, body: NamespaceCreate) => change<Namespace>('POST', ['subsystems', nqn, 'namespaces'], { body }),
  taggedNamespace: (nqn: string, nsid: number, signal: AbortSignal) => getTagged<Namespace>(namespaceOf(nqn, nsid), signal),
  patchNamespace: (nqn: string, nsid: number, body: NamespacePatch, ifMatch?: string, force = false) =>
    change<Namespace>('PATCH', namespaceOf(nqn, nsid), { body, ifMatch, query: { force } }),
  deleteNamespace: (nqn: string, nsid: number, force: boolean) => change<void>('DELETE', namespaceOf(nqn, nsid), { query: { force } }),

  /** nqn: of a subsystem, '' for all. */
  snapshots: (nqn: string, pages: number, signal: AbortSignal) => list<Snapshot>(['snapshots'], { nqn, sort: '-created_at' }, pages, signal),
  failedSnapshots: (signal: AbortSignal) => list<Snapshot>(['snapshots'], { state: 'failed' }, ALL, signal),
  taggedSnapshot: (id: string, signal: AbortSignal) => getTagged<Snapshot>(['snapshots', id], signal),
  takeSnapshot: (body: SnapshotCreate) => change<Operation>('POST', ['snapshots'], { body, later: true }),
  patchSnapshot: (id: string, body: SnapshotPatch, ifMatch?: string) => change<Snapshot>('PATCH', ['snapshots', id], { body, ifMatch }),
  deleteSnapshot: (id: string) => change<void>('DELETE', ['snapshots', id]),
  /** body: with the snapshot. */
  restoreSnapshot: (nqn: string, body: NamespaceCreate) => change<Operation>('POST', ['subsystems', nqn, 'namespaces'], { body, later: true }),

  allowedHosts: (nqn: string, signal: AbortSignal) => get<AllowedHostPage>(['subsystems', nqn, 'hosts'], {}, signal),
  allowHost: (nqn: string, host: string) => change<unknown>('PUT', ['subsystems', nqn, 'hosts', host]),
  disallowHost: (nqn: string, host: string, force: boolean) =>
    change<void>('DELETE', ['subsystems', nqn, 'hosts', host], { query: { force } }),

  hosts: (pages: number, signal: AbortSignal) => list<Host>(['hosts'], {}, pages, signal),
  hostNames: (signal: AbortSignal) => list<HostName>(['hosts'], { fields: 'nqn,name' }, ALL, signal),
  /** Some that a subsystem allows, by themselves or by a group. */
  hostsOf: (nqn: string, limit: number, signal: AbortSignal) => get<HostPage>(['hosts'], { subsystems: nqn, limit, fields: 'nqn' }, signal),
  waitingHosts: (signal: AbortSignal) => list<Host>(['hosts'], { state: 'waiting' }, ALL, signal),
  host: (nqn: string, signal: AbortSignal) => get<Host>(['hosts', nqn], {}, signal),
  taggedHost: (nqn: string, signal: AbortSignal) => getTagged<Host>(['hosts', nqn], signal),
  createHost: (body: HostCreate) => change<Host>('POST', ['hosts'], { body }),
  patchHost: (nqn: string, body: HostPatch, ifMatch?: string) => change<Host>('PATCH', ['hosts', nqn], { body, ifMatch }),
  deleteHost: (nqn: string, force: boolean) => change<void>('DELETE', ['hosts', nqn], { query: { force } }),
  groups: (pages: number, signal: AbortSignal) => list<GroupSummary>(['groups'], {}, pages, signal),
  taggedGroup: (name: string, signal: AbortSignal) => getTagged<Group>(['groups', name], signal),
  createGroup: (body: GroupCreate) => change<Group>('POST', ['groups'], { body }),
  patchGroup: (name: string, body: GroupPatch, ifMatch?: string) => change<Group>('PATCH', ['groups', name], { body, ifMatch }),
  deleteGroup: (name: string, force: boolean) => change<void>('DELETE', ['groups', name], { query: { force } }),
  controllers: (of: { nqn?: string; host_nqn?: string }, pages: number, signal: AbortSignal) =>
    list<Controller>(['controllers'], of, pages, signal),
  endController: (nqn: string, cntlid: number) => change<void>('DELETE', ['subsystems', nqn, 'controllers', String(cntlid)]),

  discoveryLog: (host: string, via: string, signal: AbortSignal) =>
    get<DiscoveryLog>(['discovery-log'], { host_nqn: host, via }, signal),
  /** from: its own address; '' where that isn't known. */
  explain: (host: string, from: string, signal: AbortSignal) => get<Explanation>(['discovery', 'explain'], { host_nqn: host, from }, signal),
  discoveryControllers: (pages: number, signal: AbortSignal) => list<DiscoveryController>(['discovery-controllers'], {}, pages, signal),
  waitingDiscoveryControllers: (signal: AbortSignal) => list<DiscoveryController>(['discovery-controllers'], { state: 'waiting' }, ALL, signal),
  taggedDiscoveryController: (id: string, signal: AbortSignal) => getTagged<DiscoveryController>(['discovery-controllers', id], signal),
  createDiscoveryController: (body: DiscoveryControllerCreate) => change<DiscoveryController>('POST', ['discovery-controllers'], { body }),
  patchDiscoveryController: (id: string, body: DiscoveryControllerPatch, ifMatch?: string) =>
    change<DiscoveryController>('PATCH', ['discovery-controllers', id], { body, ifMatch }),
  deleteDiscoveryController: (id: string) => change<void>('DELETE', ['discovery-controllers', id]),
  registrations: (pages: number, signal: AbortSignal) => list<Registration>(['registrations'], {}, pages, signal),
  deleteRegistration: (id: number) => change<void>('DELETE', ['registrations', String(id)]),
  referrals: (pages: number, signal: AbortSignal) => list<Referral>(['referrals'], {}, pages, signal),
  createReferral: (body: ReferralCreate) => change<Referral>('POST', ['referrals'], { body }),
  patchReferral: (id: string, body: ReferralPatch) => change<Referral>('PATCH', ['referrals', id], { body }),
  deleteReferral: (id: string) => change<void>('DELETE', ['referrals', id]),

  portals: (pages: number, signal: AbortSignal) => list<Portal>(['portals'], {}, pages, signal),
  createPortal: (body: PortalCreate) => change<Portal>('POST', ['portals'], { body }),
  patchPortal: (id: string, body: PortalPatch) => change<Portal>('PATCH', ['portals', id], { body }),
  deletePortal: (id: string, force: boolean) => change<void>('DELETE', ['portals', id], { query: { force } }),
  anaGroups: (pages: number, signal: AbortSignal) => list<AnaGroup>(['ana-groups'], {}, pages, signal),
  patchAnaGroup: (id: number, body: AnaGroupPatch) => change<AnaGroup>('PATCH', ['ana-groups', String(id)], { body }),
  workers: (pages: number, signal: AbortSignal) => list<Worker>(['workers'], {}, pages, signal),
  createWorker: (body: WorkerCreate) => change<Worker>('POST', ['workers'], { body }),
  patchWorker: (id: string, body: WorkerPatch) => change<Worker>('PATCH', ['workers', id], { body }),
  deleteWorker: (id: string) => change<void>('DELETE', ['workers', id]),

  zoning: (signal: AbortSignal) => get<Zoning>(['zoning'], {}, signal),
  taggedZoning: (signal: AbortSignal) => getTagged<Zoning>(['zoning'], signal),
  patchZoning: (body: ZoningPatch, ifMatch?: string) => change<Zoning>('PATCH', ['zoning'], { body, ifMatch }),
  previewZoning: (body: ZoningPreviewRequest) => change<ZoningPreview>('POST', ['zoning', 'preview'], { body }),
  activateZoning: (body: ZoningActivation) => change<Zoning>('POST', ['zoning', 'activate'], { body }),
  activeZoning: (pages: number, signal: AbortSignal) => list<ActiveZoneGroup>(['zoning', 'active'], {}, pages, signal),
  /** The latest first. */
  zoningHistory: (pages: number, signal: AbortSignal) => list<ZoningChange>(['zoning', 'history'], { sort: '-change' }, pages, signal),
  zoningPast: (of: number, signal: AbortSignal) => get<ZoningPast>(['zoning', 'history', String(of)], {}, signal),
  rollBackZoning: (to: number, body: ZoningRollback) => change<Zoning>('POST', ['zoning', 'history', String(to), 'rollback'], { body }),
  wouldRollBackZoning: (to: number) => change<Changes>('POST', ['zoning', 'history', String(to), 'rollback'], { body: {}, query: { dry_run: true } }),

  zoneGroups: (pages: number, signal: AbortSignal) => list<ZoneGroup>(['zone-groups'], {}, pages, signal),
  zoneGroup: (name: string, signal: AbortSignal) => get<ZoneGroup>(['zone-groups', name], {}, signal),
  createZoneGroup: (body: ZoneGroupCreate) => change<ZoneGroup>('POST', ['zone-groups'], { body }),
  patchZoneGroup: (name: string, body: ZoneGroupPatch) => change<ZoneGroup>('PATCH', ['zone-groups', name], { body }),
  deleteZoneGroup: (name: string) => change<void>('DELETE', ['zone-groups', name]),
  zones: (group: string, pages: number, signal: AbortSignal) => list<ZoneSummary>(['zone-groups', group, 'zones'], {}, pages, signal),
  zone: (group: string, zone: string, signal: AbortSignal) => get<Zone>(zoneOf(group, zone), {}, signal),
  createZone: (group: string, body: ZoneCreate) => change<Zone>('POST', ['zone-groups', group, 'zones'], { body }),
  patchZone: (group: string, zone: string, body: ZonePatch) => change<Zone>('PATCH', zoneOf(group, zone), { body }),
  deleteZone: (group: string, zone: string) => change<void>('DELETE', zoneOf(group, zone)),
  changeZoneMembers: (group: string, zone: string, body: ZoneMembersChange) => change<Zone>('POST', [...zoneOf(group, zone), 'members'], { body }),
  zoneAliases: (pages: number, signal: AbortSignal) => list<ZoneAliasSummary>(['zone-aliases'], {}, pages, signal),
  zoneAlias: (name: string, signal: AbortSignal) => get<ZoneAlias>(['zone-aliases', name], {}, signal),
  createZoneAlias: (body: ZoneAliasCreate) => change<ZoneAlias>('POST', ['zone-aliases'], { body }),
  deleteZoneAlias: (name: string, force: boolean) => change<void>('DELETE', ['zone-aliases', name], { query: { force } }),
  changeZoneAliasMembers: (name: string, body: ZoneMembersChange) => change<ZoneAlias>('POST', ['zone-aliases', name, 'members'], { body }),

  /** The events after that id; without one the newest. */
  events: (since: number | undefined, signal: AbortSignal) =>
    get<EventPage>(['events'], { since, limit: PAGE }, signal),
  latestEvents: (limit: number, signal: AbortSignal) => get<EventPage>(['events'], { limit }, signal),

  whoami: (signal: AbortSignal) => get<Whoami>(['whoami'], {}, signal),
  users: (pages: number, signal: AbortSignal) => list<User>(['users'], {}, pages, signal),
  taggedUser: (name: string, signal: AbortSignal) => getTagged<User>(['users', name], signal),
  createUser: (body: UserCreate) => change<User>('POST', ['users'], { body }),
  patchUser: (name: string, body: UserPatch, ifMatch?: string) => change<User>('PATCH', ['users', name], { body, ifMatch }),
  deleteUser: (name: string, force: boolean) => change<void>('DELETE', ['users', name], { query: { force } }),
  tokens: (pages: number, signal: AbortSignal) => list<Token>(['tokens'], {}, pages, signal),
  createToken: (body: TokenCreate) => change<Token>('POST', ['tokens'], { body }),
  deleteToken: (id: string) => change<void>('DELETE', ['tokens', id]),
  keys: (pages: number, signal: AbortSignal) => list<Key>(['keys'], {}, pages, signal),
  createKey: (body: KeyCreate) => change<Key>('POST', ['keys'], { body }),
  patchKey: (id: string, body: KeyPatch) => change<Key>('PATCH', ['keys', id], { body }),
  deleteKey: (id: string) => change<void>('DELETE', ['keys', id]),
  /** Those after that id. */
  audit: (since: number, signal: AbortSignal) => get<AuditPage>(['audit'], { since, limit: PAGE }, signal),
  operation: (id: string, signal: AbortSignal) => get<Operation>(['operations', id], {}, signal),
  backups: (pages: number, signal: AbortSignal) => list<Backup>(['backups'], {}, pages, signal),
  createBackup: () => change<Operation>('POST', ['backups'], { body: {} }),
  deleteBackup: (id: string) => change<void>('DELETE', ['backups', id]),
  backupFile: (id: string) => file(['backups', id, 'file']),
  runningOperations: (signal: AbortSignal) => list<Operation>(['operations'], { state: 'running' }, ALL, signal),
  operations: (pages: number, signal: AbortSignal) => list<Operation>(['operations'], {}, pages, signal),

  wouldDelete: {
    subsystem: (nqn: string) => wouldDelete(...subsystemOf(nqn)),
    namespace: (nqn: string, nsid: number) => wouldDelete(...namespaceOf(nqn, nsid)),
    allowedHost: (nqn: string, host: string) => wouldDelete('subsystems', nqn, 'hosts', host),
    host: (nqn: string) => wouldDelete('hosts', nqn),
    group: (name: string) => wouldDelete('groups', name),
    discoveryController: (id: string) => wouldDelete('discovery-controllers', id),
    portal: (id: string) => wouldDelete('portals', id),
  },

  config: (signal: AbortSignal) => get<Config>(['config'], {}, signal),
  putConfig: (body: Config, query: { dry_run?: boolean; prune?: boolean; force?: boolean }) => change<ConfigDiff>('PUT', ['config'], { body, query }),
};
