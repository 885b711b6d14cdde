#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""pharos against the real discoveryd: a day's work on the command line, and what it says when something is in the way."""
import json
import os
import pathlib
import re
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
import nvmetcp  # noqa: E402
import pharos  # noqa: E402

OK, FAILED, USAGE, UNREACHABLE, NOT_FOUND, CONFLICT, REFUSED = range(7)
NQN, HOST = "nqn.2026-11.example:vol1", "nqn.2026-11.example:host-a"


class Cli:
    def __init__(self, daemon):
        self.env = {**os.environ, "PHAROS_API": daemon.api}

    def __call__(self, *args):
        """(exit status, stdout, stderr)"""
        p = subprocess.run([pharos.program("pharos"), *args], capture_output=True, text=True, env=self.env, timeout=60)
        return p.returncode, p.stdout, p.stderr

    def json(self, *args):
        code, out, err = self(*args, "--json")
        assert code == OK, (args, code, out, err)
        return json.loads(out)


def test_from_nothing_to_verified_io_and_back():
    with pharos.Discoveryd() as daemon:
        cli = Cli(daemon)
        created = cli.json("subsystem", "create", NQN)
        assert (created["nqn"], created["allow_any_host"], created["status"]["state"]) == (NQN, False, "ready"), created
        assert cli("subsystem", "create", NQN)[0] == CONFLICT
        first = cli.json("namespace", "create", NQN, "--size", "8MiB")
        assert (first["nsid"], first["size"], first["backend"], first["status"]["state"]) == (1, 8 << 20, "ram", "ready"), first
        cli.json("subsystem", "allow", NQN, HOST)
        assert [h["nqn"] for h in cli.json("host", "list")] == [HOST]
        code, out, err = cli("probe", daemon.listen, "--hostnqn", HOST)
        assert code == OK and out.splitlines()[-1].startswith("1 of 1 ok"), (out, err)
        code, _, err = cli("probe", daemon.listen, "--hostnqn", "nqn.2026-11.example:stranger")
        assert code == NOT_FOUND, err
        other = NQN + "-other"
        code, _, err = cli("probe", daemon.listen, "--hostnqn", HOST, "--subsystem", other)
        assert code == NOT_FOUND and f"is told of no subsystem {other}\n" in err, err
        assert cli.json("namespace", "set", NQN, "1", "--size", "16MiB")["size"] == 16 << 20
        assert cli.json("namespace", "show", NQN, "1")["uuid"] == first["uuid"]
        assert [n["nsid"] for n in cli.json("namespace", "list")] == [1]
        code, _, err = cli("subsystem", "delete", NQN)
        assert code == CONFLICT and "--force" in err, err
        pharos.wait_for(lambda: not cli.json("controller", "list"), 5, "the probe is seen to have left")
        code, _, err = cli("namespace", "delete", NQN, "1")
        assert code == OK, err
        assert cli("subsystem", "deny", NQN, HOST)[0] == OK
        assert cli("subsystem", "delete", NQN)[0] == OK
        assert cli.json("subsystem", "list") == []
        assert cli("subsystem", "show", NQN)[0] == NOT_FOUND


def test_discover_and_the_preview_of_the_log_say_the_same():
    with pharos.Discoveryd() as daemon:
        cli = Cli(daemon)
        cli.json("subsystem", "create", NQN, "--host", HOST)
        cli.json("subsystem", "create", "nqn.2026-11.example:other")
        told = cli.json("discover", daemon.listen, "--hostnqn", HOST)
        preview = cli.json("log", HOST)
        assert told["records"] == preview["records"], (told, preview)
        assert told["genctr"] == preview["genctr"]
        assert [m["nqn"] for m in preview["missing"]] == ["nqn.2026-11.example:other"]


def test_who_is_connected_and_what_happened():
    with pharos.Discoveryd() as daemon:
        cli = Cli(daemon)
        cli.json("subsystem", "create", NQN, "--host", HOST)
        cli.json("namespace", "create", NQN, "--size", "1MiB")
        address, port = daemon.io_listen.rsplit(":", 1)
        with nvmetcp.Host(address, int(port), NQN, HOST, queues=3):
            seen = pharos.wait_for(lambda: [c for c in cli.json("controller", "list", "--subsystem", NQN) if c["qpairs"] == 4], 5, "the controller is listed")
            assert [(c["host_nqn"], c["qpairs"]) for c in seen] == [(HOST, 4)], seen  # the admin queue is counted too
            code, _, err = cli("namespace", "delete", NQN, "1")
            assert code == CONFLICT and HOST in err, err
            assert cli("controller", "list", "--host", "nqn.2026-11.example:nobody")[2] == "none\n"
        assert cli.json("event", "list", "--limit", "5")


def test_status_workers_portals():
    with pharos.Discoveryd() as daemon:
        cli = Cli(daemon)
        code, out, _ = cli("status")
        assert code == OK and daemon.api in out and ": ok" in out, out
        (worker,) = cli.json("worker", "list")
        assert worker["state"] == "running" and worker["pid"] in daemon.workers()
        (portal,) = cli.json("portal", "list")
        assert f'{portal["traddr"]}:{portal["trsvcid"]}' == daemon.io_listen
        extra = cli.json("portal", "create", "127.0.0.1", "--port", str(pharos.free_port()), "--id", "second")
        assert (extra["id"], extra["status"]["state"]) == ("second", "ready"), extra
        assert cli.json("portal", "set", "second", "--advertise", "192.0.2.7")["advertise"] == "192.0.2.7"
        assert cli("portal", "delete", "second")[0] == OK


def test_a_probe_says_what_it_only_read():
    with pharos.Discoveryd() as daemon:
        cli = Cli(daemon)
        for command in (("subsystem", "create", NQN, "--host", HOST), ("namespace", "create", NQN, "--size", "1MiB", "--read-only")):
            assert cli(*command)[0] == OK
        code, out, err = cli("probe", daemon.listen, "--hostnqn", HOST)
        assert code == OK and out.splitlines()[-1] == "1 of 1 ok: connected, read", (out, err)
        assert cli("namespace", "create", NQN, "--size", "1MiB")[0] == OK
        code, out, err = cli("probe", daemon.listen, "--hostnqn", HOST)
        assert code == OK and out.splitlines()[-1] == "2 of 2 ok: connected, written, read back, restored (1 only read)", (out, err)


def test_every_option_of_the_set_commands_is_taken():
    tries = {
        ("subsystem", "set", NQN): [("--allow-any-host", "yes"), ("--portal", "io1"), ("--all-portals",), ("--label", "first"),
                                     ("--path-policy", "spread"), ("--max-paths", "1"), ("--no-max-paths",), ("--require-auth", "yes"),
                                     ("--wait", "1", "--require-auth", "no")],
        ("namespace", "set", NQN, "1"): [("--size", "2MiB"), ("--read-only", "yes"), ("--host", HOST), ("--all-hosts",), ("--ana-group", "1"),
                                        ("--wait", "1", "--all-hosts")],
        ("host", "set", HOST): [("--name", "a host"), ("--group", "some"), ("--no-groups",), ("--wait", "1", "--no-groups")],
        ("portal", "set", "io1"): [("--advertise", "192.0.2.1"), ("--no-advertise",), ("--secure-channel", "not_required"),
                                   ("--wait", "1", "--no-advertise")],
        ("worker", "set", "w1"): [("--reactors", "2"), ("--cpu-list", "0"), ("--no-cpu-list",)],
    }
    with pharos.Discoveryd() as daemon:
        cli = Cli(daemon)
        for command in (("subsystem", "create", NQN, "--host", HOST), ("namespace", "create", NQN, "--size", "1MiB"), ("group", "create", "some")):
            assert cli(*command)[0] == OK
        for command, options in tries.items():
            listed = set(re.findall(r"^  (--[a-z-]+)", cli(*command[:2], "--help")[1], re.MULTILINE))
            assert listed == {option[0] for option in options}, (command, listed)
            for option in options:
                code, _, err = cli(*command, *option)
                assert code == OK, (command, option, err)


def test_refusals_name_the_option():
    with pharos.Discoveryd() as daemon:
        cli = Cli(daemon)
        cli.json("subsystem", "create", NQN)
        for args, words in ((["--size", "700"], "size"), (["--backend", "file", "--path", "/nowhere/x"], "path"),
                            (["--size", "1MiB", "--block-size", "513"], "block"), (["--size", "lots"], "size")):
            code, out, err = cli("namespace", "create", NQN, *args)
            assert code == REFUSED and words in err, (args, code, err)
        assert cli.json("namespace", "list", NQN) == []
        code, _, err = cli("subsystem", "create", "not an nqn")
        assert code == REFUSED and "nqn" in err.lower(), err


if __name__ == "__main__":
    pharos.run(globals())
