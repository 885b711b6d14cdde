#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Discovery at the I/O port of a worker, and whose controller an I/O queue may join."""
import pathlib
import signal
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / 'lib'))
import nvmetcp as nvme  # noqa: E402
import pharos  # noqa: E402

NQN, CLOSED, HOST = 'nqn.2026-11.example:connect', 'nqn.2026-11.example:closed', 'nqn.2026-11.example:host'
CONNECT_PARAM, IN_DATA = 0x182, 1 << 16
SIZE = 8 << 20


class Target(pharos.Targetd):
    def __init__(self, *options):
        space = {'backend': 'ram', 'size': SIZE}
        super().__init__({'version': 1, 'portals': [{'id': 'p1', 'portid': 1, 'address': '127.0.0.1', 'port': 0}],
                          'subsystems': [{'nqn': NQN, 'allow_any_host': True, 'namespaces': [{'nsid': 1, **space}]},
                                         {'nqn': CLOSED, 'hosts': ['nqn.2026-11.example:friend'], 'namespaces': [{'nsid': 1, **space}]}]},
                         *options)

    def queue(self, **more):
        return nvme.Queue('127.0.0.1', self.port, **more)

    def host(self, **more):
        return nvme.Host('127.0.0.1', self.port, NQN, HOST, **more)


def failure(action):
    try:
        action()
    except nvme.Status as status:
        return status
    raise AssertionError('it was not refused')


def refused(action, sc, dnr=None, result=None):
    status = failure(action)
    assert status.sc == sc and dnr in (None, status.dnr) and result in (None, status.result), status


def test_an_io_queue_belongs_to_the_host_that_made_the_controller():
    with Target() as target, target.host() as host:
        host.io[0].close()
        time.sleep(0.1)
        queue = target.queue()
        refused(lambda: queue.connect(NQN, HOST + '2', host.hostid, qid=1, cntlid=host.cntlid), CONNECT_PARAM, result=IN_DATA | 512)
        refused(lambda: queue.connect(NQN, HOST, b'\7' * 16, qid=1, cntlid=host.cntlid), CONNECT_PARAM, result=IN_DATA)
        refused(lambda: queue.connect(CLOSED, 'nqn.2026-11.example:friend', qid=1, cntlid=host.cntlid), CONNECT_PARAM)
        queue.connect(NQN, HOST, qid=1, cntlid=host.cntlid)
        queue.close()


def test_the_io_port_answers_discovery_with_its_own_subsystems():
    with Target() as target:
        queue = target.queue()
        queue.connect(nvme.DISCOVERY, HOST)
        queue.enable()
        _, entries = nvme.discovery_log(queue)
        assert [(e['subtype'], e['subnqn']) for e in entries] == [(3, nvme.DISCOVERY), (2, NQN)]
        assert all(e['traddr'] == '127.0.0.1' and e['trsvcid'] == str(target.port) for e in entries)
        friend = target.queue()
        friend.connect(nvme.DISCOVERY, 'nqn.2026-11.example:friend')
        friend.enable()
        genctr, entries = nvme.discovery_log(friend)
        assert sorted(e['subnqn'] for e in entries if e['subtype'] == 2) == [CLOSED, NQN]
        friend.run(nvme.sqe(0x09, cdw10=0x0b, cdw11=1 << 31))
        aer = friend.aer()
        target.document['subsystems'].pop(0)
        target.write()
        target.process.send_signal(signal.SIGHUP)
        assert friend.wait(aer)[0].result == 0x70f002
        again, entries = nvme.discovery_log(friend)
        assert again > genctr and [e['subnqn'] for e in entries if e['subtype'] == 2] == [CLOSED]
        queue.close()
        friend.close()


if __name__ == '__main__':
    pharos.run(globals())
