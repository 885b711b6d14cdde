// SPDX-License-Identifier: Apache-2.0
// components/nqn.tsx - the long names of subsystems and hosts, so that one can read them: what tells them apart stands out, lines
// break where a part ends, and of a host that has a name for people that comes first.
import { createContext, type ComponentChildren } from 'preact';
import { useContext, useMemo } from 'preact/hooks';
import { api } from '../api/client';
import { usePoll } from '../api/poll';
import { href } from './router';

const UUID = 'nqn.2014-08.org.nvmexpress:uuid:';
const Names = createContext<Map<string, string>>(new Map());

/** Around all that shows hosts. */
export function HostNames({ children }: { children: ComponentChildren }) {
  const hosts = usePoll('host names', api.hostNames, { kinds: ['host'] }).data;
  const names = useMemo(() => new Map(hosts?.items.filter((h) => h.name).map((h) => [h.nqn, h.name])), [hosts]);
  return <Names.Provider value={names}>{children}</Names.Provider>;
}

/** The name that people gave the host; '' if none. */
export const useHostName = () => {
  const names = useContext(Names);
  return (nqn: string) => names.get(nqn) ?? '';
};

/** Whole, with the part up to the colon, which is the same for most, in grey. */
export function Nqn({ nqn }: { nqn: string }) {
  const colon = nqn.indexOf(':') + 1;
  return <code class="nqn" title={nqn}>{colon > 0 && <><span class="quiet">{nqn.slice(0, colon)}</span><wbr /></>}{nqn.slice(colon)}</code>;
}

export function SubsystemLink({ nqn, tab = '' }: { nqn: string; tab?: string }) {
  return <a class="named" href={href('subsystems', { nqn, tab })} aria-label={nqn}><Nqn nqn={nqn} /></a>;
}

/** The usual kind of host NQN is told by its UUID. */
export function HostNqn({ nqn }: { nqn: string }) {
  if (!nqn.startsWith(UUID)) return <Nqn nqn={nqn} />;
  return <code class="nqn" title={nqn}>{nqn.slice(UUID.length - 5)}</code>;
}

/** How a group is named where a host's NQN could stand. */
export const GROUP = 'group:';

/** A host, or a group of hosts. */
export function HostLink({ nqn }: { nqn: string }) {
  const name = useHostName()(nqn);
  if (nqn.startsWith(GROUP)) return <a class="named" href={href('hosts', { tab: 'groups', group: nqn.slice(GROUP.length) })}>{nqn}</a>;
  return (
    <a class="named" href={href('hosts', { nqn })} aria-label={name ? `${name} ${nqn}` : nqn}>
      {name && <span class="name">{name}</span>} <HostNqn nqn={nqn} />
    </a>
  );
}
