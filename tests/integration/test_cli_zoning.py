#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""pharos zone-group, zone, zone-alias and zoning: every verb, against discoveryd; members in words; what is asked at a terminal; completion."""
import json
import os
import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / 'lib'))
import pharos  # noqa: E402
from terminal import Terminal  # noqa: E402

H = [f'nqn.2026-11.example:h{i}' for i in range(3)]
S = [f'nqn.2026-11.example:s{i}' for i in range(3)]
FAILED, USAGE, CONFLICT, REFUSED = 1, 2, 5, 6


def run(daemon, *words):
    done = subprocess.run([pharos.program('pharos'), '--api', daemon.api, *words], capture_output=True, text=True, timeout=60)
    return done.returncode, done.stdout, done.stderr


def ok(daemon, *words):
    code, out, err = run(daemon, *words)
    assert code == 0, (words, code, out, err)
    return out


def answer(daemon, *words):
    return json.loads(ok(daemon, *words, '--json'))


def words_of(daemon, *zone):
    """The members as `show` has them."""
    lines = ok(daemon, *zone).splitlines()
    at = next(i for i, line in enumerate(lines) if line.startswith('members'))
    return [line[len('members'):].strip() if n == 0 else line.strip() for n, line in enumerate(lines[at:]) if n == 0 or line.startswith(' ')]


def test_members_are_taken_and_shown_in_the_same_words():
    hosts = [H[0], f'{H[0]}@192.0.2.7', '192.0.2.8', '10.0.0.0/8', '2001:db8::7', 'label:rack 7', 'group:web']
    subsystems = [S[0], f'{S[0]}@192.0.2.7', f'{S[0]}@192.0.2.7:4420', f'{S[0]}@[2001:db8::7]:4420#3', f'{S[0]}#3', '192.0.2.9', '192.0.2.9:4420',
                  '[2001:db8::9]:4420', '10.0.0.0/8:4420', 'label:fast']
    options = [word for kind, members in (('--host', hosts), ('--subsystem', subsystems)) for m in members for word in (kind, m)]
    with pharos.Discoveryd() as daemon:
        ok(daemon, 'zone-group', 'create', 'g', '--description', 'x')
        ok(daemon, 'zone-alias', 'create', 'a', '--host', H[1])
        ok(daemon, 'zone', 'create', 'g', 'z', *options, '--alias', 'a', '--fabric-enforced', 'yes')
        told = words_of(daemon, 'zone', 'show', 'g', 'z')
        assert sorted(told) == sorted([f'host {m}' for m in hosts] + [f'subsystem {m}' for m in subsystems] + ['alias:a']), told
        ok(daemon, 'zone', 'remove', 'g', 'z', *options)
        assert words_of(daemon, 'zone', 'show', 'g', 'z') == ['alias:a']
        ok(daemon, 'zone', 'add', 'g', 'z', '--host', H[2])
        ok(daemon, 'zone', 'set', 'g', 'z', '--host', H[1])
        assert words_of(daemon, 'zone', 'show', 'g', 'z') == [f'host {H[1]}']
        ok(daemon, 'zone', 'set', 'g', 'z', '--no-members', '--fabric-enforced', 'no')
        zone = answer(daemon, 'zone', 'show', 'g', 'z')
        assert zone['members'] == [] and not zone['fabric_enforced'], zone
        for bad in ('', '@192.0.2.1', f'{H[0]}@x', f'{H[0]}@192.0.2.1:0', f'{H[0]}#x', '300.0.0.1'):
            assert run(daemon, 'zone', 'add', 'g', 'z', '--subsystem', bad)[0] in (USAGE, REFUSED), bad


def test_groups_zones_and_aliases_by_every_verb():
    with pharos.Discoveryd() as daemon:
        ok(daemon, 'zone-group', 'create', 'g')
        assert 'by order' in ok(daemon, 'zone-group', 'set', 'g', '--description', 'by order')
        assert answer(daemon, 'zone-group', 'show', 'g')['state'] == 'inactive'
        assert [g['name'] for g in answer(daemon, 'zone-group', 'list')] == ['g']
        assert run(daemon, 'zone-group', 'create', 'g')[0] == CONFLICT
        ok(daemon, 'zone-alias', 'create', 'a', '--host', H[0])
        ok(daemon, 'zone-alias', 'add', 'a', '--host', H[1], '--subsystem', S[0])
        ok(daemon, 'zone-alias', 'remove', 'a', '--host', H[0])
        assert words_of(daemon, 'zone-alias', 'show', 'a') == [f'host {H[1]}', f'subsystem {S[0]}']
        ok(daemon, 'zone-alias', 'set', 'a', '--host', H[2])
        assert words_of(daemon, 'zone-alias', 'show', 'a') == [f'host {H[2]}']
        ok(daemon, 'zone', 'create', 'g', 'z', '--alias', 'a')
        assert run(daemon, 'zone-alias', 'delete', 'a')[0] == CONFLICT
        dry = answer(daemon, 'zone-alias', 'delete', 'a', '--force', '--dry-run')
        assert dry['dry_run'] and [a['name'] for a in answer(daemon, 'zone-alias', 'list')] == ['a']
        out = ok(daemon, 'zone', 'add', 'g', 'z', '--host', H[0], '--dry-run')
        assert out.startswith('~ zone'), out
        ok(daemon, 'zone-alias', 'delete', 'a', '--force')
        assert [z['name'] for z in answer(daemon, 'zone', 'list', 'g')] == ['z']
        ok(daemon, 'zone', 'delete', 'g', 'z')
        ok(daemon, 'zone-group', 'delete', 'g')
        assert answer(daemon, 'zone-group', 'list') == []


def test_what_is_enforced_is_previewed_activated_and_taken_back():
    with pharos.Discoveryd() as daemon:
        for nqn in S[:2]:
            ok(daemon, 'subsystem', 'create', nqn, '--allow-any-host')
        for nqn in H[:2]:
            ok(daemon, 'host', 'create', nqn)
        ok(daemon, 'zone-group', 'create', 'g')
        ok(daemon, 'zone', 'create', 'g', 'z', '--host', H[0], '--host', H[2], '--subsystem', S[0])
        preview = ok(daemon, 'zoning', 'preview', '--group', 'g')
        assert preview.splitlines() == [f'{H[1]} loses {S[0]}', f'any other host loses {S[0]}', f'zone g/z names {H[2]}, which is not known',
                                        'hosts that gain: 0, that lose: 1'], preview
        assert answer(daemon, 'zoning', 'preview')['losing'] == 1
        out = ok(daemon, 'zoning', 'activate', '--dry-run')
        assert f'any other host loses {S[0]} at io1' in out and answer(daemon, 'zoning', 'active') == [], out
        first = answer(daemon, 'zoning', 'activate', '--group', 'g', '--note', 'one', '--grace', '--wait', '10')['change']
        assert [(a['name'], a['generation']) for a in answer(daemon, 'zoning', 'active')] == [('g', 1)]
        ok(daemon, 'zone', 'add', 'g', 'z', '--subsystem', S[1])
        t = Terminal(pharos.program('pharos'), '--api', daemon.api, 'zoning', 'activate')
        t.expect(rf'{H[1]} loses {S[1]}')
        t.expect(r'activate\? \[y/N\] ')
        t.type('n\n')
        assert t.end() == FAILED and answer(daemon, 'zoning', 'status')['change'] == first
        second = answer(daemon, 'zoning', 'activate', '--yes')['change']
        history = answer(daemon, 'zoning', 'history')
        assert [(h['change'], h['kind'], h['note'], h['grace']) for h in history] == [
            (second, 'activation', '', False), (first, 'activation', 'one', True)], history
        t = Terminal(pharos.program('pharos'), '--api', daemon.api, 'zoning', 'rollback', str(first))
        t.expect(r'enforce what was enforced at change \d+\? \[y/N\] ')
        t.type('y\n')
        assert t.end() == 0, t.text
        shown = answer(daemon, 'zoning', 'show', str(first))['groups']
        active = answer(daemon, 'zoning', 'active')
        assert [g['zones'] for g in shown] == [a['zones'] for a in active] and active[0]['generation'] == 3, (shown, active)
        ok(daemon, 'zoning', 'set', '--default', 'closed', '--ddc', H[0], '--own-ddc', H[1])
        status = answer(daemon, 'zoning', 'status')
        assert status['default_zone'] == 'closed' and status['ddcs'] == [{'nqn': H[0], 'own_subsystems': False}, {'nqn': H[1], 'own_subsystems': True}], status
        ok(daemon, 'zoning', 'set', '--no-ddcs', '--enabled', 'no')
        status = answer(daemon, 'zoning', 'status')
        assert status['ddcs'] == [] and not status['enabled'], status
        out = ok(daemon, 'log', H[1], '--from', '192.0.2.7')
        assert S[0] in out and 'NOT TOLD' not in out, out


def complete(daemon, *words):
    done = subprocess.run([pharos.program('pharos'), '__complete', *words], capture_output=True, text=True, check=True, timeout=60,
                          env={**os.environ, 'PHAROS_API': daemon.api})
    return [line.split('\t')[0] for line in done.stdout.splitlines()]


def test_names_are_completed():
    with pharos.Discoveryd() as daemon:
        ok(daemon, 'zone-group', 'create', 'prod')
        ok(daemon, 'zone', 'create', 'prod', 'web', '--host', H[0])
        ok(daemon, 'zone-alias', 'create', 'front')
        ok(daemon, 'host', 'create', H[0])
        change = str(answer(daemon, 'zoning', 'activate')['change'])
        for words, wanted in ((('zone-group', 'show', ''), ['prod']), (('zone', 'show', ''), ['prod']), (('zone', 'show', 'prod', ''), ['web']),
                              (('zone', 'create', ''), ['prod']), (('zone', 'create', 'prod', ''), []), (('zone-alias', 'set', ''), ['front']),
                              (('zone', 'add', 'prod', 'web', '--alias', ''), ['front']), (('zone', 'add', 'prod', 'web', '--host', ''), [H[0]]),
                              (('zoning', 'activate', '--group', ''), ['prod']), (('zoning', 'rollback', ''), [change]),
                              (('zoning', 'set', '--default', ''), ['open', 'closed'])):
            assert complete(daemon, *words) == wanted, (words, complete(daemon, *words))


if __name__ == '__main__':
    pharos.run(globals())
