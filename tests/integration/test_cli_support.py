#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""When something is wrong: pharos logs, pharos support-bundle (which tells no secret), discoveryd --check-database and --backup."""
import json
import os
import pathlib
import shutil
import stat
import subprocess
import sys
import tarfile
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / 'lib'))
import nvmetcp  # noqa: E402
import openapi  # noqa: E402
import pharos  # noqa: E402

NQN, HOST = 'nqn.2026-11.example:vol1', 'nqn.2026-11.example:host-a'
OK, FAILED, USAGE, UNREACHABLE, NOT_FOUND = range(5)


def run(daemon, *words, cwd=None, env=None):
    done = subprocess.run([pharos.program('pharos'), '--api', daemon.api, *words], capture_output=True, text=True, timeout=120, cwd=cwd,
                          env={**os.environ, **(env or {})})
    return done.returncode, done.stdout, done.stderr


def discoveryd(*words):
    done = subprocess.run([pharos.program('discoveryd'), *words], capture_output=True, text=True, timeout=60)
    return done.returncode, done.stdout, done.stderr


# -- logs

def test_logs_of_discoveryd_and_workers_are_one_stream_by_time():
    with pharos.Discoveryd() as daemon:
        daemon.rest('POST', '/subsystems', {'nqn': NQN, 'hosts': [HOST]})
        host, port = daemon.io_listen.rsplit(':', 1)
        with nvmetcp.Host(host, int(port), NQN, HOST):
            pass
        pharos.wait_for(lambda: 'host left' in run(daemon, 'logs')[1], 10, 'the worker has logged it')
        code, out, err = run(daemon, 'logs')
        times = [line.split()[0] for line in out.splitlines()]
        assert (code, err) == (OK, '') and times == sorted(times) and len(times) > 5, (code, out, err)
        assert ' discoveryd ' in out and ' targetd ' in out and f'host={HOST}' in out, out
        assert len(run(daemon, 'logs', '-n', '2')[1].splitlines()) == 2
        only = run(daemon, 'logs', 'w1')[1]
        assert {line.split()[2] for line in only.splitlines()} == {'targetd'}, only
        lines = [json.loads(line) for line in run(daemon, 'logs', 'discoveryd', '--json')[1].splitlines()]
        assert lines and {(x['source'], x['level']) for x in lines} <= {('discoveryd', level) for level in ('error', 'warn', 'info')}, lines
        assert ' info ' not in run(daemon, 'logs', '--level', 'warn')[1]
        assert run(daemon, 'logs', '--level', 'loud')[0] == USAGE
        code, _, err = run(daemon, 'logs', 'nobody')
        assert code == NOT_FOUND and 'no log of nobody' in err, err


def test_logs_are_followed():
    with pharos.Discoveryd() as daemon:
        p = subprocess.Popen(['timeout', '20', pharos.program('pharos'), '--api', daemon.api, 'logs', '-f'], stdout=subprocess.PIPE, text=True)
        try:
            for line in p.stdout:  # what was there already
                if ' worker started ' in line:
                    break
            os.kill(daemon.workers()[0], 9)
            assert any(' worker started ' in line for line in p.stdout), 'it was not told of the second start'
        finally:
            p.terminate()
            p.communicate()


def test_levels_change_at_run_time():
    with pharos.Discoveryd() as daemon:
        api = openapi.Api(daemon)
        levels = lambda: {x['source']: x['level'] for x in api.ok('GET', '/logs')['items']}  # noqa: E731
        assert levels() == {'discoveryd': 'info', 'w1': 'info'}
        assert run(daemon, 'logs', '--set-level', 'debug', 'w1')[0] == OK and levels() == {'discoveryd': 'info', 'w1': 'debug'}
        host, port = daemon.io_listen.rsplit(':', 1)
        daemon.rest('POST', '/subsystems', {'nqn': NQN})
        try:
            nvmetcp.Host(host, int(port), NQN, HOST)
        except nvmetcp.Status:
            pass
        pharos.wait_for(lambda: 'connect refused' in run(daemon, 'logs', 'w1')[1], 10, 'a line for debugging')
        os.kill(daemon.workers()[0], 9)
        pharos.wait_for(lambda: any('--log-level\0debug' in pharos.command_of(pid) for pid in daemon.workers()), 10, 'its successor')
        assert run(daemon, 'logs', '--set-level', 'error')[0] == OK and levels() == {'discoveryd': 'error', 'w1': 'error'}
        assert run(daemon, 'logs', '--set-level', 'info', 'nobody')[0] == NOT_FOUND
        api.problem(422, 'PATCH', '/logs/w1', {'level': 'loud'}, field='level')
        api.problem(404, 'PATCH', '/logs/nobody', {'level': 'info'})


def test_a_log_that_cannot_be_read_is_told():
    with pharos.Discoveryd() as daemon:
        (item, *_) = daemon.rest('GET', '/logs')['items']
        assert item == {'source': 'discoveryd', 'pid': daemon.process.pid, 'path': daemon.logfile, 'unit': None, 'level': 'info'}, item
        os.unlink(daemon.logfile)
        code, _, err = run(daemon, 'logs', 'discoveryd')
        pathlib.Path(daemon.logfile).write_text('')
        assert code == FAILED and 'on the machine that discoveryd runs on' in err, err


# -- support bundle

SECRETS = ['DHHC-1:01:UExBTlRFRC1LRVktT05F:', 'NVMeTLSkey-1:01:UExBTlRFRC1LRVktVFdP:', 'planted-password', 'planted-token', 'planted-in-environment']


def content(archive):
    with tarfile.open(archive) as tar:
        return {m.name.split('/', 1)[1]: tar.extractfile(m).read().decode(errors='replace') for m in tar.getmembers() if m.isfile()}


def test_a_support_bundle_has_what_is_needed_and_no_secret():
    os.environ['PHAROS_TEST_SECRET'] = SECRETS[4]  # the daemons' too
    with pharos.Discoveryd() as daemon, tempfile.TemporaryDirectory() as folder:
        daemon.rest('POST', '/subsystems', {'nqn': NQN, 'hosts': [HOST], 'label': SECRETS[0]})
        daemon.rest('PATCH', f'/hosts/{HOST}', {'name': f'password={SECRETS[2]}'})
        daemon.rest('POST', f'/subsystems/{NQN}/namespaces', {'size': '1MiB'})
        with open(daemon.logfile, 'a') as log:
            log.write(json.dumps({'ts': '2026-11-23T09:00:00.000Z', 'level': 'info', 'event': 'x', 'key': SECRETS[1], 'token': SECRETS[3]}) + '\n')
            log.write(f'ts=2026-11-23T09:00:00.000Z level=info event="x" key={SECRETS[1]} authorization="Bearer {SECRETS[3]}"\n')
        archive = os.path.join(folder, 'b.tar.gz')
        code, out, err = run(daemon, 'support-bundle', '--file', archive)
        assert (code, out) == (OK, archive + '\n'), (out, err)
        assert stat.S_IMODE(os.stat(archive).st_mode) == 0o600
        parts = content(archive)
        for name in ('README.txt', 'version.json', 'health.json', 'config.json', 'workers.json', 'subsystems.json', 'events.json', 'stats.json', 'metrics.txt',
                     'log-discoveryd.txt', 'log-w1.txt', 'database.txt', 'process-w1-limits', 'system-proc-meminfo', 'system-etc-os-release'):
            assert parts.get(name), (name, sorted(parts))
        assert json.loads(parts['config.json'])['subsystems'][0]['nqn'] == NQN
        assert json.loads(parts['hosts.json'])[0]['nqn'] == HOST
        assert 'integrity: ok' in parts['database.txt'] and 'rows: namespaces 1' in parts['database.txt'], parts['database.txt']
        assert '"prog":"targetd"' in parts['log-w1.txt'] and 'pharos_worker_up' in parts['metrics.txt']
        everything = '\n'.join(parts.values())
        assert everything.count('[removed]') >= 6, everything.count('[removed]')
        for secret in SECRETS:
            assert secret.strip(':').rsplit(':', 1)[-1] not in everything, [n for n, t in parts.items() if secret in t]
        del os.environ['PHAROS_TEST_SECRET']
        made = json.loads(run(daemon, 'support-bundle', '--json', cwd=folder)[1])
        assert made['file'].startswith('pharos-support-') and os.path.exists(os.path.join(folder, made['file'])), made
        daemon.kill()
        code, out, err = run(daemon, 'support-bundle', '--file', archive, '--state', daemon.state)
        assert code == OK and 'could not be had' in err, err
        parts = content(archive)
        assert 'config.json: the API has no answer' in parts['README.txt']
        assert 'integrity: ok' in parts['database.txt'] and '"prog":"targetd"' in parts['log-worker-w1.log.txt'], sorted(parts)
        code, _, err = run(daemon, 'support-bundle', '--file', '/nonexistent/x.tar.gz')
        assert code == FAILED and 'could not be made' in err, err
        daemon.start()  # so that it takes its worker with it


# -- the database

def test_the_database_is_checked_beside_a_running_discoveryd_and_without_one():
    with pharos.Discoveryd() as daemon:
        daemon.rest('POST', '/subsystems', {'nqn': NQN})
        code, out, err = discoveryd('--state', daemon.state, '--check-database')
        assert (code, err) == (0, '') and 'integrity: ok\n' in out and 'rows: subsystems 1\n' in out, (out, err)
        with tempfile.TemporaryDirectory() as folder:
            code, out, err = discoveryd('--state', folder, '--check-database')
            assert code == 1 and "can't be read" in err and out == '', err
            assert discoveryd('--state', daemon.state, '--backup', f'{folder}/pharos.db')[0] == 0
            with open(f'{folder}/pharos.db', 'r+b') as f:
                f.seek(4096)
                f.write(b'\xff' * 8192)
            code, out, err = discoveryd('--state', folder, '--check-database')
            assert code == 1 and ('corrupt' in err or 'malformed' in err), (out, err)


def test_a_backup_is_restored_as_everything_was():
    with pharos.Discoveryd() as daemon, tempfile.TemporaryDirectory() as folder:
        daemon.rest('POST', '/subsystems', {'nqn': NQN, 'hosts': [HOST]})
        backup = f'{folder}/backup.db'
        code, _, err = discoveryd('--state', daemon.state, '--backup', backup)
        assert code == 0 and stat.S_IMODE(os.stat(backup).st_mode) == 0o600, err
        code, _, err = discoveryd('--state', daemon.state, '--backup', backup)
        assert code == 1 and 'is there already' in err, err
        daemon.rest('DELETE', f'/subsystems/{NQN}')
        daemon.rest('POST', '/subsystems', {'nqn': NQN + '-later'})
        daemon.rest('POST', '/shutdown', {'workers': True})
        assert daemon.process.wait(15) == 0
        for name in ('pharos.db-wal', 'pharos.db-shm'):
            pathlib.Path(daemon.state, name).unlink(missing_ok=True)
        shutil.copy(backup, f'{daemon.state}/pharos.db')
        daemon.start()
        (subsystem,) = daemon.rest('GET', '/subsystems')['items']
        assert (subsystem['nqn'], subsystem['hosts']) == (NQN, [HOST]), subsystem


if __name__ == '__main__':
    pharos.run(globals())
