"""Instance types as a request names them: by name, by alias."""

from difflib import get_close_matches

from app.domain.errors import Invalid
from app.domain.ports import Unit
from app.domain.vmtype import VmType


def resolve(unit: Unit, name: str) -> VmType:
    """Return the type that a name or an alias stands for, under the name that was asked for."""
    asked = unit.vmtypes.get(name)
    if asked is None:
        near = get_close_matches(name, [vmtype.name for vmtype in unit.vmtypes.where()], n=1)
        raise Invalid("InstanceType", name, f"Did you mean {near[0]}?" if near else "There is no such type here.")
    if not asked.alias_of:
        return asked
    real = unit.vmtypes.get(asked.alias_of)
    if real is None:
        raise Invalid("InstanceType", name, f"It is an alias of {asked.alias_of}, which is no more.")
    return VmType(name=name, cores=real.cores, memory_mib=real.memory_mib, disk_gb=real.disk_gb)
