"""Lists of what nobody here has are empty, whatever they are asked by; offerings, id formats and consoles are true."""

from typing import Any

import pytest

from tests.server.raw_ec2 import RawEc2

pytestmark = pytest.mark.server


@pytest.mark.parametrize(
    ("operation", "parameter", "code"),
    [
        ("DescribeReservedInstances", "ReservedInstancesId.1", "InvalidReservedInstancesId"),
        ("DescribeReservedInstancesOfferings", "ReservedInstancesOfferingId.1", "InvalidReservedInstancesOfferingId"),
        ("DescribeReservedInstancesListings", "ReservedInstancesId", "InvalidReservedInstancesId"),
        ("DescribeReservedInstancesListings", "ReservedInstancesListingId", "InvalidParameterValue"),
        ("DescribeReservedInstancesModifications", "ReservedInstancesModificationId.1", "InvalidParameterValue"),
        ("DescribeBundleTasks", "BundleId.1", "InvalidBundleID.NotFound"),
        ("DescribeSpotInstanceRequests", "SpotInstanceRequestId.1", "InvalidSpotInstanceRequestID.NotFound"),
        ("DescribeHosts", "HostId.1", "InvalidHostID.NotFound"),
        ("DescribeSpotPriceHistory", "NextToken", "InvalidNextToken"),
        ("DescribeSpotInstanceRequests", "NextToken", "InvalidNextToken"),
        ("DescribeInstanceTypes", "InstanceType.1", "InvalidInstanceType"),
        ("DescribeInstanceTypeOfferings", "LocationType", "InvalidParameterValue"),
        ("DescribeIdFormat", "Resource", "InvalidParameterValue"),
    ],
)
def test_what_is_named_and_not_there_is_refused(raw: RawEc2, operation: str, parameter: str, code: str) -> None:
    asked = [("Action", operation), ("Version", "2016-11-15"), (parameter, "x-0badc0de")]
    refused = raw.pairs(asked)
    assert (refused.status, refused.code) == (400, code)


def test_parameters_that_narrow_an_empty_list_are_taken(ec2: Any) -> None:
    offered = ec2.describe_reserved_instances_offerings(
        AvailabilityZone="cluster1", InstanceType="m1.small", MaxDuration=1, MaxResults=100
    )
    assert offered["ReservedInstancesOfferings"] == []
    assert ec2.describe_spot_price_history(InstanceTypes=["m1.small"])["SpotPriceHistory"] == []
    assert ec2.describe_hosts(Filters=[{"Name": "state", "Values": ["available"]}])["Hosts"] == []


@pytest.mark.parametrize(
    "operation", ["PurchaseReservedInstancesOffering", "RequestSpotInstances", "AllocateHosts", "BundleInstance",
                  "GetConsoleScreenshot", "EnableSerialConsoleAccess", "ModifyInstanceCreditSpecification",
                  "GetInstanceUefiData"]
)  # fmt: skip
def test_what_would_order_such_a_thing_is_not_offered(raw: RawEc2, operation: str) -> None:
    assert raw.ask(operation).code == "UnsupportedOperation"


def test_a_type_is_offered_where_a_host_is_large_enough(ec2: Any, cloud: Any) -> None:
    cloud.euca("type", "set", "huge", "--cores", "9", "--memory-mib", "128", "--disk-gb", "10")

    def offered(location_type: str, **more: Any) -> set[tuple[str, str]]:
        told = ec2.describe_instance_type_offerings(LocationType=location_type, **more)["InstanceTypeOfferings"]
        assert {row["LocationType"] for row in told} <= {location_type}
        return {(row["InstanceType"], row["Location"]) for row in told}

    small = [{"Name": "instance-type", "Values": ["m1.small", "huge"]}]
    assert offered("region", Filters=small) == {("m1.small", "eucalyptus")}
    zones = {("m1.small", "cluster1"), ("m1.small", "cluster2")}
    assert offered("availability-zone", Filters=small) == zones
    there = [*small, {"Name": "location", "Values": ["*2"]}]
    assert offered("availability-zone-id", Filters=there) == {("m1.small", "cluster2")}
    assert offered("outpost") == set()
    pages = ec2.get_paginator("describe_instance_type_offerings").paginate(
        LocationType="availability-zone", PaginationConfig={"PageSize": 5}
    )
    shown = [(row["InstanceType"], row["Location"]) for page in pages for row in page["InstanceTypeOfferings"]]
    assert (len(shown), set(shown)) == (len(set(shown)), offered("availability-zone"))
    cloud.euca("type", "remove", "huge")


def test_ids_have_17_digits_and_no_serial_console_is_open(ec2: Any) -> None:
    told = ec2.describe_id_format(Resource="instance")["Statuses"]
    assert told == [{"Resource": "instance", "UseLongIds": True}]
    every = ec2.describe_aggregate_id_format()
    assert every["UseLongIdsAggregated"] is True
    assert ec2.describe_id_format()["Statuses"] == every["Statuses"]
    assert ec2.get_serial_console_access_status()["SerialConsoleAccessEnabled"] is False
    assert ec2.disable_serial_console_access()["SerialConsoleAccessEnabled"] is False
