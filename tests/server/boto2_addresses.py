"""Public addresses, and a launch into a subnet, as boto 2.49 handles them; run by `test_ec2_addresses`."""

import sys
from typing import Any

from boto.ec2 import networkinterface

from tests.server.boto2 import connect


def handle(connection: Any) -> None:
    image = connection.get_all_images(filters={"image-type": "machine"})[0].id
    (instance,) = connection.run_instances(image, addressing_type="public").instances
    assert instance.ip_address.startswith("198.51.100.")
    by_name(connection, instance)
    by_id(connection, instance)
    instance.terminate()


def by_name(connection: Any, instance: Any) -> None:
    """Go the way of 2009."""
    address = connection.allocate_address()
    assert connection.associate_address(instance.id, address.public_ip)
    assert instance.update() in ("pending", "running")
    assert instance.ip_address == address.public_ip
    (shown,) = connection.get_all_addresses([address.public_ip])
    assert shown.instance_id == instance.id
    assert connection.disassociate_address(address.public_ip)
    assert connection.release_address(address.public_ip)


def by_id(connection: Any, instance: Any) -> None:
    """Go today's way, on an instance whose interface the launch described."""
    subnet = instance.subnet_id
    cards: Any = networkinterface
    card = cards.NetworkInterfaceSpecification(subnet_id=subnet, associate_public_ip_address=True, description="boto 2")
    run = connection.run_instances(instance.image_id, network_interfaces=cards.NetworkInterfaceCollection(card))
    (other,) = run.instances
    assert (other.subnet_id, other.vpc_id, other.interfaces[0].description) == (subnet, instance.vpc_id, "boto 2")
    address = connection.allocate_address(domain="vpc")
    assert address.associate(other.id)
    (shown,) = connection.get_all_addresses(allocation_ids=[address.allocation_id])
    assert (shown.network_interface_id, shown.domain) == (other.interfaces[0].id, "vpc")
    (interface,) = connection.get_all_network_interfaces(filters={"attachment.instance-id": other.id})
    assert interface.publicIp == address.public_ip
    assert shown.disassociate()
    assert address.release()
    other.terminate()


if __name__ == "__main__":
    handle(connect(sys.argv[1]))
