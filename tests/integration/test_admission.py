#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Hosts that come without being known: they wait, are told to operators once, and are admitted."""
import json
import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / 'lib'))
import dim  # noqa: E402
import nvmetcp as nvme  # noqa: E402
import openapi  # noqa: E402
import pharos  # noqa: E402

KNOWN, STRANGER, OTHER = (f'nqn.2026-11.example:{x}' for x in ('known', 'stranger', 'other'))

daemon = pharos.Discoveryd()
api = openapi.Api(daemon)


def discovery(hostnqn):
    host, port = daemon.listen.rsplit(':', 1)
    queue = nvme.Queue(host, int(port))
    queue.connect(nvme.DISCOVERY, hostnqn, kato=30000)
    queue.enable()
    return queue


def hosts(state):
    return {h['nqn']: h for h in api.ok('GET', f'/hosts?state={state}')['items']}


def waiting_events():
    return [e for e in api.ok('GET', '/events?limit=1000')['items'] if e['kind'] == 'host.waiting']


def cli(*args):
    run = subprocess.run([pharos.program('cli/pharos'), '--api', f'http://{daemon.api}', '--json', *args], capture_output=True, text=True,
                         timeout=30)
    assert run.returncode == 0, run
    return json.loads(run.stdout)


def test_a_stranger_waits_and_is_told_once():
    api.ok('POST', '/hosts', {'nqn': KNOWN})
    known, queue = discovery(KNOWN), discovery(STRANGER)
    seen = hosts('waiting')
    assert list(seen) == [STRANGER], seen
    assert (seen[STRANGER]['address'], seen[STRANGER]['connected'], seen[STRANGER]['state']) == ('127.0.0.1', True, 'waiting'), seen
    assert sorted(hosts('connected')) == [KNOWN, STRANGER] and list(hosts('admitted')) == [KNOWN]
    assert list(h['nqn'] for h in api.ok('GET', '/hosts')['items']) == [KNOWN]
    assert hosts('connected')[KNOWN]['discovery_controller_count'] == 1
    again = discovery(STRANGER)
    queue.close(), again.close(), known.close()
    pharos.wait_for(lambda: not hosts('connected'), what='nobody is connected')
    assert list(hosts('waiting')) == [STRANGER], 'it waits on after it has gone'
    discovery(STRANGER).close()
    events = pharos.wait_for(waiting_events)
    assert [e['data']['host_nqn'] for e in events] == [STRANGER] and events[0]['data']['address'] == '127.0.0.1', events
    assert api.ok('GET', f'/hosts/{STRANGER}')['state'] == 'waiting'
    api.problem(404, 'DELETE', f'/hosts/{STRANGER}')
    api.problem(404, 'GET', '/hosts/nqn.2026-11.example:nobody')
    api.problem(400, 'GET', '/hosts?state=sleeping', field='state')


def test_what_it_registered_is_shown_and_outlives_a_restart():
    queue = discovery(OTHER)
    assert dim.dim(queue, dim.REGISTER, [dim.extended(OTHER, traddr='192.0.2.77')], eid=OTHER) == 0
    assert hosts('waiting')[OTHER]['registered'] == ['192.0.2.77']
    daemon.kill()
    daemon.start()
    seen = hosts('waiting')
    assert list(seen) == [OTHER] and seen[OTHER]['connected'] is False and seen[OTHER]['address'] is None, seen


def test_admitted_it_waits_no_more():
    api.ok('POST', '/groups', {'name': 'lab'})
    made = cli('host', 'admit', OTHER, '--name', 'rack 7', '--group', 'lab')
    assert (made['state'], made['name'], made['groups'], made['registered']) == ('admitted', 'rack 7', ['lab'], ['192.0.2.77']), made
    assert OTHER not in hosts('waiting') and api.ok('GET', '/groups/lab')['members'] == [OTHER]
    assert cli('host', 'list', '--state', 'waiting') == []
    api.problem(422, 'POST', '/hosts', {'nqn': STRANGER, 'groups': ['none']}, field='groups[0]')
    assert cli('host', 'set', OTHER, '--no-groups')['groups'] == []
    assert api.ok('PATCH', f'/hosts/{OTHER}', {'groups': ['lab'], 'name': None})['groups'] == ['lab']


def test_a_host_that_is_forgotten_while_it_is_connected_waits():
    queue = discovery(KNOWN)
    assert KNOWN not in hosts('waiting')
    assert api('DELETE', f'/hosts/{KNOWN}')[0] == 204
    assert hosts('waiting')[KNOWN]['connected'] is True
    queue.close()


def test_many_strangers_fill_neither_list_nor_events():
    for i in range(60):
        discovery(f'nqn.2026-11.example:many-{i:03d}').close()
    pharos.wait_for(lambda: len(hosts('waiting')) >= 60)
    page = api.ok('GET', '/hosts?state=waiting&limit=7')
    seen = [h['nqn'] for h in page['items']]
    while page['next']:
        page = api.ok('GET', f'/hosts?state=waiting&limit=7&cursor={page["next"]}')
        seen += [h['nqn'] for h in page['items']]
    assert seen == sorted(hosts('waiting')), 'page by page it is the same'
    told = [e for e in waiting_events() if 'many' in e['text']]
    assert 0 < len(told) <= 20, f'events are limited: {len(told)}'


if __name__ == '__main__':
    with daemon:
        pharos.run(globals())
