"""Between gateways whose networks are one, what instances say is encrypted unless the path is one to trust."""

import asyncio
import stat
from pathlib import Path

import pytest

from tests.net.capture import SAID, Capture
from tests.net.namespaces import Namespace
from tests.net.neighbours import neighbouring

pytestmark = pytest.mark.fullkernel
GREETED_S = 60.0


@pytest.mark.parametrize("sealed", [True, False], ids=["wireguard", "trusted"])
async def test_the_path_shows_what_instances_say_only_if_it_is_trusted(
    machine: Namespace, tmp_path: Path, sealed: bool
) -> None:
    async with neighbouring(machine, tmp_path, sealed=sealed) as both:
        with Capture(machine, "far12") as path:
            assert await both.hears(both.first, both.second)
            assert await both.hears(both.second, both.first)
            frames = path.frames()
        assert frames
        assert any(SAID in frame for frame in frames) is not sealed
        assert await both.join() == ([], [])


async def test_a_gateway_is_known_by_its_key_which_nobody_else_has(machine: Namespace, tmp_path: Path) -> None:
    async with neighbouring(machine, tmp_path, sealed=True) as both:
        first, second = both.first, both.second
        assert stat.S_IMODE(first.key_file.stat().st_mode) == 0o600
        before = first.fabric.public_key()
        assert await both.hears(first, second)

        first.key_file.unlink()  # the machine was made anew
        assert await first.apply(second.seen_from(first, sealed=True)) != []
        assert not await both.hears(first, second)
        await second.apply(first.seen_from(second, sealed=True))
        async with asyncio.timeout(GREETED_S):
            while not await both.hears(first, second):
                pass  # one that was not answered greets again after 5 s
        (card,) = (line.split()[0] for line in second.head.links() if line.startswith("eujw"))
        peers = second.head.inside.run("wg", "show", card, "peers").stdout.split()
        assert peers == [first.fabric.public_key()]
        assert before not in peers
        told = second.head.inside.run("wg", "show", card, "allowed-ips").stdout.split()
        assert told == [first.fabric.public_key(), first.range]


async def test_what_is_broken_of_an_encrypted_way_is_mended_and_told_and_goes_with_the_last_network(
    machine: Namespace, tmp_path: Path
) -> None:
    async with neighbouring(machine, tmp_path, sealed=True) as both:
        first, second = both.first, both.second
        inside = first.head.inside
        (card,) = (line.split()[0] for line in first.head.links() if line.startswith("eujw"))
        inside.run("wg", "set", card, "peer", second.fabric.public_key(), "remove")
        assert (await both.join())[0] == [f"encrypted way {card} led no more to gateway gateway12"]
        inside.run("ip", "link", "delete", card)
        assert f"encrypted way {card} was gone" in (await both.join())[0]
        assert await both.join() == ([], [])
        assert await both.hears(first, second)
        await first.apply(networks=())
        assert "euj" not in inside.run("ip", "link").stdout + inside.run("ip", "route").stdout


async def test_a_gateway_that_starts_anew_takes_an_encrypted_way_over_as_it_is(
    machine: Namespace, tmp_path: Path
) -> None:
    async with neighbouring(machine, tmp_path, sealed=True) as both:
        first, second = both.first, both.second
        assert await both.hears(first, second)
        (card,) = (line.split()[0] for line in first.head.links() if line.startswith("eujw"))

        def state() -> list[str]:
            number = first.head.inside.run("ip", "-oneline", "link", "show", card).stdout.partition(":")[0]
            return [
                number,
                *(first.head.inside.run("wg", "show", card, what).stdout for what in ("latest-handshakes", "dump")),
            ]

        before = state()
        await first.fabric.close()
        first.fabric = first.another_fabric()
        assert (await both.join())[0] == []
        after = state()
        assert before[1].split()[1] != "0"
        assert after == before
        assert await both.hears(second, first)
