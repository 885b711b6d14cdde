#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Who changed what: a record for each change with what was before, stored with it, also of what is no object; requests that are sent again."""
import concurrent.futures
import json
import os
import pathlib
import signal
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / 'lib'))
import openapi  # noqa: E402
import pharos  # noqa: E402

NQN = 'nqn.2026-11.example:audit'
HOST = NQN + ':host'
MIB = 1 << 20

daemon = pharos.Discoveryd()
api = openapi.Api(daemon)


def last():
    return api.ok('GET', '/audit')['next']


def since(number, query=''):
    return api.ok('GET', f'/audit?since={number}&limit=1000{query}')['items']


def once(key):
    return {'Idempotency-Key': key}


def test_each_change_has_its_record_with_what_was_before():
    before = last()
    api.ok('POST', '/subsystems', {'nqn': NQN, 'label': 'a', 'hosts': [HOST]})
    api.ok('PATCH', f'/subsystems/{NQN}', {'label': 'b'})
    api.ok('PUT', f'/hosts/{HOST}', {'name': 'rack 1'})
    assert api('DELETE', f'/subsystems/{NQN}')[0] == 204
    created, patched, put, deleted = since(before)
    assert [r['operation'] for r in (created, patched, put, deleted)] == ['createSubsystem', 'patchSubsystem', 'putHost', 'deleteSubsystem']
    assert [(c['action'], c['kind'], c['id']) for c in created['changes']] == [('create', 'subsystem', NQN), ('create', 'host', HOST)], created
    assert created['user'] == 'local' and created['address'].startswith('127.0.0.1:') and created['path'] == '/api/v1/subsystems', created
    assert patched['changes'] == [{'action': 'change', 'kind': 'subsystem', 'id': NQN, 'members': {'label': {'from': 'a', 'to': 'b'}}}], patched
    assert put['changes'][0]['members'] == {'name': {'from': '', 'to': 'rack 1'}}, put
    assert deleted['changes'][0]['object']['label'] == 'b' and deleted['changes'][0]['action'] == 'delete', deleted
    line = [json.loads(line) for line in daemon.log().splitlines() if '"event":"audit"' in line][-1]
    assert (line['id'], line['user'], line['operation']) == (str(deleted['id']), 'local', 'deleteSubsystem') and NQN in line['changes'], line


def test_what_changes_nothing_has_none():
    before = last()
    api.ok('PUT', f'/hosts/{HOST}', {'name': 'rack 1'})
    api.ok('PATCH', f'/hosts/{HOST}', {})
    api.ok('PATCH', f'/hosts/{HOST}?dry_run=true', {'name': 'x'})
    api.problem(422, 'PATCH', f'/hosts/{HOST}', {'name': 7})
    api.problem(404, 'DELETE', '/hosts/nqn.2026-11.example:none')
    api.problem(409, 'POST', '/hosts', {'nqn': HOST})
    assert since(before) == []


def test_what_is_no_object_has_one_too():
    before = last()
    api.ok('PATCH', '/logs/discoveryd', {'level': 'info'})
    api.ok('PUT', '/config', {'hosts': [{'nqn': NQN + ':conf'}]})
    api.ok('POST', '/publish', {'name': 'aud', 'size': MIB, 'host_nqn': HOST})
    logs, config, publish = since(before)
    assert (logs['operation'], logs['changes']) == ('patchLog', []), logs
    assert [c['id'] for c in config['changes']] == [NQN + ':conf'] and len(publish['changes']) == 2, (config, publish)


def test_records_are_found():
    before = last()
    api.ok('POST', '/subsystems', {'nqn': NQN + '2'})
    api.ok('POST', f'/subsystems/{NQN}2/namespaces', {'size': MIB})
    api.ok('POST', '/hosts', {'nqn': NQN + ':h2'})
    assert [r['operation'] for r in since(before, f'&object={NQN}2')] == ['createSubsystem', 'createNamespace']
    assert [r['operation'] for r in since(before, '&kind=namespace')] == ['createNamespace']
    assert [r['operation'] for r in since(before, '&operation=*Host&user=local')] == ['createHost']
    assert [r['operation'] for r in api.ok('GET', '/audit?sort=-id&limit=2')['items']] == ['createHost', 'createNamespace']
    (newest,) = api.ok('GET', '/audit?limit=1')['items']
    assert newest['operation'] == 'createHost' and api.ok('GET', f'/audit/{newest["id"]}') == newest
    api.problem(404, 'GET', f'/audit/{newest["id"] + 1}', field='id')


def test_records_outlive_a_crash_with_their_changes():
    api.ok('POST', '/hosts', {'nqn': NQN + ':crash'})
    before = api.ok('GET', '/audit?limit=1000')
    daemon.kill()
    daemon.start()
    after = api.ok('GET', '/audit?limit=1000')
    assert after == before and after['items'][-1]['changes'][0]['id'] == NQN + ':crash'
    api.ok('POST', '/hosts', {'nqn': NQN + ':crash2'})
    assert api.ok('GET', '/audit')['next'] == before['next'] + 1


def test_a_request_that_is_sent_again_makes_one():
    path = f'/subsystems/{NQN}2/namespaces'
    first = api('POST', path, {'size': 3 * MIB}, once('one'))
    again = api('POST', path, {'size': 3 * MIB}, once('one'))
    assert first[0] == again[0] == 201 and first[2]['nsid'] == again[2]['nsid'] and again[1]['Idempotency-Replayed'] == 'true', again
    assert first[1]['Location'] == again[1]['Location'] and 'Idempotency-Replayed' not in first[1]
    other = api('POST', path, {'size': 3 * MIB}, once('two'))
    assert other[2]['nsid'] == first[2]['nsid'] + 1
    daemon.kill()
    daemon.start()
    assert api('POST', path, {'size': 3 * MIB}, once('one'))[2]['nsid'] == first[2]['nsid'], 'a restart forgets no key'
    api.problem(422, 'POST', path, {'size': 4 * MIB}, once('one'), 'Idempotency-Key')
    api.problem(422, 'POST', '/hosts', {'nqn': NQN + ':k'}, once('one'), 'Idempotency-Key')
    api.problem(400, 'POST', '/hosts', {'nqn': NQN + ':k'}, once('x' * 200), 'Idempotency-Key')
    assert api('DELETE', f'{path}/{first[2]["nsid"]}')[0] == 204
    api.problem(404, 'POST', path, {'size': 3 * MIB}, once('one'))


def test_of_requests_with_one_key_at_the_same_time_one_is_done():
    pid = daemon.workers()[0]
    os.kill(pid, signal.SIGSTOP)
    try:
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            ask = lambda _: daemon.http('POST', f'/api/v1/subsystems/{NQN}2/namespaces?wait=2', {'size': MIB}, {**once('many'), 'Content-Type': 'application/json'})  # noqa: E731
            answers = list(pool.map(ask, range(8)))
    finally:
        os.kill(pid, signal.SIGCONT)
    made = {a[2]['nsid'] for a in answers if a[0] == 201}
    assert len(made) == 1 and {a[0] for a in answers} <= {201, 409}, [(a[0], a[2]) for a in answers]


def test_a_long_change_is_cut():
    before = last()
    api.ok('PUT', '/config', {'hosts': [{'nqn': f'{NQN}:many{i}', 'name': 'x' * 200} for i in range(200)]})
    record, = since(before)
    assert 10 < len(record['changes']) < 200 and record['changes'][-1] == {'more': 201 - len(record['changes'])}, record['changes'][-1]


if __name__ == '__main__':
    daemon.start()
    try:
        pharos.run(globals())
    finally:
        daemon.stop()
