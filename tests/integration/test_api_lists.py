#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Lists of every resource: filters, order, pages, chosen members; and what is said of parameters that won't do."""
import pathlib
import sys
import urllib.parse

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / 'lib'))
import openapi  # noqa: E402
import pharos  # noqa: E402

NQN = 'nqn.2026-11.example:list'
MIB = 1 << 20

daemon = pharos.Discoveryd()
api = openapi.Api(daemon)


def items(path, **query):
    return api.ok('GET', path + ('?' + urllib.parse.urlencode(query) if query else ''))['items']


def pages(path, limit, **query):
    """All objects, page by page."""
    found, cursor = [], ''
    while cursor is not None:
        page = api.ok('GET', f'{path}?' + urllib.parse.urlencode({**query, 'limit': limit, **({'cursor': cursor} if cursor else {})}))
        assert len(page['items']) <= limit
        found += page['items']
        cursor = page.get('cursor', page['next']) if path == '/events' else page['next']
    return found


def test_setup():
    for i in range(12):
        api.ok('POST', '/subsystems?wait=0', {'nqn': f'{NQN}:{i:02}', 'label': ('gold', 'silver', '')[i % 3], 'allow_any_host': i == 5, 'hosts': [f'{NQN}:h{i % 4}']})
    for i in range(6):
        api.ok('POST', f'/subsystems/{NQN}:{i % 2:02}/namespaces', {'size': (i + 1) * MIB, 'backend': ('ram', 'null')[i % 2], 'read_only': i > 3})
    for i in range(4):
        api.ok('PATCH', f'/hosts/{NQN}:h{i}', {'name': f'rack {9 - i}'})


def test_filters():
    label = lambda **query: sorted(s['nqn'][-2:] for s in items('/subsystems', **query))  # noqa: E731
    assert label(label='gold') == ['00', '03', '06', '09']
    assert label(label='*l*') == ['00', '01', '03', '04', '06', '07', '09', '10'], 'both gold and silver'
    assert label(label='') == ['02', '05', '08', '11']
    assert label(nqn='*:0*', label='silver') == ['01', '04', '07'], 'filters narrow each other'
    assert label(allow_any_host='true') == ['05']
    assert label(hosts=f'{NQN}:h1') == ['01', '05', '09']
    assert label(host_nqn=f'{NQN}:h0') == ['00', '04', '05', '08'], 'named or not'
    assert label(namespace_count='1..') == ['00', '01'] and label(namespace_count='3') == ['00', '01'] and label(namespace_count='..2') == label(namespace_count='0')
    assert len(label(created_at='2026-01-01T00:00:00Z..')) == 12 and label(created_at='..2026-01-01T00:00:00.5Z') == []
    pharos.wait_for(lambda: len(label(state='ready')) == 12, 10, 'all are ready')
    assert label(state='failed') == [] and len(label(state='ready,failed')) == 12
    assert label(worker='w1') == label() and label(worker='w*', node='none') == []
    assert sorted(n['size'] for n in items('/namespaces', backend='null', size='3MiB..')) == [4 * MIB, 6 * MIB]
    assert [n['size'] // MIB for n in items('/namespaces', read_only='true', sort='size')] == [5, 6]
    assert [n['nsid'] for n in items(f'/subsystems/{NQN}:00/namespaces', nsid='2..')] == [2, 3]
    assert [h['name'] for h in items('/hosts', name='rack [89]')] == [] and [h['name'] for h in items('/hosts', name='rack 9')] == ['rack 9']
    assert items('/subsystems/' + f'{NQN}:00/hosts', connected='true') == []
    assert items('/portals', adrfam='ipv6') == [] and items('/portals', trsvcid=daemon.io_listen.rsplit(':')[1])[0]['id'] == 'io1'
    assert items('/workers', state='running,starting', controller_count='0')[0]['id'] == 'w1'


def test_order():
    names = [h['name'] for h in items('/hosts', sort='name')]
    assert names == sorted(names) == names[::1] and names[0] == 'rack 6'
    assert [h['name'] for h in items('/hosts', sort='-name')] == names[::-1]
    found = [(s['label'], s['nqn']) for s in items('/subsystems', sort='-label,nqn')]
    assert found == sorted(sorted(found, key=lambda x: x[1]), key=lambda x: x[0], reverse=True), found
    found = [(s['label'], s['nqn']) for s in items('/subsystems', sort='label,-nqn')]
    assert found == sorted(sorted(found, key=lambda x: x[1], reverse=True), key=lambda x: x[0]), found
    sizes = [n['size'] for n in items('/namespaces', sort='-size')]
    assert sizes == sorted(sizes, reverse=True) and len(sizes) == 6


def test_pages_in_any_order_have_every_object_once():
    for sort in None, 'nqn', '-nqn', 'label', '-label', 'label,-created_at', '-namespace_count,label', 'worker':
        query = {'sort': sort} if sort else {}
        whole = [s['nqn'] for s in items('/subsystems', **query)]
        assert len(whole) == 12
        for limit in 1, 5, 11, 12, 13:
            assert [s['nqn'] for s in pages('/subsystems', limit, **query)] == whole, (sort, limit)
        few = [s['nqn'] for s in items('/subsystems', label='*r', **query)]
        assert [s['nqn'] for s in pages('/subsystems', 3, label='*r', **query)] == few and len(few) == 4
    assert [n['size'] for n in pages('/namespaces', 2)] == [n['size'] for n in items('/namespaces')]
    assert len(pages('/namespaces', 2)) == 6


def test_a_page_goes_on_where_the_last_object_was_even_if_it_is_gone():
    api.ok('POST', '/hosts', {'nqn': f'{NQN}:gone', 'name': 'rack 8a'})
    for query in {}, {'sort': 'name'}:
        first = api.ok('GET', '/hosts?' + urllib.parse.urlencode({'limit': 2, **query}))
        assert api('DELETE', '/hosts/' + first['items'][-1]['nqn'] + '?force=true')[0] == 204
        rest = items('/hosts', cursor=first['next'], **query)
        all_of_them = items('/hosts', **query)
        assert rest == all_of_them[1:], (query, first, rest, all_of_them)
        api.ok('PUT', '/hosts/' + first['items'][-1]['nqn'], {'name': first['items'][-1]['name']})
    assert api('DELETE', f'/hosts/{NQN}:gone')[0] in (204, 404)


def test_chosen_members():
    for s in items('/subsystems', fields='nqn,state'.replace(',state', ',label')):
        assert set(s) == {'nqn', 'label'}, s
    assert api.ok('GET', f'/subsystems/{NQN}:00?fields=status')['status']['state'] == 'ready'
    assert set(api.ok('GET', '/workers/w1?fields=id,pid')) == {'id', 'pid'}
    assert api.ok('GET', f'/hosts/{NQN}:h0?fields=')== {}
    assert items('/events', fields='kind', kind='discoveryd.started') == [{'kind': 'discoveryd.started'}]


def test_events_by_filter_and_order():
    newest = api.ok('GET', '/events?limit=2')
    ids = [e['id'] for e in newest['items']]
    assert ids == sorted(ids) and newest['next'] == ids[-1], newest
    last = items('/events', sort='-id', limit=2)
    assert [e['id'] for e in last] == ids[::-1], (ids, last)
    every = items('/events', since=0, limit=1000)
    assert [e['id'] for e in pages('/events', 3, sort='-time')] == [e['id'] for e in sorted(sorted(every, key=lambda e: e['id']), key=lambda e: e['time'], reverse=True)]
    assert items('/events', severity='error,warning') == [e for e in every if e['severity'] != 'info']
    assert [e['id'] for e in items('/events', id=f'{ids[0]}..{ids[-1]}', since=0)] == ids


def test_parameters_that_will_not_do():
    for path, field, valid in (('/subsystems?state=broken', 'state', 'ready, pending, failed'), ('/subsystems?sort=color', 'sort', 'nqn, '), ('/subsystems?sort=status', 'sort', 'nqn, '),
                               ('/subsystems?sort=nqn,serial,model,label', 'sort', 'up to 3'), ('/subsystems?fields=nqn,color', 'fields', 'nqn, serial'), ('/subsystems?fields=state', 'fields', 'nqn'),
                               ('/subsystems?color=red', 'color', 'limit, cursor, sort, fields, nqn'), ('/subsystems?namespace_count=few', 'namespace_count', 'FROM..TO'),
                               ('/subsystems?namespace_count=..', 'namespace_count', 'FROM..TO'), ('/subsystems?namespace_count=1...3', 'namespace_count', 'FROM..TO'),
                               ('/subsystems?created_at=yesterday', 'created_at', '2026-'), ('/subsystems?created_at=2026-02-30', 'created_at', '2026-'),
                               ('/subsystems?allow_any_host=perhaps', 'allow_any_host', 'true, false'), ('/subsystems?sort=nqn&cursor=x', 'cursor', 'next'),
                               ('/subsystems?sort=nqn&cursor=["x"]', 'cursor', 'next'), ('/subsystems?sort=namespace_count&cursor=["x","y"]', 'cursor', 'next'),
                               ('/subsystems?limit=0', 'limit', '1 to 1000'), ('/registrations?cursor=x', 'cursor', 'next'), (f'/subsystems/{NQN}:00/namespaces?cursor=x', 'cursor', 'next'),
                               ('/events?since=x', 'since', 'next'), (f'/subsystems/{NQN}:00?fields=color', 'fields', 'nqn'), ('/health?x=1', 'x', 'none'),
                               (f'/subsystems/{NQN}:00?limit=1', 'limit', 'fields')):
        error = openapi.fault(api.problem(400, 'GET', path.replace('"', '%22').replace('[', '%5B').replace(']', '%5D'), field=field))
        assert valid in error['valid'] and error['reason'] and 'value' in error, (path, error)


def test_every_list_takes_what_the_contract_says():
    """Each filter and each member to sort by, as the contract and the table of the resource have them."""
    api.ok('PUT', '/zone-groups/g', {})
    for template, item in api.paths.items():
        operation = item.get('get', {})
        names = [api.schema.resolve(p)['name'] for p in operation.get('parameters', [])]
        if 'sort' not in names:
            continue
        path = template.removeprefix('/api/v1').replace('{nqn}', f'{NQN}:00').replace('{nsid}', '1').replace('{group}', 'g')
        error = openapi.fault(api.problem(400, 'GET', path + '?nonsense=1', field='nonsense'))
        assert set(error['valid'].split(', ')) == set(names), (template, set(error['valid'].split(', ')) ^ set(names))
        sortable = openapi.fault(api.problem(400, 'GET', path + '?sort=nonsense', field='sort'))['valid'].partition(', of ')[2].split(', ')
        for name in sortable:
            assert len(items(path, sort=f'-{name}')) == len(items(path, sort=name)), (template, name)


if __name__ == '__main__':
    daemon.start()
    try:
        pharos.run(globals())
    finally:
        daemon.stop()
