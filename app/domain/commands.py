"""What somebody asks, once every parameter is typed and before anything was looked up."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from app.domain.address import Addressing


@dataclass(frozen=True, slots=True, kw_only=True)
class Guards:
    """What the interface refuses to do to an instance; fields are columns of `Instance`."""

    disable_api_termination: bool = False
    disable_api_stop: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class MetadataOptions:
    """What an instance gets from the metadata service; fields are columns of `Instance`."""

    metadata_enabled: bool = True
    metadata_tokens_required: bool = False
    metadata_hops: int = 1
    metadata_tags: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RunInstances:
    """Start between `min_count` and `max_count` instances. Empty strings mean: not said.

    `marks` are tags of the cloud's own.
    """

    image_id: str
    min_count: int = 1
    max_count: int = 1
    vmtype: str = "m1.small"
    cluster: str = ""
    placement_group: str = ""
    placement_group_id: str = ""
    partition_number: int = 0
    addressing: Addressing = ""
    interface_description: str = ""
    key_name: str = ""
    group_ids: tuple[str, ...] = ()
    group_names: tuple[str, ...] = ()
    user_data: bytes = field(default=b"", repr=False)
    kernel_id: str = ""
    ramdisk_id: str = ""
    shutdown_behavior: str = "stop"
    monitoring: bool = False
    guards: Guards = field(default_factory=Guards)
    metadata: MetadataOptions = field(default_factory=MetadataOptions)
    tags: Mapping[str, str] = field(default_factory=dict)
    marks: Mapping[str, str] = field(default_factory=dict)
    disks: "tuple[NewDisk, ...]" = ()
    volume_tags: Mapping[str, str] = field(default_factory=dict)
    client_token: str = ""
    request_sha256: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewDisk:
    """A volume for each instance of a launch. A size of 0: that of the snapshot."""

    device: str
    size_gib: int = 0
    snapshot_id: str = ""
    kind: str = ""
    delete_on_termination: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateVolume:
    """Make a volume. A size of 0: that of the snapshot; an empty kind: the usual one."""

    cluster: str
    size_gib: int = 0
    snapshot_id: str = ""
    kind: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)


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
    devices: tuple[str, ...] = ()
    min_memory_mib: int = 0
    public: bool = True
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateImage:
    """Make an image of what is on an instance's disk. `left_out` are devices of volumes that are not to be in it.

    `reboot`: a running instance may be switched off for it.
    """

    name: str
    description: str = ""
    left_out: tuple[str, ...] = ()
    reboot: bool = True
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedRule:
    """A rule of a security group as somebody wrote it, with one of the peers. Empty strings mean: not said."""

    protocol: str = ""
    from_port: int | None = None
    to_port: int | None = None
    cidr: str = ""
    cidr_ipv6: str = ""
    group_id: str = ""
    group_name: str = ""
    owner_id: str = ""
    description: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CopyImage:
    """Make another image of the same bytes. `description` None: the source's own."""

    source_image_id: str
    source_region: str
    name: str
    description: str | None = None
    copy_tags: bool = False
    tags: Mapping[str, str] = field(default_factory=dict)
