#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every command in README.md, docs/ and the man pages' EXAMPLES is carried out, and says what the page shows, page by page in a sandbox: namespaces of its own for
network, mounts and processes, so that ports and folders are those of the page.  What can't be is named."""
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / 'lib'))
import docs  # noqa: E402
import pharos  # noqa: E402

PAGES = [pharos.SOURCE / 'README.md', pharos.SOURCE / 'HACKING.md', *sorted((pharos.SOURCE / 'docs').glob('*.md')), pharos.SOURCE / 'docs/pharos.1']
LIMIT = 240

# The page's shell: 192.0.2.10 is an address of this machine; /srv, /var/lib, /etc/nvme, /etc/default and /run are its own.
PRELUDE = r'''
set -eE -o pipefail
trap 'echo "FAILED at line $__line: $BASH_COMMAND"' ERR
__line=0
ip link set lo up
ip address add 192.0.2.10/24 dev lo
for d in srv var/lib etc/nvme etc/default; do
	mkdir -p "$SANDBOX/$d"
	[ ! -d "/$d" ] || mount --bind "$SANDBOX/$d" "/$d"
done
mount -t tmpfs tmpfs /run
mkdir -p "$SANDBOX/home" /run/pharos
echo nqn.2014-08.org.nvmexpress:uuid:11111111-2222-4333-8444-555555555555 >"$SANDBOX/etc/nvme/hostnqn"
export HOME=$SANDBOX/home LC_ALL=C.UTF-8 TMPDIR=$SANDBOX
cd "$CWD"
__console() {
	__line=$1
	local status=0
	eval "$2" >"$SANDBOX/said" 2>&1 </dev/null || status=$?
	if [ -z "$3" ]; then
		[ "$status" = 0 ] || { cat "$SANDBOX/said"; false; }
		return 0
	fi
	"$PYTHON" - "$3" "$SANDBOX/said" <<-'P' || { echo "line $1 says otherwise:"; cat "$SANDBOX/said"; false; }
		import os, sys
		sys.path.insert(0, os.environ['TESTLIB'])
		import docs
		sys.exit(not docs.agrees(sys.argv[1], open(sys.argv[2], errors='replace').read()))
	P
}
__daemon() {
	mkdir -p /var/lib/pharos
	discoveryd --state /var/lib/pharos --run /run/pharos "$@" >/var/lib/pharos/discoveryd.log 2>&1 </dev/null &
	for __i in $(seq 100); do pharos status >/dev/null 2>&1 && break; sleep 0.1; done
	pharos status >/dev/null || { cat /var/lib/pharos/discoveryd.log; false; }
}
'''


def can_isolate():
    return os.geteuid() == 0 and subprocess.run(['unshare', '-nmp', '--fork', '--mount-proc', 'true'], capture_output=True, check=False).returncode == 0


def programs(folder):
    """The built programs by their names, as if installed."""
    for name in ('pharos', 'discoveryd', 'targetd'):
        os.symlink(pharos.program(name), f'{folder}/{name}')
    return folder


def tree(folder):
    """The source tree as its user has it, so that what is made beside quickstart is made here."""
    os.mkdir(f'{folder}/tree')
    for path in pharos.SOURCE.iterdir():
        if path.name not in ('build', 'state', '.git'):
            (shutil.copy if path.name == 'quickstart' else os.symlink)(path, f'{folder}/tree/{path.name}')
    os.symlink(pharos.BUILD, f'{folder}/tree/build')
    return f'{folder}/tree'


def run_page(page):
    with tempfile.TemporaryDirectory(prefix='pharos-docs-', dir='/var/tmp') as folder:
        os.mkdir(f'{folder}/bin')
        in_tree = page.path.parent == pharos.SOURCE
        start = '' if page.sandbox == 'none' else f'__daemon {page.sandbox}\n'
        script = PRELUDE + start + page.script() + 'pharos shutdown --workers --yes >/dev/null 2>&1 || true\n'
        pathlib.Path(folder, 'script').write_text(script)
        env = {**os.environ, 'SANDBOX': folder, 'CWD': tree(folder) if in_tree else f'{folder}/home', 'PYTHON': sys.executable,
               'TESTLIB': str(pathlib.Path(__file__).resolve().parents[1] / 'lib'), 'PHAROS_BUILDDIR': str(pharos.BUILD),
               'PATH': f'{programs(folder + "/bin")}:{os.environ["PATH"]}:/usr/sbin'}
        env.pop('PHAROS_API', None)
        done = subprocess.run(['unshare', '-nmp', '--fork', '--kill-child', '--mount-proc', 'bash', f'{folder}/script'], env=env, text=True, timeout=LIMIT,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        assert done.returncode == 0, f'{page.path.relative_to(pharos.SOURCE)}:\n{done.stdout[-6000:]}'


def page_test(page):
    def test():
        for block in page.shown():
            if block.why:
                print(f'# not carried out: {page.path.relative_to(pharos.SOURCE)}:{block.line + 1}: {block.why}')
        if not page.script().strip():
            return
        if not can_isolate():
            print('# SKIP: needs root and namespaces')
            return
        run_page(page)
    return test


def test_links_lead_somewhere():
    for path in PAGES:
        for target in re.findall(r'\]\(([^)#\s]+)', path.read_text()):
            assert re.match(r'https?:', target) or (path.parent / target).exists(), (path, target)


def test_no_command_is_hidden_from_this_test():
    for path in PAGES:
        hidden = re.findall(r'^(?: {4}|\t)(?:pharos|nvme|discoveryd|targetd|curl|systemctl|make|apt-get|perf|bpftrace|tests/|\./)\S* .*', path.read_text(), re.M)
        assert not hidden, f'{path}: in a block of sh or console, please: {hidden}'


def test_what_a_page_shows_is_compared():
    assert docs.agrees('a  b ... d\n...\nend', 'a b c c d\nx\ny\nend\n')
    assert docs.agrees('...\nend', 'end\n')
    assert not docs.agrees('a b', 'a c\n') and not docs.agrees('a', 'a\nb\n')
    page = docs.console(docs.Block('console', 10, '$ echo a \\\n> b\na b\n# true', None))
    assert page == f"__console 11 {shlex.quote('echo a b')} 'a b'\n__console 14 true ''", page


for p in PAGES:
    globals()['test_' + re.sub(r'\W', '_', p.stem.lower())] = page_test(docs.Page(p))

if __name__ == '__main__':
    pharos.run(globals())
