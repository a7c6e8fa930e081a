"""What an instance lacks to be as it is wanted, and what would help, in a person's words.

The trap: nothing here is a promise. It tells what the store knows of host, image and tries; what the loop does about it
shows in the events.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from app.domain.host import Host
from app.domain.instance import Instance
from app.domain.ports import Unit
from app.domain.states import HostState, ImageState, InstanceState, Power
from app.services import views

ASLEEP = frozenset({Power.ASLEEP, Power.FALLING_ASLEEP})


@dataclass(frozen=True, slots=True, kw_only=True)
class Lack:
    """One thing that is missing, and what would help."""

    missing: str
    helps: str


def lacks(unit: Unit, instance: Instance) -> tuple[Lack, ...]:
    """Say what is missing; nothing for one that is as it is wanted, or on its way off."""
    host = unit.hosts.get(instance.host)
    if instance.state is InstanceState.PENDING:
        return tuple(_pending(unit, instance, host))
    if instance.state is InstanceState.RUNNING:
        return tuple(_running(instance, host))
    return ()


def _pending(unit: Unit, instance: Instance, host: Host | None) -> Iterator[Lack]:
    found = [*_of_host(host), *_of_image(unit, instance), *_of_tries(instance)]
    yield from found
    if not found:
        yield Lack(
            missing=f"nothing: {instance.host} copies the image if it has to, makes the disks and boots",
            helps="Waiting. A large image takes its time on the first launch on a host.",
        )


def _running(instance: Instance, host: Host | None) -> Iterator[Lack]:
    if instance.impaired_since_ms:
        yield from _of_host(host) or _unseen(instance)
    if views.halted(instance):
        yield Lack(
            missing=f"it is paused on {instance.host}, as a hypervisor does when a disk is full or fails",
            helps="Room on the host's disks, or a look at its log; then reboot the instance.",
        )
    if instance.moving_from:
        yield Lack(
            missing=f"it is on its way from {instance.moving_from} to {instance.host}",
            helps="Waiting. If the move fails it stays where it is, and the reason is written down here.",
        )


def _unseen(instance: Instance) -> list[Lack]:
    return [Lack(missing=f"{instance.host} was not seen to run it lately", helps="A look at the host's own list.")]


def _of_host(host: Host | None) -> list[Lack]:
    if host is None:
        return [Lack(missing="its host has left the cloud", helps="Terminate it and launch it anew.")]
    if host.power in ASLEEP or host.power is Power.WAKING:
        state = "wakes up" if host.power is Power.WAKING else "is asleep and was told to wake"
        error = f"; the last try failed: {host.power_error}" if host.power_error else ""
        return [
            Lack(
                missing=f"its host {host.name} {state}{error}",
                helps="Waiting; if it does not wake up, switch the host on by hand.",
            )
        ]
    if host.state is not HostState.UP:
        reason = f": {host.last_error}" if host.last_error else ""
        return [
            Lack(
                missing=f"its host {host.name} does not answer{reason}",
                helps=f"The host back, then it goes on by itself. If it is off for good: euca host fence {host.name}, "
                "and a rule with `restart vm` starts it elsewhere; else terminate it and launch it anew.",
            )
        ]
    return []


def _of_image(unit: Unit, instance: Instance) -> list[Lack]:
    ids = [given for given in (instance.image_id, instance.kernel_id, instance.ramdisk_id) if given]
    rows = {row.id: row for row in unit.images.where(id=tuple(ids))}
    gone = [given for given in ids if given not in rows or rows[given].state is not ImageState.AVAILABLE]
    return [
        Lack(
            missing=f"the image {given} is {rows[given].state if given in rows else 'gone'}",
            helps="Registering its file again, if the host has no copy of it yet.",
        )
        for given in gone
    ]


def _of_tries(instance: Instance) -> list[Lack]:
    if not instance.last_error:
        return []
    tries = f"{instance.attempts} tries" if instance.attempts != 1 else "one try"
    return [
        Lack(
            missing=f"{tries} on {instance.host} failed, the last one with: {instance.last_error}",
            helps="It is tried again by itself a few times. Mend what the message names on the host meanwhile, "
            "or launch again elsewhere.",
        )
    ]
