"""Hosts for new instances, chosen by the policy that is active in the store."""

from app.domain.errors import Missing
from app.domain.ports import Unit
from app.domain.vmtype import Size
from app.rules.place import Decision, place
from app.services import rulesets
from app.services.rooms import rooms

_CURSOR = "roundrobin.cursor"


class Mapping:
    """Lives as long as the server; every call belongs to the transaction it is made in."""

    def choose(self, unit: Unit, need: Size, most: int, cluster: str = "") -> Decision:
        """Choose hosts for up to `most` instances, in one cluster or in all; nothing is written but for `settle`."""
        if cluster and unit.clusters.get(cluster) is None:
            raise Missing("zone", cluster)
        hosts = unit.hosts.where(cluster=cluster) if cluster else unit.hosts.where()
        cursor = int(unit.setting(_CURSOR, "-1"))
        return place(rooms(unit, hosts), need, most, rulesets.active(unit).policy, cursor)

    def settle(self, unit: Unit, decision: Decision) -> None:
        """Take a decision for made: ROUNDROBIN goes on behind it."""
        unit.set_setting(_CURSOR, str(decision.cursor))
