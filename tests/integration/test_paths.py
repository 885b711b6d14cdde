#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Path policies: which portals a host is told, in which order, and who is told of it when that changes."""
import json
import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / 'lib'))
import nvmetcp as nvme  # noqa: E402
import openapi  # noqa: E402
import pharos  # noqa: E402

NQN = 'nqn.2026-11.example:vol'
A, B = (f'nqn.2026-11.example:host-{x}' for x in 'ab')

daemon = pharos.Discoveryd('--all-subsystems')
api = openapi.Api(daemon)
portals = {}  # address -> id


def discovery(hostnqn, source='127.0.0.1'):
    host, port = daemon.listen.rsplit(':', 1)
    queue = nvme.Queue(host.strip('[]'), int(port), source=source)
    queue.connect(nvme.DISCOVERY, hostnqn, kato=30000)
    queue.enable()
    queue.run(nvme.sqe(nvme.ADMIN['set_features'], cdw10=0x0b, cdw11=1 << 31))
    return queue


def told(hostnqn, source='127.0.0.1', lsp=0):
    """The addresses at which a host that asks from there is told the subsystem, in order."""
    return [e['traddr'] for e in nvme.discovery_log(discovery(hostnqn, source), lsp=lsp)[1] if e['subnqn'] == NQN]


def cli(*args, expect=0):
    run = subprocess.run([pharos.program('cli/pharos'), '--api', f'http://{daemon.api}', '--json', *args], capture_output=True, text=True,
                         timeout=30)
    assert run.returncode == expect, run
    return json.loads(run.stdout) if run.stdout else None


def test_by_default_all_are_told_as_they_were_made():
    worker = api.ok('GET', '/workers')['items'][0]['id']
    for address in ('127.0.9.1', '127.0.0.7', '127.0.0.1', '127.0.8.1'):
        portals[address] = api.ok('POST', '/portals', {'traddr': address, 'trsvcid': pharos.free_port(), 'worker': worker})['id']
    made = api.ok('POST', '/subsystems', {'nqn': NQN, 'allow_any_host': True, 'worker': worker, 'portals': list(portals.values())})
    assert (made['path_policy'], made['max_paths']) == ('all', None), made
    assert told(A) == list(portals)


def test_local_first_goes_by_where_the_host_asks_from():
    cli('subsystem', 'set', NQN, '--path-policy', 'local_first')
    assert api.ok('GET', f'/subsystems/{NQN}')['path_policy'] == 'local_first'
    assert told(A)[:2] == ['127.0.0.1', '127.0.0.7']
    assert told(A, '127.0.0.7')[:2] == ['127.0.0.7', '127.0.0.1']
    assert told(A, '127.0.8.1')[0] == '127.0.8.1'
    assert told(A, '127.0.9.200')[0] == '127.0.9.1'
    assert sorted(told(A, '127.0.5.1')) == sorted(portals)


def test_max_paths_cuts_and_the_next_one_takes_the_place():
    cli('subsystem', 'set', NQN, '--path-policy', 'spread', '--max-paths', '2')
    first = told(A)
    assert len(first) == 2
    assert told(A, '127.0.8.1') == first, 'wherever it asks from'
    assert sorted(told(A, lsp=4)) == sorted(portals), 'who asks for all subsystems is told all of them'
    assert len({tuple(told(f'nqn.2026-11.example:h{i}')) for i in range(24)}) > 4
    rest = api.ok('GET', f'/subsystems/{NQN}')['portals']
    api.ok('PATCH', f'/subsystems/{NQN}', {'portals': [p for p in rest if p != portals[first[0]]]})
    assert told(A)[0] == first[1] and len(told(A)) == 2
    api.ok('PATCH', f'/subsystems/{NQN}', {'portals': rest})
    assert told(A) == first
    cli('subsystem', 'set', NQN, '--path-policy', 'all', '--no-max-paths')
    assert told(A) == list(portals)


def test_a_group_goes_before_and_only_its_hosts_are_told_of_the_change():
    made = cli('group', 'create', 'near', '--member', A, '--max-paths', '4')
    assert (made['path_policy'], made['max_paths']) == (None, 4), made
    queues = {x: discovery(x) for x in (A, B)}
    gens = {x: nvme.discovery_log(q)[0] for x, q in queues.items()}
    events = {x: q.aer() for x, q in queues.items()}
    diff = api.ok('PATCH', '/groups/near?dry_run=true', {'max_paths': 1})
    assert [(h['host_nqn'], len(h['gains']), len(h['loses'])) for h in diff['hosts']] == [(A, 0, 3)], diff
    cli('group', 'set', 'near', '--max-paths', '1')
    queues[A].wait(events[A])
    queues[B].keep_alive()
    assert events[B] not in queues[B].done
    now = {x: nvme.discovery_log(q)[0] for x, q in queues.items()}
    assert now[A] > gens[A] and now[B] == gens[B], (gens, now)
    assert told(A) == ['127.0.9.1'] and told(B) == list(portals)
    assert nvme.Host('127.0.8.1', int(api.ok('GET', f'/portals/{portals["127.0.8.1"]}')['trsvcid']), NQN, A), 'a policy forbids nothing'


def test_a_restart_and_the_document_keep_it():
    api.ok('PATCH', f'/subsystems/{NQN}', {'path_policy': 'spread', 'max_paths': 3})
    before = told(A), told(B)
    daemon.kill()
    daemon.start()
    assert (told(A), told(B)) == before
    document = api.ok('GET', '/config')
    assert (document['subsystems'][0]['path_policy'], document['subsystems'][0]['max_paths']) == ('spread', 3)
    assert (document['groups'][0]['path_policy'], document['groups'][0]['max_paths']) == (None, 1)
    document['groups'][0]['max_paths'] = None
    api.ok('PUT', '/config', document)
    assert len(told(A)) == 3


def test_what_is_wrong_is_named():
    api.problem(422, 'PATCH', f'/subsystems/{NQN}', {'path_policy': 'near'}, field='path_policy')
    api.problem(422, 'PATCH', f'/subsystems/{NQN}', {'max_paths': 0}, field='max_paths')
    api.problem(422, 'PATCH', '/groups/near', {'max_paths': 1025}, field='max_paths')
    assert api.ok('PATCH', f'/subsystems/{NQN}', {'path_policy': None, 'max_paths': None})['path_policy'] == 'all'


if __name__ == '__main__':
    with daemon:
        pharos.run(globals())
