#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes of every resource: what would change, for hosts too; again is as good as once; only if it is what one knows; all that is wrong at once."""
import pathlib
import sys
import urllib.parse

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / 'lib'))
import openapi  # noqa: E402
import pharos  # noqa: E402

NQN = 'nqn.2026-11.example:write'
HOST = NQN + ':host'
OTHER = NQN + ':other'
MIB = 1 << 20

daemon = pharos.Discoveryd()
api = openapi.Api(daemon)


def everything():
    found = {path: api.ok('GET', f'{path}?limit=1000')['items'] for path in ('/subsystems', '/namespaces', '/hosts', '/portals', '/workers', '/referrals')}
    return {**found, 'log': api.ok('GET', f'/discovery-log?host_nqn={HOST}')}


def dry(method, path, body=None, headers=None):
    """What a request would change; it must change nothing."""
    before = everything()
    status, _, told = api(method, path + ('&' if '?' in path else '?') + 'dry_run=true', body, headers)
    assert status == 200 and told['dry_run'] is True and told['hosts_complete'] is True, (status, told)
    assert everything() == before, (method, path)
    return told


def entries(told):
    """{host: (gains, loses)} by NQN of the subsystem."""
    return {h['host_nqn']: ([e['nqn'] for e in h['gains']], [e['nqn'] for e in h['loses']]) for h in told['hosts']}


def test_setup():
    api.ok('POST', '/subsystems', {'nqn': NQN, 'hosts': [HOST], 'label': 'old'})
    api.ok('POST', f'/subsystems/{NQN}/namespaces', {'size': MIB})


def test_a_dry_run_tells_what_would_be_made():
    told = dry('POST', '/subsystems', {'nqn': NQN + '2', 'hosts': [HOST, OTHER], 'label': 'x'})
    assert [(c['action'], c['kind'], c['id']) for c in told['changes']] == [('create', 'subsystem', NQN + '2'), ('create', 'host', OTHER)], told
    made = told['changes'][0]['object']
    assert made['label'] == 'x' and made['hosts'] == [HOST, OTHER] and 'status' not in made and 'controller_count' not in made, made
    assert entries(told) == {HOST: ([NQN + '2'], []), OTHER: ([NQN + '2'], [])}, told
    assert told['hosts'][0]['gains'][0]['portal'] == 'io1', told
    told = dry('PUT', f'/subsystems/{NQN}/namespaces/9', {'size': '2MiB'})
    assert (told['changes'][0]['id'], told['changes'][0]['nqn'], told['changes'][0]['object']['size'], told['hosts']) == ('9', NQN, 2 * MIB, []), told
    told = dry('POST', '/portals', {'traddr': '127.0.0.1', 'trsvcid': pharos.free_port(), 'id': 'dry'})
    assert entries(told) == {HOST: ([NQN], [])} and told['hosts'][0]['gains'][0]['portal'] == 'dry', told
    told = dry('POST', '/referrals', {'traddr': '192.0.2.1', 'id': 'r9', 'hosts': [OTHER]})
    assert told['hosts'] == [{'host_nqn': OTHER, 'gains': [{'nqn': 'nqn.2014-08.org.nvmexpress.discovery', 'referral': 'r9'}], 'loses': []}], told
    assert dry('POST', '/hosts', {'nqn': OTHER})['changes'][0]['object']['nqn'] == OTHER
    assert dry('POST', '/workers', {'id': 'dry'})['changes'][0]['kind'] == 'worker'
    told = dry('POST', '/publish', {'name': 'dry', 'size': MIB, 'host_nqn': OTHER})
    assert [c['kind'] for c in told['changes']] == ['subsystem', 'host', 'namespace'] and OTHER in entries(told), told


def test_a_dry_run_tells_what_would_be_changed():
    told = dry('PATCH', f'/subsystems/{NQN}', {'label': 'new', 'hosts': [OTHER]})
    change = next(c for c in told['changes'] if c['kind'] == 'subsystem')
    assert change['members'] == {'label': {'from': 'old', 'to': 'new'}, 'hosts': {'from': [HOST], 'to': [OTHER]}}, change
    assert entries(told) == {HOST: ([], [NQN]), OTHER: ([NQN], [])}, told
    told = dry('PATCH', f'/subsystems/{NQN}', {'allow_any_host': True})
    assert entries(told) == {None: ([NQN], []), HOST: ([], [])}, 'everyone gains it but the host that has it'
    assert dry('PATCH', f'/subsystems/{NQN}', {'label': 'old'}) == {'dry_run': True, 'changes': [], 'hosts': [], 'hosts_complete': True}
    assert entries(dry('PUT', f'/subsystems/{NQN}/hosts/{OTHER}')) == {OTHER: ([NQN], [])}
    assert dry('PATCH', f'/subsystems/{NQN}/namespaces/1', {'size': '3MiB'})['changes'][0]['members'] == {'size': {'from': MIB, 'to': 3 * MIB}}


def test_a_dry_run_tells_what_would_go():
    told = dry('DELETE', f'/subsystems/{NQN}?force=true')
    assert [(c['action'], c['kind'], c['id']) for c in told['changes']] == [('delete', 'namespace', '1'), ('delete', 'subsystem', NQN)], told
    assert entries(told) == {HOST: ([], [NQN])}, told
    assert entries(dry('DELETE', f'/hosts/{HOST}?force=true')) == {HOST: ([], [NQN])}
    assert entries(dry('DELETE', f'/subsystems/{NQN}/hosts/{HOST}')) == {HOST: ([], [NQN])}
    assert dry('DELETE', f'/subsystems/{NQN}/namespaces/1')['changes'][0]['action'] == 'delete'


def test_what_is_refused_is_refused_by_a_dry_run_too():
    api.problem(409, 'DELETE', f'/subsystems/{NQN}?dry_run=true')
    api.problem(422, 'PATCH', f'/subsystems/{NQN}/namespaces/1?dry_run=true', {'size': 512}, field='size')
    api.problem(412, 'PATCH', f'/subsystems/{NQN}?dry_run=true', {'label': 'x'}, {'If-Match': '"0"'}, 'If-Match')
    api.problem(400, 'PATCH', f'/subsystems/{NQN}?dry_run=maybe', {'label': 'x'}, field='dry_run')
    api.problem(404, 'DELETE', '/hosts/nqn.2026-11.example:nobody?dry_run=true')


def test_an_object_that_is_there_is_shown():
    for path, body in (('/subsystems', {'nqn': NQN}), ('/hosts', {'nqn': HOST}), (f'/subsystems/{NQN}/namespaces', {'nsid': 1, 'size': MIB}), ('/workers', {'id': 'w1'}),
                       ('/portals', {'id': 'io1', 'traddr': '127.0.0.1'})):
        status, headers, problem = api('POST', path, body)
        assert status == 409 and problem['type'].endswith(':conflict'), (path, status, problem)
        where = urllib.parse.unquote(headers['Location']).removeprefix('/api/v1')
        assert problem['existing'] == api.ok('GET', where), (path, problem)


def test_put_is_refused_where_a_fixed_member_differs():
    problem = api.problem(409, 'PUT', f'/subsystems/{NQN}', {'serial': 'OTHER', 'model': 'Other', 'label': 'put'})
    assert [e['field'] for e in problem['errors']] == ['serial', 'model'] and problem['existing']['nqn'] == NQN, problem
    assert api.ok('GET', f'/subsystems/{NQN}')['label'] == 'old', 'nothing of it is done'
    api.problem(422, 'PUT', f'/subsystems/{NQN}', {'nqn': NQN + '3'}, field='nqn')
    api.problem(422, 'PUT', '/hosts/bad', {}, field='nqn')
    api.problem(422, 'PUT', f'/subsystems/{NQN}/namespaces/0', {'size': MIB}, field='nsid')
    api.problem(404, 'PUT', f'/subsystems/{NQN}9/namespaces/1', {'size': MIB}, field='nqn')
    same = api.ok('GET', f'/subsystems/{NQN}/namespaces/1')
    asked = {k: same[k] for k in ('nsid', 'uuid', 'nguid', 'eui64', 'backend', 'size', 'block_size', 'read_only', 'hosts')}
    assert api.ok('PUT', f'/subsystems/{NQN}/namespaces/1', {**asked, 'size': '1MiB', 'uuid': asked['uuid'].upper()}) == same


def test_only_if_it_is_as_known():
    tag = api('GET', f'/subsystems/{NQN}')[1]['ETag']
    for method, path, body in (('PATCH', f'/subsystems/{NQN}', {'label': 'old'}), ('PUT', f'/subsystems/{NQN}', {'label': 'old'}), ('DELETE', f'/subsystems/{NQN}', None),
                               ('PATCH', f'/subsystems/{NQN}/namespaces/1', {}), ('PUT', f'/subsystems/{NQN}/namespaces/1', {}), ('PUT', f'/hosts/{HOST}', {}),
                               ('PUT', '/workers/w1', {}), ('DELETE', '/workers/w1', None), ('PUT', '/portals/io1', {}), ('PUT', f'/hosts/{NQN}:none', {}),
                               ('PUT', f'/subsystems/{NQN}/hosts/{HOST}', None), ('DELETE', f'/subsystems/{NQN}/hosts/{HOST}', None)):
        api.problem(412, method, path, body, {'If-Match': '"1"'}, 'If-Match')
    status, headers, _ = api('PATCH', f'/subsystems/{NQN}', {'label': 'newer'}, {'If-Match': f'"0", {tag}'})
    assert status == 200 and headers['ETag'] != tag
    api.problem(412, 'PATCH', f'/subsystems/{NQN}', {'label': 'x'}, {'If-Match': tag}, 'If-Match')
    assert api('PATCH', f'/subsystems/{NQN}', {'label': 'old'}, {'If-Match': '*'})[0] == 200
    api.problem(412, 'PUT', f'/hosts/{HOST}', {}, {'If-None-Match': '*'}, 'If-None-Match')


def test_everything_that_is_wrong_is_told_at_once():
    problem = api.problem(422, 'POST', f'/subsystems/{NQN}/namespaces', {'size': 'huge', 'backend': 'tape', 'block_size': 7, 'nsid': 5000, 'color': 'red', 'hosts': [HOST, 'bad', 7]})
    errors = {e['field']: e for e in problem['errors']}
    assert set(errors) == {'size', 'backend', 'block_size', 'nsid', 'color', 'hosts[1]', 'hosts[2]'}, problem
    assert errors['backend']['valid'] == 'ram, file, null' and errors['nsid']['valid'] == '1 to 4096' and errors['nsid']['value'] == 5000, errors
    assert errors['color']['valid'].startswith('nsid, uuid') and errors['hosts[1]']['value'] == 'bad', errors
    problem = api.problem(422, 'PATCH', f'/subsystems/{NQN}/namespaces/1', {'nsid': 2, 'backend': 'null', 'size': None})
    assert [e['field'] for e in problem['errors']] == ['nsid', 'backend', 'size'] and problem['errors'][0]['valid'] == 'size, read_only, ana_group, hosts', problem


def test_null_takes_back_to_the_default():
    made = api.ok('PATCH', f'/subsystems/{NQN}', {'allow_any_host': True, 'portals': ['io1'], 'label': 'x'})
    assert (made['allow_any_host'], made['portals'], made['label']) == (True, ['io1'], 'x')
    made = api.ok('PATCH', f'/subsystems/{NQN}', {'allow_any_host': None, 'portals': None, 'label': None, 'hosts': None})
    assert (made['allow_any_host'], made['portals'], made['label'], made['hosts']) == (False, None, '', []), made


if __name__ == '__main__':
    daemon.start()
    try:
        pharos.run(globals())
    finally:
        daemon.stop()
