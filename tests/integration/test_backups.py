#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Backups over REST: made beside all that runs, fetched, listed also after a restart, and restored: all is as it was."""
import os
import pathlib
import shutil
import sqlite3
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / 'lib'))
import openapi  # noqa: E402
import pharos  # noqa: E402

NQN = 'nqn.2026-11.example:backup'
MIB = 1 << 20

daemon = pharos.Discoveryd()
api = openapi.Api(daemon)
folder = pathlib.Path(daemon.state) / 'backups'


def run():
    """The operation, ended."""
    status, headers, operation = api('POST', '/backups', {})
    assert status == 202 and headers['Location'].endswith(operation['id']), operation
    return pharos.wait_for(lambda: (o := api.ok('GET', f'/operations/{operation["id"]}'))['state'] != 'running' and o, 20, 'the backup is made')


def make():
    done = run()
    assert done['state'] == 'succeeded', done
    return done['location'].removeprefix('/api/v1/backups/')


def cli(*args):
    return subprocess.run([pharos.program('pharos'), *args], capture_output=True, text=True, env={**os.environ, 'PHAROS_API': f'http://{daemon.api}'}, timeout=60)


def test_one_is_made_listed_and_fetched():
    api.ok('POST', '/subsystems', {'nqn': NQN, 'label': 'kept'})
    api.ok('POST', f'/subsystems/{NQN}/namespaces', {'size': MIB})
    made = api.ok('GET', f'/backups/{make()}')
    assert api.ok('GET', '/backups')['items'] == [made] and made['size'] == (folder / f'{made["id"]}.db').stat().st_size
    assert folder.stat().st_mode & 0o777 == 0o700 and (folder / f'{made["id"]}.db').stat().st_mode & 0o777 == 0o600, 'it may hold secrets'
    assert [p.name for p in folder.iterdir()] == [f'{made["id"]}.db'], 'and nothing is left beside it'
    target = pathlib.Path(daemon.state) / 'fetched.db'
    got = cli('backup', 'get', made['id'], str(target))
    assert got.returncode == 0 and target.read_bytes() == (folder / f'{made["id"]}.db').read_bytes() and target.stat().st_mode & 0o777 == 0o600, got
    status, headers, copy = api('GET', f'/backups/{made["id"]}/file')
    assert status == 200 and copy.startswith('SQLite format 3') and f'pharos-{made["id"]}.db' in headers['Content-Disposition'], headers
    assert cli('backup', 'get', made['id'], str(target)).returncode == 1, 'what is there is not written over'
    with sqlite3.connect(f'file:{target}?mode=ro', uri=True) as db:
        assert db.execute('SELECT nqn, label FROM subsystems').fetchall() == [(NQN, 'kept')]


def test_what_can_not_be_is_refused():
    api.problem(422, 'POST', '/backups', {'name': 'x'}, field='name')
    for path in ('/backups/none', '/backups/none/file', '/backups/..%2Fpharos/file', '/backups/..%2F..%2Fpharos'):
        assert api('GET', path)[0] == 404, path
    assert api('DELETE', '/backups/..%2Fpharos')[0] == 404 and (pathlib.Path(daemon.state) / 'pharos.db').exists()
    answers = [api('POST', '/backups', {}) for _ in range(8)]
    assert {a[0] for a in answers} <= {202, 409} and answers[0][0] == 202, [a[2] for a in answers]
    pharos.wait_for(lambda: not api.ok('GET', '/operations?state=running')['items'], 20, 'they end')


def test_the_list_outlives_a_restart_and_what_was_taken_away_is_gone():
    before = api.ok('GET', '/backups')['items']
    (folder / 'half.part').write_text('x')
    daemon.kill()
    daemon.start()
    assert api.ok('GET', '/backups')['items'] == before and not (folder / 'half.part').exists()
    gone = before[0]['id']
    (folder / f'{gone}.db').unlink()
    api.problem(404, 'GET', f'/backups/{gone}/file')
    assert gone not in [b['id'] for b in api.ok('GET', '/backups')['items']]
    for it in before[1:]:
        assert api('DELETE', f'/backups/{it["id"]}')[0] == 204
    assert api.ok('GET', '/backups')['items'] == [] and list(folder.iterdir()) == []


def test_one_that_fails_says_why_and_leaves_nothing():
    shutil.rmtree(folder)
    folder.write_text('in the way')
    failed = run()
    assert failed['state'] == 'failed' and 'Not a directory' in failed['error']['detail'] and api.ok('GET', '/backups')['items'] == [], failed
    folder.unlink()
    assert make()


def test_one_is_restored():
    target = pathlib.Path(daemon.state) / 'restore.db'
    before = api.ok('GET', '/config')
    got = cli('backup', 'create', '--to', str(target))
    assert got.returncode == 0 and target.exists(), got
    api.ok('PATCH', f'/subsystems/{NQN}', {'label': 'spoiled'})
    assert api('DELETE', f'/subsystems/{NQN}?force=true')[0] == 204
    api.ok('POST', '/shutdown', {'workers': True})
    daemon.process.wait(20)
    for name in ('pharos.db-wal', 'pharos.db-shm'):
        (pathlib.Path(daemon.state) / name).unlink(missing_ok=True)
    shutil.copy(target, pathlib.Path(daemon.state) / 'pharos.db')
    daemon.start()
    after = api.ok('GET', '/config')
    for document in (before, after):  # memory does not outlive its processes: another disk, with another name
        for subsystem in document['subsystems']:
            for namespace in subsystem['namespaces']:
                namespace.pop('uuid', None), namespace.pop('nguid', None), namespace.pop('eui64', None)
    assert after == before
    assert api.ok('GET', f'/subsystems/{NQN}')['label'] == 'kept'


if __name__ == '__main__':
    daemon.start()
    try:
        pharos.run(globals())
    finally:
        daemon.stop()
