"""Describe-, Modify- and ResetInstanceAttribute.

The trap is the spellings: clients of 2008 send `Attribute` and `Value`, those of today a parameter of its own for each
attribute, some the name beside it. All of them become one attribute and one value here.
"""

import base64
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from app.domain.errors import Absent, Combination, Invalid
from app.server.ec2 import block_devices
from app.server.ec2.block_devices import mappings
from app.server.ec2.instance_items import ALIKE, group_set, product_items
from app.server.ec2.operation import Answer, Ask, Operation
from app.server.ec2.scene import Shown
from app.services import instance_attributes, instances
from app.wire import scalars


class DescribeInstanceAttributeIn(msgspec.Struct):
    instance_id: str
    attribute: str


class ResetInstanceAttributeIn(DescribeInstanceAttributeIn):
    pass


class Text(msgspec.Struct):
    value: str | None = None


class Truth(msgspec.Struct):
    value: bool | None = None


class Blob(msgspec.Struct):
    value: bytes | None = None


class Enclave(msgspec.Struct):
    enabled: bool | None = None


class ModifyInstanceAttributeIn(msgspec.Struct):
    instance_id: str
    attribute: str = ""
    value: str | None = None
    instance_type: Text | None = None
    kernel: Text | None = None
    ramdisk: Text | None = None
    user_data: Blob | None = None
    groups: list[str] = []
    instance_initiated_shutdown_behavior: Text | None = None
    disable_api_termination: Truth | None = None
    disable_api_stop: Truth | None = None
    source_dest_check: Truth | None = None
    ebs_optimized: Truth | None = None
    ena_support: Truth | None = None
    sriov_net_support: Text | None = None
    block_device_mappings: list[block_devices.DeviceChangeIn] = []
    enclave_options: Enclave | None = None


# What `Value` is read as, by attribute: EC2's word for the attribute is the parameter of its own, in camel case.
_READERS: Mapping[str, Callable[[str], object]] = {
    "instanceType": str,
    "kernel": str,
    "ramdisk": str,
    "userData": scalars.blob,
    "groupSet": lambda text: (text,),
    "instanceInitiatedShutdownBehavior": str,
    "disableApiTermination": scalars.boolean,
    "disableApiStop": scalars.boolean,
    "sourceDestCheck": scalars.boolean,
    "ebsOptimized": scalars.boolean,
    "enaSupport": scalars.boolean,
    "sriovNetSupport": str,
}
_SHOWN: Mapping[str, Callable[[Shown], Answer]] = {
    "instanceType": lambda s: {"InstanceType": {"Value": s.instance.vmtype}},
    "kernel": lambda s: {"KernelId": {"Value": s.instance.kernel_id or None}},
    "ramdisk": lambda s: {"RamdiskId": {"Value": s.instance.ramdisk_id or None}},
    "userData": lambda s: {"UserData": {"Value": base64.b64encode(s.instance.user_data).decode() or None}},
    "disableApiTermination": lambda s: {"DisableApiTermination": {"Value": s.instance.disable_api_termination}},
    "disableApiStop": lambda s: {"DisableApiStop": {"Value": s.instance.disable_api_stop}},
    "instanceInitiatedShutdownBehavior": lambda s: {
        "InstanceInitiatedShutdownBehavior": {"Value": s.instance.shutdown_behavior}
    },
    "rootDeviceName": lambda s: {"RootDeviceName": {"Value": s.image.root_device if s.image else None}},
    "blockDeviceMapping": lambda s: {"BlockDeviceMappings": mappings(s.volumes)},
    "productCodes": lambda s: {"ProductCodes": product_items(s.product_codes)},
    "sourceDestCheck": lambda s: {"SourceDestCheck": {"Value": s.instance.source_dest_check}},
    "groupSet": lambda s: {"Groups": group_set(s.groups)},
    "ebsOptimized": lambda s: {"EbsOptimized": {"Value": ALIKE["EbsOptimized"]}},
    "sriovNetSupport": lambda s: {"SriovNetSupport": {}},
    "enaSupport": lambda s: {"EnaSupport": {"Value": ALIKE["EnaSupport"]}},
    "enclaveOptions": lambda s: {"EnclaveOptions": ALIKE["EnclaveOptions"]},
}


def describe_instance_attribute(ask: Ask[DescribeInstanceAttributeIn]) -> Answer:
    show = _SHOWN.get(ask.request.attribute)
    if show is None:
        raise Invalid("Attribute", ask.request.attribute, f"The attributes are {', '.join(_SHOWN)}.")
    (shown,) = Shown.of(ask.unit, instances.find(ask.unit, ask.caller, (ask.request.instance_id,)))
    return {"InstanceId": shown.instance.id, **show(shown)}


def modify_instance_attribute(ask: Ask[ModifyInstanceAttributeIn]) -> Answer:
    attribute, value = _change(ask.request)
    instance_attributes.modify(ask.unit, ask.caller, ask.request.instance_id, attribute, value)
    return {"Return": True}


def reset_instance_attribute(ask: Ask[ResetInstanceAttributeIn]) -> Answer:
    instance_attributes.reset(ask.unit, ask.caller, ask.request.instance_id, ask.request.attribute)
    return {"Return": True}


def _change(asked: ModifyInstanceAttributeIn) -> tuple[str, Any]:
    """Find the one attribute that is to change, however it is spelled."""
    changes = dict(_of_their_own(asked))
    if asked.value is not None:
        if not asked.attribute:
            raise Absent("Attribute")
        value = _read(asked.attribute, asked.value)
        if changes.setdefault(asked.attribute, value) != value:
            raise Combination(f"Two values were given for {asked.attribute}")
    if not changes:
        raise Combination("No attributes specified.")
    named = [*changes] if asked.attribute in ("", *changes) else [asked.attribute, *changes]
    if len(named) > 1:
        raise Combination(f"Fields for multiple attribute types specified: {', '.join(named)}")
    return named[0], changes[named[0]]


def _of_their_own(asked: ModifyInstanceAttributeIn) -> dict[str, Any]:
    """Collect the parameters that name an attribute themselves; one without a value is as if it was not sent."""
    own = {
        "instanceType": asked.instance_type and asked.instance_type.value,
        "kernel": asked.kernel and asked.kernel.value,
        "ramdisk": asked.ramdisk and asked.ramdisk.value,
        "userData": asked.user_data and asked.user_data.value,
        "groupSet": tuple(asked.groups) or None,
        "instanceInitiatedShutdownBehavior": asked.instance_initiated_shutdown_behavior
        and asked.instance_initiated_shutdown_behavior.value,
        "disableApiTermination": asked.disable_api_termination and asked.disable_api_termination.value,
        "disableApiStop": asked.disable_api_stop and asked.disable_api_stop.value,
        "sourceDestCheck": asked.source_dest_check and asked.source_dest_check.value,
        "ebsOptimized": asked.ebs_optimized and asked.ebs_optimized.value,
        "enaSupport": asked.ena_support and asked.ena_support.value,
        "sriovNetSupport": asked.sriov_net_support and asked.sriov_net_support.value,
        "enclaveOptions": asked.enclave_options and asked.enclave_options.enabled,
        "blockDeviceMapping": block_devices.changes(asked.block_device_mappings) or None,
    }
    return {name: value for name, value in own.items() if value is not None}


def _read(attribute: str, text: str) -> object:
    read = _READERS.get(attribute)
    if read is None:
        raise Invalid("Attribute", attribute, f"With Value it is one of {', '.join(_READERS)}.")
    try:
        return read(text)
    except ValueError as error:
        raise Invalid("Value", "(not shown)" if attribute == "userData" else text[:128], str(error)) from None


OPERATIONS = (
    Operation(
        name="DescribeInstanceAttribute",
        request=DescribeInstanceAttributeIn,
        handle=describe_instance_attribute,
        brief=True,
    ),
    Operation(
        name="ModifyInstanceAttribute",
        request=ModifyInstanceAttributeIn,
        handle=modify_instance_attribute,
        writes=True,
    ),
    Operation(
        name="ResetInstanceAttribute", request=ResetInstanceAttributeIn, handle=reset_instance_attribute, writes=True
    ),
)
