#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""pharos events -w tells what happens as it happens; pharos top shows how busy namespaces are, and that they are idle again."""
import contextlib
import json
import pathlib
import signal
import subprocess
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / 'lib'))
import nvmetcp as nvme  # noqa: E402
import pharos  # noqa: E402
import terminal  # noqa: E402

NQN, HOST = 'nqn.2026-11.example:watched', 'nqn.2026-11.example:host'
USAGE, UNREACHABLE = 2, 3


def start(daemon, *words):
    return subprocess.Popen([pharos.program('pharos'), *words, '--api', daemon.api], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def run(daemon, *words):
    return subprocess.run([pharos.program('pharos'), *words, '--api', daemon.api], capture_output=True, text=True, check=True, timeout=20).stdout


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
        finish(only_events.terminate() or only_events, -signal.SIGTERM)
        listed = subprocess.run([pharos.program('pharos'), 'events', '--api', daemon.api], capture_output=True, text=True, check=True).stdout
        assert 'discoveryd.started' in listed, listed


def test_a_watch_goes_on_after_discoveryd_and_misses_no_event():
    with pharos.Discoveryd() as daemon:
        daemon.rest('POST', '/subsystems', {'nqn': NQN})
        last = max(event['id'] for event in daemon.rest('GET', '/events')['items'])
        watches = [start(daemon, 'events', '-w', '--count', '2', '--kind', 'discoveryd.st*', *more) for more in ((), ('--since', '0'))]
        severe = start(daemon, 'events', '-w', '--severity', 'error')
        follows(daemon, 3)
        for _ in range(2):
            daemon.rest('POST', '/shutdown', {'workers': True})
            daemon.process.wait(15)
            daemon.start()
        out, err = finish(watches[0])
        assert [line.split()[2] for line in out.splitlines()] == ['discoveryd.started'] * 2, out
        assert 'trying again' in err and 'answers again' in err, err
        out = finish(watches[1])[0]
        assert len(out.splitlines()) == 2, out
        severe.terminate()
        assert severe.communicate(timeout=20)[0] == ''
        after = json.loads(run(daemon, 'events', '--since', str(last), '--kind', 'discoveryd.*', '--severity', 'info', '--json'))
        assert [event['kind'] for event in after].count('discoveryd.started') == 2 and min(event['id'] for event in after) > last, after
        assert json.loads(run(daemon, 'event', 'list', '--severity', 'error', '--json')) == []
        wrong = start(daemon, 'events', '-w', '--limit', '1')
        assert '--count' in finish(wrong, USAGE)[1]
    nobody = subprocess.run([pharos.program('pharos'), 'events', '-w', '--api', daemon.api], capture_output=True, text=True, timeout=20, check=False)
    assert nobody.returncode == UNREACHABLE, nobody


def write_until(daemon, stop):
    host, port = daemon.io_listen.rsplit(':', 1)
    with nvme.Host(host, int(port), NQN, HOST) as io:
        while not stop.is_set():
            io.io[0].write(1, 0, bytes(4096))
            time.sleep(0.005)


@contextlib.contextmanager
def busy():
    """A daemon with two subsystems of two namespaces, the first of which a host writes to."""
    with pharos.Discoveryd() as daemon:
        for nqn in (NQN, NQN + '-idle'):
            daemon.rest('POST', '/subsystems', {'nqn': nqn, 'hosts': [HOST]})
            for _ in range(2):
                daemon.rest('POST', f'/subsystems/{nqn}/namespaces', {'size': '1MiB'})
        stop = threading.Event()
        writer = threading.Thread(target=write_until, args=(daemon, stop))
        writer.start()
        try:
            # until the worker has told of it
            pharos.wait_for(lambda: (daemon.rest('GET', '/stats')['workers'][0].get('rate') or {}).get('writes', 0) > 20, 15, 'it is seen to write')
            yield daemon
        finally:
            stop.set()
            writer.join()


def rows(daemon, *words):
    return json.loads(finish(start(daemon, 'top', '--count', '1', '--json', *words))[0])


def test_top_shows_who_is_busy():
    with busy() as daemon:
        (row,) = rows(daemon)
        assert (row['nqn'], row['nsid'], row['worker']) == (NQN, 1, 'w1') and row['reads'] == row['errors'] == 0, row
        assert 10 < row['writes'] < 1000 and abs(row['write_bytes'] / 4096 - row['writes']) < 2 and 0 < row['write_ms'] < 1000, row
        (row,) = rows(daemon, '--by', 'subsystem')
        assert row['nqn'] == NQN and 'nsid' not in row and row['writes'] > 10, row
        (row,) = rows(daemon, '--by', 'host')
        assert (row['nqn'], row['host_nqn']) == (NQN, HOST) and row['writes'] > 10, row
        (row,) = rows(daemon, '--by', 'connection')
        assert (row['nqn'], row['host_nqn'], row['host_addr'].rsplit(':', 1)[0]) == (NQN, HOST, '127.0.0.1') and row['cntlid'] and row['writes'] > 10, row
        (row,) = rows(daemon, '--by', 'worker')
        assert row['worker'] == 'w1' and row['writes'] > 10, row
        everyone = rows(daemon, '--all')
        assert [(r['nqn'], r['nsid']) for r in everyone] == [(NQN, 1), (NQN, 2), (NQN + '-idle', 1), (NQN + '-idle', 2)], everyone
        assert all(r['writes'] == r['reads'] == 0 for r in everyone[1:]), everyone
        assert [r['nsid'] for r in rows(daemon, '--all', '--subsystem', NQN + '-idle', '--sort', 'name', '--limit', '1')] == [1]
        (row,) = rows(daemon, '--split', '--interval', '1')
        parts = row['split']['write']
        assert set(parts) == {'transport', 'backend', 'queue'} and 0 < sum(parts.values()) < 4 * row['write_ms'] + 0.1, row
        out = finish(start(daemon, 'top', '--count', '2', '--interval', '1'))[0]
        assert out.count('SUBSYSTEM') == 2 and '\033' not in out and out.count(NQN) == 2, out
        for wrong in (('--interval', '0'), ('--by', 'colour'), ('--sort', 'colour'), ('--split', '--by', 'host')):
            assert finish(start(daemon, 'top', *wrong), 2)[1]


def test_keys_change_what_top_shows():
    with busy() as daemon:
        t = terminal.Terminal(pharos.program('pharos'), '--api', daemon.api, 'top', '--interval', '60')
        for key, wanted in (('', 'by namespace, sorted by iops; 1 of 1'), ('h', 'by host, '), ('c', f'by connection, (.|\n)*{HOST} +127.0.0.1:'), ('s', 'by subsystem'),
                            ('o', 'by subsystem, sorted by bytes'), ('w', 'by worker(.|\n)*w1 ')):
            t.text = ''
            t.type(key)
            t.expect(wanted)
        t.type('q')
        assert t.end() == 0
        daemon.rest('GET', '/health')
        t = terminal.Terminal(pharos.program('pharos'), '--api', daemon.api, 'top', '--interval', '60')
        t.expect('by namespace')
        t.type('\003')  # Ctrl-C
        assert t.end() == 0


if __name__ == '__main__':
    pharos.run(globals())
