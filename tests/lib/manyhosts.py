# SPDX-License-Identifier: Apache-2.0
"""tests/lib/manyhosts.py - thousands of persistent hosts (tests/bench/hosts, one process) beside a discoveryd: what is done with them, what must
come out whatever the speed, and the figures.  tests/integration/test_many_hosts.py and tests/bench/bench_hosts judge the figures."""
import http.client
import json
import pathlib
import subprocess
import threading
import time

import measure
import pharos

NQN = 'nqn.2026-11.example:many'
SHARED = 8  # subsystems that all hosts see


def host_nqn(i):
    return f'nqn.2026-11.example:host-{i}'


class Hosts:
    """The process: a line tells it what to do, a line of JSON answers."""

    def __init__(self, address, number):
        subprocess.run(['make', '-s', '-C', pharos.BUILD, 'tests/bench/hosts'], check=True, stdout=subprocess.DEVNULL)
        self.process = subprocess.Popen([pharos.program('tests/bench/hosts'), *address.rsplit(':', 1), str(number)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def end(self):
        self.process.stdin.close()
        self.process.wait(60)

    def tell(self, line):
        print(line, file=self.process.stdin, flush=True)

    def answer(self):
        return json.loads(self.process.stdout.readline())

    def ask(self, line):
        self.tell(line)
        return self.answer()


class Api(threading.Thread):
    """Asks the API all the time and notes how long that takes."""

    def __init__(self, daemon):
        super().__init__(daemon=True)
        self.address, self.ended, self.took = daemon.api.rsplit(':', 1), threading.Event(), []
        self.start()

    def run(self):
        api = http.client.HTTPConnection(*self.address, timeout=60)
        while not self.ended.is_set():
            began = time.monotonic()
            api.request('GET', '/api/v1/subsystems?limit=10')
            assert api.getresponse().read()
            self.took.append(time.monotonic() - began)
            time.sleep(0.005)

    def slowest_ms(self):
        """Of a hundred."""
        self.ended.set()
        self.join()
        return sorted(self.took)[int(len(self.took) * 0.99)] * 1000


class Scene:
    """`number` hosts in two groups of alternating tenths, which see eight subsystems.  Each step gives its figures: `seconds` of the clock, `cpu`
    of discoveryd, `api_ms`, and what the hosts counted."""

    def __init__(self, number):
        self.number, self.daemon, self.seen = number, pharos.Discoveryd(), [SHARED, SHARED]  # by a host of each group

    def __enter__(self):
        self.daemon.start()
        self.hosts = Hosts(self.daemon.listen, self.number)
        for half in (0, 1):
            members = [host_nqn(i) for first, last in self.half(half) for i in range(first, last + 1)]
            self.daemon.rest('POST', '/groups', {'name': f'half-{half}', 'members': members})
        for i in range(SHARED):
            self.daemon.rest('POST', '/subsystems', {'nqn': f'{NQN}-{i}', 'hosts': ['group:half-0', 'group:half-1']})
        return self

    def __exit__(self, *_):
        self.hosts.end()
        self.daemon.stop()

    def half(self, half):
        """Ranges of host numbers."""
        step = self.number // 10
        return [[at, at + step - 1] for at in range(half * step, self.number, 2 * step)]

    def pid(self):
        return self.daemon.process.pid

    def mib(self):
        return measure.rss(self.pid()) / (1 << 20)

    def during(self, line, act=lambda: None):
        """What the hosts answer to `line`, while `act` is done."""
        cpu, api = measure.cpu_seconds(self.pid()), Api(self.daemon)
        self.hosts.tell(line)
        began = time.monotonic()
        act()
        acted = time.monotonic() - began
        got = self.hosts.answer()
        return {**got, 'acted': acted, 'api_ms': api.slowest_ms(), 'cpu': measure.cpu_seconds(self.pid()) - cpu}

    def connect(self):
        """All connect and read their log: themselves in the first entry, and the shared subsystems."""
        got = self.during('connect')
        assert (got['up'], got['failed'], got['records']) == (self.number, 0, (1 + SHARED) * self.number), got
        return got

    def change(self):
        """One change for one of the groups: each of its hosts has one event, no other has any."""
        self.hosts.ask('mark')
        self.seen[0] -= 1
        got = self.during(f'told {self.number // 2} 60000', lambda: self.daemon.rest('DELETE', f'/subsystems/{NQN}-0/hosts/group:half-0'))
        assert (got['told'], got['events'], got['failed']) == (self.half(0), self.number // 2, 0), got
        return got

    def zone(self):
        """A zone shuts one of the groups out of a subsystem: each of its hosts has one event, no other has any."""
        self.daemon.rest('POST', '/zone-groups', {'name': 'g'})
        members = [{'role': 'host', 'group': 'half-1'}, {'role': 'subsystem', 'nqn': f'{NQN}-1'}]
        self.daemon.rest('POST', '/zone-groups/g/zones', {'name': 'z', 'members': members})
        preview = self.daemon.rest('POST', '/zoning/preview', {})
        assert (preview['gaining'], preview['losing']) == (0, self.number // 2), (preview['gaining'], preview['losing'])
        self.hosts.ask('mark')
        self.seen[0] -= 1
        got = self.during(f'told {self.number // 2} 60000', lambda: self.daemon.rest('POST', '/zoning/activate', {}))
        assert (got['told'], got['events'], got['failed']) == (self.half(0), self.number // 2, 0), got
        return got

    def burst(self, changes):
        """So many changes for one group, eight at a time: only it is told; the last one is lost to nobody."""
        makers = 8
        self.hosts.ask('mark')

        def make(number):
            nqn = f'{NQN}-burst-{number}'
            for _ in range(changes // makers // 2):
                self.daemon.rest('POST', '/subsystems', {'nqn': nqn, 'hosts': ['group:half-1']})
                self.daemon.rest('DELETE', f'/subsystems/{nqn}')
            self.daemon.rest('POST', '/subsystems', {'nqn': nqn, 'hosts': ['group:half-1']})

        def make_all():
            threads = [threading.Thread(target=make, args=(i,)) for i in range(makers)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()

        got = self.during(f'told {self.number // 2} 120000', make_all)
        self.seen[1] += makers
        every = self.number // 2 * (2 + sum(self.seen))
        pharos.wait_for(lambda: self.hosts.ask('count')['records'] == every, 60, 'every log is the newest')
        end = self.hosts.ask('count')
        assert (end['told'], end['failed']) == (self.half(1), 0), {**end, 'told': len(end['told'])}
        return {**got, 'events': end['events'], 'most_events': end['most_events']}

    def read(self, rate, seconds):
        """So many logs a second, by turns."""
        got = self.during(f'reads {rate} {seconds}')
        assert got['failed'] == 0 and got['reads'] >= 0.9 * rate * seconds, got
        return got

    def register(self):
        """Every host registers."""
        got = self.during('register')
        assert (got['refused'], got['failed']) == (0, 0), got
        assert self.registrations() == {host_nqn(i) for i in range(self.number)}
        return got

    def registrations(self):
        names, page = set(), '?limit=1000&fields=nqn'
        while page:
            got = self.daemon.rest('GET', f'/registrations{page}')
            names |= {item['nqn'] for item in got['items']}
            page = got['next'] and f'?limit=1000&fields=nqn&cursor={got["next"]}'
        return names

    def all_up(self):
        assert self.hosts.ask('count')['up'] == self.number
