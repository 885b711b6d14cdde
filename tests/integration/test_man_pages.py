#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Man pages: well formed, complete (every option that --help has), installed, and their examples are taken by the programs."""
import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / 'lib'))
import pharos  # noqa: E402

PAGES = sorted((pharos.SOURCE / 'docs').glob('*.[1-9]'))


def plain(page):
    return re.sub(r'\\f[BIRP]|\\', '', (pharos.SOURCE / 'docs' / page).read_text())


def example(page):
    """The first example, as a document."""
    text = re.search(r'\.SH "?EXAMPLE"?\n\.nf\n(.*?)\n\.fi', (pharos.SOURCE / 'docs' / page).read_text(), re.S)[1]
    return json.loads(text.replace('\\-', '-'))


def test_formatters_have_nothing_to_say():
    assert len(PAGES) >= 5, PAGES
    for command in (['groff', '-man', '-ww', '-Tutf8', '-z'], ['mandoc', '-T', 'lint', '-W', 'warning']):
        if not shutil.which(command[0]):
            print(f'# SKIP: no {command[0]}')
            continue
        for page in PAGES:
            done = subprocess.run([*command, page], capture_output=True, text=True, check=False)
            assert done.returncode == 0 and done.stdout + done.stderr == '', done.stdout + done.stderr


def test_every_option_of_the_daemons_is_in_their_pages():
    for program in ('discoveryd', 'targetd'):
        text = subprocess.run([pharos.program(program), '--help'], capture_output=True, text=True, check=True).stdout
        options, page = set(re.findall(r'(?<![\w-])--[a-z][a-z-]*', text)), plain(f'{program}.8')
        assert len(options) > 5, text
        for option in options:
            assert re.search(re.escape(option) + r'(?![\w-])', page), (program, option)
        for option in set(re.findall(r'^\.(?:BI|BR|B) (?!"?pharos ).*?(--[a-z][a-z-]*)', page, re.M)):
            assert option in options, f'{program} has no {option}'


def test_pages_name_each_other_rightly():
    names = {(p.stem, p.suffix[1:]) for p in PAGES}
    for page in PAGES:
        for name, section in re.findall(r'^\.BR ([a-z-]+) \((\d)\)', plain(page.name), re.M):
            if re.match('pharos|discoveryd|targetd', name):
                assert (name, section) in names, (page.name, name, section)


def test_the_example_of_a_configuration_is_applied_and_has_only_known_members():
    document = example('pharos-config.5')
    with pharos.Discoveryd() as daemon:
        document['portals'][0].update(traddr='127.0.0.1', trsvcid=str(pharos.free_port()))
        with tempfile.NamedTemporaryFile('w', suffix='.json') as f:
            json.dump(document, f)
            f.flush()
            done = subprocess.run([pharos.program('pharos'), '--api', daemon.api, 'apply', '-f', f.name], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        exported, page = daemon.rest('GET', '/config'), plain('pharos-config.5')
        members = set(exported) | {m for kind in ('hosts', 'portals', 'subsystems') for item in exported[kind] for m in item}
        members |= {m for m in exported['subsystems'][0]['namespaces'][0]}
        for member in members:
            assert re.search(rf'\b{member}\b', page), member


def test_the_example_of_a_state_is_served():
    document = example('pharos-state.5')
    with tempfile.TemporaryDirectory(dir='/var/tmp') as folder:
        document['portals'][0]['port'] = 0
        document['subsystems'][0]['namespaces'][1]['path'] = f'{folder}/vol1.img'
        with pharos.Targetd(document) as worker:
            host = document['subsystems'][0]['hosts'][0]
            done = subprocess.run([pharos.program('pharos'), 'probe', f'127.0.0.1:{worker.port}', '--nqn', document['subsystems'][0]['nqn'], '--hostnqn', host],
                                  capture_output=True, text=True, check=False)
            assert done.returncode == 0 and '2 of 2 ok' in done.stdout, done.stdout + done.stderr


if __name__ == '__main__':
    pharos.run(globals())
