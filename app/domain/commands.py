"""What somebody asks, once every parameter is typed and before anything was looked up."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class RunInstances:
    """Start between `min_count` and `max_count` instances. Empty strings mean: not said."""

    image_id: str
    min_count: int = 1
    max_count: int = 1
    vmtype: str = "m1.small"
    cluster: str = ""
    placement_group: str = ""
    placement_group_id: str = ""
    partition_number: int = 0
    key_name: str = ""
    group_ids: tuple[str, ...] = ()
    group_names: tuple[str, ...] = ()
    user_data: bytes = field(default=b"", repr=False)
    kernel_id: str = ""
    ramdisk_id: str = ""
    shutdown_behavior: str = "stop"
    monitoring: bool = False
    tags: Mapping[str, str] = field(default_factory=dict)
    client_token: str = ""
    request_sha256: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterImage:
    """Register bytes that the image library holds already."""

    name: str
    kind: str
    sha256: str
    size_bytes: int
    location: str = ""
    description: str = ""
    architecture: str = "x86_64"
    kernel_id: str = ""
    ramdisk_id: str = ""
    root_device: str = "/dev/sda1"
    min_memory_mib: int = 0
    public: bool = True
    tags: Mapping[str, str] = field(default_factory=dict)
