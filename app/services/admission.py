"""Admission of new instances: everything is checked and chosen before the first row is written.

The order is 1.6.1's, since it decides which error a request with several faults gets: image, kernel and
ramdisk; key pair; type; groups; capacity. All or nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from app.domain.account import Caller
from app.domain.commands import RunInstances
from app.domain.errors import Combination, Invalid, Missing, NoCapacity, OverLimit
from app.domain.group import SecurityGroup
from app.domain.image import Image, ImageKind
from app.domain.network import Card
from app.domain.ports import Entropy, Unit
from app.domain.vmtype import VmType
from app.services import addresses, groups, images, keypairs, placement_groups, public_addresses, quotas, tags, types
from app.services.access import sees_hosts
from app.services.machines import Wish
from app.services.mapping import Choice, Mapping

MOST_PER_REQUEST = 1000
MOST_GROUPS = 16
LONGEST_DESCRIPTION = 255
USER_DATA_BYTES = 16 * 1024
MOST_HOPS = 64
SHUTDOWN_BEHAVIORS = ("stop", "terminate")
_MIB = 1 << 20
_ADVICE = "ask for fewer, for a smaller type or in another zone, or try again later"


@dataclass(frozen=True, slots=True, kw_only=True)
class Admitted:
    """What the instances of one request share, and where each of them goes."""

    image: Image
    kernel_id: str
    ramdisk_id: str
    key_name: str
    public_key: str
    vmtype: VmType
    groups: tuple[SecurityGroup, ...]
    placement_group: str
    choice: Choice
    cards: tuple[Card, ...]
    public_addresses: tuple[str, ...]


def admit(unit: Unit, caller: Caller, command: RunInstances, entropy: Entropy, mapping: Mapping) -> Admitted:
    """Check a request and choose hosts; nothing but the default group and the cursor of ROUNDROBIN is written."""
    _check_numbers(command)
    image = images.usable(unit, caller, command.image_id, ImageKind.MACHINE)
    kernel_id = command.kernel_id or image.kernel_id
    ramdisk_id = command.ramdisk_id or image.ramdisk_id
    if kernel_id:
        kernel_id = images.usable(unit, caller, kernel_id, ImageKind.KERNEL).id
    if ramdisk_id:
        ramdisk_id = images.usable(unit, caller, ramdisk_id, ImageKind.RAMDISK).id
    if ramdisk_id and not kernel_id:
        raise Combination("A ramdisk needs a kernel: give KernelId, or register the image with one")
    pair = keypairs.find(unit, caller, name=command.key_name) if command.key_name else None
    vmtype = types.resolve(unit, command.vmtype)
    check_fit(image, vmtype)
    count = quotas.launchable(unit, caller.account_id, command.min_count, command.max_count, vmtype.cores)
    command = replace(command, max_count=count)
    named = _groups(unit, caller, command, entropy)
    company = placement_groups.asked(
        unit, caller, command.placement_group, command.placement_group_id, command.partition_number
    )
    wished = Wish(caller=caller, command=command, vmtype=vmtype, image_id=image.id, group=company)
    choice, given, public = _place(unit, wished, mapping, named[0])
    return Admitted(
        image=image,
        kernel_id=kernel_id,
        ramdisk_id=ramdisk_id,
        key_name=pair.name if pair else "",
        public_key=pair.public_key if pair else "",
        vmtype=vmtype,
        groups=named,
        placement_group=company.name if company else "",
        choice=choice,
        cards=given,
        public_addresses=public,
    )


def no_room(caller: Caller, vmtype: str, asked: int, *reasons: str) -> NoCapacity:
    """Form the refusal; the reasons name hosts, so only those who run the cloud are told."""
    return NoCapacity(vmtype, asked, reasons if sees_hosts(caller) else (_ADVICE,))


def _check_numbers(command: RunInstances) -> None:
    if command.min_count < 1:
        raise Invalid("MinCount", command.min_count, "It is at least 1.")
    if command.max_count < command.min_count:
        raise Invalid("MaxCount", command.max_count, f"It is at least MinCount ({command.min_count}).")
    if command.max_count > MOST_PER_REQUEST:
        raise OverLimit("instances per request", command.max_count, MOST_PER_REQUEST)
    check_user_data(command.user_data)
    check_description(command.interface_description)
    check_shutdown_behavior(command.shutdown_behavior)
    check_hops(command.metadata.metadata_hops)
    tags.check(command.tags)


def check_user_data(user_data: bytes) -> None:
    if len(user_data) > USER_DATA_BYTES:
        raise Invalid("UserData", f"{len(user_data)} bytes", f"It has at most {USER_DATA_BYTES} bytes.")


def check_description(description: str) -> None:
    """Refuse a description of an interface that EC2 would refuse."""
    if len(description) > LONGEST_DESCRIPTION:
        why = f"It has at most {LONGEST_DESCRIPTION} characters."
        raise Invalid("NetworkInterface.Description", f"{len(description)} characters", why)


def check_shutdown_behavior(word: str) -> None:
    if word not in SHUTDOWN_BEHAVIORS:
        raise Invalid("InstanceInitiatedShutdownBehavior", word, f"Choose {' or '.join(SHUTDOWN_BEHAVIORS)}.")


def check_hops(hops: int) -> None:
    if not 1 <= hops <= MOST_HOPS:
        raise Invalid("HttpPutResponseHopLimit", hops, f"It is between 1 and {MOST_HOPS}.")


def check_fit(image: Image, vmtype: VmType) -> None:
    """Invalid or Combination if an image has not room enough, on disk or in memory, in a type."""
    needed_mib = image.size_bytes // _MIB
    if needed_mib > vmtype.disk_gb * 1024:
        why = f"The image has {needed_mib} MiB and the type a disk of {vmtype.disk_gb} GB."
        raise Invalid("InstanceType", vmtype.name, why)
    if image.min_memory_mib > vmtype.memory_mib:
        why = f"needs {image.min_memory_mib} MiB of memory and the type {vmtype.name} has {vmtype.memory_mib} MiB"
        raise Combination(f"The image {image.id} {why}: choose a larger type")


def _groups(unit: Unit, caller: Caller, command: RunInstances, entropy: Entropy) -> tuple[SecurityGroup, ...]:
    default = groups.ensure_default(unit, caller.account_id, entropy)
    named = groups.find(unit, caller, command.group_ids, command.group_names)
    check_groups(named, caller.account_id)
    return tuple(named) or (default,)


def check_groups(named: Sequence[SecurityGroup], account_id: str) -> None:
    """Missing if an instance of this account can not be in one of the groups, OverLimit if they are too many."""
    for group in named:
        if group.account_id != account_id:
            raise Missing("security group", group.id)
    if len(named) > MOST_GROUPS:
        raise OverLimit("security groups per instance", len(named), MOST_GROUPS)


def _place(
    unit: Unit, wished: Wish, mapping: Mapping, group: SecurityGroup
) -> tuple[Choice, tuple[Card, ...], tuple[str, ...]]:
    """Choose hosts, a card for each, and public ones; fewer addresses than hosts are like fewer hosts."""
    choice, least = _choose(unit, wished, mapping), wished.command.min_count
    hosts = [place.host for place in choice.chosen]
    given = addresses.give(unit, hosts, group)
    if len(given) < least:
        raise NoCapacity(wished.vmtype.name, least, (addresses.left(unit, hosts, len(given)),))
    wanted = public_addresses.wanted(unit, wished.command.addressing, hosts[: len(given)])
    public = public_addresses.choose(unit, min(wanted, least), wanted)
    if len(public) < wanted:
        given = given[: len(public)]
    return choice, tuple(given), public


def _choose(unit: Unit, wished: Wish, mapping: Mapping) -> Choice:
    command = wished.command
    choice = mapping.choose(unit, wished, command.max_count, command.cluster)
    missing = command.min_count - len(choice.chosen)
    if missing > 0:
        mapping.fleet.missed(command.cluster, missing)
        reasons = choice.refusals or ("there is no host",)
        raise no_room(wished.caller, wished.vmtype.name, command.min_count, *reasons)
    mapping.settle(unit, choice)
    return choice
