"""A real guest goes from one QEMU host to another and back, whoever dies meanwhile, and nobody inside notices.

Two libvirtds that share nothing, in one network namespace, where both have the same bridge, as hosts of one site do.
A counter in the guest's memory is told by an ssh session that stays open from the first move to the last.
"""

import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import httpx
import libvirt
import pytest

from app.domain.states import Seen
from app.domain.transit import in_transit
from app.storage.guest_image import BuiltImage
from app.xen.domains import observe
from tests.contract.arenas import own_pool
from tests.contract.libvirtd import Libvirtd
from tests.deadline import eventually
from tests.guest.private_host import PrivateHost, missing
from tests.guest.qemu_cloud import a_qemu_cloud
from tests.guest.test_guest_login import CONFIG, Guest
from tests.net.namespaces import Namespace
from tests.net.namespaces import missing as missing_for_namespaces
from tests.served import ServedCloud
from tests.server.conftest import ec2_client

pytestmark = pytest.mark.guest
MOVED_S = 180.0
COUNT = "n=0; while :; do n=$((n+1)); echo $n; usleep 100000; done"
WORK = "(while :; do :; done) > /dev/null 2>&1 & echo $!"
RULES = """
rule strong "who works needs a strong host" { when vm.cpu.used > 0.6 require "strong" in host.tags }
rule drain "a host in maintenance is emptied" { at remap when host.maintenance evacuate host }
policy lab "default" { use strong  use drain  remap every 5s }
"""


@pytest.fixture
def lab() -> Iterator[dict[str, PrivateHost]]:
    """Two hosts by name, in a network namespace in which the test is, too."""
    if why := missing() or missing_for_namespaces("ssh"):
        pytest.skip(why)
    with Namespace() as made, made.entered():
        daemons = [Libvirtd(name) for name in ("lab1", "lab2")]
        try:
            yield {daemon.host_name: PrivateHost(daemon) for daemon in daemons}
        finally:
            for daemon in daemons:
                daemon.stop()


@pytest.fixture
def cloud(lab: dict[str, PrivateHost], guest_image: BuiltImage, tmp_path: Path) -> Iterator[ServedCloud]:
    own_pool(lab["lab2"].daemon, lab["lab2"].instance_path)
    with a_qemu_cloud(lab["lab1"], guest_image, tmp_path, CONFIG + 'SAMPLE_INTERVAL="1"\n') as cloud:
        cloud.euca("host", "add", lab["lab2"].uri, "--name", "lab2", "--cluster", "lab")
        yield cloud


class Counter:
    """What a guest that runs COUNT says over one ssh session; `pause_s` is the longest that it was silent."""

    def __init__(self, command: list[str]) -> None:
        self.said: list[int] = []
        self.pause_s = 0.0
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        self._ear = threading.Thread(target=self._listen, daemon=True)
        self._ear.start()

    def _listen(self) -> None:
        assert self._process.stdout is not None
        before_s = 0.0
        with self._process.stdout as lines:
            for line in lines:
                now_s = time.monotonic()
                self.pause_s = max(self.pause_s, now_s - (before_s or now_s))
                before_s = now_s
                self.said.append(int(line))

    def goes_on(self) -> bool:
        """Tell whether it counts on in the same session, without a number missing or told twice."""
        so_far = len(self.said)
        eventually(lambda: len(self.said) > so_far + 5)
        return self._process.poll() is None and self.said == list(range(1, len(self.said) + 1))

    def close(self) -> None:
        self._process.kill()
        self._process.wait()
        self._ear.join()


class Watched:
    """Where the guest is, by libvirt's own word."""

    def __init__(self, lab: dict[str, PrivateHost]) -> None:
        self._lab = lab

    def shown(self, name: str) -> str:
        """Tell how a host has its one domain; a daemon that is away says nothing."""
        with suppress(libvirt.libvirtError):
            connection = libvirt.open(self._lab[name].uri)
            try:
                seen = [observe(domain) for domain in connection.listAllDomains()]
                states = ["in transit" if in_transit(one.state, one.reason) else str(one.state) for one in seen if one]
                return ", ".join(states) or "nothing"
            finally:
                connection.close()
        return "away"

    def is_only_on(self, name: str) -> bool:
        return all(self.shown(each) == (Seen.RUNNING if each == name else "nothing") for each in self._lab)


def move(
    cloud: ServedCloud, watched: Watched, guest: Guest, target: str, meanwhile: Callable[[], None] | None = None
) -> None:
    """Move the guest, and do something as soon as it comes in there; wait until it is there and nowhere else."""
    eventually(lambda: cloud.euca("instance", "move", guest.id, target, check=False).returncode == 0, every_s=0.5)
    if meanwhile is not None:
        eventually(lambda: watched.shown(target) in ("in transit", Seen.RUNNING))
        meanwhile()
    comes_to(cloud, watched, guest, target)


def comes_to(cloud: ServedCloud, watched: Watched, guest: Guest, target: str) -> None:
    """Wait until the guest is there and nowhere else."""
    eventually(lambda: watched.is_only_on(target), MOVED_S, every_s=0.5)
    eventually(lambda: at_rest(cloud, guest) == target, MOVED_S, every_s=0.5)


def killed_and_started(cloud: ServedCloud) -> None:
    cloud.kill()
    cloud.start()


def at_rest(cloud: ServedCloud, guest: Guest) -> str:
    """Name the host of a guest that does not move any more."""
    with suppress(httpx.HTTPError):
        now = shown(cloud, guest)
        return "" if now["moving_from"] else str(now["host"])
    return ""


def shown(cloud: ServedCloud, guest: Guest) -> dict[str, Any]:
    head = {"Authorization": f"Bearer {cloud.credentials()['EUCA_TOKEN']}"}
    now: dict[str, Any] = httpx.get(f"{cloud.url}/api/v1/instances/{guest.id}", headers=head, timeout=30).json()
    return now


def rests(cloud: ServedCloud, guest: Guest) -> bool:
    """Tell whether a guest is known to do next to nothing."""
    used = (shown(cloud, guest)["load"] or {}).get("cpu_used")
    return used is not None and used < 0.3


def test_a_guest_counts_on_in_an_open_session_while_it_moves_and_server_or_libvirtd_die(
    cloud: ServedCloud, lab: dict[str, PrivateHost], tmp_path: Path
) -> None:
    guest = Guest(ec2_client(cloud.credentials()), tmp_path, "mine")
    watched = Watched(lab)
    guest.reach_login(boot=1)
    assert watched.is_only_on("lab1")
    guest.ssh("echo kept > /root/kept")
    with closing(Counter(guest.ssh_command(COUNT))) as counter:
        assert counter.goes_on()
        move(cloud, watched, guest, "lab2")
        print(f"the session was silent for {counter.pause_s:.2f} s at most")
        assert counter.goes_on()
        assert guest.ssh("cat /root/kept").stdout == "kept\n"
        move(cloud, watched, guest, "lab1", lambda: killed_and_started(cloud))
        assert counter.goes_on()
        move(cloud, watched, guest, "lab2", lab["lab1"].daemon.restart)
        assert counter.goes_on()
    guest.ec2.terminate_instances(InstanceIds=[guest.id])
    guest.reach("terminated")
    for host in lab.values():
        assert (host.domains(), host.processes()) == ([], [])
        assert [file.name for file in host.instance_path.iterdir() if guest.id in file.name] == []


def test_work_in_a_guest_has_rules_move_it_and_a_drained_host_is_emptied_in_an_open_session(
    cloud: ServedCloud, lab: dict[str, PrivateHost], tmp_path: Path
) -> None:
    (tmp_path / "lab.rules").write_text(RULES)
    cloud.euca("host", "set", "lab2", "--tag", "strong")
    cloud.euca("host", "drain", "lab2")
    guest = Guest(ec2_client(cloud.credentials()), tmp_path, "mine")
    watched = Watched(lab)
    guest.reach_login(boot=1)
    cloud.euca("host", "undrain", "lab2")
    with closing(Counter(guest.ssh_command(COUNT))) as counter:
        eventually(lambda: rests(cloud, guest))
        cloud.euca("rules", "apply", str(tmp_path / "lab.rules"))
        assert watched.is_only_on("lab1")
        work = guest.ssh(WORK).stdout.strip()
        comes_to(cloud, watched, guest, "lab2")
        assert "strong: when vm.cpu.used > 0.6 require" in cloud.euca("rules", "explain", guest.id).stdout
        assert counter.goes_on()
        guest.ssh(f"kill {work}")
        eventually(lambda: rests(cloud, guest))
        cloud.euca("host", "drain", "lab2")
        comes_to(cloud, watched, guest, "lab1")
        assert "drain: " in cloud.euca("rules", "explain", guest.id).stdout
        assert counter.goes_on()
