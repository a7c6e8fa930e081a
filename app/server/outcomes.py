"""What the loop reports, written down by services: the bridge between the two, which do not know each other.

It stands apart from `wiring.py` so that the loop and the services can be run together without an HTTP server.
"""

from app.domain.ports import Unit
from app.domain.volume import Volume
from app.services import captures, fencing, hosts, instances, moves, power, volumes


class Outcomes:
    """What the loop reports, written down by services."""

    def gave_up(self, unit: Unit, instance_id: str, code: str, reason: str) -> None:
        instances.gave_up(unit, instance_id, code, reason)

    def powered_off(self, unit: Unit, instance_id: str, *, by_guest: bool) -> None:
        instances.powered_off(unit, instance_id, by_guest=by_guest)

    def sleep_refused(self, unit: Unit, name: str, why: str) -> None:
        power.sleep_refused(unit, name, why)

    def woke(self, unit: Unit, name: str) -> None:
        power.woke(unit, name)

    def moved(self, unit: Unit, instance_id: str) -> None:
        moves.done(unit, instance_id)

    def move_failed(self, unit: Unit, instance_id: str, reason: str) -> None:
        moves.failed(unit, instance_id, reason)

    def image_captured(self, unit: Unit, image_id: str, sha256: str, size_bytes: int) -> None:
        captures.done(unit, image_id, sha256, size_bytes)

    def image_failed(self, unit: Unit, image_id: str, code: str, reason: str) -> None:
        captures.failed(unit, image_id, code, reason)

    def host_cleaned(self, unit: Unit, name: str) -> None:
        fencing.cleaned(unit, name)

    def host_emptied(self, unit: Unit, name: str) -> None:
        hosts.forget(unit, name)

    def let_go(self, unit: Unit, seen: Volume, *, ended: bool) -> None:
        volumes.let_go(unit, seen, ended=ended)

    def growth_refused(self, unit: Unit, volume_id: str, why: str) -> None:
        volumes.growth_refused(unit, volume_id, why)
