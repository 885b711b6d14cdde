// SPDX-License-Identifier: Apache-2.0
// views/subsystems/connect.tsx - the command that connects a host, and whether one has.
import { ALL, api } from '../../api/client';
import { usePoll } from '../../api/poll';
import type { Controller, DiscoveryRecord, Portal, Subsystem } from '../../api/types';
import { Command } from '../../components/copy';
import { clock, count } from '../../components/format';
import { Show } from '../../components/polled';
import { portalsOf } from '../overview/attention';

const LIVE_MS = 1000;
/** Of so many allowed hosts it is asked why they aren't told. */
const ASKED = 5;

/** Stands for any host where none is allowed by name. */
const ANYBODY = 'nqn.2014-08.org.nvmexpress:uuid:00000000-0000-4000-8000-000000000000';
const DISCOVERY = 'current discovery subsystem';

interface Facts {
  subsystem: Subsystem;
  portals: Portal[];
  controllers: Controller[];
  /** Where our discovery controller is. */
  discovery: DiscoveryRecord | undefined;
  /** Why hosts that may connect wouldn't discover it. */
  untold: Array<{ host: string; why: string }>;
}

async function told(subsystem: Subsystem, signal: AbortSignal): Promise<Pick<Facts, 'untold' | 'discovery'>> {
  const { items } = await api.hostsOf(subsystem.nqn, ASKED, signal);
  const hosts = items.map((h) => h.nqn);
  const logs = await Promise.all((hosts.length ? hosts : [ANYBODY]).map((host) => api.discoveryLog(host, '', signal)));
  return {
    untold: hosts.length ? logs.flatMap((log) => log.missing.filter((m) => m.nqn === subsystem.nqn).map((m) => ({ host: log.host_nqn, why: m.detail }))) : [],
    discovery: logs[0]?.records.find((record) => record.subtype === DISCOVERY),
  };
}

async function load(nqn: string, signal: AbortSignal): Promise<Facts> {
  const [subsystem, portals, controllers] = await Promise.all([
    api.subsystem(nqn, signal), api.portals(ALL, signal), api.controllers({ nqn }, ALL, signal),
  ]);
  return { subsystem, portals: portalsOf(subsystem, portals.items), controllers: controllers.items, ...await told(subsystem, signal) };
}

const WILDCARD = ['0.0.0.0', '::'];

function addressOf(portal: Portal): string {
  return portal.advertise ?? (WILDCARD.includes(portal.traddr) ? 'ADDRESS' : portal.traddr);
}

const isLoopback = (address: string) => address.startsWith('127.') || address === '::1';

/** Over loopback a discovery controller that listens everywhere is told as that, which is no use to a host that comes by another way. */
function discoveryAt({ traddr }: DiscoveryRecord, portals: Portal[]): string {
  return isLoopback(traddr) && !portals.some((p) => isLoopback(p.traddr)) ? 'ADDRESS' : traddr;
}

function Commands({ nqn, facts: { portals, discovery } }: { nqn: string; facts: Facts }) {
  if (!portals.length) return <p class="problem">It is served on no portal, so no host can reach it.</p>;
  const unknown = portals.some((p) => addressOf(p) === 'ADDRESS') || (discovery && discoveryAt(discovery, portals) === 'ADDRESS');
  return (
    <>
      <p class="hint">On the host, as root{portals.length > 1 && ', one for each path'}:</p>
      {portals.map((p) => (
        <Command key={p.id} label={`nvme connect through ${p.id}`} text={`nvme connect -t tcp -a ${addressOf(p)} -s ${p.trsvcid} -n ${nqn}`} />
      ))}
      {discovery && (
        <>
          <p class="hint">Or all that the host may use, at once, from our discovery controller:</p>
          <Command label="nvme connect-all" text={`nvme connect-all -t tcp -a ${discoveryAt(discovery, portals)} -s ${discovery.trsvcid}`} />
        </>
      )}
      {unknown && <p class="hint">ADDRESS is any address of this machine that the host reaches.</p>}
    </>
  );
}

function Progress({ facts: { controllers, untold: list, subsystem } }: { facts: Facts }) {
  const newest = [...controllers].sort((a, b) => b.connected_at.localeCompare(a.connected_at))[0];
  return (
    <>
      <p role="status" class={newest ? 'fine' : 'waiting'}>
        {newest
          ? <>{count(controllers.length, 'controller')} connected; the newest is of <code>{newest.host_nqn}</code> from {newest.host_addr},
            with {count(newest.qpairs, 'queue')}, since {clock(newest.connected_at)}.</>
          : 'Waiting for a host to connect…'}
      </p>
      {!newest && subsystem.status.state !== 'ready' && <p class="problem">It is {subsystem.status.state}: {subsystem.status.reason}</p>}
      {!newest && list.map(({ host, why }) => <p class="hint" key={host}><code>{host}</code> isn't told of it: {why}</p>)}
    </>
  );
}

export function Connect({ nqn }: { nqn: string }) {
  const polled = usePoll(`connect ${nqn}`, (signal) => load(nqn, signal), { every: LIVE_MS });
  return (
    <section aria-labelledby="connect">
      <h2 id="connect">Connect</h2>
      <Show of={polled}>
        {(facts) => (
          <>
            <Commands nqn={nqn} facts={facts} />
            <Progress facts={facts} />
          </>
        )}
      </Show>
    </section>
  );
}
