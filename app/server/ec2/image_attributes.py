"""Operations on attributes of images, one a request, in the spellings of 2008 and of today."""

import msgspec

from app.domain.errors import Absent, Combination, Invalid, Unsupported
from app.domain.image import Image
from app.server.ec2.image_devices import as_launched
from app.server.ec2.instance_items import product_items
from app.server.ec2.operation import Answer, Ask, Operation
from app.services import image_attributes, images
from app.services.image_attributes import Launchers

LAUNCHERS = "launchPermission"
_NEVER_SET = ("sriovNetSupport", "bootMode", "tpmSupport", "uefiData", "imdsSupport")


class DescribeImageAttributeIn(msgspec.Struct):
    image_id: str
    attribute: str


class ValueIn(msgspec.Struct):
    value: str = ""


class LaunchPermissionIn(msgspec.Struct):
    user_id: str = ""
    group: str = ""


class LaunchPermissionsIn(msgspec.Struct):
    add: list[LaunchPermissionIn] = []
    remove: list[LaunchPermissionIn] = []


class ModifyImageAttributeIn(msgspec.Struct):
    image_id: str
    attribute: str = ""
    operation_type: str = ""
    user_ids: list[str] = []
    user_groups: list[str] = []
    product_codes: list[str] = []
    value: str | None = None
    description: ValueIn | None = None
    launch_permission: LaunchPermissionsIn | None = None


class ResetImageAttributeIn(msgspec.Struct):
    image_id: str
    attribute: str


class ConfirmProductInstanceIn(msgspec.Struct):
    product_code: str
    instance_id: str


def describe_image_attribute(ask: Ask[DescribeImageAttributeIn]) -> Answer:
    image = images.find(ask.unit, ask.caller, ask.request.image_id)
    name = ask.request.attribute
    if name == LAUNCHERS:
        shown: Answer = {"LaunchPermissions": _permissions(image_attributes.launchers(ask.unit, ask.caller, image.id))}
    else:
        shown = _attribute(image, name)
    return {"ImageId": image.id, **shown}


def modify_image_attribute(ask: Ask[ModifyImageAttributeIn]) -> Answer:
    asked = ask.request
    match _named(asked):
        case "launchPermission":
            add, remove = _launchers(asked)
            image_attributes.share(ask.unit, ask.caller, asked.image_id, add, remove)
        case "productCodes":
            add_codes = _adds(asked)
            codes = {"add" if add_codes else "remove": asked.product_codes}
            image_attributes.change_product_codes(ask.unit, ask.caller, asked.image_id, **codes)
        case "description":
            image_attributes.describe_as(ask.unit, ask.caller, asked.image_id, _text(asked))
        case name:
            raise Unsupported(f"Changing the attribute {name} of an image")
    return {"Return": True}


def reset_image_attribute(ask: Ask[ResetImageAttributeIn]) -> Answer:
    if ask.request.attribute != LAUNCHERS:
        raise Invalid("Attribute", ask.request.attribute, f"What can be reset is {LAUNCHERS}.")
    image_attributes.reset_launchers(ask.unit, ask.caller, ask.request.image_id)
    return {"Return": True}


def confirm_product_instance(ask: Ask[ConfirmProductInstanceIn]) -> Answer:
    asked = ask.request
    has, owner = image_attributes.confirm_product(ask.unit, ask.caller, asked.instance_id, asked.product_code)
    return {"Return": has, "OwnerId": owner if has else None}


def _attribute(image: Image, name: str) -> Answer:
    shown: dict[str, Answer] = {
        "description": {"Description": {"Value": image.description or None}},
        "kernel": {"KernelId": {"Value": image.kernel_id or None}},
        "ramdisk": {"RamdiskId": {"Value": image.ramdisk_id or None}},
        "productCodes": {"ProductCodes": product_items(image.product_codes)},
        "blockDeviceMapping": {"BlockDeviceMappings": as_launched(image)},
        "deregistrationProtection": {"DeregistrationProtection": {"Value": str(image.protection)}},
        **{name: {name[0].upper() + name[1:]: {}} for name in _NEVER_SET},
    }
    if name == "lastLaunchedTime":
        raise Unsupported(f"The attribute {name} of an image", "launches are not counted here")
    if name not in shown:
        raise Invalid("Attribute", name, f"Choose one of {', '.join([LAUNCHERS, *shown])}.")
    return shown[name]


def _permissions(launchers: Launchers) -> list[Answer]:
    groups: list[Answer] = [{"Group": group} for group in launchers.groups]
    return groups + [{"UserId": account_id} for account_id in launchers.account_ids]


def _named(asked: ModifyImageAttributeIn) -> str:
    """Tell which attribute a request is about; each way to say so must mean the same one."""
    names = {asked.attribute} if asked.attribute else set()
    if asked.launch_permission is not None or asked.user_ids or asked.user_groups:
        names.add(LAUNCHERS)
    if asked.product_codes:
        names.add("productCodes")
    if asked.description is not None:
        names.add("description")
    if not names:
        raise Absent("Attribute")
    if len(names) > 1:
        raise Combination(f"A request changes one attribute of an image, and this one {' and '.join(sorted(names))}")
    [name] = names
    if asked.value is not None and name in (LAUNCHERS, "productCodes"):
        raise Combination(f"The parameter Value cannot be used with the attribute {name}")
    return name


def _launchers(asked: ModifyImageAttributeIn) -> tuple[Launchers, Launchers]:
    modern = asked.launch_permission
    if modern is None:
        given = Launchers(account_ids=tuple(asked.user_ids), groups=tuple(asked.user_groups))
        return (given, Launchers()) if _adds(asked) else (Launchers(), given)
    if asked.user_ids or asked.user_groups:
        raise Combination("LaunchPermission cannot be used with UserId or UserGroup")
    return _all_of(modern.add), _all_of(modern.remove)


def _all_of(permissions: list[LaunchPermissionIn]) -> Launchers:
    return Launchers(
        account_ids=tuple(each.user_id for each in permissions if each.user_id),
        groups=tuple(each.group for each in permissions if each.group),
    )


def _adds(asked: ModifyImageAttributeIn) -> bool:
    """Read OperationType; without anything to add or to remove there is nothing to do."""
    if not asked.operation_type:
        raise Absent("OperationType")
    if asked.operation_type not in ("add", "remove"):
        raise Invalid("OperationType", asked.operation_type, "Choose add or remove.")
    if not (asked.user_ids or asked.user_groups or asked.product_codes):
        raise Combination("No attributes specified")
    return asked.operation_type == "add"


def _text(asked: ModifyImageAttributeIn) -> str:
    if asked.description is not None and asked.value is not None:
        raise Combination("Description cannot be used with Value")
    if asked.description is not None:
        return asked.description.value
    if asked.value is None:
        raise Absent("Value")
    return asked.value


OPERATIONS = (
    Operation(name="DescribeImageAttribute", request=DescribeImageAttributeIn, handle=describe_image_attribute),
    Operation(name="ModifyImageAttribute", request=ModifyImageAttributeIn, handle=modify_image_attribute, writes=True),
    Operation(name="ResetImageAttribute", request=ResetImageAttributeIn, handle=reset_image_attribute, writes=True),
    Operation(name="ConfirmProductInstance", request=ConfirmProductInstanceIn, handle=confirm_product_instance),
)
