// SPDX-License-Identifier: Apache-2.0
// components/dialog.tsx - what is asked in between: a form, or whether to destroy something.
import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import type { Changes } from '../api/types';
import { Consequences } from './consequences';
import { Wrong } from './field';
import { useId } from './id';
import { useSubmit } from './submit';

interface DialogProps {
  title: string;
  close: () => void;
  /** For tables. */
  large?: boolean;
  children: ComponentChildren;
}

/** The browser keeps the focus inside and gives it back at the end. */
export function Dialog({ title, close, large = false, children }: DialogProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => {
    const element = dialog.current!;
    element.showModal();
    return () => element.close();
  }, []);
  return (
    <dialog ref={dialog} class={large ? 'large' : undefined} aria-labelledby={id} onCancel={(event) => { event.preventDefault(); close(); }}>
      <h2 id={id}>{title}</h2>
      {children}
    </dialog>
  );
}

interface ConfirmProps {
  title: string;
  /** What will be gone, in words. */
  children: ComponentChildren;
  verb: string;
  /** What would be different; shown before it is done. */
  preview?: () => Promise<Changes>;
  /** Without force first; with force when the API said that it is in use, and who by, and it was confirmed again. */
  act: (force: boolean) => Promise<unknown>;
  done?: () => void;
  close: () => void;
}

function Users({ users }: { users: string[] }) {
  return (
    <>
      <p>In use by:</p>
      <ul class="users">{users.map((user) => <li key={user}><code>{user}</code></li>)}</ul>
    </>
  );
}

export function Confirm({ title, children, verb, preview, act, done, close }: ConfirmProps) {
  const submit = useSubmit();
  const users = submit.problem?.problem.users ?? [];
  const inUse = users.length > 0;
  const go = (event: Event) => {
    event.preventDefault();
    void submit.run(() => act(inUse), () => {
      close();
      done?.();
    });
  };
  return (
    <Dialog title={title} close={close}>
      <form onSubmit={go}>
        {children}
        {preview && <Consequences of={preview} />}
        <Wrong text={submit.other} />
        {users.length > 0 && <Users users={users} />}
        <div class="actions">
          <button type="button" onClick={close}>Cancel</button>
          <button type="submit" class="destroys" disabled={submit.busy}>{inUse ? `${verb} all the same` : verb}</button>
        </div>
      </form>
    </Dialog>
  );
}
