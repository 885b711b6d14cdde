#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Snapshots with real workers and hosts: what a host wrote before is in one and what it writes after is not; a namespace made from it serves those bytes; whatever ends it early leaves nothing."""
import atexit
import contextlib
import ctypes
import os
import pathlib
import shutil
import signal
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / 'lib'))
import nvmetcp as nvme  # noqa: E402
import openapi  # noqa: E402
import pharos  # noqa: E402
from slowfile import SlowFile  # noqa: E402

NQN, HOST, MIB = 'nqn.2026-11.example:snapshots', 'nqn.2026-11.example:host', 1 << 20
NAMESPACES = f'/subsystems/{NQN}/namespaces'
ASYNC = {'Prefer': 'respond-async'}
BEFORE, AFTER = b'before' * 8192 + bytes(16384), b'after' * 13107 + b'a'  # 64 KiB each
libc = ctypes.CDLL(None, use_errno=True)

daemon = pharos.Discoveryd()
api = openapi.Api(daemon)
folder = tempfile.mkdtemp(prefix='pharos-snap-')
atexit.register(shutil.rmtree, folder, ignore_errors=True)


def host():
    address, port = daemon.io_listen.rsplit(':', 1)
    return nvme.Host(address, int(port), NQN, HOST)


def at(name):
    return os.path.join(folder, name)


def left(name):
    return sorted(n for n in os.listdir(folder) if n.startswith(name))


def begin(document):
    status, _, operation = api('POST', '/snapshots', {'nqn': NQN, 'path': at(document['id']), **document}, ASYNC)
    assert status == 202, operation
    return operation['id']


def end(operation):
    return pharos.wait_for(lambda: (o := api.ok('GET', f'/operations/{operation}'))['state'] != 'running' and o, 60, 'the end')


def take(name, nsid, **more):
    """One that is waited for, however loaded the machine is."""
    ended = end(begin({'id': name, 'nsid': nsid, 'max_hold_ms': 20000, **more}))
    assert ended['state'] == 'succeeded', ended
    return api.ok('GET', f'/snapshots/{name}')


def restore(name, path, **more):
    status, _, operation = api('POST', NAMESPACES, {'snapshot': name, 'path': at(path), **more}, ASYNC)
    assert status == 202, operation
    ended = end(operation['id'])
    assert ended['state'] == 'succeeded', ended
    return daemon.http('GET', ended['location'])[2]


def before_and_after(nsid, name, block):
    """A snapshot between two writes, the namespace made from it, and what a host reads of that."""
    blocks = len(BEFORE) // block
    with host() as h:
        for lba in (0, 4 * MIB // block):
            h.io[0].write(nsid, lba, BEFORE, block)
        made = take(name, nsid)
        h.io[0].write(nsid, 0, AFTER, block)
    assert (made['state'], made['size'], made['block_size']) == ('ready', 8 * MIB, block) and made['held_ms'] <= 20000 and made['taken_at'] >= made['created_at'], made
    stat = os.stat(made['path'])
    assert stat.st_size == 8 * MIB and stat.st_mode & 0o777 == 0o600 and stat.st_blocks * 512 < 2 * MIB, 'holes stay holes'
    namespace = restore(name, f'of-{name}', size=10 * MIB)
    assert namespace['size'] == 10 * MIB and namespace['block_size'] == block and namespace['status']['state'] == 'ready', namespace
    with host() as h:
        assert h.io[0].read(nsid, 0, blocks, block) == AFTER
        for lba, want in ((0, BEFORE), (4 * MIB // block, BEFORE), (2 * MIB // block, bytes(len(BEFORE))), (10 * MIB // block - blocks, bytes(len(BEFORE)))):
            assert h.io[0].read(namespace['nsid'], lba, blocks, block) == want, lba
        h.io[0].write(namespace['nsid'], 0, AFTER, block)
    with open(made['path'], 'rb') as image:
        assert image.read(len(BEFORE)) == BEFORE, 'a copy of its own'
    return made, namespace


def test_of_memory():
    api.ok('POST', '/subsystems', {'nqn': NQN, 'allow_any_host': True})
    api.ok('POST', NAMESPACES, {'size': 8 * MIB, 'block_size': 4096, 'nsid': 1})
    made, namespace = before_and_after(1, 'memory', 4096)
    source = api.ok('GET', NAMESPACES + '/1')
    assert made['uuid'] == source['uuid'] and not {namespace['uuid'], namespace['nguid'], namespace['eui64']} & {source['uuid'], source['nguid'], source['eui64']}


def test_of_a_file():
    with open(at('volume'), 'wb') as file:
        file.truncate(8 * MIB)
    api.ok('POST', NAMESPACES, {'path': at('volume'), 'nsid': 5})
    before_and_after(5, 'file', 512)
    made = api.ok('POST', '/snapshots?wait=30', {'nqn': NQN, 'nsid': 5, 'id': 'beside', 'max_hold_ms': 20000})
    assert made['path'] == at('volume.beside.snap') and os.path.exists(made['path'])


def test_it_goes_with_its_file():
    for name in ('memory', 'beside'):
        path = api.ok('GET', f'/snapshots/{name}')['path']
        assert api('DELETE', f'/snapshots/{name}?wait=30')[0] == 204 and not os.path.exists(path)
    assert os.path.exists(at('of-memory')), 'what was made from it stays'


def test_no_room():
    os.mkdir(at('small'))
    if os.geteuid() or libc.mount(b'none', at('small').encode(), b'tmpfs', 0, b'size=64k') != 0:
        print('# no small file system can be made here')
        return
    try:
        assert api.problem(507, 'POST', '/snapshots?wait=30', {'nqn': NQN, 'nsid': 5, 'id': 'no-room', 'path': at('small/s')})['type'].endswith(':no-space')
        assert api.ok('GET', '/snapshots/no-room')['state'] == 'failed'
        api.problem(507, 'POST', NAMESPACES + '?wait=30', {'snapshot': 'file', 'path': at('small/r')})
        assert not os.listdir(at('small'))
    finally:
        libc.umount2(at('small').encode(), 2)


@contextlib.contextmanager
def held_up(nsid):
    """A namespace one of whose writes is under way: a copy waits for it, and holds all others up."""
    if os.geteuid() or not os.path.exists('/dev/fuse'):
        yield None
        return
    os.mkdir(at(f'slow{nsid}'))
    with SlowFile(at(f'slow{nsid}'), MIB, True) as slow:
        api.ok('POST', NAMESPACES, {'path': slow.path, 'nsid': nsid})
        with host() as h:
            slow.hold()
            h.io[0].submit(nvme.sqe(0x01, nsid, cdw12=7), bytes(4096))
            pharos.wait_for(lambda: slow.held, 10, 'the write is held')
            yield slow
            slow.let_go()
        api.ok('DELETE', f'{NAMESPACES}/{nsid}?force=true')
    os.rmdir(at(f'slow{nsid}'))


def test_no_longer_than_it_may_take():
    with held_up(10) as slow:
        if not slow:
            return
        problem = api.problem(422, 'POST', '/snapshots?wait=30', {'nqn': NQN, 'nsid': 10, 'id': 'limit', 'path': at('limit'), 'max_hold_ms': 100}, field='max_hold_ms')
        failed = api.ok('GET', '/snapshots/limit')
        assert failed['state'] == 'failed' and failed['reason'] in problem['detail'] and not left('limit'), failed


def test_discoveryd_ends_meanwhile():
    with held_up(11) as slow:
        if not slow:
            return
        begin({'id': 'restart', 'nsid': 11, 'max_hold_ms': 20000})
        pharos.wait_for(lambda: left('restart'), 10, 'it has begun')
        daemon.kill()
        daemon.start()
        pharos.wait_for(lambda: api.ok('GET', '/snapshots/restart')['state'] == 'failed', 30, 'it has failed')
        assert 'discoveryd ended' in api.ok('GET', '/snapshots/restart')['reason']
        slow.let_go()
        pharos.wait_for(lambda: not left('restart'), 30, 'nothing is left')
    take('then', 1)


def test_its_worker_ends_meanwhile():
    with held_up(12) as slow:
        if not slow:
            return
        operation = begin({'id': 'killed', 'nsid': 12, 'max_hold_ms': 20000})
        pharos.wait_for(lambda: left('killed'), 10, 'it has begun')
        os.kill(daemon.workers()[0], signal.SIGKILL)
        slow.let_go()
        ended = end(operation)
        assert ended['error']['status'] == 503 and 'ended meanwhile' in ended['error']['detail'] and not left('killed'), ended
        pharos.wait_for(lambda: api.ok('GET', '/workers')['items'][0]['state'] == 'running', 30, 'the next worker')


def test_what_was_restored_outlives_everything():
    pharos.wait_for(lambda: api.ok('GET', f'{NAMESPACES}/5')['status']['state'] == 'ready', 30, 'it is served')
    for s in api.ok('GET', '/snapshots')['items']:
        api.ok('DELETE', f'/snapshots/{s["id"]}?wait=30')
    of_file = next(n for n in api.ok('GET', NAMESPACES)['items'] if n['path'] == at('of-file'))
    with host() as h:
        assert h.io[0].read(of_file['nsid'], 4 * MIB // 512, 128) == BEFORE
    assert sorted(os.listdir(folder)) == ['of-file', 'of-memory', 'small', 'volume']


if __name__ == '__main__':
    with daemon:
        pharos.run(globals())
