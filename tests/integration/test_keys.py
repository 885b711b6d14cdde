#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Keys of hosts: told once, in force at workers and at the discovery controller, and nowhere to be read."""
import json
import os
import pathlib
import subprocess
import sys
import tarfile
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / 'lib'))
import openapi  # noqa: E402
import pharos  # noqa: E402

HOST, OTHER, NQN, STRICT = (f'nqn.2026-11.example:keys:{name}' for name in ('host', 'other', 'open', 'strict'))
GIVEN = 'DHHC-1:03:ISIjJCUmJygpKissLS4vMDEyMzQ1Njc4OTo7PD0+P0BBQkNERUZHSElKS0xNTk9QUVJTVFVWV1hZWltcXV5fYPhPaog=:'

daemon = pharos.Discoveryd('--discovery-auth')
api = openapi.Api(daemon)
secrets = []  # all there ever were


def made(status, path, body):
    method = 'POST' if path == '/keys' else 'PATCH'
    got, _, key = api(method, path, body)
    assert got == status, key
    if 'secret' in key:
        secrets.append(key['secret'])
    return key


def host(command, address, *options, hostnqn=HOST):
    p = subprocess.run([pharos.program('pharos'), command, address, '--hostnqn', hostnqn, *options], capture_output=True, text=True, timeout=60)
    return p.returncode, p.stdout + p.stderr


def restart(*options):
    daemon.process.terminate()
    daemon.process.wait(20)
    daemon.options = options
    daemon.start()


def probe(nqn, *options, **more):
    return host('probe', daemon.io_listen, '--nqn', nqn, *options, **more)


def good(result):
    assert result[0] == 0, result


def bad(result, words):
    assert result[0] and words in result[1], result


def test_a_secret_is_made_and_told_once():
    for nqn, strict in ((NQN, False), (STRICT, True)):
        api.ok('POST', '/subsystems', {'nqn': nqn, 'allow_any_host': True, 'require_auth': strict})
        api.ok('POST', f'/subsystems/{nqn}/namespaces', {'backend': 'ram', 'size': 8 << 20})
    for nqn in (HOST, OTHER):
        api.ok('POST', '/hosts', {'nqn': nqn})
    assert api.ok('GET', f'/hosts/{HOST}')['auth'] == {'dhchap': False, 'dhchap_ctrl': False, 'fingerprint': None}
    key = made(201, '/keys', {'host_nqn': HOST})
    secret = key.pop('secret')
    assert secret.startswith('DHHC-1:01:') and (key['id'], key['kind'], key['hash']) == ('k1', 'dhchap', 'sha256'), key
    assert api.ok('GET', '/keys/k1') == key and api.ok('GET', '/keys')['items'] == [key], 'and never again'
    assert key['hashes'] == ['sha512', 'sha384', 'sha256'] and key['dhgroups'][0] == 'ffdhe2048' and key['dhgroups'][-1] == 'null'
    assert api.ok('GET', f'/hosts/{HOST}')['auth'] == {'dhchap': True, 'dhchap_ctrl': False, 'fingerprint': key['fingerprint']}
    ctrl = made(201, '/keys', {'host_nqn': HOST, 'kind': 'dhchap_ctrl', 'id': 'ctrl', 'hash': 'sha512'})
    assert ctrl['secret'].startswith('DHHC-1:03:') and ctrl['fingerprint'] != key['fingerprint']
    assert api.ok('GET', '/keys?kind=dhchap_ctrl')['items'][0]['id'] == 'ctrl'


def test_it_is_in_force_at_workers_and_for_discovery():
    key, ctrl = secrets[:2]
    good(probe(NQN, '--dhchap-secret', key))
    good(probe(STRICT, '--dhchap-secret', key, '--dhchap-ctrl-secret', ctrl))
    good(host('discover', daemon.listen, '--dhchap-secret', key, '--dhchap-ctrl-secret', ctrl))
    good(probe(NQN, hostnqn=OTHER))
    good(host('discover', daemon.listen, hostnqn=OTHER))
    bad(probe(STRICT, hostnqn=OTHER), "isn't allowed")
    bad(probe(NQN), 'has no key')
    bad(host('discover', daemon.listen), 'has no key')
    bad(probe(NQN, '--dhchap-secret', GIVEN), 'another key')
    bad(host('discover', daemon.listen, '--dhchap-secret', GIVEN), 'another key')


def failures():
    return [e for e in api.ok('GET', '/events?limit=1000')['items'] if e['kind'] == 'host.auth_failed']


def metric(name):
    return int(float(next(line for line in daemon.http('GET', '/metrics')[2].splitlines() if line.startswith(name + '{') or line.startswith(name + ' ')).split()[-1]))


def test_who_fails_is_told():
    pharos.wait_for(lambda: len(failures()) == 2, 10, 'the worker and the discovery controller tell of it')
    for event in failures():
        assert event['severity'] == 'warning' and event['data']['host_nqn'] == HOST and 'another' in event['text'] and 'pharos key list' in event['text'], event
    assert metric('pharos_worker_auth_failures_total') == 1 and metric('pharos_discovery_auth_failures_total') == 1


def test_what_a_key_allows_is_what_is_agreed_upon():
    api.ok('PATCH', '/keys/k1', {'hashes': ['sha384'], 'dhgroups': ['ffdhe3072', 'null']})
    assert api.ok('GET', '/keys/k1')['dhgroups'] == ['ffdhe3072', 'null'] and api.ok('GET', '/keys/k1')['hashes'] == ['sha384']
    good(probe(NQN, '--dhchap-secret', secrets[0]))
    assert len(api.ok('PATCH', '/keys/k1', {'hashes': None, 'dhgroups': None})['dhgroups']) == 6


def test_a_new_secret_takes_the_place_of_the_old_one():
    old = api.ok('GET', '/keys/k1')
    key = made(200, '/keys/k1', {'secret': None})
    assert key['fingerprint'] != old['fingerprint'] and key['secret'] != secrets[0]
    bad(probe(NQN, '--dhchap-secret', secrets[0]), 'another key')
    good(probe(NQN, '--dhchap-secret', key['secret']))
    bad(host('discover', daemon.listen, '--dhchap-secret', secrets[0]), 'another key')
    assert 'secret' not in api.ok('PATCH', '/keys/k1', {'secret': GIVEN}), 'one that was given is not told'
    secrets.append(GIVEN)
    good(probe(NQN, '--dhchap-secret', GIVEN))
    assert 'secret' not in api.ok('PUT', '/keys/k1', {'description': 'of the rack'})
    good(probe(NQN, '--dhchap-secret', GIVEN))


def test_it_outlives_a_restart():
    restart('--discovery-auth')
    good(probe(NQN, '--dhchap-secret', GIVEN, '--dhchap-ctrl-secret', secrets[1]))
    bad(host('discover', daemon.listen), 'has no key')


def test_what_makes_no_sense_is_refused():
    for body, field in (({}, 'host_nqn'), ({'host_nqn': 'nqn.2026-11.example:nobody'}, 'host_nqn'), ({'host_nqn': OTHER, 'secret': 'geheim'}, 'secret'),
                        ({'host_nqn': OTHER, 'secret': GIVEN[:-3] + 'A=:'}, 'secret'), ({'host_nqn': OTHER, 'kind': 'psk'}, 'kind'), ({'host_nqn': OTHER, 'hash': 'md5'}, 'hash'),
                        ({'host_nqn': OTHER, 'hash': 'sha256', 'secret': GIVEN}, 'hash'), ({'host_nqn': OTHER, 'dhgroups': ['ffdhe1024']}, 'dhgroups[0]'),
                        ({'host_nqn': OTHER, 'id': 'a b'}, 'id')):
        problem = api.problem(422, 'POST', '/keys', body, field=field)
        assert 'geheim' not in json.dumps(problem) and GIVEN[10:40] not in json.dumps(problem), problem
    api.problem(422, 'PATCH', '/keys/ctrl', {'secret': GIVEN}, field='secret')  # of both directions
    api.problem(409, 'POST', '/keys', {'host_nqn': HOST}, field='kind')
    api.problem(409, 'POST', '/keys', {'host_nqn': OTHER, 'id': 'k1'}, field='id')
    api.problem(404, 'GET', '/keys/k9')


def test_it_is_nowhere_to_be_read():
    dry = api.ok('POST', '/keys?dry_run=true', {'host_nqn': OTHER})
    assert 'DHHC' not in json.dumps(dry), dry
    told = {path: json.dumps(api.ok('GET', path)) for path in ('/config', '/audit?limit=1000', '/events?limit=1000', '/hosts', '/keys', '/operations', '/workers', '/controllers')}
    assert 'fingerprint' in told['/audit?limit=1000'], 'that it changed is told'
    archive = daemon.state + '/bundle.tar.gz'
    p = subprocess.run([pharos.program('pharos'), 'support-bundle', '--file', archive], capture_output=True, text=True, timeout=60, env={**os.environ, 'PHAROS_API': f'http://{daemon.api}'})
    assert p.returncode == 0, p
    with tarfile.open(archive) as files:
        told['bundle'] = ''.join(files.extractfile(f).read().decode(errors='replace') for f in files if f.isfile())
    assert 'pharos_worker_auth_failures_total' in told['bundle']
    told['log'], told['metrics'] = daemon.log(), daemon.http('GET', '/metrics')[2]
    for name, text in told.items():
        for secret in secrets:
            assert secret[10:40] not in text, name
    for path in pathlib.Path(daemon.state).rglob('*'):
        if path.is_file() and any(secret.encode()[10:40] in path.read_bytes() for secret in secrets):
            assert path.name.startswith('pharos.db') and not path.stat().st_mode & 0o077, path


def test_for_discovery_it_counts_if_that_is_wanted():
    restart()
    good(host('discover', daemon.listen))
    bad(probe(NQN), 'has no key')
    restart('--discovery-auth')
    bad(host('discover', daemon.listen), 'has no key')


def test_without_its_key_a_host_need_not_authenticate():
    assert api('DELETE', '/keys/k1')[0] == 204
    good(probe(NQN))
    good(host('discover', daemon.listen))
    bad(probe(STRICT), "isn't allowed")
    key = made(201, '/keys', {'host_nqn': HOST, 'id': 'again'})
    good(probe(STRICT, '--dhchap-secret', key['secret']))
    assert api('DELETE', f'/hosts/{HOST}')[0] == 204 and api.ok('GET', '/keys')['items'] == [], 'its keys go with a host'
    good(probe(NQN))


def cli(*args):
    p = subprocess.run([pharos.program('pharos'), '--api', daemon.api, *args], capture_output=True, text=True, timeout=60)
    assert p.returncode == 0, p
    return p.stdout, p.stderr


def test_the_command_line_makes_and_shows_them():
    out, err = cli('key', 'create', OTHER, '--id', 'cli', '--allow-dhgroup', 'ffdhe3072', '--hash', 'sha384')
    secret = next(word for word in out.split() if word.startswith('DHHC-1:02:'))
    assert f'--dhchap-secret={secret}' in err and 'only now' in err and secret not in cli('key', 'show', 'cli')[0] + cli('key', 'list', '-o', 'wide')[0]
    assert cli('key', 'list', '--columns', 'ID,HOST,KIND', '--no-headers')[0].split() == ['cli', OTHER, 'dhchap']
    good(probe(NQN, '--dhchap-secret', secret, hostnqn=OTHER))
    with tempfile.NamedTemporaryFile('w') as f:
        f.write(GIVEN + '\n')
        f.flush()
        out, err = cli('key', 'rotate', 'cli', '--secret', '@' + f.name)
        assert 'DHHC-1' not in out + err
        good(probe(NQN, '--dhchap-secret', '@' + f.name, hostnqn=OTHER))
    assert 'DHHC-1:03:' in cli('key', 'rotate', 'cli')[0], 'as long as it was'
    assert 'key cli goes in as --dhchap-secret=SECRET' in cli('hostconf', OTHER, '--format', 'connect', '--via', daemon.listen)[1]
    assert 'key cli, and this file has no place' in cli('hostconf', OTHER, '--format', 'stafd', '--via', daemon.listen)[1]
    cli('key', 'set', 'cli', '--description', 'of the shelf')
    cli('key', 'delete', 'cli', '--yes')
    good(probe(NQN, hostnqn=OTHER))


def test_the_configuration_says_who_must_have_one():
    document = api.ok('GET', '/config')
    assert [s['require_auth'] for s in document['subsystems']] == [False, True]
    api.ok('PATCH', f'/subsystems/{STRICT}', {'require_auth': False})
    good(probe(STRICT, hostnqn=OTHER))
    api.ok('PUT', '/config', document)
    bad(probe(STRICT, hostnqn=OTHER), "isn't allowed")


if __name__ == '__main__':
    with daemon:
        pharos.run(globals())
