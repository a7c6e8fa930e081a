"""The copy of the cloud: frames may repeat, changes come out once."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from app.api.events import Beat, Removed
from app.client.stream import Frame
from app.tui.store import EVENTS_KEPT, CloudCopy, Link, LinkState
from tests.tui.views import a_host, an_event, an_instance

NUMBERS = st.integers(1, 4)
CHANGE = st.builds(
    lambda n, state: ("instance", an_instance(n, state=state)), NUMBERS, st.sampled_from(["running", "stopped"])
)
GOING = st.builds(lambda n: ("removed", Removed(kind="instance", id=an_instance(n).id)), NUMBERS)
HOST = st.builds(lambda n: ("host", a_host(f"node0{n}")), NUMBERS)
FRAMES = st.lists(CHANGE | GOING | HOST, max_size=12).map(
    lambda found: [Frame(kind, str(number), data) for number, (kind, data) in enumerate(found)]
)


@given(FRAMES)
def test_the_last_frame_of_a_thing_is_its_truth(frames: list[Frame]) -> None:
    copy = CloudCopy()
    expected: dict[str, Any] = {}
    for frame in frames:
        copy.apply(frame)
        if isinstance(frame.data, Removed):
            expected.pop(frame.data.id, None)
        elif frame.kind == "instance":
            expected[frame.data.id] = frame.data  # type: ignore[attr-defined]
    assert copy.instances == expected
    assert copy.cursor == (frames[-1].cursor if frames else "")


@given(FRAMES, st.data())
def test_frames_that_come_again_change_nothing(frames: list[Frame], data: st.DataObject) -> None:
    """After a loss the tail of the stream is read a second time."""
    copy = CloudCopy()
    for frame in frames:
        copy.apply(frame)
    before = dict(copy.instances), dict(copy.hosts)
    for frame in frames[data.draw(st.integers(0, len(frames))) :]:
        copy.apply(frame)
    assert (copy.instances, copy.hosts) == before


@given(FRAMES)
def test_changes_name_everything_that_differs_and_come_out_once(frames: list[Frame]) -> None:
    copy = CloudCopy()
    copy.load("instance", [an_instance(1)])
    assert copy.take().reset == {"instance"}
    before = dict(copy.instances)
    for frame in frames:
        copy.apply(frame)
    differing = {key for key in before.keys() | copy.instances.keys() if before.get(key) != copy.instances.get(key)}
    assert differing <= copy.take().ids.get("instance", set())
    assert not copy.take()


def test_a_heartbeat_moves_the_cursor_only() -> None:
    copy = CloudCopy()
    copy.apply(Frame("heartbeat", "9", Beat(cursor="9", at_ms=1)))
    assert copy.cursor == "9"
    assert not copy.take()


def test_a_kind_that_the_console_does_not_know_is_passed_over() -> None:
    copy = CloudCopy()
    copy.apply(Frame("removed", "9", Removed(kind="volume", id="vol-1")))
    assert not copy.take()


def test_old_events_make_room() -> None:
    copy = CloudCopy()
    for number in range(EVENTS_KEPT + 5):
        copy.put("event", an_event(number, "x"))
    assert len(copy.events) == EVENTS_KEPT
    assert "0" not in copy.events


def test_the_table_of_a_kind_stays_the_same_object() -> None:
    copy = CloudCopy()
    table = copy.table("host")
    copy.load("host", [a_host()])
    assert copy.table("host") is table


def test_liveness_is_said_with_its_age() -> None:
    copy = CloudCopy()
    copy.set_link(LinkState.LIVE, 100.0)
    assert copy.link.text(100.3) == "● live 0.3s"
    copy.set_link(LinkState.LOST, 101.0, "gone", 8.0)
    copy.set_link(LinkState.LOST, 140.0, "gone", 11.0)
    assert copy.link.text(143.0) == "○ lost 00:43 – retry in 8s"  # since the last sign of life
    assert copy.link.text(151.5) == "○ lost 00:51 – retry under way"
    assert copy.link.heard_s == 100.0


def test_every_liveness_can_be_said_in_ascii() -> None:
    assert all(Link(state=state).text(5.0, ascii_only=True).isascii() for state in LinkState)


def test_a_copy_that_becomes_another_shows_that_and_nothing_else() -> None:
    copy, other = CloudCopy(), CloudCopy()
    instances = copy.table("instance")
    copy.load("instance", [an_instance(1)])
    copy.expect("volume")
    copy.arrive("volume", [])
    copy.set_link(LinkState.LIVE, 1.0)
    copy.take()
    other.load("instance", [an_instance(2)])
    other.load("event", [an_event(7, "so it was")])
    copy.become(other)
    assert list(instances) == [an_instance(2).id]
    assert list(copy.events) == ["7"]
    assert "volume" not in copy.loaded
    assert "instance" in copy.take().reset
    assert copy.link.state is LinkState.LIVE
