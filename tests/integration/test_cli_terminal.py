#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""pharos at a terminal: questions before something is destroyed, colours, --watch, and completion by bash and zsh themselves."""
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / 'lib'))
import pharos  # noqa: E402
from terminal import Terminal  # noqa: E402

NQN, HOST = 'nqn.2026-11.example:vol1', 'nqn.2026-11.example:host-a'
FAILED = 1


def run(daemon, *words):
    done = subprocess.run([pharos.program('pharos'), '--api', daemon.api, *words], capture_output=True, text=True, timeout=60)
    return done.returncode, done.stdout, done.stderr


def at_terminal(daemon, *words):
    return Terminal(pharos.program('pharos'), '--api', daemon.api, *words)


def test_what_destroys_asks_first_at_a_terminal_only():
    with pharos.Discoveryd() as daemon:
        daemon.rest('POST', '/subsystems', {'nqn': NQN, 'hosts': [HOST]})
        for answer in ('n', '', 'x'):
            t = at_terminal(daemon, 'subsystem', 'delete', NQN)
            t.expect(rf'delete subsystem {NQN}\? \[y/N\] ')
            t.type(answer + '\n')
            t.expect('nothing was done')
            assert t.end() == FAILED
        assert daemon.rest('GET', f'/subsystems/{NQN}')
        t = at_terminal(daemon, 'host', 'delete', '--force', HOST)
        t.expect(rf'delete host {HOST}, even where it is in use\? ')
        t.type('y\n')
        assert t.end() == 0, t.text
        t = at_terminal(daemon, 'subsystem', 'delete', NQN, '--yes')
        assert t.end() == 0 and '[y/N]' not in t.text, t.text
        daemon.rest('POST', '/subsystems', {'nqn': NQN})
        assert run(daemon, 'subsystem', 'delete', NQN) == (0, '', '')


def test_long_work_shows_how_far_it_is_at_a_terminal_only():
    bar, wiped = r'\r\[[# ]{40}\] +(\d+) %  ', '\r\033[K'
    with pharos.Discoveryd() as daemon:
        daemon.rest('POST', '/subsystems', {'nqn': NQN, 'hosts': [HOST]})
        for _ in range(4):
            daemon.rest('POST', f'/subsystems/{NQN}/namespaces', {'size': '1MiB'})
        probe = ('probe', daemon.listen, '--hostnqn', HOST)
        bench = ('bench', daemon.io_listen, NQN, '--hostnqn', HOST, '--nsid', '1', '--workload', '4 4K randread', '--time', '1')
        for words, wanted in ((probe, ['0', '25', '50', '75']), (bench, None)):
            t = at_terminal(daemon, *words)
            assert t.end() == 0, t.text
            shown = re.findall(bar, t.text)
            assert shown == wanted or not wanted and shown, t.text
            assert wiped in t.text, t.text
            t = at_terminal(daemon, *words, '--json')
            assert t.end() == 0 and wiped not in t.text, t.text
        done = subprocess.run([pharos.program('pharos'), *probe], capture_output=True, text=True, timeout=60)
        assert (done.returncode, done.stderr) == (0, ''), done


def test_apply_shows_what_it_would_take_away_and_asks():
    with pharos.Discoveryd() as daemon, tempfile.TemporaryDirectory() as folder:
        daemon.rest('POST', '/subsystems', {'nqn': NQN})
        document = pathlib.Path(folder, 'empty.json')
        document.write_text('{"subsystems": []}')
        t = at_terminal(daemon, 'apply', '-f', str(document), '--prune')
        t.expect(rf'- subsystem {NQN}')
        t.expect(r'apply this\? \[y/N\] ')
        t.type('n\n')
        assert t.end() == FAILED and daemon.rest('GET', '/subsystems')['items'], t.text
        t = at_terminal(daemon, 'apply', '-f', str(document), '--prune', '-y')
        assert t.end() == 0 and not daemon.rest('GET', '/subsystems')['items'], t.text


def test_colours_are_for_terminals():
    with pharos.Discoveryd() as daemon:
        daemon.rest('POST', '/subsystems', {'nqn': NQN})
        assert '\033' not in run(daemon, 'subsystem', 'list')[1]
        t = at_terminal(daemon, 'subsystem', 'list')
        assert t.end() == 0 and '\033[32mready' in t.text, t.text
        for env in ({'NO_COLOR': '1'}, {'TERM': 'dumb'}):
            # pty.fork's child drops NO_COLOR: env(1) puts it back
            t = Terminal('env', *(f'{k}={v}' for k, v in env.items()), pharos.program('pharos'), '--api', daemon.api, 'subsystem', 'list')
            assert t.end() == 0 and '\033' not in t.text and 'ready' in t.text, t.text


def test_forms_of_a_table():
    with pharos.Discoveryd() as daemon:
        daemon.rest('POST', '/subsystems', {'nqn': NQN, 'label': 'first'})
        daemon.rest('POST', f'/subsystems/{NQN}/namespaces', {'size': '1MiB'})
        assert run(daemon, 'subsystems', '-o', 'name')[1] == NQN + '\n'
        assert run(daemon, 'ns', 'ls', '-o', 'name')[1].split() == [NQN, '1']
        code, out, _ = run(daemon, 'subsys', 'ls', '-owide')
        assert out.splitlines()[0].split()[-7:] == ['LABEL', 'PATHS', 'MAX', 'PATHS', 'SERIAL', 'AGE', 'REASON'], out
        assert re.search(r' first +all +\S+ +\S+ +\d+s ', out), out
        assert run(daemon, 'subsystem', 'list', '--columns', 'label,nqn', '--no-headers')[1].split() == ['first', NQN]
        code, out, err = run(daemon, 'subsystem', 'list', '--columns', 'nqn,colour')
        assert (code, out) == (2, '') and "no column 'colour'" in err and 'NQN, STATE' in err, err


def test_watch_tells_what_has_changed():
    with pharos.Discoveryd() as daemon:
        daemon.rest('POST', '/subsystems', {'nqn': NQN})
        p = subprocess.Popen([pharos.program('pharos'), '--api', daemon.api, 'subsystem', 'list', '--watch=1', '-o', 'name'],
                             stdout=subprocess.PIPE, text=True)
        try:
            assert p.stdout.readline() == NQN + '\n'
            time.sleep(1.5)  # the same once more is no news
            daemon.rest('POST', '/subsystems', {'nqn': NQN + '-b'})
            assert [p.stdout.readline() for _ in range(2)] == [NQN + '\n', NQN + '-b\n']
        finally:
            p.kill()
            p.communicate()
        code, _, err = run(daemon, 'host', 'create', HOST, '-w')
        assert code == 2 and 'change nothing' in err, err
        t = at_terminal(daemon, 'status', '-w')
        t.expect(r'\033\[H\033\[Jevery 2 s, last at')
        t.expect('CHECK')
        os.kill(t.pid, signal.SIGINT)
        assert t.end() == -signal.SIGINT


# -- completion

def complete(daemon, *words):
    done = subprocess.run([pharos.program('pharos'), '__complete', *words], capture_output=True, text=True, check=True, timeout=60,
                          env={**os.environ, 'PHAROS_API': daemon.api})
    assert done.stderr == '', done.stderr
    return [line.split('\t')[0] for line in done.stdout.splitlines()]


def test_completion_knows_words_options_and_names():
    with pharos.Discoveryd() as daemon:
        for nqn in (NQN, NQN + '-b'):
            daemon.rest('POST', '/subsystems', {'nqn': nqn, 'hosts': [HOST]})
        daemon.rest('POST', f'/subsystems/{NQN}/namespaces', {'nsid': 7, 'size': '1MiB'})

        def ask(*words):
            return complete(daemon, *words)
        assert {'subsystem', 'status', 'hostconf'} <= set(ask('')) and '__complete' not in ask('')
        assert ask('subsys') == ['subsystem']
        assert ask('subsystem', 'd') == ['delete', 'deny']
        assert ask('subsys', 'd') == ['delete', 'deny']
        assert ask('subsystem', 'show', 'nqn.2026-11.example:vol1-') == [NQN + '-b']
        assert ask('subsystem', 'deny', NQN, '') == [HOST]
        assert ask('namespace', 'show', NQN, '') == ['7']
        assert ask('namespace', 'create', '') == [NQN, NQN + '-b']
        assert ask('subsystem', 'create', '') == []
        assert ask('subsystem', 'list', '--host', '') == [HOST]
        assert ask('subsystem', 'list', '--worker=') == ['w1']
        assert ask('namespace', 'create', NQN, '--backend', '') == ['ram', 'file', 'null']
        assert ask('namespace', 'set', NQN, '7', '--read-only', '') == ['yes', 'no']
        assert '--block-size' in ask('namespace', 'create', NQN, '--') and '--json' in ask('namespace', 'create', NQN, '--')
        assert ask('apply', '--file', 'x') == [':files'] and ask('apply', '-f', '') == [':files']
        assert ask('host', 'list', '-o', '') == ['table', 'wide', 'name', 'json']
    assert complete(daemon, 'portal', 'show', '') == [], 'nobody answers: no names, no complaint'


def installed(folder):
    """Where `make install` put the two scripts."""
    subprocess.run(['make', '-C', str(pharos.BUILD), f'DESTDIR={folder}', 'install-nodist_bashcompletionDATA', 'install-nodist_zshcompletionDATA'],
                   check=True, capture_output=True)
    paths = [p for p in pathlib.Path(folder).rglob('*') if p.is_file()]
    bash, zsh = sorted(paths, key=lambda p: p.name.startswith('_'))
    assert bash.parts[-3:] == ('bash-completion', 'completions', 'pharos') and zsh.parts[-3:] == ('zsh', 'site-functions', '_pharos')
    return bash, zsh


def type_in(shell, lines):
    """lines: (typed, what the line becomes by the tab at its end)"""
    for number, (typed, wanted) in enumerate(lines):
        shell.text = ''
        shell.type(typed + '\t')
        shell.expect(re.escape(wanted), 10)
        shell.type(f"\025echo do''ne{number}\n")  # Ctrl-U: the line goes
        shell.expect(f'done{number}\r', 10)


def test_bash_and_zsh_complete():
    with pharos.Discoveryd() as daemon, tempfile.TemporaryDirectory() as folder:
        daemon.rest('POST', '/subsystems', {'nqn': NQN, 'hosts': [HOST]})
        bash_script, zsh_script = installed(folder)
        pathlib.Path(folder, 'document.json').write_text('{}')
        env = {'PHAROS_API': daemon.api, 'PATH': f'{pathlib.Path(pharos.program("pharos")).parent}:{os.environ["PATH"]}', 'PS1': '% ', 'PROMPT': '% '}
        lines = [('pharos subsystem sh', 'pharos subsystem show '), ('pharos subsystem show n', NQN),
                 ('pharos subsystem show nqn.2026-11.example:v', NQN), ('pharos namespace create x --back', '--backend '),
                 ('pharos namespace create x --backend nu', '--backend null'), ('pharos subsystem list --worker=w', '--worker=w1'),
                 ('pharos subsystem list --host=nqn.2026-11.example:h', f'--host={HOST}'), (f'pharos diff -f {folder}/doc', f'{folder}/document.json')]
        shell = Terminal('bash', '--norc', '--noprofile', '-i', env=env)
        shell.type(f"bind 'set enable-bracketed-paste off'; source {bash_script}; echo loa''ded\n")
        shell.expect('loaded')
        type_in(shell, lines)
        shell.type('exit\n')
        assert shell.end() in (0, 130)
        if not shutil.which('zsh'):
            print('# SKIP: no zsh')
            return
        shell = Terminal('zsh', '-f', '-i', env={**env, 'HOME': folder})
        shell.type(f"fpath=({zsh_script.parent} $fpath); unsetopt zle_bracketed_paste; autoload -U compinit; compinit -u -D; PROMPT='% '; echo loa''ded\n")
        shell.expect('loaded')
        type_in(shell, lines)
        shell.type('exit\n')
        assert shell.end() in (0, 130)


if __name__ == '__main__':
    pharos.run(globals())
