"""What becomes of images over the years: deprecated, disabled, protected against being deregistered."""

from dataclasses import replace

from app.domain.account import Caller
from app.domain.errors import Invalid, WrongState
from app.domain.image import Image, Protection
from app.domain.ports import Unit
from app.domain.states import ImageState
from app.services import images

DAY_MS = 24 * 3600 * 1000
_MINUTE_MS = 60 * 1000
_YEAR_MS = 365 * DAY_MS
_MOST_YEARS = 10
_MOST_YEARS_PUBLIC = 2


def disable(unit: Unit, caller: Caller, image_id: str) -> Image:
    """Let nobody launch from an image, and take every launch permission away."""
    image = _usable(images.owned(unit, caller, image_id, "DisableImage"))
    off = replace(image, state=ImageState.DISABLED, public=False, granted_to=())
    unit.images.put(off, event="image.disabled")
    return off


def enable(unit: Unit, caller: Caller, image_id: str) -> Image:
    """Let its owner launch from a disabled image again; others get their permissions anew, if at all."""
    image = _usable(images.owned(unit, caller, image_id, "EnableImage"))
    on = replace(image, state=ImageState.AVAILABLE)
    unit.images.put(on, event="image.enabled")
    return on


def deprecate(unit: Unit, caller: Caller, image_id: str, at_ms: int) -> Image:
    """Hide an image in other accounts' lists from a time on, rounded to the minute."""
    image = images.owned(unit, caller, image_id, "EnableImageDeprecation")
    rounded_ms = (at_ms + _MINUTE_MS // 2) // _MINUTE_MS * _MINUTE_MS
    years = _MOST_YEARS_PUBLIC if image.public else _MOST_YEARS
    if not unit.now_ms <= at_ms <= unit.now_ms + years * _YEAR_MS:
        raise Invalid("DeprecateAt", at_ms, f"It is in the future, by {years} years at most for this image.")
    unit.images.put(replace(image, deprecated_at_ms=rounded_ms), text="will be deprecated")
    return image


def undeprecate(unit: Unit, caller: Caller, image_id: str) -> Image:
    """Show an image in other accounts' lists again."""
    image = images.owned(unit, caller, image_id, "DisableImageDeprecation")
    unit.images.put(replace(image, deprecated_at_ms=0), text="is not deprecated any more")
    return image


def protect(unit: Unit, caller: Caller, image_id: str, *, with_cooldown: bool) -> Image:
    """Refuse to deregister an image; with a cooldown also for 24 hours after the protection was disabled."""
    image = images.owned(unit, caller, image_id, "EnableImageDeregistrationProtection")
    protection = Protection.WITH_COOLDOWN if with_cooldown else Protection.WITHOUT_COOLDOWN
    unit.images.put(replace(image, protection=protection), text="is protected")
    return image


def unprotect(unit: Unit, caller: Caller, image_id: str) -> Image:
    """Let an image be deregistered, at once or after its cooldown."""
    image = images.owned(unit, caller, image_id, "DisableImageDeregistrationProtection")
    cooldown = image.protection is Protection.WITH_COOLDOWN
    until_ms = unit.now_ms + DAY_MS if cooldown else image.protected_until_ms
    off = replace(image, protection=Protection.DISABLED, protected_until_ms=until_ms)
    unit.images.put(off, text="is not protected any more")
    return image


def _usable(image: Image) -> Image:
    """Return an image that has its bytes; WrongState otherwise."""
    if image.state not in (ImageState.AVAILABLE, ImageState.DISABLED):
        raise WrongState("image", image.id, image.state, "and can be neither enabled nor disabled")
    return image
