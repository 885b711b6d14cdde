#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Access rules of a worker: who may connect through which port, beyond the list of hosts, and what becomes of who is connected."""
import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / 'lib'))
import nvmetcp as nvme  # noqa: E402
import pharos  # noqa: E402
from worker import Worker  # noqa: E402

NQN, HOST, OTHER = 'nqn.2026-11.example:worker', 'nqn.2026-11.example:host', 'nqn.2026-11.example:other'
UUID = '8b1d4f00-1111-4222-8333-445566778899'
CONNECT_HOST = 0x184
SETS = {
    'host': {'hosts': [HOST]},
    'both': {'hosts': [HOST, OTHER]},
    'here': {'hosts_at': [{'nqn': HOST, 'address': '127.0.0.1'}]},
    'elsewhere': {'hosts_at': [{'nqn': HOST, 'address': '192.0.2.1'}]},
    'loopback': {'addresses': ['192.0.2.0/24', '127.0.0.0/8', '2001:db8::/32']},
    'far': {'addresses': ['10.0.0.0/8', '127.0.0.2', '::/96']},
}


def state(worker, access=None, advertise=None, sets=None):
    subsystem = {'nqn': NQN, 'allow_any_host': True, 'namespaces': [{'nsid': 1, 'uuid': UUID, 'backend': 'ram', 'size': 1 << 20}]}
    if access is not None:
        subsystem['access'] = access
    doc = {**worker.state(subsystem), 'host_sets': SETS if sets is None else sets}
    if advertise:
        doc['portals'][0]['advertise'] = advertise
    return doc


def start(worker, control, **more):
    worker.memory(UUID, 1 << 20)
    control.give(worker.held)
    return control.apply(1, state(worker, **more))


def rules(*which, keep=False):
    return {'rules': [{'set': r} if isinstance(r, str) else r for r in which], 'keep_connected': keep}


def host(worker, nqn=HOST, **more):
    return nvme.Host('127.0.0.1', worker.port, NQN, nqn, **more)


def may_connect(worker, nqn=HOST):
    try:
        with host(worker, nqn):
            return True
    except nvme.Status as status:
        assert status.sc == CONNECT_HOST and status.dnr, status
        return False


def ended(queue, seconds):
    queue.sock.settimeout(seconds)
    try:
        while queue.sock.recv(65536):
            pass
    except ConnectionError:
        pass


def log_of(worker, nqn):
    queue = nvme.Queue('127.0.0.1', worker.port)
    queue.connect(nvme.DISCOVERY, nqn, kato=30000)
    queue.enable()
    records = [r for r in nvme.discovery_log(queue)[1] if r['subnqn'] == NQN]
    queue.close()
    return [(r['traddr'], r['portid']) for r in records]


def test_rules_say_who_may_connect_and_what_the_log_here_tells():
    cases = [  # rules, HOST may, OTHER may
        ([], False, False),
        (['host'], True, False),
        (['both'], True, True),
        (['here'], True, False),
        (['elsewhere'], False, False),
        (['loopback'], True, True),
        (['far'], False, False),
        (['elsewhere', 'far', 'host'], True, False),
        ([{'set': 'both', 'portid': 1}], True, True),
        ([{'set': 'both', 'portid': 2}], False, False),
        ([{'set': 'both', 'port': 1}], False, False),
        ([{'set': 'both', 'family': 'ipv4'}], True, True),
        ([{'set': 'both', 'family': 'ipv6'}], False, False),
        ([{'set': 'both', 'address': '127.0.0.1'}], True, True),
        ([{'set': 'both', 'address': '127.0.0.2/31'}], False, False),
        ([{'set': 'both', 'address': '127.0.0.2/31'}, {'set': 'host', 'address': '127.0.0.0/30'}], True, False),
    ]
    with Worker() as worker, worker.control() as control:
        start(worker, control)
        assert may_connect(worker) and may_connect(worker, OTHER), 'no access: no rules'
        for i, (access, one, two) in enumerate(cases):
            applied = control.apply(i + 2, state(worker, rules(*access)))
            assert applied['generation'] == i + 2 and not applied['failed'], applied
            assert (may_connect(worker), may_connect(worker, OTHER)) == (one, two), access
            assert (bool(log_of(worker, HOST)), bool(log_of(worker, OTHER))) == (one, two), access
        notice = control.wait('refused')
        assert 'zone' in notice['reason'], notice


def test_an_address_is_the_one_that_hosts_are_told():
    at = rules({'set': 'host', 'address': '192.0.2.7'})
    with Worker() as worker, worker.control() as control:
        start(worker, control, access=at)
        assert not may_connect(worker)
        control.apply(2, state(worker, at, advertise='192.0.2.7'))
        assert may_connect(worker) and log_of(worker, HOST) == [('192.0.2.7', 1)]
        control.apply(3, state(worker, at, advertise='192.0.2.8'))
        assert not may_connect(worker)


def test_who_is_shut_out_is_gone_within_a_second():
    with Worker() as worker, worker.control() as control:
        start(worker, control, access=rules('both'))
        with host(worker) as one, host(worker, OTHER, queues=2) as two:
            began = time.monotonic()
            applied = control.apply(2, state(worker, rules('host')))
            assert applied['generation'] == 2 and time.monotonic() - began < 1
            ended(two.admin, 1)
            ended(two.io[1], 1)
            one.io[0].write(1, 0, b'x' * 512)
            gone = control.wait('controllers', where=lambda m: m['gone'])
            assert gone['gone'][0]['reason'] == 'host zoned out', gone


def test_with_grace_who_is_connected_stays_until_it_leaves():
    with Worker() as worker, worker.control() as control:
        start(worker, control, access=rules('both'))
        with host(worker, OTHER, queues=2) as two:
            two.io.pop().close()
            control.apply(2, state(worker, rules('host', keep=True)))
            two.io[0].write(1, 0, b'y' * 512)
            two.io.append(two.io_queue(2))  # a queue more of a controller that it has
            two.io[1].write(1, 8, b'z' * 512)
            assert not may_connect(worker, OTHER), 'a new controller'
            assert not control.apply(3, state(worker, rules('host', keep=True)))['failed']
            two.io[0].write(1, 0, b'y' * 512)
            control.apply(4, state(worker, rules('host')))
            ended(two.admin, 1)
        assert may_connect(worker) and not may_connect(worker, OTHER)


def test_a_difference_brings_its_sets_along():
    with Worker() as worker, worker.control() as control:
        start(worker, control, access=rules('host'))
        subsystem = state(worker, rules('s'))['subsystems'][0]
        difference = {'base': 1, 'upsert': {'subsystems': [subsystem], 'host_sets': {'s': {'hosts': [OTHER]}}}}
        assert control.apply(2, **difference)['generation'] == 2
        assert not may_connect(worker) and may_connect(worker, OTHER)
        del difference['upsert']['host_sets']
        applied = control.apply(3, **{**difference, 'base': 2})
        assert applied['generation'] == 2, applied
        assert applied['failed'][0]['field'].endswith('subsystems[0].access.rules[0].set'), applied
        assert not may_connect(worker) and may_connect(worker, OTHER), 'as it was'


def test_faults_are_told_by_their_place():
    cases = [
        ({'a': {'hosts': ['x']}}, rules(), 'host_sets.hosts[0]'),
        ({'a': {'addresses': ['10.0.0.1/8']}}, rules(), 'host_sets.addresses[0]'),
        ({'a': {'hosts_at': [{'nqn': HOST}]}}, rules(), 'host_sets.hosts_at[0].address'),
        (None, {}, 'subsystems[0].access.rules'),
        (None, rules({'set': 'host', 'port': 65536}), 'subsystems[0].access.rules[0].port'),
        (None, rules({'set': 'host', 'address': 'x'}), 'subsystems[0].access.rules[0].address'),
        (None, rules({'set': 'host', 'family': 'ipx'}), 'subsystems[0].access.rules[0].family'),
    ]
    with Worker() as worker, worker.control() as control:
        start(worker, control)
        for sets, access, field in cases:
            applied = control.apply(2, state(worker, access, sets=sets))
            assert applied['generation'] == 1 and applied['failed'][0]['field'] == field, (field, applied)


if __name__ == '__main__':
    pharos.run(globals())
