#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""tests/browser/daemon.py - a real discoveryd (with its workers) and real hosts for the browser tests, driven by lines of JSON:
{"do": "connect" | "io" | "kill" | ..., ...} on stdin, one line of answer each on stdout.  Arguments are options of discoveryd."""
import json
import os
import pathlib
import signal
import subprocess
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
import dim  # noqa: E402
import fakedc  # noqa: E402
import nvmetcp  # noqa: E402
import pharos  # noqa: E402

BLOCK = bytes(4096)


def answer(**values):
    print(json.dumps(values), flush=True)


class Hosts:
    """Controllers by name, and threads that read and write through them at a steady pace."""

    def __init__(self, daemon):
        self.daemon, self.open, self.paced, self.ddcs = daemon, {}, [], {}

    def address(self, portal):
        if portal is None:
            return self.daemon.io_listen.rsplit(":", 1)
        found = self.daemon.rest("GET", f"/portals/{portal}")
        return found["traddr"], found["trsvcid"]

    def connect(self, nqn, host, name=None, portal=None, queues=2):
        address, port = self.address(portal)
        self.open[name or host] = nvmetcp.Host(address, int(port), nqn, host, queues=queues)

    def discover(self, host, register=None):
        """A controller of the discovery service; register: the address and label that the host registers."""
        address, port = self.daemon.listen.rsplit(":", 1)
        queue = self.open[host] = nvmetcp.Queue(address, int(port))
        queue.connect(nvmetcp.DISCOVERY, host, kato=120000)
        queue.enable()
        if register:
            status = dim.dim(queue, dim.REGISTER, [dim.extended(host, **register)], eid=host, ename=register["label"])
            assert status == 0, status

    def ddc(self, nqn, subsystems):
        """A direct discovery controller that presents subsystems ([NQN, address] each), and registers here."""
        ddc = self.ddcs[nqn] = fakedc.Dc([fakedc.entry(*one) for one in subsystems], oaes=1 << 31, own_nqn=nqn)
        address, port = self.daemon.listen.rsplit(":", 1)
        queue = self.open[nqn] = nvmetcp.Queue(address, int(port))
        queue.connect(nvmetcp.DISCOVERY, nqn, kato=120000)
        queue.enable()
        status = dim.dim(queue, dim.REGISTER, [dim.basic(nqn, ddc.address, str(ddc.port), 1)], eid=nqn, etype=2, entfmt=1)
        assert status == 0, status
        return {"traddr": ddc.address, "trsvcid": str(ddc.port)}

    def lose_ddc(self, nqn):
        self.ddcs.pop(nqn).close()

    def disconnect(self, name):
        self.open.pop(name).close()

    def write(self, name, count):
        for n in range(count):
            self.open[name].io[0].write(1, n % 16 * 8, BLOCK)

    def io(self, name, reads, writes):
        """So many of each per second, until all ends."""
        def pace():
            queue, n = self.open[name].io[1], 0
            while not stop.is_set():
                began = time.monotonic()
                for kind, per_tick in (("read", reads / 10), ("write", writes / 10)):
                    for _ in range(round(per_tick * (0.7 + n % 7 / 10))):
                        try:
                            queue.read(1, 0, 8) if kind == "read" else queue.write(1, 8, BLOCK)
                        except (OSError, EOFError):
                            return
                n += 1
                stop.wait(max(0, 0.1 - (time.monotonic() - began)))
        stop = threading.Event()
        thread = threading.Thread(target=pace, daemon=True)
        thread.start()
        self.paced.append((stop, thread))

    def rest(self):
        """No more paced I/O."""
        for stop, thread in self.paced:
            stop.set()
            thread.join()
        self.paced = []

    def close(self):
        self.rest()
        for host in [*self.open.values(), *self.ddcs.values()]:
            host.close()


def main():
    benches = []
    with pharos.Discoveryd(*sys.argv[1:]) as daemon:
        hosts = Hosts(daemon)

        def bench(nqn, host, workload, seconds):
            """`pharos bench`, in the background."""
            benches.append(subprocess.Popen(
                [pharos.program("pharos"), "bench", daemon.io_listen, nqn, "--hostnqn", host, "--destructive", "--span", "16MiB",
                 "--workload", workload, "--time", str(seconds)], stdout=subprocess.DEVNULL))

        def want_tokens(token):
            """From now on the API asks who it is; we are whom that token says."""
            daemon.process.terminate()
            daemon.process.wait(10)
            daemon.options, daemon.token = ("--api-auth",), token
            daemon.start()

        actions = {"kill": daemon.kill, "start": daemon.start, "rest": lambda method, path, body=None: daemon.rest(method, path, body),
                   "connect": hosts.connect, "disconnect": hosts.disconnect, "write": hosts.write, "io": hosts.io, "rest_io": hosts.rest,
                   "bench": bench, "kill_worker": lambda: os.kill(daemon.workers()[0], signal.SIGKILL),
                   "want_tokens": want_tokens, "discover": hosts.discover, "ddc": hosts.ddc, "lose_ddc": hosts.lose_ddc, "free_port": pharos.free_port}
        answer(api=daemon.api)
        for line in sys.stdin:
            command = json.loads(line)
            try:
                answer(result=actions[command.pop("do")](**command))
            except Exception as e:  # told to the test, which fails by it
                answer(error=f"{type(e).__name__}: {e}")
        for process in benches:
            process.kill()
            process.wait()
        hosts.close()


main()
