#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""pharos, the command line, against a stand-in for discoveryd's API: what it sends, how it shows answers and problems,
its exit statuses.  (With the real discoveryd it is used by the other integration tests.)"""
import http.server
import json
import os
import pathlib
import re
import socket
import subprocess
import sys
import tempfile
import threading
import unittest
import urllib.parse

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
import openapi  # noqa: E402
import pharos  # noqa: E402

OK, FAILED, USAGE, UNREACHABLE, NOT_FOUND, CONFLICT, REFUSED = range(7)
NQN = "nqn.2026-11.example:vol/1 ü"  # what must be percent-encoded
HOST = "nqn.2014-08.org.nvmexpress:uuid:11111111-2222-4333-8444-555555555555"


def status(state="ready", reason=None):
    return {"state": state, "reason": reason, "generation": 7}


def subsystem(nqn, **more):
    return {"nqn": nqn, "serial": "PH1", "model": "Pharos", "allow_any_host": False, "hosts": [HOST], "portals": None,
            "worker": "w1", "node": "n1", "namespace_count": 1, "controller_count": 2,
            "created_at": "2026-11-23T09:00:00Z", "status": status(), **more}


def namespace(nqn, nsid, **more):
    return {"nqn": nqn, "nsid": nsid, "uuid": "8b1d0000-0000-4000-8000-000000000001", "nguid": "0" * 32, "eui64": "0" * 16,
            "backend": "ram", "path": None, "size": 1 << 30, "block_size": 512, "read_only": False, "hosts": None,
            "created_at": "2026-11-23T09:00:00Z", "status": status(), **more}


def problem(code, detail, **more):
    return code, {"type": "urn:pharos:problem:x", "title": "Kind of problem", "status": code, "detail": detail, **more}


FOLDER = tempfile.TemporaryDirectory()

# A command for each operation of the API; PUT of an object by its key is `pharos api`.
COMMANDS = {
    "listSubsystems": ["subsystem", "list"], "createSubsystem": ["subsystem", "create", "x"], "getSubsystem": ["subsystem", "show", "x"],
    "patchSubsystem": ["subsystem", "set", "x"], "deleteSubsystem": ["subsystem", "delete", "x"], "listNamespaces": ["namespace", "list", "x"],
    "createNamespace": ["namespace", "create", "x"], "getNamespace": ["namespace", "show", "x", "1"], "patchNamespace": ["namespace", "set", "x", "1"],
    "deleteNamespace": ["namespace", "delete", "x", "1"], "listNamespaceHosts": ["namespace", "hosts", "x", "1"],
    "putNamespaceHost": ["namespace", "allow", "x", "1", "h"], "deleteNamespaceHost": ["namespace", "deny", "x", "1", "h"],
    "listAllowedHosts": ["subsystem", "hosts", "x"], "putAllowedHost": ["subsystem", "allow", "x", "h"], "deleteAllowedHost": ["subsystem", "deny", "x", "h"],
    "listAllNamespaces": ["namespace", "list"], "listHosts": ["host", "list"], "createHost": ["host", "create", "x"], "getHost": ["host", "show", "x"],
    "patchHost": ["host", "set", "x"], "deleteHost": ["host", "delete", "x"], "listGroups": ["group", "list"], "createGroup": ["group", "create", "x"],
    "getGroup": ["group", "show", "x"], "patchGroup": ["group", "set", "x"], "deleteGroup": ["group", "delete", "x"],
    "putGroupMember": ["group", "add", "x", "h"], "deleteGroupMember": ["group", "remove", "x", "h"], "listReferrals": ["referral", "list"],
    "listKeys": ["key", "list"], "createKey": ["key", "create", "x"], "getKey": ["key", "show", "x"], "patchKey": ["key", "rotate", "x"],
    "deleteKey": ["key", "delete", "x"],
    "createReferral": ["referral", "create", "x"], "getReferral": ["referral", "show", "x"], "patchReferral": ["referral", "set", "x"],
    "deleteReferral": ["referral", "delete", "x"], "listRegistrations": ["registration", "list"], "getRegistration": ["registration", "show", "1"],
    "deleteRegistration": ["registration", "delete", "1"],
    "listDiscoveryControllers": ["dc", "list"], "createDiscoveryController": ["dc", "create", "x"], "getDiscoveryController": ["dc", "show", "x"],
    "patchDiscoveryController": ["dc", "set", "x"], "deleteDiscoveryController": ["dc", "delete", "x"],
    "listAnaGroups": ["ana-group", "list"], "createAnaGroup": ["ana-group", "create"], "getAnaGroup": ["ana-group", "show", "1"],
    "patchAnaGroup": ["ana-group", "set", "1"], "deleteAnaGroup": ["ana-group", "delete", "2"],
    "listPortals": ["portal", "list"], "createPortal": ["portal", "create", "x"],
    "getPortal": ["portal", "show", "x"], "patchPortal": ["portal", "set", "x"], "deletePortal": ["portal", "delete", "x"], "listWorkers": ["worker", "list"],
    "createWorker": ["worker", "create"], "getWorker": ["worker", "show", "x"], "patchWorker": ["worker", "set", "x"], "deleteWorker": ["worker", "delete", "x"],
    "listNodes": ["node", "list"], "getNode": ["node", "show", "x"], "getConfig": ["export"], "putConfig": ["apply", "-f", "/dev/stdin"],
    "publish": ["publish"], "unpublish": ["unpublish", "x"], "listConnections": ["connection", "list"], "listControllers": ["controller", "list"], "listEvents": ["events"],
    "getController": ["controller", "show", "x", "1"], "deleteController": ["controller", "disconnect", "x", "1"],
    "getEvent": ["event", "show", "1"], "getAudit": ["audit", "show", "1"],
    "listBackups": ["backup", "list"], "createBackup": ["backup", "create"], "getBackup": ["backup", "show", "x"], "deleteBackup": ["backup", "delete", "x"],
    "getBackupFile": ["backup", "get", "x", f"{FOLDER.name}/x"],
    "listUsers": ["user", "list"], "createUser": ["user", "create", "x"], "getUser": ["user", "show", "x"], "patchUser": ["user", "set", "x"],
    "deleteUser": ["user", "delete", "x"], "listTokens": ["token", "list"], "createToken": ["token", "create", "x"], "getToken": ["token", "show", "x"],
    "patchToken": ["token", "set", "x"], "deleteToken": ["token", "delete", "x"], "whoami": ["whoami"],
    "listSnapshots": ["snapshot", "list"], "createSnapshot": ["snapshot", "create", "x", "1"], "getSnapshot": ["snapshot", "show", "x"],
    "patchSnapshot": ["snapshot", "set", "x"], "deleteSnapshot": ["snapshot", "delete", "x"],
    "listAudit": ["audit", "list"], "listOperations": ["operation", "list"], "getOperation": ["operation", "show", "x"],
    "followEvents": ["events", "-w", "--count", "1"], "getDiscoveryLog": ["log", "x"], "explainDiscovery": ["discovery", "explain"],
    "getStats": ["top", "--count", "1"], "getMetrics": ["metrics"],
    "getHealth": ["status"], "getVersion": ["status"], "listLogs": ["logs"], "patchLog": ["logs", "discoveryd", "--set-level", "info"],
    "shutdown": ["shutdown"], "listZoneGroups": ["zone-group", "list"], "createZoneGroup": ["zone-group", "create", "x"],
    "getZoneGroup": ["zone-group", "show", "x"], "patchZoneGroup": ["zone-group", "set", "x"], "deleteZoneGroup": ["zone-group", "delete", "x"],
    "listZones": ["zone", "list", "x"], "createZone": ["zone", "create", "x", "y"], "getZone": ["zone", "show", "x", "y"],
    "patchZone": ["zone", "set", "x", "y"], "deleteZone": ["zone", "delete", "x", "y"],
    "changeZoneMembers": ["zone", "add", "x", "y", "--host", "nqn.h"], "listZoneAliases": ["zone-alias", "list"],
    "createZoneAlias": ["zone-alias", "create", "x"], "getZoneAlias": ["zone-alias", "show", "x"], "patchZoneAlias": ["zone-alias", "set", "x"],
    "deleteZoneAlias": ["zone-alias", "delete", "x"], "changeZoneAliasMembers": ["zone-alias", "remove", "x", "--host", "nqn.h"],
    "getZoning": ["zoning", "status"], "patchZoning": ["zoning", "set", "--default", "closed"], "activateZoning": ["zoning", "activate"],
    "listActiveZoning": ["zoning", "active"], "listZoningHistory": ["zoning", "history"], "getZoningHistory": ["zoning", "show", "1"],
    "rollBackZoning": ["zoning", "rollback", "1"], "previewZoning": ["zoning", "preview"],
}


class Api(http.server.BaseHTTPRequestHandler):
    """Answers from `answers` {(method, path): (status, document) or function of the query}; keeps what was asked in `asked`."""
    protocol_version = "HTTP/1.1"
    answers, asked, anything = {}, [], False

    def handle_any(self):
        url = urllib.parse.urlsplit(self.path)
        query = dict(urllib.parse.parse_qsl(url.query))
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length).decode()
        self.asked.append((self.command, urllib.parse.unquote(url.path), query, json.loads(body) if body else None,
                           self.headers.get("Content-Type")))
        answer = self.answers.get((self.command, urllib.parse.unquote(url.path)), problem(404, "there is no such thing"))
        if self.anything:
            answer = 200, {"items": [{"source": "discoveryd", "path": "/dev/null"}], "next": None, "workers": [], "records": [], "changes": [], "hosts": [], "checks": [], "status": {}}
        code, doc = answer(query) if callable(answer) else answer
        data = b"" if doc is None else doc if isinstance(doc, bytes) else json.dumps(doc).encode()
        self.send_response(code)
        self.send_header("Content-Type", "application/problem+json" if code >= 400 else "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = handle_any

    def log_message(self, *_):
        pass


class Cli(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Api)
        threading.Thread(target=cls.server.serve_forever, daemon=True).start()
        cls.url = f"http://127.0.0.1:{cls.server.server_port}"

    @classmethod
    def tearDownClass(cls):
        cls.server.shutdown()
        cls.server.server_close()

    def setUp(self):
        Api.answers, Api.asked = {}, []

    def run_cli(self, *args, env=None):
        env = {**os.environ, "PHAROS_API": self.url, "LC_ALL": "C.UTF-8", "http_proxy": "http://127.0.0.1:1", **(env or {})}
        p = subprocess.run([pharos.program("pharos"), *args], capture_output=True, text=True, env=env, timeout=30, input="{}")
        self.assertGreaterEqual(p.returncode, 0, ("ended by a signal", args, p.stderr))
        return p.returncode, p.stdout, p.stderr

    def answer(self, method, path, code, doc):
        Api.answers[method, "/api/v1" + path] = doc if callable(doc) else (code, doc)

    # -- what is shown

    def test_objects_in_a_list_are_told_by_their_members(self):
        self.answer("POST", "/publish", 200, {"name": "v", "portals": [{"traddr": "192.0.2.10", "trsvcid": "4420"}, {"traddr": "192.0.2.11", "trsvcid": None}]})
        code, out, err = self.run_cli("publish", "v", "--size", "1MiB", "--host", "nqn.2026-11.example:h")
        self.assertEqual((code, err), (0, ""))
        self.assertEqual([line.split() for line in out.splitlines()],
                         [["name", "v"], ["portals", "traddr=192.0.2.10", "trsvcid=4420"], ["traddr=192.0.2.11", "trsvcid=-"]])

    def test_list_follows_pages_and_shows_a_table(self):
        pages = {None: ([subsystem("nqn.a")], "c1"), "c1": ([subsystem("nqn.b", allow_any_host=True)], "c2"),
                 "c2": ([subsystem("nqn.c", status=status("failed", "no memory"))], None)}
        self.answer("GET", "/subsystems", 200,
                    lambda q: (200, dict(zip(("items", "next"), pages[q.get("cursor")]))))
        code, out, err = self.run_cli("subsystem", "list", "--worker", "w1")
        self.assertEqual((code, err), (OK, ""))
        lines = out.splitlines()
        self.assertEqual(lines[0].split(), ["NQN", "STATE", "NAMESPACES", "HOSTS", "CONNECTED", "WORKER"])
        self.assertEqual([line.split() for line in lines[1:]],
                         [["nqn.a", "ready", "1", "1", "2", "w1"], ["nqn.b", "ready", "1", "any", "2", "w1"],
                          ["nqn.c", "failed", "1", "1", "2", "w1"]])
        self.assertEqual([q for _, _, q, _, _ in Api.asked],
                         [{"worker": "w1"}, {"worker": "w1", "cursor": "c1"}, {"worker": "w1", "cursor": "c2"}])
        code, out, _ = self.run_cli("--json", "subsystem", "list")
        self.assertEqual([s["nqn"] for s in json.loads(out)], ["nqn.a", "nqn.b", "nqn.c"])

    def test_empty_list_says_none_and_is_an_empty_array_in_json(self):
        self.answer("GET", "/hosts", 200, {"items": [], "next": None})
        self.assertEqual(self.run_cli("host", "list"), (OK, "", "none\n"))
        code, out, _ = self.run_cli("host", "list", "--json")
        self.assertEqual(json.loads(out), [])

    def test_namespace_list_without_a_subsystem_shows_all(self):
        self.answer("GET", "/namespaces", 200, {"items": [namespace("nqn.a", 1), namespace("nqn.b", 9, size=1536)], "next": None})
        code, out, _ = self.run_cli("namespace", "list", "--json")
        self.assertEqual([n["nsid"] for n in json.loads(out)], [1, 9])
        code, out, _ = self.run_cli("namespace", "list")
        self.assertRegex(out, r"nqn\.a +1 ready +1GiB +512 ram +- +all ")
        self.assertRegex(out, r"nqn\.b +9 ready +1\.5KiB ")

    def test_show_gives_a_line_for_each_member(self):
        self.answer("GET", f"/subsystems/{NQN}", 200, subsystem(NQN, hosts=["nqn.h1", "nqn.h2"]))
        code, out, _ = self.run_cli("subsystem", "show", NQN)
        self.assertEqual(code, OK)
        rows = [line.split(None, 1) for line in out.splitlines()]
        self.assertIn(["nqn", NQN], rows)
        self.assertIn(["status.state", "ready"], rows)
        self.assertIn(["portals", "all"], rows)
        self.assertRegex(out, r"hosts +nqn\.h1\n +nqn\.h2\n")

    def test_control_characters_of_a_name_do_not_reach_the_terminal(self):
        self.answer("GET", "/hosts/nqn.h", 200, {"nqn": "nqn.h", "name": "evil\u009b31m", "subsystems": [],
                                                "controller_count": 0, "created_at": "x"})
        _, out, _ = self.run_cli("host", "show", "nqn.h")
        self.assertNotIn("\u009b", out)

    # -- what is sent

    def test_every_operation_of_the_api_has_its_command(self):
        operations = {op["operationId"]: (method.upper(), path) for path, item in openapi.load(openapi.CONTRACT)["paths"].items()
                      for method, op in item.items() if isinstance(op, dict) and "operationId" in op}
        commands = {**COMMANDS, **{op: ["api", method, re.sub(r"\{\w+\}", "x", path), "--data", "{}"]
                                   for op, (method, path) in operations.items() if method == "PUT" and op.startswith("put") and op not in COMMANDS}}
        self.assertEqual(set(operations) - set(commands), set(), "these have no command: a row in COMMANDS for each")
        self.assertEqual(set(commands) - set(operations), set(), "these are no operations any more")
        Api.anything = True
        try:
            for operation, args in commands.items():
                Api.asked = []
                self.run_cli(*args, "--yes")
                method, path = operations[operation]
                pattern = re.sub(r"\{\w+\}", "[^/]+", path)
                self.assertTrue(any(a[0] == method and re.fullmatch(pattern, a[1]) for a in Api.asked), (operation, args, Api.asked))
        finally:
            Api.anything = False

    def test_filters_and_order_of_a_list_go_to_the_api(self):
        self.answer("GET", "/subsystems", 200, {"items": [], "next": None})
        self.run_cli("subsystem", "list", "--filter", "state=failed,pending", "--filter", "label=a=b", "--sort=-controller_count,nqn")
        self.assertEqual(Api.asked[0][2], {"state": "failed,pending", "label": "a=b", "sort": "-controller_count,nqn"})
        self.assertEqual(self.run_cli("subsystem", "list", "--filter", "state")[0], USAGE)

    def test_explain_takes_host_and_subsystem_as_arguments(self):
        self.answer("GET", "/discovery/explain", 200, {"items": [], "more": False})
        self.run_cli("explain", "nqn.h", "nqn.a", "--via", "192.0.2.1", "--port-local")
        self.run_cli("discovery", "explain", "--host", "nqn.h", "--subsystem", "nqn.a", "--via", "192.0.2.1", "--port-local")
        self.assertEqual(Api.asked[0], Api.asked[1])
        self.assertEqual(Api.asked[0][2], {"host_nqn": "nqn.h", "nqn": "nqn.a", "via": "192.0.2.1", "port_local": "true"})

    def test_a_dry_run_is_told_as_a_difference_and_asks_nothing(self):
        diff = {"dry_run": True, "changes": [{"action": "change", "kind": "subsystem", "id": "nqn.a", "members": {"label": {"from": None, "to": "x"}}}],
                "hosts": [{"host_nqn": None, "gains": [{"nqn": "nqn.a", "portal": "io1"}], "loses": []}], "hosts_complete": False}
        self.answer("PATCH", "/subsystems/nqn.a", 200, diff)
        code, out, err = self.run_cli("subsystem", "set", "nqn.a", "--label", "x", "--dry-run")
        self.assertEqual((code, err, Api.asked[0][2]), (OK, "", {"dry_run": "true"}))
        self.assertEqual(out, '~ subsystem nqn.a\n    label: null -> "x"\ndiscovery logs:\n  any other host gains nqn.a at io1\n  and more hosts\n')
        self.answer("DELETE", "/subsystems/nqn.a", 200, diff)
        self.assertEqual(json.loads(self.run_cli("subsystem", "delete", "nqn.a", "--dry-run", "--json")[1]), diff)

    def test_create_sends_only_what_was_given(self):
        self.answer("POST", "/subsystems", 201, subsystem(NQN))
        self.assertEqual(self.run_cli("subsystem", "create", NQN)[0], OK)
        self.assertEqual(Api.asked, [("POST", "/api/v1/subsystems", {}, {"nqn": NQN}, "application/json")])

    def test_namespace_create_sends_size_as_written_and_waits_as_told(self):
        self.answer("POST", f"/subsystems/{NQN}/namespaces", 201, namespace(NQN, 3))
        code, out, err = self.run_cli("namespace", "create", NQN, "--size", "1GiB", "--backend=file", "--path", "/x",
                                      "--nsid", "3", "--host", "nqn.a", "--host", "nqn.b", "--read-only", "--wait", "5")
        self.assertEqual((code, err), (OK, ""))
        self.assertEqual(Api.asked[0][2:4], ({"wait": "5"}, {"size": "1GiB", "backend": "file", "path": "/x", "nsid": 3,
                                                             "hosts": ["nqn.a", "nqn.b"], "read_only": True}))

    def test_set_sends_a_merge_patch_with_null_where_a_setting_goes_away(self):
        self.answer("PATCH", "/portals/p1", 200, {"id": "p1", "status": status()})
        self.assertEqual(self.run_cli("portal", "set", "p1", "--no-advertise")[0], OK)
        self.assertEqual(Api.asked[0][3:], ({"advertise": None}, "application/merge-patch+json"))

    def test_allow_and_deny_name_the_host_in_the_path(self):
        self.answer("PUT", f"/subsystems/{NQN}/hosts/{HOST}", 201, {"host_nqn": HOST, "connected": False})
        self.answer("DELETE", f"/subsystems/{NQN}/hosts/{HOST}", 204, None)
        self.assertEqual(self.run_cli("subsystem", "allow", NQN, HOST)[0], OK)
        self.assertEqual(self.run_cli("subsystem", "deny", NQN, HOST), (OK, "", ""))
        self.assertEqual([a[:2] for a in Api.asked], [(m, f"/api/v1/subsystems/{NQN}/hosts/{HOST}") for m in ("PUT", "DELETE")])

    # -- what goes wrong

    def test_a_problem_names_the_option_at_fault_and_what_is_valid(self):
        self.answer("POST", "/subsystems/nqn.a/namespaces", *problem(
            422, "must be a multiple of the block size", errors=[{"field": "size", "value": 700, "reason": "must be a multiple of the block size", "valid": "a multiple of 512"}]))
        code, out, err = self.run_cli("namespace", "create", "nqn.a", "--size", "700")
        self.assertEqual((code, out), (REFUSED, ""))
        self.assertEqual(err, "pharos: --size: must be a multiple of the block size\nvalid: a multiple of 512\n")

    def test_in_use_names_the_users_and_offers_force(self):
        self.answer("DELETE", "/subsystems/nqn.a", 0, lambda q: (204, None) if q.get("force") == "true" else
                    problem(409, "in use", users=[f"nqn.h{i}" for i in range(12)]))
        code, _, err = self.run_cli("subsystem", "delete", "nqn.a")
        self.assertEqual(code, CONFLICT)
        self.assertEqual(err.count("used by"), 10)
        self.assertIn("and 2 more", err)
        self.assertIn("hint: --force", err)
        self.assertEqual(self.run_cli("subsystem", "delete", "nqn.a", "--force"), (OK, "", ""))

    def test_problems_are_json_with_json(self):
        self.answer("DELETE", "/hosts/nqn.a", *problem(409, "in use", users=["nqn.s"]))
        code, _, err = self.run_cli("host", "delete", "nqn.a", "--json")
        self.assertEqual((code, json.loads(err)["users"]), (CONFLICT, ["nqn.s"]))

    def test_not_found_has_its_own_status(self):
        self.assertEqual(self.run_cli("portal", "show", "nope")[::2], (NOT_FOUND, "pharos: there is no such thing\n"))

    def test_nobody_there_says_where_it_looked(self):
        with socket.socket() as s:  # bound, not listening: refused
            s.bind(("127.0.0.1", 0))
            address = f"127.0.0.1:{s.getsockname()[1]}"
            code, _, err = self.run_cli("--api", address + "/", "status")
        self.assertEqual(code, UNREACHABLE)
        self.assertIn(address, err)
        self.assertIn("is discoveryd running?", err)

    def test_an_answer_that_is_not_json_is_told(self):
        self.answer("GET", "/hosts", 200, b"<html>")
        code, _, err = self.run_cli("host", "list")
        self.assertEqual(code, FAILED)
        self.assertIn("isn't JSON", err)
        self.answer("GET", "/hosts", 502, b"<html>")
        self.assertEqual(self.run_cli("host", "list")[0], FAILED)

    def test_stored_but_failed_or_pending_is_told(self):
        self.answer("POST", "/subsystems", 201, subsystem("nqn.a", status=status("failed", "the file is in use")))
        code, out, err = self.run_cli("subsystem", "create", "nqn.a", "--json")
        self.assertEqual((code, json.loads(out)["nqn"]), (FAILED, "nqn.a"))
        self.assertIn("the file is in use", err)
        self.answer("POST", "/subsystems", 201, subsystem("nqn.a", status=status("pending")))
        code, out, err = self.run_cli("subsystem", "create", "nqn.a")
        self.assertEqual(code, OK)
        self.assertIn("hasn't confirmed", err)

    def test_command_lines_that_are_wrong(self):
        for args, said in ((["nope"], "no command 'nope'"), (["subsystem"], "wants a verb"),
                           (["subsystem", "nope"], "pharos subsystem takes: list, show"),
                           (["subsystem", "show"], "an argument is missing: NQN"),
                           (["subsytem", "list"], "did you mean 'pharos subsystem'?"), (["subsystem", "lst"], "did you mean 'pharos subsystem list'?"),
                           (["subsystem", "create", "a", "--sial", "1"], "did you mean --serial?"), (["host", "list", "-o", "xml"], "no output 'xml'"),
                           (["host", "list", "-q"], "no option -q"), (["host", "list", "-o"], "--output wants a value"),
                           (["host", "list", "--watch=0"], "1 to 86400"), (["apply", "-w"], "no document"), (["host", "show", "a", "b"], "'b' is too much"),
                           (["host", "list", "--nope"], "no option --nope"), (["namespace", "create", "a", "--size"], "--size wants a value"),
                           (["namespace", "create", "a", "--nsid", "-1"], "--nsid wants a number"),
                           (["namespace", "set", "a", "1", "--read-only", "maybe"], "yes or no"),
                           (["subsystem", "delete", "a", "--force=1"], "takes no value"), ([], "usage: pharos")):
            code, out, err = self.run_cli(*args)
            self.assertEqual((code, out), (USAGE, ""), args)
            self.assertIn(said, err)
        self.assertEqual(Api.asked, [])

    def test_two_dashes_end_the_options(self):
        self.answer("GET", "/portals/--help", 200, {"id": "--help"})
        self.assertEqual(self.run_cli("portal", "show", "--", "--help")[0], OK)

    def test_help_of_all_and_of_one(self):
        code, out, _ = self.run_cli("--help")
        self.assertEqual(code, OK)
        self.assertRegex(out, r"\n  subsystem .*\n +list, show, create, ")
        self.assertRegex(out, r"\n  hostconf HOST_NQN ")
        for ask in (["help", "subsys"], ["subsystem", "--help"]):
            code, out, _ = self.run_cli(*ask)
            self.assertEqual(code, OK)
            self.assertRegex(out, r"\n  allow NQN HOST_NQN +let a host connect\n")
        self.assertEqual(self.run_cli("help", "ns", "create")[1], self.run_cli("namespace", "create", "--help")[1])
        code, out, _ = self.run_cli("namespace", "create", "--help")
        self.assertIn("--block-size 512|4096", out)

    def test_the_man_page_has_every_command_and_option(self):
        page = re.sub(r"\\f[BIRP]|\\", "", (pharos.SOURCE / "docs/pharos.1").read_text())
        # what a command's entry says: from its first line to the next entry
        entries = [e.split("\n.SS")[0] for e in re.split(r"\n\.TP\n", page)]
        commands = self.commands()
        self.assertGreater(len(commands), 60)
        for command in commands[::10 if os.environ.get("PHAROS_SANITIZER") else 1]:  # it is all the same code
            mine = [e for e in entries if re.search(rf'(^|[\s"]){command}\b', e)]
            self.assertTrue(mine, command)
            for option in re.findall(r"^  (?:-., )?(--[a-z0-9-]+)", self.run_cli(*command.split(), "--help")[1], re.M):
                self.assertTrue(any(option in e for e in mine), f"{command} {option}")
        for option in re.findall(r"^  (?:-., )?(--[a-z0-9-]+)", self.run_cli("--help")[1], re.M):
            self.assertIn(option, page)

    def commands(self):
        """Every command, "subsystem list" or "status", as completion knows them."""
        found = []
        for word in self.complete(""):
            verbs = self.complete(word, "")
            is_area = f"usage: pharos {word} VERB" in self.run_cli(word, "--help")[1]
            found += [f"{word} {verb}" for verb in verbs] if is_area else [word]
        return found

    def complete(self, *words):
        return [line.split("\t")[0] for line in self.run_cli("__complete", *words)[1].splitlines()]

    # -- status, log

    def health(self, state, code=200):
        self.answer("GET", "/version", 200, {"name": "discoveryd", "version": "1.2.3", "api": "v1"})
        self.answer("GET", "/health", code, {"status": state, "checks": [{"name": "store", "status": state, "detail": "well, well"}]})
        self.answer("GET", "/workers", 200, {"items": [{"id": "w1", "state": "running", "pid": 99, "restarts": 0,
                                                         "subsystem_count": 1, "controller_count": 2}], "next": None})
        self.answer("GET", "/subsystems", 200, {"items": [subsystem("a"), subsystem("b", status=status("pending"))], "next": None})
        self.answer("GET", "/hosts", 200, {"items": [], "next": None})

    def test_status_exits_by_health(self):
        self.health("ok")
        code, out, _ = self.run_cli("status")
        self.assertEqual(code, OK)
        self.assertIn("discoveryd 1.2.3", out)
        self.assertRegex(out, r"w1 +running +99")
        self.assertIn("2 subsystems (1 pending, 0 failed), 0 hosts", out)
        self.health("failed", 503)
        code, out, _ = self.run_cli("status")
        self.assertEqual(code, FAILED)
        self.assertIn("well, well", out)
        code, out, _ = self.run_cli("status", "--json")
        self.assertEqual(json.loads(out)["health"]["status"], "failed")

    def test_log_shows_records_and_why_others_are_missing(self):
        self.answer("GET", "/discovery-log", 200, {
            "host_nqn": HOST, "via": "10.0.0.1", "genctr": 3,
            "records": [{"trtype": "tcp", "adrfam": "ipv4", "subtype": "nvme subsystem", "treq": "not required", "portid": 1,
                         "trsvcid": "4420", "subnqn": "nqn.a", "traddr": "10.0.0.1", "eflags": "none", "sectype": "none"}],
            "missing": [{"nqn": "nqn.b", "reason": "not_allowed", "detail": "the host isn't on its list"}]})
        code, out, _ = self.run_cli("log", HOST, "--via", "10.0.0.1")
        self.assertEqual(code, OK)
        self.assertRegex(out, r"nqn\.a +10\.0\.0\.1 +4420")
        self.assertRegex(out, r"nqn\.b +not_allowed")
        self.assertEqual(Api.asked[0][2], {"host_nqn": HOST, "via": "10.0.0.1"})


if __name__ == "__main__":
    unittest.main()
