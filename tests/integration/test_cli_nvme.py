#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""pharos discover and probe against a real targetd, and against what isn't one."""
import json
import os
import pathlib
import socket
import subprocess
import sys
import tempfile
import threading

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
import nvmetcp  # noqa: E402
import pharos  # noqa: E402

OK, FAILED, USAGE, UNREACHABLE, NOT_FOUND, CONFLICT, REFUSED = range(7)
NQN, CLOSED = "nqn.2026-11.example:probe", "nqn.2026-11.example:closed"
HOST = "nqn.2026-11.example:host-a"


def run_cli(*args):
    p = subprocess.run([pharos.program("pharos"), *args], capture_output=True, text=True, timeout=60)
    return p.returncode, p.stdout, p.stderr


def document(*namespaces):
    return {"version": 1, "portals": [{"id": "p1", "portid": 1, "address": "127.0.0.1"}],
            "subsystems": [{"nqn": NQN, "allow_any_host": True, "namespaces": list(namespaces)},
                           {"nqn": CLOSED, "hosts": [HOST], "namespaces": [{"nsid": 1, "backend": "ram", "size": "1MiB"}]}]}


def probe(target, *args):
    code, out, err = run_cli("probe", f"127.0.0.1:{target.port}", "--nqn", NQN, "--json", *args)
    return code, json.loads(out) if out else None, err


def test_probe_verifies_every_namespace_and_leaves_them_as_they_were():
    with pharos.Targetd(document({"nsid": 1, "backend": "ram", "size": "1MiB"}, {"nsid": 5, "backend": "ram", "size": "4MiB", "block_size": 4096},
                                 {"nsid": 9, "backend": "ram", "size": "64KiB"})) as target:
        content = os.urandom(1 << 20)
        with nvmetcp.Host("127.0.0.1", target.port, NQN, HOST) as host:
            for at in range(0, len(content), 65536):
                host.io[0].write(1, at // 512, content[at:at + 65536])
            for digests in ([], ["--digests"]):
                code, rows, err = probe(target, *digests)
                assert code == OK, (code, rows, err)
                assert [(r["nsid"], r["block_size"], r["verified"], r["mode"], r["result"]) for r in rows] == [
                    (1, 512, 256 << 10, "write", "ok"), (5, 4096, 256 << 10, "write", "ok"), (9, 512, 64 << 10, "write", "ok")], rows
            now = b"".join(host.io[0].read(1, at // 512, 128) for at in range(0, len(content), 65536))
            assert now == content, "what was there is there again"
        code, out, _ = run_cli("probe", f"127.0.0.1:{target.port}", "--nqn", NQN)
        assert out.splitlines()[-1] == "3 of 3 ok: connected, written, read back, restored", out


def test_probe_of_a_file_leaves_the_file_as_it_was():
    with tempfile.NamedTemporaryFile(dir="/var/tmp") as f:
        content = os.urandom(4 << 20)
        f.write(content)
        f.flush()
        with pharos.Targetd(document({"nsid": 1, "backend": "file", "path": f.name, "block_size": 4096})) as target:
            code, rows, err = probe(target)
            assert (code, rows[0]["verified"]) == (OK, 256 << 10), (rows, err)
        with open(f.name, "rb") as again:
            assert again.read() == content


def test_probe_finds_out_a_namespace_that_does_not_keep_its_data():
    with pharos.Targetd(document({"nsid": 1, "backend": "ram", "size": "1MiB"}, {"nsid": 2, "backend": "null", "size": "1MiB"})) as target:
        code, rows, _ = probe(target)
        assert code == FAILED and [r["result"] for r in rows] == ["ok", "failed"], rows
        assert "differs from what was written" in rows[1]["detail"], rows


def test_read_only_writes_nothing():
    with pharos.Targetd(document({"nsid": 1, "backend": "null", "size": "1MiB"}, {"nsid": 2, "backend": "ram", "size": "1MiB", "read_only": True})) as target:
        code, rows, err = probe(target, "--read-only")
        assert (code, [r["mode"] for r in rows]) == (OK, ["read", "read"]), (rows, err)
        # what may not be written is only read, asked or not
        code, rows, _ = probe(target)
        assert [(r["mode"], r["result"]) for r in rows] == [("write", "failed"), ("read", "ok")], rows


def test_a_host_that_is_not_allowed_and_a_subsystem_that_is_not_there_are_told_in_words():
    with pharos.Targetd(document({"nsid": 1, "backend": "ram", "size": "1MiB"})) as target:
        address = f"127.0.0.1:{target.port}"
        code, out, _ = run_cli("probe", address, "--nqn", CLOSED, "--hostnqn", "nqn.2026-11.example:stranger")
        assert code == REFUSED and "isn't allowed" in out, out
        code, out, _ = run_cli("probe", address, "--nqn", CLOSED, "--hostnqn", HOST)
        assert code == OK, out
        code, out, _ = run_cli("probe", address, "--nqn", "nqn.2026-11.example:nope")
        assert code == REFUSED and "no such subsystem" in out, out


def test_discovery_from_a_worker_has_the_words_of_nvme_cli():
    with pharos.Targetd(document({"nsid": 1, "backend": "ram", "size": "1MiB"})) as target:
        code, out, err = run_cli("discover", f"127.0.0.1:{target.port}", "--hostnqn", HOST, "--json")
        assert code == OK, err
        log = json.loads(out)
        assert list(log) == ["device", "genctr", "records"]
        records = [r for r in log["records"] if r["subtype"] == "nvme subsystem"]
        assert sorted(r["subnqn"] for r in records) == [CLOSED, NQN], log
        assert list(records[0]) == ["trtype", "adrfam", "subtype", "treq", "portid", "trsvcid", "subnqn", "traddr", "eflags", "sectype"]
        assert {k: records[0][k] for k in ("trtype", "adrfam", "trsvcid", "traddr", "portid", "sectype")} == {
            "trtype": "tcp", "adrfam": "ipv4", "trsvcid": str(target.port), "traddr": "127.0.0.1", "portid": 1, "sectype": "none"}
        code, out, _ = run_cli("probe", f"127.0.0.1:{target.port}", "--subsystem", NQN, "--json")
        assert (code, [r["subnqn"] for r in json.loads(out)]) == (OK, [NQN]), out
        code, _, err = run_cli("probe", f"127.0.0.1:{target.port}", "--subsystem", "nqn.2026-11.example:nope")
        assert code == NOT_FOUND and "told of no subsystem" in err, err


class Answering:
    """A TCP server that answers every connection with these bytes (None: with silence)."""

    def __init__(self, data):
        self.data, self.socket = data, socket.create_server(("127.0.0.1", 0))
        self.port, self.kept = self.socket.getsockname()[1], []
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        try:
            while True:
                connection = self.socket.accept()[0]
                self.kept.append(connection)
                if self.data is not None:
                    connection.sendall(self.data)
                    connection.close()
        except OSError:
            pass


def test_what_is_not_nvme_and_what_stays_silent_is_told():
    for data in (b"HTTP/1.1 400 Bad Request\r\n\r\n" * 10, b"", os.urandom(4096), None):
        server = Answering(data)
        code, _, err = run_cli("discover", f"127.0.0.1:{server.port}", "--timeout", "1")
        assert code == UNREACHABLE and err.startswith("pharos: "), (data and data[:9], code, err)
        server.socket.close()


def test_nobody_there():
    port = pharos.free_port()
    code, _, err = run_cli("discover", f"127.0.0.1:{port}")
    assert code == UNREACHABLE and "refused" in err, err


def test_addresses():
    for text in ("", "127.0.0.1:", "127.0.0.1:0", "127.0.0.1:99999", "[::1", "[::1]x", "127.0.0.1:12x"):
        code, _, err = run_cli("discover", text)
        assert code == USAGE, (text, code, err)
    port = pharos.free_port("::1")
    for text in (f"[::1]:{port}", f"localhost:{port}"):
        assert run_cli("discover", text)[0] == UNREACHABLE, text
    assert run_cli("discover", "127.0.0.1", "--hostid", "nonsense")[0] == USAGE


if __name__ == "__main__":
    pharos.run(globals())
