"""Which words a text can be, and what stands there for example: by the names of fields, for every schema at once.

The domain's own enumerations are the lists, so that a document can not fall behind them. The trap: a field that is
named here as a closed one must not take anything else, for clients are generated from the document.
"""

from collections.abc import Iterable, Mapping
from typing import Any, get_args

from app.domain.account import Role
from app.domain.decision import Deed
from app.domain.image import ImageKind
from app.domain.job import JobKind, JobState, TargetState
from app.domain.placement_group import SpreadLevel, Strategy
from app.domain.quota import Resource
from app.domain.states import (
    AttachmentState,
    HostState,
    HostWanted,
    ImageState,
    InstanceState,
    Power,
    PowerWanted,
    Seen,
    SnapshotState,
    VolumeState,
    Wanted,
)
from app.domain.volume import KINDS
from app.rules.faults import Severity
from app.services import hanging, tokens

_ROLES = [*Role]
_NO_ROLE = ["", *Role]
CLOSED: Mapping[str, Iterable[str]] = {
    "ActOnInstances.action": ["terminate", "reboot", "stop", "start"],
    "AskHanging.kind": hanging.KINDS,
    "AuditView.outcome": ["ok", "refused"],
    "CreateToken.role": _ROLES,
    "CreateUser.role": _NO_ROLE,
    "DecisionView.kind": Deed,
    "FaultView.severity": Severity,
    "HereBecauseView.kind": Deed,
    "HostView.power": Power,
    "HostView.power_wanted": PowerWanted,
    "HostView.state": HostState,
    "HostView.wanted": HostWanted,
    "ImageView.kind": ImageKind,
    "ImageView.state": ImageState,
    "InstanceView.seen": Seen,
    "InstanceView.state": InstanceState,
    "InstanceView.wanted": Wanted,
    "IssueCredentials.role": _NO_ROLE,
    "JobTargetView.resource": ["instance", "host"],
    "JobTargetView.state": TargetState,
    "JobView.kind": JobKind,
    "JobView.state": JobState,
    "KeyPairView.kind": ["rsa", "ed25519"],
    "Me.role": _NO_ROLE,
    "PlacementGroupView.spread_level": SpreadLevel,
    "PlacementGroupView.strategy": Strategy,
    "QuotaView.resource": Resource,
    "RegisterImage.kind": ImageKind,
    "SnapshotView.state": SnapshotState,
    "StartJob.kind": JobKind,
    "TokenView.role": _ROLES,
    "TokenView.state": get_args(tokens.State),
    "VolumeView.attachment": ["", *AttachmentState],
    "VolumeView.kind": KINDS,
    "VolumeView.state": VolumeState,
    "WhyView.state": InstanceState,
}
"""Fields whose type is a plain text, and all that it can be; a field with a Literal needs no line."""

_AT_MS = 1_790_000_000_000
_RULES = "rule quiet { prefer -host.cpu.load }\npolicy quiet { use quiet }\n"
EXAMPLES: Mapping[str, Any] = {
    "AccountView.id": "123456789012",
    "AccountView.name": "physics",
    "ActOnInstances.action": "stop",
    "AddCluster.name": "cluster3",
    "AddGroupRule.from_port": 22,
    "AddGroupRule.peer": "10.0.0.0/8",
    "AddGroupRule.to_port": 22,
    "AddHost.name": "node03",
    "AddHost.uri": "test:///rehearsal",
    "AddRuleset.name": "quiet",
    "AuditView.action": "DrainHost",
    "AuditView.target": "node03",
    "CheckedView.policies": ["quiet"],
    "ClusterView.name": "cluster1",
    "CreateAccount.name": "physics",
    "CreateToken.name": "nightly report",
    "CreateUser.name": "ada",
    "FaultView.message": "`mst` cannot stand here; what can: policy, rule or the end",
    "CheckedView.sound": True,
    "HangingView.version": "9f86d081884c7d65",
    "HangingViews.sums": ["1 x volume: stays"],
    "HostView.name": "cluster1-host1",
    "ImageView.id": "emi-0a11f3c29b7d4e61c",
    "ImageView.kind": "machine",
    "ImageView.name": "tiny",
    "ImageView.state": "available",
    "InstanceView.id": "i-7b31a0c29b7d4e61c",
    "InstanceView.name": "web01",
    "InstanceView.ended_at_ms": 0,
    "InstanceView.key_name": "ada",
    "InstanceView.state_reason": "",
    "InstanceView.state": "running",
    "InstanceView.wanted": "running",
    "InstanceView.seen": "running",
    "InstanceView.tags": {"Name": "web01", "role": "web"},
    "JobTargetAsked.expected": {"state": "running"},
    "JobTargetAsked.id": "i-7b31a0c29b7d4e61c",
    "JobTargetView.expected": {"state": "running"},
    "JobTargetView.state": "done",
    "JobTargetView.target": "i-7b31a0c29b7d4e61c",
    "JobView.command": "euca job start stop i-7b31a0c29b7d4e61c",
    "JobView.id": "job-0a11f3c29b7d4e61c",
    "JobView.kind": "stop",
    "JobView.state": "running",
    "JobView.title": "stop i-7b31a0c29b7d4e61c",
    "Overview.name": "lab",
    "QuotaView.most": 20,
    "RegisterImage.name": "tiny",
    "RegisterImage.kind": "machine",
    "RulesetView.id": "rules-1",
    "ActiveView.id": "rules-1",
    "ActivationView.id": "rules-1",
    "RulesetView.name": "quiet",
    "SetHost.tags": ["ssd"],
    "ShareImage.add": ["physics"],
    "SetQuota.most": 20,
    "SetType.alias_of": "",
    "StartJob.kind": "stop",
    "TagInstances.tags": {"role": "web"},
    "TieView.fate": "stays",
    "TieView.id": "vol-3bd0da1ea030b1fdc",
    "TieView.kind": "volume",
    "TokenView.id": "tok-5d2f9c0a7be14386d",
    "TokenView.name": "nightly report",
    "TypeView.name": "m1.small",
    "UndoneView.about": ["cluster1-host1"],
    "UndoneView.action": "DrainHost",
    "UndoneView.changed": ["cluster1-host1 wanted is enabled"],
    "UserView.id": "AIDAQ3EGRTWJ5M6YB7VDN",
    "UserView.name": "ada",
    "AddressView.id": "eipalloc-7167ea0fdf42a558f",
    "GroupRuleView.id": "sgr-5a87aadad84b115d2",
    "GroupView.allows": ["in tcp 80 from 0.0.0.0/0"],
    "GroupView.id": "sg-87aadad84b115d2d4",
    "GroupView.name": "web",
    "KeyPairView.id": "key-d7947ec59fae3b70c",
    "KeyPairView.name": "ada",
    "PlacementGroupView.id": "pg-4115d2d487aadad8b",
    "PlacementGroupView.name": "apart",
    "SnapshotView.id": "snap-a00b1cc2b56e824f3",
    "SnapshotView.source_id": "vol-3bd0da1ea030b1fdc",
    "SubnetView.id": "subnet-0f41b1f2c3d4e5f60",
    "TemplateView.id": "lt-90b4fd0b8a1c6de27",
    "TemplateView.name": "web",
    "VolumeView.attachment": "attached",
    "VolumeView.id": "vol-3bd0da1ea030b1fdc",
    "VolumeView.name": "data",
    "VolumeView.state": "in-use",
    "access_key_id": "AKIAIOSFODNN7EXAMPLE",
    "access_keys": ["AKIAIOSFODNN7EXAMPLE"],
    "account": "eucalyptus",
    "account_id": "123456789012",
    "architecture": "x86_64",
    "author": "ada",
    "cluster": "cluster1",
    "command": "euca host drain node03",
    "count": 1,
    "cores": 2,
    "cursor": "4711",
    "detail": "",
    "active": True,
    "enabled": True,
    "event": "instance.started",
    "expires_at_ms": 0,
    "field": "name",
    "hash": "5feceb66ffc86f38d952786c6d696c79c2dbc239dd4e91b46729d73a27fb57e9",
    "host": "cluster1-host2",
    "hypervisor": "test",
    "image_id": "emi-0a11f3c29b7d4e61c",
    "instance": "i-7b31a0c29b7d4e61c",
    "instance_id": "i-7b31a0c29b7d4e61c",
    "ids": ["i-7b31a0c29b7d4e61c"],
    "kind": "instance",
    "last_error": "",
    "memory_mib": 1024,
    "disk_gb": 10,
    "policy": "quiet",
    "private_ip": "10.0.0.12",
    "reasons": ["least loaded of 5 hosts"],
    "reservation_id": "r-3f2a0711c29b7d4e6",
    "resource_id": "i-7b31a0c29b7d4e61c",
    "role": "operator",
    "rule_id": "sgr-5a87aadad84b115d2",
    "secret_access_key": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
    "sensor": "host.cpu.load",
    "sha256": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "source": "192.0.2.7",
    "status": "ok",
    "subject": "cluster1-host1",
    "target": "cluster1-host2",
    "text": _RULES,
    "token": "euca_ThisIsAnExampleAndOpensNothing",
    "trouble": ["Host node07 was not heard of for 42 s"],
    "key_id": "AKIAIOSFODNN7EXAMPLE",
    "token_id": "tok-5d2f9c0a7be14386d",
    "uri": "test:///rehearsal",
    "user": "ada",
    "user_id": "AIDAQ3EGRTWJ5M6YB7VDN",
    "user_name": "ada",
    "version": "0.1.0",
    "vmtype": "m1.small",
    "address_id": "eipalloc-7167ea0fdf42a558f",
    "association_id": "eipassoc-7167ea0fdf42a558f",
    "cidr": "10.0.0.0/16",
    "created_by": "arn:aws:iam::123456789012:user/ada",
    "description": "",
    "device": "/dev/sdf",
    "domain": "vpc",
    "error": "",
    "fingerprint": "ab:cd:ef",
    "group_id": "sg-87aadad84b115d2d4",
    "ip": "203.0.113.7",
    "key_pair_id": "key-d7947ec59fae3b70c",
    "launch_template_id": "lt-90b4fd0b8a1c6de27",
    "peer": "0.0.0.0/0",
    "placement_group_id": "pg-4115d2d487aadad8b",
    "pool": "eucalyptus",
    "protocol": "tcp",
    "snapshot_id": "snap-a00b1cc2b56e824f3",
    "volume_id": "vol-3bd0da1ea030b1fdc",
    "vpc_id": "vpc-e0ca1197",
    "who": "123456789012/ada",
    "why": "least loaded of 5 hosts",
}
"""What stands in an example: of one schema's field, else of every field of that name."""
PATHS: Mapping[str, Any] = {
    "access-keys": "AKIAIOSFODNN7EXAMPLE",
    "addresses": "eipalloc-0a11f3c29b7d4e61c",
    "groups": "sg-0a11f3c29b7d4e61c",
    "hosts": "cluster1-host1",
    "audit": "4711",
    "past": 1_790_000_000_000,
    "{at_ms}": "hosts",
    "images": "emi-0a11f3c29b7d4e61c",
    "jobs": "job-0a11f3c29b7d4e61c",
    "instances": "i-7b31a0c29b7d4e61c",
    "networks": "vlan10",
    "key-pairs": "key-0a11f3c29b7d4e61c",
    "launch-templates": "lt-0a11f3c29b7d4e61c",
    "placement-groups": "pg-0a11f3c29b7d4e61c",
    "quotas": "instances",
    "rules": "sgr-0a11f3c29b7d4e61c",
    "rulesets": "rules-1",
    "snapshots": "snap-0a11f3c29b7d4e61c",
    "tokens": "tok-5d2f9c0a7be14386d",
    "users": "AIDAQ3EGRTWJ5M6YB7VDN",
    "volumes": "vol-0a11f3c29b7d4e61c",
}
"""What stands in a path behind the name of a collection, for example."""


def example(schema: Mapping[str, Any], components: Mapping[str, Mapping[str, Any]], title: str = "") -> Any:
    """Form a value that fits a schema, as one could meet it."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return example(components[name], components, name)
    for several in ("oneOf", "anyOf"):
        if several in schema:
            return example(_telling(schema[several]), components, title)
    if schema.get("enum"):
        return schema["enum"][0]
    if "const" in schema:
        return schema["const"]
    return _of_kind(schema, components, title)


def _of_kind(schema: Mapping[str, Any], components: Mapping[str, Mapping[str, Any]], title: str) -> Any:
    kinds = schema.get("type", "string")
    match kinds if isinstance(kinds, str) else next(kind for kind in kinds if kind != "null"):
        case "object":
            fields = schema.get("properties", {})
            return {name: _of_field(title, name, field, components) for name, field in fields.items()}
        case "array":
            return [example(schema["items"], components, title)] if "items" in schema else []
        case "integer":
            return max(int(schema.get("minimum", 0)), 0)
        case "number":
            return float(max(schema.get("minimum", 0.0), 0.0))
        case "boolean":
            return schema.get("default", False)
        case _:
            return schema.get("default") or "example"


def _of_field(title: str, name: str, schema: Mapping[str, Any], components: Mapping[str, Mapping[str, Any]]) -> Any:
    if f"{title}.{name}" in EXAMPLES:
        return EXAMPLES[f"{title}.{name}"]
    if "default" in schema:
        return schema["default"]
    if name.endswith("at_ms"):
        return _AT_MS
    given = EXAMPLES.get(name)
    return given if given is not None and _may_be(schema, given) else example(schema, components)


def _may_be(schema: Mapping[str, Any], value: Any) -> bool:
    """Tell whether a value that stands for a name in general can stand here."""
    if "enum" in schema:
        return value in schema["enum"]
    kinds = schema.get("type", ())
    names: dict[str, Any] = {"string": str, "integer": int, "number": (int, float), "array": list, "object": dict}
    return any(isinstance(value, names.get(kind, ())) for kind in ([kinds] if isinstance(kinds, str) else kinds))


def _telling(schemas: Iterable[Mapping[str, Any]]) -> Mapping[str, Any]:
    return next(each for each in schemas if each.get("type") != "null")
