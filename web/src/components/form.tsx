// SPDX-License-Identifier: Apache-2.0
// components/form.tsx - a form in a dialog: what is wrong as a whole, the way out, and, where it changes something that somebody else
// has changed meanwhile, the way to begin again from that.
import type { ComponentChildren } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { Tagged } from '../api/client';
import { Dialog } from './dialog';
import { Wrong } from './field';
import type { Submit } from './submit';

const CHANGED_MEANWHILE = 412;

interface FormProps {
  submit: Submit;
  go: () => void;
  verb: string;
  close: () => void;
  /** Begins again from what it is now. */
  again?: () => void;
  children: ComponentChildren;
}

export function Form({ submit, go, verb, close, again, children }: FormProps) {
  return (
    <form onSubmit={(event) => { event.preventDefault(); go(); }}>
      {children}
      <Wrong text={submit.other} />
      <div class="actions">
        {again && submit.problem?.status === CHANGED_MEANWHILE && <button type="button" onClick={again}>Begin again with what it is now</button>}
        <button type="button" onClick={close}>Cancel</button>
        <button type="submit" disabled={submit.busy}>{verb}</button>
      </div>
    </form>
  );
}

interface EditProps<T> {
  title: string;
  close: () => void;
  large?: boolean;
  load: (signal: AbortSignal) => Promise<Tagged<T>>;
  children: (value: T, tag: string | undefined, again: () => void) => ComponentChildren;
}

/** A dialog on something as it is now. What is written with its tag is refused when it has changed since. */
export function Edit<T>({ title, close, large = false, load, children }: EditProps<T>) {
  const [round, setRound] = useState(0);
  const [loaded, setLoaded] = useState<Tagged<T> & { round: number }>();
  const [failed, setFailed] = useState('');
  useEffect(() => {
    const stop = new AbortController();
    load(stop.signal).then((tagged) => setLoaded({ ...tagged, round }), (error: Error) => stop.signal.aborted || setFailed(error.message));
    return () => stop.abort();
  }, [round]);
  return (
    <Dialog title={title} close={close} large={large}>
      {loaded && <div key={loaded.round}>{children(loaded.value, loaded.tag, () => setRound(round + 1))}</div>}
      {!loaded && <p>{failed || 'Loading…'}</p>}
    </Dialog>
  );
}
