"""Lost hosts that somebody made sure are switched off, and their instances, which may start elsewhere then.

Never two of one instance: without that certainty the guest may still run where nobody can see it. The trap: disks stay
on the host that is gone, so the instance begins anew from its image; and the host, once it is back, may hold what runs
elsewhere by then, so nothing is placed there before the loop has cleaned it up.
"""

from dataclasses import replace

from app.domain.errors import WrongState
from app.domain.host import Host
from app.domain.instance import Instance
from app.domain.ports import Unit
from app.domain.states import HostState, Wanted
from app.services import hosts, instances, moves


def fence(unit: Unit, name: str, why: str) -> Host:
    """Take it for certain that a lost host is switched off; WrongState if it is not lost."""
    host = hosts.get(unit, name)
    if host.state is not HostState.LOST:
        raise WrongState("host", name, host.state, "and only a lost one can be fenced")
    fenced = replace(host, fenced=True)
    if fenced != host:
        unit.hosts.put(fenced, event="host.fenced", text=f"{name} is switched off: {why}")
    return fenced


def cleaned(unit: Unit, name: str) -> None:
    """Take note that a fenced host is back and holds nothing that runs elsewhere."""
    host = unit.hosts.get(name)
    if host is not None and host.fenced:
        unit.hosts.put(replace(host, fenced=False), event="host.cleaned", text=f"{name} is back and clean")


def restart(unit: Unit, instance_id: str, target: str, why: str) -> Instance:
    """Start an instance of a fenced host on another one, with fresh disks; raises what keeps it from being right."""
    instance = instances.get(unit, instance_id)
    here, there = hosts.get(unit, instance.host), hosts.get(unit, target)
    if not here.fenced or here.state is not HostState.LOST:
        raise WrongState("host", here.name, here.state, f"but nobody said that it is off: euca host fence {here.name}")
    if instance.wanted is not Wanted.RUNNING or instance.moving_from:
        raise WrongState("instance", instance_id, instance.state, "and is not to be started elsewhere")
    moves.check_target(unit, instance, here, there)
    launch = instance.launches + 1
    anew = replace(instance, host=there.name, cluster=there.cluster, launches=launch, disks_from=launch)
    text = f"{instance_id} starts on {there.name}, since {here.name} is gone: {why}"
    unit.instances.put(anew, event="instance.restart asked", text=text)
    return anew
