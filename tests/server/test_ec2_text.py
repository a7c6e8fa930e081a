"""Strange text: kept and given back as it was, or refused in words; never changed."""

import pytest

from tests.server.raw_ec2 import RawEc2

pytestmark = pytest.mark.server

KEPT = ["<a href='x'>&amp;]]></a>", "one\r\ntwo\rthree\t", "  ", "e\u0301😀\u202eabc\u200f", "*?\\", "é" * 255]
REFUSED = ["nul\0", "bell\a", "no letter \ufffe"]


@pytest.fixture(scope="module")
def marked(raw: RawEc2) -> tuple[RawEc2, str]:
    return raw, raw.ask("CreateSecurityGroup", GroupName="strange text", GroupDescription="x").text("groupId")


@pytest.mark.parametrize("text", KEPT)
def test_text_comes_back_as_it_was_sent(marked: tuple[RawEc2, str], text: str) -> None:
    raw, group = marked
    assert raw.ask("CreateTags", ResourceId_1=group, Tag_1_Key="key", Tag_1_Value=text).status == 200
    found = raw.ask("DescribeTags", Filter_1_Name="resource-id", Filter_1_Value_1=group)
    assert found.texts("value") == [text]
    named = raw.ask("CreateSecurityGroup", GroupName=text, GroupDescription=text).text("groupId")
    shown = raw.ask("DescribeSecurityGroups", GroupName_1=text)
    assert (shown.text("groupName"), shown.text("groupDescription")) == (text, text)
    assert raw.ask("DeleteSecurityGroup", GroupId=named).status == 200


@pytest.mark.parametrize("text", REFUSED)
def test_text_that_xml_can_not_carry_is_refused(marked: tuple[RawEc2, str], text: str) -> None:
    raw, group = marked
    for reply in (
        raw.ask("CreateTags", ResourceId_1=group, Tag_1_Key="key", Tag_1_Value=text),
        raw.ask("CreateSecurityGroup", GroupName="g", GroupDescription=text),
        raw.ask("CreateKeyPair", KeyName=text),
    ):
        assert (reply.status, reply.code) == (400, "InvalidParameterValue")


def test_bytes_that_are_no_utf_8_are_refused(marked: tuple[RawEc2, str]) -> None:
    raw, group = marked
    start = f"Action=CreateTags&Version=2016-11-15&ResourceId.1={group}&Tag.1.Key=".encode()
    for name in (b"%FF", b"\xff", b"%ED%A0%80"):
        assert raw.form(start + name).code == "InvalidParameterValue"


def test_a_refusal_does_not_repeat_half_a_megabyte(raw: RawEc2) -> None:
    reply = raw.ask("CreateSecurityGroup", GroupName="n" * 500_000, GroupDescription="d")
    assert reply.code == "InvalidParameterValue"
    assert len(reply.body) < 2000


def test_a_request_of_more_than_a_mebibyte_is_refused_in_ec2_s_words(raw: RawEc2) -> None:
    reply = raw.form(b"Action=CreateTags&Version=2016-11-15&x=" + b"y" * (1 << 20))
    assert (reply.status, reply.code) == (413, "RequestEntityTooLarge")


@pytest.mark.parametrize(
    ("action", "asked", "form"),
    [
        ("ImportKeyPair", {"KeyName": "k", "PublicKeyMaterial": "anVuaw=="}, "OpenSSH"),
        ("DescribeTags", {"NextToken": "made-up"}, "the page before"),
        ("CreateTags", {"ResourceId_1": "vpc-12345678", "Tag_1_Key": "a"}, "security-group-rule"),
        ("CreateLaunchTemplate", {"LaunchTemplateName": "x y", "LaunchTemplateData_ImageId": "a"}, "3 to 128"),
        ("ReleaseAddress", {"PublicIp": "here"}, "203.0.113.7"),
        ("DescribeImages", {"Owner_1": "me"}, "twelve digits"),
        ("DescribeInstances", {"InstanceId_1": "me"}, "instance"),
    ],
)
def test_what_has_not_its_form_is_refused_with_the_form_that_it_should_have(
    raw: RawEc2, action: str, asked: dict[str, str], form: str
) -> None:
    refused = raw.ask(action, **asked)
    assert refused.status == 400
    assert form in refused.text("Message")
