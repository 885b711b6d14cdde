#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""tests/host/run.py CASE... - drives a real Linux host (tests/host/guest) against the real daemons.

Makes a network namespace with a tap device, starts discoveryd in it, boots the guest with a job from jobs/, and does what the job
asks for: REST changes, kills.  Cases: first_light, ana, auth, crash (default: all).  Discovery itself is fabric.py's.  Prints TAP lines; the last line is
`N passed, N failed`.  Exit 77 with `SKIP: reason` where it can't run. 
"""
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / 'lib'))
import pharos  # noqa: E402

HERE = pathlib.Path(__file__).resolve().parent
NETNS = f'pharos-host-{os.getpid()}'
HOST = 'nqn.2014-08.org.nvmexpress:uuid:11111111-2222-4333-8444-555555555555'
SECOND = 'nqn.2014-08.org.nvmexpress:uuid:22222222-2222-4333-8444-555555555555'
DEMO, OTHER = 'nqn.2026-11.example:demo', 'nqn.2026-11.example:other'


def sh(*argv, check=True):
    return subprocess.run(argv, check=check, capture_output=True, text=True)


def skip(reason):
    print(f'SKIP: {reason}')
    sys.exit(77)


class Guest(threading.Thread):
    """One boot with one job; answers what the job asks through marker files."""

    def __init__(self, case, answers, limit):
        super().__init__(daemon=True)
        self.job = pathlib.Path(tempfile.mkdtemp(prefix=f'pharos-job-{case}-'))
        shutil.copy(HERE / 'jobs/lib.sh', self.job / 'lib.sh')
        shutil.copy(HERE / f'jobs/{case}.sh', self.job / 'job.sh')
        self.answers, self.limit, self.rc, self.said = answers, limit, None, ''

    def say(self, line):
        """A result that the driver saw, beside those of the job."""
        self.said += line + '\n'

    def run(self):
        self.rc = subprocess.run([HERE / 'guest', 'run', self.job, str(self.limit)]).returncode

    def play(self):
        self.start()
        done = set()
        while self.is_alive():
            for marker in self.job.glob('guest.*'):
                name = marker.name[len('guest.'):]
                if name not in done:
                    done.add(name)
                    self.answers[name](self)
                    (self.job / f'host.{name}').touch()
            time.sleep(0.05)
        out = self.job / 'out.log'
        return self.said + (out.read_text(errors='replace') if out.exists() else '')


def demo(daemon):
    daemon.rest('POST', '/subsystems', {'nqn': DEMO, 'allow_any_host': True})
    path = f'{daemon.state}/volume'
    with open(path, 'wb') as volume:
        volume.truncate(1 << 30)
    daemon.rest('POST', f'/subsystems/{DEMO}/namespaces', {'size': '512MiB'})
    daemon.rest('POST', f'/subsystems/{DEMO}/namespaces', {'backend': 'file', 'path': path, 'size': '1GiB'})


def first_light(daemon):
    ns3 = f'/subsystems/{DEMO}/namespaces/3'

    def make_other(_):
        for nqn in (HOST, SECOND):
            daemon.rest('POST', '/hosts', {'nqn': nqn})
        daemon.rest('POST', '/subsystems', {'nqn': OTHER})
        daemon.rest('POST', f'/subsystems/{OTHER}/namespaces', {'size': '64MiB'})
        for nqn in (HOST, SECOND):
            daemon.rest('PUT', f'/subsystems/{OTHER}/hosts/{nqn}')

    def compare_discover(guest):
        """What nvme-cli makes of the log as JSON, and what pharos does: all the same but the host's device, of which some versions tell."""
        theirs = json.loads((guest.job / 'log.json').read_text())
        ours = json.loads(sh(pharos.BUILD / 'cli/pharos', 'discover', '10.78.0.1', '--hostnqn', HOST, '--json').stdout)
        same = {**theirs, 'device': None} == {**ours, 'device': None}
        guest.say('ok - pharos discover --json says what nvme discover -o json does' if same else f'not ok - nvme discover: {theirs}, pharos discover: {ours}')

    return {
        'compare_discover': compare_discover,
        'add_namespace': lambda _: daemon.rest('POST', f'/subsystems/{DEMO}/namespaces', {'nsid': 3, 'size': '64MiB'}),
        'grow_namespace': lambda _: daemon.rest('PATCH', ns3, {'size': '128MiB'}),
        'remove_namespace': lambda _: daemon.rest('DELETE', ns3 + '?force=true'),
        'make_other': make_other,
        'make_a_thousand': lambda _: [daemon.rest('POST', '/subsystems', {'nqn': f'nqn.2026-11.example:many-{i}', 'allow_any_host': True})
                                      for i in range(1000)],
        'deny_us': lambda _: daemon.rest('DELETE', f'/subsystems/{OTHER}/hosts/{HOST}'),
    }


def crash(daemon):
    def progress(guest):
        try:
            return int((guest.job / 'progress').read_text())
        except (OSError, ValueError):
            return 0

    def wait_for_io(guest, what):
        """I/O is seen to complete: the counter moves, within the reconnect delay of 10 s and some."""
        before, limit = progress(guest), time.time() + 30
        while progress(guest) <= before + 50:
            if time.time() > limit:
                guest.say(f'not ok - I/O goes on after {what}')
                return
            time.sleep(0.2)
        guest.say(f'ok - I/O goes on after {what}')

    def kills(guest):
        wait_for_io(guest, 'the start')
        for _ in range(3):
            for what, kill in (('kill -9 of the worker', lambda: [os.kill(p, signal.SIGKILL) for p in daemon.workers()]),
                               ('kill -9 of discoveryd', lambda: (daemon.kill(), daemon.start()))):
                kill()
                began = time.time()
                wait_for_io(guest, what)
                time.sleep(max(0, 15 - (time.time() - began)))

    return {'kill.c1': kills, 'kill.defaults': kills}


def ana(daemon):
    def say(**states):
        return lambda _: daemon.rest('PATCH', '/ana-groups/1', {'states': states})

    return {'second_portal': lambda _: daemon.rest('POST', '/portals', {'id': 'second', 'traddr': '10.78.0.1', 'trsvcid': '4421'}),
            'second_non_optimized': say(second='non_optimized'),
            'first_inaccessible': say(io1='inaccessible'), 'first_optimized': say(io1='optimized'),
            'all_inaccessible': say(io1='inaccessible', second='inaccessible'), 'all_optimized': say(io1=None, second=None)}


def auth(daemon):
    def make_keys(guest):
        daemon.rest('POST', '/hosts', {'nqn': HOST})
        for name, body in (('key', {'id': 'key'}), ('ctrl', {'kind': 'dhchap_ctrl', 'hash': 'sha512'})):
            (guest.job / name).write_text(daemon.rest('POST', '/keys', {'host_nqn': HOST, **body})['secret'])

    return {'make_keys': make_keys, 'null_group': lambda _: daemon.rest('PATCH', '/keys/key', {'dhgroups': ['null']}),
            'take_theirs': lambda guest: daemon.rest('PATCH', '/keys/key', {'secret': (guest.job / 'theirs').read_text().strip()})}


# With the seconds that a guest may take: emulated, beside whatever else there is.
CASES = {'first_light': (first_light, 900), 'ana': (ana, 600), 'auth': (auth, 600), 'crash': (crash, 900)}


def play(case):
    """How many checks of the case passed, and failed."""
    make, limit = CASES[case]
    daemon = pharos.Discoveryd('--reactors', '2', '--discovery-auth', listen='0.0.0.0:8009', io_listen='0.0.0.0:4420', api='127.0.0.1:8080')
    daemon.start()
    try:
        demo(daemon)
        out = Guest(case, make(daemon), limit)
        text = out.play()
    finally:
        daemon.stop()
    print(f'# {case}: job in {out.job}, daemon in {daemon.state}')
    print(text, end='')
    bad = sum(line.startswith('not ok ') for line in text.splitlines())
    if out.rc and not bad:
        print(f'not ok - the job of {case} ended with {out.rc}')
        bad = 1
    if not bad:
        shutil.rmtree(out.job, ignore_errors=True)
    return sum(line.startswith('ok ') for line in text.splitlines()), bad


def inside(cases):
    sh('ip', 'link', 'set', 'lo', 'up')
    sh('ip', 'tuntap', 'add', 'tap0', 'mode', 'tap')
    sh('ip', 'addr', 'add', '10.78.0.1/24', 'dev', 'tap0')
    sh('ip', 'link', 'set', 'tap0', 'up', 'multicast', 'on')
    passed, failed = 0, {}
    for case in cases:
        good, bad = play(case)
        passed += good
        if bad:
            failed[case] = bad
    if failed:
        print('# failed cases:', *failed)
    print(f'{passed} passed, {sum(failed.values())} failed')
    return 1 if failed else 0


def main():
    cases = [a for a in sys.argv[1:] if a != '--inside'] or list(CASES)
    if '--inside' in sys.argv:
        return inside(cases)
    if os.geteuid() != 0:
        skip('a Linux host in QEMU needs root: tap device, network namespace')
    if subprocess.run([HERE / 'guest', 'build']).returncode:
        skip('the guest cannot be built here: no QEMU, no debootstrap or no Debian mirror')
    made = sh('ip', 'netns', 'add', NETNS, check=False)
    if made.returncode:
        skip(f'no network namespaces: {made.stderr.strip()}')
    try:
        return subprocess.run(['ip', 'netns', 'exec', NETNS, 'unshare', '-m', sys.executable, __file__, '--inside', *cases]).returncode
    finally:
        sh('ip', 'netns', 'del', NETNS, check=False)


if __name__ == '__main__':
    sys.exit(main())
