#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""ANA groups as operators have them: made, changed, deleted, exported, taken over; and what hosts then see by each portal."""
import json
import os
import pathlib
import signal
import struct
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / 'lib'))
import nvmetcp as nvme  # noqa: E402
import openapi  # noqa: E402
import pharos  # noqa: E402

NQN, HOST = 'nqn.2026-11.example:ana', 'nqn.2026-11.example:host'
MIB = 1 << 20
USAGE, CONFLICT, REFUSED = 2, 5, 6
OPTIMIZED, NON_OPTIMIZED, INACCESSIBLE = 1, 2, 3

daemon = pharos.Discoveryd()
api = openapi.Api(daemon)
SECOND = pharos.free_port()


def cli(*args, expect=0, stdin=None):
    run = subprocess.run([pharos.program('cli/pharos'), '--api', f'http://{daemon.api}', *args], capture_output=True, text=True,
                         timeout=60, input=stdin)
    assert run.returncode == expect, run
    return run.stdout


def first_port():
    return int(daemon.io_listen.rsplit(':', 1)[1])


def states(port):
    """{group: state} as the host is told by this portal."""
    with nvme.Host('127.0.0.1', port, NQN, HOST) as host:
        return told(host)


def told(host):
    raw = host.admin.get_log(0x0c, 4096, lsp=1)
    groups = struct.unpack('<H', raw[8:10])[0]
    return {struct.unpack('<I', raw[16 + 32 * i:20 + 32 * i])[0]: raw[32 + 32 * i] for i in range(groups)}


def test_group_1_is_there_and_new_namespaces_are_of_it():
    api.ok('POST', '/portals', {'id': 'p2', 'traddr': '127.0.0.1', 'trsvcid': SECOND})
    api.ok('POST', '/subsystems', {'nqn': NQN, 'allow_any_host': True})
    made = api.ok('POST', f'/subsystems/{NQN}/namespaces', {'size': MIB})
    assert made['ana_group'] == 1, made
    group = api.ok('GET', '/ana-groups/1')
    assert (group['description'], group['namespace_count'], group['status']['state']) == ('', 1, 'ready'), group
    assert group['states'] == {'io1': 'optimized', 'p2': 'optimized'}, group
    assert api.ok('GET', '/ana-groups')['items'] == [group]
    api.problem(409, 'DELETE', '/ana-groups/1')
    api.problem(409, 'DELETE', '/ana-groups/1?force=true')


def test_what_is_wrong_names_its_member_and_changes_nothing():
    before = api.ok('GET', '/ana-groups')
    for body, field in (({'id': 0}, 'id'), ({'id': 129}, 'id'), ({'id': 'one'}, 'id'), ({'states': []}, 'states'),
                        ({'states': {'p2': 'change'}}, 'states.p2'), ({'states': {'p2': 3}}, 'states.p2'), ({'states': None}, 'states'),
                        ({'states': {'p3': 'optimized'}}, 'states.p3'), ({'states': {'x' * 200: 'optimized'}}, f'states.{"x" * 20}'),
                        ({'description': 'x' * 256}, 'description'), ({'grpid': 2}, 'grpid')):
        problem = api.problem(422, 'POST', '/ana-groups', body)
        assert openapi.fault(problem)['field'].startswith(field), (body, problem)
    api.problem(409, 'POST', '/ana-groups', {'id': 1}, field='id')
    for path in ('0', '2', '129', 'x', '4294967297'):
        api.problem(404, 'GET', f'/ana-groups/{path}')
    for value, status in ((2, 422), (0, 422), (129, 422), ('1', 422)):
        api.problem(status, 'PATCH', f'/subsystems/{NQN}/namespaces/1', {'ana_group': value}, field='ana_group')
    api.problem(422, 'POST', f'/subsystems/{NQN}/namespaces', {'size': MIB, 'ana_group': 7}, field='ana_group')
    api.problem(422, 'PATCH', '/ana-groups/1', {'id': 5}, field='id')
    assert api.ok('GET', '/ana-groups') == before


def test_groups_come_and_go_with_their_namespaces():
    status, headers, made = api('POST', '/ana-groups', {'description': 'slow', 'states': {'p2': 'non_optimized'}})
    assert (status, headers['Location'], made['id']) == (201, '/api/v1/ana-groups/2', 2), (status, made)
    assert made['states'] == {'io1': 'optimized', 'p2': 'non_optimized'} and made['status']['state'] == 'ready', made
    changed = api.ok('PATCH', f'/subsystems/{NQN}/namespaces/1', {'ana_group': 2})
    assert changed['ana_group'] == 2 and [n['nsid'] for n in api.ok('GET', '/namespaces?ana_group=2')['items']] == [1]
    assert api.ok('GET', '/ana-groups/2')['namespace_count'] == 1 and api.ok('GET', '/ana-groups/1')['namespace_count'] == 0
    assert (states(first_port()), states(SECOND)) == ({2: OPTIMIZED}, {2: NON_OPTIMIZED})
    problem = api.problem(409, 'DELETE', '/ana-groups/2')
    assert problem['users'] == [f'namespace 1 of {NQN}'], problem
    assert api('PUT', '/ana-groups/100', {'states': {'io1': 'inaccessible'}})[0] == 201
    assert api('PUT', '/ana-groups/100', {'states': {'io1': 'inaccessible'}})[0] == 200
    preview = api.ok('DELETE', '/ana-groups/2?force=true&dry_run=true')
    assert {(c['action'], c['kind'], c['id']) for c in preview['changes']} >= {('delete', 'ana group', '2'), ('change', 'namespace', '1')}, preview
    assert preview['hosts'] == [], 'discovery logs know no ANA groups'
    assert api('DELETE', '/ana-groups/2?force=true')[0] == 204
    assert api.ok('GET', f'/subsystems/{NQN}/namespaces/1')['ana_group'] == 1
    assert states(SECOND) == {1: OPTIMIZED}
    assert api('DELETE', '/ana-groups/100')[0] == 204
    audit = api.ok('GET', '/audit?limit=1')['items'][0]
    assert audit['operation'] == 'deleteAnaGroup', audit


def test_a_change_is_one_of_its_etag_and_reaches_connected_hosts():
    _, headers, _ = api('GET', '/ana-groups/1')
    with nvme.Host('127.0.0.1', SECOND, NQN, HOST) as host, nvme.Host('127.0.0.1', first_port(), NQN, HOST) as other:
        host.admin.run(nvme.sqe(0x09, cdw10=0x0b, cdw11=1 << 11))
        aer = host.admin.aer()
        status, after, group = api('PATCH', '/ana-groups/1', {'states': {'p2': 'inaccessible'}}, {'If-Match': headers['ETag']})
        assert status == 200 and group['states']['p2'] == 'inaccessible' and group['status']['state'] == 'ready', group
        assert after['ETag'] != headers['ETag']
        api.problem(412, 'PATCH', '/ana-groups/1', {'states': {'p2': None}}, {'If-Match': headers['ETag']})
        assert host.admin.wait(aer)[0].result == 0x0c0302 and told(host) == {1: INACCESSIBLE}
        try:
            host.io[0].read(1, 0, 1)
            raise AssertionError('it was read')
        except nvme.Status as refused:
            assert (refused.sc, refused.dnr) == (0x302, False)
        other.io[0].write(1, 0, bytes(512))
        assert told(other) == {1: OPTIMIZED}
        assert api.ok('PATCH', '/ana-groups/1', {'states': {'p2': None}})['states']['p2'] == 'optimized'
        host.io[0].read(1, 0, 1)
        _, same, _ = api('PATCH', '/ana-groups/1', {'states': {'io1': 'optimized'}})
        assert same['ETag'] == api('GET', '/ana-groups/1')[1]['ETag'], 'nothing has changed'


def test_states_outlive_the_worker_and_discoveryd():
    api.ok('PATCH', '/ana-groups/1', {'states': {'p2': 'non_optimized'}})
    daemon.kill()
    daemon.start()
    pid = daemon.workers()[0]
    os.kill(pid, signal.SIGKILL)
    assert api.ok('GET', '/ana-groups/1')['states'] == {'io1': 'optimized', 'p2': 'non_optimized'}
    pharos.wait_for(lambda: daemon.workers() not in ([], [pid]), 20, 'the next worker')
    assert states(SECOND) == {1: NON_OPTIMIZED}


def test_the_document_goes_round():
    api.ok('PATCH', '/ana-groups/1', {'states': {'p2': 'inaccessible'}})
    api.ok('PUT', '/ana-groups/9', {'description': 'nine', 'states': {'io1': 'persistent_loss'}})
    api.ok('PATCH', f'/subsystems/{NQN}/namespaces/1', {'ana_group': 9})
    document = json.loads(cli('export'))
    assert document['ana_groups'] == [{'id': 1, 'description': None, 'states': {'p2': 'inaccessible'}},
                                      {'id': 9, 'description': 'nine', 'states': {'io1': 'persistent_loss'}}], document['ana_groups']
    assert document['subsystems'][0]['namespaces'][0]['ana_group'] == 9
    assert api.ok('PUT', '/config?dry_run=true&prune=true', document)['changes'] == []
    fewer = {'ana_groups': [{'id': 1, 'states': {'io1': 'non_optimized'}}]}
    kept = api.ok('PUT', '/config', fewer)['kept']
    assert {(k['kind'], k['id'], k.get('member')) for k in kept} == {('ana group', '1', 'states'), ('ana group', '9', None)}, kept
    assert api.ok('GET', '/ana-groups/1')['states'] == {'io1': 'non_optimized', 'p2': 'inaccessible'}
    api.problem(409, 'PUT', '/config?prune=true', fewer)
    api.ok('PUT', '/config?prune=true&force=true', fewer)
    assert api.ok('GET', '/ana-groups/1')['states'] == {'io1': 'non_optimized', 'p2': 'optimized'}
    assert api.ok('GET', f'/subsystems/{NQN}/namespaces/1')['ana_group'] == 1
    api.problem(404, 'GET', '/ana-groups/9')
    problem = api.problem(422, 'PUT', '/config', {'ana_groups': [{'id': 4}, {'id': 5, 'states': {'p2': 'lost'}}]})
    assert openapi.fault(problem)['field'] == 'ana_groups[1].states.p2', problem
    api.problem(422, 'PUT', '/config', {'ana_groups': [{}]}, field='ana_groups[0].id')
    api.ok('PUT', '/config', document)
    assert json.loads(cli('export')) == {**document, 'ana_groups': [{'id': 1, 'description': None,
                                                                    'states': {'io1': 'non_optimized', 'p2': 'inaccessible'}}, document['ana_groups'][1]]}


def test_a_portal_takes_what_it_said_with_it():
    assert api('DELETE', '/portals/p2?force=true')[0] == 204
    assert 'p2' not in api.ok('GET', '/ana-groups/1')['states']
    api.ok('POST', '/portals', {'id': 'p2', 'traddr': '127.0.0.1', 'trsvcid': SECOND})
    assert api.ok('GET', '/ana-groups/1')['states']['p2'] == 'optimized'


def test_the_command_line_has_it():
    made = json.loads(cli('ana-group', 'create', '--id', '3', '--state', 'p2=non_optimized', '--state', 'io1=inaccessible', '--json'))
    assert made['states'] == {'io1': 'inaccessible', 'p2': 'non_optimized'}, made
    assert '3' in cli('ana', 'ls', '-o', 'name').split()
    assert 'io1 inaccessible, p2 non_optimized' in cli('ana-groups')
    assert json.loads(cli('ana-group', 'set', '3', '--state', 'io1=optimized', '--description', 'x', '--json'))['states']['io1'] == 'optimized'
    cli('ana-group', 'set', '3', '--state', 'io1', expect=USAGE)
    cli('ana-group', 'set', '3', '--state', 'io1=gone', expect=REFUSED)
    assert json.loads(cli('namespace', 'set', NQN, '1', '--ana-group', '3', '--json'))['ana_group'] == 3
    assert json.loads(cli('namespace', 'create', NQN, '--size', '1MiB', '--ana-group', '3', '--json'))['ana_group'] == 3
    cli('ana-group', 'delete', '3', expect=CONFLICT)
    cli('ana-group', 'delete', '3', '--force')
    assert json.loads(cli('ana-group', 'show', '1', '--json'))['namespace_count'] == 2


if __name__ == '__main__':
    with daemon:
        pharos.run(globals())
