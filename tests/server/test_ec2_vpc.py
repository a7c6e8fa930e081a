"""The default VPC over HTTP: what everybody may read, what nobody may change, and launches that name a subnet."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.deadline import eventually
from tests.server.raw_ec2 import RawEc2, Reply

pytestmark = pytest.mark.server


@pytest.fixture(scope="module")
def image(raw: RawEc2) -> str:
    return raw.ask("DescribeImages", Filter_1_Name="image-type", Filter_1_Value_1="machine").text("imageId")


@pytest.fixture(scope="module")
def subnets(raw: RawEc2) -> dict[str, str]:
    """Name each zone's subnet."""
    told = raw.ask("DescribeSubnets")
    return dict(zip(told.texts("availabilityZone"), told.texts("subnetId"), strict=True))


@pytest.fixture(scope="module")
def launched(raw: RawEc2, image: str, subnets: dict[str, str]) -> Iterator[Reply]:
    """An instance whose launch says all it may of its interface."""
    group = raw.ask("CreateSecurityGroup", GroupName="of the card", GroupDescription="x").text("groupId")
    made = raw.ask(
        "RunInstances", ImageId=image, MinCount="1", MaxCount="1", NetworkInterface_1_DeviceIndex="0",
        NetworkInterface_1_SubnetId=subnets["cluster2"], NetworkInterface_1_SecurityGroupId_1=group,
        NetworkInterface_1_AssociatePublicIpAddress="true", NetworkInterface_1_Description="<mine>",
        NetworkInterface_1_DeleteOnTermination="true",
    )  # fmt: skip
    assert made.status == 200, made.message
    yield made
    raw.ask("TerminateInstances", InstanceId_1=made.text("instanceId"))


def run(raw: RawEc2, image: str, **more: str) -> Reply:
    return raw.ask("RunInstances", ImageId=image, MinCount="1", MaxCount="1", **more)


def test_there_is_one_vpc_with_a_subnet_for_each_cluster(ec2: Any) -> None:
    (vpc,) = ec2.describe_vpcs(Filters=[{"Name": "is-default", "Values": ["true"]}])["Vpcs"]
    assert vpc["CidrBlock"] == "10.128.0.0/12"
    zones = [zone["ZoneName"] for zone in ec2.describe_availability_zones()["AvailabilityZones"]]
    found = ec2.describe_subnets(Filters=[{"Name": "vpc-id", "Values": [vpc["VpcId"]]}])["Subnets"]
    assert sorted(subnet["AvailabilityZone"] for subnet in found) == sorted(zones)
    assert {subnet["CidrBlock"] for subnet in found} == {vpc["CidrBlock"]}
    told = {a["AttributeName"]: a["AttributeValues"] for a in ec2.describe_account_attributes()["AccountAttributes"]}
    assert told["supported-platforms"] == [{"AttributeValue": "VPC"}]
    assert told["default-vpc"] == [{"AttributeValue": vpc["VpcId"]}]


def test_addresses_are_counted_as_they_are_given(raw: RawEc2, image: str) -> None:
    going = {"Filter_1_Name": "instance-state-name", "Filter_1_Value_1": "shutting-down"}
    eventually(lambda: raw.ask("DescribeInstances", **going).texts("instanceId") == [])  # they give theirs back
    before = int(raw.ask("DescribeSubnets").text("availableIpAddressCount"))
    mine = run(raw, image).text("instanceId")
    assert int(raw.ask("DescribeSubnets").text("availableIpAddressCount")) == before - 1
    raw.ask("TerminateInstances", InstanceId_1=mine)


def test_a_subnet_chooses_the_zone(raw: RawEc2, image: str, subnets: dict[str, str]) -> None:
    for zone, subnet in subnets.items():
        made = run(raw, image, SubnetId=subnet)
        assert (made.text("availabilityZone"), made.text("subnetId")) == (zone, subnet)
        raw.ask("TerminateInstances", InstanceId_1=made.text("instanceId"))


def test_an_instance_shows_what_its_launch_said_of_its_interface(launched: Reply, raw: RawEc2) -> None:
    mine = launched.text("instanceId")
    card = raw.ask("DescribeNetworkInterfaces", Filter_1_Name="attachment.instance-id", Filter_1_Value_1=mine)
    for told in (launched, card):
        assert told.text("networkInterfaceId") == f"eni-{mine[2:]}"
        assert told.text("description") == "<mine>"
        assert told.text("publicIp").startswith("198.51.100.")
        assert told.text("ipOwnerId") == "amazon"
        assert told.text("groupName") == "of the card"
    assert launched.text("availabilityZone") == "cluster2"


@pytest.mark.parametrize(
    ("name", "element"),
    [
        ("ip-address", "ipAddress"), ("dns-name", "dnsName"), ("vpc-id", "vpcId"), ("subnet-id", "subnetId"),
        ("source-dest-check", "sourceDestCheck"),
        *((f"network-interface.{name}", element) for name, element in (
            ("addresses.private-ip-address", "privateIpAddress"), ("addresses.association.public-ip", "publicIp"),
            ("association.public-ip", "publicIp"), ("attachment.attachment-id", "attachmentId"),
            ("attachment.attach-time", "attachTime"), ("description", "description"), ("group-id", "groupId"),
            ("group-name", "groupName"), ("mac-address", "macAddress"), ("subnet-id", "subnetId"),
            ("network-interface-id", "networkInterfaceId"), ("private-dns-name", "privateDnsName"),
        )),
    ],
)  # fmt: skip
def test_what_an_instance_shows_of_the_network_its_filter_finds(
    raw: RawEc2, launched: Reply, name: str, element: str
) -> None:
    mine, value = launched.text("instanceId"), launched.text(element)
    assert value
    for pattern, there in ((value, True), ("*" + value[1:], True), (value + "x", False)):
        found = raw.ask("DescribeInstances", Filter_1_Name=name, Filter_1_Value_1=pattern)
        assert (mine in found.texts("instanceId")) is there, pattern


@pytest.mark.parametrize(
    ("name", "element"),
    [
        ("addresses.private-ip-address", "privateIpAddress"), ("association.public-ip", "publicIp"),
        ("association.association-id", "associationId"), ("attachment.attachment-id", "attachmentId"),
        ("attachment.device-index", "deviceIndex"), ("attachment.status", "status"), ("group-id", "groupId"),
        ("attachment.instance-owner-id", "instanceOwnerId"), ("availability-zone", "availabilityZone"),
        ("description", "description"), ("interface-type", "interfaceType"), ("mac-address", "macAddress"),
        ("network-interface-id", "networkInterfaceId"), ("owner-id", "ownerId"), ("private-dns-name", "privateDnsName"),
        ("requester-managed", "requesterManaged"), ("source-dest-check", "sourceDestCheck"), ("subnet-id", "subnetId"),
        ("vpc-id", "vpcId"), ("association.ip-owner-id", "ipOwnerId"),
    ],
)  # fmt: skip
def test_what_an_interface_shows_its_filter_finds(raw: RawEc2, launched: Reply, name: str, element: str) -> None:
    mine = f"eni-{launched.text('instanceId')[2:]}"
    value = raw.ask("DescribeNetworkInterfaces", NetworkInterfaceId_1=mine).text(element)
    assert value
    for pattern, there in ((value, True), (value[:-1] + "?", True), (value + "x", False)):
        found = raw.ask("DescribeNetworkInterfaces", Filter_1_Name=name, Filter_1_Value_1=pattern)
        assert (mine in found.texts("networkInterfaceId")) is there, pattern


def test_an_interface_goes_with_its_instance(raw: RawEc2, image: str) -> None:
    mine = run(raw, image, AddressingType="public").text("instanceId")
    asked = {"NetworkInterfaceId": f"eni-{mine[2:]}", "Attribute": "associatePublicIpAddress"}
    assert raw.ask("DescribeNetworkInterfaceAttribute", **asked).text("associatePublicIpAddress") == "true"
    on = raw.ask("DescribeNetworkInterfaces", NetworkInterfaceId_1=f"eni-{mine[2:]}").text("associationId")
    assert raw.ask("DisassociateAddress", AssociationId=on).code == "InvalidAssociationID.NotFound"
    raw.ask("TerminateInstances", InstanceId_1=mine)
    assert raw.ask("DescribeInstances", InstanceId_1=mine).texts("ipAddress") == []


def test_addressing_type_of_1_6_1_decides_about_an_address(raw: RawEc2, image: str) -> None:
    public = run(raw, image, AddressingType="public", version="2014-09-01")
    private = run(raw, image, AddressingType="private", version="2014-09-01")
    assert (len(public.texts("ipAddress")), private.texts("ipAddress")) == (1, [])
    hidden = raw.ask("DescribeAddresses", Filter_1_Name="public-ip", Filter_1_Value_1=public.text("ipAddress"))
    assert hidden.texts("publicIp") == []
    for made in (public, private):
        raw.ask("TerminateInstances", InstanceId_1=made.text("instanceId"))


CARD = {"NetworkInterface_1_DeviceIndex": "0"}


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"SubnetId": "subnet-0badc0de"}, "InvalidSubnetID.NotFound"),
        ({"SubnetId": "moon"}, "InvalidSubnetID.Malformed"),
        ({"SubnetId": "{cluster1}", "Placement_AvailabilityZone": "cluster2"}, "InvalidParameterValue"),
        ({"SubnetId": "{cluster1}", "SecurityGroup_1": "default"}, "InvalidParameterCombination"),
        ({**CARD, "SubnetId": "{cluster1}"}, "InvalidParameterCombination"),
        ({**CARD, "SecurityGroupId_1": "sg-0badc0de"}, "InvalidParameterCombination"),
        ({**CARD, "SecurityGroup_1": "default"}, "InvalidParameterCombination"),
        ({**CARD, "NetworkInterface_2_DeviceIndex": "1"}, "AttachmentLimitExceeded"),
        ({"NetworkInterface_1_DeviceIndex": "1"}, "InvalidParameterValue"),
        ({"NetworkInterface_1_SubnetId": "{cluster1}"}, "MissingParameter"),
        ({**CARD, "NetworkInterface_1_SecurityGroupId_1": "sg-0badc0de"}, "InvalidGroup.NotFound"),
        ({**CARD, "NetworkInterface_1_NetworkInterfaceId": "eni-0badc0de"}, "UnsupportedOperation"),
        ({**CARD, "NetworkInterface_1_DeleteOnTermination": "false"}, "UnsupportedOperation"),
        ({**CARD, "NetworkInterface_1_Description": "x" * 256}, "InvalidParameterValue"),
        (
            {**CARD, "NetworkInterface_1_AssociatePublicIpAddress": "true", "AddressingType": "private"},
            "InvalidParameterCombination",
        ),
        ({"AddressingType": "moon"}, "InvalidParameterValue"),
        ({"SubnetId": "{cluster1}", "DryRun": "true"}, "DryRunOperation"),
    ],
)  # fmt: skip
def test_a_launch_that_contradicts_itself_is_refused_as_amazon_does(
    raw: RawEc2, image: str, subnets: dict[str, str], more: dict[str, str], code: str
) -> None:
    before = raw.ask("DescribeInstances").texts("instanceId")
    refused = run(raw, image, **{name: value.format(**subnets) for name, value in more.items()})
    assert refused.code == code, refused.message
    assert raw.ask("DescribeInstances").texts("instanceId") == before


@pytest.mark.parametrize(
    ("action", "params", "code"),
    [
        ("DescribeVpcs", {"VpcId_1": "vpc-0badc0de"}, "InvalidVpcID.NotFound"),
        ("DescribeVpcs", {"VpcId_1": "moon"}, "InvalidVpcID.Malformed"),
        ("DescribeVpcAttribute", {"VpcId": "vpc-0badc0de", "Attribute": "enableDnsSupport"}, "InvalidVpcID.NotFound"),
        ("DescribeVpcAttribute", {"VpcId": "vpc-e0ca1197", "Attribute": "moon"}, "InvalidParameterValue"),
        ("DescribeSubnets", {"SubnetId_1": "subnet-0badc0de"}, "InvalidSubnetID.NotFound"),
        ("DescribeRouteTables", {"RouteTableId_1": "rtb-0badc0de"}, "InvalidRouteTableID.NotFound"),
        ("DescribeRouteTables", {"RouteTableId_1": "moon"}, "InvalidRouteTableId.Malformed"),
        ("DescribeInternetGateways", {"InternetGatewayId_1": "igw-0badc0de"}, "InvalidInternetGatewayID.NotFound"),
        ("DescribeDhcpOptions", {"DhcpOptionsId_1": "dopt-0badc0de"}, "InvalidDhcpOptionID.NotFound"),
        ("DescribeNetworkAcls", {"NetworkAclId_1": "acl-0badc0de"}, "InvalidNetworkAclID.NotFound"),
        ("DescribeNatGateways", {"NatGatewayId_1": "nat-0badc0de"}, "NatGatewayNotFound"),
        ("DescribeVpcEndpoints", {"VpcEndpointId_1": "vpce-0badc0de"}, "InvalidVpcEndpointId.NotFound"),
        ("DescribeVpcEndpoints", {"NextToken": "moon"}, "InvalidNextToken"),
        ("DescribeCustomerGateways", {"CustomerGatewayId_1": "cgw-0badc0de"}, "InvalidCustomerGatewayID.NotFound"),
        ("DescribeVpnGateways", {"VpnGatewayId_1": "vgw-0badc0de"}, "InvalidVpnGatewayID.NotFound"),
        ("DescribeVpnConnections", {"VpnConnectionId_1": "vpn-0badc0de"}, "InvalidVpnConnectionID.NotFound"),
        (
            "DescribeVpcPeeringConnections",
            {"VpcPeeringConnectionId_1": "pcx-0badc0de"},
            "InvalidVpcPeeringConnectionID.NotFound",
        ),
        (
            "DescribeEgressOnlyInternetGateways",
            {"EgressOnlyInternetGatewayId_1": "eigw-0badc0de"},
            "InvalidEgressOnlyInternetGatewayId.NotFound",
        ),
        (
            "DescribeNetworkInterfaces",
            {"NetworkInterfaceId_1": "eni-0badc0de"},
            "InvalidNetworkInterfaceID.NotFound",
        ),
        ("DescribeNetworkInterfaces", {"NetworkInterfaceId_1": "moon"}, "InvalidNetworkInterfaceId.Malformed"),
        ("DescribeNetworkInterfaceAttribute", {"NetworkInterfaceId": "{mine}"}, "MissingParameter"),
        (
            "DescribeNetworkInterfaceAttribute",
            {"NetworkInterfaceId": "{mine}", "Attribute": "moon"},
            "InvalidParameterValue",
        ),
    ],
)  # fmt: skip
def test_what_is_not_there_has_amazon_s_code(
    raw: RawEc2, launched: Reply, action: str, params: dict[str, str], code: str
) -> None:
    mine = f"eni-{launched.text('instanceId')[2:]}"
    refused = raw.ask(action, **{name: value.format(mine=mine) for name, value in params.items()})
    assert refused.code == code, refused.message


@pytest.mark.parametrize("action", ["CreateVpc", "DeleteSubnet", "CreateRoute", "ModifyNetworkInterfaceAttribute"])
def test_what_would_change_the_vpc_is_refused_in_a_sentence(raw: RawEc2, action: str) -> None:
    refused = raw.ask(action)
    assert (refused.status, refused.code) == (400, "UnsupportedOperation")
    assert "one VPC" in refused.message or "one network interface" in refused.message


@pytest.mark.parametrize(
    ("operation", "name", "value"),
    [
        ("DescribeVpcs", "isDefault", "true"), ("DescribeVpcs", "cidr", "10.128.*"),
        ("DescribeVpcs", "cidr-block-association.state", "associated"), ("DescribeSubnets", "default-for-az", "true"),
        ("DescribeSubnets", "availabilityZone", "cluster?"), ("DescribeRouteTables", "association.main", "true"),
        ("DescribeInternetGateways", "attachment.vpc-id", "vpc-*"),
        ("DescribeRouteTables", "route.gateway-id", "igw-*"),
        ("DescribeDhcpOptions", "value", "eucalyptus.internal"), ("DescribeNetworkAcls", "entry.rule-number", "100"),
        ("DescribeNetworkAcls", "association.subnet-id", "subnet-*"),
    ],
)  # fmt: skip
def test_filters_reach_into_what_the_vpc_shows(raw: RawEc2, operation: str, name: str, value: str) -> None:
    whole = raw.ask(operation)
    assert raw.ask(operation, Filter_1_Name=name, Filter_1_Value_1=value).same_as(whole)
    other = raw.ask(operation, Filter_1_Name=name, Filter_1_Value_1="x" + value)
    assert other.status == 200
    assert not other.same_as(whole)


def test_interfaces_come_in_pages(ec2: Any, image: str) -> None:
    made = ec2.run_instances(ImageId=image, MinCount=7, MaxCount=7)["Instances"]
    pages = list(ec2.get_paginator("describe_network_interfaces").paginate(PaginationConfig={"PageSize": 5}))
    paged = [card["NetworkInterfaceId"] for page in pages for card in page["NetworkInterfaces"]]
    assert len(pages) > 1
    assert len(paged) == len(set(paged))
    assert {f"eni-{one['InstanceId'][2:]}" for one in made} <= set(paged)
    ec2.terminate_instances(InstanceIds=[one["InstanceId"] for one in made])
