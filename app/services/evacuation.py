"""A host for an instance that is to leave its own, whoever asks for it but rules, which have plans of their own.

The trap: it stays in its cluster, which its user chose; and hard rules count although nobody asked a policy.
"""

from app.domain.errors import CloudError, NoCapacity
from app.domain.host import Host
from app.domain.instance import Instance
from app.domain.ports import Unit
from app.domain.vmtype import NOTHING
from app.services import hosts, moves
from app.services.mapping import Mapping

REASONS_TOLD = 3


def elsewhere(unit: Unit, instance: Instance, mapping: Mapping) -> str:
    """Name the host with most free memory that may take an instance, one that is awake first; NoCapacity if none."""
    here, why = hosts.get(unit, instance.host), list[str]()
    for there in _by_room(unit, here):
        objection = _objection(unit, instance, here, there, mapping)
        if not objection:
            return there.name
        why.append(objection)
    told = list(dict.fromkeys(why))[:REASONS_TOLD] or [f"{here.name} is the only host of {here.cluster}"]
    raise NoCapacity(instance.vmtype, 1, told)


def _by_room(unit: Unit, here: Host) -> list[Host]:
    held = unit.held()

    def order(host: Host) -> tuple[bool, int, str]:
        return host.power_wanted != "on", -(host.room - held.get(host.name, NOTHING)).memory_mib, host.name

    return sorted((host for host in unit.hosts.where(cluster=here.cluster) if host.name != here.name), key=order)


def _objection(unit: Unit, instance: Instance, here: Host, there: Host, mapping: Mapping) -> str:
    try:
        moves.check_target(unit, instance, here, there)
    except NoCapacity as error:
        return "; ".join(error.reasons)
    except CloudError as error:
        return str(error)
    return "; ".join(
        f"{there.name} is refused by {clause}" for clause in mapping.objections(unit, instance, there.name)
    )
