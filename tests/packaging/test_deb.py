#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The Debian package in $PHAROS_BUILDDIR (make deb): installed into a folder, used, removed and purged."""
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / 'lib'))
import pharos  # noqa: E402

NQN, HOST = 'nqn.2026-11.example:vol1', 'nqn.2026-11.example:node1'
DEBS = sorted(pharos.BUILD.glob('pharos_*.deb'))


def run(*words, **more):
    return subprocess.run([str(w) for w in words], capture_output=True, text=True, check=True, timeout=60, **more).stdout


class Root:
    """A folder that dpkg takes for the root of a system; maintainer scripts run without a chroot."""

    def __enter__(self):
        self.path = pathlib.Path(tempfile.mkdtemp(prefix='pharos-deb-'))
        for name in ('info', 'updates', 'triggers', 'parts'):
            (self.path / 'var/lib/dpkg' / name).mkdir(parents=True)
        for name in ('status', 'available', 'triggers/File', 'triggers/Unincorp'):
            (self.path / 'var/lib/dpkg' / name).touch()
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.path)

    def dpkg(self, *words):
        return run('dpkg', f'--root={self.path}', '--force-not-root', '--force-script-chrootless', '--force-depends', '--force-bad-path', *words,
                   env={**os.environ, 'PATH': os.environ['PATH'] + ':/usr/sbin:/sbin'})


def test_it_is_described():
    fields = run('dpkg-deb', '-f', DEBS[-1])
    assert re.search(r'^Package: pharos$', fields, re.M) and re.search(r'^Depends: .*liburing2.*$', fields, re.M), fields
    listed = set(re.findall(r'^ (lib[\w-]+-dev|uthash-dev|systemtap-sdt-dev)', (pharos.SOURCE / 'packaging/debian/control').read_text(), re.M))
    build = (pharos.SOURCE / 'packaging/debian-packages').read_text().split('[build]')[1].split('[web]')[0]
    needed = set(re.findall(r'^([\w-]+-dev) ', build, re.M)) - {'libc6-dev'}
    assert needed <= listed, needed - listed


def test_it_is_installed_used_removed_and_purged():
    with Root() as root:
        root.dpkg('-i', DEBS[-1])
        files = {str(p.relative_to(root.path)) for p in root.path.rglob('*') if p.is_file() and 'var/lib/dpkg' not in str(p)}
        for name in ('usr/bin/pharos', 'usr/sbin/discoveryd', 'usr/sbin/targetd', 'lib/systemd/system/pharos-discoveryd.service', 'etc/default/pharos',
                     'usr/share/man/man1/pharos.1.gz', 'usr/share/man/man5/pharos-config.5.gz', 'usr/share/man/man8/discoveryd.8.gz',
                     'usr/share/doc/pharos/README.md', 'usr/share/doc/pharos/copyright', 'usr/share/bash-completion/completions/pharos',
                     'usr/share/zsh/vendor-completions/_pharos', 'usr/share/pharos/prometheus-alerts.yml'):
            assert name in files, (name, sorted(files))
        assert not [f for f in files if f.startswith(('usr/local', 'var/lib/pharos'))], files
        unit = (root.path / 'lib/systemd/system/pharos-discoveryd.service').read_text()
        program = re.search(r'^ExecStart=(\S+)', unit, re.M)[1]
        assert (root.path / program.lstrip('/')).exists(), program
        assert not list(root.path.glob('etc/systemd/system/*.wants/*')), 'nothing is enabled'
        use(root.path / 'usr')
        (root.path / 'var/lib/pharos').mkdir(parents=True)
        (root.path / 'etc/default/pharos').write_text('DISCOVERYD_OPTIONS=--listen 192.0.2.10\n')
        root.dpkg('-r', 'pharos')
        assert not (root.path / 'usr/sbin/discoveryd').exists() and (root.path / 'etc/default/pharos').exists() and (root.path / 'var/lib/pharos').exists()
        root.dpkg('-P', 'pharos')
        assert not (root.path / 'etc/default/pharos').exists() and not (root.path / 'var/lib/pharos').exists()


def use(prefix):
    """The programs of the package serve, and have the dashboard."""
    class Installed(pharos.Discoveryd):
        def command(self):
            return [str(prefix / 'sbin/discoveryd'), *super().command()[1:]]
    with Installed('--targetd', str(prefix / 'sbin/targetd')) as daemon:
        pharos_cli = str(prefix / 'bin/pharos')
        run(pharos_cli, '--api', daemon.api, 'subsystem', 'create', NQN, '--host', HOST)
        run(pharos_cli, '--api', daemon.api, 'namespace', 'create', NQN, '--size', '1MiB')
        assert '1 of 1 ok' in run(pharos_cli, 'probe', daemon.listen, '--hostnqn', HOST)
        assert '<script' in daemon.http('GET', '/')[2], 'the dashboard is in it'
        for pid in daemon.workers():
            assert os.readlink(f'/proc/{pid}/exe') == os.path.realpath(prefix / 'sbin/targetd')


if __name__ == '__main__':
    if not DEBS:
        print('SKIP: no package in the build folder (make deb)')
        sys.exit(77)
    pharos.run(globals())
