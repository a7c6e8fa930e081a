"""A machine of the test's own, as a namespace, and guests on its bridges."""

from collections.abc import Callable, Iterator

import pytest

from tests.net.namespaces import Guest, Namespace, missing

Join = Callable[..., Guest]


@pytest.fixture
def machine() -> Iterator[Namespace]:
    if why := missing("busybox", "ip"):
        pytest.skip(why)
    with Namespace() as namespace:
        yield namespace


@pytest.fixture
def inside(machine: Namespace) -> Iterator[Namespace]:
    """The machine, with the test's own thread inside it."""
    with machine.entered():
        yield machine


@pytest.fixture
def join(machine: Namespace) -> Iterator[Join]:
    guests: list[Guest] = []

    def make(mac: str, bridge: str = "eucabr0") -> Guest:
        guests.append(Guest(machine, bridge, mac))
        return guests[-1]

    yield make
    for guest in guests:
        guest.close()
