"""What somebody breaks of a way between gateways is put right at the next look, which says what was wrong."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.net.namespaces import Namespace, missing
from tests.net.neighbours import Neighbours, neighbouring
from tests.net.shapes import shape

pytestmark = pytest.mark.net


@pytest.fixture
async def both(machine: Namespace, tmp_path: Path) -> AsyncIterator[Neighbours]:
    if why := missing("ip", "nft", "bridge"):
        pytest.skip(why)
    async with neighbouring(machine, tmp_path, sealed=False) as both:
        yield both


@pytest.mark.parametrize(
    ("harm", "said"),
    [
        ("link delete CARD", ["tunnel CARD to gateway gateway12 was gone"]),
        (
            "link set CARD down",
            [
                "CARD was down, or let packets of another size pass",
                "tunnel CARD did not know gateway gateway12 any more",
                "the route to 10.12.0.0/16 by CARD was gone",
            ],
        ),
        ("link set CARD mtu 1500", ["CARD was down, or let packets of another size pass"]),
        ("neigh flush dev CARD nud permanent", ["tunnel CARD did not know gateway gateway12 any more"]),
        ("route delete 10.12.0.0/16", ["the route to 10.12.0.0/16 by CARD was gone"]),
    ],
)
async def test_a_way_to_another_gateway_that_somebody_breaks_is_mended_and_said_once(
    both: Neighbours, harm: str, said: list[str]
) -> None:
    inside = both.first.head.inside
    (card,) = (line.split("@")[0].split()[0] for line in both.first.head.links() if line.startswith("eujx"))
    before = inside.call(shape)
    assert inside.run("ip", *harm.replace("CARD", card).split()).returncode == 0
    assert inside.call(shape) != before
    assert await both.join() == ([clause.replace("CARD", card) for clause in said], [])
    assert inside.call(shape) == before
    assert await both.hears(both.first, both.second)
    assert await both.join() == ([], [])
