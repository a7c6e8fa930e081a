"""What a Query request is read as, and which error each wrong one is."""

from datetime import UTC, datetime
from typing import Annotated, Literal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.errors import Absent, CloudError, Invalid, Unknown, Unsupported
from app.wire.amendments import Amendments
from app.wire.models import Models
from app.wire.protocol import Protocol, service_of


class Placement(msgspec.Struct):
    availability_zone: str | None = None


class Tag(msgspec.Struct):
    key: str
    value: str = ""


class TagSpecification(msgspec.Struct):
    resource_type: str
    tags: list[Tag] = []


class RunInstances(msgspec.Struct):
    image_id: str
    min_count: Annotated[int, msgspec.Meta(ge=1)] = 1
    max_count: int = 1
    user_data: bytes = b""
    security_groups: list[str] = []
    placement: Placement | None = None
    tag_specifications: list[TagSpecification] = []
    instance_initiated_shutdown_behavior: Literal["stop", "terminate"] = "stop"
    disable_api_stop: bool | None = None


class DescribeInstances(msgspec.Struct):
    instance_ids: list[str] = []
    max_results: int | None = None


class GetConsoleOutput(msgspec.Struct):
    instance_id: str


class ImportKeyPair(msgspec.Struct):
    key_name: str
    public_key_material: bytes


class RequestSpotInstances(msgspec.Struct):
    valid_from: datetime | None = None


class DescribeInstanceTypes(msgspec.Struct):
    pass


class GetCallerIdentity(msgspec.Struct):
    pass


MODELS, AMENDMENTS = Models(), Amendments.load()
STRUCTS: list[type[msgspec.Struct]] = [
    RunInstances,
    DescribeInstances,
    GetConsoleOutput,
    ImportKeyPair,
    RequestSpotInstances,
    DescribeInstanceTypes,
]
EC2 = Protocol(MODELS, "ec2", {struct.__name__: struct for struct in STRUCTS}, AMENDMENTS)
STS = Protocol(MODELS, "sts", {"GetCallerIdentity": GetCallerIdentity}, AMENDMENTS)


def run(*more: tuple[str, str]) -> RunInstances:
    call = EC2.decode([("Action", "RunInstances"), ("Version", "2016-11-15"), ("ImageId", "emi-0a11beef"), *more])
    assert isinstance(call.arguments, RunInstances)
    return call.arguments


def ask(action: str, *more: tuple[str, str], version: str = "2016-11-15") -> msgspec.Struct:
    return EC2.decode([("Action", action), ("Version", version), *more]).arguments


def refusal(*params: tuple[str, str]) -> CloudError:
    with pytest.raises(CloudError) as refused:
        EC2.decode(params)
    return refused.value


@pytest.mark.parametrize(
    "indexes", [("1", "2", "3"), ("0", "1", "2"), ("2", "7", "40"), ("1", "2", "10"), ("01", "02", "3")]
)
def test_a_list_begins_anywhere_and_may_have_holes(indexes: tuple[str, str, str]) -> None:
    named = list(zip(indexes, ["a", "b", "c"], strict=True))
    for order in (named, named[::-1]):
        assert run(*((f"SecurityGroup.{index}", name) for index, name in order)).security_groups == ["a", "b", "c"]


def test_an_empty_value_is_an_empty_list() -> None:
    assert run(("SecurityGroup", "")).security_groups == []


def test_a_single_value_may_be_written_as_a_list_of_one() -> None:
    assert ask("GetConsoleOutput", ("InstanceId.1", "i-1")) == GetConsoleOutput(instance_id="i-1")


def test_the_operation_may_stand_for_the_action() -> None:
    assert EC2.decode([("Operation", "DescribeInstances"), ("Version", "2016-11-15")]).operation == "DescribeInstances"


@pytest.mark.parametrize("broken", ["aGV\nsbG8=\n", "aGVsbG8="])
def test_base64_may_be_broken_into_lines(broken: str) -> None:
    assert run(("UserData", broken)).user_data == b"hello"


@pytest.mark.parametrize("time", ["2026-01-02T03:04:05Z", "2026-01-02T03:04:05.000Z", "2026-01-02T03:04:05"])
def test_times_are_read_as_utc(time: str) -> None:
    read = ask("RequestSpotInstances", ("ValidFrom", time))
    assert read == RequestSpotInstances(valid_from=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC))


@pytest.mark.parametrize("params", [[("X-Amz-Date", "x"), ("x-amz-signature", "y")], [("SecurityToken", "t")]])
def test_words_of_the_signature_are_no_parameters(params: list[tuple[str, str]]) -> None:
    assert run(*params) == RunInstances(image_id="emi-0a11beef")


def test_a_name_of_its_own_for_requests_wins_over_the_name_in_answers() -> None:
    class Address(msgspec.Struct):
        private_ip_address: str

    class Interface(msgspec.Struct):
        private_ip_addresses: list[Address] = []

    class RunInstances(msgspec.Struct):
        network_interfaces: list[Interface] = []

    protocol = Protocol(MODELS, "ec2", {"RunInstances": RunInstances}, AMENDMENTS)
    name = "NetworkInterface.1.PrivateIpAddresses.1.PrivateIpAddress"
    call = protocol.decode([("Action", "RunInstances"), ("Version", "2016-11-15"), (name, "10.0.0.1")])
    address = Address(private_ip_address="10.0.0.1")
    assert call.arguments == RunInstances(network_interfaces=[Interface(private_ip_addresses=[address])])


BASE = [("Version", "2016-11-15"), ("ImageId", "emi-0a11beef")]
RUN = [("Action", "RunInstances"), *BASE]


@pytest.mark.parametrize(
    ("params", "kind", "told"),
    [
        (BASE, Absent, "Action"),
        ([("Action", "RunInstances")], Absent, "Version"),
        ([("Action", "RunInstance"), *BASE], Unknown, "did you mean RunInstances"),
        ([("Action", "BundleInstance"), *BASE], Unsupported, "BundleInstance"),
        ([("Action", "DescribeInstanceTypes"), ("Version", "2015-10-01")], Unsupported, "2016-11-15"),
        ([("Action", "RunInstances"), ("Version", "2007-08-29")], Invalid, "2008-02-01"),
        ([("Action", "RunInstances"), ("Version", "newest")], Invalid, "Version"),
        ([("Action", "RunInstances"), ("Version", "2016-11-15")], Absent, "ImageId"),
        ([*RUN, ("Imageid", "x")], Unknown, "did you mean ImageId"),
        ([*RUN, ("Placement.Zone", "x")], Unknown, "Placement.Zone"),
        ([*RUN, ("Placement.Tenancy", "dedicated")], Unsupported, "Placement.Tenancy"),
        ([*RUN, ("CpuOptions.CoreCount", "2")], Unsupported, "CpuOptions.CoreCount"),
        ([*RUN, ("CpuOptions.CoreCuont", "2")], Unknown, "did you mean CpuOptions.CoreCount"),
        ([*RUN, ("NetworkInterface.1.DeviceIndex", "0")], Unsupported, "NetworkInterface.1.DeviceIndex"),
        ([*RUN, ("NetworkInterface.1.Divice", "0")], Unknown, "NetworkInterface.1.Divice"),
        ([*RUN, ("EbsOptimized", "true")], Unsupported, "EbsOptimized"),
        ([*RUN, ("MinCount", "one")], Invalid, "MinCount"),
        ([*RUN, ("MinCount", "99999999999")], Invalid, "32 bits"),
        ([*RUN, ("MinCount", "0")], Invalid, r"Value \(0\) for parameter MinCount"),
        ([*RUN, ("MinCount", "１")], Invalid, "integer"),
        ([*RUN, ("DisableApiStop", "perhaps")], Invalid, "true or false"),
        ([*RUN, ("DryRun", "perhaps")], Invalid, "DryRun"),
        ([*RUN, ("InstanceInitiatedShutdownBehavior", "explode")], Invalid, "InstanceInitiatedShutdownBehavior"),
        ([*RUN, ("UserData", "no base64!")], Invalid, "UserData"),
        ([*RUN, ("ImageId", "emi-2")], Invalid, "ImageId.*more than once"),
        ([*RUN, ("SecurityGroup.1", "a"), ("SecurityGroup.01", "b")], Invalid, "more than once"),
        ([*RUN, ("SecurityGroup.1", "a"), ("SecurityGroup", "b")], Invalid, "SecurityGroup"),
        ([*RUN, ("SecurityGroup", "b"), ("SecurityGroup.1", "a")], Invalid, "SecurityGroup"),
        ([*RUN, ("SecurityGroup.one", "a")], Unknown, "SecurityGroup.one"),
        ([*RUN, ("SecurityGroup.1.Name", "a")], Unknown, "SecurityGroup.1.Name"),
        ([*RUN, ("ImageId.Name", "a")], Invalid, "ImageId"),
        ([*RUN, ("Placement", "cluster01")], Invalid, "Placement"),
        ([*RUN, ("TagSpecification.1.Tag.1.Key", "a")], Absent, "TagSpecification.1.ResourceType"),
        (
            [*RUN, ("TagSpecification.3.ResourceType", "instance"), ("TagSpecification.3.Tag.2.Value", "a")],
            Absent,
            "TagSpecification.3.Tag.2.Key",
        ),
        ([*RUN, (".".join("abcdefghijklmnopqrstuvwxyz"), "a")], Unknown, "a.b.c"),
        ([*RUN, ("", "")], Unknown, "parameter"),
        ([("Action", "DescribeInstances"), ("Version", "2016-11-15"), ("MaxResults", "1001")], Invalid, "1000"),
        ([("Action.1", "DescribeInstances"), ("Version", "2016-11-15")], Unknown, "Action.1"),
    ],
)
def test_a_wrong_request_is_told_what_is_wrong(
    params: list[tuple[str, str]], kind: type[CloudError], told: str
) -> None:
    with pytest.raises(kind, match=told):
        EC2.decode(params)


WORDS = ["ImageId", "SecurityGroup", "Placement", "Tag", "TagSpecification", "Filter", "1", "0", "member", "DryRun", ""]


@given(st.lists(st.tuples(st.lists(st.sampled_from(WORDS) | st.text(max_size=3), max_size=5).map(".".join), st.text())))
def test_whatever_is_sent_the_answer_is_an_error_of_ours_or_a_call(params: list[tuple[str, str]]) -> None:
    try:
        EC2.decode([*RUN, *params])
    except CloudError as error:
        status, document = EC2.fault(error, "req-1")
        assert status == 400
        assert b"<RequestID>req-1</RequestID>" in document


def test_a_secret_value_is_not_repeated_in_the_refusal() -> None:
    told = str(refusal(*RUN, ("UserData", "password!")))
    assert "password" not in told


@pytest.mark.parametrize(
    ("name", "value"), [("AdditionalInfo", "true"), ("EbsOptimized", "False"), ("CpuOptions.ThreadsPerCore", "1")]
)
def test_what_the_amendments_call_harmless_is_passed_over(name: str, value: str) -> None:
    assert run((name, value)) == RunInstances(image_id="emi-0a11beef")


@pytest.mark.parametrize(("value", "wanted"), [("true", True), ("True", True), ("false", False)])
def test_dry_run_is_told_with_the_call(value: str, wanted: bool) -> None:
    assert EC2.decode([*RUN, ("DryRun", value)]).dry_run is wanted


@pytest.mark.parametrize(
    ("asked", "model", "answered"),
    [
        ("2016-11-15", "2016-11-15", "2016-11-15"),
        ("2027-01-01", "2016-11-15", "2016-11-15"),
        ("2016-11-14", "2016-09-15", "2016-11-14"),
        ("2015-10-01", "2015-10-01", "2015-10-01"),
        ("2014-09-01", "2014-09-01", "2014-09-01"),
        ("2014-08-31", "2014-06-15", "2014-08-31"),
        ("2010-06-15", "2010-06-15", "2010-06-15"),
        ("2009-01-01", "2008-12-01", "2009-01-01"),
        ("2008-02-01", "2008-02-01", "2008-02-01"),
    ],
)
def test_a_date_is_answered_by_the_newest_model_not_after_it(asked: str, model: str, answered: str) -> None:
    call = EC2.decode([("Action", "DescribeInstances"), ("Version", asked)])
    assert (call.date, call.namespace) == (model, f"http://ec2.amazonaws.com/doc/{answered}/")


def test_the_version_tells_the_service() -> None:
    told = [service_of(version) for version in ("2011-06-15", "2010-05-08", "2016-11-15", "")]
    assert told == ["sts", "iam", "ec2", "ec2"]


def test_sts_wraps_its_result() -> None:
    call = STS.decode([("Action", "GetCallerIdentity"), ("Version", "2011-06-15")])
    document = STS.encode(call, {"UserId": "AID", "Account": "000000000001", "Arn": "arn:aws:iam::1:root"}, "req-1")
    assert document.decode().partition("\n")[2] == (
        '<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult>'
        "<UserId>AID</UserId><Account>000000000001</Account><Arn>arn:aws:iam::1:root</Arn></GetCallerIdentityResult>"
        "<ResponseMetadata><RequestId>req-1</RequestId></ResponseMetadata></GetCallerIdentityResponse>"
    )


def test_iam_lists_have_the_word_member() -> None:
    class CreateUser(msgspec.Struct):
        user_name: str
        tags: list[Tag] = []

    iam = Protocol(MODELS, "iam", {"CreateUser": CreateUser}, AMENDMENTS)
    params = [("Action", "CreateUser"), ("Version", "2010-05-08"), ("UserName", "u")]
    call = iam.decode([*params, ("Tags.member.1.Key", "a"), ("Tags.member.1.Value", "b")])
    assert call.arguments == CreateUser(user_name="u", tags=[Tag(key="a", value="b")])
    with pytest.raises(Unknown, match=r"Tags\.member\.1"):
        iam.decode([*params, ("Tags.1.Key", "a")])


def test_a_struct_that_disagrees_with_the_model_is_found_at_start() -> None:
    class Mistaken(msgspec.Struct):
        image_idd: str

    class Flat(msgspec.Struct):
        placement: str

    for struct, told in ((Mistaken, "image_idd"), (Flat, "Placement")):
        with pytest.raises(LookupError, match=told):
            Protocol(MODELS, "ec2", {"RunInstances": struct}, AMENDMENTS)
    with pytest.raises(LookupError, match="RunInstanses"):
        Protocol(MODELS, "ec2", {"RunInstanses": RunInstances}, AMENDMENTS)


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        ({"ReservationIdd": "r-1"}, LookupError),
        ({"Instances": [{"Bogus": 1}]}, LookupError),
        ({"Instances": "i-1"}, TypeError),
        ({"Instances": [{"AmiLaunchIndex": "1"}]}, TypeError),
        ({"Instances": [{"EbsOptimized": 1}]}, TypeError),
        ({"Instances": [{"LaunchTime": "now"}]}, TypeError),
        ({"Instances": [{"LaunchTime": datetime(2026, 1, 2)}]}, TypeError),  # noqa: DTZ001
    ],
)
def test_a_mistaken_answer_of_ours_is_no_answer(answer: dict[str, object], kind: type[Exception]) -> None:
    with pytest.raises(kind):
        EC2.encode(EC2.decode(RUN), answer, "req-1")


def test_bytes_in_an_answer_become_base64_where_ec2_says_string() -> None:
    call = EC2.decode([("Action", "GetConsoleOutput"), ("Version", "2016-11-15"), ("InstanceId", "i-1")])
    assert b"<output>aGVsbG8=</output>" in EC2.encode(call, {"Output": b"hello"}, "req-1")


@pytest.mark.parametrize("text", ["a\0b", "bell\a", "\ufffe", "half \udcff of a letter"])
def test_text_that_no_answer_can_give_back_is_refused(text: str) -> None:
    assert isinstance(refusal(*RUN, ("TagSpecification.1.ResourceType", text)), Invalid)


@pytest.mark.parametrize("text", ["<&]]>", "\r\n\t ", "e\u0301 😀 \u202eabc", "\x85\x7f"])
def test_any_other_text_is_taken_as_it_is(text: str) -> None:
    assert run(("Placement.AvailabilityZone", text)).placement == Placement(availability_zone=text)
