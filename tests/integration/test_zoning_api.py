#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Zone groups, zones and aliases over REST, held to the contract: edited, previewed, activated, rolled back."""
import pathlib
import random
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / 'lib'))
import openapi  # noqa: E402
import pharos  # noqa: E402

H = [f'nqn.2026-11.example:h{i}' for i in range(4)]
S = [f'nqn.2026-11.example:s{i}' for i in range(3)]
DDC = 'nqn.2026-11.example:ddc'


def host(nqn, **more):
    return {'role': 'host', 'nqn': nqn, **more}


def subsystem(nqn, **more):
    return {'role': 'subsystem', 'nqn': nqn, **more}


def plain(members):
    """Without what the server adds."""
    return [{k: v for k, v in m.items() if k not in ('type', 'protocol')} for m in members]


def make(api, zone='z', members=()):
    if api('GET', '/zone-groups/g')[0] == 404:
        api.ok('POST', '/zone-groups', {'name': 'g'})
    return api.ok('POST', '/zone-groups/g/zones', {'name': zone, 'members': list(members)})


def test_groups_zones_and_aliases_are_made_changed_and_deleted():
    with pharos.Discoveryd() as daemon:
        api = openapi.Api(daemon)
        status, headers, group = api('POST', '/zone-groups', {'name': 'prod', 'description': 'the machines that matter'})
        assert status == 201 and headers['Location'] == '/api/v1/zone-groups/prod' and group['state'] == 'inactive', group
        api.problem(409, 'POST', '/zone-groups', {'name': 'prod'}, field='name')
        api.problem(422, 'POST', '/zone-groups', {'name': 'x' * 30}, field='name')
        api.problem(422, 'POST', '/zone-groups', {'name': 'a b'}, field='name')
        assert api.ok('PATCH', '/zone-groups/prod', {'description': 'others'})['description'] == 'others'
        status, headers, zone = api('POST', '/zone-groups/prod/zones', {'name': 'web', 'fabric_enforced': True, 'members': [host(H[0])]})
        assert status == 201 and headers['Location'] == '/api/v1/zone-groups/prod/zones/web', headers
        assert zone['members'] == [{'role': 'host', 'type': 1, 'nqn': H[0]}] and zone['fabric_enforced'], zone
        api.problem(409, 'POST', '/zone-groups/prod/zones', {'name': 'web'}, field='name')
        api.problem(404, 'POST', '/zone-groups/none/zones', {'name': 'web'})
        etag = api('GET', '/zone-groups/prod/zones/web')[1]['ETag']
        api.ok('POST', '/zone-groups/prod/zones/web/members', {'add': [subsystem(S[0]), host(H[1])], 'remove': [host(H[0]), host(H[2])]})
        zone = api.ok('GET', '/zone-groups/prod/zones/web')
        assert plain(zone['members']) == [host(H[1]), subsystem(S[0])], zone
        api.problem(412, 'PATCH', '/zone-groups/prod/zones/web', {'members': []}, {'If-Match': etag})
        assert api.ok('PATCH', '/zone-groups/prod/zones/web', {'members': []})['members'] == []
        assert api.ok('GET', '/zone-groups/prod')['zones'] == 1
        assert [z['name'] for z in api.ok('GET', '/zone-groups/prod/zones')['items']] == ['web']
        api.ok('POST', '/zone-aliases', {'name': 'front', 'members': [host(H[0])]})
        api.problem(422, 'POST', '/zone-aliases', {'name': 'b', 'members': [{'alias': 'front'}]}, field='members[0].alias')
        api.ok('POST', '/zone-groups/prod/zones/web/members', {'add': [{'alias': 'front'}]})
        assert 'zone prod/web' in api.problem(409, 'DELETE', '/zone-aliases/front')['detail']
        api.ok('POST', '/zone-aliases/front/members', {'add': [host(H[3])]})
        assert plain(api.ok('GET', '/zone-aliases/front')['members']) == [host(H[0]), host(H[3])]
        assert plain(api.ok('PATCH', '/zone-aliases/front', {'members': []})['members']) == []
        assert api('DELETE', '/zone-aliases/front?force=true')[0] == 204
        assert api.ok('GET', '/zone-groups/prod')['state'] == 'invalid', 'it names an alias that is gone'
        api.problem(422, 'POST', '/zoning/activate', {}, field='groups')
        assert api('DELETE', '/zone-groups/prod/zones/web')[0] == 204
        assert api('DELETE', '/zone-groups/prod')[0] == 204
        assert api.ok('GET', '/zone-groups')['items'] == [] == api.ok('GET', '/zone-aliases')['items']


def test_every_kind_of_member_is_taken_and_told_again():
    members = [
        (1, host(H[0])), (2, host(H[0], address='192.0.2.7')), (1, subsystem(S[0])), (2, subsystem(S[0], address='2001:db8::7')),
        (3, subsystem(S[0], address='192.0.2.7', port=4420)), (4, subsystem(S[0], address='192.0.2.7', port=4420, portid=3)),
        (5, subsystem(S[0], portid=3)), (6, subsystem(S[0], portid=3, family='ipv6')),
        (17, {'role': 'host', 'address': '192.0.2.8'}), (17, {'role': 'subsystem', 'address': '192.0.2.8'}),
        (18, {'role': 'subsystem', 'address': '2001:db8::1', 'port': 4421}), (None, {'role': 'host', 'address': '10.0.0.0/8'}),
        (None, {'role': 'subsystem', 'address': '2001:db8::/32', 'port': 4420}), (None, {'role': 'host', 'label': 'räck 7'}),
        (None, {'role': 'subsystem', 'label': 'fast'}), (None, {'role': 'host', 'group': 'web'}), (None, {'alias': 'front'}),
    ]
    with pharos.Discoveryd() as daemon:
        api = openapi.Api(daemon)
        told = make(api, members=[m for _, m in members])['members']
        for kind, member in members:
            found, = [m for m in told if plain([m]) == [member]]
            assert found.get('type') == kind, (kind, found)
        assert len(told) == len(members)
        assert api.ok('PATCH', '/zone-groups/g/zones/z', {'members': told})['members'] == told, 'as it was told it is taken'


def test_what_is_no_member_is_refused_by_its_field():
    cases = [
        ({'role': 'host'}, 'members[1]'), ({'nqn': H[0]}, 'members[1].role'), ({'role': 'guest', 'nqn': H[0]}, 'members[1].role'),
        (host('h'), 'members[1].nqn'), (host(H[0], port=1), 'members[1].port'), (host(H[0], portid=1), 'members[1].portid'),
        (host(H[0], address='10.0.0.0/8'), 'members[1]'), (host(H[0], address='10.0.0.1/8'), 'members[1].address'),
        (host(H[0], address='x'), 'members[1].address'), (subsystem(S[0], port=0), 'members[1].port'),
        (subsystem(S[0], port=4420), 'members[1]'), (subsystem(S[0], family='ipv4'), 'members[1]'),
        (subsystem(S[0], portid=1, family='ipx'), 'members[1].family'), (host(H[0], label='x'), 'members[1].label'),
        ({'role': 'subsystem', 'group': 'g'}, 'members[1].group'), (host(H[0], protocol='udp'), 'members[1].protocol'),
        (host(H[0], colour='red'), 'members[1].colour'), ('x', 'members[1]'), ({'alias': 'a b'}, 'members[1].alias'),
    ]
    with pharos.Discoveryd() as daemon:
        api = openapi.Api(daemon)
        api.ok('POST', '/zone-groups', {'name': 'g'})
        for member, field in cases:
            api.problem(422, 'POST', '/zone-groups/g/zones', {'name': 'z', 'members': [host(H[0]), member]}, field=field)
        assert api.ok('GET', '/zone-groups/g/zones')['items'] == []


def test_activation_is_a_step_and_roll_back_another():
    with pharos.Discoveryd() as daemon:
        api = openapi.Api(daemon)
        zoning = api.ok('GET', '/zoning')
        assert zoning['enabled'] and zoning['default_zone'] == 'open' and not zoning['pending'] and zoning['change'] is None, zoning
        make(api, members=[host(H[0]), {'alias': 'disks'}])
        api.ok('POST', '/zone-groups', {'name': 'other'})
        assert api.ok('GET', '/zoning')['pending']
        api.problem(422, 'POST', '/zoning/activate', {'groups': ['none']}, field='groups[0]')
        api.problem(422, 'POST', '/zoning/activate', {'groups': ['g']}, field='groups')
        api.ok('POST', '/zone-aliases', {'name': 'disks', 'members': [subsystem(S[0])]})
        zoning = api.ok('POST', '/zoning/activate', {'groups': ['g'], 'note': 'first'})
        first = zoning['change']
        assert zoning['active_groups'] == zoning['active_zones'] == 1 and zoning['pending'], zoning
        assert api.ok('POST', '/zoning/activate', {})['active_groups'] == 2
        active = api.ok('GET', '/zoning/active')['items']
        assert [(a['name'], a['originator'], a['generation']) for a in active] == [('g', None, 1), ('other', None, 1)], active
        assert plain(active[0]['zones'][0]['members']) == [host(H[0]), subsystem(S[0])], 'the alias is what was in it'
        api.ok('PATCH', '/zone-aliases/disks', {'members': [subsystem(S[1])]})
        assert api.ok('GET', '/zone-groups/g')['state'] == 'changed'
        second = api.ok('POST', '/zoning/activate', {})['change']
        group = api.ok('GET', '/zone-groups/g')
        assert (group['state'], group['generation'], group['change']) == ('active', 2, second), group
        assert api.ok('POST', '/zoning/activate', {})['change'] == second, 'nothing to do'
        assert api('DELETE', '/zone-groups/other')[0] == 204
        assert len(api.ok('GET', '/zoning/active')['items']) == 2
        assert api.ok('POST', '/zoning/activate', {'groups': ['other']})['active_groups'] == 1
        api.ok('POST', f'/zoning/history/{first}/rollback', {'note': 'back'})
        active, = api.ok('GET', '/zoning/active')['items']
        assert plain(active['zones'][0]['members']) == [host(H[0]), subsystem(S[0])] and active['generation'] == 3, active
        history = api.ok('GET', '/zoning/history?sort=-change')['items']
        assert [(h['kind'], h['note']) for h in history] == [('rollback', 'back'), ('activation', ''), ('activation', ''), ('activation', ''),
                                                              ('activation', 'first')], history
        past = api.ok('GET', f'/zoning/history/{second}')
        assert sorted(g['name'] for g in past['groups']) == ['g', 'other'], past
        api.problem(404, 'POST', '/zoning/history/99999/rollback', {}, field='change')
        api.problem(404, 'GET', '/zoning/history/x')
        events = [e for e in daemon.rest('GET', '/events?limit=1000')['items'] if e['kind'].startswith('zoning.')]
        assert [e['kind'] for e in events] == ['zoning.activated'] * 4 + ['zoning.rolled_back'], events
        change, = [a for a in api.ok('GET', '/audit?limit=1000')['items'] if a['operation'] == 'rollBackZoning'][0]['changes']
        assert (change['action'], change['kind'], change['id'], change['object']['note']) == ('create', 'change of zoning', str(history[0]['change']), 'back')
        daemon.kill()
        daemon.start()
        assert api.ok('GET', '/zoning/active')['items'] == [active]
        assert api.ok('GET', '/zoning/history?sort=-change')['items'] == history


def test_settings_take_effect_at_once_and_are_part_of_the_history():
    with pharos.Discoveryd() as daemon:
        api = openapi.Api(daemon)
        ddcs = [{'nqn': DDC, 'own_subsystems': False}, {'nqn': DDC + '2', 'own_subsystems': True}]
        zoning = api.ok('PATCH', '/zoning', {'default_zone': 'closed', 'ddcs': ddcs})
        assert zoning['default_zone'] == 'closed' and zoning['ddcs'] == ddcs, zoning
        assert api.ok('PATCH', '/zoning', {'default_zone': 'closed'})['change'] == zoning['change'], 'nothing to do'
        api.problem(422, 'PATCH', '/zoning', {'default_zone': 'ajar'}, field='default_zone')
        api.problem(422, 'PATCH', '/zoning', {'ddcs': [{'nqn': 'x'}]}, field='ddcs[0].nqn')
        api.problem(422, 'PATCH', '/zoning', {'ddcs': [{'nqn': DDC}, {'nqn': DDC, 'own_subsystems': True}]}, field='ddcs')
        assert api.ok('PATCH', '/zoning', {'enabled': False, 'ddcs': []})['ddcs'] == []
        api.ok('POST', f'/zoning/history/{zoning["change"]}/rollback', {})
        now = api.ok('GET', '/zoning')
        assert now['enabled'] and now['default_zone'] == 'closed', now


def test_preview_says_who_gains_and_loses_what():
    with pharos.Discoveryd() as daemon:
        api = openapi.Api(daemon)
        for i, nqn in enumerate(S):
            api.ok('POST', '/subsystems', {'nqn': nqn, 'allow_any_host': i == 0, 'hosts': [] if i == 0 else [H[0], H[1]]})
        api.ok('POST', '/hosts', {'nqn': H[2]})
        make(api, members=[host(H[0]), host('nqn.2026-11.example:nobody'), subsystem(S[0]), subsystem(S[1]), subsystem('nqn.2026-11.example:nothing'),
                           {'role': 'host', 'label': 'rack'}])
        preview = api.ok('POST', '/zoning/preview', {})
        assert preview['hosts'] == [{'nqn': H[1], 'gains': [], 'loses': S[:2], 'connected': []},
                                    {'nqn': H[2], 'gains': [], 'loses': S[:1], 'connected': []}], preview
        assert (preview['gaining'], preview['losing'], preview['anyone']) == (0, 2, {'gains': [], 'loses': S[:1]}), preview
        assert sorted(str(plain([m['member']])) for m in preview['unknown_members']) == sorted(
            str([m]) for m in (host('nqn.2026-11.example:nobody'), subsystem('nqn.2026-11.example:nothing'), {'role': 'host', 'label': 'rack'}))
        api.ok('POST', '/zoning/activate', {})
        assert api.ok('POST', '/zoning/preview', {})['hosts'] == [], 'nothing would change'
        closed = api.ok('POST', '/zoning/preview', {'default_zone': 'closed'})
        assert [(h['nqn'], h['loses']) for h in closed['hosts']] == [(H[0], S[2:]), (H[1], S[2:])], closed
        off = api.ok('POST', '/zoning/preview', {'enabled': False})
        assert [(h['nqn'], h['gains']) for h in off['hosts']] == [(H[1], S[:2]), (H[2], S[:1])] and off['anyone']['gains'] == S[:1], off
        assert api('DELETE', '/zone-groups/g')[0] == 204
        gone = api.ok('POST', '/zoning/preview', {'groups': ['g']})
        assert gone['gaining'] == 2 and gone['losing'] == 0, gone
        api.problem(422, 'POST', '/zoning/preview', {'groups': ['x']}, field='groups[0]')


def test_put_makes_and_replaces():
    with pharos.Discoveryd() as daemon:
        api = openapi.Api(daemon)
        for path, body, other in (('/zone-groups/g', {'name': 'g'}, {'name': 'g', 'description': 'x'}),
                                  ('/zone-groups/g/zones/z', {'name': 'z'}, {'name': 'z', 'members': [host(H[0])]}),
                                  ('/zone-aliases/a', {'name': 'a', 'members': [host(H[0])]}, {'name': 'a', 'members': [host(H[1])]})):
            assert api('PUT', path, body)[0] == 201
            assert api('PUT', path, other)[0] == 200
            one = api.ok('GET', path)
            assert all(plain(one[k]) == other[k] if k == 'members' else one[k] == other[k] for k in other), one


def test_a_dry_run_of_an_activation_tells_logs_and_changes_nothing():
    with pharos.Discoveryd() as daemon:
        api = openapi.Api(daemon)
        api.ok('POST', '/subsystems', {'nqn': S[0], 'allow_any_host': True})
        make(api, members=[host(H[0]), subsystem(S[0])])
        dry = api.ok('POST', '/zoning/activate?dry_run=true', {})
        assert dry['dry_run'] and {'host_nqn': None, 'gains': [], 'loses': [{'nqn': S[0], 'portal': 'io1'}]} in dry['hosts'], dry
        assert api.ok('GET', '/zoning')['change'] is None and api.ok('GET', '/zoning/active')['items'] == []


def told(api, nqn):
    records = api.ok('GET', f'/discovery-log?host_nqn={nqn}')['records']
    return {r['subnqn'] for r in records if r['subtype'] == 'nvme subsystem'}


def test_a_preview_tells_what_then_happens():
    chance = random.Random(7)
    everyone = H + ['nqn.2026-11.example:nobody']
    with pharos.Discoveryd() as daemon:
        api = openapi.Api(daemon)
        for i, nqn in enumerate(S):
            api.ok('POST', '/subsystems', {'nqn': nqn, 'allow_any_host': i == 0, 'hosts': [] if i == 0 else chance.sample(H, 3)})
        for zone in ('a', 'b'):
            make(api, zone)
        changes = 0
        for _ in range(25):
            members = [host(nqn) for nqn in chance.sample(H, chance.randrange(4))] + [subsystem(nqn) for nqn in chance.sample(S, chance.randrange(3))]
            api.ok('PATCH', f'/zone-groups/g/zones/{chance.choice("ab")}', {'members': members})
            settings = chance.choice(({}, {}, {'default_zone': 'closed'}, {'default_zone': 'open'}))
            preview = api.ok('POST', '/zoning/preview', settings)
            before = {nqn: told(api, nqn) for nqn in everyone}
            if settings:
                api.ok('PATCH', '/zoning', settings)
            api.ok('POST', '/zoning/activate', {})
            after = {nqn: told(api, nqn) for nqn in everyone}
            said = {h['nqn']: (set(h['gains']), set(h['loses'])) for h in preview['hosts']}
            anyone = preview['anyone']
            real = {nqn: (after[nqn] - before[nqn], before[nqn] - after[nqn]) for nqn in everyone if after[nqn] != before[nqn]}
            real.pop(everyone[-1], None)
            assert said == real, (said, real)
            nobody = everyone[-1]
            assert (set(anyone['gains']), set(anyone['loses'])) == (after[nobody] - before[nobody], before[nobody] - after[nobody]), preview
            assert preview['gaining'] == sum(bool(gains) for gains, _ in real.values()), preview
            assert preview['losing'] == sum(bool(loses) for _, loses in real.values()), preview
            changes += bool(real)
        assert changes > 5


def test_a_group_of_hosts_is_what_is_in_it_when_it_is_activated():
    with pharos.Discoveryd() as daemon:
        api = openapi.Api(daemon)
        api.ok('POST', '/groups', {'name': 'web', 'members': H[:2]})
        make(api, members=[{'role': 'host', 'group': 'web'}, subsystem(S[0])])
        api.ok('POST', '/zoning/activate', {})
        active, = api.ok('GET', '/zoning/active')['items']
        assert plain(active['zones'][0]['members']) == [host(H[0]), host(H[1]), subsystem(S[0])], active
        assert 'zone g/z' in str(api.problem(409, 'DELETE', '/groups/web'))
        api.ok('PATCH', '/groups/web', {'members': H[:1]})
        assert api.ok('GET', '/zone-groups/g')['state'] == 'changed'
        assert api('DELETE', '/groups/web?force=true')[0] == 204
        assert plain(api.ok('GET', '/zone-groups/g/zones/z')['members']) == [subsystem(S[0])], 'it went with its group'


def test_the_document_has_zones_and_takes_them_back():
    with pharos.Discoveryd() as daemon:
        api = openapi.Api(daemon)
        api.ok('POST', '/groups', {'name': 'web', 'members': H[:2]})
        api.ok('POST', '/zone-aliases', {'name': 'a', 'members': [host(H[0])]})
        make(api, members=[{'alias': 'a'}, {'role': 'host', 'group': 'web'}, {'role': 'host', 'address': '10.0.0.0/8'}, subsystem(S[0], address='192.0.2.7', port=4420)])
        document = api.ok('GET', '/config')
        zone, = document['zone_groups'][0]['zones']
        assert zone['members'] == api.ok('GET', '/zone-groups/g/zones/z')['members'] and zone['name'] == 'z', document
        assert api.ok('PUT', '/config?prune=true', document)['changes'] == []
        assert api('DELETE', '/zone-groups/g')[0] == 204 == api('DELETE', '/zone-aliases/a')[0]
        api.ok('PUT', '/config', document)
        assert api.ok('GET', '/config') == document and api.ok('GET', '/zoning')['change'] is None, 'nothing was activated'
        zone['members'] = [host(H[3])]
        kept = api.ok('PUT', '/config', {'zone_groups': [{'name': 'g', 'zones': [zone]}], 'zone_aliases': []})['kept']
        assert [(k['kind'], k['id'], k.get('member')) for k in kept] == [('zone', 'g/z', 'members'), ('zone alias', 'a', None)], kept
        assert len(api.ok('GET', '/zone-groups/g/zones/z')['members']) == 5
        api.problem(422, 'PUT', '/config', {'zone_groups': [{'name': 'g', 'zones': [{'name': 'z', 'members': [{'role': 'x', 'nqn': H[0]}]}]}]},
                    field='zone_groups[0].zones[0].members[0].role')
        api.ok('PUT', '/config?prune=true', {'zone_groups': [{'name': 'g', 'zones': [zone]}], 'zone_aliases': []})
        assert plain(api.ok('GET', '/zone-groups/g/zones/z')['members']) == [host(H[3])] and api.ok('GET', '/zone-aliases')['items'] == []
        api.ok('PUT', '/config?prune=true', {'zone_groups': []})
        assert api.ok('GET', '/zone-groups')['items'] == []


if __name__ == '__main__':
    pharos.run(globals())
