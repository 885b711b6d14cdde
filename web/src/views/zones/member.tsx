// SPDX-License-Identifier: Apache-2.0
// views/zones/member.tsx - a member of a zone or of an alias: in words, and as what it is known by.
import type { ComponentChildren } from 'preact';
import type { ZoneMember } from '../../api/types';
import { HostLink, SubsystemLink } from '../../components/nqn';
import { href } from '../../components/router';

const PARTS = ['role', 'nqn', 'address', 'port', 'portid', 'family', 'label', 'group', 'alias'] as const;

/** What makes it this one and no other. */
export const keyOf = (m: ZoneMember) => JSON.stringify(PARTS.map((part) => m[part] ?? null));

/** As the API takes it back. */
export const plain = (m: ZoneMember): ZoneMember =>
  Object.fromEntries(Object.entries(m).filter(([key]) => key !== 'type'));

export const roleOf = (m: ZoneMember) => m.role ?? 'alias';

/** What tells it apart, for sorting, searching, and people who hear it. */
export function inWords(m: ZoneMember): string {
  const at = [m.address && `at ${m.address}`, m.port !== undefined && `port ${m.port}`, m.portid !== undefined && `port ID ${m.portid}`, m.family].filter(Boolean).join(', ');
  const who = m.alias ?? (m.group !== undefined ? `group ${m.group}` : m.label !== undefined ? `label ${m.label}` : m.nqn ?? '');
  return [who, at].filter(Boolean).join(' ');
}

function who(m: ZoneMember): ComponentChildren {
  if (m.alias !== undefined) return <a href={href('zones', { tab: 'aliases', alias: m.alias })}>{m.alias}</a>;
  if (m.group !== undefined) return <>every host of group <a href={href('hosts', { tab: 'groups', group: m.group })}>{m.group}</a></>;
  if (m.label !== undefined) return <>whose label is <code>{m.label}</code></>;
  if (m.nqn === undefined) return null;
  return m.role === 'host' ? <HostLink nqn={m.nqn} /> : <SubsystemLink nqn={m.nqn} />;
}

export function Member({ member: m }: { member: ZoneMember }) {
  return (
    <>
      {who(m)}{' '}
      {m.address !== undefined && <span>{m.address.includes('/') ? 'any address in' : 'at'} <code>{m.address}</code></span>}
      {m.port !== undefined && <span>, port {m.port}</span>}
      {m.portid !== undefined && <span> {m.address !== undefined && ','} port ID {m.portid}</span>}
      {m.family !== undefined && m.address === undefined && <span> by {m.family === 'ipv4' ? 'IPv4' : 'IPv6'}</span>}
    </>
  );
}
