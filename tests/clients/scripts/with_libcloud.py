"""libcloud: `with_libcloud.py EC2 4`, `with_libcloud.py EC2 2` (signatures) or `with_libcloud.py EUCALYPTUS`."""

import os
import sys

import life
from libcloud.compute.base import Node, NodeImage, NodeSize
from libcloud.compute.drivers.ec2 import EC2NodeLocation
from libcloud.compute.providers import get_driver


def connect(driver, signature="2"):
    host, port, path = life.endpoint()
    keys = os.environ["EC2_ACCESS_KEY"], os.environ["EC2_SECRET_KEY"]
    if driver == "EC2":
        ec2 = get_driver(driver)(*keys, secure=False, host=host, port=port, signature_version=signature)
    else:
        ec2 = get_driver(driver)(*keys, secure=False, host=host, port=port, path=path)
    ec2.region_name = os.environ["AWS_DEFAULT_REGION"]  # it would ask for the zones of us-east-1
    return ec2


class Client:
    def __init__(self, driver):
        self.ec2 = driver

    def regions(self):
        raise life.Cannot("its regions stand in its source")

    def zones(self):
        zone = self.ec2.ex_list_availability_zones()[0]
        self.zone, self.location = zone.name, EC2NodeLocation(zone.name, zone.name, "", self.ec2, zone)

    def images(self):
        images = [image for image in self.ec2.list_images() if image.extra["image_type"] == "machine"]
        self.image = images[0]
        life.is_equal(self.ec2.get_image(self.image.id).extra["state"], "available")

    def create_key(self):
        self.key = self.ec2.create_key_pair(life.name("key"))
        assert "PRIVATE KEY" in self.key.private_key

    def keys(self):
        life.is_equal(self.ec2.get_key_pair(self.key.name).fingerprint, self.key.fingerprint)

    def create_group(self):
        self.group_name = life.name("group")
        self.group = self.ec2.ex_create_security_group(self.group_name, "of a test")["group_id"]

    def allow_addresses(self):
        assert self.ec2.ex_authorize_security_group_ingress(self.group, 22, 22, cidr_ips=["192.0.2.0/24"])

    def allow_group(self):
        pairs = [{"group_id": self.group}]
        assert self.ec2.ex_authorize_security_group_ingress(self.group, 80, 80, group_pairs=pairs)

    def groups(self):
        (group,) = self.ec2.ex_get_security_groups(group_ids=[self.group])
        life.is_equal(group.name, self.group_name)
        rules = {rule["from_port"]: rule for rule in group.ingress_rules}
        life.is_equal(rules["22"]["cidr_ips"], ["192.0.2.0/24"])
        life.is_equal([pair["group_id"] for pair in rules["80"]["group_pairs"]], [self.group])

    def run(self):
        if self.ec2.name == "Eucalyptus":
            (size,) = [size for size in self.ec2.list_sizes() if size.id == "m1.small"]
            assert size.ram > 0
        else:
            size = NodeSize("m1.small", "m1.small", 0, 0, 0, 0, self.ec2)
        nodes = self.ec2.create_node(
            life.name("node"),
            size,
            self.image,
            ex_keyname=self.key.name,
            ex_security_groups=[self.group_name],
            ex_userdata=life.USER_DATA,
            location=self.location,
            ex_mincount=2,
            ex_maxcount=2,
        )
        self.ids = [node.id for node in nodes]
        life.is_equal(len(set(self.ids)), 2)

    def _nodes(self):
        return self.ec2.list_nodes(ex_node_ids=self.ids)

    def _states(self):
        return [node.extra["status"] for node in self._nodes()]

    def running(self):
        life.becomes(self._states, ["running"] * 2)
        for node in self._nodes():
            life.is_equal((node.extra["key_name"], node.extra["image_id"]), (self.key.name, self.image.id))
            life.is_equal(node.extra["availability"], self.zone)

    def tag(self):
        for node in self._nodes():
            assert self.ec2.ex_create_tags(node, {"made-by": self.key.name})

    def tagged(self):
        found = self.ec2.list_nodes(ex_filters={"tag:made-by": [self.key.name]})
        life.is_equal({node.id for node in found}, set(self.ids))
        if self.ec2.name != "Eucalyptus":  # that driver names no resource and gets the tags of all
            life.is_equal(self.ec2.ex_describe_tags(found[0])["made-by"], self.key.name)

    def console(self):
        assert self.ec2.ex_get_console_output(self._nodes()[0])["output"]

    def attribute(self):
        raise life.Cannot("it changes attributes and shows none")

    def allocate_address(self):
        self.address = self.ec2.ex_allocate_address()
        assert self.address.ip

    def associate_address(self):
        self.ec2.ex_associate_address_with_node(self._nodes()[0], self.address)

    def addresses(self):
        found = {one.ip: one.instance_id for one in self.ec2.ex_describe_all_addresses()}
        life.is_equal(found[self.address.ip], self.ids[0])

    def disassociate_address(self):
        assert self.ec2.ex_disassociate_address(self.address)

    def release_address(self):
        assert self.ec2.ex_release_address(self.address)

    def create_volume(self):
        self.volume = self.ec2.create_volume(1, life.name("volume"), location=self.location)
        life.becomes(lambda: self._volume().extra["state"], "available")

    def _volume(self):
        (found,) = [volume for volume in self.ec2.list_volumes() if volume.id == self.volume.id]
        return found

    def attach_volume(self):
        assert self.ec2.attach_volume(self._nodes()[0], self.volume, "/dev/sdf")

    def volumes(self):
        life.becomes(lambda: self._volume().extra["state"], "in-use")
        life.is_equal(self._volume().extra["instance_id"], self.ids[0])

    def create_snapshot(self):
        self.snapshot = self.ec2.create_volume_snapshot(self.volume, life.name("snapshot"))

    def snapshots(self):
        life.becomes(lambda: self._snapshot().extra["state"], "completed")
        life.is_equal(self._snapshot().extra["volume_id"], self.volume.id)

    def _snapshot(self):
        (found,) = [one for one in self.ec2.list_snapshots() if one.id == self.snapshot.id]
        return found

    def detach_volume(self):
        assert self.ec2.detach_volume(self.volume)
        life.becomes(lambda: self._volume().extra["state"], "available")

    def delete_snapshot(self):
        assert self.ec2.destroy_volume_snapshot(self.snapshot)

    def delete_volume(self):
        assert self.ec2.destroy_volume(self.volume)

    def share_image(self):
        image = NodeImage(self.image.id, "", self.ec2)
        assert self.ec2.ex_modify_image_attribute(image, {"LaunchPermission.Add.1.Group": "all"})

    def image_shares(self):
        raise life.Cannot("it shows no attributes of images")

    def reboot(self):
        assert all(self.ec2.reboot_node(node) for node in self._nodes())

    def stop(self):
        assert all(self.ec2.stop_node(node) for node in self._nodes())
        life.becomes(self._states, ["stopped"] * 2)

    def start(self):
        assert all(self.ec2.start_node(node) for node in self._nodes())
        life.becomes(self._states, ["running"] * 2)

    def refusal(self):
        try:
            self.ec2.destroy_node(Node(life.NO_INSTANCE, "", 0, [], [], self.ec2))
        except Exception as error:
            return life.contains(str(error), "InvalidInstanceID.NotFound")
        raise AssertionError("nothing was refused")

    def terminate(self):
        assert all(self.ec2.destroy_node(node) for node in self._nodes())
        life.becomes(self._states, ["terminated"] * 2)

    def forbid_addresses(self):
        assert self.ec2.ex_revoke_security_group_ingress(self.group, 22, 22, cidr_ips=["192.0.2.0/24"])

    def delete_group(self):
        assert self.ec2.ex_delete_security_group_by_id(self.group)

    def delete_key(self):
        assert self.ec2.delete_key_pair(self.key)


if __name__ == "__main__":
    life.live(Client(connect(*sys.argv[1:])))
