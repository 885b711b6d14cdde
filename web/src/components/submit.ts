// SPDX-License-Identifier: Apache-2.0
// components/submit.ts - one write at a time, and what the API had against it: at the field it names, or above the form.
import { useEffect, useRef, useState } from 'preact/hooks';
import { ApiError } from '../api/client';
import { changed } from '../api/poll';

const NO_ANSWER = "discoveryd doesn't answer; whether this was done is not known. Look before trying again.";

export interface Submit {
  busy: boolean;
  /** What the API answered to the last try. */
  problem: ApiError | undefined;
  /** What is wrong with the value of this field. */
  at: (field: string) => string | undefined;
  /** What is wrong and belongs to no field of the form. */
  other: string | undefined;
  /** Does the write; then, when it went well, what follows from it. */
  run: <T>(write: () => Promise<T>, then?: (result: T) => void) => Promise<void>;
}

/** What is wrong, by the member of the body that it is about. */
function byField(error: Error | undefined): Map<string, string> {
  const errors = error instanceof ApiError ? error.problem.errors ?? [] : [];
  return new Map(errors.map(({ field, reason, valid }) => (
    [field.split(/[.[]/)[0]!, `${field} ${reason}${valid ? `. Valid: ${valid}` : ''}`])));
}

/** fields: those that the form shows problems at. */
export function useSubmit(fields: string[] = []): Submit {
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<Error>();
  const here = useRef(true);
  useEffect(() => {
    here.current = true;
    return () => { here.current = false; };
  }, []);

  const problem = error instanceof ApiError ? error : undefined;
  const wrong = byField(error);
  const elsewhere = wrong.size === 0 || [...wrong.keys()].some((field) => !fields.includes(field));
  const run: Submit['run'] = async (write, then) => {
    if (busy) return;
    setBusy(true);
    setError(undefined);
    try {
      const result = await write();
      if (here.current) then?.(result);
    } catch (thrown) {
      if (here.current) setError(thrown as Error);
    }
    changed();
    if (here.current) setBusy(false);
  };
  return {
    busy,
    problem,
    at: (name) => wrong.get(name),
    other: error && elsewhere ? (problem ? problem.message : NO_ANSWER) : undefined,
    run,
  };
}
