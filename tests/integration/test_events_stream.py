#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""GET /events/stream: what happens is told to all who follow, once and in order; who comes back misses nothing or is told so.

PHAROS_FOLLOWERS: how many at the same time (300).
"""
import json
import os
import pathlib
import socket
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / 'lib'))
import openapi  # noqa: E402
import pharos  # noqa: E402

FOLLOWERS = int(os.environ.get('PHAROS_FOLLOWERS', 300))
NQN = 'nqn.2026-11.example:followed'


class Follower:
    def __init__(self, daemon, last_id=None, rcvbuf=None, how='Last-Event-ID'):
        host, port = daemon.api.rsplit(':', 1)
        self.sock = socket.socket()
        if rcvbuf:
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, rcvbuf)
        self.sock.settimeout(15)
        self.sock.connect((host, int(port)))
        query = f'?last_event_id={last_id}' if last_id and how == 'query' else ''
        header = f'Last-Event-ID: {last_id}\r\n' if last_id and how != 'query' else ''
        self.sock.sendall(f'GET /api/v1/events/stream{query} HTTP/1.1\r\nHost: localhost\r\n{header}\r\n'.encode())
        self.raw, self.text, self.comments, self.ended = b'', '', 0, False
        while b'\r\n\r\n' not in self.raw:
            self.more()
        head, self.raw = self.raw.split(b'\r\n\r\n', 1)
        lines = head.decode().split('\r\n')
        self.status = int(lines[0].split()[1])
        self.headers = dict(line.split(': ', 1) for line in lines[1:])

    def more(self):
        piece = self.sock.recv(1 << 16)
        if not piece:
            raise EOFError
        self.raw += piece

    def message(self):
        """The next one as (type, id, data); comments are counted."""
        while True:
            while '\n\n' in self.text:
                block, self.text = self.text.split('\n\n', 1)
                if block != ':':
                    fields = dict(line.split(': ', 1) for line in block.split('\n'))
                    return fields['event'], fields['id'], json.loads(fields['data'])
                self.comments += 1
            while b'\r\n' not in self.raw:
                self.more()
            size, rest = self.raw.split(b'\r\n', 1)
            size = int(size, 16)
            if not size:
                raise EOFError
            while len(rest) < size + 2:
                self.more()
                size_text, rest = self.raw.split(b'\r\n', 1)
            self.text += rest[:size].decode()
            self.raw = rest[size + 2:]

    def until(self, wanted):
        """Messages up to the first for which wanted() holds."""
        got = []
        while not got or not wanted(*got[-1]):
            got.append(self.message())
        return got

    def close(self):
        self.sock.close()


def change(kind, name, deleted=False):
    return lambda event, _, data: event == 'change' and (data['kind'], data['id'], data['deleted']) == (kind, name, deleted)


def test_events_and_changes_are_told_as_the_contract_says():
    with pharos.Discoveryd() as daemon:
        api = openapi.Api(daemon)
        follower = Follower(daemon)
        assert follower.status == 200 and follower.headers['Content-Type'] == 'text/event-stream', follower.headers
        api.check('GET', '/api/v1/events/stream', follower.status, follower.headers, '')
        assert follower.message()[0] == 'ready'
        daemon.rest('POST', '/subsystems', {'nqn': NQN})
        daemon.rest('POST', f'/subsystems/{NQN}/namespaces', {'size': '1MiB'})
        daemon.rest('POST', '/hosts', {'nqn': NQN + ':host'})
        daemon.rest('DELETE', f'/subsystems/{NQN}?force=true')
        got = follower.until(change('subsystem', NQN, True))
        for kind, name in (('subsystem', NQN), ('namespace', NQN), ('host', NQN + ':host'), ('worker', 'w1')):
            assert any(change(kind, name)(*m) for m in got), (kind, got)
        assert [m[2]['nsid'] for m in got if m[2].get('kind') == 'namespace'][0] == 1
        for event, _, data in got:
            if event == 'change':
                api.schema.check(data, api.schema.document['components']['schemas']['Change'])
        os.kill(daemon.workers()[0], 9)
        event, ident, data = follower.until(lambda e, *_: e == 'event')[-1]
        api.schema.check(data, api.schema.document['components']['schemas']['Event'])
        assert data['kind'].startswith('worker.') and ident.split('-')[0] == str(data['id']), (ident, data)


def test_who_comes_back_misses_nothing():
    with pharos.Discoveryd() as daemon:
        first = Follower(daemon)
        last = first.message()[1]
        first.close()
        names = [f'{NQN}-{i}' for i in range(20)]
        for name in names:
            daemon.rest('POST', '/hosts', {'nqn': name})
        for how in ('header', 'query'):
            again = Follower(daemon, last, how=how)
            assert again.message()[0] == 'ready'
            got = again.until(change('host', names[-1]))
            assert [d['id'] for e, _, d in got if e == 'change' and d['kind'] == 'host'] == names, got
        half = got[len(got) // 2]
        rest = Follower(daemon, half[1])
        assert rest.message()[0] == 'ready'
        assert rest.until(change('host', names[-1])) == got[len(got) // 2 + 1:]


def test_what_is_not_kept_is_called_missed():
    with pharos.Discoveryd() as daemon:
        first = Follower(daemon)
        last = first.message()[1]
        for bad in ('nonsense', '1-2-3', '99999999-' + last.split('-', 1)[1], last + 'x', last.rsplit('-', 1)[0] + '-77777'):
            follower = Follower(daemon, bad)
            assert follower.message()[0] == 'missed', bad
            follower.close()
        daemon.kill()
        daemon.start()
        after = Follower(daemon, last)
        assert after.message()[0] == 'missed'
        daemon.rest('POST', '/hosts', {'nqn': NQN})
        after.until(change('host', NQN))


def test_many_follow_and_the_api_answers_meanwhile():
    with pharos.Discoveryd() as daemon:
        followers = [Follower(daemon) for _ in range(FOLLOWERS)]
        for follower in followers:
            assert follower.message()[0] == 'ready'
        began = time.monotonic()
        daemon.rest('POST', '/hosts', {'nqn': NQN})
        asked = time.monotonic() - began
        for follower in followers:
            follower.until(change('host', NQN))
        told = time.monotonic() - began
        print(f'# {FOLLOWERS} followers told in {told * 1000:.0f} ms, the request took {asked * 1000:.0f} ms')
        assert told < 5
        assert f'pharos_api_streams {FOLLOWERS}\n' in daemon.http('GET', '/metrics')[2]
        # every other one leaves without a word, which the next sign of life finds out
        for follower in followers[::2]:
            follower.close()
        gone = lambda: f'pharos_api_streams {FOLLOWERS - len(followers[::2])}\n' in daemon.http('GET', '/metrics')[2]  # noqa: E731
        pharos.wait_for(gone, 25, 'those who left are let go')
        daemon.rest('POST', '/hosts', {'nqn': NQN + '2'})
        for follower in followers[1::2]:
            follower.until(change('host', NQN + '2'))
            assert follower.comments >= 1, 'a sign of life'
        # the others are let go in good order when discoveryd ends
        daemon.rest('POST', '/shutdown', {'workers': True})
        assert daemon.process.wait(15) == 0, daemon.log()[-2000:]
        for follower in followers[1::2]:
            try:
                follower.until(lambda *_: False)
            except (EOFError, ConnectionError):
                continue


def test_a_client_that_takes_nothing_is_closed_and_holds_up_nobody():
    with pharos.Discoveryd() as daemon:
        deaf, follower = Follower(daemon, rcvbuf=2048), Follower(daemon)
        nqn = NQN.ljust(223, 'x')  # long messages
        daemon.rest('POST', '/subsystems', {'nqn': nqn})
        last, limit = None, time.monotonic() + 90
        path, number = f'/subsystems/{nqn}', 0
        while 'pharos_api_streams 2\n' in daemon.http('GET', '/metrics')[2]:
            assert time.monotonic() < limit, 'the deaf one is still there'
            for _ in range(500 if number < 2000 else 1):  # it has its buffers full; then it is waited for
                number += 1
                last = daemon.rest('PATCH', path + '?wait=0', {'allow_any_host': number % 2 == 1})
            follower.until(change('subsystem', nqn))
            time.sleep(0.2)
        print(f'# closed after {number} changes')
        assert last and 'pharos_api_streams 1\n' in daemon.http('GET', '/metrics')[2]
        daemon.rest('POST', '/hosts', {'nqn': NQN})
        follower.until(lambda e, i, d: e == 'missed' or change('host', NQN)(e, i, d))
        deaf.close()


if __name__ == '__main__':
    pharos.run(globals(), waiting=(test_many_follow_and_the_api_answers_meanwhile, test_a_client_that_takes_nothing_is_closed_and_holds_up_nobody))
