"""Every row of the table of errors is provoked, and told with Amazon's code and status, never by a page of HTML."""

from collections.abc import Iterator
from contextlib import closing

import pytest

from app.domain import errors
from app.wire.amendments import Amendments
from app.wire.faults import EC2
from tests.deadline import eventually
from tests.server.provocations import AFTER, NEVER, ROWS, Row, Step
from tests.server.raw_ec2 import RawEc2, Reply
from tests.server.victims import NOBODYS, things

pytestmark = pytest.mark.server
TABLE: dict[Row, tuple[str, int]] = {(kind.__name__, about): answer for (kind, about), answer in EC2.items()}
TABLE |= {(row.kind, row.about): (row.code, row.status) for row in Amendments.load().codes}


@pytest.fixture(scope="module")
def mine(raw: RawEc2, raw_stranger: RawEc2, admin: dict[str, str]) -> Iterator[dict[str, str]]:
    with things(raw, admin) as found:
        here = raw.ask("DescribeInstances", InstanceId_1=found["instance"]).text("availabilityZone")
        zone = next(zone for zone in raw.ask("DescribeAvailabilityZones").texts("zoneName") if zone != here)
        run = {"ImageId": found["public"], "Placement_AvailabilityZone": zone}
        gone, stopped, other = raw.ask("RunInstances", **run, MinCount="3", MaxCount="3").texts("instanceId")
        reach(raw, "running", found["instance"], gone, stopped, other)
        raw.ask("TerminateInstances", InstanceId_1=gone)
        raw.ask("StopInstances", InstanceId_1=stopped)
        reach(raw, "terminated", gone)
        reach(raw, "stopped", stopped)
        stranger = raw_stranger.ask("DescribeSecurityGroups").text("ownerId")
        sha256 = found["location"].split("/")[1]
        yield {**found, "gone": gone, "stopped": stopped, "other": other, "sha256": sha256, "stranger": stranger}
        raw.ask("TerminateInstances", InstanceId_1=stopped, InstanceId_2=other)


def reach(raw: RawEc2, state: str, *instance_ids: str) -> None:
    found = {"Filter_1_Name": "instance-state-name", "Filter_1_Value_1": state}
    eventually(lambda: {*instance_ids} <= {*raw.ask("DescribeInstances", **found).texts("instanceId")})


@pytest.fixture(scope="module")
def senders(raw: RawEc2, raw_stranger: RawEc2, admin: dict[str, str]) -> Iterator[dict[str, RawEc2]]:
    with closing(RawEc2(admin | {"AWS_SECRET_ACCESS_KEY": "guessed"})) as impostor:
        yield {"owner": raw, "stranger": raw_stranger, "impostor": impostor}


def send(senders: dict[str, RawEc2], mine: dict[str, str], step: Step) -> Reply:
    params = {"Action": step.action, "Version": "2016-11-15", **step.params}
    filled = [(name, value.format(**(NOBODYS | mine))) for name, value in params.items()]
    reply = senders[step.by].pairs(filled)
    if reply.status == 413:
        senders[step.by].close()  # the server reads no further; the next request opens the connection anew
    return reply


def test_every_row_is_provoked_or_says_why_it_can_not_be() -> None:
    assert ROWS.keys() | NEVER.keys() == TABLE.keys()
    assert ROWS.keys() & NEVER.keys() == set()
    assert {kind for kind, _ in TABLE} <= vars(errors).keys()


@pytest.mark.parametrize("row", ROWS, ids=" ".join)
def test_an_error_has_amazon_s_code(senders: dict[str, RawEc2], mine: dict[str, str], row: Row) -> None:
    *before, last = ROWS[row]
    made: dict[str, str] = {}
    try:
        for n, step in enumerate(before):
            done = send(senders, mine, step)
            assert done.code == "", (step, done.message)
            made |= {
                f"made_{n}": one for name in ("allocationId", "volumeId", "instanceId") for one in done.texts(name)
            }
        refused = send(senders, mine, last)
        assert (refused.code, refused.status) == TABLE[row], refused.message
        assert refused.message
    finally:
        for step in AFTER.get(row, ()):
            eventually(lambda step=step: send(senders, mine | made, step).code == "")  # type: ignore[misc]
