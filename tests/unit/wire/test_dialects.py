"""Clients that are known by their user agents are answered as they read; nobody else sees a difference."""

import pytest

from app.wire.dialects import written_for
from app.wire.signed import SignedRequest

IMAGE = b"<a><imageId>emi-0a11beef</imageId><kernelId>eki-0a11beef</kernelId><value>emi-0a11beef</value></a>"
TYPES = (
    b'<DescribeInstanceTypesResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><instanceTypeSet><item>'
    b"<instanceType>m1.small</instanceType><vCpuInfo><defaultVCpus>1</defaultVCpus></vCpuInfo>"
    b"<memoryInfo><sizeInMiB>128</sizeInMiB></memoryInfo></item></instanceTypeSet></DescribeInstanceTypesResponse>"
)
DETAILS = (
    b'<instanceTypeDetails xmlns="http://msgs.eucalyptus.com/3.3.0"><item><name>m1.small</name><cpu>1</cpu>'
    b"<disk>0</disk><memory>128</memory></item></instanceTypeDetails></DescribeInstanceTypesResponse>"
)


def answer(agent: str, document: bytes) -> bytes:
    headers = [("user-agent", agent)]
    request = SignedRequest(
        method="GET", scheme="http", host="cloud", path="/", query="", headers=headers, body=b"", params=()
    )
    return written_for(request, document)


def test_elasticfox_is_told_ids_of_images_as_amazon_spells_them() -> None:
    told = answer("Mozilla/5.0 ElasticFox/1.7", IMAGE)
    assert b"<imageId>ami-0a11beef<" in told
    assert b"<kernelId>aki-0a11beef<" in told
    assert b"<value>emi-0a11beef<" in told


def test_libclouds_driver_for_eucalyptus_finds_types_in_its_namespace() -> None:
    told = answer("libcloud/3.9.1 (Eucalyptus) ", TYPES)
    assert told.startswith(TYPES.removesuffix(b"</DescribeInstanceTypesResponse>"))
    assert told.endswith(DETAILS)


@pytest.mark.parametrize("agent", ["", "Boto3/1.44", "libcloud/3.9.1 (Amazon EC2)"])
@pytest.mark.parametrize("document", [IMAGE, TYPES])
def test_nobody_else_sees_a_difference(agent: str, document: bytes) -> None:
    assert answer(agent, document) == document


def test_libcloud_is_told_other_answers_as_everybody() -> None:
    assert answer("libcloud/3.9.1 (Eucalyptus) ", IMAGE) == IMAGE
