// SPDX-License-Identifier: Apache-2.0
// components/field.tsx - an input with its name, a hint, and what is wrong with its value.
import type { ComponentChildren } from 'preact';
import { useId } from './id';

export interface FieldAria {
  id: string;
  'aria-invalid'?: 'true';
  'aria-describedby'?: string;
  'aria-label'?: string;
}

interface Props {
  label: string;
  hint?: ComponentChildren;
  error?: string | undefined;
  children: (aria: FieldAria) => ComponentChildren;
}

export function Field({ label, hint, error, children }: Props) {
  const id = useId();
  const described = [hint && `${id}-hint`, error && `${id}-error`].filter(Boolean).join(' ');
  return (
    <div class="field">
      <label for={id}>{label}</label>
      {children({ id, ...(error && { 'aria-invalid': 'true' as const }), ...(described && { 'aria-describedby': described }) })}
      {hint && <p class="hint" id={`${id}-hint`}>{hint}</p>}
      {error && <p class="wrong" id={`${id}-error`} role="alert">{error}</p>}
    </div>
  );
}

/** What is wrong with a form as a whole. */
export function Wrong({ text }: { text: string | undefined }) {
  return text ? <p class="problem" role="alert">{text}</p> : null;
}
