#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""DH-HMAC-CHAP at a worker: who has a key has to authenticate, at subsystems and for discovery; `pharos probe` and `discover` as hosts."""
import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / 'lib'))
import nvmetcp as nvme  # noqa: E402
import pharos  # noqa: E402

NQN, STRICT = 'nqn.2026-11.example:auth', 'nqn.2026-11.example:strict'
HOST, FREE, DISCOVERY = 'nqn.2026-11.example:host', 'nqn.2026-11.example:free', 'nqn.2014-08.org.nvmexpress.discovery'
# made by `nvme gen-dhchap-key`
KEY = 'DHHC-1:01:AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyAl7OaH:'
CTRL_KEY = 'DHHC-1:03:ISIjJCUmJygpKissLS4vMDEyMzQ1Njc4OTo7PD0+P0BBQkNERUZHSElKS0xNTk9QUVJTVFVWV1hZWltcXV5fYPhPaog=:'
OTHER_KEY = 'DHHC-1:02:BQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4fICEiIyQlJicoKSorLC0uLzAxMjM0iYCUjg==:'
AUTH_REQUIRED = 0x191


class Target(pharos.Targetd):
    def __init__(self, **key):
        space = {'backend': 'ram', 'size': 8 << 20}
        super().__init__({'version': 1, 'portals': [{'id': 'p1', 'portid': 1, 'address': '127.0.0.1', 'port': 0}],
                          'host_keys': [{'host': HOST, 'dhchap_key': KEY, 'dhchap_ctrl_key': CTRL_KEY, 'discovery': True, **key}],
                          'subsystems': [{'nqn': NQN, 'allow_any_host': True, 'namespaces': [{'nsid': 1, **space}]},
                                         {'nqn': STRICT, 'allow_any_host': True, 'require_auth': True, 'namespaces': [{'nsid': 1, **space}]}]}, '--log-level', 'debug')

    def run(self, command, *options, hostnqn=HOST):
        p = subprocess.run([pharos.program('pharos'), command, f'127.0.0.1:{self.port}', '--hostnqn', hostnqn, *options], capture_output=True, text=True, timeout=60)
        return p.returncode, p.stdout + p.stderr


def good(result):
    assert result[0] == 0, result


def bad(result, *words):
    assert result[0] and all(word in result[1] for word in words), result
    assert KEY[10:30] not in result[1] and OTHER_KEY[10:30] not in result[1], 'a secret is told'


def test_a_host_with_a_key_reads_and_writes_once_it_has_authenticated():
    with Target() as target:
        good(target.run('probe', '--nqn', NQN, '--dhchap-secret', KEY))
        good(target.run('probe', '--nqn', STRICT, '--dhchap-secret', KEY, '--dhchap-ctrl-secret', CTRL_KEY))
        good(target.run('discover', '--dhchap-secret', KEY, '--dhchap-ctrl-secret', CTRL_KEY))
        good(target.run('discover', hostnqn=FREE))
        good(target.run('probe', '--nqn', NQN, hostnqn=FREE))
        assert KEY[10:30] not in target.log() and CTRL_KEY[10:30] not in target.log()


def test_without_the_right_key_it_is_sent_away():
    with Target() as target:
        bad(target.run('probe', '--nqn', NQN), 'has no key')
        bad(target.run('probe', '--nqn', NQN, '--dhchap-secret', OTHER_KEY), 'another key')
        bad(target.run('probe', '--nqn', NQN, '--dhchap-secret', KEY, '--dhchap-ctrl-secret', OTHER_KEY), 'did not prove')
        bad(target.run('discover'), 'has no key')
        bad(target.run('discover', '--dhchap-secret', OTHER_KEY), 'another key')
        bad(target.run('probe', '--nqn', NQN, '--dhchap-secret', KEY[:-5] + 'AAAA:'), 'checksum')
        bad(target.run('probe', '--nqn', NQN, '--dhchap-secret', 'x'), 'DHHC-1')
        bad(target.run('probe', '--nqn', NQN, '--dhchap-ctrl-secret', CTRL_KEY, hostnqn=FREE), "doesn't authenticate")
        log = target.log()
        assert 'its key is another than the one that it has here' in log and 'did not take our key' in log, log


def test_a_subsystem_may_want_a_key_of_everybody():
    with Target() as target:
        bad(target.run('probe', '--nqn', STRICT, hostnqn=FREE), "isn't allowed")
        assert 'host has no key' in target.log()


def test_nothing_else_is_answered_before():
    with Target() as target:
        queue = nvme.Queue('127.0.0.1', target.port)
        queue.connect(NQN, HOST)
        assert queue.must_authenticate
        for command in (lambda: queue.property_get(0, 8), queue.enable, lambda: queue.identify(1), queue.keep_alive):
            try:
                command()
            except nvme.Status as status:
                assert status.sc == AUTH_REQUIRED and status.dnr, status
            else:
                raise AssertionError('it was answered')
        queue.close()


def test_hashes_and_groups_are_those_allowed():
    with Target(hashes=['sha384'], dhgroups=['ffdhe3072', 'null'], discovery=False) as target:
        good(target.run('discover'))
        good(target.run('probe', '--nqn', NQN, '--dhchap-secret', KEY))
    bad_one = Target(dhgroups=['ffdhe1024'])
    bad_one.write()
    p = subprocess.run([pharos.program('targetd'), '--config', bad_one.config], capture_output=True, text=True, timeout=20)
    assert p.returncode and 'host_keys[0].dhgroups' in p.stderr and KEY not in p.stderr, p


if __name__ == '__main__':
    pharos.run(globals())
