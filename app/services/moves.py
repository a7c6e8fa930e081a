"""Moves of running instances between hosts: asked for here, made by the reconcile loop, which reports how it ended.

From `begin` on the new host is the instance's host and the old one is where it comes from; it holds its room on both
until the loop has seen where it ended up. EC2 shows `running` all the while.
"""

from dataclasses import replace

from app.domain.errors import Combination, NoCapacity, WrongState
from app.domain.host import Host
from app.domain.instance import Instance
from app.domain.ports import Unit
from app.domain.states import HostState, InstanceState, Seen
from app.services import addresses, decisions, hosts, instances, placement_groups, power
from app.services.rooms import rooms


def begin(unit: Unit, instance_id: str, target: str, why: str) -> Instance:
    """Want a running instance on another host.

    Raises Missing, WrongState, Combination or NoCapacity, with names of hosts: it is for those who run the cloud.
    """
    instance, there = instances.get(unit, instance_id), hosts.get(unit, target)
    _check_at_rest(instance)
    here = hosts.get(unit, instance.host)
    if here.state is not HostState.UP:
        raise Combination(f"The host {here.name}, where the instance is, is {here.state}")
    check_target(unit, instance, here, there)
    moving = replace(instance, host=there.name, cluster=there.cluster, moving_from=here.name)
    text = f"{instance.id} moves from {here.name} to {there.name}: {why}"
    unit.instances.put(moving, event="instance.move asked", text=text)
    power.wake_all(unit, (there.name,), f"{instance.id} comes")
    return moving


def done(unit: Unit, instance_id: str) -> None:
    """Record that an instance runs where it was to go, and that nothing is left where it was."""
    instance = unit.instances.get(instance_id)
    if instance is None or not instance.moving_from:
        return
    text = f"{instance.id} moved from {instance.moving_from} to {instance.host}"
    unit.instances.put(replace(instance, moving_from=""), event="instance.moved", text=text)


def failed(unit: Unit, instance_id: str, reason: str) -> None:
    """Record that an instance stays where it was."""
    instance = unit.instances.get(instance_id)
    if instance is None or not instance.moving_from:
        return
    home = unit.hosts.get(instance.moving_from)
    cluster = instance.cluster if home is None else home.cluster
    stays = replace(instance, host=instance.moving_from, cluster=cluster, moving_from="")
    text = f"{instance.id} did not move from {instance.moving_from} to {instance.host}: {reason}"
    unit.instances.put(stays, event="instance.move failed", text=text)
    decisions.stayed(unit, stays, instance.host, reason)


def _check_at_rest(instance: Instance) -> None:
    """Only what runs, and is seen to run, moves; one move at a time."""
    if instance.moving_from:
        why = f"and moves from {instance.moving_from} to {instance.host} already"
        raise WrongState("instance", instance.id, instance.state, why)
    if instance.resting:
        raise WrongState("instance", instance.id, instance.state, "and its disk is about to be read: it stays")
    if instance.state is not InstanceState.RUNNING or instance.seen is not Seen.RUNNING:
        raise WrongState("instance", instance.id, instance.state, f"and its host shows {instance.seen}: it stays")


def check_target(unit: Unit, instance: Instance, here: Host, there: Host) -> None:
    """Combination or NoCapacity unless an instance of one host could run on another."""
    _check_alike(here, there)
    if addresses.network_of(unit, here) != addresses.network_of(unit, there):
        raise Combination(f"The host {there.name} is on another network than {here.name}")
    _check_room(unit, instance, there)
    apart = placement_groups.objection(unit, instance, there.name)
    if apart:
        raise NoCapacity(instance.vmtype, 1, (f"{there.name} {apart}",))


def _check_alike(here: Host, there: Host) -> None:
    if here.name == there.name:
        raise Combination(f"The instance is on {there.name} already")
    ours, theirs = (f"{host.kind} on {host.architecture}" for host in (here, there))
    if ours != theirs:
        raise Combination(f"The host {there.name} runs {theirs} and {here.name} runs {ours}")


def _check_room(unit: Unit, instance: Instance, there: Host) -> None:
    room = rooms(unit, (there,))[0]
    if room.closed or not room.free.covers(instance.size):
        free = room.free
        why = room.closed or f"has {free.cores} cores, {free.memory_mib} MiB and {free.disk_gb} GB free"
        raise NoCapacity(instance.vmtype, 1, (f"{there.name} {why}",))
