"""From the answer of RunInstances to the domain that runs, as the live stream tells it.

On libvirt's test driver inside the server, and on QEMU beside `virsh create` of the very XML that we defined, on the
very disks: the instance is stopped, virsh starts its domain, and takes it down again, unless our loop, which finds
a stopped instance running, was quicker.
"""

import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median

from bench.ours import Ours, qemu, rehearsal
from bench.peers import Beside
from bench.requests import Connection, percentile, texts
from bench.stream import Heard
from bench.table import Goal, Row
from tests.guest.private_host import PrivateHost, missing

LAUNCHES, QEMU_LAUNCHES = 40, 5
TYPE = "m1.small"


def rows(folder: Path, beside: Beside) -> Iterator[Row]:
    yield _on_the_test_driver(folder)
    yield _on_qemu(folder)


def _on_the_test_driver(folder: Path) -> Row:
    with rehearsal(folder, "2x3") as ours:
        taken = [each for _, each in _launches(ours, LAUNCHES)]
    return Row(
        figure="answered to running, test driver, p95",
        measured=1000 * percentile(taken, 0.95),
        unit="ms",
        goal=Goal.at_most(100, "ms"),
        beside=f"median {1000 * median(taken):.0f} ms of {LAUNCHES} launches",
    )


def _on_qemu(folder: Path) -> Row:
    figure, goal = "answered to running, QEMU, over virsh create", Goal.at_most(0.5, "s")
    if why := missing():
        return Row(figure=figure, measured=None, unit="s", goal=goal, beside=why)
    with qemu(folder) as (ours, host):
        (_, first_s), *others = _launches(ours, 1 + QEMU_LAUNCHES)
        by_us = median(taken for _, taken in others)
        by_virsh = median(_by_virsh(ours, host, instance_id) for instance_id, _ in others)
    return Row(
        figure=figure,
        measured=by_us - by_virsh,
        unit="s",
        goal=goal,
        beside=f"ours {by_us:.2f} s (first, with its image: {first_s:.2f}), virsh {by_virsh:.2f} s",
    )


def _launches(ours: Ours, count: int) -> list[tuple[str, float]]:
    """Launch one after another; return ids and the seconds from each answer to its running."""
    named = ours.served.credentials()
    run = ours.endpoint.signed("RunInstances", ImageId=ours.image_id, MinCount="1", MaxCount="1")
    found = []
    with (
        Heard(ours.endpoint.url, named["EUCA_TOKEN"], "instance.running") as heard,
        Connection(ours.endpoint) as asking,
    ):
        for _ in range(count):
            instance_id = texts(asking.ask(run), "instanceId")[0]
            answered = time.perf_counter()
            found.append((instance_id, max(0.0, heard.at(instance_id) - answered)))
    return found


def _by_virsh(ours: Ours, host: PrivateHost, instance_id: str) -> float:
    """Return the seconds of `virsh create` of an instance's domain."""
    xml = host.daemon.folder / f"{instance_id}.xml"
    xml.write_text(_virsh(host, "dumpxml", "--inactive", instance_id))
    with Connection(ours.endpoint) as asking:
        asking.ask(ours.endpoint.signed("StopInstances", InstanceId_1=instance_id, Force="true"))
        ours.reach(asking, instance_id, "stopped")
    if instance_id in host.domains():
        _virsh(host, "undefine", instance_id)
    began = time.perf_counter()
    _virsh(host, "create", str(xml))
    taken = time.perf_counter() - began
    subprocess.run(["virsh", "-c", host.uri, "destroy", instance_id], capture_output=True, check=False)
    return taken


def _virsh(host: PrivateHost, *command: str) -> str:
    done = subprocess.run(["virsh", "-c", host.uri, *command], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout
