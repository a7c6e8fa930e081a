"""EC2's state of an instance, derived from what is wanted and what was seen."""

import pytest

from app.domain.instance import SHOWN_AFTER_END_MS, Instance, mac_of
from app.domain.states import InstanceState, Seen, Wanted
from app.domain.vmtype import Size

NOTHING = Size(cores=0, memory_mib=0, disk_gb=0)


def an_instance(**changes: object) -> Instance:
    facts: dict[str, object] = {
        "id": "i-0a11beef",
        "reservation_id": "r-0a11beef",
        "account_id": "000000000001",
        "launch_index": 0,
        "image_id": "emi-0a11beef",
        "vmtype": "m1.small",
        "cores": 1,
        "memory_mib": 128,
        "disk_gb": 10,
        "cluster": "c",
        "host": "n1",
        "mac": "d0:0d:0a:11:be:ef",
        "launched_at_ms": 0,
        "created_at_ms": 0,
    }
    return Instance(**(facts | changes))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("facts", "state"),
    [
        ({}, InstanceState.PENDING),
        ({"launched": 1, "seen": Seen.RUNNING}, InstanceState.RUNNING),
        ({"launches": 2, "launched": 1, "seen": Seen.OFF}, InstanceState.PENDING),
        ({"wanted": Wanted.STOPPED, "seen": Seen.RUNNING}, InstanceState.STOPPING),
        ({"wanted": Wanted.STOPPED, "seen": Seen.PAUSED}, InstanceState.STOPPING),
        ({"wanted": Wanted.STOPPED, "seen": Seen.OFF}, InstanceState.STOPPED),
        ({"wanted": Wanted.STOPPED, "seen": Seen.CRASHED}, InstanceState.STOPPED),
        ({"wanted": Wanted.TERMINATED, "seen": Seen.RUNNING}, InstanceState.SHUTTING_DOWN),
        ({"wanted": Wanted.TERMINATED, "removed": True}, InstanceState.TERMINATED),
    ],
)
def test_state_follows_from_wanted_and_seen(facts: dict[str, object], state: InstanceState) -> None:
    assert an_instance(**facts).state is state


def test_a_running_instance_stays_running_while_its_host_is_silent() -> None:
    assert an_instance(launched=1, seen=Seen.RUNNING, impaired_since_ms=5).state is InstanceState.RUNNING


@pytest.mark.parametrize(
    ("facts", "held"),
    [
        ({}, Size(cores=1, memory_mib=128, disk_gb=10)),
        ({"wanted": Wanted.STOPPED, "seen": Seen.RUNNING}, Size(cores=1, memory_mib=128, disk_gb=10)),
        ({"wanted": Wanted.STOPPED, "seen": Seen.OFF}, Size(cores=0, memory_mib=0, disk_gb=10)),
        ({"wanted": Wanted.TERMINATED}, Size(cores=1, memory_mib=128, disk_gb=10)),
        ({"wanted": Wanted.TERMINATED, "launched": 1, "seen": Seen.OFF}, Size(cores=0, memory_mib=0, disk_gb=10)),
        ({"wanted": Wanted.TERMINATED, "launched": 1, "seen": Seen.RUNNING}, Size(cores=1, memory_mib=128, disk_gb=10)),
        ({"wanted": Wanted.TERMINATED, "removed": True}, NOTHING),
    ],
)
def test_an_instance_holds_its_place_until_it_has_really_left_it(facts: dict[str, object], held: Size) -> None:
    assert an_instance(**facts).held == held


def test_a_terminated_instance_is_shown_for_an_hour() -> None:
    ended = an_instance(wanted=Wanted.TERMINATED, removed=True, ended_at_ms=1000)
    assert not ended.hidden(1000 + SHOWN_AFTER_END_MS)
    assert ended.hidden(1001 + SHOWN_AFTER_END_MS)
    assert not an_instance(ended_at_ms=0).hidden(10**15)


@pytest.mark.parametrize("instance_id", ["i-0a11beef", "i-0a11beef012345678"])
def test_the_mac_address_is_that_of_1_6_1(instance_id: str) -> None:
    assert mac_of(instance_id) == "d0:0d:0a:11:be:ef"


def test_user_data_is_not_shown() -> None:
    assert "hush" not in repr(an_instance(user_data=b"hush"))
