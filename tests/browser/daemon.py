#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""tests/browser/daemon.py - a real discoveryd (with its worker) and real hosts for the browser tests, driven by lines of JSON:
{"do": "connect" | "write" | "kill" | ..., ...} on stdin, one line of answer each on stdout."""
import json
import os
import pathlib
import signal
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
import nvmetcp  # noqa: E402
import pharos  # noqa: E402


def answer(**values):
    print(json.dumps(values), flush=True)


def main():
    hosts = {}
    with pharos.Discoveryd() as daemon:
        address, port = daemon.io_listen.rsplit(":", 1)

        def connect(nqn, host):
            hosts[host] = nvmetcp.Host(address, int(port), nqn, host, queues=2)

        def write(host, count):
            for n in range(count):
                hosts[host].io[0].write(1, n % 16 * 8, bytes(4096))

        def kill_worker():
            os.kill(daemon.workers()[0], signal.SIGKILL)

        def rest(method, path, body=None):
            return daemon.rest(method, path, body)

        actions = {"kill": daemon.kill, "start": daemon.start, "connect": connect, "rest": rest,
                   "write": write, "kill_worker": kill_worker,
                   "disconnect": lambda host: hosts.pop(host).close()}
        answer(api=daemon.api)
        for line in sys.stdin:
            command = json.loads(line)
            try:
                answer(result=actions[command.pop("do")](**command))
            except Exception as e:  # told to the test, which fails by it
                answer(error=f"{type(e).__name__}: {e}")
        for host in hosts.values():
            host.close()


main()
