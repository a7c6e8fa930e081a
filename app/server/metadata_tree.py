"""What an instance is told of itself, as a tree of names: 1.6.1's paths, and those that cloud-init asks for today.

A directory lists its names with a slash behind those that are directories again; only `public-keys` is different:
it lists `number=name`.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from app.domain import vpc
from app.domain.image import Image
from app.domain.instance import Instance
from app.domain.names import Names
from app.domain.ports import Unit
from app.services import addresses, dns, public_addresses, tags


@dataclass(frozen=True, slots=True)
class Titled:
    """A directory that shows other words than its names."""

    listing: str
    below: "Mapping[str, Node]"


Node = bytes | str | Titled | Mapping[str, "Node"]
_DISKS = {"ami": "sda1", "emi": "sda1", "ephemeral": "sda2", "ephemeral0": "sda2", "root": "/dev/sda1", "swap": "sda3"}


def pages_of(tree: Mapping[str, Node], above: str = "") -> dict[str, bytes]:
    """List what stands at every path below the version, the tree's own listing at `above`."""
    pages = {above: _shown(tree)}
    for name, node in tree.items():
        path, below = f"{above}/{name}" if above else name, node.below if isinstance(node, Titled) else node
        pages |= pages_of(below, path) if isinstance(below, Mapping) else {}
        pages[path] = _shown(node)
    return pages


def tree_of(unit: Unit, instance: Instance, region: str) -> dict[str, Node]:
    """Gather all that an instance is told."""
    image, names = unit.images.get(instance.image_id), dns.names_of(unit)
    facts = _facts(instance, image, names) | _surroundings(unit, instance, region, names)
    tree: dict[str, Node] = {
        "meta-data": _sorted(facts | _tags(unit, instance)),
        "dynamic": {"instance-identity": {"document": _document(instance, region)}},
    }
    return tree | {"user-data": instance.user_data} if instance.user_data else tree


def _shown(node: Node) -> bytes:
    match node:
        case bytes():
            return node
        case str():
            return node.encode()
        case Titled(listing=listing):
            return listing.encode()
    return "\n".join(name + ("" if isinstance(below, bytes | str) else "/") for name, below in node.items()).encode()


def _facts(instance: Instance, image: Image | None, names: Names) -> dict[str, Node]:
    name, address = names.private(instance.address), instance.address
    facts: dict[str, Node] = {
        "ami-id": instance.image_id,
        "ami-launch-index": str(instance.launch_index),
        "ami-manifest-path": (image.location or image.name) if image else "",
        "ancestor-ami-ids": "",
        "block-device-mapping": _DISKS,
        "hostname": name,
        "instance-action": "none",
        "instance-id": instance.id,
        "instance-life-cycle": "on-demand",
        "instance-type": instance.vmtype,
        "local-hostname": name,
        "local-ipv4": address,
        "mac": instance.mac,
        "product-codes": "\n".join(image.product_codes) if image else "",
        "public-hostname": name,  # as in 1.6.1, unless the instance has a public address
        "public-ipv4": address,
        "reservation-id": instance.reservation_id,
    }
    if instance.kernel_id:
        facts["kernel-id"] = instance.kernel_id
    if instance.ramdisk_id:
        facts["ramdisk-id"] = instance.ramdisk_id
    if instance.public_key:
        facts["public-keys"] = Titled(f"0={instance.key_name}", {"0": {"openssh-key": instance.public_key}})
    return facts


def _surroundings(unit: Unit, instance: Instance, region: str, names: Names) -> dict[str, Node]:
    groups = {group.id: group.name for group in unit.groups.where(id=instance.group_ids)}
    named = "\n".join(groups[one] for one in instance.group_ids if one in groups)
    host = unit.hosts.get(instance.host)
    card: dict[str, Node] = {
        "device-number": "0",
        "interface-id": vpc.interface_id(instance.id),
        "local-hostname": names.private(instance.address),
        "local-ipv4s": instance.address,
        "mac": instance.mac,
        "owner-id": instance.account_id,
        "security-groups": named,
        "subnet-id": vpc.subnet_id(instance.cluster),
        "subnet-ipv4-cidr-block": addresses.subnet_of(unit, host) if host else "",
        "vpc-id": vpc.DEFAULT_VPC_ID,
    }
    outside: dict[str, Node] = {}
    for address in public_addresses.of_instances(unit, (instance.id,)).values():
        name = names.public(address.ip)
        outside = {"public-hostname": name, "public-ipv4": address.ip}
        card |= {"public-hostname": name, "public-ipv4s": address.ip}
    return outside | {
        "network": {"interfaces": {"macs": {instance.mac: card}}},
        "placement": {"availability-zone": instance.cluster, "region": region},
        "security-groups": named,
        "services": {"domain": "amazonaws.com", "partition": "aws"},
    }


def _tags(unit: Unit, instance: Instance) -> dict[str, Node]:
    """Show the tags if the owner wants that; a key that holds a slash can be no name here and is left out."""
    if not instance.metadata_tags:
        return {}
    named = tags.by_resource(unit, (instance.id,)).get(instance.id, {})
    return {"tags": {"instance": _sorted({key: value for key, value in named.items() if "/" not in key})}}


def _document(instance: Instance, region: str) -> str:
    said = {
        "accountId": instance.account_id,
        "architecture": instance.architecture,
        "availabilityZone": instance.cluster,
        "billingProducts": None,
        "devpayProductCodes": None,
        "marketplaceProductCodes": None,
        "imageId": instance.image_id,
        "instanceId": instance.id,
        "instanceType": instance.vmtype,
        "kernelId": instance.kernel_id or None,
        "pendingTime": f"{datetime.fromtimestamp(instance.launched_at_ms // 1000, UTC):%Y-%m-%dT%H:%M:%SZ}",
        "privateIp": instance.address,
        "ramdiskId": instance.ramdisk_id or None,
        "region": region,
        "version": "2017-09-30",
    }
    return json.dumps(said, indent=2)


def _sorted(tree: Mapping[str, Node]) -> dict[str, Node]:
    return dict(sorted(tree.items()))
