#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every resource of the API made, read, changed and deleted, each answer held to api/openapi.yaml."""
import http.client
import os
import pathlib
import socket
import sys
import tempfile
import urllib.parse

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / 'lib'))
import dim  # noqa: E402
import nvmetcp as nvme  # noqa: E402
import openapi  # noqa: E402
import pharos  # noqa: E402

NQN = 'nqn.2026-11.example:crud'
HOST = 'nqn.2014-08.org.nvmexpress:uuid:11111111-2222-4333-8444-555555555555'
OTHER = 'nqn.2026-11.example:other-host'
MIB = 1 << 20

daemon = pharos.Discoveryd()
api = openapi.Api(daemon)


def names(path, key='nqn'):
    return [item[key] for item in api.ok('GET', path)['items']]


def fresh(nqn, **more):
    """The path of a new subsystem."""
    api.ok('POST', '/subsystems', {'nqn': nqn, **more})
    return f'/subsystems/{openapi.encode(nqn)}'


def test_a_subsystem_needs_only_its_nqn():
    status, headers, made = api('POST', '/subsystems', {'nqn': NQN})
    assert status == 201, made
    assert made['allow_any_host'] is False and made['hosts'] == [] and made['portals'] is None, made
    assert made['status'] == {'state': 'ready', 'reason': None, 'generation': made['status']['generation']}, made
    assert made['worker'] and made['node'] and len(made['serial']) in range(1, 21), made
    location = headers['Location'].removeprefix('/api/v1')
    status, again, read = api('GET', location)
    assert (status, read, again['ETag']) == (200, made, headers['ETag']), (status, read)
    assert api.ok('GET', f'/subsystems/{openapi.encode(NQN)}') == read
    assert names('/subsystems') == [NQN]


def test_head_is_get_without_a_body():
    status, headers, body = daemon.http('HEAD', f'/api/v1/subsystems/{NQN}')
    assert (status, body) == (200, '') and int(headers['Content-Length']) > 100, (status, body)


def test_a_subsystem_changes_by_merge_patch():
    path = f'/subsystems/{NQN}'
    before = api('GET', path)[1]['ETag']
    status, headers, now = api('PATCH', path, {'allow_any_host': True})
    assert (status, now['allow_any_host']) == (200, True) and headers['ETag'] != before, now
    assert api.ok('PATCH', path, {'hosts': [HOST, OTHER]})['hosts'] == [HOST, OTHER]
    assert api.ok('PATCH', path, {'hosts': [OTHER]})['hosts'] == [OTHER]
    portal = names('/portals', 'id')[0]
    assert api.ok('PATCH', path, {'portals': [portal]})['portals'] == [portal]
    assert api.ok('PATCH', path, {'portals': None})['portals'] is None
    assert api.ok('PATCH', path, {'hosts': [], 'allow_any_host': False})['hosts'] == []
    etag = api('GET', path)[1]['ETag']
    assert api('PATCH', path, {})[1]['ETag'] == etag, 'nothing changed'
    assert api('PATCH', path, {'allow_any_host': False}, {'If-Match': etag})[0] == 200
    api('PATCH', path, {'allow_any_host': True})
    api.problem(412, 'PATCH', path, {'allow_any_host': False}, {'If-Match': etag}, 'If-Match')
    api.problem(412, 'DELETE', path, headers={'If-Match': etag})
    assert api.ok('GET', path)['allow_any_host'] is True


def test_a_subsystem_with_everything_said():
    made = api.ok('POST', '/subsystems', {'nqn': NQN + '-full', 'serial': 'SN 1', 'model': 'Model', 'allow_any_host': True, 'hosts': [HOST],
                                          'portals': names('/portals', 'id'), 'worker': names('/workers', 'id')[0]})
    assert (made['serial'], made['model'], made['hosts'], made['portals']) == ('SN 1', 'Model', [HOST], names('/portals', 'id')), made
    assert api('DELETE', f'/subsystems/{NQN}-full')[0] == 204


def test_an_nqn_with_a_slash_is_reached_by_its_encoded_form():
    nqn = 'nqn.2026-11.example:rack/7 50%'.replace(' ', '_')
    _, headers, _ = api('POST', '/subsystems', {'nqn': nqn})
    assert api.ok('GET', headers['Location'].removeprefix('/api/v1'))['nqn'] == nqn
    assert api('DELETE', f'/subsystems/{openapi.encode(nqn)}')[0] == 204


def test_a_namespace_needs_only_its_size():
    path = f'/subsystems/{NQN}/namespaces'
    status, headers, one = api('POST', path, {'size': MIB})
    assert status == 201 and (one['nsid'], one['backend'], one['size'], one['block_size']) == (1, 'ram', MIB, 512), one
    assert one['status']['state'] == 'ready' and one['path'] is None and one['hosts'] is None, one
    assert headers['Location'].endswith('/namespaces/1'), headers['Location']
    two = api.ok('POST', path, {'size': '2MiB', 'block_size': 4096, 'backend': 'null', 'read_only': True})
    assert (two['nsid'], two['size'], two['backend'], two['read_only']) == (2, 2 * MIB, 'null', True), two
    nine = api.ok('POST', path, {'size': MIB, 'nsid': 9, 'uuid': '12345678-1234-4234-8234-123456789abc', 'nguid': 'ab' * 16, 'eui64': 'cd' * 8})
    assert (nine['nsid'], nine['uuid'], nine['nguid'], nine['eui64']) == (9, '12345678-1234-4234-8234-123456789abc', 'ab' * 16, 'cd' * 8), nine
    three = api.ok('POST', path, {'size': MIB})
    assert three['nsid'] == 3, three
    for key in 'uuid', 'nguid', 'eui64':
        values = [ns[key] for ns in (one, two, three, nine)]
        assert len(set(values)) == 4 and all(v.strip('0-') for v in values), values
    assert names(path, 'nsid') == [1, 2, 3, 9]
    assert api.ok('GET', f'/subsystems/{NQN}')['namespace_count'] == 4


def test_a_namespace_on_a_file_takes_its_size():
    with tempfile.NamedTemporaryFile(dir=daemon.state) as file:
        file.truncate(8 * MIB)
        made = api.ok('POST', f'/subsystems/{NQN}/namespaces', {'path': file.name})
        assert (made['backend'], made['path'], made['size'], made['status']['state']) == ('file', file.name, 8 * MIB, 'ready'), made
        assert api('DELETE', f'/subsystems/{NQN}/namespaces/{made["nsid"]}')[0] == 204
        assert os.path.getsize(file.name) == 8 * MIB, 'a deleted namespace leaves its file'


def test_a_namespace_grows_and_is_kept_to_hosts():
    path = f'/subsystems/{NQN}/namespaces/1'
    assert api.ok('PATCH', path, {'size': '3MiB'})['size'] == 3 * MIB
    assert api.ok('PATCH', path, {'hosts': [HOST]})['hosts'] == [HOST]
    assert api.ok('GET', path + '/hosts')['restricted'] is True
    status, _, put = api('PUT', f'{path}/hosts/{openapi.encode(OTHER)}')
    assert (status, put) == (201, {'host_nqn': OTHER, 'connected': False}), (status, put)
    assert api('PUT', f'{path}/hosts/{openapi.encode(OTHER)}')[0] == 200
    assert sorted(names(path + '/hosts', 'host_nqn')) == sorted([HOST, OTHER])
    for host in HOST, OTHER:
        assert api('DELETE', f'{path}/hosts/{host}')[0] == 204
    assert api.ok('GET', path)['hosts'] == [], 'an empty list: no host sees it'
    assert api.ok('PATCH', path, {'hosts': None})['hosts'] is None
    assert api.ok('GET', path + '/hosts')['restricted'] is False
    assert api.ok('GET', path)['status']['state'] == 'ready'


def test_identifiers_live_through_a_restart():
    before = api.ok('GET', f'/subsystems/{NQN}/namespaces')['items'], api.ok('GET', f'/subsystems/{NQN}')['serial']
    daemon.kill()
    daemon.start()
    ready = lambda: all(ns['status']['state'] == 'ready' for ns in api.ok('GET', f'/subsystems/{NQN}/namespaces')['items'])  # noqa: E731
    pharos.wait_for(ready, 10, 'namespaces ready after a restart')
    after = api.ok('GET', f'/subsystems/{NQN}/namespaces')['items'], api.ok('GET', f'/subsystems/{NQN}')['serial']
    assert before == after, (before, after)


def test_hosts():
    status, headers, made = api('POST', '/hosts', {'nqn': NQN + '-host', 'name': 'Rack 7'})
    assert status == 201 and made['name'] == 'Rack 7' and made['subsystems'] == [], made
    path = headers['Location'].removeprefix('/api/v1')
    assert api.ok('GET', path) == made
    assert api.ok('PATCH', path, {'name': 'Rack 8'})['name'] == 'Rack 8'
    assert api.ok('PATCH', path, {'name': None})['name'] == ''
    assert NQN + '-host' in names('/hosts')
    assert api('DELETE', path)[0] == 204
    api.problem(404, 'GET', path, field='host_nqn')


def test_groups():
    status, headers, made = api('POST', '/groups', {'name': 'g1', 'members': [HOST]})
    assert (status, headers['Location']) == (201, '/api/v1/groups/g1'), made
    assert api.ok('GET', '/groups/g1') == made and names('/groups', 'name') == ['g1']
    assert api('PUT', f'/groups/g1/members/{OTHER}')[0] == 204
    assert api('DELETE', f'/groups/g1/members/{HOST}')[0] == 204
    assert api.ok('PATCH', '/groups/g1', {'description': 'one'}) == {**made, 'description': 'one', 'members': [OTHER]}
    assert api('DELETE', '/groups/g1')[0] == 204


def test_put_makes_or_changes():
    for path, body, change in ((f'/subsystems/{NQN}-put', {'label': 'a'}, {'label': 'b'}), (f'/subsystems/{NQN}-put/namespaces/7', {'size': MIB}, {'size': 2 * MIB}),
                               (f'/hosts/{NQN}:put', {'name': 'a'}, {'name': 'b'}), ('/referrals/put', {'traddr': '192.0.2.77'}, {'hosts': [OTHER]}),
                               ('/groups/put', {'description': 'a'}, {'members': [OTHER]}), ('/portals/put', {'traddr': '127.0.0.1', 'trsvcid': str(pharos.free_port())}, {'advertise': '192.0.2.8'})):
        status, headers, made = api('PUT', path, body)
        assert status == 201 and urllib.parse.unquote(headers['Location']) == '/api/v1' + path, (status, headers['Location'], path)
        assert api('PUT', path, body)[0] == 200 and api.ok('GET', path) == made, 'the same once more changes nothing'
        assert api('PUT', path, body, {'If-None-Match': '*'})[0] == 412
        changed = api.ok('PUT', path, {**body, **change})
        assert {k: changed[k] for k in change} == change and changed != made, changed
    status, _, made = api('PUT', '/workers/put', {'reactors': 1})
    assert (status, made['id'], made['reactors']) == (201, 'put', 1), made
    for path in ('/workers/put', '/portals/put', '/groups/put', '/referrals/put', f'/hosts/{NQN}:put', f'/subsystems/{NQN}-put/namespaces/7', f'/subsystems/{NQN}-put'):
        assert api('DELETE', path)[0] == 204, path


def test_namespaces_of_all_subsystems():
    all_of_them = api.ok('GET', '/namespaces')['items']
    assert [n for n in all_of_them if n['nqn'] == NQN] == api.ok('GET', f'/subsystems/{NQN}/namespaces')['items'] != [], all_of_them


def test_allowed_hosts():
    path = fresh(NQN + '-allow')
    one = f'{path}/hosts/{openapi.encode(NQN + ":new")}'
    assert api('PUT', one)[0] == 201 and api('PUT', one)[0] == 200
    assert api.ok('GET', path + '/hosts') == {'items': [{'host_nqn': NQN + ':new', 'connected': False}], 'next': None, 'allow_any_host': False}
    assert api.ok('GET', f'/hosts/{NQN}:new')['subsystems'] == [NQN + '-allow'], 'an unknown host gets registered'
    assert NQN + '-allow' in names(f'/subsystems?host_nqn={NQN}:new') and NQN + '-allow' not in names(f'/subsystems?host_nqn={OTHER}')
    assert api('DELETE', one)[0] == 204 and api('DELETE', one)[0] in (204, 404)
    assert names(path + '/hosts', 'host_nqn') == []
    assert api('DELETE', path)[0] == 204


def listens(port):
    try:
        socket.create_connection(('127.0.0.1', port), 1).close()
        return True
    except OSError:
        return False


def test_portals():
    port = pharos.free_port()
    status, headers, made = api('POST', '/portals', {'traddr': '127.0.0.1', 'trsvcid': str(port)})
    assert status == 201 and (made['traddr'], made['trsvcid'], made['adrfam'], made['trtype']) == ('127.0.0.1', str(port), 'ipv4', 'tcp'), made
    assert made['status']['state'] == 'ready' and listens(port), made
    path = headers['Location'].removeprefix('/api/v1')
    assert api.ok('PATCH', path, {'advertise': '192.0.2.7'})['advertise'] == '192.0.2.7'
    assert api.ok('PATCH', path, {'advertise': None})['advertise'] is None
    assert api.ok('GET', path)['portid'] == made['portid'] and made['id'] in names('/portals', 'id')
    assert len({p['portid'] for p in api.ok('GET', '/portals')['items']}) == len(names('/portals', 'id'))
    assert api('DELETE', path)[0] == 204
    pharos.wait_for(lambda: not listens(port), 5, 'the port is closed')
    six = api.ok('POST', '/portals', {'traddr': '::1', 'trsvcid': pharos.free_port('::1'), 'id': 'six', 'adrfam': 'ipv6', 'portid': 77})
    assert (six['adrfam'], six['id'], six['portid']) == ('ipv6', 'six', 77), six
    assert api('DELETE', '/portals/six')[0] == 204


def test_workers_and_nodes():
    before = names('/workers', 'id')
    status, headers, made = api('POST', '/workers?wait=10', {'id': 'second', 'reactors': 1})
    assert status == 201 and made['id'] == 'second', made
    path = headers['Location'].removeprefix('/api/v1')
    running = pharos.wait_for(lambda: (w := api.ok('GET', path))['state'] == 'running' and w, 10, 'the second worker runs')
    assert running['pid'] and pharos.alive(running['pid']) and running['reactors'] == 1, running
    assert api.ok('PATCH', path, {'reactors': 2})['reactors'] == 2
    node = api.ok('GET', '/nodes')['items'][0]
    assert node['worker_count'] == len(before) + 1 and api.ok('GET', f'/nodes/{node["id"]}') == node, node
    assert api('DELETE', path)[0] == 204
    pharos.wait_for(lambda: not pharos.alive(running['pid']), 10, 'the deleted worker ended')
    assert names('/workers', 'id') == before


def test_a_controller_is_ended_and_its_host_comes_back():
    path = fresh(NQN + '-ended', hosts=[HOST])
    api.ok('POST', path + '/namespaces', {'size': MIB})
    host, port = daemon.io_listen.rsplit(':', 1)
    seen = lambda: api.ok('GET', f'/controllers?nqn={NQN}-ended')['items']  # noqa: E731
    with nvme.Host(host, int(port), NQN + '-ended', HOST, queues=1) as first:
        one = pharos.wait_for(lambda: [c for c in seen() if c['qpairs'] == 2], 5, 'the controller is seen')[0]
        api.problem(404, 'DELETE', f'{path}/controllers/{one["cntlid"] + 1}', field='cntlid')
        assert api('DELETE', f'{path}/controllers/{one["cntlid"]}')[0] == 204
        pharos.wait_for(lambda: not seen(), 5, 'it is gone')
        for queue in first.admin, first.io[0]:
            try:
                queue.run(nvme.sqe(0x18))
                raise AssertionError('its connection goes on')
            except (nvme.Terminated, OSError):
                pass
        with nvme.Host(host, int(port), NQN + '-ended', HOST, queues=1) as second:
            second.admin.run(nvme.sqe(0x18))


def test_connected_hosts_are_seen():
    path = fresh(NQN + '-seen', hosts=[HOST])
    api.ok('POST', path + '/namespaces', {'size': MIB})
    host, port = daemon.io_listen.rsplit(':', 1)
    with nvme.Host(host, int(port), NQN + '-seen', HOST, queues=2):
        pharos.wait_for(lambda: [c for c in api.ok('GET', f'/controllers?nqn={NQN}-seen')['items'] if c['qpairs'] == 3], 5, 'the controller is seen')
        seen = api.ok('GET', f'/controllers?host_nqn={HOST}')['items']
        assert len(seen) == 1 and seen[0]['nqn'] == NQN + '-seen' and seen[0]['host_addr'].startswith('127.0.0.1'), seen
        assert api.ok('GET', '/controllers?nqn=nqn.2026-11.example:nobody')['items'] == []
        assert api.ok('GET', f'{path}/controllers/{seen[0]["cntlid"]}') == seen[0]
        api.problem(404, 'GET', f'{path}/controllers/{seen[0]["cntlid"] + 1}', field='cntlid')
        queues = pharos.wait_for(lambda: len(q := api.ok('GET', f'/connections?nqn={NQN}-seen')['items']) == 3 and q, 10, 'its queues are told')
        assert [(q['qid'], q['type'], q['cntlid'], q['host_nqn']) for q in queues] == [(i, 'io' if i else 'admin', seen[0]['cntlid'], HOST) for i in range(3)], queues
        assert queues[0]['host_addr'] == seen[0]['host_addr'] and queues[1]['host_addr'] is None and queues[1]['inflight'] == 0, queues
        pages = [api.ok('GET', f'/connections?nqn={NQN}-seen&limit=1')]
        while pages[-1]['next']:
            pages.append(api.ok('GET', f'/connections?nqn={NQN}-seen&limit=1&cursor={urllib.parse.quote(pages[-1]["next"])}'))
        assert [q for page in pages for q in page['items']] == queues and api.ok('GET', '/connections?type=io&sort=-qid&limit=1')['items'] == queues[2:]
        assert api.ok('GET', path)['controller_count'] == 1 and api.ok('GET', f'/hosts/{HOST}')['controller_count'] == 1
        assert api.ok('GET', path + '/hosts')['items'] == [{'host_nqn': HOST, 'connected': True}]
        problem = api.problem(409, 'DELETE', path)
        assert HOST in problem['users'] and 'namespace 1' in problem['users'], problem
        counted = lambda: [n for w in api.ok('GET', '/stats')['workers'] for s in w['subsystems'] for n in s['namespaces']]  # noqa: E731
        pharos.wait_for(counted, 10, 'counters of namespaces')
        assert all(1 << 20 < w['resident_bytes'] < 1 << 40 for w in api.ok('GET', '/stats')['workers'])
    assert api('DELETE', path + '?force=true')[0] == 204
    pharos.wait_for(lambda: not api.ok('GET', f'/controllers?nqn={NQN}-seen')['items'], 5, 'the controller is gone')


def test_discovery_log_is_what_the_wire_says():
    path = fresh(NQN + '-log', hosts=[HOST])
    log = api.ok('GET', f'/discovery-log?host_nqn={HOST}&via=127.0.0.1')
    host, port = daemon.listen.rsplit(':', 1)
    queue = nvme.Queue(host, int(port))
    queue.connect(nvme.DISCOVERY, HOST)
    queue.enable()
    header, entries = nvme.discovery_log(queue)
    queue.close()
    keys = 'subnqn', 'traddr', 'trsvcid'
    assert sorted(tuple(str(r[k]) for k in keys) for r in log['records']) == sorted(tuple(str(e[k]) for k in keys) for e in entries), (log, entries)
    assert log['records'][0]['subtype'] == 'current discovery subsystem' and log['records'][0]['trsvcid'] == port, log
    assert log['records'][1]['trtype'] == 'tcp' and log['records'][1]['adrfam'] == 'ipv4', log
    why = api.ok('GET', f'/discovery/explain?host_nqn={HOST}')['items']
    shown = [(row['nqn'], row['traddr'], row['trsvcid']) for row in why if row['shown']]
    assert set(shown) <= {tuple(str(r[k]) for k in keys) for r in log['records']} and NQN + '-log' in [nqn for nqn, _, _ in shown], why
    missing = {m['nqn']: m['reason'] for m in api.ok('GET', f'/discovery-log?host_nqn={OTHER}')['missing']}
    assert missing[NQN + '-log'] == 'not_allowed', missing
    far = api.ok('GET', f'/discovery-log?host_nqn={HOST}&via=192.0.2.7')
    assert {m['nqn']: m['reason'] for m in far['missing']}[NQN + '-log'] == 'loopback_portal', far
    assert api('DELETE', path)[0] == 204


def test_events_tell_what_happened_after_an_id():
    last = api.ok('GET', '/events')['next']
    assert api.ok('GET', f'/events?since={last}')['items'] == []
    os.kill(daemon.workers()[0], 9)
    kinds = lambda: [e['kind'] for e in api.ok('GET', f'/events?since={last}')['items']]  # noqa: E731
    pharos.wait_for(lambda: [k for k in kinds() if k.startswith('worker.')], 5, 'an event of the worker')
    some = api.ok('GET', f'/events?since={last}&limit=1')
    assert len(some['items']) == 1 and some['next'] == some['items'][0]['id'] == last + 1, some
    assert api.ok('GET', f'/events/{last + 1}') == some['items'][0] and set(api.ok('GET', f'/events/{last + 1}?fields=kind')) == {'kind'}
    for absent in '0', 'x', '99999999':
        api.problem(404, 'GET', f'/events/{absent}', field='id')
    pharos.wait_for(lambda: api.ok('GET', '/health')['status'] == 'ok', 10, 'healthy again')


def test_lists_come_in_pages():
    made = sorted(f'nqn.2026-11.example:page-{i:02}' for i in range(25))
    for nqn in made:
        api.ok('POST', '/subsystems?wait=0', {'nqn': nqn})
    seen, cursor = [], ''
    while cursor is not None:
        page = api.ok('GET', f'/subsystems?limit=10&cursor={openapi.encode(cursor)}')
        assert len(page['items']) <= 10
        seen += [s['nqn'] for s in page['items']]
        cursor = page['next']
    assert seen == sorted(seen) == names('/subsystems?limit=1000') and set(made) <= set(seen), seen
    for nqn in made:
        assert api('DELETE', f'/subsystems/{nqn}?wait=0')[0] == 204
    page = api.ok('GET', f'/subsystems/{NQN}/namespaces?limit=3')
    assert [n['nsid'] for n in page['items']] == [1, 2, 3] and page['next'], page
    assert [n['nsid'] for n in api.ok('GET', f'/subsystems/{NQN}/namespaces?cursor={page["next"]}')['items']] == [9]


def test_registrations_are_seen_and_forgotten():
    host, port = daemon.listen.rsplit(':', 1)
    queue = nvme.Queue(host, int(port))
    queue.connect(nvme.DISCOVERY, dim.HOST)
    queue.enable()
    subsystem = dim.basic('nqn.2026-11.example:far', '192.0.2.1', '4420', subtype=2)
    assert dim.dim(queue, dim.REGISTER, [dim.extended(dim.HOST, label='lab')]) == 0
    assert dim.dim(queue, dim.REGISTER, [subsystem], eid='nqn.2026-11.example:ddc', etype=2, entfmt=1) == 0
    one, two = api.ok('GET', '/registrations')['items']
    assert (one['entity_type'], one['label'], two['entity_type'], two['subtype']) == ('host', 'lab', 'ddc', 'nvme subsystem'), (one, two)
    path = f'/registrations/{one["id"]}'
    status, headers, read = api('GET', path)
    assert (status, read) == (200, one)
    assert dim.dim(queue, dim.REGISTER, [dim.extended(dim.HOST, label='attic')]) == 0
    api.problem(412, 'DELETE', path, headers={'If-Match': headers['ETag']})
    for gone in (one, two):
        assert api('DELETE', f'/registrations/{gone["id"]}')[0] == 204
    api.problem(404, 'GET', path)
    for wrong in ('0', 'x', '-1', '99999999999999999999'):
        api.problem(404, 'GET', f'/registrations/{wrong}')
    assert api.ok('GET', '/registrations')['items'] == []


def test_discovery_controllers():
    status, headers, made = api('POST', '/discovery-controllers', {'traddr': '192.0.2.5', 'hosts': [OTHER], 'enabled': False})
    assert status == 201 and (made['trsvcid'], made['state'], made['admitted'], made['entries']) == ('8009', 'disabled', True, 0), made
    path = f'/discovery-controllers/{made["id"]}'
    assert headers['Location'] == '/api/v1' + path
    assert api.ok('GET', path) == made and api.ok('GET', '/discovery-controllers')['items'] == [made]
    api.problem(409, 'POST', '/discovery-controllers', {'traddr': '192.0.2.5'}, None, 'traddr')
    api.problem(409, 'POST', '/discovery-controllers', {'traddr': '192.0.2.6', 'id': made['id']}, None, 'id')
    for wrong, field in (({}, 'traddr'), ({'traddr': 'x'}, 'traddr'), ({'traddr': '::'}, 'traddr'), ({'traddr': '192.0.2.6', 'trsvcid': '0'}, 'trsvcid'),
                         ({'traddr': '192.0.2.6', 'nqn': 'x'}, 'nqn'), ({'traddr': '192.0.2.6', 'hosts': ['x']}, 'hosts[0]'),
                         ({'traddr': '192.0.2.6', 'hosts': ['group:nobody']}, 'hosts[0]'), ({'traddr': '192.0.2.6', 'source': 'mdns'}, 'source')):
        api.problem(422, 'POST', '/discovery-controllers', wrong, None, field)
    changed = api.ok('PATCH', path, {'hosts': None, 'admitted': False})
    assert (changed['hosts'], changed['admitted'], changed['state']) == (None, False, 'waiting'), changed
    assert api('PUT', path, {'traddr': '192.0.2.5', 'hosts': [OTHER]})[2]['hosts'] == [OTHER]
    assert api('PUT', '/discovery-controllers/six', {'traddr': '2001:db8:0::6', 'enabled': False})[0] == 201
    api.ok('DELETE', '/discovery-controllers/six')
    api.problem(412, 'PATCH', path, {'hosts': []}, {'If-Match': headers['ETag']})
    api.ok('POST', '/groups', {'name': 'dc-group'})
    api.ok('PATCH', path, {'hosts': ['group:dc-group']})
    api.problem(409, 'DELETE', '/groups/dc-group')
    api.ok('DELETE', '/groups/dc-group?force=true')
    assert api.ok('GET', path)['hosts'] == []
    api.ok('DELETE', path)
    api.problem(404, 'GET', path)
    api.problem(404, 'DELETE', path)


def test_referrals():
    status, headers, made = api('POST', '/referrals', {'traddr': '192.0.2.5', 'hosts': [OTHER]})
    assert (status, made['trsvcid'], made['hosts']) == (201, '8009', [OTHER]), made
    path = headers['Location'].removeprefix('/api/v1')
    assert api.ok('GET', path) == made and api.ok('GET', '/referrals')['items'] == [made]
    api.problem(409, 'POST', '/referrals', {'traddr': '192.0.2.5'}, None, 'traddr')
    api.problem(409, 'POST', '/referrals', {'traddr': '192.0.2.6', 'id': made['id']}, None, 'id')
    for wrong, field in (({'traddr': 'x'}, 'traddr'), ({'traddr': '192.0.2.7', 'trsvcid': '0'}, 'trsvcid'), ({'traddr': '192.0.2.7', 'nqn': 'x'}, 'nqn'),
                         ({'traddr': '192.0.2.7', 'hosts': [OTHER, 'x']}, 'hosts[1]')):
        api.problem(422, 'POST', '/referrals', wrong, None, field)
    assert api.ok('PATCH', path, {'hosts': None})['hosts'] is None
    assert api.ok('PATCH', path, {'hosts': []})['hosts'] == []
    api.problem(412, 'DELETE', path, headers={'If-Match': headers['ETag']})
    assert api('DELETE', path)[0] == 204
    api.problem(404, 'GET', path)


def test_deletion_of_what_is_in_use_is_refused_or_forced():
    path = f'/subsystems/{NQN}'
    problem = api.problem(409, 'DELETE', path)
    assert problem['users'][:2] == ['namespace 1', 'namespace 2'] and problem['type'].endswith(':in-use'), problem
    api('PUT', f'{path}/hosts/{OTHER}')
    assert api.problem(409, 'DELETE', f'/hosts/{OTHER}')['users'] == [NQN]
    assert api('DELETE', f'/hosts/{OTHER}?force=true')[0] == 204
    assert names(path + '/hosts', 'host_nqn') == []
    portal, worker = names('/portals', 'id')[0], names('/workers', 'id')[0]
    api('PATCH', path, {'portals': [portal]})
    assert api.problem(409, 'DELETE', f'/portals/{portal}')['users'] == [NQN]
    assert NQN in api.problem(409, 'DELETE', f'/workers/{worker}')['users']
    assert api('DELETE', path + '?force=true')[0] == 204
    api.problem(404, 'GET', path, field='nqn')
    api.problem(404, 'GET', path + '/namespaces', field='nqn')


def test_daemon():
    assert api.ok('GET', '/version')['api'] == 'v1'
    assert {log['source'] for log in api.ok('GET', '/logs')['items']} >= {'discoveryd', 'w1'}
    assert api.ok('PATCH', '/logs/discoveryd', {'level': 'info'})['level'] == 'info'
    assert {c['name'] for c in api.ok('GET', '/health')['checks']} >= {'store', 'workers'}


def test_the_configuration_put_back_changes_nothing():
    document = api.ok('GET', '/config')
    assert {'hosts', 'subsystems'} <= set(document), document
    generation = api.ok('GET', '/subsystems')
    api.ok('PUT', '/config', document)
    assert api.ok('GET', '/subsystems') == generation and api.ok('GET', '/config') == document


def test_a_volume_is_published_and_ended():
    made = api.ok('POST', '/publish', {'name': 'crud', 'size': MIB, 'host_nqn': HOST})
    assert api.ok('GET', f"/subsystems/{openapi.encode(made['nqn'])}")['hosts'] == [HOST], made
    assert api('DELETE', '/publish/crud')[0] == 204
    api.problem(404, 'GET', f"/subsystems/{openapi.encode(made['nqn'])}")


def test_metrics():
    answer = daemon.http('GET', '/metrics')
    api.check('GET', '/metrics', *answer)
    assert answer[0] == 200 and 'pharos_worker_up{' in answer[2], answer


def test_events_are_followed():
    connection = http.client.HTTPConnection(*daemon.api.rsplit(':', 1), timeout=10)
    connection.request('GET', '/api/v1/events/stream')
    reply = connection.getresponse()
    message = reply.readline() + reply.readline() + reply.readline()
    api.check('GET', '/api/v1/events/stream', reply.status, reply.headers, message.decode())
    assert b'event: ready\n' in message, message
    reply.close()
    connection.close()


def test_shutdown():
    status, _, _ = api('POST', '/shutdown', {'workers': True})
    assert status == 202, status
    code = daemon.process.wait(15)
    assert code == 0, (code, daemon.log()[-3000:])


if __name__ == '__main__':
    daemon.start()
    try:
        pharos.run(globals())
    finally:
        daemon.stop()
