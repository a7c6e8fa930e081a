"""The image that a rehearsal cloud offers at first start, so that the first run-instances works without a download.

Rehearsal hosts run no guest, so a few KiB of honest text stand for kernel, ramdisk and root. The bytes never
change: the digests are the same in every cloud, and registering them again changes nothing.
"""

from dataclasses import dataclass

DESCRIPTION = "rehearsal image: nothing boots"
_BLOCK = 512


@dataclass(frozen=True, slots=True, kw_only=True)
class RehearsalFile:
    """One image to register: `name` is fit for RegisterImage, `role` is kernel, ramdisk or root."""

    role: str
    name: str
    description: str
    content: bytes


def rehearsal_image() -> tuple[RehearsalFile, ...]:
    """Return kernel, ramdisk and root of the rehearsal image, in the order in which they are registered."""
    return tuple(
        RehearsalFile(role=role, name=f"rehearsal-{role}", description=DESCRIPTION, content=_content(role, size))
        for role, size in (("kernel", 1024), ("ramdisk", 1024), ("root", 4096))
    )


def _content(role: str, size: int) -> bytes:
    line = f"This is the {role} of the rehearsal image. Rehearsal hosts only pretend: nothing boots from it.\n"
    assert size % _BLOCK == 0, "volumes are whole sectors"
    return line.encode().ljust(size, b"\0")
