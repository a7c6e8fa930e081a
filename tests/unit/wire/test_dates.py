"""EC2 before botocore's oldest model: each date answers what Amazon's clients of that date can read."""

import xml.etree.ElementTree as ET

import msgspec
import pytest

from app.domain.errors import Unknown, Unsupported
from app.wire.amendments import Amendments
from app.wire.dates import Date, Dates
from app.wire.models import Models
from app.wire.protocol import Protocol

MODELS, DATES = Models(), Dates.load()
OLDEST = MODELS.load("ec2", MODELS.dates("ec2")[0])
GROUPS = [{"GroupName": "web", "GroupId": "sg-0a11beef"}]
INSTANCE = {
    "InstanceId": "i-0a11beef",
    "Platform": "windows",
    "Monitoring": {"State": "disabled"},
    "PrivateIpAddress": "10.0.0.2",
    "Architecture": "x86_64",
    "VirtualizationType": "hvm",
    "Tags": [{"Key": "Name", "Value": "web"}],
    "SecurityGroups": GROUPS,
    "Placement": {"AvailabilityZone": "cluster01", "GroupName": "", "Tenancy": "default"},
    "EbsOptimized": False,
}
CHANGE = {"InstanceId": "i-0a11beef", "CurrentState": {"Code": 32, "Name": "shutting-down"}}


class RunInstances(msgspec.Struct):
    pass


class DescribeInstances(msgspec.Struct):
    pass


class TerminateInstances(msgspec.Struct):
    pass


class StartInstances(msgspec.Struct):
    pass


class CreateTags(msgspec.Struct):
    pass


class ConfirmProductInstance(msgspec.Struct):
    pass


class DescribeRegions(msgspec.Struct):
    region_names: list[str] = []


class CreateSecurityGroup(msgspec.Struct):
    pass


STRUCTS: list[type[msgspec.Struct]] = [
    RunInstances,
    DescribeInstances,
    TerminateInstances,
    StartInstances,
    CreateTags,
    CreateSecurityGroup,
    ConfirmProductInstance,
    DescribeRegions,
]
EC2 = Protocol(MODELS, "ec2", {struct.__name__: struct for struct in STRUCTS}, Amendments.load())


def answered(action: str, date: str, answer: dict[str, object]) -> ET.Element:
    """Return a document without its namespaces."""
    call = EC2.decode([("Action", action), ("Version", date)])
    root = ET.fromstring(EC2.encode(call, answer, "req-1"))
    for element in root.iter():
        assert element.tag.startswith(f"{{http://ec2.amazonaws.com/doc/{date}/}}")
        element.tag = element.tag.partition("}")[2]
    return root


def instance(date: str) -> set[str]:
    root = answered("DescribeInstances", date, {"Reservations": [{"Groups": GROUPS, "Instances": [INSTANCE]}]})
    (found,) = root.findall("reservationSet/item/instancesSet/item")
    return {element.tag for element in found}


@pytest.mark.parametrize("date", [known.date for known in DATES.dates])
def test_every_date_makes_a_model_of_its_own(date: str) -> None:
    model = DATES.model(date, OLDEST)
    assert (model.date, model.namespace) == (date, f"http://ec2.amazonaws.com/doc/{date}")
    assert model.operations.keys() < OLDEST.operations.keys() or date >= "2014-02-01"


def test_the_dates_stand_in_order_and_each_thing_comes_once() -> None:
    dates = [known.date for known in DATES.dates]
    assert dates == sorted(set(dates))
    assert dates[-1] < OLDEST.date
    for things in ("operations", "members"):
        came = [name for known in DATES.dates for name in getattr(known, things)]
        assert len(came) == len(set(came))
    named = {name for known in DATES.dates for name in known.operations} | set(DATES.returning)
    assert named | {name.partition(".")[0] for name in DATES.words} <= set(OLDEST.operations)


def test_a_name_that_the_model_has_not_is_an_error() -> None:
    wrong = Dates(dates=(Date(date="2008-02-01"), Date(date="2009-01-01", members=("Instance.Colour",))))
    with pytest.raises(LookupError, match="Colour"):
        wrong.model("2008-02-01", OLDEST)


def test_an_instance_shows_what_its_date_knew() -> None:
    first = {"instanceId", "placement"}
    assert instance("2008-02-01") == first
    assert instance("2008-12-01") == first | {"platform"}
    assert instance("2009-04-04") == first | {"platform", "monitoring"}
    at_2009 = first | {"platform", "monitoring", "privateIpAddress", "architecture"}
    assert instance("2009-11-30") == at_2009
    assert instance("2010-08-31") == at_2009 | {"virtualizationType", "tagSet"}
    assert instance("2011-01-01") == at_2009 | {"virtualizationType", "tagSet", "groupSet"}
    assert instance("2012-07-20") == at_2009 | {"virtualizationType", "tagSet", "groupSet", "ebsOptimized"}


@pytest.mark.parametrize(
    ("date", "shown"),
    [("2010-11-15", {"groupId": "web"}), ("2011-01-01", {"groupName": "web", "groupId": "sg-0a11beef"})],
)
def test_a_reservations_group_was_named_by_its_id_once(date: str, shown: dict[str, str]) -> None:
    root = answered("RunInstances", date, {"Groups": GROUPS, "Instances": []})
    (group,) = root.findall("groupSet/item")
    assert {element.tag: element.text for element in group} == shown


@pytest.mark.parametrize(("date", "tag"), [("2009-08-15", "shutdownState"), ("2009-10-31", "currentState")])
def test_the_state_after_a_termination_changed_its_name(date: str, tag: str) -> None:
    root = answered("TerminateInstances", date, {"TerminatingInstances": [CHANGE]})
    assert root.findtext(f"instancesSet/item/{tag}/name") == "shutting-down"


@pytest.mark.parametrize(("date", "told"), [("2008-05-05", None), ("2008-08-08", "req-1"), ("2014-06-15", "req-1")])
def test_the_request_id_is_told_since_august_2008(date: str, told: str | None) -> None:
    assert answered("DescribeInstances", date, {"Reservations": []}).findtext("requestId") == told


def test_a_new_group_answers_true_and_its_id_since_it_has_one() -> None:
    old = answered("CreateSecurityGroup", "2009-11-30", {"GroupId": "sg-0a11beef"})
    assert {element.tag: element.text for element in old} == {"requestId": "req-1", "return": "true"}
    assert (
        answered("CreateSecurityGroup", "2011-01-01", {"GroupId": "sg-0a11beef"}).findtext("groupId") == "sg-0a11beef"
    )


@pytest.mark.parametrize(("action", "before", "since"), [
    ("StartInstances", "2009-08-15", "2009-10-31"),
    ("CreateTags", "2010-06-15", "2010-08-31"),
])  # fmt: skip
def test_an_operation_is_there_from_its_date_on(action: str, before: str, since: str) -> None:
    assert EC2.decode([("Action", action), ("Version", since)]).date == since
    with pytest.raises(Unsupported, match=before):
        EC2.decode([("Action", action), ("Version", before)])


def test_operation_is_an_old_word_for_action() -> None:
    assert EC2.decode([("Operation", "DescribeInstances"), ("Version", "2008-02-01")]).operation == "DescribeInstances"


@pytest.mark.parametrize("date", ["2008-02-01", "2014-09-01", "2016-11-15"])
def test_a_product_that_is_not_there_is_not_confirmed_at_any_date(date: str) -> None:
    root = answered("ConfirmProductInstance", date, {"Return": False})
    assert [element.text for element in root if element.tag == "return"] == ["false"]


def test_a_parameter_of_old_is_read_as_todays_at_old_dates_only() -> None:
    def asked(date: str) -> msgspec.Struct:
        return EC2.decode([("Action", "DescribeRegions"), ("Version", date), ("Region.1", "eucalyptus")]).arguments

    assert asked("2009-11-30") == DescribeRegions(region_names=["eucalyptus"])
    with pytest.raises(Unknown, match="RegionName"):
        asked("2014-09-01")
