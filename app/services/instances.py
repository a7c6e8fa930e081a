"""Instances: what users ask of them, and what the reconcile loop reports that changes what is wanted.

Nothing here touches a host: a function changes what is wanted, the loop makes it so.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime

from app.domain import ids, vpc
from app.domain.account import Caller
from app.domain.commands import RunInstances
from app.domain.errors import Invalid, Mismatch, Missing, WrongState
from app.domain.instance import Instance, Reservation, mac_of
from app.domain.ports import Entropy, Unit
from app.domain.states import INSTANCE, InstanceState, Wanted
from app.services import (
    admission,
    captures,
    client_tokens,
    decisions,
    launch_volumes,
    placement_groups,
    power,
    protection,
    public_addresses,
    tags,
)
from app.services.access import each, owns, scope
from app.services.mapping import Mapping
from app.services.rooms import rooms


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One instance before and after an action."""

    before: InstanceState
    instance: Instance


def run(
    unit: Unit, caller: Caller, command: RunInstances, entropy: Entropy, mapping: Mapping
) -> tuple[Reservation, list[Instance]]:
    """Admit and record a reservation; a client token that was used before gives its reservation again.

    Raises Mismatch if the token came with another request, and all that `admission.admit` raises.
    """
    if command.client_token:
        earlier = _earlier(unit, caller, command)
        if earlier is not None:
            return earlier, in_launch_order(unit.instances.where(reservation_id=earlier.id))
    admitted = admission.admit(unit, caller, command, entropy, mapping)
    reservation = Reservation(
        id=ids.mint("reservation", entropy(ids.ENTROPY_BYTES)),
        account_id=caller.account_id,
        user_id=caller.user_id,
        client_token=command.client_token,
        request_sha256=command.request_sha256,
        created_at_ms=unit.now_ms,
    )
    unit.reservations.add(reservation)
    power.wake_all(unit, (chosen.host for chosen in admitted.choice.chosen), f"{reservation.id} is placed there")
    instances = []
    for index, instance_id in enumerate(_mint(unit, len(admitted.cards), entropy)):
        instance = _asked(reservation, command, admitted, index, instance_id)
        unit.instances.add(instance, event="instance.asked", text=f"placed on {instance.host}")
        decisions.placed(unit, instance, admitted.choice)
        instances.append(instance)
    public_addresses.give(unit, instances, admitted.public_addresses, entropy)
    launch_volumes.add(unit, caller, command, instances, entropy)
    if command.tags:
        tags.set_on(unit, caller, [instance.id for instance in instances], command.tags)
    tags.mark(unit, instances, command.marks)
    return reservation, instances


def terminate(unit: Unit, caller: Caller, instance_ids: Sequence[str]) -> list[Change]:
    """Want instances gone for good, whatever state they are in; Protected, and none goes, if one may not."""

    def end(instance: Instance) -> Instance:
        if instance.wanted is Wanted.TERMINATED:
            return instance
        protection.check_terminate(instance)
        return _ended(unit, instance, "Client.UserInitiatedShutdown", "User initiated shutdown", "User initiated")

    return _each(unit, caller, instance_ids, "terminate", end)


def stop(unit: Unit, caller: Caller, instance_ids: Sequence[str], *, force: bool = False) -> list[Change]:
    """Want instances off with their disks kept; Protected, and none stops, if one may not.

    `force` asks no guest, also where one was asked already and does not go.
    """

    def off(instance: Instance) -> Instance:
        if instance.wanted is Wanted.STOPPED:
            return replace(instance, forced=instance.forced or force)
        protection.check_stop(instance)
        return _stopped(
            unit,
            replace(instance, forced=force),
            "Client.UserInitiatedShutdown",
            "User initiated shutdown",
            "User initiated",
        )

    return _each(unit, caller, instance_ids, "stop", off)


def start(unit: Unit, caller: Caller, instance_ids: Sequence[str], mapping: Mapping) -> list[Change]:
    """Want stopped instances running again on their host; NoCapacity if it, or a hard rule, does not take them."""

    def again(instance: Instance) -> Instance:
        if instance.state in (InstanceState.PENDING, InstanceState.RUNNING):
            return instance
        captures.refuse_start(unit, instance)
        _check_room(unit, caller, instance, mapping)
        power.wake(unit, instance.host, f"{instance.id} starts there")
        return replace(
            instance,
            wanted=Wanted.RUNNING,
            forced=False,
            launches=instance.launches + 1,
            launched_at_ms=unit.now_ms,
            state_reason_code="",
            state_reason="",
            transition_reason="",
        )

    states = (InstanceState.PENDING, InstanceState.RUNNING)
    return _each(unit, caller, instance_ids, "start", again, harmless=states)


def reboot(unit: Unit, caller: Caller, instance_ids: Sequence[str]) -> list[Change]:
    """Want running instances restarted."""

    def anew(instance: Instance) -> Instance:
        return replace(instance, reboots=instance.reboots + 1)

    return _each(unit, caller, instance_ids, "reboot", anew)


ACTIONS = ("terminate", "stop", "start", "reboot")


def act(unit: Unit, caller: Caller, action: str, instance_ids: Sequence[str], mapping: Mapping) -> list[Change]:
    """Terminate, stop, start or reboot."""
    if action not in ACTIONS:
        raise Invalid("action", action, f"Choose one of {', '.join(ACTIONS)}.")
    if action == "start":
        return start(unit, caller, instance_ids, mapping)
    return {"terminate": terminate, "stop": stop, "reboot": reboot}[action](unit, caller, instance_ids)


def find(unit: Unit, caller: Caller, instance_ids: Sequence[str]) -> list[Instance]:
    """Look instances up in the order asked, each once; Missing names all that are not there for the caller."""
    now_ms = unit.now_ms
    return each(unit.instances, "instance", instance_ids, lambda one: owns(caller, one) and not one.hidden(now_ms))


def of_interface(unit: Unit, caller: Caller, interface_id: str) -> Instance:
    """Look an instance up by its network interface, which it has as long as it is there; Missing otherwise."""
    instance = unit.instances.get(vpc.instance_of(ids.parse(interface_id, "network interface")))
    if instance is None or not owns(caller, instance) or instance.removed:
        raise Missing("network interface", interface_id)
    return instance


def get(unit: Unit, instance_id: str) -> Instance:
    """Return an instance, whoever's it is; Missing otherwise."""
    instance = unit.instances.get(instance_id)
    if instance is None:
        raise Missing("instance", instance_id)
    return instance


def visible(unit: Unit, caller: Caller) -> list[Instance]:
    """List the caller's instances, oldest first; terminated ones for an hour."""
    shown = [instance for instance in unit.instances.where(**scope(caller)) if not instance.hidden(unit.now_ms)]
    return sorted(shown, key=lambda i: (i.created_at_ms, i.reservation_id, i.launch_index))


def in_launch_order(instances: Sequence[Instance]) -> list[Instance]:
    return sorted(instances, key=lambda instance: instance.launch_index)


def gave_up(unit: Unit, instance_id: str, code: str, reason: str) -> None:
    """Record that an instance can not be brought up: a new one ends, one that ran before is stopped."""
    instance = unit.instances.get(instance_id)
    if instance is None or instance.wanted is not Wanted.RUNNING:
        return
    # The owner reads it, so the host has no name there; the journal keeps it.
    told = reason.removeprefix(f"{code}: ").replace(instance.host, "its host")
    change = _stopped if instance.launches > 1 or instance.launched else _ended
    unit.instances.put(change(unit, instance, code, told, "Server"), event="instance.gave up", text=reason)


def powered_off(unit: Unit, instance_id: str, *, by_guest: bool) -> None:
    """Record that an instance is off: stop or terminate as its launch said, if its guest did it; else it is stopped.

    What its host did, as by a power cut, must not cost anybody their disks.
    """
    instance = unit.instances.get(instance_id)
    if instance is None or instance.state is not InstanceState.RUNNING:
        return
    if by_guest:
        code, reason, by = "Client.InstanceInitiatedShutdown", "Instance initiated shutdown", "Instance initiated"
    else:
        code, reason, by = "Server.InternalError", "The host switched the instance off", "Server"
    change = _ended if by_guest and instance.shutdown_behavior == "terminate" else _stopped
    unit.instances.put(change(unit, instance, code, reason, by), event="instance.powered off")


def _earlier(unit: Unit, caller: Caller, command: RunInstances) -> Reservation | None:
    token = command.client_token
    client_tokens.check(token)
    earlier = unit.reservations.where(account_id=caller.account_id, client_token=token)
    if not earlier:
        return None
    if earlier[0].request_sha256 != command.request_sha256:
        raise Mismatch(token)
    return earlier[0]


def _asked(
    reservation: Reservation, command: RunInstances, admitted: admission.Admitted, index: int, instance_id: str
) -> Instance:
    chosen, card = admitted.choice.chosen[index], admitted.cards[index]
    return Instance(
        id=instance_id,
        reservation_id=reservation.id,
        account_id=reservation.account_id,
        launch_index=index,
        image_id=admitted.image.id,
        kernel_id=admitted.kernel_id,
        ramdisk_id=admitted.ramdisk_id,
        key_name=admitted.key_name,
        group_ids=tuple(group.id for group in admitted.groups),
        placement_group=admitted.placement_group,
        partition_number=admitted.choice.partitions[index],
        vmtype=admitted.vmtype.name,
        cores=admitted.vmtype.cores,
        memory_mib=admitted.vmtype.memory_mib,
        disk_gb=admitted.vmtype.disk_gb,
        cluster=chosen.cluster,
        host=chosen.host,
        mac=card.mac or mac_of(instance_id),
        private_ip=card.address,
        gateway=card.gateway,
        interface_description=command.interface_description,
        public_key=admitted.public_key,
        user_data=command.user_data,
        architecture=admitted.image.architecture,
        shutdown_behavior=command.shutdown_behavior,
        monitoring=command.monitoring,
        **asdict(command.guards),
        **asdict(command.metadata),
        placement_reasons=chosen.reasons,
        launched_at_ms=reservation.created_at_ms,
        created_at_ms=reservation.created_at_ms,
    )


def _mint(unit: Unit, count: int, entropy: Entropy) -> list[str]:
    """Mint ids whose MAC addresses, which hold only 32 bits of them, no other instance has."""
    by_mac: dict[str, str] = {}
    while len(by_mac) < count:
        minted = [ids.mint("instance", entropy(ids.ENTROPY_BYTES)) for _ in range(count - len(by_mac))]
        found = {mac_of(instance_id): instance_id for instance_id in minted} | by_mac
        for row in unit.instances.where(mac=tuple(found)):
            found.pop(row.mac, None)
        by_mac = found
    return list(by_mac.values())


def _each(
    unit: Unit,
    caller: Caller,
    instance_ids: Sequence[str],
    event: str,
    change: Callable[[Instance], Instance],
    harmless: Sequence[InstanceState] = (),
) -> list[Change]:
    instances = find(unit, caller, instance_ids)
    for instance in instances:
        if instance.state not in harmless and not INSTANCE.allows(instance.state, event):
            raise WrongState("instance", instance.id, instance.state, f"which does not allow to {event} it")
    changes = []
    for instance in instances:
        after = change(instance)
        unit.instances.put(after, event=f"instance.{event} asked", text=f"{event} asked by {caller.user_name}")
        changes.append(Change(before=instance.state, instance=after))
    return changes


def _check_room(unit: Unit, caller: Caller, instance: Instance, mapping: Mapping) -> None:
    host = unit.hosts.get(instance.host)
    if host is None:
        raise admission.no_room(caller, instance.vmtype, 1, f"its host {instance.host} has left the cloud")
    room = rooms(unit, (host,))[0]
    need = replace(instance.size, disk_gb=0)  # it holds its disk already
    if room.closed or not room.free.covers(need):
        why = room.closed or f"has {room.free.cores} cores and {room.free.memory_mib} MiB free"
        raise admission.no_room(caller, instance.vmtype, 1, f"its host {host.name} {why}")
    apart = placement_groups.objection(unit, instance, host.name)
    if apart:
        raise admission.no_room(caller, instance.vmtype, 1, f"its host {host.name} {apart}")
    objections = mapping.objections(unit, instance, host.name)
    if objections:
        reasons = [f"its host {host.name} is refused by {clause}" for clause in objections]
        raise admission.no_room(caller, instance.vmtype, 1, *reasons)


def _ended(unit: Unit, instance: Instance, code: str, reason: str, by: str) -> Instance:
    public_addresses.leave(unit, instance.id)
    return replace(
        instance,
        wanted=Wanted.TERMINATED,
        ended_at_ms=unit.now_ms,
        state_reason_code=code,
        state_reason=f"{code}: {reason}",
        transition_reason=_by(unit, by),
    )


def _stopped(unit: Unit, instance: Instance, code: str, reason: str, by: str) -> Instance:
    return replace(
        instance,
        wanted=Wanted.STOPPED,
        state_reason_code=code,
        state_reason=f"{code}: {reason}",
        transition_reason=_by(unit, by),
    )


def _by(unit: Unit, who: str) -> str:
    return f"{who} ({datetime.fromtimestamp(unit.now_ms / 1000, UTC):%Y-%m-%d %H:%M:%S} GMT)"
