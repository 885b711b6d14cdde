// SPDX-License-Identifier: Apache-2.0
// views/workers/access.tsx - what a portal says of each ANA group: seen in the list of portals, and set.
import { useState } from 'preact/hooks';
import { api } from '../../api/client';
import type { AnaGroup, Portal } from '../../api/types';
import { ANA_STATES, inWords, isServed, stateOf, type AnaState } from '../../components/ana';
import { Confirm, Dialog } from '../../components/dialog';
import { Field } from '../../components/field';
import { Form } from '../../components/form';
import { count } from '../../components/format';
import { State } from '../../components/state';
import { useSubmit } from '../../components/submit';

const nameOf = (group: AnaGroup) => `Group ${group.id}${group.description && `, ${group.description}`}`;

/** The groups that aren't optimized by this portal. */
export function AccessCell({ portal, groups }: { portal: Portal; groups: AnaGroup[] }) {
  const odd = groups.filter((g) => stateOf(g, portal.id) !== 'optimized');
  if (!odd.length) return <>optimized</>;
  return <>{odd.map((g) => <div key={g.id}><State state={inWords(stateOf(g, portal.id))} />{groups.length > 1 && ` group ${g.id}`}</div>)}</>;
}

type Wanted = Map<number, AnaState>;

const send = (portal: Portal, wanted: Wanted) => Promise.all(
  [...wanted].map(([id, state]) => api.patchAnaGroup(id, { states: { [portal.id]: state } })));

export function Access({ portal, groups, close }: { portal: Portal; groups: AnaGroup[]; close: () => void }) {
  const submit = useSubmit();
  const [wanted, want] = useState<Wanted>(new Map());
  const [asked, ask] = useState(false);
  const changed: Wanted = new Map([...wanted].filter(([id, state]) => groups.some((g) => g.id === id && stateOf(g, portal.id) !== state)));
  const lost = groups.filter((g) => changed.has(g.id) && !isServed(changed.get(g.id)!));
  const go = () => (lost.length ? ask(true) : void submit.run(() => send(portal, changed), close));
  if (asked) {
    return (
      <Confirm title={`Take portal ${portal.id} out of use?`} verb="Take out of use" close={close} act={() => send(portal, changed)}>
        <p>
          Hosts no longer read and write by {portal.traddr}, port {portal.trsvcid}: {count(lost.reduce((n, g) => n + g.namespace_count, 0), 'namespace')} of{' '}
          {lost.map((g) => `group ${g.id}`).join(', ')}. They stay connected and go on by other paths; those that have none wait. It is done when nothing is under way by it.
        </p>
      </Confirm>
    );
  }
  return (
    <Dialog title={`Access by portal ${portal.id}`} close={close}>
      <Form submit={submit} go={go} verb="Save" close={close}>
        {groups.map((g) => (
          <Field key={g.id} label={nameOf(g)} hint={count(g.namespace_count, 'namespace')}>
            {(aria) => (
              <select {...aria} value={wanted.get(g.id) ?? stateOf(g, portal.id)}
                onChange={(event) => want(new Map(wanted).set(g.id, event.currentTarget.value as AnaState))}>
                {ANA_STATES.map((state) => <option key={state} value={state}>{inWords(state)}</option>)}
              </select>
            )}
          </Field>
        ))}
      </Form>
    </Dialog>
  );
}
