"""boto 1.9b, 2.0 and 2.49: `old_boto.py [API version]`; without one, with the version that the library brings."""

import os
import sys

import boto
import life
from boto.ec2.connection import EC2Connection
from boto.ec2.regioninfo import RegionInfo
from boto.exception import EC2ResponseError


class Client:
    def __init__(self):
        host, port, path = life.endpoint()
        key, secret = os.environ["EC2_ACCESS_KEY"], os.environ["EC2_SECRET_KEY"]
        region = RegionInfo(None, "eucalyptus", host)
        self.ec2 = EC2Connection(key, secret, is_secure=False, port=port, region=region, path=path)

    def regions(self):
        assert self.ec2.get_all_regions()

    def zones(self):
        zones = self.ec2.get_all_zones()
        life.is_equal(set(zone.state for zone in zones), set(["available"]))
        self.zone = zones[0].name

    def images(self):
        images = [image for image in self.ec2.get_all_images() if image.type == "machine"]
        self.image = images[0].id
        life.is_equal(images[0].state, "available")
        life.is_equal([image.id for image in self.ec2.get_all_images(image_ids=[self.image])], [self.image])

    def create_key(self):
        self.key = life.name("key")
        assert "PRIVATE KEY" in self.ec2.create_key_pair(self.key).material

    def keys(self):
        life.is_equal([key.name for key in self.ec2.get_all_key_pairs([self.key])], [self.key])

    def create_group(self):
        self.group = life.name("group")
        life.is_equal(self.ec2.create_security_group(self.group, "of a test").name, self.group)

    def _group(self):
        return self.ec2.get_all_security_groups([self.group])[0]

    def allow_addresses(self):
        assert self.ec2.authorize_security_group(
            self.group, ip_protocol="tcp", from_port="22", to_port="22", cidr_ip="192.0.2.0/24"
        )

    def allow_group(self):
        rule = {"src_security_group_name": self.group, "src_security_group_owner_id": self._group().owner_id}
        if boto.Version != "1.9b":  # which has no place for both
            rule.update(ip_protocol="tcp", from_port="80", to_port="80")
        assert self.ec2.authorize_security_group(self.group, **rule)

    def groups(self):
        group = self._group()
        life.is_equal(group.description, "of a test")
        grants = [grant for rule in group.rules for grant in rule.grants]
        life.contains([grant.cidr_ip for grant in grants], "192.0.2.0/24")
        # boto 1.9 and 2.0 call what comes last of a grant its name: a group's id, once groups had ids.
        life.contains([grant.name for grant in grants], self.group)
        life.contains([(rule.ip_protocol, rule.from_port, rule.to_port) for rule in group.rules], ("tcp", "22", "22"))

    def run(self):
        run = self.ec2.run_instances(
            self.image,
            min_count=2,
            max_count=2,
            key_name=self.key,
            security_groups=[self.group],
            user_data=life.USER_DATA,
            addressing_type="public",
            instance_type="m1.small",
            placement=self.zone,
            monitoring_enabled=True,
        )
        self.ids = [instance.id for instance in run.instances]
        life.is_equal(len(set(self.ids)), 2)
        life.is_equal([instance.key_name for instance in run.instances], [self.key] * 2)
        names = [getattr(group, "name", None) or group.id for group in run.groups]
        life.is_equal(names, [self.group])

    def _instances(self):
        reservations = self.ec2.get_all_instances(self.ids)
        return [instance for reservation in reservations for instance in reservation.instances]

    def _states(self):
        return [instance.state for instance in self._instances()]

    def running(self):
        life.becomes(self._states, ["running"] * 2)
        for instance in self._instances():
            life.is_equal((instance.image_id, instance.placement), (self.image, self.zone))
            life.is_equal(instance.key_name, self.key)
            assert instance.private_dns_name, "no name"

    def tag(self):
        if not hasattr(self.ec2, "create_tags") or self.ec2.APIVersion < "2010-08-31":
            raise life.Cannot("tags came in August 2010")
        self.ec2.create_tags(self.ids, {"made-by": self.key})

    def tagged(self):
        found = self.ec2.get_all_instances(filters={"tag:made-by": self.key})
        life.is_equal(sorted(i.id for r in found for i in r.instances), sorted(self.ids))
        life.is_equal(found[0].instances[0].tags["made-by"], self.key)

    def console(self):
        assert self.ec2.get_console_output(self.ids[0]).output

    def attribute(self):
        life.is_equal(self.ec2.get_instance_attribute(self.ids[0], "instanceType")["instanceType"], "m1.small")

    def allocate_address(self):
        self.address = self.ec2.allocate_address().public_ip
        assert self.address

    def associate_address(self):
        assert self.ec2.associate_address(self.ids[0], self.address)

    def addresses(self):
        found = self.ec2.get_all_addresses([self.address])
        life.is_equal([(one.public_ip, one.instance_id) for one in found], [(self.address, self.ids[0])])

    def disassociate_address(self):
        assert self.ec2.disassociate_address(self.address)

    def release_address(self):
        assert self.ec2.release_address(self.address)

    def create_volume(self):
        made = self.ec2.create_volume(1, self.zone)
        self.volume = made.id
        life.is_equal((int(made.size), made.zone), (1, self.zone))
        life.becomes(lambda: self._volume().status, "available")

    def _volume(self):
        return self.ec2.get_all_volumes([self.volume])[0]

    def attach_volume(self):
        assert self.ec2.attach_volume(self.volume, self.ids[0], "/dev/sdf")

    def volumes(self):
        life.becomes(lambda: self._volume().status, "in-use")
        found = self._volume().attach_data
        life.is_equal((found.instance_id, found.device), (self.ids[0], "/dev/sdf"))

    def create_snapshot(self):
        self.snapshot = self.ec2.create_snapshot(self.volume).id

    def snapshots(self):
        life.becomes(lambda: self.ec2.get_all_snapshots([self.snapshot])[0].status, "completed")
        life.is_equal(self.ec2.get_all_snapshots([self.snapshot])[0].volume_id, self.volume)

    def detach_volume(self):
        assert self.ec2.detach_volume(self.volume, self.ids[0])
        life.becomes(lambda: self._volume().status, "available")

    def delete_snapshot(self):
        assert self.ec2.delete_snapshot(self.snapshot)

    def delete_volume(self):
        assert self.ec2.delete_volume(self.volume)

    def share_image(self):
        assert self.ec2.modify_image_attribute(self.image, operation="add", groups=["all"])

    def image_shares(self):
        life.is_equal(self.ec2.get_image_attribute(self.image).attrs["groups"], ["all"])

    def reboot(self):
        assert self.ec2.reboot_instances(self.ids)

    def stop(self):
        life.is_equal(len(self.ec2.stop_instances(self.ids)), 2)
        life.becomes(self._states, ["stopped"] * 2)

    def start(self):
        life.is_equal(len(self.ec2.start_instances(self.ids)), 2)
        life.becomes(self._states, ["running"] * 2)

    def refusal(self):
        try:
            self.ec2.terminate_instances([life.NO_INSTANCE])
        except EC2ResponseError as error:
            return life.is_equal(error.error_code, "InvalidInstanceID.NotFound")
        raise AssertionError("nothing was refused")

    def terminate(self):
        life.is_equal(sorted(instance.id for instance in self.ec2.terminate_instances(self.ids)), sorted(self.ids))
        life.becomes(self._states, ["terminated"] * 2)

    def forbid_addresses(self):
        assert self.ec2.revoke_security_group(
            self.group, ip_protocol="tcp", from_port="22", to_port="22", cidr_ip="192.0.2.0/24"
        )

    def delete_group(self):
        assert self.ec2.delete_security_group(self.group)

    def delete_key(self):
        assert self.ec2.delete_key_pair(self.key)


if __name__ == "__main__":
    if sys.argv[1:]:
        EC2Connection.APIVersion = sys.argv[1]
    life.live(Client())
