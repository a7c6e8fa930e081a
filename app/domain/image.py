"""Images: machine (EMI), kernel (EKI) and ramdisk (ERI). Their bytes are files named by digest."""

from dataclasses import dataclass
from enum import StrEnum

from app.domain.rows import key
from app.domain.states import ImageState


class ImageKind(StrEnum):
    """EC2's `imageType`; the value of `resource` in `ids.PREFIXES` is `f"{kind} image"`."""

    MACHINE = "machine"
    KERNEL = "kernel"
    RAMDISK = "ramdisk"


class Protection(StrEnum):
    """Whether an image may be deregistered; EC2's `deregistrationProtection`."""

    DISABLED = "disabled"
    WITH_COOLDOWN = "enabled-with-cooldown"
    WITHOUT_COOLDOWN = "enabled-without-cooldown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """One registered image. `sha256` names its file in the image library; empty: registered, never uploaded.

    `min_memory_mib` is the least memory that it boots with, 0: nobody said. `public` and `granted_to` (account ids)
    are its launch permissions. `devices` are `NAME=VIRTUAL` as it was registered with. Times of 0 mean never.
    """

    id: str = key()
    kind: ImageKind
    account_id: str
    name: str
    description: str = ""
    location: str = ""
    architecture: str = "x86_64"
    format: str = "raw"
    public: bool = True
    state: ImageState = ImageState.AVAILABLE
    kernel_id: str = ""
    ramdisk_id: str = ""
    root_device: str = "/dev/sda1"
    size_bytes: int = 0
    min_memory_mib: int = 0
    sha256: str = ""
    created_at_ms: int
    granted_to: tuple[str, ...] = ()
    product_codes: tuple[str, ...] = ()
    devices: tuple[str, ...] = ()
    source_image_id: str = ""
    source_region: str = ""
    source_instance_id: str = ""
    state_reason_code: str = ""
    state_reason: str = ""
    deprecated_at_ms: int = 0
    protection: Protection = Protection.DISABLED
    protected_until_ms: int = 0

    def deprecated(self, now_ms: int) -> bool:
        """Tell whether its owner wants others not to begin with it any more; whoever knows its id may."""
        return bool(self.deprecated_at_ms) and self.deprecated_at_ms <= now_ms
