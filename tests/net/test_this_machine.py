"""`euca network plan` and `purge`: what is ours on a machine is told and taken away by a program of its own."""

import asyncio
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from app.domain.network import NetworkPlan
from app.domain.ports import Unit
from app.network.kernel import KernelFabric
from app.reconcile.traffic import formed, judged, wanted
from app.server.owner import owner_of
from app.store.database import Database
from app.store.lock import StateLock
from tests.builders import FrozenClock
from tests.net.namespaces import Namespace, make_bridge
from tests.net.shapes import shape
from tests.net.yard import silence
from tests.unit.server.metadata_cloud import furnish_guests

pytestmark = pytest.mark.net
CONF = 'VNET_MODE="MANAGED-NOVLAN"\nVNET_SUBNET="10.9.0.0"\nVNET_NETMASK="255.255.255.0"\nVNET_PUBINTERFACE="pub0"\n'
PLAN = NetworkPlan(bridge="eucabr0", subnet="10.9.0.0/24", public_card="pub0")
OURS = ("remove table ip euca_{owner}", "remove bridge eucabr0")


@pytest.fixture
def state(inside: Namespace, tmp_path: Path) -> Path:
    """A stopped cloud with two instances on this machine, whose network stands."""
    make_bridge("pub0", "203.0.113.1/24")
    inside.run("nft", "table inet site { chain c { type filter hook input priority 5; policy accept; }; }")
    (tmp_path / "eucalyptus.conf").write_text(CONF)
    return tmp_path


async def furnish(state: Path) -> None:
    async with Database.open(state / "cloud.sqlite3", clock=FrozenClock()) as store:
        await store.write(furnish_guests)


async def weave(state: Path) -> None:
    async with Database.open(state / "cloud.sqlite3", clock=FrozenClock()) as store:
        told = await store.read(wanted)
    fabric = KernelFabric(owner_of(state), silence, "pub0")
    await fabric.apply(formed(PLAN, told), judged(PLAN, told))
    await fabric.close()


async def end_all(state: Path) -> None:
    def work(unit: Unit) -> None:
        for row in unit.instances.where():
            unit.instances.put(replace(row, removed=True))

    async with Database.open(state / "cloud.sqlite3", clock=FrozenClock()) as store:
        await store.write(work, writer="reconcile")


async def euca(state: Path, *words: str, typed: str = "") -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "app", "network", *words, "--state", str(state)]
    command += ["--config", str(state / "eucalyptus.conf")]
    return await asyncio.to_thread(
        subprocess.run, command, input=typed, capture_output=True, text=True, timeout=60, check=False
    )


async def test_what_a_server_would_make_is_told_and_nothing_is_made(state: Path) -> None:
    await furnish(state)
    before = shape()
    told = (await euca(state, "plan")).stdout.splitlines()
    assert {f"make table ip euca_{owner_of(state)}", "make bridge eucabr0", "eucabr0: add address 10.9.0.1/24"} <= set(
        told
    )
    assert shape() == before
    await weave(state)
    assert (await euca(state, "plan")).stdout == "Nothing would change.\n"


async def test_a_purge_takes_all_that_is_ours_and_nothing_else(state: Path) -> None:
    await furnish(state)
    before = shape()
    await weave(state)
    ours = [line.format(owner=owner_of(state)) for line in OURS]
    refused = await euca(state, "purge", "--yes")
    assert (refused.returncode, "i-00000001, i-00000002; terminate them first" in refused.stderr) == (1, True)
    stands = shape()
    assert (await euca(state, "purge", "--dry-run")).stdout.splitlines() == ours
    await end_all(state)
    assert (await euca(state, "purge", typed="n\n")).returncode == 1
    assert shape() == stands
    done = await euca(state, "purge", typed="y\n")
    assert (done.returncode, done.stdout.splitlines()) == (0, ours)
    assert [line for line in shape() if "forwarding" not in line] == [
        line for line in before if "forwarding" not in line
    ]
    assert (await euca(state, "purge", "--yes")).stdout == "Nothing of this cloud is on this machine's network.\n"


async def test_a_purge_by_force_cuts_off_those_who_have_addresses(state: Path) -> None:
    await furnish(state)
    await weave(state)
    assert (await euca(state, "purge", "--yes", "--force")).returncode == 0
    assert not any("eucabr0" in line for line in shape())


async def test_a_purge_needs_a_stopped_server_and_a_state_that_is_there(state: Path) -> None:
    nothing = await euca(state, "purge", "--yes")
    assert (nothing.returncode, f"The cloud '{state}' does not exist" in nothing.stderr) == (1, True)
    await furnish(state)
    with StateLock.take(state):
        running = await euca(state, "purge", "--yes")
    assert (running.returncode, "stop it first" in running.stderr) == (1, True)
