#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Groups of hosts: what a group is given its hosts see, connect to and are told of, and lose with their place in it."""
import json
import pathlib
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / 'lib'))
import nvmetcp as nvme  # noqa: E402
import openapi  # noqa: E402
import pharos  # noqa: E402

NQN = 'nqn.2026-11.example:shared'
A, B, C = (f'nqn.2026-11.example:host-{x}' for x in 'abc')
MIB = 1 << 20

daemon = pharos.Discoveryd()
api = openapi.Api(daemon)


def address(text):
    host, port = text.rsplit(':', 1)
    return host.strip('[]'), int(port)


def discovery(hostnqn):
    queue = nvme.Queue(*address(daemon.listen))
    queue.connect(nvme.DISCOVERY, hostnqn, kato=30000)
    queue.enable()
    queue.run(nvme.sqe(nvme.ADMIN['set_features'], cdw10=0x0b, cdw11=1 << 31))
    return queue


def sees(hostnqn):
    return [e['subnqn'] for e in nvme.discovery_log(discovery(hostnqn))[1] if e['subtype'] == 2]


def cli(*args, expect=0):
    run = subprocess.run([pharos.program('cli/pharos'), '--api', f'http://{daemon.api}', '--json', *args], capture_output=True, text=True,
                         timeout=30)
    assert run.returncode == expect, run
    return json.loads(run.stdout) if run.stdout else None


def test_a_group_is_made_read_changed():
    status, headers, made = api('POST', '/groups', {'name': 'lab', 'members': [A], 'description': 'the lab'})
    assert (status, headers['Location']) == (201, '/api/v1/groups/lab'), made
    assert (made['members'], made['member_count'], made['used_by']) == ([A], 1, []), made
    assert api.ok('GET', '/groups/lab') == made
    summary = {k: v for k, v in made.items() if k != 'members'}
    assert api.ok('GET', '/groups')['items'] == [summary]
    assert api.ok('GET', f'/hosts/{A}')['groups'] == ['lab'], 'it was registered'
    api.problem(409, 'POST', '/groups', {'name': 'lab'}, field='name')
    api.problem(422, 'POST', '/groups', {'name': 'a b'}, field='name')
    api.problem(422, 'PATCH', '/groups/lab', {'members': ['group:lab']}, field='members[0]')
    api.problem(404, 'GET', '/groups/none')
    assert api.ok('PATCH', '/groups/lab', {'description': None})['description'] == ''
    assert api('PUT', f'/groups/lab/members/{B}')[0] == 204
    assert api('PUT', f'/groups/lab/members/{B}')[0] == 204
    assert sorted(api.ok('GET', '/groups/lab')['members']) == [A, B]
    api.problem(404, 'DELETE', f'/groups/lab/members/{C}')


def test_its_hosts_see_and_connect_to_what_it_is_allowed():
    api.ok('POST', '/subsystems', {'nqn': NQN, 'hosts': ['group:lab']})
    api.ok('POST', f'/subsystems/{NQN}/namespaces', {'size': MIB, 'nsid': 1})
    api.ok('POST', f'/subsystems/{NQN}/namespaces', {'size': MIB, 'nsid': 2, 'hosts': ['group:lab', C]})
    assert api.ok('GET', f'/subsystems/{NQN}')['hosts'] == ['group:lab']
    assert sorted(api.ok('GET', f'/subsystems/{NQN}/namespaces/2')['hosts']) == ['group:lab', C]
    assert (sees(A), sees(B), sees(C)) == ([NQN], [NQN], [])
    assert [s['nqn'] for s in api.ok('GET', f'/subsystems?host_nqn={A}')['items']] == [NQN]
    assert api.ok('GET', f'/hosts/{A}')['subsystems'] == [NQN]
    assert api.ok('GET', f'/subsystems/{NQN}/hosts')['items'] == [{'host_nqn': 'group:lab', 'connected': False}]
    with nvme.Host(*address(daemon.io_listen), NQN, A) as host:
        host.io[0].write(2, 0, bytes(512))
        pharos.wait_for(lambda: api.ok('GET', f'/subsystems/{NQN}/hosts')['items'] == [{'host_nqn': 'group:lab', 'connected': True}],
                        what='the group is connected')
    try:
        nvme.Host(*address(daemon.io_listen), NQN, C)
        raise AssertionError('a host that is not of the group connected')
    except nvme.Status:
        pass


def test_only_those_concerned_are_told_when_hosts_come_and_go():
    queues = {x: discovery(x) for x in (A, B, C)}
    gens = {x: nvme.discovery_log(q)[0] for x, q in queues.items()}
    events = {x: q.aer() for x, q in queues.items()}
    with nvme.Host(*address(daemon.io_listen), NQN, B) as host:
        cli('group', 'remove', 'lab', B)
        queues[B].wait(events[B])
        try:
            for _ in range(50):
                host.io[0].read(1, 0, 1)
                time.sleep(0.1)
            raise AssertionError('a host that left the group goes on')
        except (OSError, EOFError, nvme.Terminated, nvme.Status):
            pass
    cli('group', 'add', 'lab', C)
    queues[C].wait(events[C])
    time.sleep(0.2)
    queues[A].keep_alive()
    assert events[A] not in queues[A].done, 'nothing changed for the one that stayed'
    now = {x: nvme.discovery_log(q)[0] for x, q in queues.items()}
    assert now[A] == gens[A] and now[B] > gens[B] and now[C] > gens[C], (gens, now)
    assert (sees(A), sees(B), sees(C)) == ([NQN], [], [NQN])


def test_a_restart_changes_nothing():
    before = [nvme.discovery_log(discovery(x)) for x in (A, B, C)], api.ok('GET', '/groups/lab')
    daemon.kill()
    daemon.start()
    assert ([nvme.discovery_log(discovery(x)) for x in (A, B, C)], api.ok('GET', '/groups/lab')) == before


def test_the_document_has_groups_and_takes_them_back():
    document = api.ok('GET', '/config')
    assert document['groups'] == [{'name': 'lab', 'description': None, 'path_policy': None, 'max_paths': None, 'members': [A, C]}], document['groups']
    assert api.ok('PUT', '/config?prune=true', document)['changes'] == []
    document['groups'][0]['members'] = [A, B]
    diff = api.ok('PUT', '/config?dry_run=true&prune=true', document)
    assert [(c['kind'], c['id'], list(c['members'])) for c in diff['changes']] == [('group', 'lab', ['members'])], diff
    logs = {h['host_nqn']: (len(h['gains']), len(h['loses'])) for h in diff['hosts']}
    assert logs == {B: (1, 0), C: (0, 1)}, diff
    grown = api.ok('PUT', '/config', document)
    assert {'kind': 'group', 'id': 'lab', 'member': 'members'} in grown['kept'], grown
    assert sorted(api.ok('GET', '/groups/lab')['members']) == [A, B, C]
    api.ok('PUT', '/config?prune=true', document)
    assert sorted(api.ok('GET', '/groups/lab')['members']) == [A, B]


def test_a_volume_is_published_to_a_group():
    volume = api.ok('POST', '/publish', {'name': 'vol', 'size': MIB, 'host_nqn': 'group:lab'})
    assert volume['nqn'] in sees(A) and volume['nqn'] in sees(B) and volume['nqn'] not in sees(C)
    assert api('DELETE', '/publish/vol?host_nqn=group:lab')[0] == 204
    assert volume['nqn'] not in sees(A)
    assert api('DELETE', '/publish/vol')[0] == 204
    api.problem(422, 'POST', '/publish', {'name': 'vol', 'size': MIB, 'host_nqn': 'group:none'}, field='host_nqn')


def test_a_group_in_use_names_its_users_and_goes_by_force():
    referral = api.ok('POST', '/referrals', {'traddr': '192.0.2.9', 'hosts': ['group:lab']})
    users = [NQN, f'namespace 2 of {NQN}', f'referral {referral["id"]}']
    assert api.ok('GET', '/groups')['items'][0]['used_by'] == users
    assert api.problem(409, 'DELETE', '/groups/lab')['users'] == users
    assert cli('group', 'list')[0]['name'] == 'lab'
    cli('group', 'delete', 'lab', expect=5)
    cli('group', 'delete', 'lab', '--force')
    assert (sees(A), sees(B)) == ([], [])
    assert api.ok('GET', f'/subsystems/{NQN}')['hosts'] == []
    assert api.ok('GET', f'/referrals/{referral["id"]}')['hosts'] == []
    assert cli('group', 'create', 'empty', '--description', 'none yet')['members'] == []


if __name__ == '__main__':
    with daemon:
        pharos.run(globals())
