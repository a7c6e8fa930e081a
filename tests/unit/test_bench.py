"""The speed table can be made and says of each figure whether its goal holds; nothing is measured here."""

import pytest

from bench.__main__ import PARTS, main
from bench.peers import PEERS
from bench.requests import Endpoint, percentile, texts
from bench.table import Goal, Row, head, summary


@pytest.mark.parametrize(("measured", "verdict"), [(4.0, "ok"), (5.0, "ok"), (5.1, "MISSED"), (None, "missing")])
def test_a_figure_is_judged_by_its_goal(measured: float | None, verdict: str) -> None:
    row = Row(figure="one id", measured=measured, unit="ms", goal=Goal.at_most(5, "ms"), beside="moto absent")
    assert row.verdict == verdict
    assert all(word in row.line() for word in ("one id", "<= 5.00 ms", verdict, "moto absent"))


def test_a_figure_without_a_goal_is_not_judged() -> None:
    assert Row(figure="one id", measured=1.0, unit="ms").verdict == ""


def test_the_summary_names_what_does_not_hold() -> None:
    goal = Goal.at_least(10, "times")
    rows = [Row(figure=f"figure {n}", measured=n, unit="times", goal=goal) for n in (9.0, 11.0)]
    assert summary(rows) == "1 of 2 goals hold\n  not: figure 9.0"


def test_the_head_tells_the_machine_and_how_busy_it_is() -> None:
    assert "load average" in head([f"{peer.name} {peer.version}" for peer in PEERS])


def test_the_peers_are_pinned() -> None:
    assert {peer.name: peer.version for peer in PEERS} == {"moto": "5.2.5", "ministack": "1.5.33"}


def test_a_part_that_is_not_there_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["nonsense"]) == 2
    said = capsys.readouterr().err
    assert all(name in said for name in PARTS)


def test_a_request_is_signed_once_and_whole() -> None:
    request = Endpoint(url="http://127.0.0.1:1").signed("DescribeInstances", InstanceId_1="i-1")
    head_of, _, body = request.partition(b"\r\n\r\n")
    assert head_of.startswith(b"POST / HTTP/1.1\r\n")
    assert b"\r\nHost: 127.0.0.1:1\r\n" in head_of
    assert b"Authorization: AWS4-HMAC-SHA256" in head_of
    assert f"Content-Length: {len(body)}".encode() in head_of
    assert b"InstanceId.1=i-1" in body


def test_answers_are_read_by_tag_and_sorted_by_part() -> None:
    assert texts(b"<a><id>1</id><id>2</id></a>", "id") == ["1", "2"]
    assert percentile([3.0, 1.0, 2.0], 0.5) == 2.0
