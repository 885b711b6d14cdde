// SPDX-License-Identifier: Apache-2.0
// views/subsystems/wizard.tsx - from nothing to a connected host. Each step is done when it is left, and is in the address, so that
// reloading or going back loses nothing.
import { useState } from 'preact/hooks';
import { api } from '../../api/client';
import { usePoll } from '../../api/poll';
import { Field, Wrong } from '../../components/field';
import { href } from '../../components/router';
import { useSubmit } from '../../components/submit';
import { Allowed } from './allowed';
import { Connect } from './connect';
import { NamespaceForm } from './namespaceform';

const STEPS: Record<string, string> = { subsystem: 'Subsystem', namespace: 'Namespace', hosts: 'Hosts', connect: 'Connect' };

const to = (step: string, nqn: string) => href('subsystems', { new: step, nqn });

function Steps({ step }: { step: string }) {
  const reached = Object.keys(STEPS).indexOf(step);
  return (
    <ol class="steps" aria-label="Steps">
      {Object.entries(STEPS).map(([name, title], i) => (
        <li key={name} aria-current={name === step ? 'step' : undefined} class={i < reached ? 'past' : undefined}>{title}</li>
      ))}
    </ol>
  );
}

/** How names here begin: as most of those that are there, else by this machine's name. */
async function prefix(signal: AbortSignal): Promise<string> {
  const { items } = await api.subsystems(1, signal);
  if (!items.length) {
    const { node } = await api.version(signal);
    return `nqn.${new Date().toISOString().slice(0, 7)}.local.${(node ?? 'pharos').toLowerCase()}:`;
  }
  const times = new Map<string, number>();
  for (const { nqn } of items) times.set(nqn.slice(0, nqn.indexOf(':') + 1), (times.get(nqn.slice(0, nqn.indexOf(':') + 1)) ?? 0) + 1);
  return [...times].sort(([, a], [, b]) => b - a)[0]![0];
}

function Name() {
  const submit = useSubmit(['nqn', 'label']);
  const begin = usePoll('prefix', prefix, { deaf: true }).data ?? '';
  const [given, setNqn] = useState<string>();
  const nqn = given ?? begin;
  const [label, setLabel] = useState('');
  const go = (event: Event) => {
    event.preventDefault();
    const body = { nqn: nqn.trim(), ...(label && { label }) };
    void submit.run(() => api.createSubsystem(body), () => { location.hash = to('namespace', body.nqn); });
  };
  return (
    <form class="sheet" onSubmit={go}>
      <Field label="NQN" error={submit.at('nqn')} hint="The name that hosts connect to: nqn, year and month, a domain of yours reversed, a name.">
        {(aria) => <input {...aria} name="nqn" required autocomplete="off" spellcheck={false} value={nqn}
          onInput={(event) => setNqn(event.currentTarget.value)} />}
      </Field>
      <Field label="Label (optional)" error={submit.at('label')} hint="For people; told to hosts that ask for extended entries.">
        {(aria) => <input {...aria} name="label" autocomplete="off" value={label} onInput={(event) => setLabel(event.currentTarget.value)} />}
      </Field>
      <Wrong text={submit.other} />
      <div class="actions">
        <a class="button" href={href('subsystems')}>Cancel</a>
        <button type="submit" disabled={submit.busy}>{submit.busy ? 'Creating…' : 'Create subsystem'}</button>
      </div>
    </form>
  );
}

function Hosts({ nqn }: { nqn: string }) {
  return (
    <>
      <Allowed nqn={nqn} />
      <div class="actions"><a class="button first" href={to('connect', nqn)}>Continue</a></div>
    </>
  );
}

function Last({ nqn }: { nqn: string }) {
  return (
    <>
      <Connect nqn={nqn} />
      <div class="actions">
        <a class="button" href={to('hosts', nqn)}>Back to hosts</a>
        <a class="button first" href={href('subsystems', { nqn })}>To the subsystem</a>
      </div>
    </>
  );
}

export function Wizard({ step, nqn }: { step: string; nqn: string }) {
  const known = nqn && STEPS[step] ? step : 'subsystem';
  return (
    <>
      <Steps step={known} />
      {known !== 'subsystem' && <p class="summary"><code>{nqn}</code></p>}
      {known === 'subsystem' && <Name />}
      {known === 'namespace' && (
        <NamespaceForm nqn={nqn} submitText="Add namespace" done={() => { location.hash = to('hosts', nqn); }}
          other={<a class="button" href={to('hosts', nqn)}>Without a namespace</a>} />
      )}
      {known === 'hosts' && <Hosts nqn={nqn} />}
      {known === 'connect' && <Last nqn={nqn} />}
    </>
  );
}
