#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""packaging/: alert rules fire when they should and only then, the Grafana dashboard asks for metrics that exist, the systemd unit is
well formed, is installed, and is told when discoveryd is ready."""
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / 'lib'))
import pharos  # noqa: E402

PACKAGING = pharos.SOURCE / 'packaging'
ALERTS, DASHBOARD = PACKAGING / 'prometheus-alerts.yml', PACKAGING / 'grafana-dashboard.json'
METRICS = set(re.findall(r'^\| `(pharos_\w+)`', (pharos.SOURCE / 'docs/metrics.md').read_text(), re.M))
ABOUT = '{instance="i",job="pharos",nqn="n",nsid="1",host_nqn="h",worker="w1",operation="o",code="500"}'

# alert: series that make it fire, by what goes where the usual ones are well
FIRING = {
    'PharosDown': ['up{ABOUT} 0x60'],
    'PharosWorkerDown': ['pharos_worker_up{ABOUT} 0x60'],
    'PharosWorkerRestarting': ['pharos_worker_restarts_total{ABOUT} 0+1x60'],
    'PharosStoreFailing': ['pharos_store_healthy{ABOUT} 0x60'],
    'PharosSubsystemNotReady': ['pharos_subsystem_ready{ABOUT} 0x60'],
    'PharosNamespaceNotReady': ['pharos_namespace_ready{ABOUT} 0x60'],
    'PharosMissingListener': ['pharos_subsystem_listeners{ABOUT} 0x60'],
    'PharosIoErrors': ['pharos_namespace_errors_total{ABOUT} 0+60x60'],
    'PharosHostLost': ['pharos_host_keepalive_timeouts_total{ABOUT} 0x25 1x34'],
    'PharosNamespaceExportedTwice': ['pharos_namespace_metadata{instance="i",nqn="a",path="/v"} 1x60', 'pharos_namespace_metadata{instance="i",nqn="b",path="/v"} 1x60'],
    'PharosReactorBusy': ['pharos_reactor_seconds_total{instance="i",worker="w1",mode="busy"} 0+54x60',
                          'pharos_reactor_seconds_total{instance="i",worker="w1",mode="idle"} 0+6x60'],
    'PharosDiscoveryControllerLost': ['pharos_discovery_followed_up{instance="i",dc="dc1",traddr="192.0.2.1"} 0x60'],
    'PharosDiscoveryControllersWait': ['pharos_discovery_followed{instance="i",state="waiting"} 1x60'],
    'PharosTooManySubsystems': ['pharos_subsystems{ABOUT} 10001x60'],
    'PharosTooManyNamespaces': ['pharos_subsystem_namespaces{ABOUT} 4001x60'],
    'PharosManyHosts': ['pharos_worker_controllers{ABOUT} 8001x60'],
    'PharosApiErrors': ['pharos_api_requests_total{ABOUT} 0+60x60'],
    'PharosMetricsIncomplete': ['pharos_scrape_dropped_items{ABOUT} 1x60'],
}
WELL = ['up{ABOUT} 1x60', 'pharos_worker_up{ABOUT} 1x60', 'pharos_worker_restarts_total{ABOUT} 7x60', 'pharos_store_healthy{ABOUT} 1x60',
        'pharos_subsystem_ready{ABOUT} 1x60', 'pharos_namespace_ready{ABOUT} 1x60', 'pharos_subsystem_listeners{ABOUT} 1x60',
        'pharos_namespace_errors_total{ABOUT} 5x60', 'pharos_host_keepalive_timeouts_total{ABOUT} 3x60',
        'pharos_namespace_metadata{instance="i",nqn="a",path="/v"} 1x60', 'pharos_namespace_metadata{instance="i",nqn="b",path=""} 1x60',
        'pharos_namespace_metadata{instance="i",nqn="c",path=""} 1x60',
        'pharos_reactor_seconds_total{instance="i",worker="w1",mode="busy"} 0+30x60',
        'pharos_reactor_seconds_total{instance="i",worker="w1",mode="idle"} 0+30x60',
        'pharos_discovery_followed_up{instance="i",dc="dc1",traddr="192.0.2.1"} 1x60', 'pharos_discovery_followed{instance="i",state="waiting"} 0x60',
        'pharos_subsystems{ABOUT} 10000x60', 'pharos_subsystem_namespaces{ABOUT} 4000x60', 'pharos_worker_controllers{ABOUT} 8000x60',
        'pharos_api_requests_total{instance="i",operation="o",code="404"} 0+60x60', 'pharos_scrape_dropped_items{ABOUT} 0x60']


def promtool(*arguments):
    if not shutil.which('promtool'):
        print('# SKIP: no promtool (package prometheus)')
        return
    run = subprocess.run(['promtool', *map(str, arguments)], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr


def names_in(expression):
    """Metrics of ours that it asks for, as docs/metrics.md names them."""
    return {re.sub(r'(_seconds)_(bucket|sum|count)$', r'\1', name) for name in re.findall(r'\bpharos_\w+', expression)}


def series(text):
    name, values = text.replace('{ABOUT}', ABOUT).split('} ')
    return {'series': name + '}', 'values': values}


def case(name, inputs, alerts):
    return {'name': name, 'interval': '1m', 'input_series': [series(text) for text in inputs],
            'promql_expr_test': [{'expr': 'count by (alertname) (ALERTS{alertstate="firing"})', 'eval_time': '30m',
                                  'exp_samples': [{'labels': f'{{alertname="{alert}"}}', 'value': 1} for alert in alerts]}]}


def test_alert_rules_fire_when_they_should_and_only_then():
    text = ALERTS.read_text()
    assert set(re.findall(r'- alert: (\w+)', text)) == set(FIRING)
    assert names_in(text) <= METRICS, names_in(text) - METRICS
    promtool('check', 'rules', ALERTS)
    cases = [case('all is well', WELL, [])] + [case(alert, inputs, [alert]) for alert, inputs in FIRING.items()]
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder, 'tests.yml')
        path.write_text(json.dumps({'rule_files': [str(ALERTS)], 'evaluation_interval': '1m', 'tests': cases}))
        promtool('test', 'rules', path)


def test_the_dashboard_asks_for_what_there_is():
    dashboard = json.loads(DASHBOARD.read_text())
    panels = [p for p in dashboard['panels'] if p['type'] != 'row']
    assert len({p['id'] for p in dashboard['panels']}) == len(dashboard['panels'])
    expressions = [t['expr'] for p in panels for t in p['targets']]
    asked = set().union(*map(names_in, expressions))
    assert asked <= METRICS, asked - METRICS
    assert len(asked) > 25, asked
    variables = {v['name'] for v in dashboard['templating']['list']}
    assert names_in(' '.join(str(v['query']) for v in dashboard['templating']['list'])) <= METRICS
    for expression in expressions:
        assert set(re.findall(r'\$(\w+)', expression)) - {'__rate_interval'} <= variables, expression
    # a recording rule for each: promtool reads the expressions
    rules = [{'record': f'dashboard:{i}', 'expr': e.replace('$__rate_interval', '5m').replace('$', '')} for i, e in enumerate(expressions)]
    for rule in rules:
        rule['record'] = 'dashboard:e' + rule['record'].split(':')[1]
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder, 'rules.yml')
        path.write_text(json.dumps({'groups': [{'name': 'dashboard', 'rules': rules}]}))
        promtool('check', 'rules', path)


def test_the_unit_is_well_formed_and_installed():
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(['make', '-C', str(pharos.BUILD), f'DESTDIR={folder}', 'install-nodist_systemdsystemunitDATA', 'install-dist_pkgdataDATA'],
                       check=True, capture_output=True, text=True)
        found = {path.name: path for path in pathlib.Path(folder).rglob('*') if path.is_file()}
        assert set(found) == {'pharos-discoveryd.service', 'prometheus-alerts.yml', 'grafana-dashboard.json'}, found
        unit = found['pharos-discoveryd.service'].read_text()
        for line in ('Type=notify', 'KillMode=process', 'RuntimeDirectoryPreserve=yes', 'StateDirectory=pharos'):
            assert line + '\n' in unit, line
        assert re.search(r'^ExecStart=/\S+/discoveryd --state %S/pharos --run %t/pharos ', unit, re.M), unit
        if not shutil.which('systemd-analyze'):
            print('# SKIP: no systemd-analyze')
            return
        path = pathlib.Path(folder, 'pharos-discoveryd.service')
        path.write_text(re.sub(r'(?m)^ExecStart=\S+', 'ExecStart=' + pharos.program('discoveryd'), unit))
        run = subprocess.run(['systemd-analyze', 'verify', '--man=no', str(path)], capture_output=True, text=True, check=False)
        assert run.returncode == 0 and 'pharos-discoveryd.service' not in run.stderr, run.stderr


def test_the_service_manager_is_told():
    with tempfile.TemporaryDirectory() as folder, socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(f'{folder}/notify')
        manager.settimeout(10)
        os.environ['NOTIFY_SOCKET'] = f'{folder}/notify'
        try:
            with pharos.Discoveryd() as daemon:
                assert manager.recv(100) == b'READY=1'
                assert daemon.rest('GET', '/version')
                workers = daemon.workers()
                daemon.process.send_signal(signal.SIGTERM)
                assert manager.recv(100) == b'STOPPING=1'
                assert daemon.process.wait(10) == 0
                assert all(map(pharos.alive, workers)), 'workers go on'
                daemon.start()
                assert manager.recv(100) == b'READY=1' and daemon.workers() == workers
        finally:
            del os.environ['NOTIFY_SOCKET']


if __name__ == '__main__':
    pharos.run(globals())
