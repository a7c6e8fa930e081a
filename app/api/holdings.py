"""What accounts hold besides instances and images, as REST answers it and the stream sends it.

Every view names its owner by `account_id` and, for people, by `account`. Times are UTC milliseconds, 0: never.
"""

import msgspec


class VolumeView(msgspec.Struct, frozen=True, kw_only=True):
    """`attachment` is empty while it hangs on nothing; `error` says what its storage said last."""

    id: str
    name: str
    account_id: str
    account: str
    cluster: str
    state: str
    size_gib: int
    kind: str
    instance_id: str
    device: str
    attachment: str
    delete_on_termination: bool
    snapshot_id: str
    rehearsed: bool
    created_at_ms: int
    error: str
    tags: dict[str, str]


class SnapshotView(msgspec.Struct, frozen=True, kw_only=True):
    """`source_id` is the volume, or the snapshot that this is a copy of; `granted_to` are ids of accounts."""

    id: str
    name: str
    account_id: str
    account: str
    state: str
    size_gib: int
    percent: int
    volume_id: str
    source_id: str
    description: str
    public: bool
    granted_to: list[str]
    rehearsed: bool
    created_at_ms: int
    completed_at_ms: int
    error: str
    tags: dict[str, str]


class GroupRuleView(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of traffic with one peer, a range or the id of a group; -1 stands for all and any, as in EC2."""

    id: str
    egress: bool
    protocol: str
    from_port: int
    to_port: int
    peer: str
    description: str


class GroupView(msgspec.Struct, frozen=True, kw_only=True):
    """A security group; `allows` says each of its rules in words."""

    id: str
    name: str
    account_id: str
    account: str
    description: str
    allows: list[str]
    rules: list[GroupRuleView]
    created_at_ms: int
    tags: dict[str, str]


class AddressView(msgspec.Struct, frozen=True, kw_only=True):
    """A public address that is given; an `automatic` one came with a launch and goes with its instance."""

    id: str
    ip: str
    account_id: str
    account: str
    automatic: bool
    pool: str
    domain: str
    instance_id: str
    association_id: str
    created_at_ms: int
    tags: dict[str, str]


class NetworkView(msgspec.Struct, frozen=True, kw_only=True):
    """The private network of a security group; `taken` counts who holds one of the `size` addresses that there are."""

    id: str
    vlan: int
    account_id: str
    account: str
    group_id: str
    group: str
    subnet: str
    gateway: str
    bridge: str
    taken: int
    size: int
    created_at_ms: int


class KeyPairView(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    name: str
    account_id: str
    account: str
    kind: str
    fingerprint: str
    created_at_ms: int
    tags: dict[str, str]


class PlacementGroupView(msgspec.Struct, frozen=True, kw_only=True):
    """`instances` counts who is in it; `partitions` is 0 and `spread_level` empty where the strategy has none."""

    id: str
    name: str
    account_id: str
    account: str
    strategy: str
    partitions: int
    spread_level: str
    instances: int
    created_at_ms: int
    tags: dict[str, str]


class TemplateView(msgspec.Struct, frozen=True, kw_only=True):
    """A launch template; what its versions say is its owner's, since it may hold user data."""

    id: str
    name: str
    account_id: str
    account: str
    default_version: int
    latest_version: int
    created_by: str
    created_at_ms: int
    tags: dict[str, str]


class SubnetView(msgspec.Struct, frozen=True, kw_only=True):
    """A cluster as clients of EC2 see it in the one VPC that there is."""

    id: str
    cluster: str
    cidr: str
    vpc_id: str


class AttachVolume(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`device` is the name that EC2 knows it by, /dev/sdf to /dev/sdp; a guest may call it otherwise."""

    instance_id: str
    device: str


class DetachVolume(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`force`: also if the guest does not let go of it."""

    force: bool = False
