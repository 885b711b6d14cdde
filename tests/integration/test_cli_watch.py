#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""pharos events -w tells what happens as it happens; pharos top shows how busy namespaces are, and that they are idle again."""
import json
import pathlib
import subprocess
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / 'lib'))
import nvmetcp as nvme  # noqa: E402
import pharos  # noqa: E402

NQN, HOST = 'nqn.2026-11.example:watched', 'nqn.2026-11.example:host'
UNREACHABLE = 3


def start(daemon, *words):
    return subprocess.Popen([pharos.program('pharos'), *words, '--api', daemon.api], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def follows(daemon, number):
    pharos.wait_for(lambda: f'pharos_api_streams {number}\n' in daemon.http('GET', '/metrics')[2], 10, 'it follows')


def finish(process, code=0):
    out, err = process.communicate(timeout=20)
    assert process.returncode == code, (process.returncode, out, err)
    return out, err


def test_events_are_told_as_they_happen():
    with pharos.Discoveryd() as daemon:
        daemon.rest('POST', '/subsystems', {'nqn': NQN})  # answered once the worker has confirmed its first state: it has nothing more to say
        plain = start(daemon, 'events', '-w', '--changes', '--count', '1')
        as_json = start(daemon, 'events', '--watch', '--changes', '--count', '2', '--json')
        only_events = start(daemon, 'events', '-w')
        follows(daemon, 3)
        daemon.rest('POST', '/hosts', {'nqn': HOST})
        daemon.rest('DELETE', f'/hosts/{HOST}')
        assert finish(plain)[0] == f'host {HOST} changed\n'
        lines = [json.loads(line) for line in finish(as_json)[0].splitlines()]
        assert lines == [{'kind': 'host', 'id': HOST, 'deleted': deleted} for deleted in (False, True)], lines
        daemon.rest('POST', '/shutdown', {'workers': True})
        out, err = finish(only_events, UNREACHABLE)
        assert 'stream' in err and HOST not in out, (out, err)
        daemon.process.wait(15)
        daemon.start()
        listed = subprocess.run([pharos.program('pharos'), 'events', '--api', daemon.api], capture_output=True, text=True, check=True).stdout
        assert 'discoveryd.started' in listed, listed


def write_until(daemon, stop):
    host, port = daemon.io_listen.rsplit(':', 1)
    with nvme.Host(host, int(port), NQN, HOST) as io:
        while not stop.is_set():
            io.io[0].write(1, 0, bytes(4096))
            time.sleep(0.005)


def test_top_shows_who_is_busy():
    with pharos.Discoveryd() as daemon:
        for nqn in (NQN, NQN + '-idle'):
            daemon.rest('POST', '/subsystems', {'nqn': nqn, 'hosts': [HOST]})
            for _ in range(2):
                daemon.rest('POST', f'/subsystems/{nqn}/namespaces', {'size': '1MiB'})
        stop = threading.Event()
        writer = threading.Thread(target=write_until, args=(daemon, stop))
        writer.start()
        try:
            time.sleep(2)  # until the worker has told of it
            by_namespace, by_subsystem = (start(daemon, 'top', '--count', '1', '--interval', '2', '--json', *more) for more in ((), ('--by-subsystem',)))
            table = start(daemon, 'top', '--count', '2', '--interval', '1', '--limit', '1')
            rows = json.loads(finish(by_namespace)[0])
            assert [(r['nqn'], r['nsid']) for r in rows][0] == (NQN, 1) and len(rows) == 4, rows
            busy, idle = rows[0], rows[1:]
            assert 10 < busy['writes'] < 1000 and abs(busy['write_bytes'] / 4096 - busy['writes']) < 1 and busy['reads'] == 0, busy
            assert all(r['writes'] == r['reads'] == r['errors'] == 0 for r in idle), idle
            rows = json.loads(finish(by_subsystem)[0])
            assert [r['nqn'] for r in rows] == [NQN, NQN + '-idle'] and rows[0]['writes'] > 10 and 'nsid' not in rows[0], rows
            out = finish(table)[0]
            assert out.count('SUBSYSTEM') == 2 and '\033' not in out and out.count(NQN) == 2 and NQN + '-idle' not in out, out
        finally:
            stop.set()
            writer.join()
        assert finish(start(daemon, 'top', '--interval', '0'), 2)[1]


if __name__ == '__main__':
    pharos.run(globals())
