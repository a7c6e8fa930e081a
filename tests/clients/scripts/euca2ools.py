"""What euca2ools sends, from a sender of ours (they are in no package index): `euca2ools.py 1`, `2` or `3`.

Version 1 spoke through boto 1.9 and 2.0, version 2 through boto 2.x, version 3 through requestbuilder: the same
signatures, API dates and places of arguments. Answers are read by the exact namespace that was asked for.
"""

import base64
import hashlib
import hmac
import http.client
import os
import sys
import time
import xml.etree.ElementTree as ET
from urllib.parse import quote, urlencode

import life
import today
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

KEY, SECRET = os.environ["EC2_ACCESS_KEY"], os.environ["EC2_SECRET_KEY"]
HOST, PORT, PATH = life.endpoint()
NETLOC = f"{HOST}:{PORT}"


def signed_v2(verb, parameters):
    """Sign as boto did: sorted parameters, the host with its port, HmacSHA256."""
    signed = parameters | {
        "AWSAccessKeyId": KEY,
        "SignatureMethod": "HmacSHA256",
        "SignatureVersion": "2",
        "Timestamp": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
    }
    pairs = "&".join(f"{name}={quote(str(signed[name]), safe='-_~')}" for name in sorted(signed))
    text = "\n".join((verb, NETLOC.lower(), PATH, pairs))
    signature = base64.b64encode(hmac.new(SECRET.encode(), text.encode(), hashlib.sha256).digest()).decode()
    return f"{pairs}&Signature={quote(signature, safe='')}"


def by_get(parameters):
    """Ask as boto 1.9 did, its stray header included."""
    return "GET", f"{PATH}?{signed_v2('GET', parameters)}", None, {"Authorization": f"AWS {KEY}:c3RyYXk="}


def by_post(parameters):
    form = {"Content-Type": "application/x-www-form-urlencoded; charset=UTF-8"}
    return "POST", PATH, signed_v2("POST", parameters), form


def by_v4(parameters):
    """Ask as requestbuilder does with nothing but EC2_URL: nobody's region in the scope."""
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    request = AWSRequest("POST", f"http://{NETLOC}{PATH}", form, urlencode(parameters))
    SigV4Auth(Credentials(KEY, SECRET), "ec2", f"undefined-{os.getpid()}").add_auth(request)
    return "POST", PATH, request.data, dict(request.headers)


class Sender:
    """The arguments of version 1: groups by name, everything in its own parameter."""

    date, form = "2009-11-30", staticmethod(by_get)

    def ask(self, action, **parameters):
        """Send one request; return the root of its answer, without the namespace that it must have."""
        named = {name.replace("__", "."): value for name, value in parameters.items()}
        verb, path, body, headers = self.form({"Action": action, "Version": self.date} | named)
        connection = http.client.HTTPConnection(HOST, PORT, timeout=30)
        connection.request(verb, path, body, headers)
        answer = connection.getresponse()
        root = ET.fromstring(answer.read())
        connection.close()
        if answer.status != 200:
            raise today.Refused(root.findtext(".//Code"), root.findtext(".//Message"))
        space = f"{{http://ec2.amazonaws.com/doc/{self.date}/}}"
        for element in root.iter():
            assert element.tag.startswith(space), element.tag
            element.tag = element.tag.removeprefix(space)
        return root

    def agrees(self, action, **parameters):
        life.is_equal(self.ask(action, **parameters).findtext("return"), "true")


class Client(Sender):
    def regions(self):
        assert self.ask("DescribeRegions").findtext("regionInfo/item/regionEndpoint")

    def zones(self):
        self.zone = self.ask("DescribeAvailabilityZones").findtext("availabilityZoneInfo/item/zoneName")
        (found,) = self.ask("DescribeAvailabilityZones", ZoneName__1=self.zone).findall("availabilityZoneInfo/item")
        life.is_equal(found.findtext("zoneState"), "available")

    def images(self):
        images = self.ask("DescribeImages").findall("imagesSet/item")
        machines = [image for image in images if image.findtext("imageType") == "machine"]
        self.image = machines[0].findtext("imageId")

    def create_key(self):
        self.key = life.name("key")
        assert "PRIVATE KEY" in self.ask("CreateKeyPair", KeyName=self.key).findtext("keyMaterial")

    def keys(self):
        found = self.ask("DescribeKeyPairs", KeyName__1=self.key).findall("keySet/item/keyName")
        life.is_equal([key.text for key in found], [self.key])

    def create_group(self):
        self.group = life.name("group")
        self.agrees("CreateSecurityGroup", GroupName=self.group, GroupDescription="of a test")

    def _from_addresses(self):
        return {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "CidrIp": "192.0.2.0/24"}

    def _group(self):
        (found,) = self.ask("DescribeSecurityGroups", GroupName__1=self.group).findall("securityGroupInfo/item")
        return found

    def allow_addresses(self):
        self.agrees("AuthorizeSecurityGroupIngress", GroupName=self.group, **self._from_addresses())

    def allow_group(self):
        source = {
            "SourceSecurityGroupName": self.group,
            "SourceSecurityGroupOwnerId": self._group().findtext("ownerId"),
        }
        self.agrees("AuthorizeSecurityGroupIngress", GroupName=self.group, **source)

    def groups(self):
        rules = self._group().findall("ipPermissions/item")
        life.contains([rule.findtext("ipRanges/item/cidrIp") for rule in rules], "192.0.2.0/24")
        life.contains([rule.findtext("groups/item/groupName") for rule in rules], self.group)

    def run(self):
        made = self.ask(
            "RunInstances",
            ImageId=self.image,
            MinCount=2,
            MaxCount=2,
            KeyName=self.key,
            SecurityGroup__1=self.group,
            UserData=base64.b64encode(life.USER_DATA.encode()).decode(),
            AddressingType="public",
            InstanceType="m1.small",
            Placement__AvailabilityZone=self.zone,
        )
        self.ids = [one.text for one in made.findall("instancesSet/item/instanceId")]
        group = made.find("groupSet/item")
        life.is_equal(group.findtext("groupName") or group.findtext("groupId"), self.group)

    def _named(self):
        return {f"InstanceId.{number}": one for number, one in enumerate(self.ids, 1)}

    def _instances(self, **chosen):
        return self.ask("DescribeInstances", **(chosen or self._named())).findall(
            "reservationSet/item/instancesSet/item"
        )

    def _states(self):
        return [instance.findtext("instanceState/name") for instance in self._instances()]

    def running(self):
        life.becomes(self._states, ["running"] * 2)
        for instance in self._instances():
            life.is_equal(instance.findtext("placement/availabilityZone"), self.zone)
            assert instance.findtext("privateDnsName"), "no name"

    def tag(self):
        raise life.Cannot("tags came in August 2010")

    def console(self):
        assert base64.b64decode(self.ask("GetConsoleOutput", InstanceId=self.ids[0]).findtext("output"))

    def attribute(self):
        told = self.ask("DescribeInstanceAttribute", InstanceId=self.ids[0], Attribute="instanceType")
        life.is_equal(told.findtext("instanceType/value"), "m1.small")

    def allocate_address(self):
        self.address = self.ask("AllocateAddress").findtext("publicIp")
        assert self.address

    def associate_address(self):
        self.agrees("AssociateAddress", InstanceId=self.ids[0], PublicIp=self.address)

    def addresses(self):
        (found,) = self.ask("DescribeAddresses", PublicIp__1=self.address).findall("addressesSet/item")
        life.is_equal(found.findtext("instanceId"), self.ids[0])

    def disassociate_address(self):
        self.agrees("DisassociateAddress", PublicIp=self.address)

    def release_address(self):
        self.agrees("ReleaseAddress", PublicIp=self.address)

    def create_volume(self):
        self.volume = self.ask("CreateVolume", Size=1, AvailabilityZone=self.zone).findtext("volumeId")
        life.becomes(lambda: self._volume().findtext("status"), "available")

    def _volume(self):
        (found,) = self.ask("DescribeVolumes", VolumeId__1=self.volume).findall("volumeSet/item")
        return found

    def attach_volume(self):
        self.ask("AttachVolume", VolumeId=self.volume, InstanceId=self.ids[0], Device="/dev/sdf")

    def volumes(self):
        life.becomes(lambda: self._volume().findtext("status"), "in-use")
        life.is_equal(self._volume().findtext("attachmentSet/item/instanceId"), self.ids[0])

    def create_snapshot(self):
        self.snapshot = self.ask("CreateSnapshot", VolumeId=self.volume).findtext("snapshotId")

    def snapshots(self):
        def state():
            (found,) = self.ask("DescribeSnapshots", SnapshotId__1=self.snapshot).findall("snapshotSet/item")
            return found.findtext("status")

        life.becomes(state, "completed")

    def detach_volume(self):
        self.ask("DetachVolume", VolumeId=self.volume)
        life.becomes(lambda: self._volume().findtext("status"), "available")

    def delete_snapshot(self):
        self.agrees("DeleteSnapshot", SnapshotId=self.snapshot)

    def delete_volume(self):
        self.agrees("DeleteVolume", VolumeId=self.volume)

    def share_image(self):
        shared = {"Attribute": "launchPermission", "OperationType": "add", "UserGroup.1": "all"}
        self.agrees("ModifyImageAttribute", ImageId=self.image, **shared)

    def image_shares(self):
        told = self.ask("DescribeImageAttribute", ImageId=self.image, Attribute="launchPermission")
        life.is_equal(told.findtext("launchPermission/item/group"), "all")

    def reboot(self):
        self.agrees("RebootInstances", **self._named())

    def stop(self):
        life.is_equal(len(self.ask("StopInstances", **self._named()).findall("instancesSet/item")), 2)
        life.becomes(self._states, ["stopped"] * 2)

    def start(self):
        life.is_equal(len(self.ask("StartInstances", **self._named()).findall("instancesSet/item")), 2)
        life.becomes(self._states, ["running"] * 2)

    def refusal(self):
        try:
            self.ask("TerminateInstances", InstanceId__1=life.NO_INSTANCE)
        except today.Refused as refused:
            return life.is_equal(refused.code, "InvalidInstanceID.NotFound")
        raise AssertionError("nothing was refused")

    def terminate(self):
        ended = self.ask("TerminateInstances", **self._named()).findall("instancesSet/item/previousState/name")
        life.is_equal([state.text for state in ended], ["running"] * 2)
        life.becomes(self._states, ["terminated"] * 2)

    def forbid_addresses(self):
        self.agrees("RevokeSecurityGroupIngress", GroupName=self.group, **self._from_addresses())

    def delete_group(self):
        self.agrees("DeleteSecurityGroup", GroupName=self.group)

    def delete_key(self):
        self.agrees("DeleteKeyPair", KeyName=self.key)


class Second(Client):
    """Version 2: tags and filters, rules as lists, everything in the body."""

    date, form = "2010-08-31", staticmethod(by_post)

    def _from_addresses(self):
        places = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges.1.CidrIp": "192.0.2.0/24"}
        return {f"IpPermissions.1.{name}": value for name, value in places.items()}

    def allow_group(self):
        source = {"Groups.1.GroupName": self.group, "Groups.1.UserId": self._group().findtext("ownerId")}
        places = {"IpProtocol": "tcp", "FromPort": 80, "ToPort": 80, **source}
        rule = {f"IpPermissions.1.{name}": value for name, value in places.items()}
        self.agrees("AuthorizeSecurityGroupIngress", GroupName=self.group, **rule)

    def tag(self):
        named = {f"ResourceId.{number}": one for number, one in enumerate(self.ids, 1)}
        self.agrees("CreateTags", **named, Tag__1__Key="made-by", Tag__1__Value=self.key)

    def tagged(self):
        found = self._instances(Filter__1__Name="tag:made-by", Filter__1__Value__1=self.key)
        life.is_equal({one.findtext("instanceId") for one in found}, set(self.ids))
        life.is_equal(found[0].findtext("tagSet/item/value"), self.key)


class Third(Second):
    """Version 3: signature 4, a date of 2015."""

    date, form = "2015-10-01", staticmethod(by_v4)


if __name__ == "__main__":
    life.live({"1": Client, "2": Second, "3": Third}[sys.argv[1]]())
