"""Fixtures of the contract tier: the processes live for the session, the connections for one test."""

import itertools
from collections.abc import AsyncIterator, Iterator

import pytest

from tests.contract.arenas import Arena, in_process_arena, qemu_arena, rehearsal_arena, scripted_arena
from tests.contract.libvirtd import Libvirtd, missing
from tests.scripted_world import World

NAMES = (f"host{number}" for number in itertools.count())


@pytest.fixture(scope="session")
def world() -> Iterator[World]:
    world = World()
    yield world
    world.stop()


@pytest.fixture(scope="session")
def libvirtd() -> Iterator[Libvirtd]:
    if missing():
        pytest.skip(f"a private libvirtd {missing()}")
    daemon = Libvirtd()
    yield daemon
    daemon.stop()


@pytest.fixture(scope="session")
def second_libvirtd() -> Iterator[Libvirtd]:
    """Another host, for guests that move."""
    if missing():
        pytest.skip(f"a private libvirtd {missing()}")
    daemon = Libvirtd("second-host")
    yield daemon
    daemon.stop()


def _arena(kind: str, request: pytest.FixtureRequest) -> Arena:
    if kind == "scripted":
        return scripted_arena(request.getfixturevalue("world"), next(NAMES))
    if kind == "test":
        return in_process_arena()
    daemon = request.getfixturevalue("libvirtd")
    return qemu_arena(daemon, request.getfixturevalue("second_libvirtd")) if kind == "qemu" else rehearsal_arena(daemon)


@pytest.fixture(params=["scripted", "test", "test+unix", "qemu"])
async def arena(request: pytest.FixtureRequest) -> AsyncIterator[Arena]:
    """A joined host of each kind, emptied afterwards."""
    arena = _arena(request.param, request)
    arena.join()
    yield arena
    await arena.close()
