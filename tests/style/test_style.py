#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""tests/style/test_style.py - what a reader of the tree may rely on: dependencies point one way, functions and files
stay small, every file says what it is, every file is built.  Prints TAP.  Needs universal-ctags for the sizes."""
import json
import os
import re
import shutil
import subprocess
import sys

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

FUNCTION_LINES, FILE_LINES, PARAMETERS, NESTING = 60, 800, 6, 4

# folder -> folders whose headers it may include: common <- fabrics <- net <- targetd, discoveryd <- api
COMMON, FABRICS = {"common"}, {"common", "fabrics"}
NET = FABRICS | {"net"}
MAY_INCLUDE = {
    "common": COMMON,
    "fabrics": FABRICS,
    "net": NET,
    "targetd": NET | {"targetd"},
    "discoveryd": NET | {"discoveryd", "schema"},
    "api": NET | {"discoveryd", "api", "web"},
    "cli": NET | {"cli"},
    "schema": {"schema"},
    "web": {"web"},
}
MAY_INCLUDE_FILE = {"discoveryd/main.c": {"api"}}
# fabrics/ is sans-IO: neither these headers (sys/socket.h is there for its address types) nor these functions
SANS_IO = ("sys/epoll.h", "pthread.h", "liburing.h", "unistd.h", "poll.h", "sqlite3.h", "json-c/json.h",
           "common/log.h", "common/clock.h", "common/json.h", "common/util.h")
IO_SYMBOLS = re.compile(r"(pthread_\w+|socket|bind|listen|accept4?|connect|send|sendto|sendmsg|recv|recvfrom|recvmsg|p?read|p?write|"
                        r"open|close|poll|epoll_\w+|clock_gettime|gettimeofday|time|f?printf|puts|exit|abort|"
                        r"cmn_log|cmn_now_ns|cmn_wall_ms|io_uring_\w+)$")
HAS_SPDX = (".c", ".h", ".sh", ".py", ".ts", ".tsx", ".mjs", ".inc", ".am", ".ac", ".sql")


def tracked():
    """The files of the tree: git's, or (from a tarball, or without git) all but what builds leave."""
    try:
        out = subprocess.run(["git", "-C", TOP, "ls-files", "-z"], check=True, capture_output=True).stdout
        names = out.decode().split("\0")
    except (OSError, subprocess.CalledProcessError):
        names = [os.path.relpath(os.path.join(d, f), TOP) for d, _, files in os.walk(TOP) for f in files]
        left = re.compile(r"build|\.git/|autom4te|aclocal|config|.*(node_modules|__pycache__)/|web/dist/|.*\.(o|a|log|trs)$")
        names = [n for n in names if not left.match(n) or n == "configure.ac"]
    return sorted(n for n in names if n and os.path.isfile(os.path.join(TOP, n)))


FILES = tracked()
C_FILES = [f for f in FILES if f.endswith((".c", ".h"))]


def read(name):
    with open(os.path.join(TOP, name), encoding="utf-8") as f:
        return f.read()


def folder(name):
    return name.split("/", 1)[0]


def includes(name, pattern):
    """(line number, header) of every #include of the file whose bracket is in pattern."""
    for n, line in enumerate(read(name).splitlines(), 1):
        m = re.match(r"\s*#\s*include\s+([" + pattern + r'])([^">]+)[">]', line)
        if m:
            yield n, m.group(2)


def check_dependency_arrow():
    for name in C_FILES:
        if folder(name) not in MAY_INCLUDE:
            continue
        allowed = MAY_INCLUDE[folder(name)] | MAY_INCLUDE_FILE.get(name, set())
        for n, header in includes(name, '"'):
            if header == "config.h":
                continue
            if "/" not in header:
                yield f'{name}:{n}: include "{header}" with its path from the top of the tree'
            elif folder(header) not in allowed:
                yield f"{name}:{n}: {folder(name)}/ may not include {header}"


def check_fabrics_does_no_io():
    for name in C_FILES:
        if folder(name) != "fabrics":
            continue
        for n, header in includes(name, '"<'):
            if header in SANS_IO:
                yield f"{name}:{n}: fabrics/ has no sockets, threads, clocks or logging: {header}"


def check_fabrics_calls_no_io():
    library = os.path.join(os.environ.get("PHAROS_BUILDDIR", os.path.join(TOP, "build")), "libfabrics.a")
    if not os.path.exists(library):
        yield "SKIP no libfabrics.a (set PHAROS_BUILDDIR)"
        return
    out = subprocess.run(["nm", "-u", "-A", library], capture_output=True, text=True, check=True).stdout
    for line in out.splitlines():
        member, symbol = line.split(":", 2)[1], line.split()[-1]
        if IO_SYMBOLS.match(symbol):
            yield f"fabrics/ ... {member}: calls {symbol}()"


def check_wire_structures_are_asserted():
    """Each has its size asserted, and where it has more than one member the offset of at least one behind the first."""
    for name in C_FILES:
        if not name.startswith("fabrics/spec/"):
            continue
        text = re.sub(r"/\*.*?\*/", "", read(name), flags=re.S)
        for struct, body in re.findall(r"^struct (\w+) \{(.*?)^\}", text, re.S | re.M):
            members = [m for m in re.findall(r"(\w+)(?:\[[^\]]*\])*\s*[,;]", body) if not m.startswith("rsvd")]
            at = set(re.findall(rf"^NVME_AT\(struct {struct}, (\w+)", text, re.M))
            if f"NVME_SIZE(struct {struct}," not in text:
                yield f"{name}: no NVME_SIZE(struct {struct}, ...)"
            if len(members) > 1 and not at - {members[0]}:
                yield f"{name}: no NVME_AT(struct {struct}, ...)"


def check_tests_use_public_headers():
    for name in C_FILES:
        if folder(name) == "tests":
            for n, header in includes(name, '"'):
                if header.endswith(".c"):
                    yield f"{name}:{n}: tests see public headers only"


def check_spdx_first():
    for name in FILES:
        if not name.endswith(HAS_SPDX):
            continue
        lines = read(name).splitlines()[:2]
        if lines and lines[0].startswith("#!"):
            lines = lines[1:]
        if not lines or "SPDX-License-Identifier: Apache-2.0" not in lines[0]:
            yield f"{name}: its first line (after #!) must be SPDX-License-Identifier: Apache-2.0"


def check_file_header():
    for name in C_FILES:
        lines = read(name).splitlines()
        if len(lines) < 2 or not lines[1].startswith(f"/* {name} - "):
            yield f'{name}: line 2 must begin "/* {name} - what it is"'


def check_every_source_is_built():
    lists = "\n".join(read(f) for f in FILES if os.path.basename(f) in ("Makefile.inc", "Makefile.am"))
    words = set(re.split(r"[\s=]+", lists))
    for name in C_FILES:
        if name not in words and not (name.endswith(".c") and name[:-2] in words):
            yield f"{name}: no Makefile.inc names it"


def ctags():
    args = ["ctags", "--output-format=json", "--languages=C", "--langmap=C:.c.h", "--kinds-C=f", "--fields=+neS",
            "-L", "-", "-f", "-"]
    run = subprocess.run(args, input="\n".join(C_FILES), cwd=TOP, capture_output=True, text=True, check=True)
    for line in run.stdout.splitlines():
        tag = json.loads(line)
        if tag.get("_type") == "tag" and "end" in tag:
            yield tag


def parameters(signature):
    inner = signature.strip()[1:-1].strip()
    if inner in ("", "void"):
        return 0
    depth, count = 0, 1
    for c in inner:
        depth += c in "(["
        depth -= c in ")]"
        count += c == "," and depth == 0
    return count


def nesting(lines):
    """How deep control statements stand in each other."""
    found = (re.match(r"(\t+)(if|for|while|do|switch)\b", line) for line in lines)
    return max((len(m.group(1)) for m in found if m), default=0)


def measured():
    """Everything over the budget: {"kind where": figure}."""
    over = {}
    for name in C_FILES:
        n = len(read(name).splitlines())
        if n > FILE_LINES:
            over[f"file {name}"] = n
    for tag in ctags():
        where = f'{tag["path"]}:{tag["name"]}'
        body = read(tag["path"]).splitlines()[tag["line"] - 1:tag["end"]]
        figures = (("function", len(body), FUNCTION_LINES),
                   ("parameters", parameters(tag.get("signature", "()")), PARAMETERS),
                   ("nesting", nesting(body), NESTING))
        over.update({f"{kind} {where}": n for kind, n, limit in figures if n > limit})
    return over


def exceptions():
    allowed = {}
    for line in read("tests/style/exceptions.txt").splitlines():
        if line.strip() and not line.startswith("#"):
            kind, where, figure = line.split()
            allowed[f"{kind} {where}"] = int(figure)
    return allowed


def check_size_budget():
    if not shutil.which("ctags"):
        yield "SKIP universal-ctags is missing"
        return
    allowed, over = exceptions(), measured()
    for what, figure in sorted(over.items()):
        if what not in allowed:
            yield f"{what} {figure}: over the budget ({FUNCTION_LINES} lines, {PARAMETERS} parameters, " \
                  f"nesting {NESTING}, files {FILE_LINES})"
        elif figure > allowed[what]:
            yield f"{what} {figure}: grew, the exception says {allowed[what]}"
    for what, figure in sorted(allowed.items()):
        if over.get(what, 0) < figure:
            yield f"exceptions.txt: {what}: {over.get(what, 'within the budget')} now: the list only shrinks, lower it"


def is_shell(name):
    with open(os.path.join(TOP, name), "rb") as f:
        return re.match(rb"#!.*\b(ba|da)?sh\b", f.readline()) is not None


def check_shell_scripts():
    if not shutil.which("shellcheck"):
        yield "SKIP shellcheck is missing"
        return
    scripts = [f for f in FILES if is_shell(f)]
    run = subprocess.run(["shellcheck", "-x", "-f", "gcc", *scripts], cwd=TOP, capture_output=True, text=True)
    yield from run.stdout.splitlines()


def check_tests_are_executable():
    """./check runs tests/*/test_* that are executable: one that isn't would be passed over without a word."""
    for name in FILES:
        if re.match(r"tests/(integration|host|browser|style)/test_[^/]*$", name) and not os.access(os.path.join(TOP, name), os.X_OK):
            yield f"{name}: chmod +x"


def check_python_compiles():
    for name in FILES:
        if name.endswith(".py"):
            try:
                compile(read(name), name, "exec")
            except SyntaxError as e:
                yield f"{name}: {e}"


def check_there_is_something_to_check():
    if len(C_FILES) < 10:
        yield f"only {len(C_FILES)} C files found in {TOP}"


def main():
    checks = [(n, f) for n, f in globals().items() if n.startswith("check_")]
    failed = 0
    print(f"1..{len(checks)}")
    for i, (name, fn) in enumerate(checks, 1):
        problems = list(fn())
        title = name[len("check_"):]
        if problems and problems[0].startswith("SKIP "):
            print(f"ok {i} - {title} # {problems[0]}")
            continue
        print(f"{'not ok' if problems else 'ok'} {i} - {title}")
        for p in problems:
            print(f"# {p}")
        failed += bool(problems)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
