#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Work that goes on after its request was answered: told by 202 or beside the object, followed until it ends, well or not."""
import os
import pathlib
import signal
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / 'lib'))
import nvmetcp as nvme  # noqa: E402
import openapi  # noqa: E402
import pharos  # noqa: E402

NQN = 'nqn.2026-11.example:op'
HOST = NQN + ':host'
MIB = 1 << 20
ASYNC = {'Prefer': 'respond-async'}

daemon = pharos.Discoveryd()
api = openapi.Api(daemon)


class Stopped:
    """The worker answers nothing meanwhile."""

    def __enter__(self):
        self.pid = daemon.workers()[0]
        os.kill(self.pid, signal.SIGSTOP)

    def __exit__(self, *_):
        os.kill(self.pid, signal.SIGCONT)


def operation(path):
    return api.ok('GET', path.removeprefix('/api/v1'))


def ended(path):
    return pharos.wait_for(lambda: (o := operation(path))['state'] != 'running' and o, 20, f'{path} ends')


def test_an_answer_that_does_not_wait_is_an_operation():
    with Stopped():
        began = time.monotonic()
        status, headers, told = api('POST', '/subsystems', {'nqn': NQN}, ASYNC)
        assert status == 202 and time.monotonic() - began < 1, (status, told)
        assert headers['Location'] == f'/api/v1/operations/{told["id"]}' and headers['Preference-Applied'] == 'respond-async'
        assert (told['state'], told['operation'], told['location'], told['user']) == ('running', 'createSubsystem', f'/api/v1/subsystems/{NQN}', 'local'), told
        assert api.ok('GET', f'/subsystems/{NQN}')['status']['state'] == 'pending', 'it is stored'
        assert [o['id'] for o in api.ok('GET', '/operations?state=running')['items']] == [told['id']]
    done = ended(headers['Location'])
    assert done['state'] == 'succeeded' and done['error'] is None and done['ended_at'] >= done['created_at'], done
    assert api.ok('GET', f'/subsystems/{NQN}')['status']['state'] == 'ready'


def test_an_answer_that_came_early_says_where_it_goes_on():
    with Stopped():
        status, headers, made = api('POST', f'/subsystems/{NQN}/namespaces?wait=0.3', {'size': MIB})
        assert status == 201 and made['status']['state'] == 'pending', made
        assert operation(headers['Operation-Location'])['state'] == 'running'
    assert ended(headers['Operation-Location'])['state'] == 'succeeded'
    assert 'Operation-Location' not in api('PATCH', f'/subsystems/{NQN}', {'label': 'x'})[1], 'it was confirmed in time'


def test_one_that_fails_says_why():
    with tempfile.NamedTemporaryFile() as file:
        file.truncate(MIB)
        with Stopped():
            status, headers, _ = api('POST', f'/subsystems/{NQN}/namespaces', {'nsid': 77, 'path': file.name, 'size': MIB}, ASYNC)
            kept = api('POST', f'/subsystems/{NQN}/namespaces?wait=0', {'nsid': 78, 'path': file.name + '2', 'size': MIB})
            assert status == 202 and kept[0] in (201, 422), (status, kept)
            os.unlink(file.name)
        failed = ended(headers['Location'])
        assert failed['state'] == 'failed' and failed['error']['status'] == 422 and openapi.fault(failed['error'])['field'] == 'path', failed
        api.problem(404, 'GET', f'/subsystems/{NQN}/namespaces/77')
        open(file.name, 'w').close()


def test_what_is_done_at_once_is_answered_at_once():
    status, _, made = api('PUT', f'/hosts/{HOST}', {}, ASYNC)
    assert status == 201 and made['nqn'] == HOST, (status, made)
    assert api('DELETE', f'/hosts/{HOST}', None, ASYNC)[0] == 204


def test_a_worker_that_drains_is_followed_until_it_is_gone():
    api.ok('POST', '/workers?wait=10', {'id': 'second', 'reactors': 1})
    running = pharos.wait_for(lambda: (w := api.ok('GET', '/workers/second'))['state'] == 'running' and w, 10, 'the second worker runs')
    status, headers, told = api('DELETE', '/workers/second', None, ASYNC)
    assert status == 202 and told['operation'] == 'deleteWorker', (status, told)
    assert ended(headers['Location'])['state'] == 'succeeded' and not pharos.alive(running['pid'])


def test_progress_of_one_that_changes_what_hosts_use():
    api.ok('PUT', f'/subsystems/{NQN}/hosts/{HOST}')
    host, port = daemon.io_listen.rsplit(':', 1)
    with nvme.Host(host, int(port), NQN, HOST, queues=1):
        status, headers, _ = api('DELETE', f'/subsystems/{NQN}?force=true', None, ASYNC)
        assert status in (202, 204)
        if status == 202:
            assert ended(headers['Location'])['state'] == 'succeeded'
    api.problem(404, 'GET', f'/subsystems/{NQN}')


def test_they_are_listed_and_forgotten_by_a_restart():
    items = api.ok('GET', '/operations')['items']
    assert len(items) >= 3 and items == sorted(items, key=lambda o: o['created_at']), items
    assert [o['id'] for o in api.ok('GET', '/operations?operation=deleteWorker&fields=id,state')['items']] == [o['id'] for o in items if o['operation'] == 'deleteWorker']
    daemon.kill()
    daemon.start()
    assert api.ok('GET', '/operations')['items'] == []
    api.problem(404, 'GET', f'/operations/{items[0]["id"]}', field='id')


if __name__ == '__main__':
    daemon.start()
    try:
        pharos.run(globals())
    finally:
        daemon.stop()
