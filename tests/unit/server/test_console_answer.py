"""GetConsoleOutput when the host does not do its part: the owner learns that, and no host's name."""

from dataclasses import dataclass
from typing import Any, cast

import pytest

from app.domain.errors import Lost, Missing, TimedOut, Unavailable
from app.domain.ports import NotSupported
from app.server.ec2.instances import read_console
from app.server.ec2.operation import Site
from tests.builders import a_mapping

ANSWER: dict[str, object] = {"InstanceId": "i-00000001", "Timestamp": 0, "Output": "cluster1-host1"}


@dataclass
class OneHost:
    """A hypervisor whose console answers one thing."""

    said: bytes | NotSupported | Exception

    def host(self, name: str) -> "OneHost":
        return self

    async def console(self, instance_id: str) -> bytes | NotSupported:
        if isinstance(self.said, Exception):
            raise self.said
        return self.said


def site(said: bytes | NotSupported | Exception) -> Site:
    return Site(
        region="r", public_url="u", mapping=a_mapping(), entropy=bytes, files=cast("Any", None),
        hypervisors=cast("Any", OneHost(said)), filters=lambda _: frozenset(),
    )  # fmt: skip


async def test_what_the_guest_wrote_is_handed_out_in_base64() -> None:
    assert (await read_console(ANSWER, site(b"boot\n")))["Output"] == "Ym9vdAo="
    assert (await read_console(ANSWER, site(Missing("domain", "i-00000001"))))["Output"] == ""


@pytest.mark.parametrize("failure", [TimedOut("cluster1-host1", "console", 5), Lost("cluster1-host1", "gone")])
async def test_a_host_that_fails_is_not_named(failure: Exception) -> None:
    with pytest.raises(Unavailable) as told:
        await read_console(ANSWER, site(failure))
    assert "host1" not in str(told.value)
