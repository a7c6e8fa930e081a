"""REST: what accounts hold besides instances and images, as collections of all accounts; a kind is one `Shown`.

The trap: services look for an account's own things by name, and operators see everybody's, so all is named by its id.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

from litestar import get
from litestar.handlers import HTTPRouteHandler

from app.api.holdings import SubnetView
from app.api.resources import Collection
from app.domain.account import Role
from app.domain.address import Address
from app.domain.errors import Missing
from app.domain.ports import Unit
from app.domain.vpc import DEFAULT_VPC_ID
from app.server.desk import At, Desk, needs
from app.server.listing import AskedFor, Listing, from_rows, from_table
from app.services import groups, holdings, keypairs, launch_templates, placement_groups, snapshots, volumes, vpc
from app.services.holdings import Kind

_VIEWER = needs(Role.VIEWER)


def listing_of(kind: Kind[Any]) -> Listing[Any, Any]:
    """Make the collection of a kind."""
    key = kind.order or attrgetter(kind.key)
    return Listing(
        view=kind.view,
        key=key,
        first=from_rows(lambda unit, desk: kind.rows(unit), key)
        if kind.order
        else from_table(kind.table, lambda unit, desk, row: kind.shown(row), kind.key),
        views=lambda unit, desk, rows: kind.views(unit, rows),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A kind as a collection at `path`, called `one` and `many` in operation ids; `find` raises Missing."""

    path: str
    one: str
    many: str
    tag: str
    summary: str
    kind: Kind[Any]
    find: Callable[[Unit, Desk, str], Any]

    def routes(self) -> Iterator[HTTPRouteHandler]:
        """Yield the handlers of the collection and of one thing in it."""
        view: Any = self.kind.view
        listing = listing_of(self.kind)

        async def index(desk: At, asked: AskedFor) -> Collection[view]:
            return await listing.answer(desk, asked)

        async def show(desk: At, thing_id: str) -> view:
            def work(unit: Unit) -> Any:
                return self.kind.views(unit, [self.find(unit, desk, thing_id)])[0]

            return await desk.read(work)

        declared: dict[str, Any] = {"tags": [self.tag], "opt": _VIEWER}
        yield get(self.path, operation_id=f"List{self.many}", summary=self.summary, **declared)(index)
        one = f"{self.path}/{{thing_id:str}}"
        yield get(one, operation_id=f"Get{self.one}", summary=f"One of them: {self.summary.lower()}", **declared)(show)


def _address(unit: Unit, given: str) -> Address:
    row = unit.addresses.get(given)
    if row is None:
        raise Missing("address", given)
    return row


SHOWN: tuple[Shown, ...] = (
    Shown(
        path="/volumes",
        one="Volume",
        many="Volumes",
        tag="storage",
        summary="Volumes of all accounts",
        kind=holdings.VOLUMES,
        find=lambda unit, desk, given: volumes.find(unit, desk.caller, (given,))[0],
    ),
    Shown(
        path="/snapshots",
        one="Snapshot",
        many="Snapshots",
        tag="storage",
        summary="Snapshots of all accounts",
        kind=holdings.SNAPSHOTS,
        find=lambda unit, desk, given: snapshots.own(unit, desk.caller, given),
    ),
    Shown(
        path="/groups",
        one="Group",
        many="Groups",
        tag="network",
        summary="Security groups with their rules",
        kind=holdings.GROUPS,
        find=lambda unit, desk, given: groups.one(unit, desk.caller, given, ""),
    ),
    Shown(
        path="/addresses",
        one="Address",
        many="Addresses",
        tag="network",
        summary="Public addresses that are given",
        kind=holdings.ADDRESSES,
        find=lambda unit, desk, given: _address(unit, given),
    ),
    Shown(
        path="/key-pairs",
        one="KeyPair",
        many="KeyPairs",
        tag="identities",
        summary="Key pairs; the public half is all that there is here",
        kind=holdings.KEY_PAIRS,
        find=lambda unit, desk, given: keypairs.find(unit, desk.caller, key_id=given),
    ),
    Shown(
        path="/placement-groups",
        one="PlacementGroup",
        many="PlacementGroups",
        tag="instances",
        summary="Placement groups",
        kind=holdings.PLACEMENT_GROUPS,
        find=lambda unit, desk, given: placement_groups.find(unit, desk.caller, (), (given,))[0],
    ),
    Shown(
        path="/launch-templates",
        one="LaunchTemplate",
        many="LaunchTemplates",
        tag="instances",
        summary="Launch templates, without what their versions say",
        kind=holdings.TEMPLATES,
        find=lambda unit, desk, given: launch_templates.named(unit, desk.caller, given, ""),
    ),
)


@get(
    "/subnets",
    operation_id="ListSubnets",
    summary="Clusters as clients of EC2 see them in the one VPC",
    tags=["network"],
    opt=_VIEWER,
)
async def list_subnets(desk: At, asked: AskedFor) -> Collection[SubnetView]:
    return await _SUBNETS.answer(desk, asked)


_SUBNETS: Listing[vpc.ClusterSubnet, SubnetView] = Listing(
    view=SubnetView,
    key=attrgetter("cluster"),
    first=from_rows(lambda unit, desk: vpc.subnets(unit), attrgetter("cluster")),
    views=lambda unit, desk, rows: [
        SubnetView(id=row.id, cluster=row.cluster, cidr=row.cidr, vpc_id=DEFAULT_VPC_ID) for row in rows
    ],
)


ROUTES: tuple[HTTPRouteHandler, ...] = (*(route for shown in SHOWN for route in shown.routes()), list_subnets)
