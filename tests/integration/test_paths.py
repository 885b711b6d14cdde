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


def explain(hostnqn, **query):
    text = ''.join(f'&{k}={v}' for k, v in query.items())
    return api.ok('GET', f'/discovery/explain?host_nqn={hostnqn}{text}')


def test_explain_says_what_the_log_says_and_why():
    api.ok('POST', '/referrals', {'traddr': '192.0.2.50', 'hosts': [B]})
    api.ok('POST', '/subsystems', {'nqn': NQN + '-hidden', 'hosts': ['group:near'], 'max_paths': 2})
    api.ok('PATCH', '/groups/near', {'path_policy': 'local_first'})
    for host in (A, B, 'nqn.2026-11.example:stranger'):
        for via, source in (('127.0.0.1', '127.0.0.1'), ('127.0.0.1', '127.0.8.1')):
            entries = nvme.discovery_log(discovery(host, source))[1][1:]
            answer = explain(host, **{'via': via, 'from': source})
            shown = [r for r in answer['items'] if r['shown']]
            assert [(e['subnqn'], e['traddr'], e['trsvcid']) for e in entries] == [(r['nqn'], r['traddr'], r['trsvcid']) for r in shown], answer
            assert [r['order'] for r in shown] == list(range(1, len(shown) + 1))
            log = api.ok('GET', f'/discovery-log?host_nqn={host}&via={via}&from={source}')
            assert [(e['subnqn'], e['traddr']) for e in log['records'][1:]] == [(r['nqn'], r['traddr']) for r in shown]
            assert {m['nqn'] for m in log['missing']} == {r['nqn'] for r in answer['items'] if 'portal' in r} - {r['nqn'] for r in shown}
    hidden = explain(A, nqn=NQN + '-hidden')['items']
    assert [r['rule'] for r in hidden if r['shown']] == ['allowed_group'] * 2, hidden
    assert {r['rule'] for r in hidden if not r['shown']} == {'max_paths'}, hidden
    assert all(r['allowed_by'] == 'group:near' and (r['path_policy'], r['path_policy_of']) == ('local_first', 'near') and
               (r['max_paths'], r['max_paths_of']) == (2, None) for r in hidden), hidden
    assert {r['rule'] for r in explain(B, nqn=NQN + '-hidden')['items']} == {'not_allowed'}
    own = [r for r in explain(B, nqn=NQN)['items'] if not r['shown']]
    assert 'not_listed' in {r['rule'] for r in own}, own
    far = explain(A, via='192.0.2.1', nqn=NQN)['items']
    assert {r['rule'] for r in far} <= {'loopback_portal', 'not_listed', 'any_host'} and not any(r['shown'] for r in far), far
    assert (explain(A)['state'], explain(A)['groups'], explain('nqn.2026-11.example:nobody')['state']) == ('admitted', ['near'], 'unknown')
    stranger = explain('nqn.2026-11.example:stranger', nqn=NQN + '-hidden')
    assert stranger['state'] == 'waiting' and all('waits to be admitted' in r['detail'] for r in stranger['items']), stranger
    assert [r['rule'] for r in explain(A)['items'] if 'referral' in r] == ['not_for_host']
    local = explain(B, port_local='true', via='127.0.8.1', nqn=NQN)['items']
    assert [r['traddr'] for r in local if r['shown']] == ['127.0.8.1'], local
    assert 'not_port_local' in {r['rule'] for r in local}
    few = explain(B, limit=1)
    assert len(few['items']) == 1 and few['more']
    assert cli('discovery', 'explain', '--host', A, '--subsystem', NQN + '-hidden')['items'] == hidden
    api.problem(400, 'GET', '/discovery/explain', field='host_nqn')
    api.problem(400, 'GET', f'/discovery/explain?host_nqn={A}&limit=0', field='limit')


def test_what_is_wrong_is_named():
    api.problem(422, 'PATCH', f'/subsystems/{NQN}', {'path_policy': 'near'}, field='path_policy')
    api.problem(422, 'PATCH', f'/subsystems/{NQN}', {'max_paths': 0}, field='max_paths')
    api.problem(422, 'PATCH', '/groups/near', {'max_paths': 1025}, field='max_paths')
    assert api.ok('PATCH', f'/subsystems/{NQN}', {'path_policy': None, 'max_paths': None})['path_policy'] == 'all'


if __name__ == '__main__':
    with daemon:
        pharos.run(globals())
