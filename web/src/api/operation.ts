// SPDX-License-Identifier: Apache-2.0
// api/operation.ts - waits for what goes on after its request was answered.
import { api } from './client';
import { ApiError } from './http';
import type { Operation, Problem } from './types';

const LOOK_MS = 300;

/** Until it has ended; tell hears how far it is. What it failed by is thrown, as if a request had been answered so. */
export async function ended(operation: Operation, tell: (now: Operation) => void): Promise<Operation> {
  while (operation.state === 'running') {
    tell(operation);
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    operation = await api.operation(operation.id, new AbortController().signal);
  }
  const problem = operation.error as Problem | null;
  if (problem) throw new ApiError(problem.status, problem);
  return operation;
}
