#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A volume published to a host in one request: idempotent by name, all or nothing, distinct refusals."""
import fcntl
import os
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / 'lib'))
import nvmetcp as nvme  # noqa: E402
import openapi  # noqa: E402
import pharos  # noqa: E402

HOST, OTHER = 'nqn.2026-11.example:node1', 'nqn.2026-11.example:node2'
GIVEN = 'nqn.2026-11.example:given'
MIB = 1 << 20

daemon = pharos.Discoveryd()
api = openapi.Api(daemon)


def publish(status, **body):
    got, _, answer = api('POST', '/publish', body)
    assert got == status, (got, answer)
    return answer


def refuse(status, field, **body):
    before = api.ok('GET', '/config')
    problem = api.problem(status, 'POST', '/publish', body, None, field)
    assert api.ok('GET', '/config') == before, 'nothing is left behind'
    return problem


def sees(host):
    return [r['subnqn'] for r in api.ok('GET', f'/discovery-log?host_nqn={host}')['records']]


def test_a_volume_is_published_and_can_be_connected_to():
    made = publish(201, name='pvc-1', size='4MiB', host_nqn=HOST)
    assert (made['name'], made['nsid'], made['size'], made['state']) == ('pvc-1', 1, 4 * MIB, 'ready'), made
    address, port = daemon.io_listen.rsplit(':', 1)
    assert made['portals'] == [{'trtype': 'tcp', 'adrfam': 'ipv4', 'traddr': address, 'trsvcid': port}], made
    assert made['nqn'] in sees(HOST) and made['nqn'] not in sees(OTHER)
    namespace = api.ok('GET', f"/subsystems/{openapi.encode(made['nqn'])}/namespaces/1")
    assert (namespace['uuid'], namespace['size']) == (made['uuid'], made['size'])


def test_the_same_again_changes_nothing():
    before = api.ok('GET', '/config')
    again = publish(200, name='pvc-1', size=4 * MIB, host_nqn=HOST)
    assert again['nsid'] == 1 and api.ok('GET', '/config') == before
    assert publish(200, name='pvc-1', host_nqn=HOST) == again


def test_another_host_is_let_in_and_out():
    made = publish(200, name='pvc-1', size='4MiB', host_nqn=OTHER)
    assert made['nqn'] in sees(OTHER) and made['nqn'] in sees(HOST)
    assert api('DELETE', f'/publish/pvc-1?host_nqn={OTHER}')[0] == 204
    assert made['nqn'] not in sees(OTHER) and made['nqn'] in sees(HOST)
    api.problem(404, 'DELETE', f'/publish/pvc-1?host_nqn={OTHER}')


def test_what_does_not_agree_is_a_conflict_and_no_room_is_another():
    refuse(409, 'size', name='pvc-1', size='8MiB', host_nqn=HOST)
    refuse(409, 'backend', name='pvc-1', backend='null', host_nqn=HOST)
    refuse(409, 'subsystem', name='pvc-1', subsystem=GIVEN, host_nqn=HOST)
    refuse(507, 'size', name='pvc-2', size='900TiB', host_nqn='nqn.2026-11.example:new')
    refuse(422, 'size', name='pvc-2', host_nqn=HOST)
    refuse(422, 'size', name='pvc-2', size=7, host_nqn=HOST)
    refuse(422, 'name', name='a b', size=MIB, host_nqn=HOST)
    refuse(422, 'host_nqn', name='pvc-2', size=MIB, host_nqn='x')
    refuse(422, 'host_nqn', name='pvc-2', size=MIB)
    refuse(422, 'subsystem', name='pvc-2', size=MIB, host_nqn=HOST, subsystem=GIVEN)
    refuse(422, 'nsid', name='pvc-2', size=MIB, host_nqn=HOST, nsid=4)


def test_a_name_is_made_up():
    one, two = publish(201, size=MIB, host_nqn=HOST), publish(201, size=MIB, host_nqn=HOST)
    assert one['name'] != two['name'] and one['nqn'] != two['nqn']
    for made in (one, two):
        assert api('DELETE', f"/publish/{made['name']}")[0] == 204


def test_volumes_share_a_given_subsystem():
    api.ok('POST', '/subsystems', {'nqn': GIVEN})
    one = publish(201, name='a', size=MIB, host_nqn=HOST, subsystem=GIVEN)
    two = publish(201, name='b', size=MIB, host_nqn=OTHER, subsystem=GIVEN)
    assert (one['nqn'], one['nsid'], two['nsid']) == (GIVEN, 1, 2), (one, two)
    assert publish(200, name='a', size=MIB, host_nqn=HOST, subsystem=GIVEN)['uuid'] == one['uuid']
    hosts = [n['hosts'] for n in api.ok('GET', f'/subsystems/{GIVEN}/namespaces')['items']]
    assert hosts == [[HOST], [OTHER]], hosts
    publish(200, name='a', host_nqn=OTHER)
    assert api('DELETE', f'/publish/a?host_nqn={HOST}')[0] == 204
    hosts = [n['hosts'] for n in api.ok('GET', f'/subsystems/{GIVEN}/namespaces')['items']]
    assert hosts == [[OTHER], [OTHER]], hosts
    assert api('DELETE', '/publish/a')[0] == 204
    assert [n['nsid'] for n in api.ok('GET', f'/subsystems/{GIVEN}/namespaces')['items']] == [2]
    api.problem(404, 'DELETE', '/publish/a')


def test_a_volume_in_use_stays_unless_forced():
    made = publish(201, name='busy', size=MIB, host_nqn=HOST)
    portal = made['portals'][0]
    with nvme.Host(portal['traddr'], int(portal['trsvcid']), made['nqn'], hostnqn=HOST):
        pharos.wait_for(lambda: api.ok('GET', '/controllers')['items'], 5, 'the controller is listed')
        problem = api.problem(409, 'DELETE', '/publish/busy')
        assert problem['users'] == [HOST], problem
        assert api('DELETE', '/publish/busy?force=true')[0] == 204
    assert made['nqn'] not in sees(HOST)
    api.problem(404, 'DELETE', '/publish/busy')


def test_a_volume_that_its_worker_cannot_open_leaves_nothing():
    path = os.path.join(daemon.state, 'held')
    with open(path, 'wb') as f:
        f.truncate(MIB)
    with open(path) as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        api.problem(422, 'POST', '/publish?wait=20', {'name': 'held', 'path': path, 'host_nqn': HOST})
    api.problem(404, 'DELETE', '/publish/held')


if __name__ == '__main__':
    with daemon:
        pharos.run(globals())
