#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""discoveryd announces itself by mDNS: seen from another machine (a network namespace), with the TXT record that hosts
want, and again after avahi-daemon or the bus has been restarted.  Needs root, avahi-daemon, avahi-browse, dbus-daemon."""
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

BUILD = os.environ.get("PHAROS_BUILDDIR", os.path.join(os.path.dirname(__file__), "..", "..", "build"))
CLI = os.path.join(BUILD, "cli", "pharos")
BUS_CONF = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-BUS Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>system</type><listen>unix:path={socket}</listen><auth>EXTERNAL</auth>
<policy context="default"><allow user="*"/><allow own="*"/><allow send_type="method_call"/>
<allow send_destination="*"/><allow receive_sender="*"/></policy></busconfig>
"""
AVAHI_CONF = """[server]
host-name={name}
use-ipv4=yes
use-ipv6=yes
ratelimit-interval-usec=1000000
ratelimit-burst=1000
[wide-area]
enable-wide-area=no
[publish]
publish-hinfo=no
publish-workstation=no
"""


def missing():
    if os.geteuid() != 0:
        return "needs root"
    for tool in ("avahi-daemon", "avahi-browse", "dbus-daemon", "ip", "nsenter"):
        if not shutil.which(tool):
            return f"{tool} is missing"
    if subprocess.run(["ip", "netns", "list"], capture_output=True).returncode != 0:
        return "no network namespaces"
    return None


class Machine:
    """A network namespace with its own /run, bus and avahi-daemon."""

    def __init__(self, name, folder):
        self.name, self.folder, self.procs = name, folder, {}
        os.mkdir(folder)
        self.socket = os.path.join(folder, "bus")
        with open(os.path.join(folder, "bus.conf"), "w") as f:
            f.write(BUS_CONF.format(socket=self.socket))
        with open(os.path.join(folder, "avahi.conf"), "w") as f:
            f.write(AVAHI_CONF.format(name=name))
        subprocess.run(["ip", "netns", "add", name], check=True)
        subprocess.run(["ip", "-n", name, "link", "set", "lo", "up"], check=True)
        self.holder = subprocess.Popen(
            ["ip", "netns", "exec", name, "unshare", "-m", "sh", "-c",
             "mount --make-rprivate / && mount -t tmpfs tmpfs /run && mkdir /run/avahi-daemon && echo ready && exec sleep 3600"],
            stdout=subprocess.PIPE, text=True)
        if self.holder.stdout.readline().strip() != "ready":
            raise unittest.SkipTest("no mount namespaces here")

    def argv(self, *cmd):
        return ["nsenter", "-t", str(self.holder.pid), "-n", "-m", *cmd]

    def env(self):
        return dict(os.environ, DBUS_SYSTEM_BUS_ADDRESS="unix:path=" + self.socket)

    def start(self, key, *cmd):
        with open(os.path.join(self.folder, key + ".log"), "a") as log:
            self.procs[key] = subprocess.Popen(self.argv(*cmd), env=self.env(), stdout=log, stderr=log)

    def stop(self, key, sig=signal.SIGTERM):
        proc = self.procs.pop(key)
        proc.send_signal(sig)
        return proc.wait(10)

    def log(self, key):
        with open(os.path.join(self.folder, key + ".log")) as f:
            return f.read()

    def start_bus(self):
        if os.path.exists(self.socket):
            os.unlink(self.socket)
        self.start("bus", "dbus-daemon", "--nofork", "--nopidfile", "--config-file=" + os.path.join(self.folder, "bus.conf"))
        wait_for(lambda: os.path.exists(self.socket), 5, "the bus's socket")

    def start_avahi(self):
        subprocess.run(self.argv("rm", "-f", "/run/avahi-daemon/pid"), check=True)
        self.start("avahi", "avahi-daemon", "--no-drop-root", "--no-chroot", "--no-rlimits",
                   "-f", os.path.join(self.folder, "avahi.conf"))

    def browse(self, kind="_nvme-disc._tcp"):
        """Lines of what is resolved: [interface, protocol, name, host, address, port, txt]."""
        # avahi-browse waits for ever for a service that went away while it was resolving it: 3 s are plenty.
        res = subprocess.run(self.argv("timeout", "3", "avahi-browse", "-rpt", kind), env=self.env(),
                             capture_output=True, text=True)
        rows = [line.split(";", 9) for line in res.stdout.splitlines() if line.startswith("=")]
        return [[r[1], r[2], r[3], r[6], r[7], r[8], r[9]] for r in rows]

    def close(self):
        for key in list(self.procs):
            self.stop(key, signal.SIGKILL)
        left = subprocess.run(["ip", "netns", "pids", self.name], capture_output=True, text=True).stdout
        for pid in left.split():  # the workers, which outlive discoveryd, and the holder
            os.kill(int(pid), signal.SIGKILL)
        self.holder.wait()
        self.holder.stdout.close()
        subprocess.run(["ip", "netns", "del", self.name])


def wait_for(cond, seconds, what):
    end = time.monotonic() + 4 * seconds  # a loaded machine, a sanitizer
    while time.monotonic() < end:
        got = cond()
        if got:
            return got
        time.sleep(0.1)
    raise AssertionError(f"{what}: not within {seconds} s")


@unittest.skipIf(missing(), missing())
class Mdns(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="pharos-mdns-")
        tag = f"{os.getpid()}"
        self.storage = self.host = None
        self.addCleanup(self.close)
        self.storage = Machine(f"phs{tag}", os.path.join(self.folder, "s"))
        self.host = Machine(f"phh{tag}", os.path.join(self.folder, "h"))
        subprocess.run(["ip", "-n", self.storage.name, "link", "add", "left", "type", "veth",
                        "peer", "name", "right", "netns", self.host.name], check=True)
        for machine, dev, addrs in ((self.storage, "left", ("10.78.0.1/24", "10.78.0.9/24", "fd78::1/64")),
                                    (self.host, "right", ("10.78.0.2/24", "fd78::2/64"))):
            subprocess.run(["ip", "-n", machine.name, "link", "set", dev, "up"], check=True)
            for addr in addrs:
                subprocess.run(["ip", "-n", machine.name, "addr", "add", addr, "dev", dev, *(["nodad"] if ":" in addr else [])],
                               check=True)
            machine.start_bus()
            machine.start_avahi()

    def close(self):
        for machine in (self.storage, self.host):
            if machine:
                machine.close()
        shutil.rmtree(self.folder)

    def start_discoveryd(self, *listen, machine=None, options=()):
        machine = machine or self.storage
        argv = [os.path.join(BUILD, "discoveryd", "discoveryd"), "--state", os.path.join(machine.folder, "state"),
                "--targetd", os.path.join(BUILD, "targetd", "targetd"), *options]
        for addr in listen:
            argv += ["--listen", addr]
        machine.start("discoveryd", *argv)

    def listed(self, machine):
        """What the machine's discoveryd knows of others."""
        res = subprocess.run(machine.argv(CLI, "dc", "list", "-o", "json"), capture_output=True, text=True)
        return json.loads(res.stdout) if res.returncode == 0 else []

    def wait_listed(self, machine, ports):
        """Exactly these are listed."""
        try:
            return wait_for(lambda: (lambda dcs: dcs if sorted(dc["trsvcid"] for dc in dcs) == ports else None)(self.listed(machine)), 10, f"{ports} are listed")
        except AssertionError:
            print([{k: dc[k] for k in ("traddr", "trsvcid", "state", "source", "own_nqn", "announced")} for dc in self.listed(machine)], machine.log("discoveryd"))
            raise

    def found(self):
        return sorted(tuple(r) for r in self.host.browse() if "Pharos" in r[2])

    def wait_found(self, addresses, seconds=10):
        return wait_for(lambda: (lambda f: f if [r[4] for r in f] == addresses else None)(self.found()),
                        seconds, f"hosts find {addresses}")

    def test_found_with_the_right_txt_and_only_the_address_that_is_listened_on(self):
        self.start_discoveryd("10.78.0.1")
        (row,) = self.wait_found(["10.78.0.1"])
        self.assertEqual(row[5], "8009")
        texts = dict(text.split("=", 1) for text in re.findall(r'"([^"]*)"', row[6]))
        self.assertEqual(sorted(texts), ["nqn", "p"])
        self.assertEqual(texts["p"], "tcp")
        # The NQN is the one that the discovery controller goes by, and a host that was told it can connect with it.
        log = json.loads(subprocess.run(self.host.argv(CLI, "discover", "10.78.0.1", "--nqn", texts["nqn"], "--json"),
                                        capture_output=True, text=True, check=True).stdout)
        self.assertEqual([r["subnqn"] for r in log["records"] if r["subtype"] == "current discovery subsystem"], [texts["nqn"]])
        # A host that resolves the name never gets an address without a listener: not the interface's second, not IPv6.
        for _ in range(3):
            self.assertEqual([r[4] for r in self.found()], ["10.78.0.1"])
        self.assertEqual(self.storage.stop("discoveryd"), 0, self.storage.log("discoveryd"))
        wait_for(lambda: not self.found(), 5, "withdrawn when discoveryd ends")

    def test_found_again_after_avahi_and_the_bus_were_restarted(self):
        self.start_discoveryd("10.78.0.1")
        self.wait_found(["10.78.0.1"])
        self.storage.stop("avahi")
        wait_for(lambda: not self.found(), 5, "gone with avahi-daemon")
        self.storage.start_avahi()
        self.wait_found(["10.78.0.1"])
        self.storage.stop("avahi")
        self.storage.stop("bus", signal.SIGKILL)
        time.sleep(2.5)  # long enough for attempts to fail on a dead bus
        self.storage.start_bus()
        self.storage.start_avahi()
        self.wait_found(["10.78.0.1"])
        warnings = [line for line in self.storage.log("discoveryd").splitlines() if "not announced by mDNS" in line]
        self.assertEqual(len(warnings), 2, "one warning per outage")

    def test_started_before_avahi_warns_once_and_is_announced_later(self):
        self.storage.stop("avahi")
        self.start_discoveryd("10.78.0.1", options=["--dctype", "none"])
        time.sleep(2)
        self.assertEqual(self.storage.log("discoveryd").count("not announced by mDNS"), 1)
        self.storage.start_avahi()
        self.wait_found(["10.78.0.1"])
        self.assertEqual(self.host.browse("_cdc._sub._nvme-disc._tcp"), [], "a subtype for what it isn't")

    def test_an_avahi_that_hangs_holds_up_nothing_else(self):
        self.storage.procs["avahi"].send_signal(signal.SIGSTOP)
        self.start_discoveryd("10.78.0.1")
        status = self.storage.argv(CLI, "status")
        wait_for(lambda: subprocess.run(status, capture_output=True).returncode == 0, 5, "the API answers")
        for _ in range(20):  # while the client's first call to the daemon waits
            start = time.monotonic()
            subprocess.run(status, check=True, capture_output=True)
            self.assertLess(time.monotonic() - start, 1)
        start = time.monotonic()
        self.storage.stop("discoveryd")
        self.assertLess(time.monotonic() - start, 5)
        self.assertIn("doesn't answer, not waiting for it", self.storage.log("discoveryd"))
        self.storage.procs["avahi"].send_signal(signal.SIGCONT)

    def test_wildcard_follows_the_interfaces_addresses(self):
        self.start_discoveryd("0.0.0.0")
        # One service on the interface; the resolver answers with one of its addresses.
        wait_for(lambda: [r[4] for r in self.found()] in (["10.78.0.1"], ["10.78.0.9"]), 10, "found on the wildcard")
        subprocess.run(["ip", "-n", self.storage.name, "addr", "del", "10.78.0.1/24", "dev", "left"], check=True)
        subprocess.run(["ip", "-n", self.storage.name, "addr", "replace", "10.78.0.9/24", "dev", "left"], check=True)
        self.wait_found(["10.78.0.9"])

    def test_a_name_taken_by_another_is_replaced(self):
        self.host.start("rival", "avahi-publish", "-f", "-s", f"Pharos on {self.storage.name}", "_nvme-disc._tcp", "9", "p=tcp")
        wait_for(lambda: self.found(), 5, "the rival's announcement")
        self.start_discoveryd("10.78.0.1")
        rows = wait_for(lambda: (lambda f: f if any(r[4] == "10.78.0.1" and r[5] == "8009" for r in f) else None)(self.found()),
                        15, "found under another name")
        ours = [r[2] for r in rows if r[5] == "8009"]
        self.assertNotIn(f"Pharos\\032on\\032{self.storage.name}", ours)

    def test_a_centralized_one_has_its_subtype(self):
        self.start_discoveryd("10.78.0.1", options=["--dctype", "cdc"])
        self.wait_found(["10.78.0.1"])
        rows = wait_for(lambda: self.host.browse("_cdc._sub._nvme-disc._tcp"), 5, "found by the subtype")
        self.assertEqual({r[4] for r in rows}, {"10.78.0.1"})

    def test_others_that_announce_themselves_are_listed_and_followed_when_that_is_wanted(self):
        def row(machine, address, state):
            return lambda: next((dc for dc in self.listed(machine) if (dc["traddr"], dc["state"]) == (address, state)), None)
        self.start_discoveryd("10.78.0.1", options=["--dctype", "cdc"])
        self.start_discoveryd("10.78.0.2", machine=self.host, options=["--mdns-follow"])
        # What only announces something, and what isn't NVMe/TCP.
        self.host.start("idle", "avahi-publish", "-f", "-s", "Idle", "_nvme-disc._tcp", "9", "p=tcp")
        self.host.start("rdma", "avahi-publish", "-f", "-s", "Other", "_nvme-disc._tcp", "10", "p=roce")
        # Followed by the one that follows all; to the other it waits, and that one has found out who it is.
        wait_for(row(self.host, "10.78.0.1", "connected"), 15, "followed at once")
        peer = wait_for(lambda: next((dc for dc in self.listed(self.host) if dc["dctype"]), None), 10, "it has said what it is")
        self.assertEqual((peer["traddr"], peer["source"], peer["admitted"], peer["announced"], peer["dctype"]), ("10.78.0.1", "mdns", True, True, "cdc"))
        found = self.wait_listed(self.storage, ["8009", "9"])
        known = next(dc for dc in found if dc["trsvcid"] == "8009")
        self.assertEqual({(dc["source"], dc["state"], dc["admitted"], dc["announced"]) for dc in found}, {("mdns", "waiting", False, True)})
        wait_for(lambda: next(dc for dc in self.listed(self.storage) if dc["id"] == known["id"])["own_nqn"], 10, "it has said who it is")
        # avahi-daemon comes back: nobody is taken for gone.
        self.storage.stop("avahi")
        self.storage.start_avahi()
        wait_for(lambda: "10.78.0.1" in [r[4] for r in self.found()], 10, "announced again")
        self.host.stop("idle")
        wait_for(lambda: [dc["id"] for dc in self.listed(self.storage)] == [known["id"]], 15, "what isn't announced any more is gone, no other")
        # One that an operator has taken in stays, announced or not.
        subprocess.run(self.storage.argv(CLI, "dc", "admit", known["id"]), check=True, capture_output=True)
        wait_for(row(self.storage, "10.78.0.2", "connected"), 10, "followed once admitted")
        self.host.stop("discoveryd")
        gone = wait_for(lambda: (lambda dc: dc if dc and not dc["announced"] else None)(row(self.storage, "10.78.0.2", "lost")()), 15, "lost")
        self.assertEqual(gone["id"], known["id"])

    def test_loopback_only_is_not_announced_and_says_so_once(self):
        self.start_discoveryd("127.0.0.1")
        time.sleep(2)
        self.assertEqual(self.found(), [])
        log = self.storage.log("discoveryd")
        self.assertEqual(log.count("loopback only"), 1)
        self.assertNotIn("not announced by mDNS: hosts need", log)


if __name__ == "__main__":
    if missing():
        print("SKIP:", missing())
        sys.exit(77)
    if len(sys.argv) == 1:  # most of it is waiting: one half beside the other, each with networks of its own
        names = [f"Mdns.{name}" for name in unittest.TestLoader().getTestCaseNames(Mdns)]
        halves = [subprocess.Popen([sys.executable, __file__, *names[i::2]], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) for i in range(2)]
        for half in halves:
            print(half.communicate()[0], end="")
        sys.exit(any(half.returncode for half in halves))
    unittest.main(verbosity=2)
