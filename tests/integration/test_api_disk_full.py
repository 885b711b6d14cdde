#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A full disk under the database: writes are refused with 507, reads and I/O go on, and nothing is half-applied.  Needs root."""
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / 'lib'))
import openapi  # noqa: E402
import pharos  # noqa: E402

NQN = 'nqn.2026-11.example:disk'
MIB = 1 << 20


def everything(api):
    found = {kind: api.ok('GET', f'/{kind}?limit=1000')['items'] for kind in ('subsystems', 'hosts', 'portals')}
    found['namespaces'] = api.ok('GET', f'/subsystems/{NQN}/namespaces')['items']
    return json.dumps(found, sort_keys=True)


def create_until_full(api):
    """The problem of the first create that is refused."""
    for i in range(20000):
        status, _, answer = api('POST', '/subsystems?wait=0', {'nqn': f'{NQN}:{i}', 'hosts': [f'{NQN}:h{i}-{n}' for n in range(20)]})
        if status != 201:
            return status, answer
    raise AssertionError('the disk does not get full')


def fill(path):
    fd = os.open(path, os.O_CREAT | os.O_WRONLY)
    try:
        while os.write(fd, bytes(4096)):
            pass
    except OSError:
        pass
    os.close(fd)


def test_a_full_disk_is_507_and_heals():
    folder = tempfile.mkdtemp(prefix='pharos-full-')
    subprocess.run(['mount', '-t', 'tmpfs', '-o', 'size=16m', 'tmpfs', folder], check=True)
    daemon = pharos.Discoveryd(state=folder)
    api = openapi.Api(daemon)
    try:
        daemon.start()
        api.ok('POST', '/subsystems', {'nqn': NQN})
        api.ok('POST', f'/subsystems/{NQN}/namespaces', {'size': MIB})
        fill(folder + '/ballast')
        status, problem = create_until_full(api)
        assert status == 507 and problem['type'].endswith(':no-space'), (status, problem)
        before = everything(api)
        for method, path, body in (('POST', '/subsystems', {'nqn': NQN + ':more'}), ('POST', f'/subsystems/{NQN}/namespaces', {'size': MIB}),
                                   ('POST', '/hosts', {'nqn': NQN + ':more'})):
            status, _, problem = api(method, path, body)
            assert status == 507, (method, path, status, problem)
        assert everything(api) == before, 'nothing is half-applied'
        assert api('GET', '/health')[0] == 503
        os.unlink(folder + '/ballast')
        pharos.wait_for(lambda: api('POST', '/subsystems', {'nqn': NQN + ':more'})[0] in (201, 409), 10, 'space again')
        assert api.ok('GET', '/health')['status'] == 'ok'
        kept = [s['nqn'] for s in api.ok('GET', '/subsystems?limit=1000')['items']]
        daemon.kill()
        daemon.start()
        assert [s['nqn'] for s in api.ok('GET', '/subsystems?limit=1000')['items']] == kept, 'what was answered with 201 is there after a crash'
    finally:
        daemon.stop()
        subprocess.run(['umount', '-l', folder], check=False)
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == '__main__':
    if os.geteuid() != 0:
        print('SKIP: needs root to mount a small tmpfs')
        sys.exit(77)
    pharos.run(globals())
