"""The default VPC and network interfaces for the tests that go over every operation."""

from typing import Any

from tests.server.raw_ec2 import RawEc2

NOBODYS = {"interface": "eni-0badc0de0badc0de0"}
NOTHING_TO_NAME = {
    "DescribeCustomerGateways",
    "DescribeDhcpOptions",
    "DescribeEgressOnlyInternetGateways",
    "DescribeInternetGateways",
    "DescribeNatGateways",
    "DescribeNetworkAcls",
    "DescribeRouteTables",
    "DescribeSubnets",
    "DescribeVpcAttribute",
    "DescribeVpcEndpoints",
    "DescribeVpcPeeringConnections",
    "DescribeVpcs",
    "DescribeVpnConnections",
    "DescribeVpnGateways",
}
PROBES = [
    ("DescribeNetworkInterfaces", {"NetworkInterfaceId.1": "{interface}"}),
    ("DescribeNetworkInterfaces", {"Filter.1.Name": "attachment.instance-id", "Filter.1.Value.1": "{instance}"}),
    ("DescribeNetworkInterfaceAttribute", {"NetworkInterfaceId": "{interface}", "Attribute": "attachment"}),
    ("AssociateAddress", {"PublicIp": "{address}", "NetworkInterfaceId": "{interface}"}),
]
_ALWAYS = (
    "customer_gateways", "dhcp_options", "internet_gateways", "network_acls", "route_tables", "subnets",
    "vpc_peering_connections", "vpcs", "vpn_connections", "vpn_gateways",
)  # fmt: skip
_TODAY = ("nat_gateways", "vpc_endpoints", "egress_only_internet_gateways")


def walk(ec2: Any, *, today: bool) -> None:
    for things in (*_ALWAYS, *(_TODAY if today else ())):
        getattr(ec2, f"describe_{things}")()
    vpc = ec2.describe_vpcs()["Vpcs"][0]["VpcId"]
    for attribute in ("enableDnsSupport", "enableDnsHostnames", "enableNetworkAddressUsageMetrics")[
        : 3 if today else 2
    ]:
        ec2.describe_vpc_attribute(VpcId=vpc, Attribute=attribute)
    subnet = ec2.describe_subnets()["Subnets"][0]["SubnetId"]
    image = next(image for image in ec2.describe_images()["Images"] if image["ImageType"] == "machine")["ImageId"]
    card = {"DeviceIndex": 0, "SubnetId": subnet, "AssociatePublicIpAddress": True, "Description": "walk"}
    run = ec2.run_instances(ImageId=image, MinCount=6, MaxCount=6, NetworkInterfaces=[card])["Instances"]
    ec2.describe_network_interfaces(**({"MaxResults": 5} if today else {}))
    ec2.describe_network_interfaces()
    mine = f"eni-{run[0]['InstanceId'][2:]}"
    for attribute in ("attachment", "description", "groupSet", "sourceDestCheck", "associatePublicIpAddress"):
        if today or attribute != "associatePublicIpAddress":
            ec2.describe_network_interface_attribute(NetworkInterfaceId=mine, Attribute=attribute)
    ec2.terminate_instances(InstanceIds=[one["InstanceId"] for one in run])


def victim(raw: RawEc2, mine: dict[str, str]) -> dict[str, str]:
    return {"interface": f"eni-{mine['instance'][2:]}"}


def bury(raw: RawEc2, mine: dict[str, str]) -> None:
    """Nothing of this area stays."""
