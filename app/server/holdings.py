"""REST: what accounts hold besides instances and images, as collections of all accounts; a kind is one `Shown`."""

from dataclasses import dataclass
from operator import attrgetter
from typing import Any

from litestar import get
from litestar.handlers import HTTPRouteHandler

from app.api.holdings import SubnetView
from app.api.resources import Collection
from app.domain.account import Role
from app.domain.vpc import DEFAULT_VPC_ID
from app.server.desk import At, needs
from app.server.listing import AskedFor, Listing, from_rows, from_table
from app.services import holdings, vpc
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
    """A kind as a collection at `path`, called `many` in its operation's id."""

    path: str
    many: str
    tag: str
    summary: str
    kind: Kind[Any]

    def route(self) -> HTTPRouteHandler:
        """Make the handler of the collection."""
        view: Any = self.kind.view
        listing = listing_of(self.kind)

        @get(self.path, operation_id=f"List{self.many}", summary=self.summary, tags=[self.tag], opt=_VIEWER)
        async def index(desk: At, asked: AskedFor) -> Collection[view]:
            return await listing.answer(desk, asked)

        return index


SHOWN: tuple[Shown, ...] = (
    Shown(
        path="/volumes",
        many="Volumes",
        tag="storage",
        summary="Volumes of all accounts",
        kind=holdings.VOLUMES,
    ),
    Shown(
        path="/snapshots",
        many="Snapshots",
        tag="storage",
        summary="Snapshots of all accounts",
        kind=holdings.SNAPSHOTS,
    ),
    Shown(
        path="/groups",
        many="Groups",
        tag="network",
        summary="Security groups with their rules",
        kind=holdings.GROUPS,
    ),
    Shown(
        path="/addresses",
        many="Addresses",
        tag="network",
        summary="Public addresses that are given",
        kind=holdings.ADDRESSES,
    ),
    Shown(
        path="/networks",
        many="Networks",
        tag="network",
        summary="Private networks of security groups",
        kind=holdings.NETWORKS,
    ),
    Shown(
        path="/key-pairs",
        many="KeyPairs",
        tag="identities",
        summary="Key pairs; the public half is all that there is here",
        kind=holdings.KEY_PAIRS,
    ),
    Shown(
        path="/placement-groups",
        many="PlacementGroups",
        tag="instances",
        summary="Placement groups",
        kind=holdings.PLACEMENT_GROUPS,
    ),
    Shown(
        path="/launch-templates",
        many="LaunchTemplates",
        tag="instances",
        summary="Launch templates, without what their versions say",
        kind=holdings.TEMPLATES,
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


ROUTES: tuple[HTTPRouteHandler, ...] = (*(shown.route() for shown in SHOWN), list_subnets)
