// SPDX-License-Identifier: Apache-2.0
// daemon.mjs - starts daemon.py and asks it for things.
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** options: of discoveryd. */
export async function startDaemon(options = []) {
  const script = fileURLToPath(new URL('daemon.py', import.meta.url));
  const child = spawn('python3', [script, ...options], { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const read = async () => {
    const { value, done } = await lines.next();
    if (done) throw new Error('daemon.py ended');
    if (!value.startsWith('{')) return read(); // a log, shown on failure
    const answer = JSON.parse(value);
    if (answer.error) throw new Error(answer.error);
    return answer;
  };
  const ask = async (command) => {
    child.stdin.write(JSON.stringify(command) + '\n');
    return (await read()).result;
  };
  const { api } = await read();
  return {
    url: `http://${api}`,
    rest: (method, path, body) => ask({ do: 'rest', method, path, ...(body && { body }) }),
    /** more: name, portal, queues */
    connect: (nqn, host, more = {}) => ask({ do: 'connect', nqn, host, ...more }),
    /** Connected to the discovery service alone. */
    discover: (host, register) => ask({ do: 'discover', host, ...(register && { register }) }),
    /** A direct discovery controller that presents subsystems, [NQN, address] each, and registers; says where it is. */
    ddc: (nqn, subsystems) => ask({ do: 'ddc', nqn, subsystems }),
    loseDdc: (nqn) => ask({ do: 'lose_ddc', nqn }),
    disconnect: (name) => ask({ do: 'disconnect', name }),
    write: (name, count) => ask({ do: 'write', name, count }),
    /** Paced: so many per second, until restIo(). */
    io: (name, reads, writes) => ask({ do: 'io', name, reads, writes }),
    restIo: () => ask({ do: 'rest_io' }),
    bench: (nqn, host, workload, seconds) => ask({ do: 'bench', nqn, host, workload, seconds }),
    freePort: () => ask({ do: 'free_port' }),
    killWorker: () => ask({ do: 'kill_worker' }),
    kill: () => ask({ do: 'kill' }),
    /** Starts again, so that its API asks who it is. */
    wantTokens: (token) => ask({ do: 'want_tokens', token }),
    start: () => ask({ do: 'start' }),
    stop: () => new Promise((resolve) => {
      child.on('exit', resolve);
      child.stdin.end();
    }),
  };
}
