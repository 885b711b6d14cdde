#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Snapshots as discoveryd keeps them: what it tells a worker, what becomes of rows and files however a copy ends.  The worker is one that does as the test says."""
import atexit
import json
import os
import pathlib
import shutil
import signal
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / 'lib'))
import fakeworker  # noqa: E402
import openapi  # noqa: E402
import pharos  # noqa: E402

NQN = 'nqn.2026-11.example:jobs'
ASYNC = {'Prefer': 'respond-async'}

daemon = pharos.Discoveryd('--targetd', fakeworker.__file__)
api = openapi.Api(daemon)
folder = tempfile.mkdtemp(prefix='pharos-snap-')
atexit.register(shutil.rmtree, folder, ignore_errors=True)
NAMESPACES = f'/subsystems/{NQN}/namespaces'


def at(name):
    return os.path.join(folder, name)


def body(name, **more):
    return {'nqn': NQN, 'nsid': 1, 'id': name, 'path': at(name), **more}


def begin(path, document):
    """The operation, once it copies."""
    status, headers, operation = api('POST', path, document, ASYNC)
    assert status == 202 and headers['Location'] == f'/api/v1/operations/{operation["id"]}', operation
    return pharos.wait_for(lambda: (o := api.ok('GET', f'/operations/{operation["id"]}'))['progress'] and o, 10, 'progress')


def end(operation):
    return pharos.wait_for(lambda: (o := api.ok('GET', f'/operations/{operation["id"]}'))['state'] != 'running' and o, 10, 'the end')


def go(name):
    pathlib.Path(at(name) + '.go').touch()


def left(name):
    return sorted(n for n in os.listdir(folder) if n.startswith(name) and not n.endswith('.go'))


def snapshot(name):
    return api.ok('GET', f'/snapshots/{name}')


def events(name):
    return [e['kind'] for e in api.ok('GET', '/events?limit=1000')['items'] if e['data'].get('snapshot') == name]


def messages():
    """What its worker was told, in order."""
    return [json.loads(line) for line in open(f'{daemon.state}/run/worker-w1.sock.log')]


def kill_worker():
    os.kill(daemon.workers()[0], signal.SIGKILL)


def next_worker():
    pharos.wait_for(lambda: api.ok('GET', '/workers')['items'][0]['state'] == 'running', 10, 'the next worker')


def restart(how=signal.SIGKILL):
    os.kill(daemon.process.pid, how)
    daemon.process.wait(20)
    daemon.start()


def test_one_that_goes_well():
    api.ok('POST', '/subsystems', {'nqn': NQN, 'allow_any_host': True})
    api.ok('POST', NAMESPACES, {'size': fakeworker.SIZE})
    api.ok('POST', NAMESPACES, {'backend': 'null', 'size': fakeworker.SIZE})
    dry = api.ok('POST', '/snapshots?dry_run=true', body('ok'))
    assert [(c['action'], c['kind'], c['id']) for c in dry['changes']] == [('create', 'snapshot', 'ok')] and not left('ok'), dry
    status, headers, made = api('POST', '/snapshots', body('ok', description='before', max_hold_ms=700), {'Idempotency-Key': 'one'})
    assert status == 201 and headers['Location'] == '/api/v1/snapshots/ok', (status, made)
    assert (made['state'], made['reason'], made['size'], made['held_ms'], made['shared'], made['worker']) == ('ready', None, fakeworker.SIZE, 12, False, 'w1'), made
    assert made == snapshot('ok') == api.ok('GET', f'/snapshots?nqn={NQN}&nsid=1&state=ready&held_ms=..20')['items'][0]
    assert api('POST', '/snapshots', body('ok', description='before', max_hold_ms=700), {'Idempotency-Key': 'one'})[1]['Idempotency-Replayed'] == 'true'
    assert events('ok') == ['snapshot.created', 'snapshot.ready'] and left('ok') == ['ok']
    told = messages()[-1]
    assert (told['type'], told['nqn'], told['nsid'], told['path'], told['max_hold_ms']) == ('copy', NQN, 1, at('ok'), 700), told
    assert api.ok('PUT', '/snapshots/ok', body('ok', description='after'))['description'] == 'after', 'it is there'
    assert api.ok('PATCH', '/snapshots/ok', {'description': None})['description'] == ''
    assert 'pharos_snapshot_hold_seconds_bucket{le="0.05"} 1' in daemon.http('GET', '/metrics')[2]
    record = api.ok('GET', '/audit?object=ok')['items'][0]
    assert record['operation'] == 'createSnapshot' and record['changes'][0]['object']['path'] == at('ok'), record


def test_a_place_of_its_own():
    made = api.ok('POST', '/snapshots', {'nqn': NQN, 'nsid': 1})
    assert made['id'].startswith('snap-') and made['path'] == f'{daemon.state}/snapshots/{made["id"]}.img' and made['max_hold_ms'] == 5000, made
    assert os.stat(f'{daemon.state}/snapshots').st_mode & 0o777 == 0o700 and os.path.exists(made['path'])
    api.ok('DELETE', f'/snapshots/{made["id"]}')
    assert not os.listdir(f'{daemon.state}/snapshots')


def test_what_will_not_do():
    for status, field, document in (
            (422, 'nqn', body('a', nqn=NQN + ':no')), (422, 'nsid', body('a', nsid=3)), (422, 'nsid', body('a', nsid=2)), (409, 'id', body('ok', path=at('other'))),
            (409, 'path', body('a', path=at('ok'))), (422, 'path', body('a', path='relative')), (422, 'path', body('a', path='/nowhere/x')), (422, 'path', body('a', path=folder + '/')),
            (422, 'path', body('a', path=at('x' * 250))), (422, 'max_hold_ms', body('a', max_hold_ms=99)), (422, 'id', body('a b', path=at('a'))), (422, 'nsid', {'nqn': NQN})):
        api.problem(status, 'POST', '/snapshots', document, field=field)
    pathlib.Path(at('a.partial')).touch()
    assert 'a.partial exists' in api.problem(409, 'POST', '/snapshots', body('a'), field='path')['detail']
    assert 'snapshot ok' in api.problem(409, 'POST', NAMESPACES, {'path': at('ok')}, field='path')['detail']
    assert api.problem(409, 'POST', '/snapshots', body('ok', path=at('other')), field='id')['existing'] == snapshot('ok')
    for method in ('GET', 'DELETE'):
        api.problem(404, method, '/snapshots/a')
    assert left('a') == ['a.partial'] and [s['id'] for s in api.ok('GET', '/snapshots')['items']] == ['ok']


def test_one_that_fails():
    assert 'No space left' in api.problem(507, 'POST', '/snapshots', body('full'))['detail']
    assert 'was not enough' in api.problem(422, 'POST', '/snapshots', body('limit'), field='max_hold_ms')['detail']
    failed = api.ok('GET', '/snapshots?state=failed')['items']
    assert [(s['id'], s['held_ms'], s['taken_at']) for s in failed] == [('full', None, None), ('limit', None, None)] and 'No space left' in failed[0]['reason']
    assert events('limit') == ['snapshot.created', 'snapshot.failed']
    pathlib.Path(at('limit')).write_text('of somebody else')
    api.ok('DELETE', '/snapshots/limit')
    assert left('limit') == ['limit'], 'a failed one has no file'


def test_an_operation_tells_how_far_it_is():
    operation = begin('/snapshots', body('slow'))
    assert operation['progress'] == {'done': fakeworker.SIZE // 4, 'total': fakeworker.SIZE, 'unit': 'bytes'} and operation['location'] == '/api/v1/snapshots/slow'
    assert snapshot('slow')['state'] == 'creating' and left('slow') == ['slow.partial']
    api.problem(409, 'POST', '/snapshots', body('slower', path=at('slow')), field='path')
    api.problem(422, 'POST', NAMESPACES, {'snapshot': 'slow', 'path': at('r')}, field='snapshot')
    go('slow')
    assert end(operation)['state'] == 'succeeded' and snapshot('slow')['state'] == 'ready'


def test_without_the_patience_to_wait():
    status, headers, made = api('POST', '/snapshots?wait=0.01', body('slow2'))
    assert status == 201 and made['state'] == 'creating', made
    go('slow2')
    assert end({'id': headers['Operation-Location'].rsplit('/', 1)[1]})['state'] == 'succeeded' and snapshot('slow2')['state'] == 'ready'


def test_one_that_is_deleted_while_it_is_taken():
    operation = begin('/snapshots', body('slow3'))
    api.ok('DELETE', '/snapshots/slow3')
    assert end(operation)['error']['status'] == 404 and not left('slow3')
    assert [m['type'] for m in messages()[-2:]] == ['copy', 'copy_cancel'] and events('slow3') == ['snapshot.created', 'snapshot.deleted']


def test_delete_takes_the_file():
    etag = api('GET', '/snapshots/slow')[1]['ETag']
    api.problem(412, 'DELETE', '/snapshots/slow', headers={'If-Match': '"1"'})
    assert [c['action'] for c in api.ok('DELETE', '/snapshots/slow?dry_run=true')['changes']] == ['delete'] and left('slow') == ['slow', 'slow2']
    assert api('DELETE', '/snapshots/slow', headers={'If-Match': etag})[0] == 204 and left('slow') == ['slow2']
    os.unlink(at('slow2'))
    assert api('DELETE', '/snapshots/slow2')[0] == 204, 'its file was not there'
    record = api.ok('GET', '/audit?object=slow2')['items'][-1]
    assert record['operation'] == 'deleteSnapshot' and record['changes'][0]['action'] == 'delete', record


def test_one_that_can_not_be_removed_is_there_again():
    os.mkdir(at('d'))
    api.ok('POST', '/snapshots', body('stays', path=at('d/stays')))
    os.unlink(at('d/stays'))
    os.mkdir(at('d/stays'))
    assert 'd/stays' in api.problem(500, 'DELETE', '/snapshots/stays')['detail']
    assert snapshot('stays')['state'] == 'ready' and events('stays')[-1] == 'snapshot.not_deleted'
    os.rmdir(at('d/stays'))
    api.ok('DELETE', '/snapshots/stays')


def test_its_worker_ends():
    operation = begin('/snapshots', body('slow4'))
    kill_worker()
    error = end(operation)['error']
    assert error['status'] == 503 and 'worker w1 ended meanwhile' in error['detail'], error
    assert snapshot('slow4')['state'] == 'failed' and not left('slow4')
    next_worker()


def test_its_worker_ends_after_the_last_step():
    status, _, operation = api('POST', '/snapshots', body('whole'), ASYNC)
    assert status == 202
    pharos.wait_for(lambda: left('whole') == ['whole'], 10, 'the file')
    kill_worker()
    assert end(operation)['state'] == 'failed' and not left('whole')
    next_worker()


def test_the_connection_is_lost():
    error = api.problem(503, 'POST', '/snapshots?wait=20', body('deaf'))
    assert 'connection to worker w1 was lost' in error['detail'] and snapshot('deaf')['reason'] == error['detail'] and not left('deaf')
    pharos.wait_for(lambda: messages()[-1]['type'] == 'copy_cancel', 10, 'what goes on there is given up')


def test_discoveryd_ends():
    begin('/snapshots', body('slow5'))
    begin(NAMESPACES, {'snapshot': 'ok', 'path': at('slow-r'), 'nsid': 9})
    assert left('slow') == ['slow-r.partial', 'slow5.partial']
    restart()
    pharos.wait_for(lambda: snapshot('slow5')['state'] == 'failed', 10, 'it has failed')
    assert snapshot('slow5')['reason'] == 'discoveryd ended meanwhile'
    pharos.wait_for(lambda: not left('slow'), 10, 'nothing is left')
    assert [n['nsid'] for n in api.ok('GET', NAMESPACES)['items']] == [1, 2]
    pharos.wait_for(lambda: api('DELETE', '/snapshots/slow5')[0] == 204, 10, 'the rest')


def test_a_namespace_is_made_from_one():
    document = {'snapshot': 'ok', 'path': at('restored'), 'size': '16MiB', 'hosts': ['nqn.2026-11.example:h9']}
    dry = api.ok('POST', NAMESPACES + '?dry_run=true', document)['changes']
    assert dry[0]['object']['hosts'] == document['hosts'] and dry[0]['object']['size'] == 16 << 20 and (dry[0]['kind'], dry[0]['id']) == ('namespace', '3'), dry
    status, headers, made = api('POST', NAMESPACES, document, {'Idempotency-Key': 'three'})
    assert status == 201 and headers['Location'].endswith('/namespaces/3'), made
    assert (made['nsid'], made['backend'], made['path'], made['size'], made['hosts'], made['status']['state']) == (3, 'file', at('restored'), 16 << 20, document['hosts'], 'ready'), made
    assert os.stat(at('restored')).st_size == 16 << 20 and messages()[-1]['from'] == at('ok') and 'nqn' not in messages()[-1]
    assert api('POST', NAMESPACES, document, {'Idempotency-Key': 'three'})[1]['Idempotency-Replayed'] == 'true'
    status, _, again = api('PUT', NAMESPACES + '/3', document)
    assert status == 200 and again['uuid'] == made['uuid'], 'it is there'
    assert api('PUT', NAMESPACES + '/4', {'snapshot': 'ok', 'path': at('put')})[0] == 201
    record = api.ok('GET', '/audit?kind=namespace&operation=createNamespace')['items'][-1]
    assert record['changes'][0]['id'] == '3' and record['changes'][0]['object']['path'] == at('restored'), record
    assert 'snapshot' not in json.dumps(api.ok('GET', '/config'))


def test_while_it_is_made():
    operation = begin(NAMESPACES, {'snapshot': 'ok', 'path': at('slow6')})
    assert operation['progress']['unit'] == 'bytes' and operation['location'].endswith('/namespaces/5')
    api.problem(404, 'GET', NAMESPACES + '/5')
    assert 'slow6' in api.problem(409, 'DELETE', '/snapshots/ok')['detail']
    api.problem(409, 'POST', NAMESPACES, {'size': fakeworker.SIZE, 'nsid': 5}, field='nsid')
    api.problem(409, 'POST', NAMESPACES, {'snapshot': 'ok', 'path': at('slow6')}, field='path')
    assert api.ok('POST', NAMESPACES, {'size': fakeworker.SIZE})['nsid'] == 6
    go('slow6')
    assert end(operation)['state'] == 'succeeded' and api.ok('GET', NAMESPACES + '/5')['path'] == at('slow6')


def test_with_less_patience_than_it_takes():
    status, _, operation = api('POST', NAMESPACES + '?wait=0.01', {'snapshot': 'ok', 'path': at('slow7')})
    assert status == 202 and operation['operation'] == 'createNamespace', operation
    go('slow7')
    assert end(operation)['state'] == 'succeeded'


def test_what_can_not_be_made_from_one():
    for field, document in (('snapshot', {'snapshot': 'no', 'path': at('r')}), ('snapshot', {'snapshot': 'full', 'path': at('r')}), ('path', {'snapshot': 'ok'}),
                            ('backend', {'snapshot': 'ok', 'path': at('r'), 'backend': 'ram'}), ('block_size', {'snapshot': 'ok', 'path': at('r'), 'block_size': 4096}),
                            ('size', {'snapshot': 'ok', 'path': at('r'), 'size': '4MiB'}), ('size', {'snapshot': 'ok', 'path': at('r'), 'size': fakeworker.SIZE + 1})):
        api.problem(422, 'POST', NAMESPACES, document, field=field)
    api.problem(409, 'POST', NAMESPACES, {'snapshot': 'ok', 'path': at('restored')}, field='path')
    config = {'version': 1, 'subsystems': [{'nqn': NQN, 'namespaces': [{'nsid': 12, 'snapshot': 'ok', 'path': at('r')}]}]}
    status, _, problem = daemon.http('PUT', '/api/v1/config', config)
    assert status == 422 and problem['errors'][0]['field'] == 'subsystems[0].namespaces[0].snapshot', problem


def test_a_file_that_was_changed_is_told():
    os.truncate(at('ok'), fakeworker.SIZE // 2)
    assert 'has changed it' in api.problem(422, 'POST', NAMESPACES, {'snapshot': 'ok', 'path': at('r')}, field='snapshot')['detail'] and 'r' not in left('r')
    os.truncate(at('ok'), fakeworker.SIZE)


def test_nothing_is_left_of_one_that_fails():
    there = [n['nsid'] for n in api.ok('GET', NAMESPACES)['items']]
    assert 'No space left' in api.problem(507, 'POST', NAMESPACES, {'snapshot': 'ok', 'path': at('full-r')})['detail']
    assert api.problem(422, 'POST', NAMESPACES, {'snapshot': 'ok', 'path': at('unopenable')}, field='path')['detail'] == 'it is not to be opened'
    operation = begin(NAMESPACES, {'snapshot': 'ok', 'path': at('slow8')})
    kill_worker()
    assert end(operation)['error']['status'] == 503
    assert not left('full') and not left('unopenable') and not left('slow8') and [n['nsid'] for n in api.ok('GET', NAMESPACES)['items']] == there
    next_worker()
    operation = begin(NAMESPACES, {'snapshot': 'ok', 'path': at('slow9')})
    api.ok('DELETE', f'/subsystems/{NQN}?force=true')
    go('slow9')
    assert 'deleted meanwhile' in end(operation)['error']['detail'] and not left('slow9')


def test_it_outlives_what_it_was_taken_of():
    assert snapshot('ok')['state'] == 'ready' and left('ok') == ['ok']
    restart(signal.SIGTERM)
    text = daemon.http('GET', '/metrics')[2]
    assert 'pharos_snapshots{state="ready"} 1' in text and 'pharos_snapshots{state="failed"} 4' in text, [line for line in text.splitlines() if 'snapshot' in line]
    for s in api.ok('GET', '/snapshots')['items']:
        api.ok('DELETE', f'/snapshots/{s["id"]}')
    assert not left('ok') and api.ok('GET', '/snapshots') == {'items': [], 'next': None}


if __name__ == '__main__':
    with daemon:
        pharos.run(globals())
