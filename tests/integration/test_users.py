#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Who may use the API: tokens of users with roles; without --api-auth nobody is asked, and nobody beyond loopback is let in."""
import http.client
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / 'lib'))
import openapi  # noqa: E402
import pharos  # noqa: E402

HOST = 'nqn.2026-11.example:user:host'
ROLES = ('viewer', 'operator', 'admin')

daemon = pharos.Discoveryd()
api = openapi.Api(daemon)
tokens = {}


def bearer(token):
    return {'Authorization': f'Bearer {token}'}


def cli(*args, token=None, home='/nonexistent'):
    env = {**{k: v for k, v in os.environ.items() if not k.startswith(('PHAROS_', 'XDG_'))}, 'PHAROS_API': f'http://{daemon.api}', 'HOME': home}
    if token:
        env['PHAROS_TOKEN'] = token
    p = subprocess.run([pharos.program('pharos'), *args], capture_output=True, text=True, env=env, timeout=30)
    return p.returncode, p.stdout, p.stderr


def restart(*options):
    daemon.process.terminate()
    daemon.process.wait(10)
    daemon.options = options
    daemon.start()


def test_without_authentication_nobody_is_asked():
    assert api.ok('GET', '/whoami') == {'user': 'local', 'role': 'admin', 'authentication': False, 'token': None}
    assert api('GET', '/hosts', None, bearer('nonsense'))[0] == 200


def test_beyond_loopback_it_wants_authentication():
    for address in ('0.0.0.0:0', '[::]:0', '192.0.2.1:8080'):
        p = subprocess.run([pharos.program('discoveryd'), '--state', daemon.state + '/none', '--api', address], capture_output=True, text=True, timeout=20)
        assert p.returncode and '--api-auth' in p.stderr, (address, p)


def test_a_token_is_told_once():
    for role in ROLES:
        assert api('POST', '/users', {'name': role[:3], 'role': role})[0] == 201
        status, headers, made = api('POST', '/tokens', {'user': role[:3], 'description': 'test'})
        assert status == 201 and headers['Location'] == f'/api/v1/tokens/{made["id"]}' and made['token'].startswith(f'pharos_{made["id"]}_'), made
        tokens[role] = made.pop('token')
        assert api.ok('GET', f'/tokens/{made["id"]}') == made and made in api.ok('GET', '/tokens')['items'], 'and never again'
        assert api.ok('PATCH', f'/tokens/{made["id"]}', {'description': 'described'}) == {**made, 'description': 'described'}
        api.problem(422, 'PATCH', f'/tokens/{made["id"]}', {'user': 'adm'}, field='user')
    assert len(set(tokens.values())) == 3 and [u['token_count'] for u in api.ok('GET', '/users')['items']] == [1, 1, 1]
    database = b''.join(p.read_bytes() for p in pathlib.Path(daemon.state).iterdir() if p.is_file())
    for token in tokens.values():
        secret = token.rsplit('_', 1)[1]
        assert secret not in json.dumps(api.ok('GET', '/audit?limit=1000')) and secret not in daemon.log() and secret.encode() not in database


def test_what_makes_no_sense_is_refused():
    api.problem(422, 'POST', '/users', {'name': 'x', 'role': 'root'}, field='role')
    api.problem(422, 'POST', '/users', {'name': 'a b', 'role': 'viewer'}, field='name')
    api.problem(409, 'POST', '/users', {'name': 'adm', 'role': 'viewer'}, field='name')
    api.problem(422, 'POST', '/tokens', {'user': 'nobody'}, field='user')
    api.problem(422, 'POST', '/tokens', {'user': 'adm', 'expires_in': 0}, field='expires_in')
    assert api.ok('PUT', '/users/vie', {'role': 'viewer'})['description'] == ''
    assert api.ok('PATCH', '/users/vie', {'description': 'looks'})['description'] == 'looks' == api.ok('GET', '/users/vie')['description']


def test_with_authentication_a_token_is_needed():
    daemon.token = tokens['admin']
    restart('--api-auth')
    for headers, error in (({'Authorization': ''}, None), ({'Authorization': 'Basic eDp5'}, None), (bearer('x'), 'invalid_token'), (bearer(tokens['admin'][:-1] + 'g'), 'invalid_token'),
                           (bearer(tokens['admin'] + '0'), 'invalid_token'), (bearer('pharos_' + 't' * 500), 'invalid_token')):
        for path in ('/api/v1/hosts', '/api/v1/health', '/metrics', '/api/v1/events/stream'):
            status, got, problem = daemon.http('GET', path, None, headers)
            assert status == 401 and problem['type'] == 'urn:pharos:problem:unauthenticated' and got['Content-Type'] == 'application/problem+json', (headers, path, status)
            assert got['WWW-Authenticate'].startswith('Bearer realm="pharos"') and (f'error="{error}"' in got['WWW-Authenticate']) == bool(error), got['WWW-Authenticate']
    assert daemon.http('GET', '/', None, {'Authorization': ''})[0] in (200, 404), 'the dashboard is there, and asks'
    assert daemon.http('GET', '/api/v1/hosts', None, {'Authorization': 'bearer  ' + tokens['viewer']})[0] == 200
    assert daemon.http('GET', '/metrics', None, bearer(tokens['viewer']))[0] == 200


def test_a_token_tells_about_when_it_was_last_used():
    def rows():
        return {t['user']: t for t in api.ok('GET', '/tokens')['items']}

    def used(role):
        api.ok('GET', '/hosts', None, bearer(tokens[role]))
        return rows()[role[:3]]['last_used']
    assert rows()['ope']['last_used'] is None
    pharos.wait_for(lambda: used('viewer'), 10, 'the use of a token is kept')
    assert abs(seconds(rows()['vie']['last_used']) - time.time()) < 600
    before, etag = api.ok('GET', '/config'), api('GET', f'/tokens/{rows()["vie"]["id"]}')[1]['ETag']
    pharos.wait_for(lambda: used('operator'), 10, 'that of another too')
    assert api('GET', f'/tokens/{rows()["vie"]["id"]}')[1]['ETag'] == etag, 'that is no change of it'
    assert api.ok('GET', '/tokens?sort=-last_used&limit=1')['items'][0]['user'] == 'ope' and api.ok('GET', '/config') == before
    kept = rows()['ope']['last_used']
    restart('--api-auth')
    assert used('operator') == kept, 'as it was, and not written again'


def test_the_role_decides():
    requests = {'viewer': ('GET', '/hosts', None), 'operator': ('PUT', f'/hosts/{HOST}', {}), 'admin': ('GET', '/users', None)}
    for have in ROLES:
        for need, (method, path, body) in requests.items():
            status, headers, answer = api(method, path, body, bearer(tokens[have]))
            if ROLES.index(have) >= ROLES.index(need):
                assert status < 300, (have, need, answer)
            else:
                assert status == 403 and need in answer['detail'] and 'insufficient_scope' in headers['WWW-Authenticate'], (have, need, answer)
        assert api.ok('GET', '/whoami', None, bearer(tokens[have])) == {'user': have[:3], 'role': have, 'authentication': True, 'token': tokens[have].split('_')[1]}
    assert api.ok('GET', '/audit?limit=1000&operation=putHost')['items'][-1]['user'] == 'ope', 'the audit names the user'


def test_no_row_of_the_contract_lets_a_viewer_write():
    for template, item in api.paths.items():
        for method, operation in item.items():
            if isinstance(operation, dict) and method != 'get':
                path = template.removeprefix('/api/v1').replace('{nsid}', '1').replace('{', '').replace('}', '')
                assert api(method.upper(), path, '{}' if 'requestBody' in operation else None, bearer(tokens['viewer']))[0] == 403, (method, template)


def test_a_token_ends():
    made = api.ok('POST', '/tokens', {'user': 'vie', 'expires_in': 1})
    assert api('GET', '/hosts', None, bearer(made['token']))[0] == 200
    pharos.wait_for(lambda: api('GET', '/hosts', None, bearer(made['token']))[0] == 401, 10, 'a token past its time counts no more')
    made = api.ok('POST', '/tokens', {'user': 'vie'})
    stream = http.client.HTTPConnection(*daemon.api.rsplit(':', 1), timeout=30)
    stream.request('GET', '/api/v1/events/stream', headers=bearer(made['token']))
    reply = stream.getresponse()
    assert reply.status == 200
    assert api('DELETE', f'/tokens/{made["id"]}')[0] == 204
    assert api('GET', '/hosts', None, bearer(made['token']))[0] == 401
    began = time.monotonic()
    while reply.readline():  # it ends with what comes next: the change itself, or a sign of life
        assert time.monotonic() - began < 25, 'what is followed ends with the token'
    stream.close()
    assert api('DELETE', '/users/vie')[0] == 204 and api('GET', '/hosts', None, bearer(tokens['viewer']))[0] == 401, "a user's tokens go with it"


def test_the_command_line_has_tokens():
    assert cli('host', 'list')[0] == 6 and 'PHAROS_TOKEN' in cli('host', 'list')[2]
    assert cli('whoami', '--json', token=tokens['operator'])[1].count('"ope"') == 1
    assert cli('user', 'list', token=tokens['operator'])[0] == 6
    with tempfile.TemporaryDirectory() as home:
        os.makedirs(home + '/.config/pharos')
        with open(home + '/.config/pharos/token', 'w') as f:
            f.write(tokens['admin'] + '\n')
        assert cli('user', 'create', 'ann', '--role', 'operator', home=home)[0] == 0
        code, out, err = cli('token', 'create', 'ann', '--days', '2', '--json', home=home)
        made = json.loads(out)
        assert code == 0 and json.loads(cli('whoami', '--json', token=made['token'])[1])['user'] == 'ann', err
        assert 1.9 * 86400 < seconds(made['expires_at']) - time.time() <= 2 * 86400, made
        assert cli('token', 'delete', made['id'], '--yes', home=home)[0] == 0 and cli('host', 'list', token=made['token'])[0] == 6
        assert 'ann' in cli('user', 'list', home=home)[1]


def seconds(text):
    return time.mktime(time.strptime(text[:19] + ' UTC', '%Y-%m-%dT%H:%M:%S %Z')) - time.timezone


def test_beyond_loopback_with_authentication():
    daemon.api = '0.0.0.0:' + daemon.api.rsplit(':', 1)[1]
    restart('--api-auth')
    assert daemon.http('GET', '/api/v1/hosts', None, {'Host': '192.0.2.1:8080'})[0] == 200, 'by any address'
    assert daemon.http('GET', '/api/v1/hosts', None, {'Host': 'evil.example'})[0] == 421, 'but by no name that it was not told'
    assert 'without encryption' in daemon.log()
    daemon.token = None


if __name__ == '__main__':
    daemon.start()
    try:
        pharos.run(globals())
    finally:
        daemon.token = tokens.get('admin')
        daemon.stop()
