"""Device names: what may be asked for, and which of an instance's are taken.

`/dev/sdf`, `sdf` and `xvdf` are one place in the guest, whatever it calls it. The first one is the instance's own.
"""

import re
from collections.abc import Iterable

from app.domain.errors import InUse, Invalid, OverLimit
from app.domain.volume import Volume

MOST_PER_INSTANCE = 40
_FORM = re.compile(r"(?:/dev/)?(?:sd|xvd|vd|hd)([a-z]{1,2}[0-9]{0,2})")
_OWN = re.compile(r"a[0-9]*")


def place(device: str) -> str:
    """Return what tells a device from others: `f` for `/dev/sdf`; Invalid if it is no name of one."""
    form = _FORM.fullmatch(device)
    if form is None:
        raise Invalid("Device", device, "It is not a valid device name: /dev/sdf to /dev/sdp are.")
    return form.group(1)


def check_free(device: str, hung: Iterable[Volume]) -> None:
    """Refuse a device that an instance with these volumes has already, or one more than it can have."""
    taken = {place(volume.device): volume.id for volume in hung}
    asked = place(device)
    if _OWN.fullmatch(asked):
        raise InUse("device", device, "the root disk of the instance")
    if asked in taken:
        raise InUse("device", device, taken[asked])
    if len(taken) >= MOST_PER_INSTANCE:
        raise OverLimit("attachments", len(taken) + 1, MOST_PER_INSTANCE)
