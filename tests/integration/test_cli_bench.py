#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""pharos bench against a real targetd: its figures, its proof of what was read, and that it asks before it destroys."""
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import threading
import xml.etree.ElementTree

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
import nvmetcp  # noqa: E402
import pharos  # noqa: E402

OK, FAILED, USAGE, UNREACHABLE, NOT_FOUND, CONFLICT, REFUSED = range(7)
RATE = "--rate", "2000"
NQN, HOST = "nqn.2026-11.example:bench", "nqn.2026-11.example:host-a"


def document(*namespaces):
    return {"version": 1, "portals": [{"id": "p1", "portid": 1, "address": "127.0.0.1"}],
            "subsystems": [{"nqn": NQN, "allow_any_host": True, "namespaces": list(namespaces)}]}


def ram(nsid=1, size="16MiB", **more):
    return {"nsid": nsid, "backend": "ram", "size": size, **more}


def bench(target, *args, loads=(), seconds=1, port=None):
    command = [pharos.program("pharos"), "bench", f"127.0.0.1:{port or target.port}", NQN, "--json", "--time", str(seconds), *args]
    for load in loads:
        command += ["--workload", load]
    p = subprocess.run(command, capture_output=True, text=True, timeout=120)
    return p.returncode, json.loads(p.stdout) if p.stdout else None, p.stderr


def test_a_row_for_each_workload_with_figures_that_fit_one_another():
    with pharos.Targetd(document(ram())) as target, tempfile.TemporaryDirectory() as folder:
        plot = os.path.join(folder, "plot.svg")
        code, rows, err = bench(target, "--pid", str(target.process.pid), "--plot", plot,
                                loads=("1 4096 randread", "16 512 read", "4 128K read"))
        assert code == OK, (rows, err)
        assert [(r["qd"], r["bytes"], r["random"], r["result"]) for r in rows] == [
            (1, 4096, True, "ok"), (16, 512, False, "ok"), (4, 131072, False, "ok")], rows
        for r in rows:
            latency = r["latency_us"]
            assert latency["min"] <= latency["p50"] <= latency["p90"] <= latency["p99"] <= latency["p99_9"] <= latency["max"], r
            assert r["commands"] > 100 and abs(r["iops"] - r["commands"] / r["seconds"]) <= 0.01 * r["iops"], r
            assert abs(r["mib_per_s"] - r["iops"] * r["bytes"] / 2**20) <= 0.01 * r["mib_per_s"] + 0.2, r
            assert 0.8 < r["seconds"] < 10, r
            # depth = rate x latency, whatever the machine
            assert 0.7 * r["qd"] <= r["iops"] * latency["mean"] / 1e6 <= 1.1 * r["qd"], r
            assert r["target_cpu_us"] > 0 and r["client_cpu_us"] >= 0, r
            shares = [p[0] for p in r["distribution"]]
            assert shares == sorted(shares) and r["distribution"][0][1] <= r["distribution"][-1][1], r
        svg = xml.etree.ElementTree.parse(plot).getroot()
        assert svg.tag.endswith("svg") and len([e for e in svg if e.tag.endswith("polyline")]) > 3
        text = subprocess.run([pharos.program("pharos"), "bench", f"127.0.0.1:{target.port}", NQN, "--time", "1", "--workload", "2 4k randread"],
                              capture_output=True, text=True, timeout=60, check=True).stdout.splitlines()
        assert text[0].startswith("WORKLOAD") and text[1].startswith("2 4k randread"), text


def test_a_rate_is_not_passed_and_every_command_is_answered():
    with pharos.Targetd(document(ram())) as target:
        code, rows, err = bench(target, "--rate", "300", "--queues", "2", loads=("1 4096 randread", "8 512 randread"))
        assert code == OK, err
        for r in rows:
            assert 1 <= r["commands"] <= 301 and r["iops"] <= 330, r


def test_nothing_is_written_unless_told_to_destroy():
    with pharos.Targetd(document(ram())) as target:
        with nvmetcp.Host("127.0.0.1", target.port, NQN, HOST) as host:
            host.io[0].write(1, 0, b"k" * 4096)
            for args, load in (((), "4 4096 randwrite"), ((), "4 4096 randrw"), (("--verify",), "4 4096 read")):
                code, rows, err = bench(target, *args, loads=("4 4096 read", load))
                assert (code, rows) == (REFUSED, None) and "--destructive" in err, (code, err)
            assert bench(target, loads=("8 4096 randread",))[0] == OK
            assert host.io[0].read(1, 0, 8) == b"k" * 4096
            code, rows, err = bench(target, "--destructive", loads=("4 4096 write",))
            assert code == OK and rows[0]["commands"] > 0, err
            assert host.io[0].read(1, 0, 8) != b"k" * 4096


def test_verify_reads_what_was_written():
    with pharos.Targetd(document(ram(1), ram(2, block_size=4096))) as target:
        # the first as fast as it goes; with a rate it doesn't keep other tests from working
        for nsid, extra in ((1, ()), (2, RATE), (1, ("--digests", *RATE)), (1, ("--queues", "2", *RATE)), (1, ("--controllers", "6", *RATE))):
            code, rows, err = bench(target, "--verify", "--destructive", "--nsid", str(nsid), "--span", "8M", *extra,
                                    loads=("8 4096 randrw", "4 128K write", "16 8192 randread"))
            assert code == OK, (nsid, extra, rows, err)
            # at least the last look over the whole span
            assert all(r["verified"] >= 8 << 20 for r in rows), rows


def test_verify_finds_out_a_namespace_that_does_not_keep_its_data():
    with pharos.Targetd(document({"nsid": 1, "backend": "null", "size": "16MiB"})) as target:
        for load in ("4 4096 randread", "4 4096 randwrite", "2 64K rw"):
            code, rows, _ = bench(target, "--verify", "--destructive", loads=(load,))
            assert code == FAILED and "differs from what was written" in rows[0]["detail"], rows


def test_verify_finds_out_a_write_of_somebody_else():
    with pharos.Targetd(document(ram(size="1MiB"))) as target, nvmetcp.Host("127.0.0.1", target.port, NQN, HOST) as host:
        result = []
        thread = threading.Thread(target=lambda: result.append(bench(target, "--verify", "--destructive", loads=("4 4096 randread",), seconds=5)))
        thread.start()
        pharos.wait_for(lambda: host.io[0].read(1, 100, 1) != bytes(512), 10, "the span is filled")
        while thread.is_alive():
            host.io[0].write(1, 100, b"x" * 512)
        thread.join()
        code, rows, _ = result[0]
        assert code == FAILED and rows[0]["detail"] == "block 100 differs from what was written", rows


def test_many_connections():
    with pharos.Targetd(document(ram())) as target:
        code, rows, err = bench(target, "--controllers", "40", "--queues", "2", loads=("1 4096 randread",))
        assert code == OK and rows[0]["queues"] == 80, (rows, err)
        assert 40 < rows[0]["iops"] * rows[0]["latency_us"]["mean"] / 1e6 < 90, rows


def test_what_cannot_be_is_said():
    with pharos.Targetd(document(ram(1), ram(2))) as target:
        for load in ("x 4096 read", "1 4096", "1 4096 readd", "0 4096 read", "1 0 read", "1 4096 randrw 101", "1 4096 read 50", "1 4096 randrw 50 x"):
            code, _, err = bench(target, loads=(load,))
            assert code == USAGE and "no workload" in err, (load, code, err)
        code, rows, _ = bench(target, loads=("1 4096 read",))
        assert code == REFUSED and "--nsid" in rows[0]["detail"], rows
        for load, words in (("1 700 read", "512 bytes"), ("1 16M read", "more than one command"), ("4096 512 read", "queues take")):
            code, rows, _ = bench(target, "--nsid", "1", loads=(load,))
            assert code == REFUSED and words in rows[0]["detail"], (load, rows)
        assert rows[0]["iops"] is None
        code, rows, _ = bench(target, "--congestion", "nonesuch", loads=("1 4096 read",))
        assert code == UNREACHABLE and "nonesuch" in rows[0]["detail"], rows
        assert bench(target, "--nsid", "1", "--congestion", "reno", loads=("1 4096 read",))[0] == OK
        code, rows, _ = bench(target, "--nsid", "7", loads=("1 4096 read",))
        assert code == FAILED, rows
    code, rows, _ = bench(None, loads=("1 4096 read",), port=pharos.free_port())
    assert code == UNREACHABLE and rows[0]["result"] == "failed", rows


def test_the_end_of_the_target_ends_it():
    with pharos.Targetd(document(ram())) as target:
        threading.Timer(0.7, target.process.kill).start()
        code, rows, _ = bench(target, loads=("8 4096 randread",), seconds=30)
        target.process.wait()
        assert code == FAILED and "the connection ended" in rows[0]["detail"], rows


if __name__ == "__main__":
    pharos.run(globals())
