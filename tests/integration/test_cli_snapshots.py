#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""pharos snapshot: every verb, what is shown while one is taken, and how what goes wrong is told.  The worker is one that does as the test says (tests/lib/fakeworker.py)."""
import atexit
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / 'lib'))
import fakeworker  # noqa: E402
import pharos  # noqa: E402
from terminal import Terminal  # noqa: E402

NQN = 'nqn.2026-11.example:vol1'
OK, FAILED, USAGE, _, NOT_FOUND, CONFLICT, REFUSED = range(7)

daemon = pharos.Discoveryd('--targetd', fakeworker.__file__)
folder = tempfile.mkdtemp(prefix='pharos-snap-')
atexit.register(shutil.rmtree, folder, ignore_errors=True)


def at(name):
    return os.path.join(folder, name)


def run(*words):
    done = subprocess.run([pharos.program('pharos'), '--api', daemon.api, *words], capture_output=True, text=True, timeout=60)
    return done.returncode, done.stdout, done.stderr


def ok(*words):
    code, out, err = run(*words)
    assert (code, err) == (OK, ''), (words, code, out, err)
    return out


def answer(*words):
    return json.loads(ok(*words, '--json'))


def create(name, *words):
    return run('snapshot', 'create', NQN, '1', '--id', name, '--path', at(name), *words)


def complete(*words):
    done = subprocess.run([pharos.program('pharos'), '__complete', *words], capture_output=True, text=True, check=True, timeout=60,
                          env={**os.environ, 'PHAROS_API': daemon.api})
    return [line.split('\t')[0] for line in done.stdout.splitlines()]


def test_taken_listed_described():
    ok('subsystem', 'create', NQN)
    ok('namespace', 'create', NQN, '--size', '8MiB')
    made = answer('snapshot', 'create', NQN, '1', '--id', 'monday', '--path', at('monday'), '--description', 'before', '--max-hold', '700')
    assert (made['state'], made['nqn'], made['nsid'], made['max_hold_ms'], made['path']) == ('ready', NQN, 1, 700, at('monday')), made
    assert answer('snap', 'show', 'monday') == made
    assert answer('snapshot', 'set', 'monday', '--description', 'after')['description'] == 'after'
    head, line = ok('snapshot', 'list').splitlines()
    assert head.split() == ['ID', 'SUBSYSTEM', 'NSID', 'STATE', 'SIZE', 'AGE', 'HELD', 'DESCRIPTION']
    assert re.fullmatch(rf'monday {NQN} +1 ready +8MiB +\d+s +12 ms after *', line), line
    for words, found in (([], True), ([NQN], True), ([NQN, '1'], True), ([NQN, '2'], False), ([NQN + '-b'], False)):
        assert (answer('snapshot', 'list', *words) != []) == found, words
    assert re.fullmatch(r'snap-[0-9a-f]{8}', answer('snapshot', 'create', NQN, '1')['id'])


def test_a_namespace_is_made_from_one():
    words = ['snapshot', 'restore', 'monday', NQN, '--path', at('copy.img'), '--size', '16MiB', '--nsid', '7', '--read-only', '--host', 'nqn.2026-11.example:h1']
    assert f'+ namespace {NQN} 7' in ok(*words, '--dry-run') and not os.path.exists(at('copy.img'))
    ns = answer(*words)
    assert (ns['nsid'], ns['size'], ns['path'], ns['read_only'], ns['hosts'], ns['status']['state']) == (
        7, 16 << 20, at('copy.img'), True, ['nqn.2026-11.example:h1'], 'ready'), ns
    assert ns == answer('namespace', 'show', NQN, '7')


def test_what_goes_wrong():
    for wanted, (code, out, err), said in (
            (REFUSED, create('limit'), '--max-hold: was not enough'),
            (FAILED, create('full'), 'No space left'),
            (CONFLICT, create('monday'), 'monday'),
            (REFUSED, create('a b'), 'id may hold'),
            (USAGE, run('snapshot', 'create', NQN, 'first'), "NSID wants a number, not 'first'"),
            (NOT_FOUND, run('snapshot', 'show', 'a'), 'no snapshot'),
            (REFUSED, run('snapshot', 'restore', 'no', NQN, '--path', at('r')), 'snapshot'),
            (REFUSED, run('snapshot', 'restore', 'monday', NQN), 'path'),
            (FAILED, run('snapshot', 'restore', 'monday', NQN, '--path', at('full-r')), 'No space left')):
        assert (code, out) == (wanted, '') and said in err, (said, code, out, err)
    failed = answer('snapshot', 'list', '--filter', 'state=failed')
    assert [s['id'] for s in failed] == ['full', 'limit'] and 'was not enough' in ok('snapshot', 'list', '-o', 'wide')


def test_a_bar_while_it_is_taken():
    t = Terminal(pharos.program('pharos'), '--api', daemon.api, 'snapshot', 'create', NQN, '1', '--id', 'slow', '--path', at('slow'))
    t.expect(r'\[#{10} {30}\]  25 %  of 8MiB')
    pathlib.Path(at('slow.go')).touch()
    assert t.end() == 0 and re.search(r'\r\033\[K(.|\n)*state +ready', t.text), t.text


def test_one_that_is_not_waited_for():
    code, out, err = create('slow2', '--no-wait', '--json')
    begun = json.loads(out)
    assert (code, err, begun['operation'], begun['location']) == (OK, '', 'createSnapshot', '/api/v1/snapshots/slow2'), begun
    assert ok('snapshot', 'list', '--filter', 'id=slow2', '--columns', 'state', '--no-headers').strip() == 'creating'
    assert ok('snapshot', 'delete', 'slow2') == ''
    assert pharos.wait_for(lambda: (o := answer('operation', 'show', begun['id']))['state'] == 'failed' and o, 10, 'it was given up')


def test_deleted_with_its_file_once_that_is_confirmed():
    t = Terminal(pharos.program('pharos'), '--api', daemon.api, 'snapshot', 'delete', 'monday')
    t.expect(r'delete snapshot monday\? \[y/N\] ')
    t.type('n\n')
    assert t.end() == FAILED and os.path.exists(at('monday'))
    assert '- snapshot monday' in ok('snapshot', 'delete', 'monday', '--dry-run')
    ok('snapshot', 'delete', 'monday')
    assert not os.path.exists(at('monday')) and run('snapshot', 'delete', 'monday')[0] == NOT_FOUND


def test_completion_knows_them():
    assert complete('snapshot', 'r') == ['restore'] and complete('snap', 'show', 'sl') == ['slow'] and complete('snapshot', 'set', 'sl') == ['slow']
    assert complete('snapshot', 'create', '') == [NQN] and complete('snapshot', 'create', NQN, '') == ['1', '7']
    assert complete('snapshot', 'restore', 'slow', '') == [NQN] and complete('snapshot', 'list', NQN, '') == ['1', '7']
    assert complete('snapshot', 'create', NQN, '1', '--path', '') == [':files'] and complete('snapshot', 'create', NQN, '1', '--id', '') == []


if __name__ == '__main__':
    with daemon:
        pharos.run(globals())
