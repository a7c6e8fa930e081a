"""Hosts as placement sees them: what is free, and whether they take anything new."""

from collections.abc import Iterable

from app.domain.host import Host
from app.domain.ports import Unit
from app.domain.states import HostState, HostWanted, PowerWanted
from app.domain.vmtype import NOTHING
from app.rules.place import Room


def rooms(unit: Unit, hosts: Iterable[Host]) -> list[Room]:
    """Show hosts as the rules see them, with what is held already taken off."""
    held = unit.held()
    return [
        Room(
            host=host.name,
            cluster=host.cluster,
            ordinal=host.ordinal,
            free=host.room - held.get(host.name, NOTHING),
            closed=closed(host),
            asleep=host.power_wanted is PowerWanted.ASLEEP,
        )
        for host in hosts
    ]


def closed(host: Host) -> str:
    """Say why a host takes nothing new; empty if it does."""
    if host.wanted is not HostWanted.ENABLED:
        return f"is {host.wanted}"
    if host.fenced:
        return "was switched off for good and has not been cleaned up since"
    if host.state is not HostState.UP:
        return "has not been reached yet" if host.state is HostState.UNKNOWN else "is lost"
    return ""
