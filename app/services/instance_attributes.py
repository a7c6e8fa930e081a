"""What an owner may change of an instance that is there already: size, kernel, user data, groups, protection and more.

A domain is defined anew at each start, so what it is made of changes while it is stopped, and the next start looks for
the room. The trap is the disk: it stays as it was made, whatever the new type says, since nobody's data are thrown
away for a change of size.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from app.domain.account import Caller
from app.domain.errors import Absent, Combination, Invalid, Unsupported, WrongState
from app.domain.image import ImageKind
from app.domain.instance import Instance
from app.domain.ports import Unit
from app.domain.quota import Resource
from app.domain.states import InstanceState
from app.services import admission, attachments, groups, images, instances, quotas, types

Change = Callable[[Unit, Caller, Instance, Any], Instance]
ENDED = (InstanceState.SHUTTING_DOWN, InstanceState.TERMINATED)


def modify(unit: Unit, caller: Caller, instance_id: str, attribute: str, value: object) -> Instance:
    """Change one attribute, in EC2's words; raises what the value or the instance's state does not allow."""
    change = _CHANGES.get(attribute)
    if change is None:
        raise Invalid("Attribute", attribute, f"What can be changed is {', '.join(_CHANGES)}.")
    return put(unit, caller, instance_id, lambda instance: change(unit, caller, instance, value), attribute)


def reset(unit: Unit, caller: Caller, instance_id: str, attribute: str) -> Instance:
    """Give an attribute the value that it has in a launch that does not mention it."""
    change = _RESETS.get(attribute)
    if change is None:
        raise Invalid("Attribute", attribute, f"What can be reset is {', '.join(_RESETS)}.")
    return put(unit, caller, instance_id, lambda instance: change(unit, instance), attribute)


def put(
    unit: Unit, caller: Caller, instance_id: str, change: Callable[[Instance], Instance], attribute: str
) -> Instance:
    """Change an instance of the caller's that has not ended."""
    (instance,) = instances.find(unit, caller, (instance_id,))
    if instance.state in ENDED:
        raise WrongState("instance", instance.id, instance.state, "and changes no more")
    after = change(instance)
    unit.instances.put(after, event="instance.attribute changed", text=f"{attribute}, by {caller.user_name}")
    return after


def need_stopped(instance: Instance, attribute: str) -> None:
    """Raise WrongState unless the instance is stopped."""
    if instance.state is not InstanceState.STOPPED:
        raise WrongState(
            "instance", instance.id, instance.state, f"and {attribute} changes in the 'stopped' state only"
        )


def _type(unit: Unit, caller: Caller, instance: Instance, name: str) -> Instance:
    need_stopped(instance, "instanceType")
    try:
        vmtype = types.resolve(unit, name)
    except Invalid as error:
        raise Invalid("InstanceType.Value", name, error.why) from error
    image = unit.images.get(instance.image_id)
    if image is not None:
        admission.check_fit(image, vmtype)
    quotas.check(unit, instance.account_id, Resource.CORES, vmtype.cores - instance.cores)
    return replace(instance, vmtype=vmtype.name, cores=vmtype.cores, memory_mib=vmtype.memory_mib)


def _kernel(unit: Unit, caller: Caller, instance: Instance, image_id: str) -> Instance:
    need_stopped(instance, "kernel")
    return replace(instance, kernel_id=images.usable(unit, caller, image_id, ImageKind.KERNEL).id)


def _ramdisk(unit: Unit, caller: Caller, instance: Instance, image_id: str) -> Instance:
    need_stopped(instance, "ramdisk")
    if not instance.kernel_id:
        raise Combination("A ramdisk needs a kernel: change the kernel first")
    return replace(instance, ramdisk_id=images.usable(unit, caller, image_id, ImageKind.RAMDISK).id)


def _user_data(unit: Unit, caller: Caller, instance: Instance, user_data: bytes) -> Instance:
    need_stopped(instance, "userData")
    admission.check_user_data(user_data)
    return replace(instance, user_data=user_data)


def _groups(unit: Unit, caller: Caller, instance: Instance, group_ids: tuple[str, ...]) -> Instance:
    if not group_ids:
        raise Absent("GroupId")
    named = groups.find(unit, caller, group_ids, ())
    admission.check_groups(named, instance.account_id)
    return replace(instance, group_ids=tuple(group.id for group in named))


def _shutdown_behavior(unit: Unit, caller: Caller, instance: Instance, word: str) -> Instance:
    admission.check_shutdown_behavior(word)
    return replace(instance, shutdown_behavior=word)


def _switch(column: str) -> Change:
    def change(unit: Unit, caller: Caller, instance: Instance, on: bool) -> Instance:
        switched: dict[str, Any] = {column: on}
        return replace(instance, **switched)

    return change


def _devices(unit: Unit, caller: Caller, instance: Instance, asked: tuple[tuple[str, bool], ...]) -> Instance:
    attachments.keep_or_not(unit, instance, asked)
    return instance


def _never(what: str) -> Change:
    """Take that a feature of Amazon's hardware is off; nothing here can switch it on."""

    def change(unit: Unit, caller: Caller, instance: Instance, on: object) -> Instance:
        if on:
            raise Unsupported(what, "no host here has such hardware")
        return instance

    return change


_CHANGES: Mapping[str, Change] = {
    "blockDeviceMapping": _devices,
    "instanceType": _type,
    "kernel": _kernel,
    "ramdisk": _ramdisk,
    "userData": _user_data,
    "groupSet": _groups,
    "instanceInitiatedShutdownBehavior": _shutdown_behavior,
    "disableApiTermination": _switch("disable_api_termination"),
    "disableApiStop": _switch("disable_api_stop"),
    "sourceDestCheck": _switch("source_dest_check"),
    "ebsOptimized": _never("EbsOptimized"),
    "enaSupport": _never("EnaSupport"),
    "sriovNetSupport": _never("SriovNetSupport"),
    "enclaveOptions": _never("EnclaveOptions"),
}


def _kernel_of_image(unit: Unit, instance: Instance) -> Instance:
    need_stopped(instance, "kernel")
    image = unit.images.get(instance.image_id)
    return replace(instance, kernel_id=image.kernel_id if image else "")


def _ramdisk_of_image(unit: Unit, instance: Instance) -> Instance:
    need_stopped(instance, "ramdisk")
    image = unit.images.get(instance.image_id)
    return replace(instance, ramdisk_id=image.ramdisk_id if image else "")


def _checked(unit: Unit, instance: Instance) -> Instance:
    return replace(instance, source_dest_check=True)


_RESETS: Mapping[str, Callable[[Unit, Instance], Instance]] = {
    "kernel": _kernel_of_image,
    "ramdisk": _ramdisk_of_image,
    "sourceDestCheck": _checked,
}
