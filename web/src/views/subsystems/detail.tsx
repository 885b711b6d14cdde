// SPDX-License-Identifier: Apache-2.0
// views/subsystems/detail.tsx - one subsystem, and all that can be done to it.
import { useState } from 'preact/hooks';
import { api } from '../../api/client';
import { usePoll } from '../../api/poll';
import type { Subsystem } from '../../api/types';
import { Confirm } from '../../components/dialog';
import { clock, count } from '../../components/format';
import { Show } from '../../components/polled';
import { href } from '../../components/router';
import { State } from '../../components/state';
import { Allowed } from './allowed';
import { Connect } from './connect';
import { Namespaces } from './namespaces';

function Facts({ s }: { s: Subsystem }) {
  return (
    <dl class="facts">
      <div><dt>State</dt><dd><State state={s.status.state} reason={s.status.reason} /></dd></div>
      <div><dt>Serial</dt><dd>{s.serial}</dd></div>
      <div><dt>Model</dt><dd>{s.model}</dd></div>
      {s.label && <div><dt>Label</dt><dd>{s.label}</dd></div>}
      <div><dt>Worker</dt><dd>{s.worker ?? 'none'}</dd></div>
      <div><dt>Portals</dt><dd>{s.portals ? s.portals.join(', ') : 'all of its worker'}</dd></div>
      <div><dt>Created</dt><dd><time dateTime={s.created_at}>{clock(s.created_at)}</time></dd></div>
    </dl>
  );
}

function Delete({ s, close }: { s: Subsystem; close: () => void }) {
  return (
    <Confirm title="Delete this subsystem?" verb="Delete" close={close} act={(force) => api.deleteSubsystem(s.nqn, force)}
      done={() => { location.hash = href('subsystems'); }}>
      <p><code>{s.nqn}</code> with {count(s.namespace_count, 'namespace')}; {count(s.controller_count, 'controller')} connected. What is
        kept in memory is gone for good, files stay.</p>
    </Confirm>
  );
}

export function Detail({ nqn }: { nqn: string }) {
  const polled = usePoll(`subsystem ${nqn}`, (signal) => api.subsystem(nqn, signal));
  const [deleting, setDeleting] = useState(false);
  return (
    <>
      <p class="crumb"><a href={href('subsystems')}>All subsystems</a></p>
      <Show of={polled}>
        {(s) => (
          <>
            <Facts s={s} />
            <Namespaces nqn={nqn} />
            <Allowed nqn={nqn} />
            <Connect nqn={nqn} />
            <section aria-labelledby="end">
              <h2 id="end">Delete</h2>
              <button type="button" class="destroys" onClick={() => setDeleting(true)}>Delete subsystem</button>
            </section>
            {deleting && <Delete s={s} close={() => setDeleting(false)} />}
          </>
        )}
      </Show>
    </>
  );
}
