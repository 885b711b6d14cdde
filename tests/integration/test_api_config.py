#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The configuration as one document: what it says, what applying it changes, that it is all or nothing."""
import copy
import pathlib
import socket
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / 'lib'))
import openapi  # noqa: E402
import pharos  # noqa: E402

NQN = 'nqn.2026-11.example:conf'
HOST = 'nqn.2026-11.example:host1'
OTHER = 'nqn.2026-11.example:host2'
MIB = 1 << 20

daemon = pharos.Discoveryd()
api = openapi.Api(daemon)

DOCUMENT = {
    'version': 1,
    'hosts': [{'nqn': HOST, 'name': 'first'}, {'nqn': OTHER, 'name': None}],
    'subsystems': [{
        'nqn': NQN, 'serial': 'SN1', 'model': 'Model', 'label': None, 'allow_any_host': False, 'require_auth': False, 'hosts': [HOST], 'portals': None,
        'namespaces': [{'nsid': 1, 'size': 4 * MIB, 'uuid': '11111111-2222-4333-8444-555555555555', 'backend': 'ram'},
                       {'nsid': 5, 'size': MIB, 'backend': 'null', 'block_size': 4096, 'hosts': [HOST]}]}],
}


def export():
    return api.ok('GET', '/config')


def apply(document, **query):
    text = '&'.join(f'{k}={v}' for k, v in query.items())
    return api.ok('PUT', '/config' + ('?' + text if text else ''), document)


def done(diff):
    return [(c['action'], c['kind'], c['id']) for c in diff['changes']]


def log(host):
    return [r['subnqn'] for r in api.ok('GET', f'/discovery-log?host_nqn={host}')['records']]


CREATED = [('create', 'host', HOST), ('create', 'host', OTHER), ('create', 'subsystem', NQN), ('create', 'namespace', '1'),
           ('create', 'namespace', '5')]


def test_a_dry_run_tells_what_would_be_and_changes_nothing():
    before = export()
    diff = apply(DOCUMENT, dry_run='true')
    assert diff['dry_run'] is True and done(diff) == CREATED, diff
    assert diff['hosts'] == [{'host_nqn': HOST, 'gains': [{'nqn': NQN, 'portal': 'io1'}], 'loses': []}], diff
    assert export() == before and NQN not in log(HOST)


def test_a_document_is_applied_in_one_change():
    diff = apply(DOCUMENT)
    assert (diff['dry_run'], diff['state'], done(diff)) == (False, 'ready', CREATED), diff
    assert NQN in log(HOST) and NQN not in log(OTHER)
    host = api.ok('GET', f'/hosts/{HOST}')
    subsystem = api.ok('GET', f'/subsystems/{NQN}')
    assert host['name'] == 'first' and subsystem['status']['state'] == 'ready', (host, subsystem)
    etags = {api('GET', path)[1]['ETag'] for path in (f'/hosts/{HOST}', f'/hosts/{OTHER}', f'/subsystems/{NQN}',
                                                      f'/subsystems/{NQN}/namespaces/5')}
    assert len(etags) == 1, f'one transaction, one change: {etags}'
    diff = apply(DOCUMENT)
    assert (done(diff), diff['hosts'], diff['kept']) == ([], [], []), 'it is so already'


def test_the_export_goes_round():
    document = export()
    subsystem = document['subsystems'][0]
    assert (subsystem['nqn'], subsystem['hosts'], subsystem['serial']) == (NQN, [HOST], 'SN1'), subsystem
    assert [n['nsid'] for n in subsystem['namespaces']] == [1, 5]
    for query in ({}, {'prune': 'true'}):
        diff = apply(document, **query)
        assert (done(diff), diff['kept']) == ([], []), diff
    apply({'hosts': [], 'portals': [], 'subsystems': []}, prune='true')
    empty = export()
    assert empty['hosts'] == [] and empty['subsystems'] == [] and [p['id'] for p in empty['portals']] == ['io1'], empty
    assert done(apply(document)) == CREATED
    assert export() == document, 'identifiers too'


def test_workers_referrals_and_discovery_controllers_go_round():
    before = export()
    referral = {'id': 'else', 'traddr': '192.0.2.80', 'trsvcid': '8009', 'nqn': 'nqn.2014-08.org.nvmexpress.discovery', 'hosts': [HOST]}
    controller = {'id': 'ddc', 'traddr': '127.0.0.1', 'trsvcid': '1', 'nqn': 'nqn.2014-08.org.nvmexpress.discovery', 'enabled': False, 'admitted': True, 'hosts': None}
    more = {'workers': [{'id': 'second', 'reactors': 1, 'cpu_list': None}], 'referrals': [referral], 'discovery_controllers': [controller],
            'subsystems': [{'nqn': NQN + '-second', 'worker': 'second', 'hosts': [OTHER]}]}
    diff = apply(more, wait=10)
    assert {('create', 'worker', 'second'), ('create', 'referral', 'else'), ('create', 'discovery controller', 'ddc')} <= set(done(diff)), diff
    assert [h['gains'][0]['nqn'] for h in diff['hosts'] if h['host_nqn'] == HOST] == [referral['nqn']], diff
    document = export()
    assert document['referrals'] == [referral] and document['discovery_controllers'] == [controller], document
    assert [w['id'] for w in document['workers']] == ['second', 'w1'], document
    assert done(apply(more)) == done(apply(document, prune='true')) == []
    diff = apply({'referrals': [{'id': 'else', 'hosts': [OTHER]}], 'discovery_controllers': []})
    assert set(export()['referrals'][0]['hosts']) == {HOST, OTHER}, 'lists grow'
    assert diff['kept'] == [{'kind': 'referral', 'id': 'else', 'member': 'hosts'}, {'kind': 'discovery controller', 'id': 'ddc'}], diff
    for wrong, field in (({'referrals': [{'id': 'else', 'trsvcid': 4420}]}, 'referrals[0].trsvcid'), ({'referrals': [{'id': 'new'}]}, 'referrals[0].traddr'),
                         ({'workers': [{'id': 'w1', 'reactors': 1000}]}, 'workers[0].reactors'), ({'workers': [{'reactors': 1}]}, 'workers[0].id'),
                         ({'discovery_controllers': [{'id': 'ddc', 'error': 'x'}]}, 'discovery_controllers[0].error'),
                         ({'referrals': [{'id': 'else', 'hosts': ['group:none']}]}, 'referrals[0].hosts[0]')):
        api.problem(422, 'PUT', '/config', wrong, field=field)
    diff = apply({k: before[k] for k in ('workers', 'subsystems', 'referrals', 'discovery_controllers')}, prune='true')
    assert diff['state'] == 'ready', 'nobody waits for a worker that is gone'
    assert export() == before


def test_members_that_are_not_given_stay():
    diff = apply({'subsystems': [{'nqn': NQN, 'label': 'gold'}], 'hosts': [{'nqn': OTHER}]})
    assert diff['changes'] == [{'action': 'change', 'kind': 'subsystem', 'id': NQN, 'members': {'label': {'from': '', 'to': 'gold'}}}], diff
    subsystem = export()['subsystems'][0]
    assert subsystem['hosts'] == [HOST] and len(subsystem['namespaces']) == 2
    diff = apply({'subsystems': [{'nqn': NQN, 'namespaces': [{'nsid': 1, 'size': 8 * MIB}]}]})
    assert diff['changes'] == [{'action': 'change', 'kind': 'namespace', 'id': '1', 'nqn': NQN,
                                'members': {'size': {'from': 4 * MIB, 'to': 8 * MIB}}}], diff


def test_without_prune_nothing_is_taken_away():
    document = {'hosts': [], 'subsystems': [{'nqn': NQN, 'hosts': [OTHER], 'portals': ['io1'], 'namespaces': []}]}
    diff = apply(document)
    assert export()['subsystems'][0]['hosts'] == [HOST, OTHER] and export()['subsystems'][0]['portals'] is None
    kept = diff['kept']
    for item in ({'kind': 'subsystem', 'id': NQN, 'member': 'hosts'}, {'kind': 'subsystem', 'id': NQN, 'member': 'portals'},
                 {'kind': 'namespace', 'id': '1', 'nqn': NQN}, {'kind': 'namespace', 'id': '5', 'nqn': NQN}):
        assert item in kept, (item, kept)
    assert [(h['host_nqn'], h['loses']) for h in diff['hosts']] == [(OTHER, [])], diff
    diff = apply(document, prune='true')
    assert ('delete', 'namespace', '1') in done(diff) and ('delete', 'host', HOST) in done(diff), diff
    assert {'host_nqn': HOST, 'gains': [], 'loses': [{'nqn': NQN, 'portal': 'io1'}]} in diff['hosts'], diff
    now = export()
    assert now['subsystems'][0]['hosts'] == [OTHER] and now['subsystems'][0]['portals'] == ['io1'], now
    assert now['subsystems'][0]['namespaces'] == [] and [h['nqn'] for h in now['hosts']] == [OTHER], now


def test_prune_leaves_lists_alone_that_are_absent():
    before = export()
    assert done(apply({'version': 1}, prune='true')) == []
    assert export() == before


def test_an_error_names_its_path_and_nothing_is_done():
    apply(DOCUMENT)
    before = export()

    def refused(status, field, change, query=''):
        document = copy.deepcopy(DOCUMENT)
        document['hosts'].append({'nqn': 'nqn.2026-11.example:new'})
        change(document)
        problem = api.problem(status, 'PUT', '/config' + query, document, None, field)
        assert export() == before, problem
        return problem

    def set_in(path, value):
        def change(document):
            for step in path[:-1]:
                document = document[step]
            document[path[-1]] = value
        return change

    space = ('subsystems', 0, 'namespaces', 1)
    refused(422, 'subsystems[0].serial', set_in(('subsystems', 0, 'serial'), 'other'))
    refused(422, 'subsystems[0].namespaces[1].block_size', set_in(space + ('block_size',), 512))
    refused(422, 'subsystems[0].namespaces[1].size', set_in(space + ('size',), 'much'))
    refused(422, 'subsystems[0].namespaces[1].nope', set_in(space + ('nope',), 1))
    refused(422, 'subsystems[0].namespaces[1].nsid', set_in(space + ('nsid',), None))
    refused(422, 'subsystems[0].hosts[1]', set_in(('subsystems', 0, 'hosts'), [HOST, 'nobody']))
    refused(422, 'subsystems[0].portals[0]', set_in(('subsystems', 0, 'portals'), ['p77']))
    refused(422, 'hosts[2].nqn', set_in(('hosts', 2, 'nqn'), 'x'))
    refused(422, 'hosts[2]', set_in(('hosts', 2), 'x'))
    refused(422, 'portals[0].traddr', set_in(('portals',), [{'id': 'p1'}]))
    refused(422, 'version', set_in(('version',), 2))
    refused(422, 'subsystems[0].namespaces[1].size', set_in(space + ('size',), 4096))
    taken = {'nsid': 9, 'size': MIB, 'uuid': DOCUMENT['subsystems'][0]['namespaces'][0]['uuid']}
    refused(409, 'subsystems[0].namespaces[1].uuid', set_in(space, taken))
    refused(507, 'subsystems[0].namespaces[1].size', set_in(space, {'nsid': 9, 'size': '900TiB'}))


def test_a_portal_of_a_document_listens_and_goes_with_what_failed():
    port = pharos.free_port()
    portal = {'id': 'second', 'traddr': '127.0.0.1', 'trsvcid': str(port)}
    bad = {'portals': [portal], 'subsystems': [{'nqn': 'bad'}]}
    api.problem(422, 'PUT', '/config', bad, None, 'subsystems[0].nqn')
    assert done(apply({'portals': [portal]}, dry_run='true')) == [('create', 'portal', 'second')]
    diff = apply({'portals': [portal], 'subsystems': [{'nqn': NQN, 'portals': None}]})
    assert ('create', 'portal', 'second') in done(diff) and diff['state'] == 'ready', diff
    socket.create_connection(('127.0.0.1', port), 5).close()
    assert any({'nqn': NQN, 'portal': 'second'} in h['gains'] for h in diff['hosts']), diff
    api.problem(422, 'PUT', '/config', {'portals': [{**portal, 'traddr': '127.0.0.2'}]}, None, 'portals[0].traddr')
    diff = apply({'portals': []}, prune='true')
    assert done(diff) == [('delete', 'portal', 'second')], diff


if __name__ == '__main__':
    with daemon:
        pharos.run(globals())
