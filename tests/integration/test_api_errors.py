#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Bad input to the API: each a problem with the right status and field, and nothing half-applied."""
import concurrent.futures
import gzip
import http.client
import json
import os
import pathlib
import random
import re
import signal
import socket
import sys
import tempfile
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / 'lib'))
import openapi  # noqa: E402
import pharos  # noqa: E402

NQN = 'nqn.2026-11.example:errors'
SUBSYSTEM = f'/subsystems/{NQN}'
NAMESPACES = SUBSYSTEM + '/namespaces'
MIB = 1 << 20
JSON = {'Content-Type': 'application/json'}

daemon = pharos.Discoveryd('--api-host', 'storage.lab.example')
api = openapi.Api(daemon)


def everything():
    """All that is desired; what it was before a refusal it must be after it."""
    found = {kind: api.ok('GET', f'/{kind}?limit=1000')['items'] for kind in ('subsystems', 'hosts', 'portals')}
    found['namespaces'] = [ns for s in found['subsystems'] for ns in api.ok('GET', f'/subsystems/{openapi.encode(s["nqn"])}/namespaces')['items']]
    for item in sum(found.values(), []):
        item.pop('status', None)  # its generation counts what was taken back, too
    return json.dumps(found, sort_keys=True)


def refused(rows, method, path):
    """rows: (body, status, field)"""
    before = everything()
    for body, status, field in rows:
        problem = api.problem(status, method, path, body)
        assert field is None or openapi.fault(problem).get('field') == field, (body, problem)
        assert len(problem['detail']) > 8, problem
    assert everything() == before


slow = {}


def drip():
    """A client that sends a byte a second and so is never silent."""
    host, port = daemon.api.rsplit(':', 1)
    began = time.monotonic()
    with socket.create_connection((host, int(port))) as s:
        try:
            for byte in b'GET /api/v1/version HTTP/1.1\r\nHost: localhost\r\nX-Padding: ' + b'x' * 60:
                s.sendall(bytes([byte]))
                time.sleep(1)
        except OSError:
            slow['closed after'] = time.monotonic() - began


def test_setup():
    threading.Thread(target=drip, daemon=True).start()
    api.ok('POST', '/subsystems', {'nqn': NQN})
    api.ok('POST', NAMESPACES, {'size': MIB})


def test_bodies_that_are_not_json_objects():
    for body in '', '{', '{"nqn":}', '[]', '"x"', 'null', '{"nqn":"a"} x', "{'nqn':1}", '{"nqn":NaN}', '\xff', '{"a":' * 100 + '1' + '}' * 100:
        problem = api.problem(422 if body == '' else 400, 'POST', '/subsystems', body, JSON)
        assert problem['detail'], problem
    api.problem(413, 'POST', '/subsystems', ' ' * (MIB + 1), JSON)
    api.problem(415, 'POST', '/subsystems', '{}', {'Content-Type': 'text/plain'}, 'Content-Type')
    api.problem(415, 'POST', '/subsystems', '{}', {'Content-Type': 'application/x-www-form-urlencoded'}, 'Content-Type')


def test_subsystems():
    long = 'nqn.2026-11.example:' + 'x' * 204
    refused([
        ({}, 422, 'nqn'), ({'nqn': None}, 422, 'nqn'), ({'nqn': 5}, 422, 'nqn'), ({'nqn': ''}, 422, 'nqn'), ({'nqn': 'demo'}, 422, 'nqn'),
        ({'nqn': 'nqn.2026.example:x'}, 422, 'nqn'), ({'nqn': 'nqn.2026-11.'}, 422, 'nqn'), ({'nqn': long}, 422, 'nqn'),
        ({'nqn': 'nqn.2026-11.example:a b'}, 422, 'nqn'), ({'nqn': 'nqn.2026-11.example:a\n'}, 422, 'nqn'), ({'nqn': 'nqn.2026-11.example:\0x'}, 422, 'nqn'),
        ({'nqn': 'nqn.2014-08.org.nvmexpress.discovery'}, 422, 'nqn'),
        ({'nqn': NQN}, 409, 'nqn'),
        ({'nqn': NQN + '2', 'name': 'x'}, 422, 'name'), ({'nqn': NQN + '2', 'serial': 'x' * 21}, 422, 'serial'),
        ({'nqn': NQN + '2', 'model': 'x' * 41}, 422, 'model'), ({'nqn': NQN + '2', 'serial': 'ä'}, 422, 'serial'),
        ({'nqn': NQN + '2', 'allow_any_host': 'yes'}, 422, 'allow_any_host'), ({'nqn': NQN + '2', 'hosts': 'x'}, 422, 'hosts'),
        ({'nqn': NQN + '2', 'hosts': [1]}, 422, 'hosts[0]'), ({'nqn': NQN + '2', 'hosts': [NQN, 'bad']}, 422, 'hosts[1]'),
        ({'nqn': NQN + '2', 'portals': ['none']}, 422, 'portals[0]'), ({'nqn': NQN + '2', 'worker': 'none'}, 422, 'worker'),
    ], 'POST', '/subsystems')
    refused([({'nqn': NQN + '3'}, 422, 'nqn'), ({'serial': 'x'}, 422, 'serial'), ({'allow_any_host': 1}, 422, 'allow_any_host'),
             ({'portals': ['none']}, 422, 'portals[0]')], 'PATCH', SUBSYSTEM)
    api.problem(404, 'GET', f'/subsystems/{NQN}none', field='nqn')
    api.problem(404, 'PATCH', f'/subsystems/{NQN}none', {}, field='nqn')
    api.problem(404, 'DELETE', f'/subsystems/{NQN}none', field='nqn')


def test_a_problem_says_what_was_given_and_what_would_do():
    problem = api.problem(422, 'POST', NAMESPACES, {'size': MIB, 'backend': 'tape'}, field='backend')
    assert problem['errors'][0]['value'] == 'tape' and 'ram' in problem['errors'][0]['valid'] and problem['title'], problem
    new = {'nqn': NQN + ':other'}
    for path, body, field, valid in (
            ('/subsystems', {**new, 'worker': 'w9'}, 'worker', 'w1'), ('/subsystems', {**new, 'portals': ['p9']}, 'portals[0]', 'io1'),
            ('/subsystems', {**new, 'hosts': ['group:none']}, 'hosts[0]', 'none is there'), ('/tokens', {'user': 'x'}, 'user', 'none is there'),
            ('/portals', {'traddr': '300.1.1.1'}, 'traddr', 'an IPv4 or IPv6 address'), ('/portals', {}, 'traddr', 'an IPv4 or IPv6 address'),
            ('/ana-groups', {'states': {'p9': 'optimized'}}, 'states.p9', 'io1'), ('/users', {'name': 'x'}, 'role', 'viewer, operator, admin'),
            ('/groups', {'name': 'a b'}, 'name', "1 to 63 letters, digits, '.', '_' and '-'"), ('/groups', {'name': 'g', 'members': ['x']}, 'members[0]', 'nqn.'),
            ('/zoning/activate', {'groups': ['x']}, 'groups[0]', 'none is there'), (NAMESPACES, {'size': MIB, 'ana_group': 7}, 'ana_group', 'number'),
            (NAMESPACES, {'path': 'here'}, 'path', 'absolute path'), ('/zoning/activate', {'groups': 1}, 'groups', 'an array')):
        fault = openapi.fault(api.problem(422, 'POST', path, body, field=field))
        assert valid in fault['valid'], fault


def test_namespaces():
    refused([
        ({}, 422, 'size'), ({'size': 0}, 422, 'size'), ({'size': -1}, 422, 'size'), ({'size': 1000}, 422, 'size'), ({'size': 'big'}, 422, 'size'),
        ({'size': '1.5XB'}, 422, 'size'), ({'size': 1.5}, 422, 'size'), ({'size': True}, 422, 'size'), ({'size': '99999999999999999999G'}, 422, 'size'),
        ({'size': MIB, 'backend': 'tape'}, 422, 'backend'), ({'size': MIB, 'block_size': 1000}, 422, 'block_size'), ({'size': MIB, 'block_size': 1024}, 422, 'block_size'),
        ({'size': MIB + 512, 'block_size': 4096}, 422, 'size'),
        ({'size': MIB, 'nsid': 0}, 422, 'nsid'), ({'size': MIB, 'nsid': 8193}, 422, 'nsid'), ({'size': MIB, 'nsid': 4294967295}, 422, 'nsid'),
        ({'size': MIB, 'nsid': 1}, 409, 'nsid'), ({'size': MIB, 'uuid': 'x'}, 422, 'uuid'), ({'size': MIB, 'nguid': 'zz' * 16}, 422, 'nguid'),
        ({'size': MIB, 'eui64': '1'}, 422, 'eui64'), ({'size': MIB, 'nsids': 2}, 422, 'nsids'), ({'size': MIB, 'hosts': ['bad']}, 422, 'hosts[0]'),
        ({'size': MIB, 'backend': 'file'}, 422, 'path'), ({'size': MIB, 'backend': 'ram', 'path': '/tmp/x'}, 422, 'path'),
        ({'size': MIB, 'path': 'relative'}, 422, 'path'),
    ], 'POST', NAMESPACES)
    uuid = api.ok('GET', NAMESPACES + '/1')['uuid']
    refused([({'size': MIB, 'uuid': uuid}, 409, 'uuid')], 'POST', NAMESPACES)
    refused([({'size': 'x'}, 422, 'size'), ({'nsid': 2}, 422, 'nsid'), ({'backend': 'null'}, 422, 'backend')], 'PATCH', NAMESPACES + '/1')
    for nsid in '2', '0', 'x', '-1', '1e0', '4294967297':
        api.problem(404, 'GET', f'{NAMESPACES}/{nsid}', field='nsid')
    api.problem(404, 'POST', f'/subsystems/{NQN}none/namespaces', {'size': MIB}, field='nqn')


def test_more_ram_than_the_machine_has():
    before = everything()
    status, _, problem = api('POST', NAMESPACES, {'size': '1PiB'})
    assert status in (422, 507) and openapi.fault(problem)['field'] == 'size', (status, problem)
    assert everything() == before


def test_files():
    with tempfile.TemporaryDirectory() as folder:
        small, used, odd = (os.path.join(folder, name) for name in ('small', 'used', 'odd'))
        for name, size in (small, MIB), (used, MIB), (odd, 1000):
            with open(name, 'wb') as f:
                f.truncate(size)
        made = api.ok('POST', NAMESPACES, {'path': used})
        refused([
            ({'path': folder + '/none'}, 422, 'path'), ({'path': folder + '/none', 'size': MIB}, 422, 'path'), ({'path': folder}, 422, 'path'),
            ({'path': folder, 'size': MIB}, 422, 'path'), ({'path': '/dev/null', 'size': MIB}, 422, 'path'),
            ({'path': small, 'size': 2 * MIB}, 422, None), ({'path': '/' + 'x/' * 3000}, 422, 'path'),
        ], 'POST', NAMESPACES)
        before = everything()
        status, _, problem = api('POST', NAMESPACES, {'path': used})
        assert status in (409, 422) and openapi.fault(problem)['field'] == 'path', (status, problem)
        os.link(used, folder + '/hardlink')
        status, _, problem = api('POST', NAMESPACES, {'path': folder + '/hardlink'})
        assert status in (409, 422) and openapi.fault(problem)['field'] == 'path', (status, problem)
        assert everything() == before
        assert api('DELETE', f'{NAMESPACES}/{made["nsid"]}')[0] == 204


def test_hosts():
    api.ok('POST', '/hosts', {'nqn': NQN + ':h'})
    refused([({'nqn': NQN + ':h'}, 409, 'nqn'), ({'nqn': 'x'}, 422, 'nqn'), ({}, 422, 'nqn'), ({'nqn': NQN + ':i', 'key': 'x'}, 422, 'key'),
             ({'nqn': NQN + ':i', 'name': 'x' * 256}, 422, 'name')], 'POST', '/hosts')
    api.problem(422, 'PUT', SUBSYSTEM + '/hosts/bad', field='host_nqn')
    api.problem(404, 'PUT', f'/subsystems/{NQN}none/hosts/{NQN}:h', field='nqn')
    api.problem(404, 'PUT', f'{NAMESPACES}/99/hosts/{NQN}:h', field='nsid')


def test_portals():
    portal = api.ok('GET', '/portals')['items'][0]
    with socket.socket() as busy:
        busy.bind(('127.0.0.1', 0))
        busy.listen()
        refused([
            ({}, 422, 'traddr'), ({'traddr': 'host.example'}, 422, 'traddr'), ({'traddr': '127.0.0.256'}, 422, 'traddr'), ({'traddr': '127.0.0.1', 'trsvcid': 0}, 422, 'trsvcid'),
            ({'traddr': '127.0.0.1', 'trsvcid': '65536'}, 422, 'trsvcid'), ({'traddr': '127.0.0.1', 'trsvcid': 'nvme'}, 422, 'trsvcid'),
            ({'traddr': '127.0.0.1', 'trtype': 'rdma'}, 422, 'trtype'), ({'traddr': '127.0.0.1', 'adrfam': 'ipv6'}, 422, 'adrfam'),
            ({'traddr': '127.0.0.1', 'trsvcid': 1, 'id': 'a/b'}, 422, 'id'), ({'traddr': '127.0.0.1', 'trsvcid': 1, 'id': portal['id']}, 409, 'id'),
            ({'traddr': '127.0.0.1', 'trsvcid': 1, 'portid': portal['portid']}, 409, 'portid'), ({'traddr': '127.0.0.1', 'trsvcid': 1, 'portid': 65535}, 422, 'portid'),
            ({'traddr': '127.0.0.1', 'trsvcid': 1, 'worker': 'none'}, 422, 'worker'), ({'traddr': '127.0.0.1', 'trsvcid': 1, 'advertise': 'x y'}, 422, 'advertise'),
        ], 'POST', '/portals')
        before = everything()
        for body in {'traddr': portal['traddr'], 'trsvcid': portal['trsvcid']}, {'traddr': '127.0.0.1', 'trsvcid': busy.getsockname()[1]}, {'traddr': '192.0.2.7', 'trsvcid': 4420}:
            status, _, problem = api('POST', '/portals', body)
            assert status in (409, 422) and problem['detail'], (body, status, problem)
        assert everything() == before
    api.problem(404, 'GET', '/portals/none', field='id')
    status, _, problem = api('DELETE', f"/portals/{portal['id']}")
    assert status == 409 and NQN in problem['detail'], ('the last portal of subsystems that are served on all', status, problem)


def test_workers():
    worker = api.ok('GET', '/workers')['items'][0]['id']
    refused([({'id': worker}, 409, 'id'), ({'id': 'a b'}, 422, 'id'), ({'reactors': 5000}, 422, 'reactors'), ({'reactors': -1}, 422, 'reactors'), ({'cpu_list': 'x'}, 422, 'cpu_list')],
            'POST', '/workers')
    assert [w['id'] for w in api.ok('GET', '/workers')['items']] == [worker]
    api.problem(404, 'GET', '/workers/none', field='id')
    api.problem(404, 'GET', '/nodes/none', field='id')


def test_queries():
    for path, field in (('/subsystems?limit=0', 'limit'), ('/subsystems?limit=1001', 'limit'), ('/subsystems?limit=x', 'limit'), ('/subsystems?limt=1', 'limt'), ('/subsystems?limit=1&limit=2', 'limit'),
                        ('/events?since=-1', 'since'), ('/discovery-log', 'host_nqn'), ('/discovery-log?host_nqn=x', 'host_nqn'), (f'/discovery-log?host_nqn={NQN}&via=x', 'via'),
                        ('/health?x', 'x')):
        api.problem(400, 'GET', path, field=field)
    for query, field in (('wait=x', 'wait'), ('wait=31', 'wait'), ('wait=-1', 'wait'), ('wait=nan', 'wait'), ('force=maybe', 'force'), ('now', 'now')):
        api.problem(400, 'DELETE', f'{SUBSYSTEM}?{query}', field=field)
    api.problem(400, 'GET', '/subsystems/%zz')
    api.problem(400, 'GET', '/subsystems/a%00b')
    api.problem(404, 'GET', '/nothing')
    api.problem(404, 'GET', '/subsystems/')


def test_methods():
    for method, path, allow in (('PUT', '/subsystems', 'GET, HEAD, POST'), ('POST', SUBSYSTEM, 'GET, HEAD, PUT, PATCH, DELETE'), ('DELETE', '/health', 'GET, HEAD'), ('GET', '/shutdown', 'POST')):
        status, headers, _ = api(method, path, None, JSON)
        assert (status, headers['Allow']) == (405, allow), (method, path, status, headers['Allow'])


def test_foreign_pages_are_refused():
    for headers, status in (({'Host': 'evil.example'}, 421), ({'Origin': 'http://evil.example'}, 403), ({'Origin': 'null'}, 403), ({'Sec-Fetch-Site': 'cross-site'}, 403)):
        for method, path, body in ('GET', '/subsystems', None), ('POST', '/subsystems', {'nqn': NQN + '-evil'}), ('DELETE', SUBSYSTEM + '?force=true', None):
            got, answered, problem = api(method, path, body, headers)
            assert got == status, (headers, method, got, problem)
            assert not [name for name in answered if name.startswith('Access-Control')], answered
    assert api.ok('GET', SUBSYSTEM)['nqn'] == NQN
    assert api('GET', '/subsystems', None, {'Host': 'storage.lab.example'})[0] == 200, 'a configured name'
    assert api('GET', '/subsystems', None, {'Host': 'storage.lab.example:8443', 'Origin': 'https://storage.lab.example:8443'})[0] == 200
    origin = f'http://{daemon.api}'
    assert api('GET', '/subsystems', None, {'Origin': origin, 'Sec-Fetch-Site': 'same-origin'})[0] == 200


def test_answer_waits_for_the_worker_as_long_as_asked():
    pid = daemon.workers()[0]
    os.kill(pid, signal.SIGSTOP)
    try:
        for number, (query, headers, low, high) in enumerate((('', {}, 1.8, 3), ('?wait=0', {}, 0, 0.5), ('?wait=0.5', {}, 0.4, 1.3))):
            began = time.monotonic()
            status, _, made = api('POST', '/subsystems' + query, {'nqn': f'{NQN}-wait{number}'}, headers)
            took = time.monotonic() - began
            assert status == 201 and made['status']['state'] == 'pending' and made['worker'] in made['status']['reason'], made
            assert low <= took <= high, (query, headers, took)
    finally:
        os.kill(pid, signal.SIGCONT)
    for number in range(3):
        path = f'/subsystems/{NQN}-wait{number}'
        pharos.wait_for(lambda: api.ok('GET', path)['status']['state'] == 'ready', 10, 'ready once the worker goes on')
        assert api('DELETE', path)[0] == 204


def test_a_hundred_waiting_requests_do_not_hold_up_others():
    pid = daemon.workers()[0]
    os.kill(pid, signal.SIGSTOP)
    try:
        with concurrent.futures.ThreadPoolExecutor(100) as pool:
            waiting = [pool.submit(daemon.http, 'POST', '/api/v1/subsystems?wait=3', {'nqn': f'{NQN}-many{i}'}) for i in range(100)]
            time.sleep(0.5)
            began = time.monotonic()
            api.ok('GET', '/version')
            assert time.monotonic() - began < 0.5
            os.kill(pid, signal.SIGCONT)
            answers = [w.result() for w in waiting]
        assert [a[0] for a in answers] == [201] * 100
        assert all(a[2]['status']['state'] == 'ready' for a in answers), [a[2]['status'] for a in answers if a[2]['status']['state'] != 'ready'][:3]
    finally:
        os.kill(pid, signal.SIGCONT)
    for i in range(100):
        api('DELETE', f'/subsystems/{NQN}-many{i}?wait=0')


def test_of_many_equal_creates_one_wins():
    with concurrent.futures.ThreadPoolExecutor(20) as pool:
        statuses = sorted(a[0] for a in pool.map(lambda _: daemon.http('POST', '/api/v1/subsystems', {'nqn': NQN + '-once'}), range(20)))
    assert statuses == [201] + [409] * 19, statuses
    with concurrent.futures.ThreadPoolExecutor(20) as pool:
        made = [a[2].get('nsid') for a in pool.map(lambda _: daemon.http('POST', f'/api/v1/subsystems/{NQN}-once/namespaces', {'size': MIB}), range(20))]
    assert sorted(made) == list(range(1, 21)), made
    assert api('DELETE', f'/subsystems/{NQN}-once?force=true')[0] == 204


def test_of_many_patches_with_one_etag_one_wins():
    etag = api('GET', SUBSYSTEM)[1]['ETag']
    with concurrent.futures.ThreadPoolExecutor(10) as pool:
        ask = lambda i: daemon.http('PATCH', '/api/v1' + SUBSYSTEM, {'hosts': [f'{NQN}:p{i}']}, {'If-Match': etag})[0]  # noqa: E731
        statuses = sorted(pool.map(ask, range(10)))
    assert statuses == [200] + [412] * 9, statuses


def test_slow_clients_harm_no_other():
    host, port = daemon.api.rsplit(':', 1)
    slow = [socket.create_connection((host, int(port))) for _ in range(300)]
    for s in slow:
        s.sendall(b'POST /api/v1/subsystems HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{')
    began = time.monotonic()
    api.ok('GET', '/subsystems')
    assert time.monotonic() - began < 0.5
    for s in slow:
        s.close()


def memory():
    return int(pathlib.Path(f'/proc/{daemon.process.pid}/statm').read_text().split()[1]) * os.sysconf('SC_PAGE_SIZE')


def test_headers_that_are_too_long_or_too_many_are_refused():
    host, port = daemon.api.rsplit(':', 1)
    before = memory()
    for headers in ('X: ' + 'x' * (1 << 20) + '\r\n', ''.join(f'X-{i}: y\r\n' for i in range(50000)), 'X' * (1 << 20)):
        for _ in range(20):
            with socket.create_connection((host, int(port)), timeout=20) as s:
                try:
                    s.sendall(f'GET /api/v1/subsystems HTTP/1.1\r\nHost: localhost\r\n{headers}\r\n'.encode())
                    status = s.recv(64)[9:12]
                except OSError:
                    status = b''  # it was closed on us
                assert status in (b'', b'400', b'413', b'431'), status
    assert memory() - before < 32 << 20 and api.ok('GET', '/health')['status'] == 'ok'


def test_who_reads_no_answer_harms_no_other():
    host, port = daemon.api.rsplit(':', 1)
    before = memory()
    greedy = []
    for _ in range(100):
        s = socket.socket()
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        s.connect((host, int(port)))
        s.setblocking(False)
        for _ in range(50):
            try:
                s.send(b'GET /openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n' * 4)
            except BlockingIOError:
                break
        greedy.append(s)
    for _ in range(10):
        api.ok('GET', '/subsystems')
    assert memory() - before < 64 << 20, (before, memory())
    for s in greedy:
        s.close()
    api.ok('GET', '/subsystems')


HOSTILE = [None, True, False, 0, -1, 1, 2 ** 31, 2 ** 32, 2 ** 53 + 1, 2 ** 63, 2 ** 64 - 1, 2 ** 64, 10 ** 30, 0.5, -0.0, 1e308, '', ' ', '0', '-1', 'null', '\0', 'a\0b', '\n', '%s%n', '../../etc/passwd',
           "'; DROP TABLE subsystems; --", '\u202e', '\ud800', '💾' * 60, 'x' * 70000, 'nqn.2026-11.example:' + 'é' * 101, [], [[]], {}, {'a': {}}, [None], ['x'] * 5000, [NQN, NQN]]


def test_each_member_of_each_body_takes_hostile_values():
    """Whatever comes, the answer keeps to the contract and is not a fault of ours."""
    fixed = {'createSubsystem': {'nqn': NQN + ':f'}, 'createNamespace': {'size': MIB}, 'createHost': {'nqn': NQN + ':f'}, 'createPortal': {'traddr': '192.0.2.1'}}
    asked = 0
    for template, item in api.paths.items():
        for method, operation in item.items():
            if 'requestBody' not in operation or operation['operationId'] in ('shutdown', 'createWorker', 'putWorker', 'patchWorker'):
                continue
            path = template.removeprefix('/api/v1').replace('{nqn}', NQN).replace('{nsid}', '1').replace('{host_nqn}', NQN + ':h').replace('{id}', 'none')
            schema = api.schema.resolve(next(iter(operation['requestBody']['content'].values()))['schema'])
            for name in schema['properties']:
                for value in HOSTILE:
                    body = json.dumps({**fixed.get(operation['operationId'], {}), name: value})
                    status, headers, answer = daemon.http(method.upper(), '/api/v1' + path + '?wait=0' * any(p.get('$ref', '').endswith('/wait') for p in operation.get('parameters', [])), body)
                    asked += 1
                    assert status < 500 or status == 507, (method, path, body[:200], status, answer)
                    api.check(method.upper(), '/api/v1' + path, status, headers, answer)
                    if status == 201:
                        gone = daemon.http('DELETE', headers['Location'] + '?force=true')
                        if gone[0] == 400:  # it has no such parameter
                            gone = daemon.http('DELETE', headers['Location'])
                        assert gone[0] == 204, (headers['Location'], gone)
    print(f'# {asked} requests')
    assert asked > 500 and api.ok('GET', '/health')['status'] == 'ok'
    api.ok('PATCH', SUBSYSTEM, {'hosts': [], 'portals': None, 'allow_any_host': False})


def test_random_bytes_do_not_end_the_server():
    host, port = daemon.api.rsplit(':', 1)
    dice = random.Random(7)
    good = b'POST /api/v1/subsystems?wait=0 HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 36\r\n\r\n{"nqn":"nqn.2026-11.example:random"}'
    for _ in range(500):
        data = bytearray(good)
        for _ in range(dice.randrange(1, 8)):
            data[dice.randrange(len(data))] = dice.randrange(256)
        with socket.create_connection((host, int(port))) as s:
            s.sendall(data[:dice.randrange(1, len(data) + 1)])
            if dice.random() < 0.5:
                s.shutdown(socket.SHUT_WR)
    api.ok('GET', '/subsystems')


def test_the_dashboard_is_served_with_its_policy():
    status, headers, page = daemon.http('GET', '/')
    assert status == 200 and '<html' in page.lower() and headers['Content-Type'].startswith('text/html'), page[:100]
    assert "default-src 'none'" in headers['Content-Security-Policy'] and headers['X-Content-Type-Options'] == 'nosniff'
    assert daemon.http('GET', '/', None, {'If-None-Match': headers['ETag']})[0] == 304
    assert daemon.http('GET', '/none')[0] == 404
    assert daemon.http('GET', '/', None, {'Sec-Fetch-Site': 'cross-site'})[0] == 200, 'a link to it may stand anywhere'
    for path in ['/'] + re.findall(r'(?:src|href)="(/[^"]+)"', page):
        client = http.client.HTTPConnection(*daemon.api.rsplit(':', 1))
        client.request('GET', path, headers={'Accept-Encoding': 'gzip'})
        reply = client.getresponse()
        body = reply.read()
        client.close()
        assert reply.status == 200, (path, reply.status)
        if reply.headers['Content-Encoding'] == 'gzip':
            assert gzip.decompress(body).decode() == daemon.http('GET', path)[2] and reply.headers['Vary'] == 'Accept-Encoding', path
        lasting = 'immutable' in (reply.headers['Cache-Control'] or '')
        assert lasting == path.startswith('/assets/'), (path, reply.headers['Cache-Control'])


def test_the_contract_is_served_and_its_reference():
    status, headers, contract = daemon.http('GET', '/openapi.json')
    if status == 404 and 'carries no dashboard' in daemon.http('GET', '/')[2]:
        return
    assert status == 200 and headers['Content-Type'] == 'application/json' and contract == openapi.load(), 'it is api/openapi.yaml'
    status, headers, page = daemon.http('GET', '/docs/api')
    assert status == 200 and headers['Content-Type'].startswith('text/html') and '<script' not in page, page[:100]
    assert all(f'id="{name}"' in page for path in api.paths.values() for name in (op['operationId'] for op in path.values() if isinstance(op, dict))), 'every operation'
    assert all(daemon.http('GET', path)[0] == 200 for path in re.findall(r'<link [^>]*href="(/[^"]+)"', page)), page[:500]


def test_a_client_that_hangs_up_while_waiting_loses_only_its_answer():
    pid = daemon.workers()[0]
    os.kill(pid, signal.SIGSTOP)
    try:
        client = http.client.HTTPConnection(*daemon.api.rsplit(':', 1))
        client.request('POST', '/api/v1/subsystems?wait=5', json.dumps({'nqn': NQN + '-left'}), JSON)
        time.sleep(0.2)
        client.close()
    finally:
        os.kill(pid, signal.SIGCONT)
    pharos.wait_for(lambda: api.ok('GET', f'/subsystems/{NQN}-left')['status']['state'] == 'ready', 10, 'made all the same')


def test_a_client_that_drips_bytes_is_closed_in_time():
    pharos.wait_for(lambda: slow, 30, 'the slow client is closed')
    assert 14 < slow['closed after'] < 22, slow


if __name__ == '__main__':
    daemon.start()
    try:
        pharos.run(globals())
    finally:
        daemon.stop()
