#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""pharos export, diff, apply and import against the real discoveryd."""
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / 'lib'))
import pharos  # noqa: E402

OK, FAILED, USAGE, UNREACHABLE, NOT_FOUND, CONFLICT, REFUSED = range(7)
NQN, HOST = 'nqn.2026-11.example:vol1', 'nqn.2026-11.example:host-a'

daemon = pharos.Discoveryd()
folder = tempfile.TemporaryDirectory()


def cli(*args, stdin=None):
    p = subprocess.run([pharos.program('pharos'), *args], capture_output=True, text=True, input=stdin, timeout=60,
                       env={**os.environ, 'PHAROS_API': daemon.api})
    return p.returncode, p.stdout, p.stderr


def good(*args, stdin=None):
    code, out, err = cli(*args, stdin=stdin)
    assert code == OK, (args, code, out, err)
    return out


def written(name, document):
    path = os.path.join(folder.name, name)
    with open(path, 'w') as f:
        json.dump(document, f)
    return path


def clear():
    good('apply', '-f', '-', '--prune', '--force', stdin='{"hosts": [], "subsystems": [], "portals": []}')


def test_a_document_is_compared_applied_and_exported():
    path = written('one.json', {'subsystems': [{'nqn': NQN, 'hosts': [HOST], 'namespaces': [{'nsid': 1, 'size': '4MiB'}]}]})
    out = good('diff', '-f', path)
    assert f'+ subsystem {NQN}\n' in out and f'+ namespace {NQN} 1\n' in out and f'{HOST} gains {NQN} at io1\n' in out, out
    assert json.loads(good('export'))['subsystems'] == []
    assert good('apply', '--file', path, '--dry-run') == out
    assert good('apply', '-f', path) == out
    assert good('diff', '-f', path) == 'nothing to change\n'
    exported = good('export')
    document = json.loads(exported)
    document['subsystems'][0]['label'] = 'gold'
    document['subsystems'][0]['namespaces'] = []
    out = good('apply', '-f', '-', stdin=json.dumps(document))
    assert f'~ subsystem {NQN}\n    label: "" -> "gold"\n' in out and f'namespace {NQN} 1' in out.split('kept')[1], out
    out = good('apply', '-f', '-', '--prune', stdin=json.dumps(document))
    assert out == f'- namespace {NQN} 1\n', out
    good('apply', '-f', '-', '--prune', stdin=exported)
    assert json.loads(good('diff', '-f', '-', '--json', stdin=exported))['changes'] == []
    clear()


def test_what_is_wrong_is_told():
    code, _, err = cli('apply')
    assert code == USAGE and '-f FILE' in err, err
    code, _, err = cli('apply', '-f', '/nowhere/file')
    assert code == FAILED and '/nowhere/file' in err, err
    code, _, err = cli('apply', '-f', '-', stdin='{')
    assert code == REFUSED and 'JSON' in err, err
    code, _, err = cli('apply', '-f', '-', stdin=json.dumps({'subsystems': [{'nqn': NQN, 'namespaces': [{'nsid': 1, 'size': 7}]}]}))
    assert code == REFUSED and 'subsystems[0].namespaces[0].size' in err, err
    assert json.loads(good('export'))['subsystems'] == []


def test_nvmetcli_is_taken_over_beside_what_is_there():
    good('subsystem', 'create', 'nqn.2026-11.example:mine')
    image = os.path.join(folder.name, 'a.img')
    with open(image, 'wb') as f:
        f.truncate(1 << 20)
    io = daemon.io_listen.rsplit(':', 1)
    saved = {'hosts': [{'nqn': HOST}], 'subsystems': [{
        'nqn': NQN, 'allowed_hosts': [HOST], 'attr': {'allow_any_host': '0', 'serial': 'abc', 'version': '2.1'},
        'namespaces': [{'nsid': 1, 'enable': 1, 'ana_grpid': 1,
                        'device': {'path': image, 'uuid': '11111111-2222-4333-8444-555555555555', 'nguid': ''}}]}],
        'ports': [{'portid': 1, 'addr': {'trtype': 'tcp', 'adrfam': 'ipv4', 'traddr': io[0], 'trsvcid': io[1]}, 'subsystems': [NQN],
                   'ana_groups': [], 'param': {}, 'referrals': []},
                  {'portid': 2, 'addr': {'trtype': 'tcp', 'adrfam': 'ipv4', 'traddr': '127.0.0.1', 'trsvcid': str(pharos.free_port())},
                   'subsystems': [NQN]},
                  {'portid': 3, 'addr': {'trtype': 'rdma', 'traddr': '127.0.0.1', 'trsvcid': '4420'}, 'subsystems': [NQN]}]}
    path = written('nvmet.json', saved)
    code, out, err = cli('import', 'nvmetcli', path, '--dry-run')
    assert code == OK and f'+ subsystem {NQN}' in out and 'port 3: transport rdma' in err and 'keys of hosts' in err, (code, out, err)
    result = json.loads(good('import', 'nvmetcli', path, '--json'))
    assert result['state'] == 'ready' and len(result['unmapped']) == 2, result
    made = json.loads(good('subsystem', 'show', NQN, '--json'))
    assert (made['serial'], made['hosts'], made['portals']) == ('abc', [HOST], ['io1', 'nvmet-2']), made
    assert json.loads(good('namespace', 'show', NQN, '1', '--json'))['path'] == image
    assert good('import', 'nvmetcli', path).startswith('nothing to change')
    good('subsystem', 'show', 'nqn.2026-11.example:mine')
    code, out, err = cli('probe', daemon.listen, '--hostnqn', HOST)
    assert code == OK, (out, err)
    clear()


def test_keys_and_referrals_are_taken_over():
    """The kernel's keys from its configfs, SPDK's from the files of its keyring; one that can't be read is listed."""
    secrets = [json.loads(good('key', 'create', json.loads(good('host', 'create', f'nqn.2026-11.example:k{i}', '--json'))['nqn'], '--json')) for i in range(3)]
    for secret in secrets:
        good('host', 'delete', secret['host_nqn'], '--yes')
    configfs = os.path.join(folder.name, 'nvmet')
    os.makedirs(os.path.join(configfs, 'hosts', HOST))
    for name, text in ('dhchap_key', secrets[0]['secret'] + '\n'), ('dhchap_ctrl_key', '\n'):
        with open(os.path.join(configfs, 'hosts', HOST, name), 'w') as f:
            f.write(text)
    referral = {'name': 'r', 'enable': 1, 'addr': {'trtype': 'tcp', 'adrfam': 'ipv4', 'traddr': '192.0.2.80', 'trsvcid': '8009'}}
    saved = {'hosts': [{'nqn': HOST}], 'subsystems': [], 'ports': [{'portid': 1, 'addr': {
        'trtype': 'tcp', 'traddr': '127.0.0.1', 'trsvcid': str(pharos.free_port())}, 'subsystems': [], 'referrals': [referral]}]}
    path = written('keys.json', saved)
    assert f'+ key dhchap of {HOST}' in good('import', 'nvmetcli', path, '--configfs', configfs, '--dry-run') and json.loads(good('key', 'list', '--json')) == []
    out = good('import', 'nvmetcli', path, '--configfs', configfs)
    assert f'+ key dhchap of {HOST}' in out and '+ referral nvmet-1' in out and 'dhchap_ctrl' not in out, out
    (key,) = json.loads(good('key', 'list', '--json'))
    assert (key['host_nqn'], key['kind'], key['fingerprint']) == (HOST, 'dhchap', secrets[0]['fingerprint']), key
    code, out, err = cli('import', 'nvmetcli', path, '--configfs', configfs)
    assert code == OK and out.startswith('nothing to change') and 'dhchap key, which stays' in err, (out, err)
    spdk = {'subsystems': [{'subsystem': 'keyring', 'config': [
        {'method': 'keyring_file_add_key', 'params': {'name': n, 'path': os.path.join(folder.name, n)}} for n in ('k1', 'k2', 'none')]}, {
            'subsystem': 'nvmf', 'config': [{'method': 'nvmf_create_subsystem', 'params': {'nqn': NQN}}] + [
                {'method': 'nvmf_subsystem_add_host', 'params': {'nqn': NQN, 'host': host, **keys}} for host, keys in (
                    (HOST + '1', {'dhchap_key': 'k1', 'dhchap_ctrlr_key': 'k2'}), (HOST + '2', {'dhchap_key': 'none'}))]}]}
    for i in 1, 2:
        with open(os.path.join(folder.name, f'k{i}'), 'w') as f:
            f.write(secrets[i]['secret'])
    code, out, err = cli('import', 'spdk', written('spdk-keys.json', spdk))
    assert code == OK and f"host {HOST}2: key dhchap can't be read from {folder.name}/none" in err, (code, err)
    made = {(k['host_nqn'], k['kind']): k['fingerprint'] for k in json.loads(good('key', 'list', '--json'))}
    assert made[HOST + '1', 'dhchap'] == secrets[1]['fingerprint'] and made[HOST + '1', 'dhchap_ctrl'] == secrets[2]['fingerprint'], made
    assert (HOST + '2', 'dhchap') not in made
    good('referral', 'delete', 'nvmet-1', '--yes')
    clear()


def test_spdk_is_taken_over():
    io = daemon.io_listen.rsplit(':', 1)
    rpcs = [('nvmf_create_subsystem', {'nqn': NQN, 'allow_any_host': False, 'serial_number': 'SPDK1'}),
            ('nvmf_subsystem_add_host', {'nqn': NQN, 'host': HOST, 'psk': 'key0'}),
            ('nvmf_subsystem_add_ns', {'nqn': NQN, 'namespace': {'nsid': 1, 'bdev_name': 'Malloc0'}}),
            ('nvmf_subsystem_add_ns', {'nqn': NQN, 'namespace': {'nsid': 2, 'bdev_name': 'lvs0/lvol0'}}),
            ('nvmf_subsystem_add_listener', {'nqn': NQN, 'listen_address': {'trtype': 'TCP', 'traddr': io[0], 'trsvcid': io[1]}})]
    malloc = {'method': 'bdev_malloc_create', 'params': {'name': 'Malloc0', 'num_blocks': 2048, 'block_size': 512}}
    path = written('spdk.json', {'subsystems': [{'subsystem': 'bdev', 'config': [malloc]},
                                                {'subsystem': 'nvmf', 'config': [{'method': m, 'params': p} for m, p in rpcs]}]})
    code, out, err = cli('import', 'spdk', path)
    assert code == OK and f'{HOST} gains {NQN} at io1' in out, (code, out, err)
    assert 'lvs0/lvol0' in err and 'key psk is key0' in err, err
    assert json.loads(good('namespace', 'show', NQN, '1', '--json'))['size'] == 1 << 20
    clear()


def test_a_hosts_files_name_what_it_may_use():
    good('subsystem', 'create', NQN, '--host', HOST)
    address, port = daemon.io_listen.rsplit(':', 1)
    second = pharos.free_port()
    good('portal', 'create', address, '--port', str(second))
    good('subsystem', 'create', NQN + '-other')
    first, other = f'transport=tcp;traddr={address};trsvcid={port}', f'transport=tcp;traddr={address};trsvcid={second}'
    via, disc_port = daemon.listen.rsplit(':', 1)
    files = {f: good('hostconf', HOST, '--format', f, '--via', daemon.listen)
             for f in ('nvme-fabrics', 'config.json', 'discovery.conf', 'stafd', 'systemd', 'connect')}
    assert good('hostconf', HOST, '--via', daemon.listen) == files['nvme-fabrics']
    assert files['nvme-fabrics'].split('\n\n') == [
        f'[Host]\nhostnqn = {HOST}', f'[Discovery Controller]\ncontroller = transport=tcp;traddr={via};trsvcid={disc_port}',
        f'[Subsystem]\nnqn = {NQN}\ncontroller = {first}\ncontroller = {other}\n'], files['nvme-fabrics']
    assert json.loads(files['config.json']) == [{'hostnqn': HOST, 'subsystems': [{'nqn': NQN, 'ports': [
        {'transport': 'tcp', 'traddr': address, 'trsvcid': p} for p in (port, str(second))]}]}], files['config.json']
    assert files['discovery.conf'] == f"# nvme-cli 2 takes the host's NQN from /etc/nvme/hostnqn: {HOST}\n" + f'--transport=tcp --traddr={via} --trsvcid={disc_port} --hostnqn={HOST}\n'
    assert f'[Controllers]\ncontroller = transport=tcp;traddr={via};trsvcid={disc_port}\n' in files['stafd'] and HOST in files['stafd']
    assert files['connect'].splitlines() == [
        f'nvme connect --transport=tcp --traddr={address} --trsvcid={p} --nqn={NQN} --hostnqn={HOST}' for p in (port, second)]
    odd = NQN + "-it's;$(odd)"
    good('subsystem', 'create', odd, '--host', HOST, '--portal', 'io1')
    command = good('hostconf', HOST, '--format', 'connect').splitlines()[-1]
    said = subprocess.run(['sh', '-c', f'nvme() {{ printf "%s\\n" "$@"; }}; {command}'], capture_output=True, text=True).stdout
    assert said.splitlines()[-2:] == [f'--nqn={odd}', f'--hostnqn={HOST}'], (command, said)
    code, _, err = cli('hostconf', HOST, '--format', 'xml')
    assert code == USAGE and 'config.json' in err, err
    clear()


def lines_written(files, *command):
    """What nvme-cli tells the kernel: a folder of ours stands in for /etc/nvme, /sys/class and /dev in a mount namespace."""
    script = f"""set -e
    mount --make-rprivate /
    mount -t tmpfs t /sys/class && mkdir /sys/class/nvme-subsystem /sys/class/nvme
    mkdir -p /etc/nvme && mount --bind {files} /etc/nvme
    mount -t tmpfs t /dev && mknod /dev/null c 1 3 && mknod /dev/urandom c 1 9 && touch /dev/nvme-fabrics
    {' '.join(command)} >/dev/null 2>&1 || true
    cat /dev/nvme-fabrics"""
    done = subprocess.run(['unshare', '-m', 'sh', '-c', script], capture_output=True, text=True, timeout=30)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_nvme_cli_reads_a_hosts_files():
    if os.geteuid() or not shutil.which('nvme') or subprocess.run(['unshare', '-m', 'true'], capture_output=True).returncode:
        print('# SKIP: needs root, mount namespaces and nvme-cli')
        return
    good('subsystem', 'create', NQN, '--host', HOST)
    via, disc_port = daemon.listen.rsplit(':', 1)
    address, port = daemon.io_listen.rsplit(':', 1)
    files = tempfile.mkdtemp(dir=daemon.state)
    for name in ('config.json', 'discovery.conf'):
        pathlib.Path(files, name).write_text(good('hostconf', HOST, '--format', name, '--via', via))
    pathlib.Path(files, 'hostnqn').write_text(HOST + '\n')
    pathlib.Path(files, 'hostid').write_text('11111111-2222-4333-8444-555555555555\n')
    script = 'mount -t tmpfs t /sys/class && mkdir /sys/class/nvme-subsystem /sys/class/nvme && nvme config --scan --dump --config=' + files + '/config.json'
    dumped = subprocess.run(['unshare', '-m', 'sh', '-c', script], capture_output=True, text=True, check=True, timeout=30).stdout
    assert json.loads(dumped) == json.loads(good('hostconf', HOST, '--format', 'config.json')), dumped
    told = lines_written(files, 'nvme', 'discover')
    for option in ('nqn=nqn.2014-08.org.nvmexpress.discovery', 'transport=tcp', f'traddr={via}', f'trsvcid={disc_port}', f'hostnqn={HOST}'):
        assert option in told.split(','), (option, told)
    (connect,) = good('hostconf', HOST, '--format', 'connect').splitlines()
    told = lines_written(files, connect)
    for option in (f'nqn={NQN}', 'transport=tcp', f'traddr={address}', f'trsvcid={port}', f'hostnqn={HOST}'):
        assert option in told.split(','), (option, told)
    clear()


def test_systemd_reads_a_hosts_unit():
    odd = NQN + '-it\'s;$%"odd"'
    for nqn in (NQN, odd):
        good('subsystem', 'create', nqn, '--host', HOST)
    unit = good('hostconf', HOST, '--format', 'systemd', '--via', '127.0.0.9')
    disc_port = daemon.listen.rsplit(':', 1)[1]
    assert f'--traddr=127.0.0.9 --trsvcid={disc_port} --hostnqn={HOST}\n' in unit, unit
    assert f'disconnect --nqn={NQN}\n' in unit and """disconnect "--nqn=""" + NQN + """-it's;$$%%\\"odd\\""\n""" in unit, unit
    path = written('nvme-pharos.service', {})
    pathlib.Path(path).write_text(unit.replace('/usr/sbin/nvme', '/bin/true').replace('/usr/sbin/modprobe', '/bin/true'))
    if not shutil.which('systemd-analyze'):
        print('# SKIP: no systemd-analyze')
        return
    done = subprocess.run(['systemd-analyze', 'verify', '--man=no', path], capture_output=True, text=True, check=False)
    assert done.returncode == 0 and 'nvme-pharos' not in done.stderr, done.stderr
    clear()


if __name__ == '__main__':
    with daemon:
        pharos.run(globals())
