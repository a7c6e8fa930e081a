"""Attributes of images that their owners change later: who may launch from them, what they are sold as, what they are.

The trap: a launch permission lets an account launch, and see the image; it gives neither the bytes nor the list of
who else has one.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from app.domain import ids
from app.domain.account import Caller
from app.domain.errors import Invalid, Missing, OverLimit, WrongState
from app.domain.image import Image
from app.domain.ports import Unit
from app.domain.states import ImageState
from app.services import images
from app.services.access import owns

EVERYBODY = "all"
MOST_PRODUCT_CODES = 16
_PRODUCT_CODE = re.compile(r"[A-Za-z0-9_-]{1,64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Launchers:
    """Who may launch: accounts by id, and the group `all`."""

    account_ids: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()


def share(unit: Unit, caller: Caller, image_id: str, add: Launchers, remove: Launchers) -> Image:
    """Give and take launch permissions; taking what nobody has is no error."""
    image = images.owned(unit, caller, image_id, "ModifyImageAttribute")
    for group in (*add.groups, *remove.groups):
        if group != EVERYBODY:
            raise Invalid("LaunchPermission.Group", group, f"The group is {EVERYBODY}.")
    for account_id in add.account_ids:
        if unit.accounts.get(account_id) is None:
            raise Invalid("LaunchPermission.UserId", account_id, "There is no such account.")
    if image.state is not ImageState.AVAILABLE and (add.account_ids or add.groups):
        raise WrongState("image", image.id, image.state, "and can not be shared")
    granted = tuple(sorted({*image.granted_to, *add.account_ids} - {*remove.account_ids}))
    public = EVERYBODY in add.groups or (image.public and EVERYBODY not in remove.groups)
    return _changed(unit, replace(image, granted_to=granted, public=public), "launch permissions were changed")


def reset_launchers(unit: Unit, caller: Caller, image_id: str) -> Image:
    """Leave an image to its owner alone, as Amazon does (1.6.1 made it public)."""
    image = images.owned(unit, caller, image_id, "ResetImageAttribute")
    return _changed(unit, replace(image, granted_to=(), public=False), "launch permissions were reset")


def describe_as(unit: Unit, caller: Caller, image_id: str, description: str) -> Image:
    """Give an image another description."""
    image = images.owned(unit, caller, image_id, "ModifyImageAttribute")
    images.check_description(description)
    return _changed(unit, replace(image, description=description), "the description was changed")


def change_product_codes(
    unit: Unit, caller: Caller, image_id: str, *, add: Sequence[str] = (), remove: Sequence[str] = ()
) -> Image:
    """Put product codes on an image or take them off; its instances show what it has now."""
    image = images.owned(unit, caller, image_id, "ModifyImageAttribute")
    for code in add:
        if not _PRODUCT_CODE.fullmatch(code):
            raise Invalid("ProductCode", code, "It has 1 to 64 letters, digits, dashes and underscores.")
    codes = tuple(sorted({*image.product_codes, *add} - {*remove}))
    if len(codes) > MOST_PRODUCT_CODES:
        raise OverLimit("product codes per image", len(codes), MOST_PRODUCT_CODES)
    return _changed(unit, replace(image, product_codes=codes), "the product codes were changed")


def launchers(unit: Unit, caller: Caller, image_id: str) -> Launchers:
    """Tell the owner who may launch."""
    image = images.owned(unit, caller, image_id, "DescribeImageAttribute")
    return Launchers(account_ids=image.granted_to, groups=(EVERYBODY,) if image.public else ())


def executable_by(caller: Caller, image: Image, account_ids: Sequence[str]) -> bool:
    """Tell whether one of these has an explicit launch permission, as far as the caller may know that."""
    own = caller.account_id
    granted = {own if account_id == "self" else account_id for account_id in account_ids} & {*image.granted_to}
    return (EVERYBODY in account_ids and image.public) or own in granted or (bool(granted) and owns(caller, image))


def confirm_product(unit: Unit, caller: Caller, instance_id: str, code: str) -> tuple[bool, str]:
    """Tell whether an instance has a product code, and whose it is: asked by who sells the image or runs the instance.

    Missing for everybody else.
    """
    instance = unit.instances.get(ids.parse(instance_id, "instance"))
    image = unit.images.get(instance.image_id) if instance else None
    if (
        instance is None
        or instance.hidden(unit.now_ms)
        or not (owns(caller, instance) or (image is not None and owns(caller, image) and code in image.product_codes))
    ):
        raise Missing("instance", instance_id)
    return image is not None and code in image.product_codes, instance.account_id


def _changed(unit: Unit, image: Image, text: str) -> Image:
    unit.images.put(image, text=text)
    return image
