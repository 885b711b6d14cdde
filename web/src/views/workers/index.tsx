// SPDX-License-Identifier: Apache-2.0
// views/workers - the processes that serve, and the addresses that they listen on.
import { useState } from 'preact/hooks';
import { api } from '../../api/client';
import { useWorkerLoads, type WorkerLoad } from '../../api/reactors';
import type { Worker } from '../../api/types';
import { Confirm, Dialog } from '../../components/dialog';
import { Field } from '../../components/field';
import { Form } from '../../components/form';
import { bytes, count, percent, perSecond } from '../../components/format';
import { useId } from '../../components/id';
import { More, useList } from '../../components/more';
import { Show } from '../../components/polled';
import { State } from '../../components/state';
import { useSubmit } from '../../components/submit';
import { Tabs, tabOf, type Tab } from '../../components/tabs';
import type { View } from '../view';
import { Portals } from './portals';

type Asked = { worker: Worker; what: 'edit' | 'delete' } | 'add' | undefined;

function Reactors({ load }: { load: WorkerLoad }) {
  return (
    <ul class="reactors" aria-label="Reactors">
      {load.reactors.map(({ index, busy, turns }) => (
        <li key={index}>
          <span>{index}</span>
          <span class="meter" aria-hidden="true"><span style={{ width: percent(busy ?? 0).replace(' ', '') }} /></span>
          <span class="number">{busy === null ? '–' : percent(busy)}<span class="unseen"> busy</span></span>
          <span class="number quiet">{turns === null ? '' : `${perSecond(turns)} turns/s`}</span>
        </li>
      ))}
    </ul>
  );
}

function Card({ worker, load, ask }: { worker: Worker; load: WorkerLoad | undefined; ask: (asked: Asked) => void }) {
  const id = useId();
  const title = `worker ${worker.id}`;
  return (
    <article class="card" aria-labelledby={id}>
      <div class="head">
        <h2 id={id}>Worker {worker.id}</h2>
        <p class="summary"><State state={worker.state} reason={worker.status.reason} /></p>
        <div class="buttons">
          <button type="button" aria-label={`Edit ${title}`} onClick={() => ask({ worker, what: 'edit' })}>Edit</button>
          <button type="button" aria-label={`Delete ${title}`} onClick={() => ask({ worker, what: 'delete' })}>Delete</button>
        </div>
      </div>
      <dl class="facts">
        <div><dt>Process</dt><dd>{worker.pid ?? '–'}</dd></div>
        <div><dt>Restarts</dt><dd>{worker.restarts}</dd></div>
        <div><dt>Memory</dt><dd>{load?.memory === undefined ? '–' : bytes(load.memory, 1)}</dd></div>
        <div><dt>Serves</dt><dd>{count(worker.subsystem_count, 'subsystem')}</dd></div>
        <div><dt>Connected</dt><dd>{count(worker.controller_count, 'controller')}</dd></div>
        <div><dt>Generation</dt><dd>{worker.generation}</dd></div>
        <div><dt>Threads</dt><dd>{worker.reactors || 'one per core'}</dd></div>
        <div><dt>Cores</dt><dd>{worker.cpu_list || 'not pinned'}</dd></div>
        <div><dt>Node</dt><dd>{worker.node}</dd></div>
      </dl>
      {load && load.reactors.length > 0 && <Reactors load={load} />}
    </article>
  );
}

function Threads({ worker, close }: { worker?: Worker; close: () => void }) {
  const submit = useSubmit(['id', 'reactors', 'cpu_list']);
  const [given, set] = useState({ id: '', reactors: String(worker?.reactors ?? 0), cpu_list: worker?.cpu_list ?? '' });
  const input = (key: keyof typeof given) => ({
    name: key, value: given[key], autocomplete: 'off', onInput: (event: { currentTarget: HTMLInputElement }) => set({ ...given, [key]: event.currentTarget.value }),
  });
  const threads = { reactors: Number(given.reactors), cpu_list: given.cpu_list.trim() };
  const write = () => (worker ? api.patchWorker(worker.id, threads) : api.createWorker({ ...threads, ...(given.id && { id: given.id.trim() }) }));
  return (
    <Dialog title={worker ? `Edit worker ${worker.id}` : 'Add a worker'} close={close}>
      <Form submit={submit} go={() => void submit.run<unknown>(write, close)} verb={worker ? 'Save' : 'Add'} close={close}>
        {!worker && <Field label="Name (optional)" error={submit.at('id')}>{(aria) => <input {...aria} {...input('id')} />}</Field>}
        <Field label="Threads" error={submit.at('reactors')} hint="0: one per core.">
          {(aria) => <input {...aria} {...input('reactors')} type="number" min="0" max="256" required />}
        </Field>
        <Field label="Cores" error={submit.at('cpu_list')} hint="To pin them to, such as 0-3,8; empty: not pinned.">
          {(aria) => <input {...aria} {...input('cpu_list')} />}
        </Field>
        {worker && <p class="hint">Used when the worker starts the next time.</p>}
      </Form>
    </Dialog>
  );
}

function AllWorkers() {
  const polled = useList('workers', api.workers);
  const loads = useWorkerLoads();
  const [asked, ask] = useState<Asked>();
  const close = () => ask(undefined);
  return (
    <>
      <div class="head">
        <p class="summary">Each is a process of its own: when one ends, the others go on, and it is started again.</p>
        <button type="button" class="first" onClick={() => ask('add')}>Add worker</button>
      </div>
      <Show of={polled}>
        {(list) => (
          <>
            {list.items.length === 0 && <p class="empty">There is no worker: nothing is served.</p>}
            <div class="cards">{list.items.map((w) => <Card key={w.id} worker={w} load={loads.get(w.id)} ask={ask} />)}</div>
            <More of={list} />
          </>
        )}
      </Show>
      {asked === 'add' && <Threads close={close} />}
      {typeof asked === 'object' && asked.what === 'edit' && <Threads worker={asked.worker} close={close} />}
      {typeof asked === 'object' && asked.what === 'delete' && (
        <Confirm title={`Delete worker ${asked.worker.id}?`} verb="Delete" close={close} act={() => api.deleteWorker(asked.worker.id)}>
          <p>It serves {count(asked.worker.subsystem_count, 'subsystem')} and has {count(asked.worker.controller_count, 'controller')} connected.
            Only one that has neither subsystems nor portals can be deleted.</p>
        </Confirm>
      )}
    </>
  );
}

const TABS: Tab[] = [{ key: '', title: 'Workers' }, { key: 'portals', title: 'Portals' }];

function Workers({ params }: { params: URLSearchParams }) {
  const tab = tabOf(TABS, params);
  return (
    <>
      <Tabs label="Workers" path="workers" tabs={TABS} current={tab} />
      {tab === '' ? <AllWorkers /> : <Portals />}
    </>
  );
}

export const workers: View = { path: 'workers', title: 'Workers', icon: 'chip', component: Workers };
