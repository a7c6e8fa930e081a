"""Which of Amazon's filters look at something here: each Describe is asked in process, by one that knows no others.

A filter without facts is then refused like a made-up one, so nobody has to keep a list.
"""

import asyncio
from collections.abc import Iterable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, cast

from app.domain.errors import Invalid
from app.domain.ports import Unit
from app.domain.vpc import DEFAULT_VPC_ID
from app.server.ec2.operation import Ask, Filter, Operation, Site
from app.server.query import OPERATIONS
from app.store.database import Database
from app.wire.amendments import Amendments
from tests.builders import CountingEntropy, FrozenClock, a_caller, a_host, a_mapping, furnish

# What a Describe must be told beside its filters.
NEEDED: dict[str, dict[str, Any]] = {
    "GetSecurityGroupsForVpc": {"vpc_id": DEFAULT_VPC_ID},
    "DescribeLaunchTemplateVersions": {"versions": ["$Latest"]},
}


def working_filters() -> dict[str, list[str]]:
    """Collect by operation the filters that can match something; `tag:` stands for all that begin so."""
    amendments = Amendments.load()
    asked = {op: sorted(known) for op in OPERATIONS if (known := amendments.filters(op.name))}

    async def run(directory: str) -> dict[str, list[str]]:
        async with Database.open(Path(directory) / "cloud.sqlite3", clock=FrozenClock()) as store:
            await store.write(lambda unit: furnish(unit, a_host("host1")))
            return await store.write(lambda unit: _of_all(unit, asked))

    with TemporaryDirectory() as directory:
        return asyncio.run(run(directory))


def _of_all(unit: Unit, asked: Mapping[Operation, Iterable[str]]) -> dict[str, list[str]]:
    return {op.name: [name for name in known if _works(unit, op, name)] for op, known in asked.items()}


def _works(unit: Unit, operation: Operation, name: str) -> bool:
    needed = NEEDED.get(operation.name, {})
    request: Any = operation.request
    member = "filters" if "filters" in request.__struct_fields__ else "filter"
    asked = request(**needed, **{member: [Filter(name=name.replace("tag:", "tag:Name"), values=["x"])]})
    ask: Ask[Any] = Ask(
        operation=operation.name, request=asked, unit=unit, caller=a_caller(), site=_site(), over=lambda _: asked
    )
    try:
        operation.handle(ask)
    except Invalid as error:
        if error.parameter == "Filter.Name":
            return False
        raise
    return True


def _site() -> Site:
    return Site(
        region="eucalyptus", public_url="http://127.0.0.1/", mapping=a_mapping(), entropy=CountingEntropy(),
        files=cast("Any", None), hypervisors=cast("Any", None), filters=lambda _: frozenset(),
    )  # fmt: skip
