"""Ids that are none, and ids that nobody has."""

from tests.server.provocations import Row, Step

NOBODYS = "-0badfeed0badfeed0"
# The word of a resource in errors, a Describe that names one, and the prefix of its ids.
NAMED = {
    "DHCP options": ("DescribeDhcpOptions", "DhcpOptionsId.1", "dopt"),
    "NAT gateway": ("DescribeNatGateways", "NatGatewayId.1", "nat"),
    "VPC endpoint": ("DescribeVpcEndpoints", "VpcEndpointId.1", "vpce"),
    "VPC peering connection": ("DescribeVpcPeeringConnections", "VpcPeeringConnectionId.1", "pcx"),
    "VPN connection": ("DescribeVpnConnections", "VpnConnectionId.1", "vpn"),
    "VPN gateway": ("DescribeVpnGateways", "VpnGatewayId.1", "vgw"),
    "allocation": ("DescribeAddresses", "AllocationId.1", "eipalloc"),
    "association": ("DisassociateAddress", "AssociationId", "eipassoc"),
    "bundle task": ("DescribeBundleTasks", "BundleId.1", "bun"),
    "customer gateway": ("DescribeCustomerGateways", "CustomerGatewayId.1", "cgw"),
    "dedicated host": ("DescribeHosts", "HostId.1", "h"),
    "egress-only internet gateway": (
        "DescribeEgressOnlyInternetGateways",
        "EgressOnlyInternetGatewayId.1",
        "eigw",
    ),
    "image": ("DescribeImages", "ImageId.1", "emi"),
    "instance": ("DescribeInstances", "InstanceId.1", "i"),
    "internet gateway": ("DescribeInternetGateways", "InternetGatewayId.1", "igw"),
    "kernel image": ("CreateTags", "ResourceId.1", "eki"),
    "key pair": ("DescribeKeyPairs", "KeyPairId.1", "key"),
    "launch template": ("DescribeLaunchTemplates", "LaunchTemplateId.1", "lt"),
    "machine image": ("CreateTags", "ResourceId.1", "emi"),
    "network ACL": ("DescribeNetworkAcls", "NetworkAclId.1", "acl"),
    "network interface": ("DescribeNetworkInterfaces", "NetworkInterfaceId.1", "eni"),
    "placement group": ("DescribePlacementGroups", "GroupId.1", "pg"),
    "ramdisk image": ("CreateTags", "ResourceId.1", "eri"),
    "reserved instance": ("DescribeReservedInstances", "ReservedInstancesId.1", "r"),
    "reserved instance offering": ("DescribeReservedInstancesOfferings", "ReservedInstancesOfferingId.1", "o"),
    "route table": ("DescribeRouteTables", "RouteTableId.1", "rtb"),
    "security group": ("DescribeSecurityGroups", "GroupId.1", "sg"),
    "security group rule": ("DescribeSecurityGroupRules", "SecurityGroupRuleId.1", "sgr"),
    "snapshot": ("DescribeSnapshots", "SnapshotId.1", "snap"),
    "spot instance request": ("DescribeSpotInstanceRequests", "SpotInstanceRequestId.1", "sir"),
    "subnet": ("DescribeSubnets", "SubnetId.1", "subnet"),
    "volume": ("DescribeVolumes", "VolumeId.1", "vol"),
    "vpc": ("DescribeVpcs", "VpcId.1", "vpc"),
}
_TAG = {"Tag.1.Key": "a", "Tag.1.Value": "b"}


def _asked(resource: str, ending: str) -> tuple[Step, ...]:
    action, parameter, prefix = NAMED[resource]
    return (Step(action, {parameter: prefix + ending} | (_TAG if action == "CreateTags" else {})),)


# Whatever is none of these has no id that anybody could write wrongly, or its form is not looked at.
_WITH_FORM = (
    *("DHCP options", "instance", "internet gateway", "key pair", "network ACL"),
    *("network interface", "route table", "security group", "security group rule", "snapshot", "subnet", "volume"),
    *("vpc", "launch template", "placement group"),
)
ROWS: dict[Row, tuple[Step, ...]] = {
    **{("Missing", resource): _asked(resource, NOBODYS) for resource in NAMED},
    **{("Malformed", resource): _asked(resource, "-nonsense") for resource in _WITH_FORM},
    ("Malformed", "machine image"): _asked("image", "-nonsense"),
    ("Malformed", "resource"): (Step("CreateTags", {"ResourceId.1": "nonsense", **_TAG}),),
    ("Malformed", "address"): (Step("DescribeAddresses", {"PublicIp.1": "nonsense"}),),
    ("Missing", "address"): (Step("DescribeAddresses", {"PublicIp.1": "192.0.2.77"}),),
    ("Malformed", "pagination token"): (Step("DescribeTags", {"NextToken": "nonsense"}),),
    ("Missing", "zone"): (Step("DescribeAvailabilityZones", {"ZoneName.1": "nowhere"}),),
    ("Missing", "instance type"): (Step("DescribeInstanceTypes", {"InstanceType.1": "m9.huge"}),),
}
AFTER: dict[Row, tuple[Step, ...]] = {}
NEVER: dict[Row, str] = {}
