"""The life cycle in the words of today's API; who imports it brings `call(action, parameters)`."""

import life


class Refused(Exception):
    """What the cloud refused; `code` is EC2's own."""

    def __init__(self, code, message):
        super().__init__(f"{code}: {message}")
        self.code = code


class Client:
    def call(self, action, **parameters):
        """Send one request and return what its client made of the answer; Refused if the cloud says so."""
        raise NotImplementedError

    def regions(self):
        assert self.call("DescribeRegions")["Regions"]

    def zones(self):
        zones = self.call("DescribeAvailabilityZones")["AvailabilityZones"]
        life.is_equal({zone["State"] for zone in zones}, {"available"})
        self.zone = zones[0]["ZoneName"]

    def images(self):
        images = self.call("DescribeImages", Filters=[{"Name": "image-type", "Values": ["mach*"]}])["Images"]
        self.image = images[0]["ImageId"]
        life.is_equal(images[0]["State"], "available")

    def create_key(self):
        self.key = life.name("key")
        assert "PRIVATE KEY" in self.call("CreateKeyPair", KeyName=self.key)["KeyMaterial"]

    def keys(self):
        found = self.call("DescribeKeyPairs", KeyNames=[self.key])["KeyPairs"]
        life.is_equal([key["KeyName"] for key in found], [self.key])

    def create_group(self):
        self.group_name = life.name("group")
        made = self.call("CreateSecurityGroup", GroupName=self.group_name, Description="of a test")
        self.group = made["GroupId"]

    def _from_addresses(self):
        return {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": "192.0.2.0/24"}]}

    def allow_addresses(self):
        self.call("AuthorizeSecurityGroupIngress", GroupId=self.group, IpPermissions=[self._from_addresses()])

    def allow_group(self):
        rule = {"IpProtocol": "tcp", "FromPort": 80, "ToPort": 80, "UserIdGroupPairs": [{"GroupId": self.group}]}
        self.call("AuthorizeSecurityGroupIngress", GroupId=self.group, IpPermissions=[rule])

    def groups(self):
        (group,) = self.call("DescribeSecurityGroups", GroupIds=[self.group])["SecurityGroups"]
        life.is_equal((group["GroupName"], group["Description"]), (self.group_name, "of a test"))
        rules = {rule["FromPort"]: rule for rule in group["IpPermissions"]}
        life.is_equal([one["CidrIp"] for one in rules[22]["IpRanges"]], ["192.0.2.0/24"])
        life.is_equal([one["GroupId"] for one in rules[80]["UserIdGroupPairs"]], [self.group])

    def run(self):
        made = self.call(
            "RunInstances",
            ImageId=self.image,
            MinCount=2,
            MaxCount=2,
            KeyName=self.key,
            SecurityGroupIds=[self.group],
            UserData=life.USER_DATA,
            InstanceType="m1.small",
            Placement={"AvailabilityZone": self.zone},
            ClientToken=life.name("token"),
        )
        self.ids = [instance["InstanceId"] for instance in made["Instances"]]
        life.is_equal([instance["AmiLaunchIndex"] for instance in made["Instances"]], [0, 1])

    def _instances(self, **chosen):
        found = self.call("DescribeInstances", **(chosen or {"InstanceIds": self.ids}))["Reservations"]
        return [instance for reservation in found for instance in reservation["Instances"]]

    def _states(self):
        return [instance["State"]["Name"] for instance in self._instances()]

    def running(self):
        life.becomes(self._states, ["running"] * 2)
        for instance in self._instances():
            life.is_equal((instance["KeyName"], instance["Placement"]["AvailabilityZone"]), (self.key, self.zone))
            life.is_equal([group["GroupName"] for group in instance["SecurityGroups"]], [self.group_name])

    def tag(self):
        self.call("CreateTags", Resources=self.ids, Tags=[{"Key": "made-by", "Value": self.key}])

    def tagged(self):
        found = self._instances(Filters=[{"Name": "tag:made-by", "Values": [self.key]}])
        life.is_equal({instance["InstanceId"] for instance in found}, set(self.ids))

    def console(self):
        assert self.call("GetConsoleOutput", InstanceId=self.ids[0])["Output"]

    def attribute(self):
        told = self.call("DescribeInstanceAttribute", InstanceId=self.ids[0], Attribute="instanceType")
        life.is_equal(told["InstanceType"]["Value"], "m1.small")

    def allocate_address(self):
        made = self.call("AllocateAddress", Domain="vpc")
        self.address, self.allocation = made["PublicIp"], made["AllocationId"]

    def associate_address(self):
        made = self.call("AssociateAddress", InstanceId=self.ids[0], AllocationId=self.allocation)
        self.association = made["AssociationId"]

    def addresses(self):
        (found,) = self.call("DescribeAddresses", PublicIps=[self.address])["Addresses"]
        life.is_equal((found["InstanceId"], found["AllocationId"]), (self.ids[0], self.allocation))

    def disassociate_address(self):
        self.call("DisassociateAddress", AssociationId=self.association)

    def release_address(self):
        self.call("ReleaseAddress", AllocationId=self.allocation)

    def create_volume(self):
        made = self.call("CreateVolume", Size=1, AvailabilityZone=self.zone)
        self.volume = made["VolumeId"]
        life.becomes(lambda: self._volume()["State"], "available")

    def _volume(self):
        (found,) = self.call("DescribeVolumes", VolumeIds=[self.volume])["Volumes"]
        return found

    def attach_volume(self):
        self.call("AttachVolume", VolumeId=self.volume, InstanceId=self.ids[0], Device="/dev/sdf")

    def volumes(self):
        life.becomes(lambda: self._volume()["State"], "in-use")
        (found,) = self._volume()["Attachments"]
        life.is_equal((found["InstanceId"], found["Device"]), (self.ids[0], "/dev/sdf"))

    def create_snapshot(self):
        self.snapshot = self.call("CreateSnapshot", VolumeId=self.volume)["SnapshotId"]

    def snapshots(self):
        def state():
            (found,) = self.call("DescribeSnapshots", SnapshotIds=[self.snapshot])["Snapshots"]
            return found["State"], found["VolumeId"]

        life.becomes(state, ("completed", self.volume))

    def detach_volume(self):
        self.call("DetachVolume", VolumeId=self.volume)
        life.becomes(lambda: self._volume()["State"], "available")

    def delete_snapshot(self):
        self.call("DeleteSnapshot", SnapshotId=self.snapshot)

    def delete_volume(self):
        self.call("DeleteVolume", VolumeId=self.volume)

    def share_image(self):
        permission = {"Add": [{"Group": "all"}]}
        self.call("ModifyImageAttribute", ImageId=self.image, LaunchPermission=permission)

    def image_shares(self):
        told = self.call("DescribeImageAttribute", ImageId=self.image, Attribute="launchPermission")
        life.is_equal(told["LaunchPermissions"], [{"Group": "all"}])

    def reboot(self):
        self.call("RebootInstances", InstanceIds=self.ids)

    def stop(self):
        life.is_equal(len(self.call("StopInstances", InstanceIds=self.ids)["StoppingInstances"]), 2)
        life.becomes(self._states, ["stopped"] * 2)

    def start(self):
        life.is_equal(len(self.call("StartInstances", InstanceIds=self.ids)["StartingInstances"]), 2)
        life.becomes(self._states, ["running"] * 2)

    def refusal(self):
        try:
            self.call("TerminateInstances", InstanceIds=[life.NO_INSTANCE])
        except Refused as refused:
            return life.is_equal(refused.code, "InvalidInstanceID.NotFound")
        raise AssertionError("nothing was refused")

    def terminate(self):
        ended = self.call("TerminateInstances", InstanceIds=self.ids)["TerminatingInstances"]
        life.is_equal([one["PreviousState"]["Name"] for one in ended], ["running"] * 2)
        life.becomes(self._states, ["terminated"] * 2)

    def forbid_addresses(self):
        self.call("RevokeSecurityGroupIngress", GroupId=self.group, IpPermissions=[self._from_addresses()])

    def delete_group(self):
        self.call("DeleteSecurityGroup", GroupId=self.group)

    def delete_key(self):
        self.call("DeleteKeyPair", KeyName=self.key)
