// SPDX-License-Identifier: Apache-2.0
// components/signin.tsx - asks for the token, where discoveryd wants one.
import { useState } from 'preact/hooks';
import { give } from '../api/token';
import { Field } from './field';

export function SignIn({ why }: { why: string }) {
  const [typed, type] = useState('');
  const go = (event: Event) => {
    event.preventDefault();
    give(typed.trim());
  };
  return (
    <main id="main" class="signin">
      <form class="card" onSubmit={go}>
        <h1><img src="/favicon.svg" alt="" width="30" height="30" />Pharos</h1>
        <Field label="Token" error={why || undefined}
          hint={<>discoveryd wants to know who asks. <code>pharos token create USER</code> makes one; it is kept until this tab is closed.</>}>
          {(aria) => (
            <input {...aria} type="password" name="token" required autofocus autocomplete="current-password" value={typed}
              onInput={(event) => type(event.currentTarget.value)} />
          )}
        </Field>
        <div class="actions"><button type="submit">Sign in</button></div>
      </form>
    </main>
  );
}
