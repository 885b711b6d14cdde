#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""tests/host/fabric.py - two real Linux hosts at once, against one discoveryd and each other: one by nvme-cli, one by nvme-stas.

Makes a network namespace with a bridge and two tap devices, boots two guests (tests/host/guest), each with its own address, MAC, host NQN and host
ID, and does what their jobs ask for.  Prints TAP lines; the last line is `N passed, N failed`.  Exit 77 with `SKIP: reason` where it can't run.
It takes some four minutes.
"""
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import threading
import time

import run
from run import HERE, HOST, SECOND, pharos, sh, skip

NAME = 'nqn.2026-11.example'
LIMIT = 900  # seconds for a guest


class Host(run.Guest):
    """One of several guests; lib.sh and fabric.sh make it who it is."""

    def __init__(self, job, answers, number):
        super().__init__(job, answers, LIMIT)
        nqn = (HOST, SECOND)[number]
        shutil.copy(HERE / 'jobs/fabric.sh', self.job / 'fabric.sh')
        (self.job / 'who').write_text(f'HOST_NAME=linux-host-{number}\nHOST_NQN={nqn}\nHOST_ID={nqn[-36:]}\n')
        self.number, self.out = number, ''
        self.driver = threading.Thread(target=self.drive)

    def run(self):
        self.rc = subprocess.run([HERE / 'guest', 'run', self.job, str(self.limit)], env={**os.environ, 'GUEST': str(self.number), 'SMP': '2'}).returncode

    def drive(self):
        self.out = self.play()

    def result(self):
        """(passed, failed), printed."""
        print(f'# {self.job}\n{self.out}', end='')
        passed, failed = (sum(line.startswith(kind) for line in self.out.splitlines()) for kind in ('ok ', 'not ok '))
        if self.rc and not failed:
            print(f'not ok - the job ended with {self.rc}')
            failed = 1
        if not failed:
            shutil.rmtree(self.job, ignore_errors=True)
        return passed, failed


class Fabric:
    """Two hosts in zones of their own, with a subsystem each and one that is in both; outside of zones nothing is told.  A second discovery
    controller, of which the first host is told."""

    ZONES = {'a': (HOST, ['a', 'both', 'more']), 'b': (SECOND, ['b', 'both', 'nvmet'])}

    def __init__(self, daemon):
        self.daemon, self.ready = daemon, threading.Barrier(2, timeout=LIMIT)
        self.far = pharos.Discoveryd(listen='0.0.0.0:8010', io_listen='0.0.0.0:4421', api='127.0.0.1:8081')
        bus = os.environ.pop('DBUS_SYSTEM_BUS_ADDRESS')  # it isn't announced: only the referral leads there
        self.far.start()
        os.environ['DBUS_SYSTEM_BUS_ADDRESS'] = bus
        self.far.rest('POST', '/subsystems', {'nqn': f'{NAME}:far', 'allow_any_host': True})
        for name in ('a', 'b', 'both'):
            self.make(name)
        daemon.rest('POST', '/zone-groups', {'name': 'fabric'})
        for zone in self.ZONES:
            daemon.rest('POST', '/zone-groups/fabric/zones', {'name': zone, 'members': self.members(zone)})
        daemon.rest('PATCH', '/zoning', {'default_zone': 'closed'})
        daemon.rest('POST', '/zoning/activate', {})
        daemon.rest('POST', '/referrals', {'traddr': '10.78.0.1', 'trsvcid': '8010', 'hosts': [HOST]})

    def make(self, name):
        self.daemon.rest('POST', '/subsystems', {'nqn': f'{NAME}:{name}', 'allow_any_host': True})
        self.daemon.rest('POST', f'/subsystems/{NAME}:{name}/namespaces', {'size': '16MiB'})

    def registered(self, what, nqn, number):
        def mine():
            return [r for r in self.daemon.rest('GET', '/registrations')['items'] if r['nqn'] == nqn]

        def look(guest):
            limit = time.time() + 30
            while len(mine()) != number and time.time() < limit:
                time.sleep(0.1)
            items = mine()
            good = len(items) == number and all((r['traddr'][:6], r['verified'], r['host_id']) == ('10.78.', True, nqn[-36:]) for r in items)
            guest.say(f'{"ok" if good else "not ok"} - {what}: {items}')
        return look

    def restart(self, _):
        self.daemon.kill()
        time.sleep(1)
        self.daemon.start()

    def follow(self, guest):
        """What the first host's kernel serves is told to the second."""
        number = self.daemon.rest('POST', '/discovery-controllers', {'traddr': '10.78.0.2', 'trsvcid': '4430', 'hosts': [SECOND]})['id']
        limit = time.time() + 30
        while time.time() < limit and not (dc := self.daemon.rest('GET', f'/discovery-controllers/{number}'))['entries']:
            time.sleep(0.1)
        guest.say(f'{"ok" if (dc["state"], dc["entries"]) == ("connected", 1) else "not ok"} - nvmet is followed: {dc["state"]}, {dc["entries"]} entries')

    def members(self, zone, without=None):
        host, names = self.ZONES[zone]
        return [{'role': 'host', 'nqn': host}] + [{'role': 'subsystem', 'nqn': f'{NAME}:{name}'} for name in names if name != without]

    def rezone(self, zone, without=None):
        def act(_):
            self.daemon.rest('PATCH', f'/zone-groups/fabric/zones/{zone}', {'members': self.members(zone, without)})
            self.daemon.rest('POST', '/zoning/activate', {})
        return act

    def hosts(self):
        first = {'ready': lambda _: self.ready.wait(), 'registered': self.registered('the host is registered', HOST, 1),
                 'registered_again': self.registered('once', HOST, 1), 'taken_back': self.registered('it is gone', HOST, 0),
                 'show_us': lambda _: self.make('more'),
                 'nvmet_is_up': lambda guest: (self.follow(guest), (guests[1].job / 'host.nvmet_is_followed').touch())}
        second = {'ready': lambda _: self.ready.wait(), 'registered_by_stafd': self.registered('stafd has registered the host', SECOND, 1),
                  'restart_discoveryd': self.restart, 'hide_both': self.rezone('b', without='both'), 'show_both': self.rezone('b')}
        guests = [Host('fabric_a', first, 0), Host('fabric_b', second, 1)]
        second['done'] = lambda _: (guests[0].job / 'host.other_is_done').touch()
        return guests

    def end(self):
        self.far.stop()


def make_network():
    sh('ip', 'link', 'set', 'lo', 'up')
    sh('ip', 'link', 'add', 'br0', 'type', 'bridge')
    for tap in ('tap0', 'tap1'):
        sh('ip', 'tuntap', 'add', tap, 'mode', 'tap')
        sh('ip', 'link', 'set', tap, 'master', 'br0')
        sh('ip', 'link', 'set', tap, 'up')
    sh('ip', 'addr', 'add', '10.78.0.1/24', 'dev', 'br0')
    sh('ip', 'link', 'set', 'br0', 'up', 'multicast', 'on')


def start_avahi(interface):
    """avahi-daemon on a bus of its own; /run is private to us (unshare -m), since its pid file has a fixed place there."""
    sh('mount', '--make-rprivate', '/')
    sh('mount', '-t', 'tmpfs', 'tmpfs', '/run')
    os.makedirs('/run/avahi-daemon')
    folder = tempfile.mkdtemp(prefix='pharos-bus-')
    config = pathlib.Path(folder, 'bus.conf')
    config.write_text(f'''<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>system</type><listen>unix:path={folder}/bus</listen><auth>EXTERNAL</auth>
<policy context="default"><allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/><allow user="*"/></policy>
</busconfig>''')
    os.environ['DBUS_SYSTEM_BUS_ADDRESS'] = f'unix:path={folder}/bus'
    avahi = pathlib.Path(folder, 'avahi.conf')
    avahi.write_text(f'[server]\nhost-name=pharos\nuse-ipv6=no\nallow-interfaces={interface}\n')
    bus = subprocess.Popen(['dbus-daemon', f'--config-file={config}', '--nofork'])
    while not os.path.exists(f'{folder}/bus'):
        time.sleep(0.05)
    daemon = subprocess.Popen(['avahi-daemon', '--no-drop-root', '--no-chroot', '--no-rlimits', '-f', str(avahi)],
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return [daemon, bus]


def inside():
    make_network()
    bus = start_avahi('br0')
    daemon = pharos.Discoveryd('--reactors', '2', '--dctype', 'cdc', listen='0.0.0.0:8009', io_listen='0.0.0.0:4420', api='127.0.0.1:8080')
    with daemon:
        fabric = Fabric(daemon)
        hosts = fabric.hosts()
        for host in hosts:
            host.driver.start()
        for host in hosts:
            host.driver.join()
        fabric.end()
    for process in bus:
        process.terminate()
    passed, failed = (sum(column) for column in zip(*(host.result() for host in hosts)))
    print(f'{passed} passed, {failed} failed')
    return 1 if failed else 0


def main():
    if '--inside' in sys.argv:
        return inside()
    if os.geteuid() != 0:
        skip('a Linux host in QEMU needs root: tap device, network namespace')
    if subprocess.run([HERE / 'guest', 'build']).returncode:
        skip('the guest cannot be built here: no QEMU, no debootstrap or no Debian mirror')
    if not (shutil.which('avahi-daemon') and shutil.which('dbus-daemon')):
        skip('avahi-daemon or dbus-daemon is missing')
    netns = f'pharos-fabric-{os.getpid()}'
    made = sh('ip', 'netns', 'add', netns, check=False)
    if made.returncode:
        skip(f'no network namespaces: {made.stderr.strip()}')
    try:
        return subprocess.run(['ip', 'netns', 'exec', netns, 'unshare', '-m', sys.executable, __file__, '--inside']).returncode
    finally:
        sh('ip', 'netns', 'del', netns, check=False)


if __name__ == '__main__':
    sys.exit(main())
