// SPDX-License-Identifier: Apache-2.0
// views/topology/facts.ts - what the picture is made of, and the part of it that somebody looks for.
import { useMemo } from 'preact/hooks';
import { ALL, api } from '../../api/client';
import { usePoll, type Polled } from '../../api/poll';
import type { AnaGroup, Controller, Host, Namespace, Portal, Subsystem, Worker } from '../../api/types';
import { stateOf, worst, type AnaState } from '../../components/ana';
import { portalsOf } from '../overview/attention';

export interface Facts {
  hosts: Host[];
  portals: Portal[];
  workers: Worker[];
  subsystems: Subsystem[];
  namespaces: Namespace[];
  groups: AnaGroup[];
  controllers: Controller[];
}

/** A way from a host to a subsystem through a portal. */
export interface Path {
  host: string;
  portal: string;
  nqn: string;
  /** used: a controller is there; missing: the host is connected, but not through this portal; possible: it isn't connected at all. */
  state: 'used' | 'missing' | 'possible';
  /** How well the host gets at the namespaces by it; the worst of them. */
  access: AnaState;
}

/** How well hosts get at these namespaces by the portal; the worst. */
export function accessBy(portal: string, namespaces: Namespace[], groups: AnaGroup[]): AnaState {
  const odd = groups.filter((g) => stateOf(g, portal) !== 'optimized' && namespaces.some((ns) => ns.ana_group === g.id));
  return worst(odd.map((g) => stateOf(g, portal)));
}

async function static_(signal: AbortSignal): Promise<Omit<Facts, 'controllers'>> {
  const [subsystems, portals, workers, hosts, namespaces, groups] = await Promise.all([
    api.subsystems(ALL, signal), api.portals(ALL, signal), api.workers(ALL, signal), api.hosts(ALL, signal), api.allNamespaces(signal),
    api.anaGroups(ALL, signal),
  ]);
  return {
    subsystems: subsystems.items, portals: portals.items, workers: workers.items, hosts: hosts.items, namespaces: namespaces.items,
    groups: groups.items,
  };
}

export function useFacts(): Polled<Facts> {
  const fixed = usePoll('topology', static_, { kinds: ['subsystem', 'portal', 'worker', 'host', 'group', 'namespace', 'ana group'] });
  const live = usePoll('controllers', (signal) => api.controllers({}, ALL, signal));
  const controllers = live.data?.items;
  const data = useMemo(() => fixed.data && controllers && { ...fixed.data, controllers }, [fixed.data, controllers]);
  const error = fixed.error ?? live.error;
  return error ? { error } : data ? { data } : {};
}

/** What a text is found in, with all that belongs to it. */
export function about(facts: Facts, text: string, onlyConnected: boolean): Facts {
  const wanted = text.trim().toLowerCase();
  const has = (...names: string[]) => names.some((name) => name.toLowerCase().includes(wanted));
  const hosts = new Set(facts.hosts.filter((h) => has(h.nqn, h.name)).map((h) => h.nqn));
  const nqns = new Set(facts.subsystems.filter((s) => has(s.nqn, s.label)).map((s) => s.nqn));
  for (const c of facts.controllers) if (has(c.host_nqn)) hosts.add(c.host_nqn);
  const controllers = facts.controllers.filter((c) => hosts.has(c.host_nqn) || nqns.has(c.nqn));
  const [withHosts, withNqns] = [new Set(hosts), new Set(nqns)];
  const join = (host: string, nqn: string) => {
    if (hosts.has(host)) withNqns.add(nqn);
    if (nqns.has(nqn)) withHosts.add(host);
  };
  for (const c of facts.controllers) join(c.host_nqn, c.nqn);
  for (const h of facts.hosts) for (const nqn of h.subsystems) join(h.nqn, nqn);
  const used = { hosts: new Set(controllers.map((c) => c.host_nqn)), nqns: new Set(controllers.map((c) => c.nqn)) };
  const subsystems = facts.subsystems.filter((s) => withNqns.has(s.nqn) && (!onlyConnected || used.nqns.has(s.nqn)));
  const kept = new Set(subsystems.map((s) => s.nqn));
  const ids = new Set(subsystems.flatMap((s) => portalsOf(s, facts.portals).map((p) => p.id)));
  const everything = !wanted && !onlyConnected;
  const portals = facts.portals.filter((p) => everything || ids.has(p.id));
  return {
    hosts: facts.hosts.filter((h) => withHosts.has(h.nqn) && (!onlyConnected || used.hosts.has(h.nqn))),
    controllers, subsystems, portals, groups: facts.groups,
    workers: facts.workers.filter((w) => everything || portals.some((p) => p.worker === w.id) || subsystems.some((s) => s.worker === w.id)),
    namespaces: facts.namespaces.filter((ns) => kept.has(ns.nqn)),
  };
}

/** Each way that is used, and those that a host which is allowed could use. */
export function pathsOf({ hosts: known, subsystems, portals, controllers, namespaces, groups }: Facts): Path[] {
  const used = new Set(controllers.map((c) => `${c.host_nqn} ${c.portal} ${c.nqn}`));
  const connected = new Map<string, Set<string>>();
  for (const c of controllers) connected.set(c.nqn, (connected.get(c.nqn) ?? new Set()).add(c.host_nqn));
  const allowed = new Map<string, string[]>();
  for (const h of known) for (const nqn of h.subsystems) allowed.set(nqn, [...(allowed.get(nqn) ?? []), h.nqn]);
  const of = new Map<string, Namespace[]>();
  for (const ns of namespaces) {
    const those = of.get(ns.nqn);
    if (those) those.push(ns);
    else of.set(ns.nqn, [ns]);
  }
  return subsystems.flatMap((s) => {
    const ways = portalsOf(s, portals).map(({ id }) => ({ portal: id, access: accessBy(id, of.get(s.nqn) ?? [], groups) }));
    const now = connected.get(s.nqn) ?? new Set();
    const hosts = new Set([...(allowed.get(s.nqn) ?? []), ...now]);
    return [...hosts].flatMap((host) => ways.map((way): Path => ({
      host, nqn: s.nqn, ...way,
      state: used.has(`${host} ${way.portal} ${s.nqn}`) ? 'used' : now.has(host) ? 'missing' : 'possible',
    })));
  });
}
