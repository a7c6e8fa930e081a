"""What the tests that go over every operation must know of an area, a module each; a file put here is found by itself.

`walk` calls every operation of the area so that answers are as full as they can be (the model walk checks them);
`PROBES` name things of somebody else, `{volume}`, which `victim` makes and `NOBODYS` has no owner for (the strangers
try them); `NOTHING_TO_NAME` are operations that name no thing. `never_filled/AREA.toml` has the members that no
answer fills, by reason.
"""

from importlib import import_module
from pkgutil import iter_modules
from typing import Any, Protocol, cast

from tests.server.raw_ec2 import RawEc2

Probe = tuple[str, dict[str, str]]


class Area(Protocol):
    """What each module here has. `walk` gets a boto3 client and `today`: False for the API of 2014."""

    PROBES: list[Probe]
    NOBODYS: dict[str, str]
    NOTHING_TO_NAME: set[str]

    def walk(self, ec2: Any, *, today: bool) -> None: ...

    def victim(self, raw: RawEc2, mine: dict[str, str]) -> dict[str, str]:
        """Make what the probes name; `mine` has an instance, a group, a public image and more already."""
        ...

    def bury(self, raw: RawEc2, mine: dict[str, str]) -> None: ...


AREAS = [cast("Area", import_module(f"{__name__}.{found.name}")) for found in iter_modules(__path__)]
