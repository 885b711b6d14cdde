// SPDX-License-Identifier: Apache-2.0
// components/consequences.tsx - what a change would come to, told before it is made: what else goes, and which hosts would be told of
// more or of less.
import { useEffect, useState } from 'preact/hooks';
import type { Changes } from '../api/types';
import { count } from './format';
import { HostNqn, Nqn, useHostName } from './nqn';

/** Of more it is told how many there are. */
const SHOWN = 20;

type LogChange = Changes['hosts'][number];
type Change = Changes['changes'][number];

function Host({ nqn }: { nqn: string | null }) {
  const name = useHostName()(nqn ?? '');
  return nqn === null ? <>every other host</> : <>{name && `${name} `}<HostNqn nqn={nqn} /></>;
}

const names = (entries: LogChange['gains']) => [...new Set(entries.map((entry) => entry.nqn))];

function Log({ change }: { change: LogChange }) {
  const part = (verb: string, entries: LogChange['gains']) => entries.length > 0 && (
    <> {verb} {names(entries).map((nqn, i) => <span key={nqn}>{i > 0 && ', '}<Nqn nqn={nqn} /></span>)} ({count(entries.length, 'path')})</>
  );
  return <li><Host nqn={change.host_nqn} />{part('loses', change.loses)}{part('gains', change.gains)}</li>;
}

const inWords = ({ action, kind, id, nqn }: Change) => `${kind} ${id}${nqn ? ` of ${nqn}` : ''}${action === 'change' ? ' changes' : action === 'create' ? ' is made' : ''}`;

export function Consequences({ of }: { of: () => Promise<Changes> }) {
  const [told, tell] = useState<Changes>();
  useEffect(() => {
    let here = true;
    of().then((changes) => here && tell(changes), () => undefined); // what is wrong is told when it is done
    return () => { here = false; };
  }, []);
  if (!told) return null;
  const more = told.changes.slice(1);
  return (
    <div class="consequences" role="status">
      {more.length > 0 && (
        <details>
          <summary>With it: {count(more.length, 'further change')}</summary>
          <ul>{more.slice(0, SHOWN).map((change) => <li key={inWords(change)}>{inWords(change)}</li>)}</ul>
        </details>
      )}
      {told.hosts.length > 0 && (
        <>
          <p>In their discovery logs{!told.hosts_complete && ', and in those of further hosts'}:</p>
          <ul>{told.hosts.slice(0, SHOWN).map((change) => <Log key={change.host_nqn} change={change} />)}</ul>
        </>
      )}
      {told.hosts.length > SHOWN && <p class="more">and of {count(told.hosts.length - SHOWN, 'further host')}</p>}
      {told.hosts.length === 0 && <p>No host's discovery log changes.</p>}
    </div>
  );
}
